package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// treeWidth is the columns of the terminal in which every command is run.
const treeWidth = 60

// trees is a call of every command, in an order in which each has something to
// say. A new command without a row fails the test.
var trees = []struct {
	args string
	free bool // what it prints is not its own: files, a page, lines of remote output
	none bool // it needs a terminal of its own, or serves until it is stopped
}{
	{args: "new --preset article", free: true},
	{args: "presets"},
	{args: "import topology.dot", free: true},
	{args: "validate"},
	{args: "plan"},
	{args: "plan --routes leaf1"},
	{args: "plan --without spine1"},
	{args: "targets"},
	{args: "render --device leaf1", free: true},
	{args: "lab status"},
	{args: "preflight --lab"},
	{args: "preflight --checks"},
	{args: "diff --lab", free: true},
	{args: "push --lab --yes", free: true},
	{args: "push --lab --yes"}, // a second one has nothing to show but its table
	{args: "history --lab"},
	{args: "status --lab --wait 90s"},
	{args: "trace --lab 10.1.1.1"},
	{args: "lab break mtu leaf1:swp1", free: true},
	{args: "lab break --list"},
	{args: "diagnose --lab", free: true},
	{args: "diagnose --causes"},
	{args: "troubleshoot --lab k8s1 cannot reach k8s2", free: true},
	{args: "kube --lab"},
	{args: "kube smoke", free: true},
	{args: "report --lab --format markdown", free: true},
	{args: "lab mend", free: true},
	{args: "confirm --lab", free: true},
	{args: "rollback --lab --yes", free: true},
	{args: "lab exec leaf1 -- true", free: true},
	{args: "man", free: true},
	{args: "version"},
	{args: "completion bash", free: true},
	{args: "completion zsh", free: true},
	{args: "completion fish", free: true},
	{args: "completion powershell", free: true},
	{args: "hostkey forget leaf1", none: true}, // TestLabAsReal runs it: it goes to real devices alone
	{args: "demo", none: true},
	{args: "lab up", none: true},
	{args: "lab down", none: true}, // the test's end runs it
}

// TestTree runs every command of the tree, by a pipe and in a narrow terminal:
// a pipe gets no escape sequence, NO_COLOR keeps colours from a terminal, and
// tables fit it.
func TestTree(t *testing.T) {
	root := rootCommand(&env{streams: streams{strings.NewReader(""), io.Discard, io.Discard}})
	root.InitDefaultCompletionCmd()
	var all []string
	walkTree(root, func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), "closup ")
		if !slices.ContainsFunc(trees, func(c struct {
			args       string
			free, none bool
		},
		) bool {
			return c.args == path || strings.HasPrefix(c.args, path+" ")
		}) {
			t.Errorf("closup %s has no row here", path)
		}
		all = append(all, path)
	})
	if len(all) < 25 {
		t.Fatalf("only %d commands: %v", len(all), all)
	}

	b := newBench(t, "article")
	b.write("topology.dot", "graph g {\n \"leaf1\":\"swp51\" -- \"spine1\":\"swp1\"\n}\n")
	b.simulated()
	for _, c := range trees {
		if c.none {
			continue
		}
		args := strings.Fields(c.args)
		out, errs, status := b.run(args...)
		if status == statusUsage {
			t.Errorf("closup %s: status %d\n%s", c.args, status, errs)
		}
		if text := out + errs; strings.ContainsAny(text, "\x1b\r") {
			t.Errorf("closup %s writes escape sequences into a pipe: %q", c.args, firstEscape(text))
		}
		if strings.HasPrefix(c.args, "lab break mtu") || strings.HasPrefix(c.args, "rollback") || c.args == "lab mend" {
			continue // once is what they can
		}
		text := b.typescript(treeWidth, append([]string{"--no-input"}, args...)...)
		if c.free {
			continue
		}
		for line := range strings.SplitSeq(ansi.Strip(text), "\n") {
			line = line[strings.LastIndex(line, "\r")+1:]
			if n := ansi.StringWidth(line); n > treeWidth && tabular(line) {
				t.Errorf("closup %s: a line of %d cells in a terminal of %d: %q", c.args, n, treeWidth, line)
			}
		}
		if strings.Contains(text, "\x1b[3") || strings.Contains(text, "\x1b[9") {
			t.Errorf("closup %s has colours although NO_COLOR is set: %q", c.args, firstEscape(text))
		}
	}
}

// tabular says whether a line is one of a table: its words stand in columns.
// A sentence is wrapped by the terminal.
func tabular(line string) bool { return strings.Contains(strings.TrimLeft(line, " "), "  ") }

func firstEscape(s string) string {
	at := strings.IndexAny(s, "\x1b\r")
	return s[max(0, at-40):min(len(s), at+40)]
}

func walkTree(cmd *cobra.Command, see func(*cobra.Command)) {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() || c.Name() == "help" {
			continue
		}
		if c.Runnable() && !c.HasSubCommands() {
			see(c)
		}
		walkTree(c, see)
	}
}

// typescript runs closup with a terminal of so many columns as its output, and
// returns all that it wrote there.
func (b *bench) typescript(columns int, args ...string) string {
	b.Helper()
	near, far := b.terminal(columns)
	cmd := b.command(args...)
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = far, far, far
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	far.Close()
	done := make(chan string)
	go func() {
		var text bytes.Buffer
		_, _ = io.Copy(&text, near) // it ends with an error when nobody has the far end any more
		done <- text.String()
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	text := <-done
	near.Close()
	return strings.ReplaceAll(text, "\r\n", "\n")
}

// terminal is both ends of a new one (pty(7)).
func (b *bench) terminal(columns int) (near, far *os.File) {
	b.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		b.Fatal(err)
	}
	fd := int(near.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)})
	}
	if err == nil {
		far, err = os.OpenFile(filepath.Join("/dev/pts", fmt.Sprint(n)), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		b.Fatal(err)
	}
	return near, far
}

// TestCompletion completes devices, ports, presets, targets and causes by name,
// and each flag that names one of several.
func TestCompletion(t *testing.T) {
	b := newBench(t, "article")
	for _, c := range []struct{ args, want string }{
		{"push --only ", "leaf2"},
		{"diff --only ", "k8s1"},
		{"preflight --only ", "spine1"},
		{"render --device ", "leaf1"},
		{"render --target ", "ansible"},
		{"plan --routes ", "leaf1"},
		{"new --preset ", "dual-stack"},
		{"demo --preset ", "reference"},
		{"diagnose ", "leaf1"},
		{"diagnose leaf1:", "leaf1:swp32"},
		{"diagnose --cause ", "mtu-mismatch"},
		{"lab break ", "random"},
		{"lab break mtu leaf1:", "leaf1:swp1"},
		{"lab exec ", "leaf1"},
		{"lab up --backend ", "sim"},
		{"diff --context ", "all"},
		{"status -o ", "json"},
		{"--theme ", "high-contrast"},
		{"pu", "push"},
	} {
		args := append([]string{"__complete"}, strings.Split(c.args, " ")...)
		out, _ := b.ok(args...)
		var words []string
		for line := range strings.Lines(out) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, word)
		}
		if !slices.Contains(words, c.want) {
			t.Errorf("closup %s: %s is not offered; there are %v", c.args, c.want, words)
		}
	}
	if out, _ := b.ok("__complete", "push", "--only", ""); strings.Contains(out, "nobody") {
		t.Error("a device is offered that there is not")
	}
}
