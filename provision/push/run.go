package push

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"closup/provision"
	"closup/render"
)

const (
	defaultParallel = 32
	defaultUndo     = 120 * time.Second
	defaultSessions = 30 * time.Second
)

// place is what differs between a real device and a directory of a test.
type place struct {
	// home is closup's directory on a device, 0700: live/ says what was
	// confirmed last, push/ holds the last push with the files it replaced.
	home string
	// settle is how long a router may take to read its configuration.
	settle time.Duration
	// patience is how long one question may wait for the job, in tenths of a
	// second. It must be well below verbTimeout.
	patience int
}

var onDevice = place{home: "/var/lib/closup", settle: 20 * time.Second, patience: 200}

// Run pushes to the targets and says on the channel what happens. The channel
// must be read until it is closed; the last event of each device is Done, with
// its report. Ending ctx starts nothing new: a device that is being changed is
// finished safely, the others are skipped.
func Run(ctx context.Context, t provision.Transport, targets []Target, o Options) <-chan Event {
	return run(ctx, t, targets, o, onDevice)
}

func run(ctx context.Context, t provision.Transport, targets []Target, o Options, at place) <-chan Event {
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.Units == nil {
		o.Units = render.Units
	}
	if o.Undo <= 0 {
		o.Undo = defaultUndo
	}
	if o.Sessions == 0 {
		o.Sessions = defaultSessions
	}
	p := &push{Options: o, place: at, transport: t, id: rand.Text(), events: make(chan Event)}
	go func() {
		defer close(p.events)
		p.run(ctx, targets)
	}()
	return p.events
}

// push is one run, as its devices share it.
type push struct {
	Options
	place
	transport provision.Transport
	id        string // names the push on the devices
	events    chan Event

	mu   sync.Mutex
	live map[string]bool // devices that hold what was asked
}

func (p *push) run(ctx context.Context, targets []Target) {
	devices := make([]*device, len(targets))
	slots := make(chan struct{}, p.Parallel)
	var work sync.WaitGroup
	for i, target := range targets {
		d := newDevice(p, target)
		devices[i] = d
		work.Go(func() {
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			case <-ctx.Done():
			}
			d.phases(ctx, false)
		})
	}
	work.Wait()
	for _, d := range devices {
		work.Go(func() { d.phases(ctx, true) })
	}
	work.Wait()
}

// phases runs the phases of one device: first its own, then those that all
// begin together.
func (d *device) phases(ctx context.Context, together bool) {
	if d.done {
		return
	}
	begin := time.Now()
	for _, phase := range Phases {
		if phase.together != together {
			continue
		}
		if ctx.Err() != nil && !d.touched {
			d.finish(Skipped, &Error{d.target.Device.Name, phase.Name, "the push was stopped before this device was touched", "", context.Cause(ctx)})
			break
		}
		pctx := ctx
		if phase.whole {
			pctx = context.WithoutCancel(ctx)
		}
		d.phase = phase.Name
		d.tell(Event{Kind: Started})
		noted := d.report.Note
		err := phase.run(pctx, d)
		if err != nil && !errors.Is(err, errEnough) {
			d.fail(ctx, err)
			break
		}
		finished := Event{Kind: Finished}
		if d.report.Note != noted {
			finished.Text = d.report.Note
		}
		d.tell(finished)
		if err != nil {
			d.done = true
			break
		}
	}
	if !together {
		d.report.Seconds = time.Since(begin).Seconds()
	}
	if d.done || together {
		d.done = true
		d.close()
		report := d.report
		d.phase = ""
		d.tell(Event{Kind: Done, Report: &report})
	}
}

// fail ends the device's push with the error of a phase.
func (d *device) fail(ctx context.Context, err error) {
	switch {
	case d.rolledBack:
		d.finish(RolledBack, err)
	case ctx.Err() != nil && !d.touched:
		d.finish(Skipped, &Error{d.target.Device.Name, d.phase, "the push was stopped before this device was touched", "", err})
		return
	default:
		d.finish(Failed, err)
	}
	d.tell(Event{Kind: Fault, Text: d.report.Error, Err: err})
}

func (d *device) finish(r Result, err error) {
	d.done = true
	d.report.Result, d.report.Err, d.report.Error = r, err, provision.Plain(err.Error())
}

func (d *device) tell(e Event) {
	e.At, e.Device, e.Phase = time.Now(), d.target.Device.Name, d.phase
	d.push.events <- e
}
