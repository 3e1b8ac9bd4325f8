package observe

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
)

const (
	// How old what is not read in every round may become. A part that took
	// long is left alone longer, so that a large table costs as little as a
	// small one: it is read again after slowIdle times as long as it took, and
	// where it changes all the time after slowBusy times.
	routesAge, systemAge, lldpAge = 15 * time.Second, 30 * time.Second, time.Minute
	slowIdle, slowBusy            = 200, 20
	// The pause before a router that does not answer is asked again by a
	// program's start, which is what costs; and where nothing can be held.
	firstRest, lastRest, scriptRest = time.Second, 5 * time.Second, 4 * time.Second
)

// asked is one device and what is known of it. What stands below poll belongs
// to whoever made busy.
type asked struct {
	name     string
	endpoint model.Endpoint
	known    bool // it has an endpoint
	nvue     bool // it has NVUE, which may be asked by who is no root
	paths    int  // that its tables may have, of every prefix by each of its sessions

	mu      sync.Mutex
	last    reading
	busy    chan struct{} // closed at the end of the poll under way; nil: none
	since   time.Time     // of that poll
	waits   bool          // for room, and not for the device
	pause   time.Duration
	again   time.Time // not to be asked before
	stirred bool      // the kernel told of a change since the system was read
	told    *told     // the stream of the kernel's changes
	hot     time.Time // until then it is asked again quickly, for what follows from that

	poll struct {
		session  provision.Session
		router   router
		noSocket bool // bgpd's socket was tried on this connection
		single   bool // nothing can be held: sshd takes one command at a time, or vtysh cannot be talked to
		refused  int  // vtysh in a row that could not be talked to
		hung     int  // the vtysh that a hanging daemon holds up; 0: none
		rest     time.Duration
		toldAt   time.Time // when a stream of changes was begun last
		took     struct{ routes, system time.Duration }
		full     int // polls in a row that had no room for its tables
	}
}

// how says what a poll is for.
type how struct {
	now  bool // also what rests; what changed is read again at once
	deep bool // for the evidence too
	hold bool // more polls follow: a connection is worth holding open
}

// query asks one device. A connection that broke since the last round is
// dialled again at once, and an answer that is not whole is asked for again:
// both happen to healthy devices.
func (o *Observer) query(a *asked, h how) (reading, error) {
	limit := askTimeout
	if h.deep || a.nvue {
		limit = examineTimeout
	}
	ctx, cancel := provision.WithTimeout(o.ctx, limit)
	defer cancel()
	var err error
	for range 2 {
		old := a.poll.session != nil
		if !old {
			if a.poll.session, err = o.t.Dial(ctx, a.endpoint); err != nil {
				a.poll.session = nil
				return reading{}, err
			}
		}
		var r reading
		if r, err = o.once(ctx, a, h); err == nil {
			return r, nil
		}
		switch {
		case errors.Is(err, provision.ErrSudo):
			return reading{}, err
		case errors.Is(err, errGarbled):
			continue
		case errors.Is(err, provision.ErrBusy):
			again := !a.poll.single
			a.drop() // what is held gives its place back too late
			a.poll.single = true
			if again {
				continue
			}
			return reading{}, err
		}
		a.drop()
		if !old || ctx.Err() != nil {
			break
		}
	}
	return reading{}, err
}

// errGarbled is an answer that cannot be read.
var errGarbled = errors.New("the answer cannot be read")

// once asks over the connection that is held.
func (o *Observer) once(ctx context.Context, a *asked, h how) (reading, error) {
	if h.hold && !a.poll.single {
		o.listen(a)
	}
	if a.last.byNVUE && a.poll.router == nil {
		if r, err := o.throughNVUE(ctx, a, h, provision.ErrSudo); err == nil || !errors.Is(err, provision.ErrSudo) {
			return r, err
		}
	}
	if !h.deep && !a.poll.single && a.poll.hung == 0 {
		r, err := o.look(ctx, a, h)
		if !errors.Is(err, errNotHeld) {
			return r, err
		}
	}
	leave, err := o.enter(ctx, a, true)
	if err != nil {
		return reading{}, err
	}
	defer leave()
	var r reading
	for spoken := a.last.dialect; ; spoken = r.dialect {
		out, err := provision.RunRoot(ctx, a.poll.session, unhang(a.poll.hung)+question(spoken, h.deep))
		if errors.Is(err, provision.ErrSudo) && a.nvue {
			return o.throughNVUE(ctx, a, h, err)
		}
		if err != nil {
			return reading{}, err
		}
		if r, err = answered(a.name, spoken, out, o.now(), h.deep); err != nil {
			return reading{}, fmt.Errorf("%w: %w", errGarbled, err)
		}
		a.poll.hung = 0
		if r.dialect == spoken {
			break
		}
	}
	switch {
	case errors.Is(r.Err, errHangs):
		a.poll.hung = -1
		fallthrough
	case r.Err != nil:
		a.poll.rest = min(max(2*a.poll.rest, firstRest), lastRest)
	case a.poll.refused > 1: // though it answers a script
		a.poll.single = true
		fallthrough
	case a.poll.single:
		a.poll.rest = scriptRest
	default:
		a.poll.rest = 0
	}
	return r, nil
}

// unhang ends a held vtysh that a daemon holds up: it cannot see that nobody
// waits for it any more.
func unhang(pid int) string {
	if pid <= 0 {
		return ""
	}
	return fmt.Sprintf("[ \"$(cat /proc/%d/comm 2>/dev/null)\" != vtysh ] || kill %[1]d 2>/dev/null\n", pid)
}
