package provision

import (
	"context"
	"errors"
)

// Terminal is a Session that can give a command a terminal, as `ssh -t` does.
// What the command prints comes on Stdout alone.
type Terminal interface {
	StartTerminal(ctx context.Context, cmd string) (*Proc, error)
}

// ErrNoTerminal is a session that has no terminals to give.
var ErrNoTerminal = errors.New("no terminal can be had there")

// StartTerminal runs cmd in a terminal of a session, or of one that it wraps.
func StartTerminal(ctx context.Context, s Session, cmd string) (*Proc, error) {
	for s != nil {
		if t, ok := s.(Terminal); ok {
			return t.StartTerminal(ctx, cmd)
		}
		w, ok := s.(interface{ Unwrap() Session })
		if !ok {
			break
		}
		s = w.Unwrap()
	}
	return nil, ErrNoTerminal
}
