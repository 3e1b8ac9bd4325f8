package observe

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
)

const (
	// A device that takes longer to answer is shown as unreachable meanwhile.
	overdue = 3 * time.Second
	// After that the question is given up and the connection with it.
	askTimeout = 10 * time.Second
	// The pause before a device that failed is dialled again, doubled each
	// time, with up to half of it on top.
	firstPause, lastPause = 500 * time.Millisecond, 15 * time.Second
)

// Observer asks the devices of a plan, all at once, over one held connection
// each. None waits for another.
type Observer struct {
	t       provision.Transport
	devices []*asked
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	now     func() time.Time

	mu     sync.Mutex
	work   sync.WaitGroup // what Close waits for
	closed bool           // nothing is added to work any more
}

// asked is one device and what is known of it.
type asked struct {
	name     string
	endpoint model.Endpoint
	known    bool // it has an endpoint

	mu      sync.Mutex
	last    Device
	busy    chan struct{} // closed at the end of the poll under way; nil: none
	since   time.Time     // of that poll
	pause   time.Duration
	again   time.Time // not to be dialled before
	session provision.Session
}

// New makes an observer of the plan's devices. One without an endpoint stands
// in every snapshot as unreachable. Close it in the end.
func New(t provision.Transport, plan *model.Plan, endpoints map[string]model.Endpoint) *Observer {
	o := &Observer{t: t, now: time.Now}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	for _, d := range plan.Devices {
		a := &asked{name: d.Name, last: Device{Name: d.Name, Err: errors.New("no answer yet")}}
		if a.endpoint, a.known = endpoints[d.Name]; !a.known {
			a.last.Err = errors.New("it is not known how to reach it: give it a management address as mgmt")
		}
		o.devices = append(o.devices, a)
	}
	return o
}

// Close ends every connection and everything under way.
func (o *Observer) Close() {
	o.cancel()
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.work.Wait()
	for _, a := range o.devices {
		a.drop()
	}
}

// Round asks every device once and waits until each has answered or failed,
// or ctx ends.
func (o *Observer) Round(ctx context.Context) Snapshot {
	o.await(ctx, o.ask(true, false))
	return o.snapshot()
}

// Watch asks every device at that interval and sends what is known then. A
// slow device is in the next snapshot, or a later one; its last figures stand
// until then, with their age. The channel is closed when ctx ends.
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
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			round, cancel := context.WithTimeout(ctx, every)
			o.await(round, o.ask(false, false))
			cancel()
			select {
			case out <- o.snapshot():
			case <-ctx.Done():
				return
			case <-o.ctx.Done():
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			case <-o.ctx.Done():
				return
			}
		}
	})
	return out
}

// ask starts a poll of every device that has none under way, and answers the
// ends of all polls. Devices in their pause are left alone unless now; with
// deep they are asked for their evidence too.
func (o *Observer) ask(now, deep bool) []<-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil
	}
	var ends []<-chan struct{}
	for _, a := range o.devices {
		if !a.known {
			continue
		}
		a.mu.Lock()
		if a.busy == nil && (now || !o.now().Before(a.again)) {
			end := make(chan struct{})
			a.busy, a.since = end, o.now()
			o.work.Go(func() { o.poll(a, end, deep) })
		}
		if a.busy != nil {
			ends = append(ends, a.busy)
		}
		a.mu.Unlock()
	}
	return ends
}

func (o *Observer) await(ctx context.Context, ends []<-chan struct{}) {
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return
		}
	}
}

func (o *Observer) poll(a *asked, end chan struct{}, deep bool) {
	defer close(end)
	d, err := o.query(a, deep)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = nil
	if err != nil {
		a.last.Reachable, a.last.Err = false, err
		a.pause = min(max(2*a.pause, firstPause), lastPause)
		a.again = o.now().Add(a.pause + rand.N(a.pause/2))
		return
	}
	d.Evidence = later(a.last.Evidence, d.Evidence)
	a.last, a.pause, a.again = d, 0, time.Time{}
}

// query asks one device. A connection that broke since the last round is
// dialled again at once, and an answer that is not whole is asked for again:
// both happen to healthy devices.
func (o *Observer) query(a *asked, deep bool) (Device, error) {
	ctx, cancel := context.WithTimeout(o.ctx, askTimeout)
	defer cancel()
	var err error
	for range 2 {
		held := a.session != nil
		if !held {
			if a.session, err = o.t.Dial(ctx, a.endpoint); err != nil {
				a.session = nil
				return Device{}, err
			}
		}
		var out []byte
		out, err = provision.RunRoot(ctx, a.session, question(deep))
		if err == nil {
			var d Device
			if d, err = answered(a.name, out, o.now(), deep); err == nil {
				return d, nil
			}
			continue
		}
		if errors.Is(err, provision.ErrSudo) {
			break
		}
		a.drop()
		if !held || ctx.Err() != nil {
			break
		}
	}
	return Device{}, err
}

func (a *asked) drop() {
	if a.session != nil {
		_ = a.session.Close()
		a.session = nil
	}
}

func (o *Observer) snapshot() Snapshot {
	s := Snapshot{At: o.now(), Devices: make([]Device, 0, len(o.devices))}
	for _, a := range o.devices {
		a.mu.Lock()
		d := a.last
		if a.busy != nil && s.At.Sub(a.since) > overdue && d.Reachable {
			d.Reachable = false
			d.Err = &provision.DeviceError{Device: a.name, Kind: provision.ErrTimeout, Detail: "no answer yet"}
		}
		a.mu.Unlock()
		s.Devices = append(s.Devices, d)
	}
	return s
}

// Ask asks one device once, over a session that the caller holds.
func Ask(ctx context.Context, s provision.Session, name string) (Device, error) {
	out, err := provision.RunRoot(ctx, s, script())
	if err != nil {
		return Device{}, err
	}
	return read(name, out, time.Now())
}
