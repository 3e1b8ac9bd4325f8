package observe

import (
	"cmp"
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

	mu      sync.Mutex
	last    reading
	busy    chan struct{} // closed at the end of the poll under way; nil: none
	since   time.Time     // of that poll
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

// errNotHeld says that the router cannot be asked over something held open.
var errNotHeld = errors.New("nothing is held open")

// look asks the router over what is held open: for its sessions, and for the
// rest where that changed or is old.
func (o *Observer) look(ctx context.Context, a *asked, h how) (reading, error) {
	r := a.last
	fresh := a.poll.router == nil
	if fresh {
		if err := o.hold(ctx, a, h); err != nil {
			return r, err
		}
	}
	before := r.change
	r.Reachable, r.Err, r.byNVUE = true, nil, false
	err := o.sessions(ctx, a, &r, fresh)
	r.At = o.now()
	var said *saidError
	switch {
	case err == nil:
	case errors.Is(err, errHangs):
		if v, ok := a.poll.router.(*vtyShell); ok {
			a.poll.hung = v.pid
		}
		a.unhold()
		a.poll.hung = cmp.Or(a.poll.hung, -1)
		r.silent(errHangs)
		return r, nil
	case ctx.Err() != nil:
		return r, err
	case !fresh:
		// The daemon went, or all of it was restarted: what is held must be anew.
		a.unhold()
		return o.look(ctx, a, h)
	case errors.As(err, &said):
		a.unhold()
		a.poll.noSocket = false
		return r, errNotHeld // the script says it in full
	default:
		a.unhold()
		return r, errNotHeld
	}
	a.poll.rest = 0
	changed := fresh || r.change != before
	if err := o.system(ctx, a, &r, h); err != nil {
		return r, err
	}
	return r, o.routes(ctx, a, &r, h, changed || r.Read.System != a.last.Read.System)
}

// sessions asks for the sessions, in the router's own dialect.
func (o *Observer) sessions(ctx context.Context, a *asked, r *reading, fresh bool) error {
	var version, summary []byte
	var err error
	if fresh || r.RouterVersion == "" {
		if version, err = a.poll.router.ask(ctx, showVersion); err != nil {
			return err
		}
		r.RouterVersion = ParseVersion(version)
		r.dialect = dialectOf(r.dialect, version, nil)
	}
	for spoken := (dialect{}); r.dialect != spoken; {
		spoken = r.dialect
		if summary, err = a.poll.router.ask(ctx, spoken.summary); err != nil {
			return err
		}
		r.dialect = dialectOf(spoken, version, summary)
	}
	return r.ofSummary(summary)
}

// system reads the kernel's side where it told of a change, or where what is
// known is old.
func (o *Observer) system(ctx context.Context, a *asked, r *reading, h how) error {
	a.mu.Lock()
	stirred, begin := a.stirred, o.now()
	age, took := begin.Sub(r.Read.System), a.poll.took.system
	limit := max(systemAge, slowIdle*took)
	switch {
	case h.now && stirred:
		limit = 0
	case stirred:
		limit = max(time.Second, slowBusy*took)
	case a.told == nil:
		limit = max(2*time.Second, slowBusy*took) // nobody tells of changes
	}
	if age < limit {
		a.mu.Unlock()
		return nil
	}
	a.stirred = false
	a.mu.Unlock()
	out, err := provision.RunUser(ctx, a.poll.session, systemScript())
	if err != nil {
		return err
	}
	if err := r.system(sections(out), o.now()); err != nil {
		return fmt.Errorf("%w: %w", errGarbled, err)
	}
	a.poll.took.system = o.now().Sub(begin)
	if o.now().Sub(r.Read.LLDP) < lldpAge {
		return nil
	}
	out, err = provision.RunRoot(ctx, a.poll.session, lldpNeighbors)
	if err == nil {
		r.LLDP = ParseLLDP(out)
	}
	r.Read.LLDP = o.now()
	return nil
}

// routes reads BGP's tables where they may have changed, or are old.
func (o *Observer) routes(ctx context.Context, a *asked, r *reading, h how, changed bool) error {
	if r.noBGP() {
		r.Routes = nil
		return nil
	}
	begin := o.now()
	age, took := begin.Sub(r.Read.Routes), a.poll.took.routes
	switch {
	case changed && h.now:
	case changed && age >= slowBusy*took:
	case changed:
		r.change = 0 // it is still to be read
		return nil
	case age < max(routesAge, slowIdle*took):
		return nil
	}
	var tables [2][]byte
	for i, command := range []string{r.dialect.table4, r.dialect.table6} {
		var err error
		if tables[i], err = a.poll.router.ask(ctx, command); err != nil {
			a.unhold()
			if errors.Is(err, errHangs) {
				return errNotHeld
			}
			return fmt.Errorf("%w: %w", errGarbled, err)
		}
	}
	if err := r.tables(tables[0], tables[1], o.now()); err != nil {
		return fmt.Errorf("%w: %w", errGarbled, err)
	}
	a.poll.took.routes = o.now().Sub(begin)
	return nil
}
