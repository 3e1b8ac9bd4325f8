package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"closup/ui/work"
)

// A process that is killed, or that Go ends for a fault in a goroutine, cannot
// put the terminal back. So a second one watches the wizard: it waits at a pipe
// for the word that all is in order, and where the pipe ends without it, it
// restores the terminal, keeps what Go said, and prints how to go on.

// inOrder is what the wizard writes into the pipe when it ends by itself.
const inOrder = "closup ended in order\n"

// modes are what the wizard may have turned on: the other screen, the mouse,
// pasting in brackets, a hidden cursor, colours of the whole screen, key
// reports.
const modes = ansi.ResetModeMouseButtonEvent + ansi.ResetModeMouseAnyEvent + ansi.ResetModeMouseExtSgr +
	ansi.ResetModeBracketedPaste + ansi.SetModeTextCursorEnable + ansi.ResetModeAltScreenSaveCursor +
	ansi.ResetForegroundColor + ansi.ResetBackgroundColor + ansi.ResetStyle + "\x1b[<u"

func guardCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "guard FABRIC", Hidden: true, Args: cobra.ExactArgs(1),
		Short: "Restore the terminal of a wizard that was killed",
		RunE: func(_ *cobra.Command, args []string) error {
			return guard(e.in, e.err, args[0])
		},
	}
}

// guard waits for the end of the wizard, and cleans up after one that died.
func guard(pipe io.Reader, tty io.Writer, fabric string) error {
	// Keys and a terminal that is somebody else's now must not stop us.
	signal.Ignore(syscall.SIGINT, syscall.SIGTSTP, syscall.SIGTTOU, syscall.SIGTTIN, syscall.SIGQUIT)
	var before *term.State
	f, isFile := tty.(*os.File)
	if isFile {
		before, _ = term.GetState(f.Fd())
	}
	if _, err := io.WriteString(os.Stdout, "."); err != nil { // the state is read: the wizard may begin
		return nil
	}
	said, _ := io.ReadAll(pipe)
	if strings.HasSuffix(string(said), inOrder) {
		return nil
	}
	if before != nil {
		_ = term.Restore(f.Fd(), before)
	}
	fmt.Fprint(tty, modes+"\r\n")
	if text := strings.TrimSpace(string(said)); text != "" {
		if path, err := work.SaveCrash("closup met a fault of its own.\n\nfabric  " + fabric + "\n\n" + text + "\n"); err == nil {
			fmt.Fprintf(tty, "closup stopped by a fault of its own. The details are in %s\r\n", path)
		}
	} else {
		fmt.Fprint(tty, "closup was killed.\r\n")
	}
	fmt.Fprintf(tty, "Nothing you accepted is lost. This goes on where you were:\r\n  closup -f %s\r\n", fabric)
	return nil
}

// guarded runs the wizard with a guard beside it, where one can be started.
func guarded(e *env, fabric string, wizard func() error) error {
	program, err := os.Executable()
	tty, isFile := e.err.(*os.File)
	if err != nil || !isFile || !term.IsTerminal(tty.Fd()) {
		return wizard()
	}
	read, write, err := os.Pipe()
	if err != nil {
		return wizard()
	}
	cmd := exec.Command(program, "guard", fabric)
	cmd.Stdin, cmd.Stderr = read, tty
	ready, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	_ = read.Close()
	if err != nil {
		_ = write.Close()
		return wizard()
	}
	_, _ = ready.Read(make([]byte, 1))
	_ = debug.SetCrashOutput(write, debug.CrashOptions{})
	defer func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_, _ = io.WriteString(write, inOrder)
		_ = write.Close()
		_ = cmd.Wait()
	}()
	return wizard()
}
