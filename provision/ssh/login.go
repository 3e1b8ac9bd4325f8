package ssh

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"

	"closup/provision"
)

// login is the way into one hop, over as many dials as it takes. A person is
// asked between two of them: nobody's deadline, and no server's LoginGraceTime,
// runs while somebody reads a fingerprint, types, or looks for his key. Only a
// question of the device's own, such as for a one-time code, must be answered
// on the connection that asked it.
type login struct {
	t   *Transport
	hop hop

	asked    bool              // about the host key
	password *provision.Secret // nil: not asked for yet
	touch    bool              // a security key's turn is ours
	without  map[string]error  // key files that stay locked, and why
	keyOnly  *xssh.PublicKey   // where set, it gets the host's key, and nobody logs in

	// Of the handshake under way:
	missing *lack // what it lacked
	sent    bool  // the password
	hint    string
}

// lack is what a handshake cannot go on without. One field is set.
type lack struct {
	passphrase string // of that file
	password   bool
	touch      string // of the security key of that name
}

func (lack) Error() string { return "a passphrase, a password or a touch is needed" }

// lacks notes what is missing.
func (l *login) lacks(what lack) error {
	if l.missing == nil {
		l.missing = &what
	}
	return what
}

// supply gets what the last handshake lacked, and goes on with it.
func (l *login) supply(ctx context.Context, via *session) (*session, error) {
	what, secrets := *l.missing, l.t.c.Secrets
	switch {
	case what.passphrase != "":
		q := provision.Question{Kind: provision.Passphrase, File: what.passphrase}
		err := secrets.Use(ctx, q, func(p provision.Secret) error { return l.t.open.open(what.passphrase, p) })
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if l.without == nil {
				l.without = map[string]error{}
			}
			l.without[what.passphrase] = err
		}
		return l.enter(ctx, via)
	case what.touch != "":
		done, err := secrets.Touch(ctx, fmt.Sprintf("Touch the security key %s, to log in to %s", what.touch, l.hop.name()))
		if err != nil {
			return nil, err
		}
		defer done()
		l.touch = true
		return l.enter(ctx, via)
	}
	var s *session
	q := provision.Question{Kind: provision.Password, Device: l.hop.title(), User: l.hop.user}
	err := secrets.Use(ctx, q, func(p provision.Secret) (err error) {
		l.password = &p
		s, err = l.enter(ctx, via)
		return err
	})
	switch {
	case errors.Is(err, provision.ErrNoSecret):
		err = l.hop.fail(provision.ErrAuth, "it asks for the password of "+l.hop.user+", and none was given", err)
	case errors.Is(err, provision.ErrWrongSecret) && !errors.Is(err, provision.ErrAuth):
		err = l.hop.fail(provision.ErrAuth, "the password of "+l.hop.user+" was wrong before, and is not tried again", err)
	}
	return s, err
}

// next chooses the method that is tried next; see RFC 4252 for their names.
func (l *login) next(ctx context.Context, keys *keyRing) func(*xssh.ClientAuthContext) (xssh.AuthMethod, error) {
	return func(c *xssh.ClientAuthContext) (xssh.AuthMethod, error) {
		if l.missing != nil {
			return nil, *l.missing
		}
		open := func(method string) bool {
			return slices.Contains(c.AllowedMethods, method) &&
				!slices.Contains(c.TriedMethods, method) && !slices.Contains(c.PartialSuccessMethods, method)
		}
		typed := open("keyboard-interactive") || open("password")
		switch {
		case open("publickey") && len(keys.signers) > 0:
			return xssh.PublicKeys(keys.signers...), nil
		case l.hop.onlyKeys || !typed:
			return nil, nil
		case !l.t.c.Secrets.Possible():
			l.hint = "it takes a password, and nobody can be asked for it here: run closup on a terminal without --no-input"
			return nil, nil
		case l.sent: // one password is one attempt
			return nil, nil
		case open("keyboard-interactive"):
			return xssh.KeyboardInteractive(l.challenge(ctx)), nil
		case l.password == nil:
			return nil, l.lacks(lack{password: true})
		}
		l.sent = true
		return xssh.Password(l.password.Reveal()), nil
	}
}

var (
	asksPassword = regexp.MustCompile(`(?i)^\s*(\([^)]*\)\s*)?(\S+'s\s+)?password(\s+for\s+\S+)?\s*:?\s*$`)
	asksForNew   = regexp.MustCompile(`(?i)(new|retype|re-enter|current|old)\b.*password|password.*(again|expired)`)
	saysExpired  = regexp.MustCompile(`(?i)expired|required to change|must be changed|change your password`)
)

var errMustChange = errors.New("its password must be changed")

// challenge answers keyboard-interactive questions (RFC 4256): the one for the
// password as the password is, all others one by one.
func (l *login) challenge(ctx context.Context) xssh.KeyboardInteractiveChallenge {
	return func(name, instruction string, questions []string, echos []bool) ([]string, error) {
		said := strings.TrimSpace(provision.Plain(name + "\n" + instruction))
		if said != "" && len(questions) > 0 {
			l.t.c.Log(l.hop.device, said)
		}
		if saysExpired.MatchString(said) || slices.ContainsFunc(questions, asksForNew.MatchString) {
			l.hint = "its password must be changed first: log in with `ssh " + l.hop.user + "@" + l.hop.host + "` once"
			return nil, errMustChange
		}
		if len(questions) == 1 && !echos[0] && asksPassword.MatchString(provision.Plain(questions[0])) {
			switch {
			case l.password == nil:
				return nil, l.lacks(lack{password: true})
			case l.sent:
				return nil, provision.ErrWrongSecret
			}
			l.sent = true
			return []string{l.password.Reveal()}, nil
		}
		answers := make([]string, 0, len(questions))
		for i, text := range questions {
			answer, err := l.t.c.Secrets.Put(ctx, provision.Question{
				Kind: provision.Answer, Device: l.hop.title(), User: l.hop.user,
				Prompt: strings.Join(strings.Fields(provision.Plain(text)), " "), Echo: echos[i],
			})
			if err != nil {
				l.hint = "a question of its own stayed without an answer"
				return nil, err
			}
			answers = append(answers, answer.Reveal())
		}
		return answers, nil
	}
}
