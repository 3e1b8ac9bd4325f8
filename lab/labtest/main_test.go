package labtest_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/lab/labtest"
)

const victim = "CLOSUP_LABTEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		os.Exit(labtest.Main(waiting{}))
	}
	os.Exit(labtest.Main(m))
}

// waiting are tests that have begun something, and do not end.
type waiting struct{}

func (waiting) Run() int {
	dir, err := os.MkdirTemp("", "box")
	if err != nil {
		return 1
	}
	cmd := exec.Command("sleep", "1000")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Setsid: true}
	if cmd.Start() != nil {
		return 1
	}
	fmt.Println(dir, cmd.Process.Pid)
	select {}
}

// TestKilled: tests that are killed leave no process and no file behind.
func TestKilled(t *testing.T) {
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		t.Skip("labs are on Linux")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), victim+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	var dir string
	var pid int
	if _, err := fmt.Sscan(line, &dir, &pid); err != nil {
		t.Fatal(err)
	}
	// Its own parent is gone, so somebody else collects it.
	works := func() bool {
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && !strings.Contains(string(state), ") Z ")
	}
	there := func() bool { _, err := os.Stat(dir); return err == nil }
	for deadline := time.Now().Add(time.Minute); works() || there(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d works: %t; %s is there: %t", pid, works(), dir, there())
		}
	}
}
