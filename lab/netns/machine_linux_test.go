package netns

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestMissing(t *testing.T) {
	root := t.TempDir()
	err := missing(root)
	if err == nil || !strings.HasSuffix(err.Error(), ": apt-get install frr frr-pythontools ifupdown2 openssh-server sudo procps") {
		t.Errorf("%v", err)
	}
	for _, n := range needs {
		if n.pkg == "frr" {
			continue
		}
		path := filepath.Join(root, n.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := missing(root); err == nil || err.Error() != "not installed: FRR; on Debian or Ubuntu: apt-get install frr" {
		t.Errorf("%v", err)
	}
}

// TestNotRoot: an ordinary user is told, and nothing is made.
func TestNotRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		if err := Check(); err == nil || !strings.Contains(err.Error(), "sudo") {
			t.Errorf("%v", err)
		}
		return
	}
	home := t.TempDir()
	if err := os.Chmod(home, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{upAlone + "=pair", "XDG_STATE_HOME=" + home}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "run it with sudo") {
		t.Errorf("%v: %s", err, out)
	}
	if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestOverlaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mountinfo")
	err := os.WriteFile(file, []byte(`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda1 rw
30 27 254:3 / /usr/share rw,relatime shared:5 - ext4 /dev/vda3 rw
31 27 254:2 / /usr rw,relatime - xfs /dev/vda2 rw
32 27 254:5 / /boot rw,relatime - ext4 /dev/vda5 rw
33 27 0:50 / /home rw,relatime - nfs4 server:/home rw
34 27 254:6 / /etc/hosts rw,relatime - ext4 /dev/vda6 rw
35 27 254:6 / /var/no\040such\040place rw,relatime - ext4 /dev/vda6 rw
36 27 0:60 / /var rw,relatime - overlay overlay rw
37 27 254:7 / /opt rw,relatime - btrfs /dev/vda7 rw
38 37 254:7 / /opt rw,relatime - btrfs /dev/vda7 rw
39 27 0:61 / /tmp rw,relatime - tmpfs tmpfs rw
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	got, err := overlaid(file, "/nowhere")
	if want := []string{"/", "/opt", "/usr", "/usr/share"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// TestMachineOfManyDisks: where /usr or /var is a file system of its own, a
// device has it too, and writes to it beside the machine.
func TestMachineOfManyDisks(t *testing.T) {
	needLab(t)
	isolate(t)
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A bind mount stands in the list of mounts as a file system does. The
	// first is the one the test's own files do not lie on.
	cmd := exec.Command(unshare, "-m", "sh", "-c", `mount --bind /usr /usr && mount --bind /var /var && exec "$0"`, self)
	cmd.Env = append(os.Environ(), upAlone+"=disks")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	t.Cleanup(func() { down(t, "disks") })
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	l, err := Open("disks")
	if err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	if got := run(t, l, "leaf1", "findmnt -no FSTYPE /usr /var 2>/dev/null || (findmnt -no FSTYPE /usr; findmnt -no FSTYPE /var)"); got != "overlay\noverlay\n" {
		t.Errorf("%q", got)
	}
	run(t, l, "leaf1", "touch /usr/closup-lab-test /var/closup-lab-test; ifquery --list")
	if got := run(t, l, "k8s1", "ls /usr /var | grep closup || true"); got != "" {
		t.Errorf("another device has %q", got)
	}
	for _, path := range []string{"/usr/closup-lab-test", "/var/closup-lab-test"} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("the machine has %s", path)
		}
	}
	if err := l.Reboot(t.Context(), "leaf1"); err != nil {
		t.Fatal(err)
	}
	run(t, l, "leaf1", "ls /usr/closup-lab-test /var/closup-lab-test")
}
