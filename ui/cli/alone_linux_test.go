package cli

import (
	"context"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/lab/labtest"
)

// nobody is an ordinary user: the one of whom nothing is expected.
const nobody = "65534"

// confined runs a command where it can write to one folder alone, and reach no
// other machine: with mounts of its own, all others of them read-only, and a
// network of its own that is its loopback.
const confined = `
folder=$1; shift
mount --make-rprivate / && mount --bind "$folder" "$folder" && ip link set lo up || exit 1
for at in $(cut -d' ' -f5 /proc/self/mountinfo); do
	[ "$at" = "$folder" ] || mount -o remount,bind,ro "$at" || exit 1
done
"$@" # no exec: what this shell has started is not the command's`

// confine is the command line of confined.
func confine(folder string) []string {
	return []string{"unshare", "--mount", "--net", "sh", "-c", confined, "sh", folder}
}

// guest is a bench whose program is run by an ordinary user with nothing but a
// home and a folder for temporary files, both empty; no PATH leads anywhere.
// Where root runs the test, nothing but that folder can be written to.
func guest(t *testing.T) (b *bench, home string) {
	t.Helper()
	b = newBench(t, "article")
	dir, err := os.MkdirTemp("", "closup-guest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	home = filepath.Join(dir, "home")
	body, err := os.ReadFile(b.program)
	if err != nil {
		t.Fatal(err)
	}
	b.program = filepath.Join(dir, "closup")
	for _, err := range []error{
		os.Chmod(dir, 0o755), os.Mkdir(home, 0o700), os.Mkdir(filepath.Join(home, "tmp"), 0o700), os.WriteFile(b.program, body, 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b.by = []string{"env", "-i", "PATH=/nonexistent", "TERM=xterm-256color", "LC_ALL=C.UTF-8", "HOME=" + home, "TMPDIR=" + filepath.Join(home, "tmp")}
	if os.Getuid() == 0 {
		id, _ := strconv.Atoi(nobody)
		for _, d := range []string{home, filepath.Join(home, "tmp")} {
			if err := os.Chown(d, id, id); err != nil {
				t.Fatal(err)
			}
		}
		b.by = append([]string{"setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", "--no-new-privs"}, b.by...)
		b.by = append(confine(filepath.Join(home, "tmp")), b.by...)
	}
	return b, home
}

// process finds the running program.
func (b *bench) process() string {
	b.Helper()
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, exe := range exes {
		if target, err := os.Readlink(exe); err == nil && target == b.program {
			return filepath.Dir(exe)
		}
	}
	b.Fatal("the program does not run")
	return ""
}

// alone sees that a process has started no other: none is there, and none was
// waited for, whose page faults would count (proc_pid_stat(5), cminflt).
func (b *bench) alone(proc string) {
	b.Helper()
	lists, _ := filepath.Glob(proc + "/task/*/children")
	for _, l := range lists {
		if data, _ := os.ReadFile(l); strings.TrimSpace(string(data)) != "" {
			b.Errorf("it has started processes: %s", data)
		}
	}
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	if words := strings.Fields(rest); words[8] != "0" { // the first after the name is field 3
		b.Errorf("it has started processes: %s page faults of children", words[8])
	}
}

// sockets are the addresses of all Internet sockets of a process.
func (b *bench) sockets(proc string) (all []netip.AddrPort) {
	b.Helper()
	mine := map[string]bool{}
	fds, _ := filepath.Glob(proc + "/fd/*")
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && strings.HasPrefix(to, "socket:[") {
			mine[strings.Trim(strings.TrimPrefix(to, "socket:"), "[]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6"} {
		data, err := os.ReadFile(proc + "/net/" + table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			w := strings.Fields(line)
			if len(w) < 10 || !mine[w[9]] {
				continue
			}
			for _, end := range w[1:3] {
				all = append(all, hexAddress(b, end))
			}
		}
	}
	return all
}

// hexAddress reads "0100007F:1F90": words in the machine's order, which is
// little-endian wherever these tests run.
func hexAddress(t testing.TB, s string) netip.AddrPort {
	t.Helper()
	host, port, _ := strings.Cut(s, ":")
	var raw []byte
	for i := 0; i < len(host); i += 8 {
		n, err := strconv.ParseUint(host[i:i+8], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
	}
	a, _ := netip.AddrFromSlice(raw)
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(a.Unmap(), uint16(n))
}

// local sees that all sockets are on the loopback, and that there are some.
func (b *bench) local(proc string) {
	b.Helper()
	all := b.sockets(proc)
	if len(all) == 0 {
		b.Error("no socket is seen: the devices have one each")
	}
	for _, a := range all {
		if !a.Addr().IsLoopback() && !a.Addr().IsUnspecified() || a.Addr().IsUnspecified() && a.Port() != 0 {
			b.Errorf("it has a socket at %s", a)
		}
	}
}

// watched sees to both all the time, until it is stopped.
func (b *bench) watched(proc string) (stop func()) {
	ctx, cancel := context.WithCancel(b.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil && !b.Failed() {
			b.alone(proc)
			b.local(proc)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// left are the files in a folder, by their names in it.
func left(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestAlone: what TestDemo looks for is found where it is.
func TestAlone(t *testing.T) {
	b := newBench(t, "article") // which has built the program, by a process of ours
	spy := &recorder{TB: t}
	b.TB = spy
	b.ok("version")
	b.alone("/proc/self")
	if !spy.failed {
		t.Error("a process that has started others is said to be alone")
	}
}

// TestConfined: what is confined cannot write where TestDemo says that it does
// not, and has no network but its own.
func TestConfined(t *testing.T) {
	if os.Getuid() != 0 {
		labtest.Skip(t, "confining needs root")
	}
	folder, beside := t.TempDir(), t.TempDir()
	for script, ok := range map[string]bool{
		`: >"$1/file"`: true, `: >"$2/file"`: false, `: >/var/tmp/closup-confined`: false,
		`[ "$(ip -o link show up)" ]`: true, `ip -o link | grep -v ': lo:'`: false,
	} {
		line := append(confine(folder), "sh", "-c", script, "sh", folder, beside)
		if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); (err == nil) != ok {
			t.Errorf("%s: %v, %s", script, err, out)
		}
	}
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }
