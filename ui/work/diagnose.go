package work

import (
	"context"
	"net/netip"
	"time"

	"closup/provision/diagnose"
	"closup/provision/observe"
)

// secondLook is how long a link that may be flapping is watched.
const secondLook = 2500 * time.Millisecond

// Diagnose asks every device for its evidence and says what is wrong, the
// likeliest cause first. Where a link may be flapping it asks twice.
func (p *Project) Diagnose(ctx context.Context, inLab bool) ([]diagnose.Finding, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	s := w.observer.Examine(ctx)
	if diagnose.Restless(p.Plan, s) {
		select {
		case <-time.After(secondLook):
			s = w.observer.Examine(ctx)
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return diagnose.Find(p.Plan, s), nil
}

// TraceTo asks every device once and follows an address.
func (p *Project) TraceTo(ctx context.Context, inLab bool, address netip.Addr) (observe.Trace, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return observe.Trace{}, err
	}
	defer w.Close()
	s := w.observer.Round(ctx)
	if ctx.Err() != nil {
		return observe.Trace{}, ctx.Err()
	}
	return observe.TraceTo(p.Plan, w.routes, s, address)
}
