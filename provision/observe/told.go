package observe

import (
	"context"
	"time"

	"closup/provision"
)

// listenCommand prints a line for whatever changes in the kernel: links,
// addresses, routes. It needs no root, and ends with its input, for sshd ends
// nothing that is only waiting.
const listenCommand = `sh -c 'PATH=$PATH:/usr/sbin:/sbin; ip -o monitor link address route & told=$!; cat >/dev/null; kill $told'`

// relisten is how long a device that tells of nothing is left alone.
const relisten = 30 * time.Second

// After a change in the kernel a device is asked at once, and again until the
// daemons had the time to follow.
const settle, follow, hotFor = 30 * time.Millisecond, 120 * time.Millisecond, 400 * time.Millisecond

// told is a device's stream of changes.
type told struct{ end func() }

// listen starts the stream where there is none.
func (o *Observer) listen(a *asked) {
	a.mu.Lock()
	is := a.told != nil
	a.mu.Unlock()
	if is || o.now().Sub(a.poll.toldAt) < relisten && !a.poll.toldAt.IsZero() {
		return
	}
	a.poll.toldAt = o.now()
	ctx, end := context.WithCancel(o.ctx)
	p, err := a.poll.session.Start(ctx, listenCommand)
	if err != nil {
		end()
		return
	}
	t := &told{end}
	a.mu.Lock()
	a.told = t
	a.mu.Unlock()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		end()
		return
	}
	o.work.Go(func() { // whoever complains, does not tell
		defer end()
		var buf [512]byte
		if n, _ := p.Stderr.Read(buf[:]); n > 0 && ctx.Err() == nil {
			a.deaf(t)
		}
	})
	o.work.Go(func() {
		defer func() { _ = p.Wait() }()
		o.stirs(ctx, a, p)
		a.deaf(t)
	})
}

// stirs takes note of each change until the stream ends.
func (o *Observer) stirs(ctx context.Context, a *asked, p *provision.Proc) {
	buf := make([]byte, 4<<10)
	for {
		n, err := p.Stdout.Read(buf)
		if n > 0 {
			a.mu.Lock()
			a.stirred, a.hot = true, o.now().Add(hotFor)
			a.mu.Unlock()
			select {
			case o.stir <- struct{}{}:
			default: // it is awake already
			}
		}
		if err != nil || ctx.Err() != nil {
			return
		}
	}
}

// deaf takes note that the device does not tell of changes any more. The next
// poll asks it more often, and in a while for another stream.
func (a *asked) deaf(t *told) {
	t.end()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.told == t {
		a.told = nil
	}
}
