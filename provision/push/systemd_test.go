//go:build linux

package push

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machine boots this machine's own systemd as the first process of namespaces
// of its own, on an overlay of this machine's root. $1 is an empty directory, $2
// one that it finds as /proof, $3 the name of its cgroup.
const machine = `set -e
for c in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
	[ ! -w $c/cgroup.procs ] || { mkdir $c/$3 && echo $$ >$c/$3/cgroup.procs; }
done
exec unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup sh -ec '
mount -t tmpfs tmpfs "$1" && cd "$1" && mkdir u w m
mount -t overlay overlay -o lowerdir=/,upperdir=$1/u,workdir=$1/w m && cd m
for d in run tmp dev; do mount -t tmpfs tmpfs $d; done
mount -t proc proc proc && mount -t sysfs sysfs sys
if [ -d /sys/fs/cgroup/unified ]; then
	mount -t tmpfs tmpfs sys/fs/cgroup && mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
	mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd && mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
	mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mknod dev/null c 1 3; mknod dev/zero c 1 5; mknod dev/random c 1 8; mknod dev/urandom c 1 9; mknod dev/console c 5 1
chmod 666 dev/null
mkdir proof && mount --bind "$2" proof
rm -rf etc/machine-id var/lib/closup && : >etc/machine-id && mkdir -p var/lib/closup/push
cp proof/*.service proof/*.target etc/systemd/system/
chroot . sh -e /proof/prepare
export container=closup-test
exec chroot . /lib/systemd/systemd --system --unit=proof.target
' sh "$1" "$2"
`

// A real systemd: the hook at boot runs before networking and FRR, and the job
// that a login begins lives on when all that the login started is killed.
func TestSystemdBoots(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/lib/systemd/systemd"); err != nil || os.Getuid() != 0 {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("systemd cannot be run here, as user %d: %v", os.Getuid(), err)
		}
		t.Skip("systemd cannot be run here")
	}
	proof, root := t.TempDir(), t.TempDir()
	put := func(name, text string) { must(t, os.WriteFile(filepath.Join(proof, name), []byte(text), 0o644)) }
	oneshot := func(name, unit, command string) {
		put(name, "[Unit]\n"+unit+"\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh "+command+"\n")
	}
	put("proof.target", "[Unit]\nRequires=basic.target\nAfter=basic.target\nWants=networking.service frr.service login.service\n")
	put("note", "echo \"$@\" >>/proof/order\n")
	oneshot("networking.service", "DefaultDependencies=no\nBefore=network.target", "/proof/note networking")
	oneshot("frr.service", "DefaultDependencies=no", "/proof/note frr")
	// What a login is for systemd: all its processes are killed at its end.
	put("login.service", "[Unit]\nAfter=frr.service\n[Service]\nType=oneshot\nExecStart=/bin/sh /proof/login\n")
	head := "B=/var/lib/closup T=/var/lib/closup/push/1 HOOK=/etc LEASE=60 PATIENCE=1\n" + library
	put("prepare", head+jobLibrary+`
booted() { true; } # it is about to
mkdir -p "$T" && cat >"$T/job" <<'JOB'
case $1 in
launch) echo began >>/proof/job; sleep 2; echo lives on >>/proof/job ;;
*) echo "job $1" >>/proof/order ;;
esac
JOB
hook_on
`)
	put("login", head+"setsid sh -c 'sleep 1; echo so does what setsid began >>/proof/job' &\nbegin\n"+
		"while [ ! -e /proof/job ]; do sleep 0.1; done\n")

	group := fmt.Sprint("closup-test-", os.Getpid())
	cmd := exec.Command("sh", "-c", machine, "sh", root, proof, group)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // and with it all that it began
		_ = cmd.Wait()
		for _, c := range []string{"systemd", "unified", ""} {
			top, dirs := filepath.Join("/sys/fs/cgroup", c, group), []string(nil)
			_ = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
				if err == nil && e.IsDir() {
					dirs = append(dirs, path)
				}
				return nil
			})
			for _, dir := range slices.Backward(dirs) {
				for range 50 { // its processes are about to be gone
					if os.Remove(dir) == nil {
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		}
	})
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(proof, name))
		return string(text)
	}
	for deadline := time.Now().Add(3 * time.Minute); !strings.Contains(read("job"), "lives on\n"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it booted to %q, and the job to %q: %s", read("order"), read("job"), said.String())
		}
	}
	if got := read("job"); got != "began\nlives on\n" {
		t.Errorf("after the login's end: %q", got)
	}
	order := strings.Fields(strings.ReplaceAll(read("order"), "job boot", "job"))
	if len(order) != 3 || order[0] != "job" || !slices.Contains(order, "networking") || !slices.Contains(order, "frr") {
		t.Errorf("at boot it went in the order %q", order)
	}
}
