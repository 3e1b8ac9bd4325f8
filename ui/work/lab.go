package work

import (
	"context"
	"fmt"
	"io"
	"math"
	"runtime/debug"

	"closup/lab"
	"closup/lab/netns"
	"closup/lab/sim"
	"closup/model"
)

// Backends are the kinds of labs there are.
var Backends = []string{netns.Backend, sim.Backend}

// LabRoot makes devices of a lab of another system than this machine's.
type LabRoot = netns.Root

// LabUp starts the lab of the project's fabric: bare devices, cabled as
// planned, of this machine's own root except those that roots name. Progress,
// which may be nil, is told what is being done.
func (p *Project) LabUp(ctx context.Context, progress func(string), roots ...LabRoot) error {
	if p.Err != nil {
		return p.Err
	}
	if err := netns.Check(); err != nil {
		return err
	}
	_, err := netns.Up(ctx, p.Plan, netns.Options{Progress: progress, Roots: roots})
	return err
}

// LabServe starts the lab of the project's fabric as simulated devices in this
// process, tells ready, and serves it until ctx ends. Nothing of it is left.
func (p *Project) LabServe(ctx context.Context, progress func(string), ready func()) error {
	if p.Err != nil {
		return p.Err
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT says nothing else
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(sim.Memory(len(p.Plan.Devices))))
	}
	l, err := sim.Up(ctx, p.Plan, sim.Options{Progress: progress})
	if err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	return l.Close()
}

// running is a lab of either backend.
type running interface {
	lab.Breakable
	Status(ctx context.Context) ([]LabDevice, error)
}

func openLab(name string) (running, error) {
	record, err := lab.Open(name)
	if err != nil {
		return nil, err
	}
	if record.Backend == sim.Backend {
		return sim.Open(name)
	}
	return netns.Open(name)
}

// LabRunning says whether the lab of the project's fabric runs.
func (p *Project) LabRunning() bool {
	_, err := lab.Open(p.Plan.Name)
	return err == nil
}

// LabDown ends the lab of the fabric of that name and removes all that it left,
// also where it was started in part or killed.
func LabDown(ctx context.Context, name string) error {
	if ours, err := sim.Left(name); err != nil || ours {
		if err != nil {
			return err
		}
		return sim.Down(ctx, name)
	}
	return netns.Down(ctx, name)
}

// LabDevice is the state of one device of a lab.
type LabDevice = netns.Status

// LabStatus is the state of every device of the lab of that name.
func LabStatus(ctx context.Context, name string) ([]LabDevice, error) {
	l, err := openLab(name)
	if err != nil {
		return nil, err
	}
	return l.Status(ctx)
}

// LabExec runs a command as root in a device of the lab of that name and
// returns its exit status.
func LabExec(ctx context.Context, name, device string, argv []string, in io.Reader, out, err io.Writer) (int, error) {
	l, openErr := openLab(name)
	if openErr != nil {
		return 0, openErr
	}
	return l.Exec(ctx, device, argv, in, out, err)
}

// CheckBackend says whether there is such a kind of lab.
func CheckBackend(name string) error {
	for _, known := range Backends {
		if name == known {
			return nil
		}
	}
	return fmt.Errorf("there is no backend %q; there are %s and %s", name, netns.Backend, sim.Backend)
}

// LabBreak makes a fault in the project's lab: the one of that name at the
// target ("", "leaf1", "leaf1:swp1"), or with the name "random" any at all.
func (p *Project) LabBreak(ctx context.Context, name, target string) (lab.Fault, model.End, error) {
	if err := p.Writable(); err != nil {
		return lab.Fault{}, model.End{}, err
	}
	l, err := openLab(p.Plan.Name)
	if err != nil {
		return lab.Fault{}, model.End{}, err
	}
	var (
		fault lab.Fault
		at    model.End
	)
	if name == "random" {
		fault, at, err = lab.RandomFault(p.Plan)
	} else {
		fault, _ = lab.FindFault(name)
		at, err = fault.Place(p.Plan, target)
	}
	if err == nil {
		err = lab.Break(ctx, l, p.Plan, fault, at, name == "random")
	}
	return fault, at, err
}

// LabMend takes every fault out of the project's lab, and says which there
// were.
func (p *Project) LabMend(ctx context.Context) ([]lab.Broken, error) {
	if err := p.Writable(); err != nil {
		return nil, err
	}
	l, err := openLab(p.Plan.Name)
	if err != nil {
		return nil, err
	}
	return lab.Mend(ctx, l, p.Plan)
}
