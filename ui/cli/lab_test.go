package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/lab"
	"closup/provision/observe"
	"closup/provision/push"
)

// What the tests of labs share: the program itself, built once, in a home of
// its own, with a lab that is gone when the test ends.

// programDir is where program lies, once it was built.
var programDir string

// program is the path of closup, built once for all tests.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "closup-program-")
	if err != nil {
		return "", err
	}
	programDir = dir
	path := filepath.Join(dir, "closup")
	build := exec.Command("go", "build", "-o", path, "closup")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// bench is an empty folder and home with a fabric in it.
type bench struct {
	testing.TB
	program, dir, name string
	uplink             string   // the machine's interface to the lab
	by                 []string // what starts the program in a terminal, as another user; nil: nothing
}

// newBench writes the preset as fabric.yaml. The lab that a test may start
// from it is ended with the test.
func newBench(t testing.TB, preset string) *bench {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{TB: t, program: path, dir: t.TempDir(), name: preset}
	out, _ := b.ok("new", "--preset", preset)
	b.write("fabric.yaml", out)
	return b
}

// labUp starts the lab, and sees at the end that nothing is left of it.
func (b *bench) labUp(args ...string) {
	b.Helper()
	b.Cleanup(func() {
		b.run("lab", "down")
		b.gone()
	})
	b.ok(append([]string{"lab", "up"}, args...)...)
	host := b.record().Devices[0].Host
	out, err := exec.Command("ip", "-o", "route", "get", host).Output()
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(out), " dev ")
	b.uplink, _, _ = strings.Cut(after, " ")
}

// record is what the running lab says of itself.
func (b *bench) record() (r lab.Record) {
	b.Helper()
	data, err := os.ReadFile(filepath.Join(b.labDir(), "lab.json"))
	if err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		b.Fatal(err)
	}
	return r
}

// in is the same bench for a subtest.
func (b *bench) in(t testing.TB) *bench {
	c := *b
	c.TB = t
	return &c
}

func (b *bench) write(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.program, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "HOME="+b.dir, "XDG_STATE_HOME="+b.state(), "SSH_AUTH_SOCK=", "NO_COLOR=1", "CI=")
	return cmd
}

func (b *bench) state() string { return filepath.Join(b.dir, "state") }

// labDir is where the running lab keeps its key and its host keys.
func (b *bench) labDir() string { return filepath.Join(b.state(), "closup", "labs", b.name) }

// run runs closup and returns what it printed and its exit status.
func (b *bench) run(args ...string) (stdout, stderr string, status int) {
	b.Helper()
	var out, errs bytes.Buffer
	cmd := b.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// ends runs closup, which must end with the status.
func (b *bench) ends(status int, args ...string) (stdout, stderr string) {
	b.Helper()
	stdout, stderr, got := b.run(args...)
	if got != status {
		b.Fatalf("closup %s: status %d, want %d\n%s%s", strings.Join(args, " "), got, status, stdout, stderr)
	}
	return stdout, stderr
}

func (b *bench) ok(args ...string) (stdout, stderr string) {
	b.Helper()
	return b.ends(statusOK, args...)
}

// inside runs a shell command as root in a device.
func (b *bench) inside(device, script string) string {
	b.Helper()
	out, _ := b.ok("lab", "exec", device, "--", "sh", "-c", script)
	return out
}

// status is `closup status --lab -o json`, which may say that something is not
// as expected.
func (b *bench) status() observe.Status {
	b.Helper()
	out, errs, code := b.run("status", "--lab", "-o", "json")
	if code != statusOK && code != statusUnexpected {
		b.Fatalf("status %d\n%s", code, errs)
	}
	keeps(b, "status", out)
	var s observe.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		b.Fatalf("%v in %s", err, out)
	}
	if s.AsExpected() != (code == statusOK) {
		b.Errorf("status %d does not fit the summary %+v", code, s.Summary)
	}
	return s
}

// converged waits until everything is as expected.
func (b *bench) converged(within time.Duration) observe.Status {
	b.Helper()
	for end := time.Now().Add(within); ; {
		s := b.status()
		if s.AsExpected() {
			return s
		}
		if time.Now().After(end) {
			out, _, _ := b.run("status", "--lab")
			b.Fatalf("not as expected after %s:\n%s", within, out)
		}
	}
}

// push pushes to the lab, as a script does.
func (b *bench) push(status int, args ...string) (push.Outcome, string) {
	b.Helper()
	out, errs := b.ends(status, append([]string{"push", "--lab", "--yes", "-o", "json"}, args...)...)
	keeps(b, "push", out)
	var p push.Outcome
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		b.Fatalf("%v in %s", err, out)
	}
	return p, errs
}

// gone sees that a lab that was ended left nothing: no process, mount,
// interface or file.
func (b *bench) gone() {
	b.Helper()
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		b.Fatal(err)
	}
	for _, exe := range exes {
		if target, err := os.Readlink(exe); err == nil && target == b.program {
			b.Errorf("%s is still running", filepath.Dir(exe))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		b.Fatal(err)
	}
	if strings.Contains(string(mounts), b.dir) {
		b.Errorf("a mount is left:\n%s", mounts)
	}
	if _, err := os.Stat("/sys/class/net/" + b.uplink); b.uplink != "" && err == nil {
		b.Errorf("the interface %s is left", b.uplink)
	}
	var left []string
	_ = filepath.WalkDir(b.labDir(), func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			left = append(left, path)
		}
		return nil
	})
	if len(left) > 0 {
		b.Errorf("left in the state directory: %s", strings.Join(left, " "))
	}
}
