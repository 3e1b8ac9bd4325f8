package cli

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// nobody is an ordinary user: the one of whom nothing is expected.
const nobody = "65534"

// guest is a bench whose program is run by an ordinary user with nothing but a
// home and a folder for temporary files, both empty; no PATH leads anywhere.
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

// TestDemo goes through the demo as an ordinary user, in two sizes: from the
// first step to Established sessions, a puzzle, and out. It starts no process,
// opens no port but on the loopback, and leaves nothing.
func TestDemo(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			b, home := guest(t)
			begin := time.Now()
			s := b.newScreen(size[0], size[1], "demo")
			s.shows(`SIMULATED`, soon)
			s.shows(`ten steps`, soon)
			for _, title := range []string{"Fabric", "Spines", "Leafs", "Nodes", "Cabling", "Review", "Preview", "Push"} {
				s.press("Tab")
				s.shows("│ "+title+"  ", soon)
			}
			s.press("H")
			s.shows(`hints are off`, soon)
			if strings.Contains(s.text(), "Nothing is written") {
				t.Errorf("the hint is still there:\n%s", s.text())
			}
			s.press("H")
			s.shows(`Nothing is written`, soon)
			proc := b.process()
			if status, _ := os.ReadFile(proc + "/status"); os.Getuid() == 0 && !strings.Contains(string(status), "\nUid:\t"+nobody) {
				t.Fatalf("it is not an ordinary user's:\n%s", status)
			}
			s.press("Enter")
			s.shows(`6 devices would change`, time.Minute)
			s.press("p")
			s.shows(`type the fabric's name`, soon)
			s.write("article")
			s.press("Enter")
			s.shows(`6 changed`, time.Minute)
			b.local(proc)
			s.press("Tab")
			s.shows("│ Live  ", soon)
			s.press("Enter")
			s.shows(`10 of 10`, time.Minute)
			s.shows(`54 of 54`, time.Minute)
			t.Logf("from its start to all sessions and routes in %.1f s", time.Since(begin).Seconds())

			s.shows(`p breaks`, soon)
			s.press("p")
			s.shows(`Something is broken`, 30*time.Second)
			s.press("p")
			s.shows(`mended; it was `, 30*time.Second)
			s.shows(`10 of 10`, time.Minute)

			// A leaf more, as it is proposed: its device stands there to be pushed to.
			s.press("4", "a")
			s.shows(`Name +leaf3`, soon)
			s.press("Enter")
			s.shows(`3 leafs`, soon)
			s.press("9")
			s.shows(`The fabric changed since this push`, soon)
			s.press("Enter")
			s.shows(`2 devices would change`, time.Minute)
			s.press("p")
			s.shows(`type the fabric's name`, soon)
			s.write("article")
			s.press("Enter")
			s.shows(`2 changed`, time.Minute)
			s.press("Enter")
			s.shows(`12 of 12`, time.Minute)
			b.alone(proc)
			b.local(proc)
			if files := left(t, home); len(files) == 0 {
				t.Error("no file is seen: the demo has its fabric in one")
			}
			s.press("q")
			if status := s.ended(soon); status != statusOK {
				t.Errorf("status %d; the screen is\n%s", status, s.text())
			}
			s.shows(`nothing is left of the demo`, soon)
			if files := left(t, home); len(files) > 0 {
				t.Errorf("left: %s", files)
			}
		})
	}
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

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

// TestLabSim serves a simulated lab in a terminal, and does to it from another
// what there are commands for.
func TestLabSim(t *testing.T) {
	b := newBench(t, "article")
	s := b.newScreen(120, 40, "lab", "up", "--backend", "sim")
	s.shows(`simulated by this process`, 30*time.Second)
	if _, errs, status := b.run("lab", "up", "--backend", "sim"); status != statusError || !strings.Contains(errs, "already running") {
		t.Errorf("a second one: status %d, %s", status, errs)
	}
	out, _ := b.ok("lab", "status")
	if strings.Count(out, "answers") != 6 {
		t.Errorf("lab status:\n%s", out)
	}
	b.ends(statusUnexpected, "status", "--lab")
	b.push(statusOK)
	b.converged(time.Minute)
	if p, _ := b.push(statusOK); p.Summary.Unchanged != 6 {
		t.Errorf("a second push: %+v", p.Summary)
	}
	b.ok("diagnose", "--lab")
	if out, _ := b.ok("trace", "--lab", "10.233.65.7"); !strings.Contains(out, "k8s2") {
		t.Errorf("trace:\n%s", out)
	}
	if out := b.inside("leaf1", "hostname; id -un"); out != "leaf1\nroot\n" {
		t.Errorf("lab exec: %q", out)
	}
	if _, _, status := b.run("lab", "exec", "leaf1", "--", "sh", "-c", "exit 7"); status != 7 {
		t.Errorf("lab exec answers %d of 7", status)
	}
	b.broken("cable-cut", "leaf1:swp1")
	out, _ = b.ends(statusUnexpected, "diagnose", "--lab")
	if !strings.Contains(out, "no-carrier") {
		t.Errorf("a pulled cable:\n%s", out)
	}
	if _, told := b.ok("lab", "mend"); !strings.Contains(told, "cable-cut") {
		t.Errorf("mend says %s", told)
	}
	b.converged(time.Minute)
	b.ok("lab", "down")
	if status := s.ended(soon); status != statusOK && status != statusInterrupted {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	b.gone()
}
