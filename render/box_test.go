package render_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
	"closup/render"
)

// need skips, saying why, where a test cannot run; with CLOSUP_NO_SKIP=1 that
// is a failure.
func need(t testing.TB, root bool, programs ...string) {
	t.Helper()
	why := ""
	if root && os.Geteuid() != 0 {
		why = "needs root, to make a network namespace"
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			why = "needs " + p + ", which is not installed"
		}
	}
	if why != "" {
		labtest.Skip(t, why)
	}
}

// box is a machine of its own on this one: network, mount, PID and host name
// namespaces, with an /etc that it may change. Its end ends all in it.
type box struct {
	t   testing.TB
	pid int
}

// setup runs as the box's first process, which then reaps what is left to it.
const setup = `set -e
mount -t tmpfs closup /mnt
mkdir -p /mnt/u /mnt/w
mount -t overlay closup -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w /etc
for d in /run /var/log /var/tmp; do mount -t tmpfs closup $d; done
mkdir -p /run/frr /var/log/frr /run/network /etc/network
rm -rf /etc/network/interfaces.d
printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces
chown frr:frr /run/frr /var/log/frr 2>/dev/null || true
mount -t sysfs closup /sys
ip link set lo up
echo ready
exec >/dev/null 2>&1
while :; do sleep 3600 & wait $!; done
`

func newBox(t testing.TB) *box {
	t.Helper()
	cmd := exec.Command("unshare", "-n", "-m", "-u", "-p", "-f", "--kill-child", "--mount-proc", "--propagation", "private", "bash", "-c", setup)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ready := make([]byte, 6)
	if n, _ := out.Read(ready); string(ready[:n]) != "ready\n" {
		t.Fatalf("the box did not start: %s", stderr.String())
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.Fields(string(children))[0])
	if err != nil {
		t.Fatal(err)
	}
	return &box{t, pid}
}

// try runs a script in the box and gives what it printed and whether it went
// well.
func (b *box) try(script string, args ...string) (string, error) {
	cmd := exec.Command("nsenter", append([]string{"-t", strconv.Itoa(b.pid), "-n", "-m", "-u", "-p", "sh", "-c", script, "sh"}, args...)...)
	cmd.WaitDelay = time.Minute
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is a script that has to go well.
func (b *box) run(script string, args ...string) string {
	b.t.Helper()
	out, err := b.try(script, args...)
	if err != nil {
		b.t.Fatalf("%v: %s\n%s", err, script, out)
	}
	return out
}

// install writes a device's files, merged into what is there, and keeps the
// file that was there as PATH.before.
func (b *box) install(all []render.Artifact) {
	b.t.Helper()
	for _, a := range all {
		body := a.Body
		if a.Merge != nil {
			current, _ := b.try(`cat "$1" 2>/dev/null`, a.Path)
			var err error
			if body, err = a.Merge([]byte(current)); err != nil {
				b.t.Fatal(err)
			}
		}
		staged := filepath.Join(b.t.TempDir(), "staged")
		if err := os.WriteFile(staged, body, 0o644); err != nil {
			b.t.Fatal(err)
		}
		owner := a.Owner
		if owner == "" {
			owner = "root:root"
		}
		b.run(`cp "$2" "$2.before" 2>/dev/null; mkdir -p "$(dirname "$2")" && cp "$1" "$2" && chown "$3" "$2" && chmod "$4" "$2"`,
			staged, a.Path, owner, fmt.Sprintf("%o", a.Mode))
	}
}

// activate checks every file, applies the units, and verifies them. It gives
// what the units had to say.
func (b *box) activate(all []render.Artifact) string {
	b.t.Helper()
	var said strings.Builder
	for _, u := range render.Units {
		for _, a := range all {
			if a.Unit != u.Name {
				continue
			}
			if u.Check != "" {
				b.run(u.Check, a.Path)
			}
			if u.Apply != "" {
				said.WriteString(b.run(u.Apply, a.Path+".before"))
			}
			if u.Verify != "" {
				said.WriteString(b.run(u.Verify, a.Path))
			}
		}
	}
	return said.String()
}
