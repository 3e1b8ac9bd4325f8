package model_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"closup/assets"
	"closup/model"

	"pgregory.net/rapid"
)

const edited = `# a fabric
version: 1   # of the file

asn: {spines: 65501+, leafs: "65101+"}  # two rows

loopbacks:
  spines: 10.1.2.0/24   # up
  # between
  leafs: 10.1.1.0/24
bfd: false

spines:
  # the first
  - {name: spine1, mgmt: 192.168.200.3}   # top
  - name: spine2  # block
    mgmt: 192.168.200.4

    rack: r1
leafs: [{name: "leaf[1-2]"}]
nodes: []
links:   # cables
  - spine1:swp1 leaf1:swp1
  # the second
  - spine1:swp2 leaf2:swp1 # far
ports: {
  spines: {uplinks: [swp1, swp2]},  # s
  leafs: {uplinks: swp3}  # l
}
`

func TestEdit(t *testing.T) {
	set := func(path, v string) func(*model.Document) error {
		return func(d *model.Document) error { return d.Set(path, v) }
	}
	del := func(path string) func(*model.Document) error {
		return func(d *model.Document) error { return d.Delete(path) }
	}
	ins := func(path string, i int, v string) func(*model.Document) error {
		return func(d *model.Document) error { return d.Insert(path, i, v) }
	}
	// Each edit takes out some text once and puts other text in its place.
	for _, c := range []struct {
		name     string
		edit     func(*model.Document) error
		old, new string
	}{
		{"scalar", set("version", "2"), "version: 1 ", "version: 2 "},
		{"flow scalar", set("asn.spines", "1.10"), "{spines: 65501+,", "{spines: 1.10,"},
		{"quotes where needed", set("asn.spines", "a, b"), "{spines: 65501+,", `{spines: "a, b",`},
		{"new flow key", set("asn.nodes", "65801+"), `"65101+"}`, `"65101+", nodes: 65801+}`},
		{"new top key in its place", set("timers.hold", "9"), "bfd: false\n", "timers: {hold: 9}\nbfd: false\n"},
		{"new block key", set("loopbacks.nodes", "10.1.3.0/24"), "leafs: 10.1.1.0/24\n", "leafs: 10.1.1.0/24\n  nodes: 10.1.3.0/24\n"},
		{"new key of a device", set("spines[0].rack", "r2"), "192.168.200.3}", "192.168.200.3, rack: r2}"},
		{"new key of a block device", set("spines[1].serial", "X1"), "rack: r1\n", "rack: r1\n    serial: X1\n"},
		{"device in a line", set("spines[0]", "name: s\nmgmt: h"), "{name: spine1, mgmt: 192.168.200.3}", "{name: s, mgmt: h}"},
		{"block by a line", set("spines[1]", "{name: s}"), "- name: spine2  # block\n    mgmt: 192.168.200.4\n\n    rack: r1\n", "- {name: s}\n"},
		{
			"block by a block", set("links", "- a:b c:d\n- e:f g:h"),
			"  - spine1:swp1 leaf1:swp1\n  # the second\n  - spine1:swp2 leaf2:swp1 # far\n", "  - a:b c:d\n  - e:f g:h\n",
		},
		{
			"block by nothing", set("links", "[]"),
			"links:   # cables\n  - spine1:swp1 leaf1:swp1\n  # the second\n  - spine1:swp2 leaf2:swp1 # far\n", "links: []   # cables\n",
		},
		{"scalar by a block", set("bfd", "- a\n- b"), "bfd: false\n", "bfd:\n  - a\n  - b\n"},
		{"delete scalar", del("bfd"), "bfd: false\n", ""},
		{"delete first flow key", del("asn.spines"), "spines: 65501+, ", ""},
		{"delete last flow key", del("asn.leafs"), `, leafs: "65101+"`, ""},
		{"delete block key", del("loopbacks.spines"), "  spines: 10.1.2.0/24   # up\n", ""},
		{"delete key behind a dash", del("spines[1].name"), "name: spine2  # block\n    ", ""},
		{"delete device", del("spines[0]"), "  - {name: spine1, mgmt: 192.168.200.3}   # top\n", ""},
		{"delete block device", del("spines[1]"), "  - name: spine2  # block\n    mgmt: 192.168.200.4\n\n    rack: r1\n", ""},
		{"delete cable", del("links[1]"), "  - spine1:swp2 leaf2:swp1 # far\n", ""},
		{"delete only item", del("leafs[0]"), `{name: "leaf[1-2]"}`, ""},
		{"delete line of a flow", del("ports.leafs"), "  leafs: {uplinks: swp3}  # l\n", ""},
		{"insert first", ins("links", 0, "a:b c:d"), "  - spine1:swp1 leaf1", "  - a:b c:d\n  - spine1:swp1 leaf1"},
		{"insert last", ins("links", 2, "a:b c:d"), "# far\n", "# far\n  - a:b c:d\n"},
		{"insert between", ins("links", 1, "a:b c:d"), "leaf1:swp1\n", "leaf1:swp1\n  - a:b c:d\n"},
		{"insert into a line", ins("leafs", 1, "{name: x}"), `{name: "leaf[1-2]"}]`, `{name: "leaf[1-2]"}, {name: x}]`},
		{"insert into nothing", ins("nodes", 0, "{name: n1}"), "nodes: []\n", "nodes:\n  - {name: n1}\n"},
		{"insert into what is not there", ins("borders", 0, "{name: b1}"), "nodes: []\n", "borders:\n  - {name: b1}\nnodes: []\n"},
		{"insert block beside block", ins("spines", 2, "name: s\nrack: r"), "rack: r1\n", "rack: r1\n  - name: s\n    rack: r\n"},
		{"insert block beside line", ins("spines", 1, "name: s\nrack: r"), "# top\n", "# top\n  - {name: s, rack: r}\n"},
		{"insert line of a flow", set("ports.nodes", "{}"), "{uplinks: swp3}  # l\n", "{uplinks: swp3},  # l\n  nodes: {}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(edited, c.old) != 1 {
				t.Fatalf("%q stands %d times", c.old, strings.Count(edited, c.old))
			}
			for _, newline := range []string{"\n", "\r\n"} {
				convert := func(s string) string { return strings.ReplaceAll(s, "\n", newline) }
				d := model.ParseDocument("f", []byte(convert(edited)))
				if err := c.edit(d); err != nil {
					t.Fatal(err)
				}
				want := convert(strings.Replace(edited, c.old, c.new, 1))
				if got := string(d.Bytes()); got != want {
					t.Errorf("got:\n%s\nwant:\n%s", got, want)
				}
			}
		})
	}
}

func TestEditRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*model.Document) error
	}{
		{"no such item", func(d *model.Document) error { return d.Set("leafs[7].name", "x") }},
		{"no such key", func(d *model.Document) error { return d.Delete("spines[0].serial") }},
		{"no path", func(d *model.Document) error { return d.Set("", "x") }},
		{"broken path", func(d *model.Document) error { return d.Set("leafs[", "x") }},
		{"key of a scalar", func(d *model.Document) error { return d.Set("version.a", "x") }},
		{"not a list", func(d *model.Document) error { return d.Insert("asn", 0, "x") }},
		{"behind the end", func(d *model.Document) error { return d.Insert("links", 3, "x") }},
		{"broken value", func(d *model.Document) error { return d.Set("name", "[") }},
		{"no value", func(d *model.Document) error { return d.Set("name", "# nothing") }},
		{"anchor", func(d *model.Document) error { return d.Set("name", "&a x") }},
		{"two documents", func(d *model.Document) error { return d.Set("name", "a\n---\nb") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := model.ParseDocument("f", []byte(edited))
			if err := c.edit(d); err == nil {
				t.Error("the edit was taken")
			}
			if string(d.Bytes()) != edited {
				t.Error("the text has changed")
			}
		})
	}
}

func TestEditFromNothing(t *testing.T) {
	for _, before := range []string{"", "# only a comment\n", "# no line end", "\n\n"} {
		d := model.ParseDocument("f", []byte(before))
		for _, err := range []error{
			d.Set("name", "x"), d.Set("asn.leafs", "65101+"), d.Insert("leafs", 0, "{name: leaf1}"), d.Delete("name"),
			d.Delete("asn"), d.Delete("leafs"), d.Set("name", "y"),
		} {
			if err != nil {
				t.Fatalf("%q: %v", before, err)
			}
		}
		want := before
		if before == "# no line end" {
			want += "\n"
		}
		if got := string(d.Bytes()); got != want+"name: y\n" {
			t.Errorf("%q became %q", before, got)
		}
	}
}

// documents are the texts that the properties below are tried on.
func documents(t testing.TB) [][]byte {
	all := [][]byte{[]byte(edited), []byte(strings.ReplaceAll(edited, "\n", "\r\n"))}
	for _, name := range assets.Presets() {
		text, err := assets.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

var plainText = rapid.OneOf(
	rapid.StringMatching(`[a-z0-9:.+ ,#\[\]{}'"-]{1,12}`), rapid.String(), rapid.SampledFrom([]string{"65501+", "10.1.1.0/24", "null", "true", "-", "1.10", "é", "fd00::/64"}),
)

// TestSetReadsBack: what was set is what is read, nothing else has changed, and
// setting the old text gives the old bytes.
func TestSetReadsBack(t *testing.T) {
	docs := documents(t)
	rapid.Check(t, func(t *rapid.T) {
		before := docs[rapid.IntRange(0, len(docs)-1).Draw(t, "document")]
		d := model.ParseDocument("f", before)
		path := rapid.SampledFrom(d.Paths()).Draw(t, "path")
		old, _ := d.Source(path)
		value := model.Quote(plainText.Draw(t, "value"))
		if err := d.Set(path, value); err != nil {
			t.Fatalf("set %s: %v", path, err)
		}
		got, ok := d.Source(path)
		if !ok || got != value {
			t.Fatalf("%s is %q, not %q", path, got, value)
		}
		if strings.Contains(old, "\n") || strings.HasPrefix(old, "- ") { // a block, whose place a line took
			return
		}
		if kept := common(before, d.Bytes()); kept < len(before)-len(old) {
			t.Fatalf("%d bytes of %d are as they were, less than all but %q:\n%s", kept, len(before), old, d.Bytes())
		}
		if err := d.Set(path, old); err != nil {
			t.Fatalf("set %s back to %q: %v", path, old, err)
		}
		if !bytes.Equal(d.Bytes(), before) {
			t.Fatalf("set back, it is:\n%s\nnot:\n%s", d.Bytes(), before)
		}
	})
}

// common is how many bytes two texts share at their beginning and their end.
func common(a, b []byte) int {
	n := min(len(a), len(b))
	head := 0
	for head < n && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < n-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	return head + tail
}

// TestInsertDelete: what is put into a list and taken out again leaves the
// bytes as they were, and meanwhile every old line is still there.
func TestInsertDelete(t *testing.T) {
	docs := documents(t)
	rapid.Check(t, func(t *rapid.T) {
		before := docs[rapid.IntRange(0, len(docs)-1).Draw(t, "document")]
		d := model.ParseDocument("f", before)
		list := rapid.SampledFrom([]string{"spines", "leafs", "nodes", "links"}).Draw(t, "list")
		n := 0
		for _, p := range d.Paths() {
			if p == fmt.Sprintf("%s[%d]", list, n) {
				n++
			}
		}
		if n == 0 {
			t.Skip("an empty list becomes a block")
		}
		i := rapid.IntRange(0, n).Draw(t, "place")
		value := rapid.SampledFrom([]string{"{name: x}", "a:b c:d", "name: x\nmgmt: y", "{a: {b: [c]}}"}).Draw(t, "value")
		if err := d.Insert(list, i, value); err != nil {
			t.Fatalf("insert: %v", err)
		}
		rest := string(d.Bytes())
		for _, line := range strings.SplitAfter(string(before), "\n") {
			at := strings.Index(rest, line)
			if at < 0 && !strings.Contains(line, "leafs: [") {
				t.Fatalf("the line %q is gone from:\n%s", line, d.Bytes())
			}
			rest = rest[max(at, 0):]
		}
		if err := d.Delete(fmt.Sprintf("%s[%d]", list, i)); err != nil {
			t.Fatalf("delete: %v", err)
		}
		if !bytes.Equal(d.Bytes(), before) {
			t.Fatalf("inserted and deleted, it is:\n%s\nnot:\n%s", d.Bytes(), before)
		}
	})
}

// TestDelete: only what was deleted is gone.
func TestDelete(t *testing.T) {
	docs := documents(t)
	rapid.Check(t, func(t *rapid.T) {
		before := docs[rapid.IntRange(0, len(docs)-1).Draw(t, "document")]
		d := model.ParseDocument("f", before)
		for range rapid.IntRange(1, 6).Draw(t, "deletions") {
			paths := d.Paths()
			if len(paths) == 0 {
				break
			}
			path := rapid.SampledFrom(paths).Draw(t, "path")
			if err := d.Delete(path); err != nil {
				t.Fatalf("delete %s of:\n%s\n%v", path, d.Bytes(), err)
			}
			if len(d.Paths()) >= len(paths) && !strings.HasSuffix(path, "]") {
				t.Fatalf("delete %s: %d paths became %d", path, len(paths), len(d.Paths()))
			}
		}
		for _, line := range strings.Split(string(before), "\n") {
			own := strings.TrimSpace(line)
			if strings.HasPrefix(own, "#") && !strings.Contains(string(d.Bytes()), own) && !strings.Contains(own, "between") && !strings.Contains(own, "the ") {
				t.Fatalf("the comment %q is gone from:\n%s", own, d.Bytes())
			}
		}
	})
}
