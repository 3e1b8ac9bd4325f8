package push

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
	"closup/render"
)

const (
	defaultParallel = 1000 // they mostly wait; the transport bounds what works
	defaultUndo     = 120 * time.Second
	defaultSessions = 60 * time.Second
)

// place is what differs between a real device and a directory of a test.
type place struct {
	// home is closup's directory on a device, 0700: live/ says what was
	// confirmed last, push/ holds the last push with the files it replaced.
	home string
	// hook is where a hook at boot is put; empty: nowhere.
	hook string
	// settle is how long a router may take to read its configuration.
	settle time.Duration
	// limit is how long a unit may take to make its files live.
	limit time.Duration
	// patience is how long one question may wait for the job. It must be well
	// below verbTimeout.
	patience time.Duration
	// lease is how long a device keeps its lock for a push that has not come to
	// it yet, and has not renewed it.
	lease time.Duration
}

var onDevice = place{home: "/var/lib/closup", hook: "/etc", settle: 20 * time.Second, limit: 180 * time.Second, patience: 20 * time.Second, lease: 15 * time.Minute}

// Run pushes to the targets and says on the channel what happens. The channel
// must be read until it is closed; the last event of each device is Done, with
// its report. Ending ctx starts nothing new: a device that is being changed is
// finished safely, the others are skipped.
func Run(ctx context.Context, t provision.Transport, targets []Target, o Options) <-chan Event {
	return run(ctx, t, targets, o, onDevice)
}

func run(ctx context.Context, t provision.Transport, targets []Target, o Options, at place) <-chan Event {
	p := newPush(t, o, at)
	go func() {
		defer close(p.events)
		p.run(ctx, targets)
	}()
	return p.events
}

func newPush(t provision.Transport, o Options, at place) *push {
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
	if o.ID == "" {
		o.ID = NewID()
	}
	if o.Control == nil {
		o.Control = &Control{}
	}
	return &push{
		Options: o, place: at, transport: t, begun: time.Now(), events: make(chan Event), id: o.ID, mark: rand.Text(),
		devices: map[string]*device{}, live: map[string]time.Time{}, altered: map[string]bool{}, failed: map[string]bool{},
	}
}

// NewID names a push, by the time: so that of two pushes that want one device
// each knows which is the older.
func NewID() string {
	return time.Now().UTC().Format("20060102T150405") + "-" + rand.Text()[:12]
}

// Undoing is the command that takes the push of that id back on a device's own
// console, while it is not confirmed: the unit's own, where that commits by
// itself.
func Undoing(id string, d *model.Device) string {
	if t := render.TrialOf(d); t != nil {
		return t.Undo
	}
	return "sudo sh " + onDevice.home + "/push/" + id + "/job back"
}

// push is one run, as its devices share it.
type push struct {
	Options
	place
	transport provision.Transport
	id        string // names the push on the devices
	mark      string // begins the blocks of their answers
	begun     time.Time
	events    chan Event

	canary string // that failed

	devices map[string]*device // by name

	mu      sync.Mutex
	live    map[string]time.Time // devices that hold what was asked, and since when; zero: since before
	altered map[string]bool      // those that this push made so
	failed  map[string]bool      // devices that do not, and will not
	waiting int                  // devices that wait because the push is paused
}

func (p *push) run(ctx context.Context, targets []Target) {
	devices := make([]*device, len(targets))
	for i, target := range targets {
		devices[i] = newDevice(p, target)
		p.devices[target.Device.Name] = devices[i]
	}
	ctx, cancel := p.Control.heeding(ctx)
	defer cancel()
	p.each(devices, p.Parallel, func(d *device) { d.phases(ctx, alone) })
	if !p.DryRun && !p.finished(devices) && p.opened(devices) {
		p.lock(ctx, devices)
		p.inWaves(ctx, devices)
	}
	p.each(devices, len(devices), func(d *device) { d.phases(ctx, ending) })
	_ = p.record(Entry{Event: "end"})
}

// each runs f for every device that goes on, so many at once.
func (p *push) each(devices []*device, parallel int, f func(*device)) {
	slots := make(chan struct{}, max(1, parallel))
	var work sync.WaitGroup
	for _, d := range devices {
		if d.done {
			continue
		}
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			f(d)
		})
	}
	work.Wait()
}

func (p *push) finished(devices []*device) bool {
	for _, d := range devices {
		if !d.done {
			return false
		}
	}
	return true
}

// opened writes the push into the journal, before any device is asked to change.
func (p *push) opened(devices []*device) bool {
	var names []string
	for _, d := range devices {
		if !d.done {
			names = append(names, d.target.Device.Name)
		}
	}
	err := p.record(Entry{Event: "begin", Who: p.Who, What: cmp.Or(p.What, "push"), Names: names})
	if err == nil {
		return true
	}
	for _, d := range devices {
		if !d.done {
			d.skip("lock", fmt.Sprintf("the journal cannot be written, so nothing was touched: %v", err), err)
		}
	}
	return false
}

// skip ends a device's push that was not touched.
func (d *device) skip(phase, why string, err error) {
	d.unstage(context.Background())
	d.finish(Skipped, &Error{d.target.Device.Name, phase, why, "", err})
	d.through()
}

// phases runs the phases of one part for one device.
func (d *device) phases(ctx context.Context, of part) {
	if d.done {
		return
	}
	for _, phase := range Phases {
		if phase.part != of || d.done {
			continue
		}
		if ctx.Err() != nil && !d.touched {
			d.skip(phase.Name, stopped(ctx), context.Cause(ctx))
			return
		}
		pctx := ctx
		if phase.whole {
			pctx = context.WithoutCancel(ctx)
		}
		d.phase = phase.Name
		d.tell(Event{Kind: Started})
		noted, begin := d.report.Note, time.Now()
		err := phase.run(pctx, d)
		d.spent += time.Since(begin)
		var locked *lockedError
		if errors.As(err, &locked) {
			d.blocked = locked.error
			return
		}
		if err != nil && !errors.Is(err, errEnough) {
			d.fail(ctx, err, time.Since(begin))
			break
		}
		finished := Event{Kind: Finished, Took: time.Since(begin), Until: d.until}
		if d.report.Note != noted {
			finished.Text = d.report.Note
		}
		d.tell(finished)
		if err != nil {
			d.done = true
			break
		}
	}
	if of != ending {
		d.report.Seconds = d.spent.Seconds()
	}
	if d.done || of == ending {
		d.through()
	}
}

// through ends a device's push: its connection is closed, its report goes out.
func (d *device) through() {
	d.done = true
	d.close()
	if (d.touched || d.report.Result != Unchanged) && !d.resumed {
		_ = d.journal("result", d.report.Error)
	}
	report := d.report
	d.phase = ""
	d.tell(Event{Kind: Done, Report: &report})
}

// fail ends the device's push with the error of a phase.
func (d *device) fail(ctx context.Context, err error, took time.Duration) {
	d.push.mu.Lock()
	d.push.failed[d.target.Device.Name] = true
	d.push.mu.Unlock()
	switch {
	case d.rolledBack:
		d.finish(RolledBack, err)
	case ctx.Err() != nil && !d.touched:
		d.unstage(ctx)
		d.finish(Skipped, &Error{d.target.Device.Name, d.phase, stopped(ctx), "", err})
		return
	default:
		d.finish(Failed, err)
	}
	d.tell(Event{Kind: Fault, Text: d.report.Error, Err: err, Took: took})
}

func (d *device) finish(r Result, err error) {
	d.done = true
	d.report.Result, d.report.Err, d.report.Error = r, err, provision.Plain(err.Error())
}

func (d *device) tell(e Event) {
	e.At, e.Device, e.Phase = time.Now(), d.target.Device.Name, d.phase
	d.push.events <- e
}
