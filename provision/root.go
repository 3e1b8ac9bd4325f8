package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
)

// asRoot becomes root without a password, or is root already, and runs what
// comes on standard input. It means the same in every login shell.
const asRoot = `sh -c 'test "$(id -u)" -eq 0 && exec sh -s; LC_ALL=C; export LC_ALL; exec sudo -n sh -s'`

// Login is who a session is logged in as, and who knows his secrets.
type Login struct {
	Device  string // the name in the plan
	Where   string // host:port
	User    string
	Secrets *Secrets
}

// Known is a Session that says who is logged in. Without it sudo must do
// without a password.
type Known interface{ Login() Login }

// loginOf finds the Login of a session, also below others that wrap it and say
// so by `Unwrap() Session`.
func loginOf(s Session) Login {
	for s != nil {
		if k, ok := s.(Known); ok {
			return k.Login()
		}
		w, ok := s.(interface{ Unwrap() Session })
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	return Login{}
}

// RunRoot runs a POSIX sh script as root and returns what it printed. The
// script travels on standard input, whole: the device runs nothing of one that
// arrives cut off. What a login shell prints of its own accord is not in the
// answer. Where sudo wants a password, the session's Login is asked for it; see
// sudo. It answers *ExitError where the script ended with another status than
// 0, ErrSudo where the device does not let the user be root, ErrOutput where
// the answer is not whole.
func RunRoot(ctx context.Context, s Session, script string) ([]byte, error) {
	return RunRootWritten(ctx, s, func(w io.Writer) { _, _ = io.WriteString(w, script) })
}

// RunRootWritten is RunRoot of a script that is written while it is sent, and
// that nobody holds whole: a thousand big ones at once need no room. It may be
// written twice.
func RunRootWritten(ctx context.Context, s Session, write func(io.Writer)) ([]byte, error) {
	mark := "closup-" + rand.Text()
	login := loginOf(s)
	var out []byte
	var err error
	if !login.Secrets.isNoted(login.wants()) {
		// sudo -n takes no byte for itself, so the script may go ahead at once.
		out, err = run(ctx, s, asRoot, framed(write, mark))
		if wantsPassword(out, err, mark) {
			if !login.Secrets.Possible() {
				return nil, fmt.Errorf("%w: %s", ErrSudo, noPassword)
			}
			login.Secrets.note(login.wants())
		}
	}
	if login.Secrets.isNoted(login.wants()) {
		var talk *sudoTalk
		if talk, err = sudo(ctx, s, login); err != nil {
			if errors.Is(err, ErrNoSecret) { // somebody may mend sudoers instead
				login.Secrets.forget(login.wants())
			}
			return nil, err
		}
		out, err = talk.run(framed(write, mark))
	}
	return unframed(out, err, mark)
}

// asUser runs what comes on standard input, in every login shell.
const asUser = `sh -s`

// RunUser is RunRoot without becoming root: cheaper, for what needs none.
func RunUser(ctx context.Context, s Session, script string) ([]byte, error) {
	mark := "closup-" + rand.Text()
	out, err := run(ctx, s, asUser, framed(func(w io.Writer) { _, _ = io.WriteString(w, script) }, mark))
	var exit *ExitError
	if errors.As(err, &exit) && !bytes.Contains(out, []byte(mark)) {
		return nil, fmt.Errorf("%w: the login shell did not run the command: %s", ErrOutput, firstLine(exit.Stderr))
	}
	return unframed(out, err, mark)
}

// HoldRoot starts a line of POSIX sh as root and leaves its input and output to
// the caller: for a program that answers one question after the other. The line
// holds no quote or backslash, so that every login shell passes it on, and
// redirects its standard error, which is not read. Ending ctx ends it. Whether
// sudo wants a password it only knows after a RunRoot on that device; then the
// password goes where RunRoot's does, before the line's own input.
func HoldRoot(ctx context.Context, s Session, line string) (*Proc, error) {
	login := loginOf(s)
	if !login.Secrets.isNoted(login.wants()) {
		return s.Start(ctx, `sh -c 'test "$(id -u)" -eq 0 && exec sh -c "$1"; LC_ALL=C; export LC_ALL; exec sudo -n sh -c "$1"' sh '`+line+`'`)
	}
	talk, err := sudo(ctx, s, login)
	if err != nil {
		return nil, err
	}
	return talk.hold(line)
}

// wants names the fact that this user's sudo asks for a password there.
func (l Login) wants() string { return "sudo " + l.User + "@" + l.Device + " " + l.Where }

// wantsPassword says whether nothing ran, for want of a password.
func wantsPassword(out []byte, err error, mark string) bool {
	var exit *ExitError
	return errors.As(err, &exit) && !bytes.Contains(out, []byte(mark)) &&
		(strings.Contains(exit.Stderr, "password is required") || strings.Contains(exit.Stderr, "terminal is required"))
}

// framed makes a script whose answer can be told from a login shell's chatter.
// Nothing of it runs before its last line is there: the shell reads a function
// to its end first, and the script's own commands find no input.
func framed(write func(io.Writer), mark string) func(io.Writer) {
	return func(w io.Writer) {
		_, _ = io.WriteString(w, "closup_main() {\n")
		write(w)
		_, _ = io.WriteString(w, "\n}\nPATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin; LC_ALL=C; VTYSH_HISTFILE=/dev/null; export PATH LC_ALL VTYSH_HISTFILE; umask 077\n")
		_, _ = fmt.Fprintf(w, "printf '\\n%[1]s\\n'; (closup_main) </dev/null; s=$?; printf '\\n%[1]s %%d\\n' $s; exit $s\n", mark)
	}
}

// unframed is the answer between the marks.
func unframed(out []byte, err error, mark string) ([]byte, error) {
	_, body, begun := bytes.Cut(out, []byte("\n"+mark+"\n"))
	var exit *ExitError
	errors.As(err, &exit)
	if !begun {
		if exit != nil {
			return nil, fmt.Errorf("%w: %s", ErrSudo, sudoReason(exit.Stderr))
		}
		if err == nil {
			err = fmt.Errorf("%w: the login shell did not run the command", ErrOutput)
		}
		return nil, err
	}
	end := bytes.LastIndex(body, []byte("\n"+mark+" "))
	if end < 0 {
		if err == nil || exit != nil {
			err = fmt.Errorf("%w: it stops in the middle", ErrOutput)
		}
		return body, err
	}
	return body[:end], err
}

// noPassword is what to do where a password is wanted and nobody is there.
const noPassword = "it asks for a password, and nobody can be asked here; run closup on a terminal without --no-input, or allow the user sudo without one (NOPASSWD in sudoers)"

// sudoReason is what stands in a user's way to root, and what to do about it.
func sudoReason(stderr string) string {
	for _, r := range []struct{ match, say string }{
		{"password is required", noPassword},
		{"terminal is required", noPassword},
		{"not in the sudoers", "the user is not in sudoers; add him there"},
		{"may not run sudo", "the user is not in sudoers; add him there"},
		{"not allowed to", "sudoers does not let the user run sh as root"},
		{"must have a tty", "sudoers wants a terminal (requiretty); turn that off for the user"},
		{"must be changed", "the user's password must be changed first: log in with ssh once"},
		{"is expired", "the user's account or password is expired: log in with ssh and change it"},
		{"no new privileges", "the device forbids it (no new privileges); log in as root"},
		{"not found", "the device has no sudo; log in as root, or install sudo"},
	} {
		if strings.Contains(stderr, r.match) {
			return r.say
		}
	}
	if line := firstLine(stderr); line != "" {
		return line
	}
	return "it gave no reason"
}

// sudo starts root's shell with a password: `sudo -S -k -p NONCE`. What is
// written goes only where it was asked for:
//   - the password after the prompt that holds the nonce, and once: a second
//     prompt says that it was wrong, and ends the command, so one slip is one
//     failed attempt in the device's log;
//   - what the shell is to do after a marker that it prints itself: neither does
//     sudo take it for a password, nor does a command get the password as its
//     input, where sudoers wants none after all.
func sudo(ctx context.Context, s Session, login Login) (*sudoTalk, error) {
	var talk *sudoTalk
	q := Question{Kind: SudoPassword, Device: login.Device, User: login.User}
	err := login.Secrets.Use(ctx, q, func(password Secret) (err error) {
		talk, err = becomeRoot(ctx, s, password)
		return err
	})
	switch {
	case errors.Is(err, ErrWrongSecret):
		return nil, fmt.Errorf("%w: the password of %s is wrong: %w", ErrSudo, login.User, err)
	case errors.Is(err, ErrNoSecret):
		return nil, fmt.Errorf("%w: it asks for the password of %s, and %w", ErrSudo, login.User, err)
	case err != nil:
		return nil, err
	}
	return talk, nil
}

// Quote makes s one word of a POSIX shell.
func Quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
