// Package ssh is the Transport that real devices stand behind: an SSH client
// over golang.org/x/crypto/ssh which takes hosts, users, keys and jump hosts
// as OpenSSH does, and never ignores a host key.
//
// Its rules:
//   - Every wait ends. Deadlines do not work on SSH channels, so whatever
//     takes too long is ended by closing the connection under it.
//   - A host key is known, or asked about, or refused. A changed one is
//     refused, whoever asks.
//   - Nothing is left behind: a closed session has no goroutine.
package ssh

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
)

// Config is how a Transport behaves. Its zero value is strict: a host that is
// not in known_hosts is refused.
type Config struct {
	// AcceptNew takes the key of an unknown host and writes it to known_hosts,
	// as OpenSSH does with StrictHostKeyChecking=accept-new.
	AcceptNew bool
	// Ask is asked about the key of an unknown host, one host at a time. True
	// writes it to known_hosts. It is never asked about a changed key.
	Ask func(ctx context.Context, e *provision.HostKeyError) bool
	// Handshakes is how many run at once; waiting for a host that does not
	// speak is not counted. 0: 64 a core.
	Handshakes int
	// KeepAlive is how often an idle connection is probed, and how long the
	// answer may take before the connection is given up. 0: 10 s.
	KeepAlive time.Duration
	// Secrets are asked for passphrases, passwords and one-time codes, and for
	// the touch of a security key. nil: nobody is asked.
	Secrets *provision.Secrets
	// Log, where set, gets what is worth reading, such as banners. It may be
	// called by several goroutines.
	Log func(device, text string)
}

// Transport dials devices. It may be used by several goroutines.
type Transport struct {
	c     Config
	slots chan struct{} // handshakes under way
	hosts hostKeys
	open  openKeys
	ask   sync.Mutex

	mu       sync.Mutex
	bastions map[string]*bastion
	doors    map[string]chan struct{} // logins under way at each address
	settings *settings                // of ~/.ssh/config, read once
}

const (
	dialTimeout = 10 * time.Second
	// A server that is asked by too many at once drops connections before it
	// says anything (sshd's MaxStartups, 10 at first); it is asked again this
	// often, and by so many of us at once.
	dropTries = 4
	maxLogins = 8
)

// New makes a Transport.
func New(c Config) *Transport {
	if c.Handshakes <= 0 {
		c.Handshakes = 64 * runtime.GOMAXPROCS(0) // each computes for milliseconds, and waits for five round trips
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = 10 * time.Second
	}
	if c.Log == nil {
		c.Log = func(string, string) {}
	}
	if c.Secrets == nil {
		c.Secrets = &provision.Secrets{}
	}
	return &Transport{c: c, slots: make(chan struct{}, c.Handshakes), bastions: map[string]*bastion{}}
}

// Dial implements provision.Transport. Its errors are *provision.DeviceError
// or *provision.HostKeyError, or the context's own where it was cancelled.
func (t *Transport) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	hops, err := t.route(e)
	if err != nil {
		return nil, err
	}
	s, err := t.dialRoute(ctx, hops)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// dialRoute connects to the last of the hops through those before it. The
// connection to a jump host is shared by all that go through it.
func (t *Transport) dialRoute(ctx context.Context, hops []hop) (*session, error) {
	last := hops[len(hops)-1]
	if len(hops) == 1 {
		return t.connect(ctx, last, nil)
	}
	for first := true; ; first = false {
		b, err := t.through(ctx, hops[:len(hops)-1])
		if err != nil {
			return nil, err
		}
		s, err := t.connect(ctx, last, b.session)
		if err == nil {
			s.release = func() { t.leave(b) }
			return s, nil
		}
		// A shared connection that broke unnoticed is no reason against a new one.
		again := first && ctx.Err() == nil && b.session.breaks(100*time.Millisecond)
		t.leave(b)
		if !again {
			return nil, err
		}
	}
}

// connect dials one hop until it is in, refused for good, or has dropped us
// too often.
func (t *Transport) connect(ctx context.Context, h hop, via *session) (*session, error) {
	return (&login{t: t, hop: h}).enter(ctx, via)
}

func (l *login) enter(ctx context.Context, via *session) (*session, error) {
	for try := 1; ; try++ {
		s, err := l.handshake(ctx, via)
		var unknown *unknownHost
		switch {
		case err == nil:
			return s, nil
		case l.missing != nil:
			return l.supply(ctx, via)
		case errors.As(err, &unknown):
			if l.asked || l.t.c.Ask == nil || !l.t.prompt(ctx, unknown.HostKeyError) {
				return nil, unknown.HostKeyError
			}
			l.asked = true
			if err := l.t.hosts.add(l.hop, unknown.address, unknown.key); err != nil {
				return nil, err
			}
		case errors.Is(err, errDropped) && try < dropTries:
			pause := time.Duration(try) * (100*time.Millisecond + rand.N(200*time.Millisecond))
			if !sleep(ctx, pause) {
				return nil, err
			}
		default:
			return nil, err
		}
	}
}

// door is what a login at an address goes through, one of maxLogins at once.
func (t *Transport) door(address string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doors == nil {
		t.doors = map[string]chan struct{}{}
	}
	if t.doors[address] == nil {
		t.doors[address] = make(chan struct{}, maxLogins)
	}
	return t.doors[address]
}

func (t *Transport) prompt(ctx context.Context, e *provision.HostKeyError) bool {
	t.ask.Lock()
	defer t.ask.Unlock()
	return ctx.Err() == nil && t.c.Ask(ctx, e)
}

// sleep waits for d, or says that ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
