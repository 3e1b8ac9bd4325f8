package netns

import (
	"testing"

	"closup/model"
)

// TestAccessUsers: whoever the fabric names can log in and become root: a user
// that the machine has not, one that it has without a login, and root.
func TestAccessUsers(t *testing.T) {
	needLab(t)
	p := fabric(t, "users", nil, "leaf1", "leaf2", "leaf3")
	for i, user := range []string{"fabric-admin", "daemon", "root"} {
		p.Devices[i].Access = model.Access{User: user}
	}
	l := up(t, p)
	for i, user := range []string{"fabric-admin", "daemon", "root"} {
		session, err := dial(t, l, p.Devices[i].Name).NewSession()
		if err != nil {
			t.Fatal(err)
		}
		if out, err := session.CombinedOutput("id -un; sudo -n id -un"); err != nil || string(out) != user+"\nroot\n" {
			t.Errorf("%s: %q, %v", user, out, err)
		}
		if got := run(t, l, p.Devices[i].Name, "awk -F: '{print $3}' /etc/passwd | sort | uniq -d"); got != "" {
			t.Errorf("%s: numbers twice in /etc/passwd: %q", user, got)
		}
		if got := run(t, l, p.Devices[i].Name, "stat -c %U /usr/sbin"); got != "root\n" {
			t.Errorf("%s: /usr/sbin is %q's", user, got)
		}
	}
}

func TestFreeNumber(t *testing.T) {
	users := accounts{{"root", "x", "0"}, {"a", "x", "1000"}, {"b", "x", "1002"}, {"damaged"}}
	groups := accounts{{"a", "x", "1001"}}
	if got := freeNumber(users, groups); got != 1003 {
		t.Errorf("%d, want 1003", got)
	}
}
