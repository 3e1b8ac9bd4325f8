package work

import (
	"context"
	"time"

	"closup/provision/diagnose"
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
