package provision

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// asRoot becomes root without a password, or is root already, and runs what
// comes on standard input. It means the same in every login shell.
const asRoot = `sh -c 'test "$(id -u)" -eq 0 && exec sh -s; exec sudo -n sh -s'`

// RunRoot runs a POSIX sh script as root and returns what it printed. The
// script travels on standard input, whole: the device runs nothing of one that
// arrives cut off. What a login shell prints of its own accord is not in the
// answer. It answers *ExitError where the script ended with another status
// than 0, ErrSudo where the device does not let the user be root, ErrOutput
// where the answer is not whole.
func RunRoot(ctx context.Context, s Session, script string) ([]byte, error) {
	mark := "closup-" + rand.Text()
	var b strings.Builder
	// Nothing runs before the last line is there: the shell reads a function
	// to its end first, and the script's own commands find no input.
	fmt.Fprintf(&b, "closup_main() {\n%s\n}\n", script)
	b.WriteString("PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin; LC_ALL=C; export PATH LC_ALL; umask 077\n")
	fmt.Fprintf(&b, "printf '\\n%[1]s\\n'; (closup_main) </dev/null; s=$?; printf '\\n%[1]s %%d\\n' $s; exit $s\n", mark)

	out, err := Run(ctx, s, asRoot, strings.NewReader(b.String()))
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
	if exit != nil {
		exit.Command = script
	}
	return body[:end], err
}

// sudoReason is what stands in a user's way to root, and what to do about it.
func sudoReason(stderr string) string {
	for _, r := range []struct{ match, say string }{
		{"password is required", "it asks for a password; allow the user sudo without one (NOPASSWD in sudoers)"},
		{"terminal is required", "it asks for a password; allow the user sudo without one (NOPASSWD in sudoers)"},
		{"not in the sudoers", "the user is not in sudoers; add him there with NOPASSWD"},
		{"not allowed to", "sudoers does not let the user run sh as root"},
		{"must have a tty", "sudoers wants a terminal (requiretty); turn that off for the user"},
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

// Quote makes s one word of a POSIX shell.
func Quote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
