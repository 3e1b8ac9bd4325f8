package observe

import (
	"context"
	"time"
)

// Watch asks every device again and again and sends what is known: at that
// interval, and sooner where something changed, which it asks for at least
// twice a second and is told of by the devices' kernels. A slow device is in a
// later snapshot; its last figures stand until then, with their age. Where
// snapshots are not taken, older ones are left out. The channel is closed when
// ctx ends.
func (o *Observer) Watch(ctx context.Context, every time.Duration) <-chan Snapshot {
	out := make(chan Snapshot)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		close(out)
		return out
	}
	o.work.Go(func() {
		defer close(out)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(o.ctx, cancel)()
		o.watch(ctx, every, out)
	})
	return out
}

func (o *Observer) watch(ctx context.Context, every time.Duration, out chan<- Snapshot) {
	h := how{hold: true}
	first, cancel := context.WithTimeout(ctx, every)
	await(first, o.ask(h, everyone))
	cancel()

	look := time.NewTicker(min(every, max(beat, time.Duration(len(o.devices))*beatPerDevice)))
	defer look.Stop()
	soon := time.NewTimer(time.Hour) // for a look at what stirs
	defer soon.Stop()
	show := time.NewTimer(0)
	defer show.Stop()
	due := time.Now() // of the next snapshot
	awake := false    // soon is on its way
	for {
		var to chan<- Snapshot
		var s Snapshot
		if !time.Now().Before(due) {
			to, s = out, o.snapshot()
		}
		select {
		case <-ctx.Done():
			return
		case to <- s:
			due = time.Now().Add(every)
			show.Reset(every)
		case <-show.C:
		case <-look.C:
			o.ask(h, everyone)
		case <-o.stir:
			if !awake { // what never rests is looked at all the same
				awake = true
				soon.Reset(settle)
			}
		case <-soon.C:
			if awake = len(o.ask(h, o.hot)) > 0; awake {
				soon.Reset(follow)
			}
		case <-o.news:
			if at := time.Now().Add(together); at.Before(due) {
				due = at
				show.Reset(together)
			}
		}
	}
}

// hot says that the device's kernel told of a change a moment ago.
func (o *Observer) hot(a *asked) bool { return o.now().Before(a.hot) }
