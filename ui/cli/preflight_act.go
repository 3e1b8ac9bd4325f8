package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"closup/provision/preflight"
	"closup/ui/work"
)

// preflightActions are what a preflight is asked to do about what it found.
type preflightActions struct {
	password bool
	raise    bool
	wait     time.Duration
	packages string // folder of .deb files
	yes      bool
}

func (a preflightActions) check(e *env) error {
	if a.packages != "" && !a.yes && !e.canAsk() {
		return usagef("nobody can be asked here: --yes installs packages without a question")
	}
	if a.password && !e.canAsk() {
		return usagef("--set-password asks for the passwords, and nobody can be asked here")
	}
	return nil
}

// act does what was asked for, and looks again afterwards.
func (e *env) act(ctx context.Context, p *work.Project, o work.PreflightOptions, a preflightActions, found preflight.Outcome) (preflight.Outcome, error) {
	if expired := with(found.Devices, func(r preflight.Report) bool { return r.Offers.Password }); len(expired) > 0 && (a.password || e.canAsk() && e.output == text) {
		done, err := e.setPasswords(ctx, p, o, a, found.Devices, expired)
		if err != nil {
			return found, err
		}
		if done {
			if found, err = e.preflight(ctx, p, o); err != nil {
				return found, err
			}
		}
	}
	if a.packages != "" {
		done, err := e.install(ctx, p, o, a, found.Devices)
		if err != nil {
			return found, err
		}
		if done {
			if found, err = e.preflight(ctx, p, o); err != nil {
				return found, err
			}
		}
	}
	down := with(found.Devices, func(r preflight.Report) bool { return len(r.Offers.Raise) > 0 })
	if len(down) == 0 || !a.raise && (!e.canAsk() || e.output != text) {
		return found, nil
	}
	if !a.raise {
		answer, err := e.ask(ctx, fmt.Sprintf("Planned ports are down on %s. Set them up now, so that LLDP shows the neighbors (yes or no)? ", some(down)))
		if err != nil {
			return found, err
		}
		if answer != "yes" && answer != "y" {
			return found, nil
		}
	}
	for _, r := range found.Devices {
		if len(r.Offers.Raise) > 0 {
			fmt.Fprintf(e.err, "%s: raising %s\n", r.Name, strings.Join(r.Offers.Raise, ", "))
		}
	}
	if err := p.Raise(ctx, o, found.Devices); err != nil {
		return found, err
	}
	line := e.statusLine()
	defer line.clear()
	return p.PreflightUntilSeen(ctx, o, a.wait, func(now preflight.Outcome) {
		seen, all := 0, 0
		for _, r := range now.Devices {
			for _, port := range r.Ports {
				all++
				if port.SeenPeer != "" {
					seen++
				}
			}
		}
		line.show(fmt.Sprintf("LLDP shows the neighbors of %d of %d ports", seen, all))
	})
}

// install asks, and installs what is missing. false: nothing was to be done.
func (e *env) install(ctx context.Context, p *work.Project, o work.PreflightOptions, a preflightActions, found []preflight.Report) (bool, error) {
	folder, err := work.Packages(a.packages)
	if err != nil {
		return false, err
	}
	n := 0
	for _, r := range found {
		if len(r.Offers.Packages) > 0 {
			fmt.Fprintf(e.err, "%s lacks %s\n", r.Name, list(r.Offers.Packages))
			n++
		}
	}
	if n == 0 {
		fmt.Fprintln(e.err, "no device lacks a package, so nothing is installed")
		return false, nil
	}
	if !a.yes {
		answer, err := e.ask(ctx, fmt.Sprintf("Install them, with what they need, from %s on %s (yes or no)? ", a.packages, count(n, "device")))
		if err != nil {
			return false, err
		}
		if answer != "yes" && answer != "y" {
			return false, errDeclined
		}
	}
	line := e.statusLine()
	defer line.clear()
	return true, p.Install(ctx, o, found, folder, func(device, text string) { line.say(device + ": " + text) })
}

// setPasswords asks for the old password and the new one, and changes it where
// it has expired. false: it was not wanted.
func (e *env) setPasswords(ctx context.Context, p *work.Project, o work.PreflightOptions, a preflightActions, found []preflight.Report, expired []string) (bool, error) {
	if !a.password {
		answer, err := e.ask(ctx, fmt.Sprintf("%s wants a new password before anything else. Change it now (yes or no)? ", some(expired)))
		if err != nil {
			return false, err
		}
		if answer != "yes" && answer != "y" {
			return false, nil
		}
	}
	return true, p.SetPasswords(ctx, o, found)
}

// with are the devices of which is holds.
func with(reports []preflight.Report, is func(preflight.Report) bool) []string {
	var out []string
	for _, r := range reports {
		if is(r) {
			out = append(out, r.Name)
		}
	}
	return out
}
