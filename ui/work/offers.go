package work

import (
	"context"
	"time"

	"closup/provision"
	"closup/provision/preflight"
	"closup/provision/ssh"
)

// What a preflight offers to do about what it found.

// lldpPause is how often it is asked whether the neighbors have spoken.
const lldpPause = time.Second

// Raise sets the planned ports up that the reports found down by their own
// setting, so that LLDP shows their neighbors. It changes what runs and nothing
// on a disk.
func (p *Project) Raise(ctx context.Context, o PreflightOptions, reports []preflight.Report) error {
	ports := map[string][]string{}
	for _, r := range reports {
		if len(r.Offers.Raise) > 0 {
			ports[r.Name] = r.Offers.Raise
		}
	}
	t, targets, err := p.offered(o, func(name string) bool { return len(ports[name]) > 0 })
	if err != nil || len(targets) == 0 {
		return err
	}
	return preflight.Raise(ctx, t, targets, ports)
}

// PreflightUntilSeen is Preflight, again and again until every port that has a
// carrier has shown its neighbor where lldpd runs on both of its ends, or the
// time is over. told, which may be nil, hears each outcome.
func (p *Project) PreflightUntilSeen(ctx context.Context, o PreflightOptions, within time.Duration, told func(preflight.Outcome)) (preflight.Outcome, error) {
	deadline := time.Now().Add(within)
	for {
		events, err := p.Preflight(ctx, o)
		if err != nil {
			return preflight.Outcome{}, err
		}
		var reports []preflight.Report
		for r := range events {
			reports = append(reports, r)
		}
		outcome := p.Preflighted(reports)
		if told != nil {
			told(outcome)
		}
		if preflight.Seen(outcome.Devices) || time.Now().After(deadline) {
			return outcome, ctx.Err()
		}
		select {
		case <-time.After(lldpPause):
		case <-ctx.Done():
			return outcome, ctx.Err()
		}
	}
}

// Install brings the packages that the reports found missing from a folder of
// .deb files on this machine, with what they need. tell, which may be nil,
// hears what is done; it may be called by several goroutines.
func (p *Project) Install(ctx context.Context, o PreflightOptions, reports []preflight.Report, folder []preflight.Deb, tell func(device, text string)) error {
	wanted := map[string][]string{}
	for _, r := range reports {
		if len(r.Offers.Packages) > 0 {
			wanted[r.Name] = r.Offers.Packages
		}
	}
	t, targets, err := p.offered(o, func(name string) bool { return len(wanted[name]) > 0 })
	if err != nil || len(targets) == 0 {
		return err
	}
	return preflight.Install(ctx, t, targets, wanted, folder, tell)
}

// Packages reads a folder of .deb files.
func Packages(dir string) ([]preflight.Deb, error) { return preflight.OpenDebs(dir) }

// offered are the devices of which is holds, and the way to them.
func (p *Project) offered(o PreflightOptions, is func(string) bool) (provision.Transport, []preflight.Target, error) {
	all, err := p.preflightTargets(o)
	if err != nil {
		return nil, nil, err
	}
	var targets []preflight.Target
	for _, t := range all {
		if is(t.Device.Name) {
			targets = append(targets, t)
		}
	}
	return traced(p.transport(ssh.Config{AcceptNew: o.AcceptNew, Ask: o.Ask}), p.Trace), targets, nil
}

// SetPasswords changes the expired passwords that the reports found. old and
// fresh are the same for all of these devices.
func (p *Project) SetPasswords(ctx context.Context, o PreflightOptions, reports []preflight.Report, old, fresh provision.Secret) error {
	expired := map[string]bool{}
	for _, r := range reports {
		expired[r.Name] = r.Offers.Password
	}
	t, targets, err := p.offered(o, func(name string) bool { return expired[name] })
	if err != nil || len(targets) == 0 {
		return err
	}
	return preflight.SetPasswords(ctx, t, targets, old, fresh)
}
