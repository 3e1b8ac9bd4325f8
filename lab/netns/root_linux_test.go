package netns

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAssignRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	comma := filepath.Join(t.TempDir(), "a,b")
	if err := os.Mkdir(comma, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		root Root
		want string
	}{
		{Root{"leaf[", "/"}, "no pattern of names"},
		{Root{"leaf1", filepath.Join(comma, "nothing")}, "no such file"},
		{Root{"leaf1", file}, "is not a directory"},
		{Root{"leaf1", comma}, "mount options"},
		{Root{"leaf1", t.TempDir()}, "apt-get install frr frr-pythontools ifupdown2"},
		{Root{"spine*", "/"}, "no device is called so"},
	} {
		s, err := layout(pair(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.assign([]Root{row.root}); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%v: %v, want %q", row.root, err, row.want)
		}
	}
}

// TestOtherRoot: a device of an older or a newer Debian leaves the factory as
// all do, keeps its disk over a reboot, and changes nothing in the root.
func TestOtherRoot(t *testing.T) {
	needLab(t)
	const frr = "/usr/lib/frr/bgpd --version | head -n 1 | cut -d' ' -f3"
	p := fabric(t, "roots", []string{"leaf1:swp1 leaf2:swp1"}, "leaf1", "leaf2", "leaf3")
	old, fresh := otherRoot(t, "bullseye"), otherRoot(t, "trixie")
	before := [2]string{factoryFiles(t, old), factoryFiles(t, fresh)}
	l := up(t, p, Root{"leaf*", old}, Root{"leaf2", fresh}, Root{"leaf3", "/"})
	for device, want := range map[string]string{"leaf1": "7.5.1", "leaf2": "10.3"} {
		if got := strings.TrimSpace(run(t, l, device, frr)); got != want {
			t.Errorf("%s runs FRR %q, want %s", device, got, want)
		}
		const owners = `stat -c '%U %n' /etc/frr /etc/frr/daemons /run/frr /var/log/frr; hostname; id -un cumulus; su cumulus -c 'sudo -n id -u'`
		if got := run(t, l, device, owners); got != "frr /etc/frr\nfrr /etc/frr/daemons\nfrr /run/frr\nfrr /var/log/frr\ncumulus\ncumulus\n0\n" {
			t.Errorf("%s: %s", device, got)
		}
		run(t, l, device, "sed -i s/bgpd=no/bgpd=yes/ /etc/frr/daemons; echo 'router bgp 65001' >/etc/frr/frr.conf; touch /usr/closup-lab-test")
		if err := l.Reboot(t.Context(), device); err != nil {
			t.Fatal(err)
		}
		waitFor(t, l, device, "vtysh -c 'show running-config' | grep -q '^router bgp 65001'")
		run(t, l, device, "ls /usr/closup-lab-test")
	}
	// Only OpenSSH 9.8 and later has it, and needs it turned off.
	for device, want := range map[string]string{"leaf1": "0\n", "leaf2": "1\n"} {
		if got := run(t, l, device, "grep -c PerSourcePenalties /etc/ssh/sshd_config || true"); got != want {
			t.Errorf("%s has %q lines on penalties", device, got)
		}
	}
	if got, want := run(t, l, "leaf3", "cat /etc/os-release"), run(t, l, "leaf1", "cat /etc/os-release"); got == want {
		t.Error("leaf3 is not of this machine's root")
	}
	if got := [2]string{factoryFiles(t, old), factoryFiles(t, fresh)}; got != before {
		t.Errorf("a root changed: %v, before %v", got, before)
	}
}

// otherRoot is a root that `make needs` unpacks.
func otherRoot(t *testing.T, suite string) string {
	t.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("CLOSUP_ROOTS"), "/var/cache/closup/roots"), suite)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("there is no root of %s, which .ci/roots makes: %v", suite, err)
		}
		t.Skipf("there is no root of %s, which .ci/roots makes: %v", suite, err)
	}
	return dir
}

// factoryFiles are names and times of what devices write to.
func factoryFiles(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	for _, dir := range []string{"usr", "etc", "etc/frr", "etc/network", "run", "var/log", "home"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			b.WriteString(filepath.Join(dir, e.Name()) + " " + info.ModTime().String() + "\n")
		}
	}
	return b.String()
}
