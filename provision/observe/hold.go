package observe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// hold opens what the router is asked over.
func (o *Observer) hold(ctx context.Context, a *asked, h how) error {
	if !a.poll.noSocket {
		v, err := dialVty(ctx, a.poll.session)
		if err == nil {
			a.poll.router = v
			return nil
		}
		a.poll.noSocket = true
	}
	// A device that is asked once, or has no router that answers, gets one
	// script and not a program to hold.
	if !h.hold && a.last.At.IsZero() || a.last.Err != nil && a.last.Reachable {
		return errNotHeld
	}
	v, said, err := openVtysh(ctx, a.poll.session)
	if err != nil {
		a.poll.refused++
		if v == nil { // it is not vtysh that refuses
			return err
		}
		if errors.Is(err, errHangs) && v.pid > 0 {
			a.poll.hung = v.pid
		}
		return fmt.Errorf("%w: %s", errNotHeld, strings.TrimSpace(string(said)))
	}
	a.poll.router, a.poll.refused = v, 0
	return nil
}

func (a *asked) unhold() {
	if a.poll.router != nil {
		a.poll.router.close()
		a.poll.router = nil
	}
}

// release gives back all that is held on the connection.
func (a *asked) release() {
	a.unhold()
	a.mu.Lock()
	t := a.told
	a.told = nil
	a.mu.Unlock()
	if t != nil {
		t.end()
	}
}

// drop ends the connection.
func (a *asked) drop() {
	a.release()
	if a.poll.session != nil {
		_ = a.poll.session.Close()
		a.poll.session = nil
	}
	a.poll.noSocket, a.poll.single, a.poll.refused, a.poll.toldAt = false, false, 0, time.Time{}
}

func jitter(d time.Duration) time.Duration { return d + rand.N(d/2+1) }
