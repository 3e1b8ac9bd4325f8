package push

import (
	"strings"
	"testing"
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
