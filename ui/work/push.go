package work

import (
	"context"
	"fmt"
	"slices"

	"closup/provision"
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
	targets, err := p.Targets(o.Lab, o.Only)
	if err != nil {
		return nil, err
	}
	return push.Run(ctx, p.transport(ssh.Config{AcceptNew: o.AcceptNew, Ask: o.Ask}), targets, push.Options{
		DryRun: o.DryRun, Verbose: o.Verbose, Units: render.Units,
	}), nil
}

// transport is how the devices are reached.
func (p *Project) transport(c ssh.Config) provision.Transport {
	if p.Transport != nil {
		return p.Transport
	}
	return ssh.New(c)
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
