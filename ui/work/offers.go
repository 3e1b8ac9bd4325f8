package work

import (
	"context"
	"fmt"
	"strings"
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
	wanted := missing(reports)
	t, targets, err := p.offered(o, func(name string) bool { return len(wanted[name]) > 0 })
	if err != nil || len(targets) == 0 {
		return err
	}
	return preflight.Install(ctx, t, targets, wanted, folder, tell)
}

// missing are the packages that each device lacks.
func missing(reports []preflight.Report) map[string][]string {
	wanted := map[string][]string{}
	for _, r := range reports {
		if len(r.Offers.Packages) > 0 {
			wanted[r.Name] = r.Offers.Packages
		}
	}
	return wanted
}

// Chosen says what Install would bring to each device, and changes nothing.
func (p *Project) Chosen(ctx context.Context, o PreflightOptions, reports []preflight.Report, folder []preflight.Deb) ([]preflight.Choice, error) {
	wanted := missing(reports)
	t, targets, err := p.asked(o, func(name string) bool { return len(wanted[name]) > 0 })
	if err != nil || len(targets) == 0 {
		return nil, err
	}
	return preflight.Choose(ctx, t, targets, wanted, folder)
}

// Packages reads a folder of .deb files.
func Packages(dir string) ([]preflight.Deb, error) { return preflight.OpenDebs(dir) }

// offered are the devices of which is holds, and the way to them, for what
// changes something there.
func (p *Project) offered(o PreflightOptions, is func(string) bool) (provision.Transport, []preflight.Target, error) {
	if err := p.Writable(); err != nil {
		return nil, nil, err
	}
	return p.asked(o, is)
}

// asked are the same for what only asks them.
func (p *Project) asked(o PreflightOptions, is func(string) bool) (provision.Transport, []preflight.Target, error) {
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

// SetPasswords changes the expired passwords that the reports found. It asks
// for the present one and for the new one, which are the same for all of these
// devices.
func (p *Project) SetPasswords(ctx context.Context, o PreflightOptions, reports []preflight.Report) error {
	expired := map[string]bool{}
	for _, r := range reports {
		expired[r.Name] = r.Offers.Password
	}
	t, targets, err := p.offered(o, func(name string) bool { return expired[name] })
	if err != nil || len(targets) == 0 {
		return err
	}
	q := provision.Question{User: targets[0].Endpoint.User}
	for i, t := range targets {
		if i == 3 {
			q.Device += fmt.Sprintf(" and %d more", len(targets)-i)
			break
		}
		q.Device = strings.TrimPrefix(q.Device+", "+t.Device.Name, ", ")
	}
	old, fresh, err := p.askNew(ctx, q)
	if err != nil {
		return err
	}
	return preflight.SetPasswords(ctx, t, targets, old, fresh)
}

// askNew asks for a password, and for the one that is to take its place, until
// that is typed twice the same.
func (p *Project) askNew(ctx context.Context, q provision.Question) (old, fresh provision.Secret, err error) {
	put := func(kind provision.SecretKind) (s provision.Secret) {
		if err == nil {
			q.Kind = kind
			s, err = p.Secrets.Put(ctx, q)
		}
		return s
	}
	old = put(provision.OldPassword)
	for err == nil {
		fresh = put(provision.NewPassword)
		if again := put(provision.SamePassword); err != nil || fresh.Reveal() == again.Reveal() {
			break
		}
		q.Again = true
	}
	return old, fresh, err
}
