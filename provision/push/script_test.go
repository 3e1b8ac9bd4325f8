package push

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"closup/provision"
	"closup/render"
)

func TestUnitOrder(t *testing.T) {
	var list []*unit
	byName := map[string]*unit{}
	for _, u := range []render.Unit{{Name: "frr", After: []string{"daemons"}}, {Name: "hosts"}, {Name: "daemons", After: []string{"sysctl", "absent"}}, {Name: "sysctl"}} {
		list = append(list, &unit{Unit: u})
		byName[u.Name] = list[len(list)-1]
	}
	var names []string
	for _, u := range ordered(list, byName) {
		names = append(names, u.Name)
	}
	if got := strings.Join(names, " "); got != "sysctl daemons frr hosts" {
		t.Errorf("order %s", got)
	}
}

func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	s := &script{}
	s.line("T=%s", dir)
	s.WriteString(library)
	body := []byte("a\x00b\n'$x'\nEND_OF_FILE\nno end")
	s.unpack("/new/it's here", body)
	damaged := strings.Replace(s.String(), sumOf(body), sumOf([]byte("else")), 1)
	for _, tt := range []struct {
		name, script string
		good         bool
	}{{"whole", s.String(), true}, {"damaged", damaged, false}} {
		cmd := exec.Command("sh", "-s")
		cmd.Stdin = strings.NewReader(tt.script)
		out, err := cmd.CombinedOutput()
		if (err == nil) != tt.good {
			t.Errorf("%s: %v %s", tt.name, err, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "new/it's here")); err != nil || string(got) != string(body) {
		t.Errorf("%q arrived (%v)", got, err)
	}
}

func TestBlocks(t *testing.T) {
	p := &push{mark: "MARK"}
	for _, row := range []struct {
		text string
		want []block // nil: it cannot be understood
	}{
		{"", []block{}},
		{"\n", []block{}},
		{"\nMARK state done\n", []block{{"state", "done", nil}}},
		{"\nMARK state done\n\nMARK log\na\x00b\n", []block{{"state", "done", nil}, {"log", "", []byte("a\x00b\n")}}},
		{"\nMARK show\n\nMARKED\n0\n\nMARK left 5 s\n", []block{{"show", "", []byte("\nMARKED\n0\n")}, {"left", "5 s", nil}}},
		{"\nMARK state do", nil}, // it stops in the middle
		{"cannot do that\n\nMARK state done\n", nil},
	} {
		got, err := p.blocks([]byte(row.text))
		if (row.want == nil) != (err != nil) || err != nil && !errors.Is(err, provision.ErrOutput) {
			t.Errorf("%q: %v", row.text, err)
		}
		if d := cmp.Diff(row.want, got, cmp.AllowUnexported(block{}), cmpopts.EquateEmpty()); d != "" && err == nil {
			t.Errorf("%q: %s", row.text, d)
		}
	}
}

// TestStates: what a device sends of its files is read, or is an error.
func TestStates(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "/etc/frr/frr.conf", Mode: 0o640, Uname: "frr", Gname: "frr", Size: 3},
		{Name: "/etc/hosts/", Mode: 0o755, Uname: "root", Gname: "root", Typeflag: tar.TypeDir},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			_, _ = w.Write([]byte("a\x00b"))
		}
	}
	whole := bytes.Clone(b.Bytes())
	got, err := states(whole)
	if f := got["/etc/frr/frr.conf"]; err != nil || !f.exists || f.odd || f.mode != "640" || f.owner != "frr:frr" || string(f.body) != "a\x00b" {
		t.Errorf("%+v, %v", f, err)
	}
	if f := got["/etc/hosts"]; !f.odd {
		t.Errorf("a directory is %+v", f)
	}
	for _, cut := range []int{100, 513, 514} {
		if _, err := states(whole[:cut]); !errors.Is(err, provision.ErrOutput) {
			t.Errorf("cut to %d bytes: %v", cut, err)
		}
	}
}

// FuzzAnswer: whatever a device answers, it is read or refused.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("\nMARK state done\n\nMARK files\n"), []byte("x"))
	f.Add([]byte("\nMARK show\ntext\n0\n"), make([]byte, 1024))
	f.Fuzz(func(t *testing.T, answer, files []byte) {
		for _, err := range []error{second((&push{mark: "MARK"}).blocks(answer)), second(states(files))} {
			if err != nil && !errors.Is(err, provision.ErrOutput) {
				t.Error(err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
