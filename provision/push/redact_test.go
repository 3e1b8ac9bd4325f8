package push

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"closup/render"
)

// Diffs show that a secret changed, and not what it is or was; what was
// compared is left alone.
func TestDiffHidesSecrets(t *testing.T) {
	was := []byte(`password zebra1
enable password 8 zebra2
router bgp 65101
 neighbor 203.0.113.0 password hunter2
 neighbor swp1 interface peer-group fabric
 neighbor fabric password same word
interface swp3
 ip ospf message-digest-key 1 md5 ospfkey
 ip ospf authentication-key ospfplain
key chain x
  key-string chainkey
iface wlan0
    wpa-psk airwaves
! the password of this file is nobody's
`)
	want := []byte(strings.ReplaceAll(string(was), "hunter2", "hunter3"))
	before := string(was)
	diff := Change{From: "a", To: "b", Was: was, Want: want}.Diff(-1)
	for _, secret := range []string{"zebra", "hunter", "same word", "ospfkey", "ospfplain", "chainkey", "airwaves"} {
		if strings.Contains(diff, secret) {
			t.Errorf("%q is in the diff:\n%s", secret, diff)
		}
	}
	if n := strings.Count(diff, "neighbor 203.0.113.0 password [redacted"); n != 2 || !strings.Contains(diff, "peer-group fabric") || !strings.Contains(diff, "is nobody's") {
		t.Errorf("the diff does not tell that it changed:\n%s", diff)
	}
	if string(was) != before {
		t.Error("what was compared was changed")
	}
	if same := (Change{From: "a", To: "b", Was: was, Want: was}).Diff(3); same != "" {
		t.Errorf("the same twice differs:\n%s", same)
	}
	if got := Redacted("line 7: % Unknown command: neighbor swp9 password hunter2"); strings.Contains(got, "hunter2") || !strings.Contains(got, "neighbor swp9 password") {
		t.Errorf("%q", got)
	}
}

// What a push leaves on a device is its owner's alone: directories 0700, files
// 0600, also those that are kept for a rollback.
func TestOnTheDeviceItIsPrivate(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	if r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]; r.Result != Changed {
		t.Fatalf("%+v", r)
	}
	n := 0
	must(t, filepath.WalkDir(b.path("closup"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		open := fs.FileMode(0o077)
		if strings.Contains(path, "/old/") && !d.IsDir() {
			open = 0o007 // it goes back with the mode that it had
		}
		if err == nil && info.Mode().Perm()&open != 0 {
			t.Errorf("%s has mode %v", strings.TrimPrefix(path, b.dir), info.Mode())
		}
		n++
		return err
	}))
	if n < 5 {
		t.Errorf("only %d files were looked at", n)
	}
}
