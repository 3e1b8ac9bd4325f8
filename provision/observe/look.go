package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"closup/provision"
)

// errNotHeld says that the router cannot be asked over something held open.
var errNotHeld = errors.New("nothing is held open")

// look asks the router over what is held open: for its sessions, and for the
// rest where that changed or is old.
func (o *Observer) look(ctx context.Context, a *asked, h how) (reading, error) {
	r, changed, err := o.glance(ctx, a, h)
	if err != nil || r.Err != nil {
		return r, err
	}
	err = o.routes(ctx, a, &r, h, changed || !sameFIB(r.Kernel, a.last.Kernel))
	return r, err
}

// sameFIB says that the kernel's routes, by which the ports of tables are known,
// are the same.
func sameFIB(a, b []KernelRoute) bool {
	return slices.EqualFunc(a, b, func(x, y KernelRoute) bool {
		return slices.Equal(x.Hops, y.Hops) && x.Prefix == y.Prefix && x.Protocol == y.Protocol && x.Port == y.Port && x.Blackhole == y.Blackhole
	})
}

// glance is look without the tables. It says whether they may have changed.
func (o *Observer) glance(ctx context.Context, a *asked, h how) (r reading, changed bool, err error) {
	r = a.last
	fresh := a.poll.router == nil
	if fresh {
		leave, err := o.turn(ctx, a, o.works, 1)
		if err != nil {
			return r, false, err
		}
		err = o.hold(ctx, a, h)
		leave()
		if err != nil {
			return r, false, err
		}
	}
	before := r.change
	r.Reachable, r.Err, r.byNVUE = true, nil, false
	err = o.sessions(ctx, a, &r, fresh)
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
		return r, false, nil
	case ctx.Err() != nil:
		return r, false, err
	case !fresh:
		// The daemon went, or all of it was restarted: what is held must be anew.
		a.unhold()
		return o.glance(ctx, a, h)
	case errors.As(err, &said):
		a.unhold()
		a.poll.noSocket = false
		return r, false, errNotHeld // the script says it in full
	default:
		a.unhold()
		return r, false, errNotHeld
	}
	a.poll.rest = 0
	changed = fresh || r.change != before
	err = o.system(ctx, a, &r, h)
	return r, changed, err
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
	leave, err := o.turn(ctx, a, o.works, 1)
	if err != nil {
		return err
	}
	defer leave()
	begin = o.now()
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
	age, took := o.now().Sub(r.Read.Routes), a.poll.took.routes
	switch {
	case changed && (h.now || age >= slowBusy*took):
	case changed:
		r.change = 0 // it is still to be read
		return nil
	case age < max(routesAge, slowIdle*took):
		return nil
	}
	leave, err := o.enter(ctx, a, h.now || a.poll.full >= tooFull)
	if err != nil {
		return err
	}
	if leave == nil { // its sessions need not wait for its tables
		a.poll.full++
		r.change = 0
		return nil
	}
	defer leave()
	begin := o.now()
	a.poll.full = 0
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
	if err := r.tables(r.dialect, tables[0], tables[1], o.now()); err != nil {
		return fmt.Errorf("%w: %w", errGarbled, err)
	}
	a.poll.took.routes = o.now().Sub(begin)
	return nil
}
