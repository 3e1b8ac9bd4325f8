package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
)

// screen is closup in a real terminal: a tmux server of its own, with one pane.
type screen struct {
	testing.TB
	socket string
	status string // path of what holds the program's exit status once it is over
}

// runner keeps the terminal after the program's end, with its status in a file:
// tmux forgets one now and then.
const runner = `trap : INT; "$@"; echo $? >"$STATUS.new"; mv "$STATUS.new" "$STATUS"; read wait`

// newScreen starts the bench's closup with args in a terminal of so many
// columns and rows. It ends with the test.
func (b *bench) newScreen(columns, rows int, args ...string) *screen {
	b.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		labtest.Skip(b, "tmux is not installed: apt-get install tmux")
	}
	// A socket's path holds 107 bytes (unix(7)), and test folders are long.
	dir, err := os.MkdirTemp("", "closup-tmux-")
	if err != nil {
		b.Fatal(err)
	}
	s := &screen{TB: b, socket: filepath.Join(dir, "s"), status: filepath.Join(dir, "status")}
	b.Cleanup(func() {
		_ = exec.Command("tmux", "-S", s.socket, "kill-server").Run()
		_ = os.RemoveAll(dir)
	})
	line := []string{
		"-S", s.socket, "-f", "/dev/null", "new-session", "-d",
		"-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "-c", b.dir, "sh", "-c", runner, "sh",
	}
	line = append(append(append(line, b.by...), b.program), args...)
	cmd := exec.Command("tmux", line...)
	cmd.Env = append(b.command().Env, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "SHELL=/bin/sh", "STATUS="+s.status)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("tmux: %v: %s", err, out)
	}
	return s
}

func (s *screen) tmux(args ...string) string {
	s.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", s.socket}, args...)...).CombinedOutput()
	if err != nil {
		s.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// press sends keys by tmux's names: Enter, Escape, Tab, C-c, Down.
func (s *screen) press(keys ...string) {
	s.Helper()
	s.tmux(append([]string{"send-keys"}, keys...)...)
}

// write sends text as it is.
func (s *screen) write(text string) {
	s.Helper()
	s.tmux("send-keys", "-l", text)
}

// text is what the terminal shows.
func (s *screen) text() string {
	s.Helper()
	return s.tmux("capture-pane", "-p")
}

// shows waits until the terminal shows the expression, and returns its text.
func (s *screen) shows(expression string, within time.Duration) string {
	s.Helper()
	re := regexp.MustCompile("(?m)" + expression)
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		text := s.text()
		if re.MatchString(text) {
			return text
		}
		if time.Now().After(end) {
			s.Fatalf("%s was not seen within %s; the screen is\n%s", expression, within, text)
		}
	}
}

// ended waits until the program is over, and returns its exit status.
func (s *screen) ended(within time.Duration) int {
	s.Helper()
	for end := time.Now().Add(within); ; time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(s.status); err == nil {
			n, err := strconv.Atoi(strings.TrimSpace(string(data)))
			if err != nil {
				s.Fatal(err)
			}
			return n
		}
		if time.Now().After(end) {
			s.Fatalf("it did not end within %s; the screen is\n%s", within, s.text())
		}
	}
}
