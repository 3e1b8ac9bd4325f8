package ssh

import (
	"context"
	"strings"
)

// bastion is the connection to a jump host, shared by all that go through it.
// It is dialled by the first that needs it and closed after the last.
type bastion struct {
	key     string
	ready   chan struct{} // closed once session or err is set
	session *session
	err     error
	users   int
	cancel  context.CancelFunc
}

// through is the connection to the last of the hops. leave gives it back.
func (t *Transport) through(ctx context.Context, hops []hop) (*bastion, error) {
	b := t.join(ctx, hops)
	select {
	case <-b.ready:
	case <-ctx.Done():
		t.leave(b)
		return nil, hops[len(hops)-1].classify(ctx, ctx.Err(), nil)
	}
	if b.err != nil {
		t.leave(b)
		return nil, b.err
	}
	return b, nil
}

func (t *Transport) join(ctx context.Context, hops []hop) *bastion {
	var key strings.Builder
	for _, h := range hops {
		key.WriteString(h.user + "@" + h.address() + " " + strings.Join(h.knownHosts, " ") + " " + strings.Join(h.identity, " ") + "\n")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if b := t.bastions[key.String()]; b != nil && !b.dead() {
		b.users++
		return b
	}
	// The dial belongs to all who wait for it, not to the first of them.
	dial, cancel := context.WithCancel(context.WithoutCancel(ctx))
	b := &bastion{key: key.String(), ready: make(chan struct{}), users: 1, cancel: cancel}
	t.bastions[b.key] = b
	go func() {
		defer close(b.ready)
		b.session, b.err = t.dialRoute(dial, hops)
	}()
	return b
}

// dead says that the connection failed or broke.
func (b *bastion) dead() bool {
	select {
	case <-b.ready:
		return b.err != nil || b.session.broken()
	default:
		return false
	}
}

// leave ends one use; the last one closes the connection.
func (t *Transport) leave(b *bastion) {
	t.mu.Lock()
	b.users--
	last := b.users == 0
	if last && t.bastions[b.key] == b {
		delete(t.bastions, b.key)
	}
	t.mu.Unlock()
	if !last {
		return
	}
	b.cancel()
	<-b.ready
	if b.session != nil {
		_ = b.session.Close()
	}
}
