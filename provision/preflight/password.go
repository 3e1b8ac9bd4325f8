package preflight

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"closup/provision"
)

// A box fresh from the factory may want a new password before anything else.
// sshd then runs passwd(1) in whatever terminal it is given, and hangs up.

// ErrPassword is a new password that a device does not take.
var ErrPassword = errors.New("the password was not changed")

// passwordLimit is how long a device may take for the whole dialogue.
const passwordLimit = 30 * time.Second

// The prompts of passwd and PAM (Linux-PAM's pam_unix and pam_pwquality,
// shadow-utils, busybox).
var (
	askOld   = regexp.MustCompile(`(?i)(current|old|\(current\)).{0,20}password:$`)
	askAgain = regexp.MustCompile(`(?i)(re-?type|re-?enter|repeat|again|confirm).{0,30}password.{0,10}:$|password \(again\):$`)
	askNew   = regexp.MustCompile(`(?i)(enter )?new.{0,20}password:$`)
	changed  = regexp.MustCompile(`(?i)updated successfully|password changed|changed successfully|tokens updated`)
)

// SetPasswords changes the expired password of each target's user, in a
// terminal. Secrets go to passwd's prompts and nowhere else. The error names
// every device on which it failed, with what the device said.
func SetPasswords(ctx context.Context, t provision.Transport, targets []Target, old, fresh provision.Secret) error {
	return each(ctx, t, targets, func(ctx context.Context, s provision.Session, target Target) error {
		ctx, cancel := context.WithTimeout(ctx, passwordLimit)
		defer cancel()
		if err := setPassword(ctx, s, old, fresh); err != nil {
			return fmt.Errorf("%s: %w", target.Device.Name, err)
		}
		return nil
	})
}

func setPassword(ctx context.Context, s provision.Session, old, fresh provision.Secret) error {
	p, err := provision.StartTerminal(ctx, s, "true")
	if err != nil {
		return err
	}
	defer p.Stdin.Close()
	var said, line strings.Builder // all of it, and what stands on the last line
	asked := map[*regexp.Regexp]bool{}
	answer := func(prompt *regexp.Regexp, secret provision.Secret) bool {
		if asked[prompt] {
			return false
		}
		asked[prompt] = true
		line.Reset()
		_, err := fmt.Fprintf(p.Stdin, "%s\n", secret.Reveal())
		return err == nil
	}
	out := bufio.NewReader(p.Stdout)
	for {
		b, err := out.ReadByte()
		if err != nil {
			break // sshd hangs up at the end
		}
		said.WriteByte(b)
		if b == '\n' || b == '\r' {
			line.Reset()
			continue
		}
		line.WriteByte(b)
		if b != ':' {
			continue
		}
		text, good := line.String(), true
		switch {
		case askOld.MatchString(text):
			good = answer(askOld, old)
		case askAgain.MatchString(text):
			good = answer(askAgain, fresh)
		case askNew.MatchString(text):
			good = answer(askNew, fresh)
		}
		if !good { // it asks a second time: what it was given does not do
			_ = p.Stdin.Close()
			return refusedBy(said.String())
		}
	}
	waited := p.Wait()
	switch {
	case changed.MatchString(said.String()):
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: it asked nothing that is known, in %v", ErrPassword, passwordLimit)
	case waited == nil && len(asked) == 0:
		return nil // it was not expired any more
	case waited == nil && asked[askAgain] && !strings.Contains(strings.ToLower(said.String()), "error"):
		return nil
	}
	return refusedBy(said.String())
}

// refusedBy is the device's own reason, without its prompts.
func refusedBy(said string) error {
	var reasons []string
	for line := range strings.Lines(strings.ReplaceAll(provision.Plain(said), "\r", "\n")) {
		line = strings.TrimSpace(line)
		for _, prompt := range []*regexp.Regexp{askOld, askAgain, askNew} {
			line = strings.TrimSpace(prompt.ReplaceAllString(line, ""))
		}
		lower := strings.ToLower(line)
		switch {
		case line == "", strings.HasPrefix(lower, "warning: your password"), strings.HasPrefix(lower, "you must change"), strings.HasPrefix(lower, "you are required"), strings.HasPrefix(lower, "changing password"), strings.HasPrefix(lower, "linux "):
		default:
			reasons = append(reasons, line)
		}
	}
	if len(reasons) == 0 {
		return fmt.Errorf("%w: the device gave no reason", ErrPassword)
	}
	return fmt.Errorf("%w: %s", ErrPassword, strings.Join(reasons[max(0, len(reasons)-3):], "; "))
}
