package ui

import (
	"context"

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
