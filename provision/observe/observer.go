package observe

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"closup/model"
	"closup/provision"
)

const (
	// A device that takes longer to answer is shown as unreachable meanwhile.
	overdue = 3 * time.Second
	// After that the question is given up and the connection with it.
	askTimeout = 10 * time.Second
	// Who is asked why is given more: a device under load is slow, and that it
	// answers not at all is a finding.
	examineTimeout = 30 * time.Second
	// The pause before a device that failed is dialled again, doubled each
	// time, with up to half of it on top.
	firstPause, lastPause = 500 * time.Millisecond, 15 * time.Second
	// Watch asks each device for its sessions this often, and a thousand of
	// them once a second.
	beat, beatPerDevice = 450 * time.Millisecond, time.Millisecond
	// What changes at several devices at once is shown at once.
	together = 40 * time.Millisecond
)

// Observer asks the devices of a plan, all at once, over one held connection
// each. None waits for another.
type Observer struct {
	t       provision.Transport
	devices []*asked
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	now     func() time.Time
	room    *semaphore.Weighted // for paths of tables
	works   *semaphore.Weighted // for devices that start programs
	stir    chan struct{}       // some device's kernel told of a change
	news    chan struct{}       // some device is not as it was

	mu     sync.Mutex
	work   sync.WaitGroup // what Close waits for
	closed bool           // nothing is added to work any more
}

// New makes an observer of the plan's devices. One without an endpoint stands
// in every snapshot as unreachable. Close it in the end.
func New(t provision.Transport, plan *model.Plan, endpoints map[string]model.Endpoint) *Observer {
	o := &Observer{
		t: t, now: time.Now, room: semaphore.NewWeighted(room), works: semaphore.NewWeighted(atWork),
		stir: make(chan struct{}, 1), news: make(chan struct{}, 1),
	}
	o.ctx, o.cancel = context.WithCancel(context.Background())
	prefixes := plan.Prefixes()
	for _, d := range plan.Devices {
		a := &asked{name: d.Name, paths: len(d.Ports) * prefixes, nvue: d.Platform == "nvue"}
		a.last = reading{dialect: frr.ofPaths(a.paths), Device: Device{Name: d.Name, Err: errors.New("no answer yet")}}
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
// or ctx ends. Routes that cannot have changed since the round before are not
// read again; Device.Read says when they were.
func (o *Observer) Round(ctx context.Context) Snapshot {
	await(ctx, o.ask(how{now: true}, everyone))
	return o.snapshot()
}

// everyone is a choice of devices.
func everyone(*asked) bool { return true }

// ask starts a poll of every device that is chosen and has none under way, and
// answers the ends of all polls of the chosen. Devices in their pause are left
// alone unless h says now.
func (o *Observer) ask(h how, chosen func(*asked) bool) []<-chan struct{} {
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
		if chosen(a) {
			if a.busy == nil && (h.now || !o.now().Before(a.again)) {
				end := make(chan struct{})
				a.busy, a.since = end, o.now()
				o.work.Go(func() { o.answer(a, end, h) })
			}
			if a.busy != nil {
				ends = append(ends, a.busy)
			}
		}
		a.mu.Unlock()
	}
	return ends
}

func await(ctx context.Context, ends []<-chan struct{}) {
	for _, end := range ends {
		select {
		case <-end:
		case <-ctx.Done():
			return
		}
	}
}

// answer polls one device and keeps what it says.
func (o *Observer) answer(a *asked, end chan struct{}, h how) {
	defer close(end)
	r, err := o.query(a, h)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy = nil
	was := a.last
	if err != nil {
		a.last.Reachable, a.last.Err = false, err
		a.pause = min(max(2*a.pause, firstPause), lastPause)
		a.again = o.now().Add(jitter(a.pause))
	} else {
		r.Evidence = later(was.Evidence, r.Evidence)
		a.last, a.pause, a.again = r, 0, time.Time{}
		if a.poll.rest > 0 {
			a.again = o.now().Add(jitter(a.poll.rest))
		}
	}
	if a.last.differs(was) {
		select {
		case o.news <- struct{}{}:
		default: // it is told already
		}
	}
}

// differs says that what a reading shows is not what the one before showed:
// its sessions, or anything that was read anew because it changed.
func (r reading) differs(was reading) bool {
	return r.change != was.change || r.Reachable != was.Reachable || (r.Err == nil) != (was.Err == nil) ||
		r.Read.Routes != was.Read.Routes || r.Read.System != was.Read.System
}

func (o *Observer) snapshot() Snapshot { return o.snapshotAt(o.now()) }

func (o *Observer) snapshotAt(at time.Time) Snapshot {
	s := Snapshot{At: at, Devices: make([]Device, 0, len(o.devices))}
	for _, a := range o.devices {
		a.mu.Lock()
		d := a.last.Device
		patience := overdue
		if a.last.byNVUE {
			patience = nvOverdue
		}
		if a.busy != nil && !a.waits && s.At.Sub(a.since) > patience && d.Reachable {
			d.Reachable = false
			d.Err = &provision.DeviceError{Device: a.name, Kind: provision.ErrTimeout, Detail: "no answer yet"}
		}
		a.mu.Unlock()
		s.Devices = append(s.Devices, d)
	}
	return s
}
