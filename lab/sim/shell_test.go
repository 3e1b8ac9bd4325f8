package sim

import (
	"bytes"
	"context"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"closup/lab/netns"
)

// bench is one device on its own.
func bench(t *testing.T) *device {
	t.Helper()
	fillCommands()
	ctx, cancel := context.WithCancel(context.Background())
	w := &world{pace: 0.01}
	d := newDevice(ctx, w, netns.Box{Name: "leaf1", Hostname: "cumulus", Mgmt: "eth0", User: "admin"})
	w.devices = []*device{d}
	w.mu.Lock()
	d.newPort("swp1")
	w.mu.Unlock()
	d.furnish(netns.Box{Name: "leaf1", Hostname: "cumulus", Mgmt: "eth0", User: "admin"}, 0)
	t.Cleanup(func() {
		cancel()
		w.wait.Wait()
	})
	return d
}

// sh runs a script and answers what it printed, errors included.
func (d *device) sh(t *testing.T, who user, script string) (string, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(d.powered(), 10*time.Second)
	defer cancel()
	c := d.call(ctx, who)
	var out bytes.Buffer
	c.out, c.err = &out, &out
	status := c.script("sh", strings.NewReader(script), nil)
	return out.String(), status
}

// TestShell holds the shell to what dash and the coreutils of Debian 12 print.
func TestShell(t *testing.T) {
	d := bench(t)
	for _, c := range []struct {
		script, want string
		status       int
	}{
		{"echo a; echo b", "a\nb\n", 0},
		{"f() { local x; x=1; return 3; }; f; echo $?", "3\n", 0},
		{"false || exit 7; echo no", "", 7},
		{"nonsense", "sh: 1: nonsense: not found\n", 127},
		{"printf 'a b\\nc d\\n' | while read -r x y; do echo \"$y-$x\"; done", "b-a\nd-c\n", 0},
		{"umask 077; echo x >/tmp/m; stat -c '%a %U:%G' /tmp/m; (umask 022; echo y >/tmp/n); stat -c %a /tmp/n; umask", "600 root:root\n644\n0077\n", 0},
		{"trap 'echo bye' EXIT; echo hi", "hi\nbye\n", 0},
		{"trap '' HUP; echo on", "on\n", 0},
		{"cat <<'E' | base64 -d\naGFsbG8=\nE\n", "hallo", 0},
		{"cd /tmp; mkdir -p d/e; echo x >d/e/f; ln -s /tmp/d/e/f l; tar -cPhf - --no-recursion --hard-dereference -- /tmp/d /tmp/l | tar -tf -", "/tmp/d/\n/tmp/l\n", 0},
		{"cd /tmp; mkdir -p d/e; echo x >d/e/f; tar -cf - d | tar -tf -", "d/\nd/e/\nd/e/f\n", 0},
		{"mkdir /tmp/packed; echo x >/tmp/packed/f; tar -cf - /tmp/packed 2>/dev/null | tar -tf -", "tmp/packed/\ntmp/packed/f\n", 0},
		{"sh -c 'echo $0 $1' name arg", "name arg\n", 0},
		{"echo 'echo in script' | sh -s", "in script\n", 0},
		{"flock -n /tmp/l true && echo free; flock -n /tmp/l flock -n -E 75 /tmp/l true; echo $?", "free\n75\n", 0},
		{"timeout 0.1 sleep 5; echo $?", "124\n", 0},
		{"printf 'b\\na\\nb\\n' | sort -u | tr a-z A-Z", "A\nB\n", 0},
		{"printf 'x 1\\ny 2\\n' | sed -n 's/^y \\(.*\\)$/<\\1>/p'", "<2>\n", 0},
		{"echo 'exec podman exec -i frr vtysh \"$@\"' | sed -n 's/^exec \\([^ ]*\\) exec .* \\([^ ]*\\) vtysh \"$@\"$/\\1 \\2/p'", "podman frr\n", 0},
		{"printf 'a\\nb\\nc\\nd\\n' | sed '/b/,/c/d;s/d/D/'", "a\nD\n", 0},
		{"printf '# closup: x\\nauto swp1\\niface swp1\\n' | sed -n '/^# closup: /{n;s/^auto //p;}'", "swp1\n", 0},
		{"printf 'one\\ntwo\\n' >/tmp/w; grep -vxFf /tmp/w <<E\none\nthree\nE\n", "three\n", 0},
		{"grep -q nothing /tmp/w; echo $?; grep x /none; echo $?", "1\ngrep: /none: No such file or directory\n2\n", 0},
		{"mkdir -p /tmp/d/e; echo 1 >/tmp/d/e/f; tar -c -C /tmp/d e | tar -x -C /root; cat /root/e/f; find /root/e -type f", "1\n/root/e/f\n", 0},
		{"ln -s /tmp/w /tmp/link; readlink -f /tmp/link; cat /tmp/link", "/tmp/w\none\ntwo\n", 0},
		{"echo hello | sha256sum | cut -c1-16; basename /a/b.c .c; dirname /a/b", "5891b5b522d5df08\nb\n/a\n", 0},
		{"[ -e /sys/class/net/swp1 ] && cat /sys/class/net/swp1/mtu; [ -e /sys/class/net/nope ] || echo none", "1500\nnone\n", 0},
		{"sysctl -e net.ipv4.ip_forward; sysctl -q -w net.ipv4.ip_forward=1; cat /proc/sys/net/ipv4/ip_forward; sysctl -e -n no.such.key; echo $?", "net.ipv4.ip_forward = 0\n1\n0\n", 0},
		{"ip link set swp1 up; ip addr add 10.0.0.1/31 dev swp1; ip -o -4 addr show dev swp1 | sed 's/^[0-9]*: *//; s/ *\\\\.*//'", "swp1    inet 10.0.0.1/31 scope global swp1\n", 0},
		{"unshare -m sh -c 'echo new >/tmp/over; mount --bind /tmp/over /tmp/w && cat /tmp/w'; cat /tmp/w", "new\none\ntwo\n", 0},
		{"command -v vtysh; command -v nope || echo none", "/usr/bin/vtysh\nnone\n", 0},
		{"x=$(printf 'a\\n\\n'); echo \"[$x]\"; case abc in a*c) echo fits ;; esac", "[a]\nfits\n", 0},
		{"set -- a 'b c'; for i in \"$@\"; do echo \"<$i>\"; done; echo $((2 * 3))", "<a>\n<b c>\n6\n", 0},
		{"printf 'a b|7\n' >/tmp/p; printf 'a b\nc\n' >/tmp/q; awk -F'|' 'FILENAME == ARGV[1] { n[\"the \" $1] = $2; next }\n\t{ print (\"the \" $0 in n) ? n[\"the \" $0] : $0 }' /tmp/p /tmp/q; awk '{' /tmp/p || echo bad", "7\nc\nawk: syntax error at \"\"\nbad\n", 0},
		{"f() { (exit 77) || return; echo no; }; f; echo $?; g() { return; }; true; g; echo $?", "77\n0\n", 0},
		{"printf -- '-- %s\\n' a; printf '%s\\n' --", "-- a\n--\n", 0},
		{"for w in -c '(' '!' a; do [ \"$w\" != -c ] || echo \"same $w\"; test a = \"$w\" && echo \"a $w\"; done; [ = = = ] && echo yes", "same -c\na a\nyes\n", 0},
		{"printf 'cat <<E; cat <<-F\\na $x\\n\\tF\\nE\\n\\tb\\n\\tF\\necho \\\\\\n c' | sh -s", "a \n\tF\nb\nc\n", 0},
		{"echo 'f() {'", "f() {\n", 0},
		{"f() {\necho never", "sh: sh:1:5: reached EOF without matching `{` with `}`\n", 2},
	} {
		out, status := d.sh(t, rootUser, c.script)
		if out != c.want || status != c.status {
			t.Errorf("%s\nprints %q with status %d, not %q with %d", c.script, out, status, c.want, c.status)
		}
	}
	admin, _ := d.userNamed("admin")
	for _, c := range []struct{ script, want string }{
		{"id -un; sudo -n id -un", "admin\nroot\n"},
		{"cat /etc/frr/daemons", "cat: /etc/frr/daemons: Permission denied\n"},
		{"echo x >/etc/hosts", "open /etc/hosts: Permission denied\n"},
		{"sh -c 'test \"$(id -u)\" -eq 0 && exec sh -s; exec sudo -n sh -s' <<'E'\nid -u\nE\n", "0\n"},
	} {
		if out, _ := d.sh(t, admin, c.script); out != c.want {
			t.Errorf("%s\nprints %q, not %q", c.script, out, c.want)
		}
	}
}

// TestDescriptors: what a script opens it gives back at once, and a job that
// reads nothing holds none.
func TestDescriptors(t *testing.T) {
	d := bench(t)
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would give back what was lost
	open := func() int {
		list, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	before := open()
	fifty := func(line string) string { return "i=0; while [ $i -lt 50 ]; do i=$((i + 1)); " + line + " done" }
	for _, script := range []string{
		"echo text >/tmp/f; " + fifty("read -r x </tmp/f;"),
		"printf %010000d 0 >/tmp/big; " + fifty("true </tmp/big;"),
		fifty("true </dev/null >/dev/null 2>&1;"),
		fifty("setsid sleep infinity </dev/null >/dev/null 2>&1 &"),
	} {
		if out, status := d.sh(t, rootUser, script); status != 0 || out != "" {
			t.Errorf("%s\nprints %q with status %d", script, out, status)
		}
		// Who writes to a pipe that was closed has to be told first.
		for end := time.Now().Add(5 * time.Second); open() > before+5; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s\nleaves %d descriptors open", script, open()-before)
			}
		}
	}
}
