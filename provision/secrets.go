package provision

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// SecretKind is what a secret opens.
type SecretKind uint8

const (
	Passphrase   SecretKind = iota // of a private key's file
	Password                       // of the user who logs in
	SudoPassword                   // of the user who becomes root
	Answer                         // to a question of the device's own, such as a one-time code
	OldPassword                    // of a user who must change it
	NewPassword                    // that he chooses
	SamePassword                   // the new one once more
)

// Question asks somebody for a secret.
type Question struct {
	Kind   SecretKind
	Device string // the device, or jump host, that it is for; empty for a Passphrase
	User   string
	File   string // Passphrase: the key's path
	Prompt string // Answer: what the device asks, made plain
	Echo   bool   // Answer: it may be seen while it is typed
	Again  bool   // the last one was wrong
	Alone  bool   // the device does not take the one that others took
}

// String is the question as it is put, without an end.
func (q Question) String() string {
	text := ""
	if q.Again {
		text = "That was wrong. "
	}
	switch {
	case q.Kind == Passphrase:
		return text + "Passphrase of " + q.File
	case q.Kind == Answer:
		return text + q.Device + " asks " + q.User + ": " + q.Prompt
	}
	switch q.Kind {
	case OldPassword:
		return text + "Present password of " + q.User + " on " + q.Device
	case NewPassword:
		if q.Again {
			text = "These are not the same. "
		}
		return text + "New password"
	case SamePassword:
		return "New password again"
	}
	what := "Password"
	if q.Kind == SudoPassword {
		what = "Password for sudo"
	}
	if q.Alone {
		return text + fmt.Sprintf("%s of %s on %s, where the others' is wrong", what, q.User, q.Device)
	}
	return text + fmt.Sprintf("%s of %s (tried on %s first, then on all)", what, q.User, q.Device)
}

// shared names what one secret is good for: a file, or a user wherever he is.
func (q Question) shared() string {
	return fmt.Sprintf("%d %q %q", q.Kind, q.User, q.File)
}

var (
	// ErrWrongSecret is what was given and does not fit.
	ErrWrongSecret = errors.New("that is wrong")
	// ErrNoSecret is a secret that is needed where nobody can be asked, or
	// wants to answer.
	ErrNoSecret = errors.New("nobody can be asked for it here")
	// ErrNotGiven is the ErrNoSecret of somebody who was asked, and gave none.
	ErrNotGiven error = notGiven{}
)

type notGiven struct{}

func (notGiven) Error() string        { return "none was given" }
func (notGiven) Is(target error) bool { return target == ErrNoSecret }

// secretTries is how often one secret is asked for.
const secretTries = 3

// Secrets asks for secrets, each once, and keeps them for as long as it lives,
// in memory alone. One that fits on the first device is used on all; until then
// the others wait, so that a slip of the hand is one failed login and not one
// for each device. nil is one that asks nobody. It may be used by several
// goroutines.
type Secrets struct {
	// Ask puts the question to somebody; it is called for one at a time.
	// ErrNotGiven, or an empty secret, says that he gives none.
	Ask func(context.Context, Question) (Secret, error)
	// Tell says what is waited for, such as the touch of a security key, and with
	// an empty text that it is over; may be nil.
	Tell func(text string)

	mu      sync.Mutex
	entries map[string]*secretEntry
	noted   map[string]bool
	asking  turn
	touches turn
}

// secretEntry is one secret, as far as it is known. turn guards it.
type secretEntry struct {
	turn
	secret Secret
	have   bool
	fits   bool
	none   error // nobody gives it
}

// turn is a lock that a context can give up waiting for.
type turn struct {
	once sync.Once
	slot chan struct{}
}

func (t *turn) begin() { t.once.Do(func() { t.slot = make(chan struct{}, 1) }) }

func (t *turn) take(ctx context.Context) error {
	t.begin()
	select {
	case t.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// try takes the turn where nobody has it.
func (t *turn) try() bool {
	t.begin()
	select {
	case t.slot <- struct{}{}:
		return true
	default:
		return false
	}
}

func (t *turn) give() { <-t.slot }

// Possible says whether there is somebody to ask.
func (s *Secrets) Possible() bool { return s != nil && s.Ask != nil }

// Use calls try with the secret that q asks for, and asks for it where it is
// not known yet. try answers ErrWrongSecret, which may be wrapped, where it does
// not fit; then it is asked for again. While somebody is asked, or waited for,
// clocks of WithTimeout stand still.
func (s *Secrets) Use(ctx context.Context, q Question, try func(Secret) error) error {
	if !s.Possible() {
		return ErrNoSecret
	}
	shared := s.entry(q.shared())
	fits, err := s.settle(ctx, shared, q, try)
	if !fits || !errors.Is(err, ErrWrongSecret) || q.Kind == Passphrase {
		return err
	}
	q.Alone = true
	fits, err = s.settle(ctx, s.entry(q.shared()+" "+q.Device), q, try)
	if fits && errors.Is(err, ErrWrongSecret) {
		return fmt.Errorf("%w, though it was right before", err)
	}
	return err
}

// settle tries an entry's secret. Where it is known to fit, the turn is given
// back first, and fits is true.
func (s *Secrets) settle(ctx context.Context, e *secretEntry, q Question, try func(Secret) error) (fits bool, err error) {
	resume := Pause(ctx)
	err = e.take(ctx)
	resume()
	if err != nil {
		return false, err
	}
	if e.fits {
		secret := e.secret
		e.give()
		return true, try(secret)
	}
	defer e.give()
	for range secretTries {
		if e.none != nil {
			return false, e.none
		}
		if !e.have {
			if e.secret, e.none = s.ask(ctx, q); e.none != nil {
				if ctx.Err() != nil { // it was not refused
					err, e.none = e.none, nil
					return false, err
				}
				return false, e.none
			}
			e.have = true
		}
		err = try(e.secret)
		if !errors.Is(err, ErrWrongSecret) {
			e.fits = err == nil
			return false, err
		}
		e.have, q.Again = false, true
	}
	e.none = err
	return false, err
}

// Put asks what is good for one time only.
func (s *Secrets) Put(ctx context.Context, q Question) (Secret, error) {
	if !s.Possible() {
		return Secret{}, ErrNoSecret
	}
	return s.ask(ctx, q)
}

func (s *Secrets) ask(ctx context.Context, q Question) (Secret, error) {
	defer Pause(ctx)()
	if err := s.asking.take(ctx); err != nil {
		return Secret{}, err
	}
	defer s.asking.give()
	secret, err := s.Ask(ctx, q)
	if err == nil && secret.Empty() && !q.Echo {
		err = ErrNotGiven
	}
	return secret, err
}

// Touch waits for the turn to use a security key: one is touched at a time, and
// whoever holds it is told for what. The answer ends the turn.
func (s *Secrets) Touch(ctx context.Context, what string) (done func(), err error) {
	if s == nil {
		return func() {}, nil
	}
	resume := Pause(ctx)
	err = s.touches.take(ctx)
	resume()
	if err != nil {
		return nil, err
	}
	if s.Tell == nil {
		return s.touches.give, nil
	}
	s.Tell(what)
	return func() { s.Tell(""); s.touches.give() }, nil
}

// Renew forgets what was refused and what was wrong, so that it is asked for
// again: for whoever begins anew with the same Secrets. What fitted stays.
func (s *Secrets) Renew() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, e := range s.entries {
		if !e.try() {
			continue // somebody is asked right now
		}
		if !e.fits {
			delete(s.entries, name)
		}
		e.give()
	}
}

func (s *Secrets) entry(name string) *secretEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries == nil {
		s.entries = map[string]*secretEntry{}
	}
	if s.entries[name] == nil {
		s.entries[name] = &secretEntry{}
	}
	return s.entries[name]
}

// note remembers that something is so; noted says whether it is.
func (s *Secrets) note(what string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noted == nil {
		s.noted = map[string]bool{}
	}
	s.noted[what] = true
}

// forget has it found out anew whether something is so.
func (s *Secrets) forget(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.noted, what)
}

func (s *Secrets) isNoted(what string) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.noted[what]
}
