package preflight

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"closup/provision"
)

// dialogue is a session whose terminal plays a part: what stands before a | is
// printed, and then a line is waited for and compared with what stands behind.
type dialogue struct {
	t      *testing.T
	script []string
	status int
}

func (d dialogue) Start(context.Context, string) (*provision.Proc, error) {
	return nil, errors.New("no")
}

func (d dialogue) DialUnix(context.Context, string) (net.Conn, error) { return nil, errors.New("no") }
func (d dialogue) Close() error                                       { return nil }

func (d dialogue) StartTerminal(context.Context, string) (*provision.Proc, error) {
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer out.Close()
		lines := bufio.NewReader(in)
		for _, step := range d.script {
			print, wants, asks := strings.Cut(step, "|")
			_, _ = io.WriteString(out, strings.ReplaceAll(print, "\n", "\r\n"))
			if !asks {
				continue
			}
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			if strings.TrimSpace(line) != wants {
				d.t.Errorf("after %q came %q", print, line)
			}
		}
	}()
	return &provision.Proc{Stdin: stdin, Stdout: stdout, Stderr: strings.NewReader(""), Wait: func() error {
		<-ended
		if d.status != 0 {
			return &provision.ExitError{Status: d.status}
		}
		return nil
	}}, nil
}

func TestSetPassword(t *testing.T) {
	debian := []string{
		"WARNING: Your password has expired.\nYou must change your password now and login again!\nChanging password for cumulus.\n",
		"Current password: |old", "\nNew password: |fresh", "\nRetype new password: |fresh",
	}
	for _, c := range []struct {
		name   string
		script []string
		status int
		fails  string
	}{
		{"debian", append(debian[:4:4], "\npasswd: password updated successfully\n"), 1, ""},
		{"older PAM", []string{"(current) UNIX password: |old", "\nEnter new UNIX password: |fresh", "\nRetype new UNIX password: |fresh", "\npasswd: password updated successfully\n"}, 1, ""},
		{"busybox", []string{"Old password: |old", "\nNew password: |fresh", "\nRetype password: |fresh", "\npasswd: password for cumulus changed by cumulus\n"}, 0, ""},
		{"not expired any more", nil, 0, ""},
		{"wrong old one", append(debian[:2:2], "\npasswd: Authentication token manipulation error\npasswd: password unchanged\n"), 1, "Authentication token manipulation error; passwd: password unchanged"},
		{"too simple", append(debian[:4:4], "\nBAD PASSWORD: it is too short\nNew password: |fresh"), 1, "BAD PASSWORD: it is too short"},
		{"silent", []string{"hello\n"}, 1, "hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := setPassword(t.Context(), dialogue{t, c.script, c.status}, provision.NewSecret("old"), provision.NewSecret("fresh"))
			switch {
			case c.fails == "" && err != nil:
				t.Error(err)
			case c.fails != "" && (!errors.Is(err, ErrPassword) || !strings.HasSuffix(err.Error(), c.fails)):
				t.Errorf("error %v, want %s", err, c.fails)
			}
		})
	}
	if err := setPassword(t.Context(), noTerminal{}, provision.Secret{}, provision.Secret{}); !errors.Is(err, provision.ErrNoTerminal) {
		t.Errorf("error %v", err)
	}
}

type noTerminal struct{ provision.Session }
