package render_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"closup/render"
)

// merge gives the Merge of one file of leaf1 or k8s1 of the article.
func merge(t testing.TB, dev, path string) func(string) string {
	t.Helper()
	for _, a := range device(t, "article", dev) {
		if a.Path == path {
			return func(current string) string {
				out, err := a.Merge([]byte(current))
				if err != nil {
					t.Fatal(err)
				}
				return string(out)
			}
		}
	}
	t.Fatalf("%s has no %s", dev, path)
	return nil
}

const leaf1Block = `# closup: loopback
auto lo
iface lo inet loopback
    address 10.1.1.1/32
# closup: to k8s1 eth1
auto swp1
iface swp1
    mtu 9000
# closup: to spine1 swp1
auto swp32
iface swp32
    mtu 9216
`

func TestMergeInterfaces(t *testing.T) {
	m := merge(t, "leaf1", "/etc/network/interfaces")
	for _, c := range []struct{ name, current, want string }{
		{"empty", "", leaf1Block},
		{"the factory's", `# This file describes the network interfaces
source /etc/network/interfaces.d/*.intf

# The loopback network interface
auto lo
iface lo inet loopback

# The primary network interface
auto eth0
iface eth0 inet dhcp
    vrf mgmt
`, `# This file describes the network interfaces
source /etc/network/interfaces.d/*.intf

# The loopback network interface
` + leaf1Block + `
# The primary network interface
auto eth0
iface eth0 inet dhcp
    vrf mgmt
`},
		{
			"one auto for several", "auto eth0 lo\tswp1\nallow-hotplug swp32\niface eth0 inet dhcp\niface lo inet loopback\n",
			"auto eth0\n" + leaf1Block + "iface eth0 inet dhcp\n",
		},
		{
			"continued lines", "auto lo \\\n  eth0 \\\n  swp1\niface eth0 inet static\n  address \\\n  192.0.2.1/24\n",
			"auto \\\n  eth0 \\\n\niface eth0 inet static\n  address \\\n  192.0.2.1/24\n" + leaf1Block,
		},
		{
			"both families, aliases and a mapping", `iface swp1 inet static
	address 192.0.2.1/24
iface swp1 inet6 auto
	# why
	accept_ra 2
iface swp1:0 inet static
	address 192.0.2.9/24
mapping swp*
	script /bin/map
	map x
iface swp10
iface swp1.5
`, leaf1Block + `	# why
iface swp1:0 inet static
	address 192.0.2.9/24
mapping swp*
	script /bin/map
	map x
iface swp10
iface swp1.5
`,
		},
		{
			"templates", "% for i in range(1, 3):\nauto br${i}\niface br${i}\n% endfor\nauto lo\niface lo inet loopback\n",
			"% for i in range(1, 3):\nauto br${i}\niface br${i}\n% endfor\n" + leaf1Block,
		},
		{"no end of line", "auto eth0\niface eth0 inet dhcp", "auto eth0\niface eth0 inet dhcp\n" + leaf1Block},
		{
			"ends in the middle of a line", "iface eth0 inet dhcp\n  up echo \\\n",
			"iface eth0 inet dhcp\n  up echo \\\n\n" + leaf1Block,
		},
		{
			"a port that was planned once", "# closup: to old swp9\nauto swp9\niface swp9\n    mtu 9000\n\nauto swp8\niface swp8\n",
			leaf1Block + "\nauto swp8\niface swp8\n",
		},
		{
			"never the managed port", "# closup: to nowhere\nauto eth0\niface eth0 inet dhcp\n",
			leaf1Block + "auto eth0\niface eth0 inet dhcp\n",
		},
		{"Windows line ends", "auto lo\r\niface lo inet loopback\r\n\r\nauto eth0\r\n", leaf1Block + "\r\nauto eth0\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := m(c.current)
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
			if again := m(got); again != got {
				t.Errorf("not the same again:\n%s", again)
			}
		})
	}
}

// TestMergeInterfacesIllegal: an option that belongs to nobody is an error with
// its line, rather than becoming ours or our neighbor's.
func TestMergeInterfacesIllegal(t *testing.T) {
	for _, a := range device(t, "article", "leaf1") {
		if a.Path != "/etc/network/interfaces" {
			continue
		}
		_, err := a.Merge([]byte("auto lo\n# \\\niface lo\n    address 192.0.2.1/24\n"))
		if err == nil || !strings.Contains(err.Error(), "line 4 ") || !strings.Contains(err.Error(), "address 192.0.2.1/24") {
			t.Errorf("got %v", err)
		}
	}
}

// interfacesFile draws a file of stanzas, ours and others, in odd but legal
// spellings.
func interfacesFile(t *rapid.T) string {
	indent := rapid.SampledFrom([]string{"    ", "\t", "  ", " \t "})
	end := rapid.SampledFrom([]string{"\n", "\n", "\n", " \n", "\r\n", "\n\n", "\n\n\n"})
	name := rapid.SampledFrom([]string{"lo", "swp1", "swp32", "eth0", "eth1", "swp2", "swp10", "br0", "swp1.100", "swp1:0", "swp[3-9]", "vlan$x"})
	pieces := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		switch rapid.IntRange(0, 7).Draw(t, "kind") {
		case 0:
			b.WriteString("# " + rapid.StringMatching(`[ -~]{0,20}`).Draw(t, "comment"))
		case 1:
			b.WriteString(rapid.SampledFrom([]string{"source /etc/network/interfaces.d/*", "source-directory interfaces.d", "no-auto-down eth0", "mapping eth0\n  script /x"}).Draw(t, "keyword"))
		case 2, 3:
			b.WriteString(rapid.SampledFrom([]string{"auto", "allow-hotplug", "allow-mgmt", "auto "}).Draw(t, "auto"))
			for _, n := range rapid.SliceOfN(name, 1, 4).Draw(t, "names") {
				b.WriteString(rapid.SampledFrom([]string{" ", "  ", "\t", " \\\n  "}).Draw(t, "gap") + n)
			}
		case 4:
			b.WriteString(rapid.SampledFrom([]string{"% if x:", "% endif", "", "   ", "\\"}).Draw(t, "odd"))
		default:
			b.WriteString("iface " + name.Draw(t, "name") + rapid.SampledFrom([]string{"", " inet static", " inet6 auto", " inet dhcp", "\tinet manual"}).Draw(t, "family") + "\n")
			for range rapid.IntRange(0, 3).Draw(t, "options") {
				b.WriteString(indent.Draw(t, "indent") + rapid.SampledFrom([]string{"address 192.0.2.1/24", "mtu 1500", "# why", "up echo \\\n  twice", "", "post-up true"}).Draw(t, "option") + "\n")
			}
			return b.String()
		}
		return b.String() + end.Draw(t, "end")
	}), 0, 12).Draw(t, "pieces")
	text := strings.Join(pieces, "")
	if rapid.Bool().Draw(t, "cut") {
		text = strings.TrimRight(text, "\n")
	}
	return text
}

// foreign are the lines of a file that no rule gives to closup: a second,
// simpler reading of it. Continued lines count as one. An option outside of
// any stanza makes it illegal.
func foreign(text string) (out []string, legal bool) {
	ours := []string{"lo", "swp1", "swp32"}
	mine, open := false, false
	joined := strings.Split(text, "\n")
	for i := 0; i < len(joined); i++ {
		line := joined[i]
		for strings.HasSuffix(strings.TrimRight(joined[i], " \t\r"), "\\") && i+1 < len(joined) {
			i++
			line += "\n" + joined[i]
		}
		words := strings.Fields(strings.ReplaceAll(line, "\\", " "))
		if len(words) == 0 {
			continue
		}
		switch {
		case words[0][0] == '#' || words[0][0] == '%':
			out = append(out, line)
		case words[0] == "auto" || strings.HasPrefix(words[0], "allow-"):
			mine, open = false, false
			kept := slices.DeleteFunc(slices.Clone(words[1:]), func(n string) bool { return slices.Contains(ours, n) })
			if len(kept) == len(words)-1 {
				out = append(out, line)
			} else if len(kept) > 0 {
				out = append(out, words[0]+" "+strings.Join(kept, " "))
			}
		case words[0] == "iface":
			open = true
			mine = slices.Contains(ours, words[1])
			if !mine {
				out = append(out, line)
			}
		case slices.Contains([]string{"source", "source-directory", "no-auto-down", "mapping"}, words[0]):
			mine, open = false, words[0] == "mapping"
			out = append(out, line)
		case !open:
			return nil, false
		case !mine:
			out = append(out, line)
		}
	}
	return out, true
}

// TestMergeInterfacesProperties: whatever stands in the file, merging twice is
// merging once, our block stands in it once and in one piece, and every line
// that is not ours is still there, in the old order.
func TestMergeInterfacesProperties(t *testing.T) {
	var a render.Artifact
	for _, has := range device(t, "article", "leaf1") {
		if has.Path == "/etc/network/interfaces" {
			a = has
		}
	}
	m := merge(t, "leaf1", "/etc/network/interfaces")
	rapid.Check(t, func(t *rapid.T) {
		current := interfacesFile(t)
		want, legal := foreign(current)
		_, err := a.Merge([]byte(current))
		if legal != (err == nil) {
			t.Fatalf("legal: %v, but Merge says %v", legal, err)
		}
		if !legal {
			return
		}
		got := m(current)
		if again := m(got); again != got {
			t.Fatalf("merged twice:\n%s\nonce:\n%s", again, got)
		}
		if n := strings.Count(got, leaf1Block); n != 1 {
			t.Fatalf("our block stands there %d times:\n%s", n, got)
		}
		rest := strings.Replace(got, leaf1Block, "", 1)
		have, _ := foreign(rest)
		normal := func(lines []string) []string {
			for i := range lines {
				words := strings.Fields(strings.ReplaceAll(lines[i], "\\", " "))
				if len(words) > 0 && (words[0] == "auto" || strings.HasPrefix(words[0], "allow-")) {
					lines[i] = strings.Join(words, " ")
				}
				lines[i] = strings.TrimRight(lines[i], "\n")
			}
			return lines
		}
		if !slices.Equal(normal(want), normal(have)) {
			t.Fatalf("not ours, before:\n%q\nafter:\n%q", want, have)
		}
	})
}

func TestMergeHosts(t *testing.T) {
	m := merge(t, "k8s1", "/etc/hosts")
	const block = "# closup: begin\n10.1.3.1 k8s1\n10.1.3.2 k8s2\n10.1.3.3 k8s3\n# closup: end\n"
	for _, c := range []struct{ name, current, want string }{
		{"empty", "", block},
		{"nobody names it", "127.0.0.1 localhost\n::1 ip6-localhost", "127.0.0.1 localhost\n::1 ip6-localhost\n" + block},
		{"Debian names it", "127.0.0.1 localhost\n127.0.1.1\tk8s1.example K8S1\n# end\n", "127.0.0.1 localhost\n" + block + "127.0.1.1\tk8s1.example K8S1\n# end\n"},
		{"only a comment names it", "127.0.0.1 localhost # not k8s1\n", "127.0.0.1 localhost # not k8s1\n" + block},
		{"kept in place", "127.0.0.1 localhost\n# closup: begin\n10.9.9.9 old\n# closup: end\n192.0.2.1 ntp\n", "127.0.0.1 localhost\n" + block + "192.0.2.1 ntp\n"},
		{"moved up where it came too late", "127.0.1.1 k8s1\n" + block + "192.0.2.1 ntp\n", block + "127.0.1.1 k8s1\n192.0.2.1 ntp\n"},
		{"twice", block + "192.0.2.1 ntp\n" + block, block + "192.0.2.1 ntp\n"},
		{"its end is lost", "# closup: begin\n192.0.2.1 ntp\n", block + "192.0.2.1 ntp\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := m(c.current)
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
			if again := m(got); again != got {
				t.Errorf("not the same again:\n%s", again)
			}
		})
	}
}

// TestMergeHostsProperties: idempotent, other lines byte for byte, and the
// first line that names the node is ours.
func TestMergeHostsProperties(t *testing.T) {
	m := merge(t, "k8s1", "/etc/hosts")
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{"127.0.0.1 localhost", "127.0.1.1 k8s1", "192.0.2.1 a k8s1 b", "# closup: begin", "# closup: end", "", "  ", "# k8s1", "10.1.3.1 k8s1"}),
			rapid.StringMatching(`[ -~]{0,20}`)), 0, 12).Draw(t, "lines")
		current := strings.Join(lines, "\n")
		got := m(current)
		if again := m(got); again != got {
			t.Fatalf("merged twice:\n%s\nonce:\n%s", again, got)
		}
		for _, line := range strings.Split(got, "\n") {
			text, _, _ := strings.Cut(line, "#")
			if words := strings.Fields(text); len(words) > 1 && slices.Contains(words[1:], "k8s1") {
				if line != "10.1.3.1 k8s1" {
					t.Fatalf("k8s1 is first named by %q:\n%s", line, got)
				}
				break
			}
		}
	})
}

func TestMergeDaemons(t *testing.T) {
	m := merge(t, "leaf1", "/etc/frr/daemons")
	const cumulus = "zebra=yes\nbgpd=no\nbfdd=no\nospfd=yes\n\nvtysh_enable=yes\nzebra_options=\"  -M cumulus_mlag -A 127.0.0.1\"\n"
	got := m(cumulus)
	if want := strings.Replace(cumulus, "bgpd=no", "bgpd=yes", 1); got != want {
		t.Errorf("got:\n%s", got)
	}
	if again := m(got); again != got {
		t.Errorf("not the same again:\n%s", again)
	}
	if got := m("bgpd=\"yes\"\n# bgpd=no"); got != "bgpd=\"yes\"\n# bgpd=no\nvtysh_enable=yes\n" {
		t.Errorf("got %q", got)
	}
	if got := m(""); !strings.Contains(got, "bgpd=yes\nbfdd=no\n") || !strings.Contains(got, "zebra_options=") {
		t.Errorf("from nothing: %q", got)
	}
}

func TestDiff(t *testing.T) {
	a, b := []byte("1\n2\n3\n4\n5\n6\n7\n8\n9\n"), []byte("1\n2\n3\n4\nfive\n6\n7\n8\n9\n")
	if got := render.Diff("a", "b", a, a, 3); got != "" {
		t.Errorf("equal: %q", got)
	}
	if got := render.Diff("a", "b", a, b, 0); got != "--- a\n+++ b\n@@ -5 +5 @@\n-5\n+five\n" {
		t.Errorf("no context: %q", got)
	}
	if got := render.Diff("a", "b", a, b, 3); !strings.HasPrefix(got, "--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n") || strings.Contains(got, " 1\n") || !strings.HasSuffix(got, " 8\n") {
		t.Errorf("three lines: %q", got)
	}
	if got := render.Diff("a", "b", a, b, render.WholeFile); !strings.Contains(got, " 1\n") || !strings.HasSuffix(got, " 9\n") {
		t.Errorf("all: %q", got)
	}
	if got := render.Diff("a", "b", nil, []byte("x\n"), 3); got != "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n" {
		t.Errorf("from nothing: %q", got)
	}
}
