package push

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Control steers a push from outside, between devices: what has begun on one is
// always finished there. The zero value is ready. Its methods may be called at
// any time, by any goroutine, and again.
type Control struct {
	mu      sync.Mutex
	paused  bool
	aborted bool
	turned  chan struct{} // closed by the next call that changes something
}

// Pause begins no other device until Resume. A device that waits keeps its lock.
func (c *Control) Pause() { c.turn(func() { c.paused = true }) }

// Resume goes on after Pause.
func (c *Control) Resume() { c.turn(func() { c.paused = false }) }

// Abort begins no other device, also while the push is paused, and takes back
// what waits to be confirmed. What was confirmed stays; the reports say which.
func (c *Control) Abort() { c.turn(func() { c.aborted = true }) }

// Paused says whether the push is paused, and not aborted.
func (c *Control) Paused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paused && !c.aborted
}

// Aborted says whether Abort was called.
func (c *Control) Aborted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.aborted
}

func (c *Control) turn(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	if c.turned != nil {
		close(c.turned)
		c.turned = nil
	}
}

// next is closed when something changes.
func (c *Control) next() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turned == nil {
		c.turned = make(chan struct{})
	}
	return c.turned
}

// errAborted is why a context ended.
var errAborted = errors.New("the push was aborted")

// heeding is a context that Abort ends too.
func (c *Control) heeding(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for {
			next := c.next()
			if c.Aborted() {
				cancel(errAborted)
				return
			}
			select {
			case <-next:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// gate is where a device waits that is to be begun: it holds while the push is
// paused, and says why it may not begin; empty: it may.
func (p *push) gate(ctx context.Context, all []*device) string {
	told := false
	for {
		next := p.Control.next()
		if !p.Control.Paused() || ctx.Err() != nil {
			break
		}
		if !told {
			told = p.pausing(1)
		}
		select {
		case <-next:
		case <-ctx.Done():
		}
	}
	if told {
		p.pausing(-1)
	}
	if p.Control.Aborted() { // the context ends a moment later
		return errAborted.Error() + beforeTouched
	}
	return p.halted(all)
}

const beforeTouched = " before this device was touched"

// pausing tells when the first device waits, and when the last one goes on.
func (p *push) pausing(by int) bool {
	p.mu.Lock()
	p.waiting += by
	n := p.waiting
	p.mu.Unlock()
	switch {
	case by > 0 && n == 1:
		p.events <- Event{At: time.Now(), Kind: Paused}
	case by < 0 && n == 0:
		p.events <- Event{At: time.Now(), Kind: Resumed}
	}
	return true
}

// renewing keeps the locks of the devices whose turn has not come, however long
// the others take and the push is paused. It ends with the context.
func (p *push) renewing(ctx context.Context, devices []*device) {
	for {
		select {
		case <-time.After(p.lease / 3):
		case <-ctx.Done():
			return
		}
		slots := make(chan struct{}, p.Parallel)
		var work sync.WaitGroup
		for _, d := range devices {
			work.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				d.renew(ctx)
			})
		}
		work.Wait()
	}
}

func (d *device) renew(ctx context.Context) {
	if !d.busy.TryLock() {
		return // its turn is there
	}
	defer d.busy.Unlock()
	if d.touched || d.done || !d.locked || ctx.Err() != nil || d.connected(ctx) != nil {
		return
	}
	s := d.script()
	s.WriteString("now && echo $((now + LEASE)) >\"$T/lease.new\" && mv -f \"$T/lease.new\" \"$T/lease\"\n")
	if _, err := d.root(ctx, s); err != nil {
		d.close() // it is dialled anew when its turn comes
	}
}

// inWave changes the devices of one wave.
func (p *push) inWave(ctx context.Context, all, now []*device) {
	p.each(now, p.Parallel, func(d *device) {
		if why := p.gate(ctx, all); why != "" {
			d.busy.Lock()
			defer d.busy.Unlock()
			d.skip("activate", why, nil)
			return
		}
		d.busy.Lock()
		defer d.busy.Unlock()
		d.phases(ctx, waves)
	})
}

// stopped is why a push that was ended from outside did not touch a device.
func stopped(ctx context.Context) string {
	if errors.Is(context.Cause(ctx), errAborted) {
		return errAborted.Error() + beforeTouched
	}
	return "the push was stopped" + beforeTouched
}

// WaveInfo is one wave of a push, as it begins.
type WaveInfo struct {
	Number, Of int      // counted from 1
	Names      []string // the devices that are changed in it
	Canary     bool     // it goes alone, and the others wait for how it fares
}

// String is "wave 2 of 5, canary: leaf01".
func (w WaveInfo) String() string {
	text := fmt.Sprintf("wave %d of %d", w.Number, w.Of)
	if w.Canary {
		text += ", canary"
	}
	names := w.Names
	if len(names) > 8 {
		names = append(append([]string{}, names[:8]...), fmt.Sprintf("and %d more", len(w.Names)-8))
	}
	for i, name := range names {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		text += sep + name
	}
	return text
}
