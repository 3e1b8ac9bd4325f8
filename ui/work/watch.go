package work

import (
	"context"
	"time"

	"closup/model"
	"closup/provision/observe"
	"closup/provision/ssh"
)

// Watcher holds what the devices say beside what the plan expects.
type Watcher struct {
	plan     *model.Plan
	routes   []model.Route
	observer *observe.Observer
	rounds   <-chan observe.Snapshot
	stop     context.CancelFunc
}

// Watch asks every device again and again, at least every apart, until ctx ends
// or Close is called. The plan is the one of this moment; after an edit a new
// Watcher is needed.
func (p *Project) Watch(ctx context.Context, inLab bool, every time.Duration) (*Watcher, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return nil, err
	}
	ctx, w.stop = context.WithCancel(ctx)
	w.rounds = w.observer.Watch(ctx, every)
	return w, nil
}

// Next waits for the next round; false: there is none any more.
func (w *Watcher) Next() (observe.Status, bool) {
	s, ok := <-w.rounds
	if !ok {
		return observe.Status{}, false
	}
	return w.compare(s), true
}

// Close ends the watch and its connections; one that never began has none.
func (w *Watcher) Close() {
	if w.stop != nil {
		w.stop()
	}
	if w.observer != nil {
		w.observer.Close()
	}
}

// StatusOnce asks every device once.
func (p *Project) StatusOnce(ctx context.Context, inLab bool) (observe.Status, error) {
	w, err := p.watcher(inLab)
	if err != nil {
		return observe.Status{}, err
	}
	defer w.Close()
	s := w.observer.Round(ctx)
	return w.compare(s), ctx.Err()
}

func (p *Project) watcher(inLab bool) (*Watcher, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	endpoints, err := p.Endpoints(inLab)
	if err != nil {
		return nil, err
	}
	return &Watcher{
		plan: p.Plan, routes: p.Plan.Routes(),
		observer: observe.New(traced(p.transport(ssh.Config{}), p.Trace), p.Plan, endpoints),
	}, nil
}

func (w *Watcher) compare(s observe.Snapshot) observe.Status {
	return observe.Compare(w.plan, w.routes, s)
}
