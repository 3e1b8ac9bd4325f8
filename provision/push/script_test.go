package push

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
	for text, whole := range map[string]bool{
		"":                           true,
		"state done\n.\n":            true,
		"state done\nQUJD\n.\n":      true,
		"file 640 frr:frr":           false, // it stops in the middle
		"file 640\nQUJ\n.\n":         false, // damaged
		"file 640\n<script>\n.\n":    false,
		"state done\n.\nlog\nQUJD\n": false,
	} {
		_, err := blocks([]byte(text))
		if whole != (err == nil) || err != nil && !errors.Is(err, provision.ErrOutput) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
