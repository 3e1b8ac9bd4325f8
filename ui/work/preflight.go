package work

import (
	"context"
	"slices"

	"closup/provision"
	"closup/provision/preflight"
	"closup/provision/ssh"
	"closup/render"
)

// PreflightOptions say which devices are looked at, and how.
type PreflightOptions struct {
	Lab  bool     // the running lab's devices instead of the real ones
	Only []string // these devices; empty: all

	// AcceptNew takes the host key of a device that is not known yet; without
	// it Ask is asked, and without that the check `host-key` fails.
	AcceptNew bool
	Ask       func(context.Context, *provision.HostKeyError) bool
}

// Preflight asks every device at once what would stand in a push's way, and
// sends a report as soon as a device is judged; the channel is closed at the
// end, and must be read until then. Nothing on a device is changed. The error
// says why nothing was begun.
func (p *Project) Preflight(ctx context.Context, o PreflightOptions) (<-chan preflight.Report, error) {
	targets, err := p.preflightTargets(o)
	if err != nil {
		return nil, err
	}
	t := traced(p.transport(ssh.Config{AcceptNew: o.AcceptNew, Ask: o.Ask}), p.Trace)
	return preflight.Run(ctx, t, p.Plan, targets, preflight.Options{Lab: o.Lab}), nil
}

// Preflighted sorts reports as the plan has the devices, and says what only all
// of them together tell.
func (p *Project) Preflighted(reports []preflight.Report) preflight.Outcome {
	at := map[string]int{}
	for i, d := range p.Plan.Devices {
		at[d.Name] = i
	}
	sorted := slices.Clone(reports)
	slices.SortFunc(sorted, func(a, b preflight.Report) int { return at[a.Name] - at[b.Name] })
	return preflight.Collect(preflight.Together(sorted))
}

func (p *Project) preflightTargets(o PreflightOptions) ([]preflight.Target, error) {
	if p.Err != nil {
		return nil, p.Err
	}
	if err := p.Known(o.Only...); err != nil {
		return nil, err
	}
	endpoints, err := p.Endpoints(o.Lab)
	if err != nil {
		return nil, err
	}
	var targets []preflight.Target
	for i := range p.Plan.Devices {
		d := &p.Plan.Devices[i]
		if len(o.Only) > 0 && !slices.Contains(o.Only, d.Name) {
			continue
		}
		files, err := render.Device(p.Plan, d)
		if err != nil {
			files, _ = render.Files(p.Plan, d) // none: the check of its platform says so
		}
		targets = append(targets, preflight.Target{Device: *d, Endpoint: endpoints[d.Name], Writes: preflight.WritesOf(files)})
	}
	return targets, nil
}
