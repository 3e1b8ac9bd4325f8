package work

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"closup/lab"
	"closup/model"
	"closup/provision"
	"closup/provision/preflight"
	"closup/provision/push"
	"closup/provision/ssh"
	"closup/render"
)

// PushOptions say how far a push goes.
type PushOptions struct {
	Lab     bool     // the running lab's devices instead of the real ones
	Only    []string // these devices; empty: all
	DryRun  bool     // nothing is written: the reports say what would be
	Verbose bool     // every remote command is an event
	// Look shows the difference also of a device that the preflight refuses.
	Look bool

	// Confirm leaves what was verified pending for so long; see push.Options.
	Confirm time.Duration
	// OverwriteDrift lets go what was changed by hand.
	OverwriteDrift bool
	// Resume ends first what the last push, cut off, had begun.
	Resume bool
	// ID names the push; empty: a new one.
	ID string
	// Control pauses, resumes and aborts it; nil: nobody does.
	Control *push.Control
	// Undo is how long a device waits to be confirmed; 0: two minutes.
	Undo time.Duration

	// AcceptNew takes the host key of a device that is not known yet; without
	// it Ask is asked, and without that the device fails.
	AcceptNew bool
	Ask       func(context.Context, *provision.HostKeyError) bool
}

// Push brings the devices to their generated files, and says on the channel
// what happens to each; it is closed at the end. The error says why nothing
// was begun.
func (p *Project) Push(ctx context.Context, o PushOptions) (<-chan push.Event, error) {
	if err := p.Blocked(); err != nil {
		return nil, err
	}
	if !o.DryRun && p.ReadOnly {
		return nil, ErrReadOnly
	}
	targets, err := p.Targets(o.Lab, o.Only)
	if err != nil {
		return nil, err
	}
	if o.Resume && !o.DryRun {
		if err := p.reopen(targets, o.Lab); err != nil {
			return nil, err
		}
	}
	return p.run(ctx, targets, o, "push")
}

// run pushes to the targets.
func (p *Project) run(ctx context.Context, targets []push.Target, o PushOptions, what string) (<-chan push.Event, error) {
	journal, err := p.journal(o.Lab)
	if err != nil {
		return nil, err
	}
	if !o.DryRun {
		o.ID = cmp.Or(o.ID, push.NewID())
		if err := p.saveUndo(o.ID, o.Lab, targets); err != nil {
			return nil, err
		}
	}
	pre := &push.Preflight{Plan: p.Plan, Lab: o.Lab, Lenient: o.Look}
	return push.Run(ctx, p.reach(o), targets, push.Options{
		DryRun: o.DryRun, Verbose: o.Verbose, Units: render.Units, Confirm: o.Confirm, OverwriteDrift: o.OverwriteDrift,
		ID: o.ID, Control: o.Control, Undo: o.Undo, What: what, Who: whoAmI(), Fabric: p.Plan.Devices, Journal: journal, Preflight: pre,
		Predict: predicted(p.Plan), Parallel: atOnce(o.Lab),
	}), nil
}

// atOnce is how many devices are worked on at once; 0: as many as a push can.
func atOnce(inLab bool) int {
	if inLab {
		return lab.AtOnce()
	}
	return 0
}

// predicted counts by the prediction what each session of a device brings. What
// is held and not used is not in it, so it may be more.
func predicted(plan *model.Plan) func(string) map[string]int {
	return func(device string) map[string]int {
		n := map[string]int{}
		for _, r := range plan.Routes(device) {
			for _, path := range r.Paths {
				if !r.Pod { // it is there once its node's kernel has one
					n[path.Port]++
				}
			}
		}
		return n
	}
}

func (p *Project) reach(o PushOptions) provision.Transport {
	return p.transport(ssh.Config{AcceptNew: o.AcceptNew, Ask: o.Ask})
}

// reopen finds for each device the pushes that were cut off on it. One that was
// not begun there yet still keeps its lock.
func (p *Project) reopen(targets []push.Target, inLab bool) error {
	all, err := p.History(inLab)
	if err != nil {
		return err
	}
	for i := range targets {
	pushes:
		for _, past := range slices.Backward(all) {
			for _, d := range past.Devices {
				switch {
				case d.Name != targets[i].Device.Name:
				case d.Result == "" || d.Result == push.Pending:
					targets[i].Open = append(targets[i].Open, past.ID)
				case d.Result != push.Failed && d.Result != push.Skipped:
					break pushes
				}
			}
		}
	}
	return nil
}

// Keep confirms what the last push left pending, and says on the channel what
// happens. Without anything pending it is an error.
func (p *Project) Keep(ctx context.Context, o PushOptions) (<-chan push.Event, error) {
	return p.resolve(ctx, o, push.Keep)
}

// TakeBack takes back at once what the last push left pending, instead of
// waiting until its time runs out.
func (p *Project) TakeBack(ctx context.Context, o PushOptions) (<-chan push.Event, error) {
	return p.resolve(ctx, o, push.TakeBack)
}

func (p *Project) resolve(ctx context.Context, o PushOptions, how func(context.Context, provision.Transport, []push.Open, push.Options) <-chan push.Event) (<-chan push.Event, error) {
	if err := p.Writable(); err != nil {
		return nil, err
	}
	pending, err := p.earlier(o, "is pending; `closup history` lists the pushes", func(d PastDevice) bool { return d.Result == push.Pending })
	if err != nil {
		return nil, err
	}
	journal, err := p.journal(o.Lab)
	if err != nil {
		return nil, err
	}
	return how(ctx, p.reach(o), pending, push.Options{Verbose: o.Verbose, Journal: journal, Parallel: atOnce(o.Lab)}), nil
}

// Rollback brings back what the last push replaced, as a push of its own.
func (p *Project) Rollback(ctx context.Context, o PushOptions) (<-chan push.Event, error) {
	if err := p.Writable(); err != nil {
		return nil, err
	}
	if err := p.cutOff(o); err != nil {
		return nil, err
	}
	changed, err := p.earlier(o, "was changed by a push so far, so there is nothing to bring back", func(d PastDevice) bool { return d.Result == push.Changed })
	if err != nil {
		return nil, err
	}
	devices := map[string]model.Device{}
	for _, d := range p.Plan.Devices {
		devices[d.Name] = d
	}
	targets, err := push.ReplacedAll(ctx, p.reach(o), changed, devices)
	if err != nil {
		return nil, err
	}
	return p.run(ctx, targets, o, "rollback")
}

// cutOff is an error where the last push to one of the devices was cut off, so
// that nobody knows what a rollback would bring back.
func (p *Project) cutOff(o PushOptions) error {
	all, err := p.History(o.Lab)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	var names []string
	for _, past := range slices.Backward(all) {
		for _, d := range past.Devices {
			if known[d.Name] || len(o.Only) > 0 && !slices.Contains(o.Only, d.Name) {
				continue
			}
			if d.Started && d.Result == "" {
				names = append(names, d.Name)
			}
			known[d.Name] = d.Result != "" && d.Result != push.Unchanged && d.Result != push.Skipped
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		return fmt.Errorf("the last push to %s was cut off; `closup push --resume` ends it, and then there is something to bring back", strings.Join(slices.Compact(names), ", "))
	}
	return nil
}

// earlier are the devices of the last push that has any of the kind.
func (p *Project) earlier(o PushOptions, none string, is func(PastDevice) bool) ([]push.Open, error) {
	if err := p.Known(o.Only...); err != nil {
		return nil, err
	}
	endpoints, err := p.Endpoints(o.Lab)
	if err != nil {
		return nil, err
	}
	all, err := p.History(o.Lab)
	if err != nil {
		return nil, err
	}
	for _, past := range slices.Backward(all) {
		var out []push.Open
		for _, name := range past.with(is) {
			e, known := endpoints[name]
			if known && (len(o.Only) == 0 || slices.Contains(o.Only, name)) {
				out = append(out, push.Open{Device: name, Endpoint: e, Push: past.ID})
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, errors.New("no device " + none)
}

// transport is how the devices are reached.
func (p *Project) transport(c ssh.Config) provision.Transport {
	if p.Transport != nil {
		return p.Transport
	}
	return ssh.New(p.sshConfig(c))
}

// Targets are the devices of a push, with their files.
func (p *Project) Targets(inLab bool, only []string) ([]push.Target, error) {
	if err := p.Known(only...); err != nil {
		return nil, err
	}
	endpoints, err := p.Endpoints(inLab)
	if err != nil {
		return nil, err
	}
	var targets []push.Target
	for i := range p.Plan.Devices {
		d := &p.Plan.Devices[i]
		if len(only) > 0 && !slices.Contains(only, d.Name) {
			continue
		}
		if preflight.RenderOnly(d.Platform) {
			return nil, fmt.Errorf("%s: %s runs %s, which closup writes files for and does not push to: %s; --only pushes to the others", p.Path, d.Name, d.Platform, preflight.Remedy(d.Platform))
		}
		files, err := render.Device(p.Plan, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
		endpoint, ok := endpoints[d.Name]
		if !ok {
			return nil, fmt.Errorf("%s: it is not known how to reach %s; give it a management address as mgmt", p.Path, d.Name)
		}
		targets = append(targets, push.Target{Device: *d, Endpoint: endpoint, Artifacts: files})
	}
	return targets, nil
}

// Artifacts is every device's files, in the plan's order.
func (p *Project) Artifacts() ([]render.Artifact, error) {
	var all []render.Artifact
	for i := range p.Plan.Devices {
		files, err := render.Device(p.Plan, &p.Plan.Devices[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Plan.Devices[i].Name, err)
		}
		all = append(all, files...)
	}
	return all, nil
}
