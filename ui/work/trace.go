package work

import (
	"context"

	"closup/model"
	"closup/provision"
)

// traced is t, telling every command that it starts; t itself where nobody
// listens.
func traced(t provision.Transport, tell func(device, command string)) provision.Transport {
	if tell == nil {
		return t
	}
	return tracer{t, tell}
}

type tracer struct {
	provision.Transport
	tell func(device, command string)
}

// Dial implements provision.Transport.
func (t tracer) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	s, err := t.Transport.Dial(ctx, e)
	if err != nil {
		return nil, err
	}
	return tracedSession{s, func(command string) { t.tell(e.Device, command) }}, nil
}

type tracedSession struct {
	provision.Session
	tell func(command string)
}

// Unwrap gives the session below.
func (s tracedSession) Unwrap() provision.Session { return s.Session }

// Start implements provision.Session.
func (s tracedSession) Start(ctx context.Context, command string) (*provision.Proc, error) {
	s.tell(command)
	return s.Session.Start(ctx, command)
}
