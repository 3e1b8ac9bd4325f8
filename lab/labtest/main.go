package labtest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"closup/lab/netns"
)

// guarding says that this process is a guard, and of which directory.
const guarding = "CLOSUP_LABTEST_GUARD"

// patience is how long what tests have begun may go on when they have ended by
// themselves.
const patience = 20 * time.Second

// Main runs a package's tests and gives the status to exit with. Temporary files
// and closup's state lie in one directory. A second process waits for the end of
// this one, also by a signal or a timeout, ends what then still works in that
// directory, labs included, and removes it. What it had to end fails the tests.
func Main(tests interface{ Run() int }) int {
	netns.Init()
	if dir := os.Getenv(guarding); dir != "" {
		os.Exit(guard(dir)) // what the caller does after the tests is not for it
	}
	// A short name: sockets lie in it.
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Chmod(dir, 0o755); err != nil { // some tests go on as another user
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	end, err := startGuard(dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		fmt.Fprintln(os.Stderr, "the tests' guard:", err)
		return 1
	}
	status := tests.Run()
	if err := end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = max(status, 1)
	}
	return status
}

// startGuard starts the guard of a directory, and makes that the place of all
// that the tests write. The function that it gives ends both.
func startGuard(dir string) (end func() error, err error) {
	for name, at := range map[string]string{"TMPDIR": dir, "XDG_STATE_HOME": filepath.Join(dir, "state")} {
		if err := os.Setenv(name, at); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	g := exec.Command(self)
	g.Dir = "/"
	g.Env = append(os.Environ(), guarding+"="+dir)
	g.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // what ends the tests' group does not end it
	var said bytes.Buffer
	g.Stderr = &said
	in, err := g.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := g.Start(); err != nil {
		return nil, err
	}
	return func() error {
		_, _ = in.Write([]byte("ended"))
		_ = in.Close()
		if err := g.Wait(); err != nil {
			return fmt.Errorf("%w: %s", err, said.String())
		}
		return nil
	}, nil
}

// guard waits for the end of the tests, and cleans up after them.
func guard(dir string) int {
	signal.Ignore(syscall.SIGPIPE) // nobody may be left to hear it
	said, _ := io.ReadAll(os.Stdin)
	deadline := time.Now()
	if len(said) > 0 {
		deadline = deadline.Add(patience)
	}
	var left []string
	for ; ; time.Sleep(100 * time.Millisecond) {
		if left = working(dir); len(left) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for _, pid := range left {
		line, _ := os.ReadFile("/proc/" + pid + "/cmdline")
		fmt.Fprintf(os.Stderr, "left behind by the tests: process %s, %s\n", pid, strings.TrimSpace(strings.ReplaceAll(string(line), "\x00", " ")))
		if n, err := strconv.Atoi(pid); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return min(len(left), 1)
}

// working are the processes whose directory or command is below dir: a lab's hub
// takes its devices along.
func working(dir string) (pids []string) {
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range all {
		if filepath.Base(p) == strconv.Itoa(os.Getpid()) {
			continue
		}
		at, _ := os.Readlink(p + "/cwd")
		line, _ := os.ReadFile(p + "/cmdline")
		if strings.HasPrefix(at, dir+"/") || strings.Contains(string(line), dir+"/") {
			pids = append(pids, filepath.Base(p))
		}
	}
	return pids
}
