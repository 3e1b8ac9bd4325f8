package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision/preflight"
	"closup/ui/work"
)

// This file goes on with cmds.go: the look at the devices before a push.

// preflightMsg is the devices that were looked at since the one before, or why
// none is.
type preflightMsg struct {
	all
	id      int
	reports []preflight.Report
	over    bool
	from    <-chan preflight.Report
	err     error
}

// startPreflight begins a look at the devices.
func startPreflight(ctx context.Context, p *work.Project, id int, o work.PreflightOptions, accepted map[string]string) tea.Cmd {
	o.Ask = taking(accepted)
	return func() tea.Msg {
		p.Secrets.Renew()
		reports, err := p.Preflight(ctx, o)
		return preflightMsg{id: id, from: reports, err: err}
	}
}

// moreReports waits for the next report, and takes with it those that are
// there.
func moreReports(id int, from <-chan preflight.Report) tea.Cmd {
	return func() tea.Msg {
		msg := preflightMsg{id: id, from: from}
		r, ok := <-from
		for ok {
			msg.reports = append(msg.reports, r)
			select {
			case r, ok = <-from:
			default:
				return msg
			}
		}
		msg.over = true
		return msg
	}
}

// lookOn looks again after a pause: neighbors may have spoken by then.
func lookOn(ctx context.Context, p *work.Project, id int, o work.PreflightOptions, accepted map[string]string) tea.Cmd {
	o.Ask = taking(accepted)
	return func() tea.Msg {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
		reports, err := p.Preflight(ctx, o)
		return preflightMsg{id: id, from: reports, err: err}
	}
}

// mendedMsg says that what a look offered was done, or why not.
type mendedMsg struct {
	all
	id  int
	err error
}

func mendDevices(ctx context.Context, p *work.Project, id int, o work.PreflightOptions, do func(context.Context, work.PreflightOptions) error, accepted map[string]string) tea.Cmd {
	o.Ask = taking(accepted)
	return func() tea.Msg {
		p.Secrets.Renew()
		return mendedMsg{id: id, err: do(ctx, o)}
	}
}

// debsMsg is what a folder of packages has for each device.
type debsMsg struct {
	all
	id      int
	folder  []preflight.Deb
	choices []preflight.Choice
	err     error
}

func chooseDebs(ctx context.Context, p *work.Project, id int, o work.PreflightOptions, reports []preflight.Report, dir string, accepted map[string]string) tea.Cmd {
	o.Ask = taking(accepted)
	return func() tea.Msg {
		p.Secrets.Renew()
		msg := debsMsg{id: id}
		if msg.folder, msg.err = work.Packages(dir); msg.err == nil {
			msg.choices, msg.err = p.Chosen(ctx, o, reports, msg.folder)
		}
		return msg
	}
}
