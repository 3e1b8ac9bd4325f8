package work

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
)

// secondLook is how long a link that may be flapping is watched.
const secondLook = 2500 * time.Millisecond

// Examination is what every device said when it was asked why, and what it
// means, the likeliest cause first.
type Examination struct {
	Plan     *model.Plan
	Snapshot observe.Snapshot
	Findings []diagnose.Finding
}

// Walk goes down the fault tree for a part of the fabric.
func (e *Examination) Walk(scope diagnose.Scope) diagnose.Walk {
	return diagnose.WalkThrough(e.Plan, e.Snapshot, e.Findings, scope)
}

// Examine asks every device for its evidence. Where a link may be flapping it
// asks twice.
func (w *Watcher) Examine(ctx context.Context) (*Examination, error) {
	if w.observer == nil {
		return nil, errors.New("nothing is watched yet")
	}
	s := w.observer.Examine(ctx)
	if diagnose.Restless(w.plan, s) {
		select {
		case <-time.After(secondLook):
			s = w.observer.Examine(ctx)
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &Examination{w.plan, s, diagnose.Find(w.plan, s)}, nil
}

// Examine is the same for one question, without a watch.
func (p *Project) Examine(ctx context.Context, inLab bool) (*Examination, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return w.Examine(ctx)
}

// Diagnose asks every device for its evidence and says what is wrong, the
// likeliest cause first.
func (p *Project) Diagnose(ctx context.Context, inLab bool) ([]diagnose.Finding, error) {
	e, err := p.Examine(ctx, inLab)
	if err != nil {
		return nil, err
	}
	return e.Findings, nil
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
