package ui

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
	"closup/provision/preflight"
	"closup/ui/work"
)

// Before the devices are asked what would change, each is looked at once: host
// key, login, sudo, identity, what a push needs, cabling. Where none would
// refuse a push, it goes on by itself; what is to be known stays to be read.

// preflightRun is one look at the devices.
type preflightRun struct {
	id      int
	of      int // devices that are asked
	reports []preflight.Report
	before  []preflight.Report // of the look that this one goes on with
	over    bool
}

// report finds a device's; nil: it was not looked at yet.
func (p *preflightRun) report(device string) *preflight.Report {
	for _, list := range [][]preflight.Report{p.reports, p.before} {
		for i := range list {
			if list[i].Name == device {
				return &list[i]
			}
		}
	}
	return nil
}

// in counts the devices in a state.
func (p *preflightRun) in(state preflight.State) (n int) {
	for i := range p.reports {
		if p.reports[i].State == state {
			n++
		}
	}
	return n
}

// strangers are the host keys that could be accepted.
func (p *preflightRun) strangers() []*provision.HostKeyError {
	var all []*provision.HostKeyError
	for i := range p.reports {
		var e *provision.HostKeyError
		if errors.As(p.reports[i].Err, &e) && !e.Changed {
			all = append(all, e)
		}
	}
	return all
}

// without are the devices that do not refuse a push.
func (p *preflightRun) without() map[string]bool {
	names := make(map[string]bool)
	for i := range p.reports {
		if p.reports[i].State != preflight.Failed {
			names[p.reports[i].Name] = true
		}
	}
	return names
}

func newPreflightTable() grid {
	return grid{cols: []column{
		{title: "", keep: 8, close: true},
		{title: "device", keep: 9},
		{title: "state", keep: 7},
		{title: "system", keep: 3, least: 12},
		{title: "router", keep: 4},
		{title: "cables", keep: 5},
		{title: "what is wrong", keep: 6, least: 20},
	}}
}

// look looks at the devices; only are those of them, nil: all.
func (s *pushScreen) lookAt(only map[string]bool) tea.Cmd {
	if s.project == nil || s.project.Fabric == nil {
		return nil
	}
	if err := s.project.Blocked(); err != nil {
		s.why = err
		return nil
	}
	s.only, s.stage, s.why, s.stale, s.run, s.inLab = only, looking, nil, false, nil, s.desk.lab
	s.lldpUntil, s.log = time.Time{}, scroll{}
	s.pre = &preflightRun{id: s.desk.newID(), of: len(s.project.Plan.Devices)}
	if len(only) > 0 {
		s.pre.of = len(only)
	}
	s.refill()
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	return tea.Batch(startPreflight(ctx, s.project, s.pre.id, s.preflightOptions(), s.trusted), tick("push", 0))
}

// preflightOptions are those of a look at the devices that are meant.
func (s *pushScreen) preflightOptions() work.PreflightOptions {
	return work.PreflightOptions{Lab: s.inLab, Only: slices.Sorted(maps.Keys(s.only))}
}

// looked follows a look at the devices, and goes on at its end.
func (s *pushScreen) looked(msg preflightMsg) tea.Cmd {
	if s.pre == nil || msg.id != s.pre.id {
		return nil
	}
	if msg.err != nil {
		s.stage, s.why = idle, msg.err
		return nil
	}
	s.pre.reports = append(s.pre.reports, msg.reports...)
	if !msg.over {
		s.refill()
		return moreReports(msg.id, msg.from)
	}
	s.pre.reports, s.pre.over = s.project.Preflighted(s.pre.reports).Devices, true
	stopped := s.stop == nil
	if !stopped && s.waitsForLLDP() {
		s.pre = &preflightRun{id: s.desk.newID(), of: s.pre.of, before: s.pre.reports}
		ctx, stop := context.WithCancel(s.desk.ctx)
		s.stop()
		s.stop = stop
		return lookOn(ctx, s.project, s.pre.id, s.preflightOptions(), s.trusted)
	}
	s.patience = 0
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.refill()
	switch keys := s.pre.strangers(); {
	case stopped || s.stale:
		s.stage = idle
	case len(keys) > 0:
		s.stage, s.unknown, s.log = strange, keys, scroll{}
	case s.pre.in(preflight.Failed) > 0:
		s.stage = refused
		s.refill()
		s.seen.at = s.firstRefused() // what is wrong there stands under the table
	default:
		return s.begin(true, s.only)
	}
	s.refill()
	return nil
}

// firstRefused is the row of the first device that refuses a push.
func (s *pushScreen) firstRefused() int {
	for i, row := range s.seen.rows {
		if r := s.pre.report(row[1].text); r != nil && r.State == preflight.Failed {
			return i
		}
	}
	return 0
}

// goWithout goes on with the devices that do not refuse a push.
func (s *pushScreen) goWithout() (Nav, tea.Cmd) {
	names := s.pre.without()
	if len(names) == 0 {
		return Nav{}, say(warn, "no device is left to go on with")
	}
	return Nav{}, s.begin(true, names)
}

// showPreflight changes between what was looked at and what would change.
func (s *pushScreen) showPreflight() (Nav, tea.Cmd) {
	s.inPre = !s.inPre && s.pre != nil
	return Nav{}, nil
}

// preflighting says whether the look at the devices is what is on the screen.
func (s *pushScreen) preflighting() bool {
	return s.pre != nil && (s.stage == looking || s.stage == mending || s.stage == refused || s.inPre && s.stage == ready)
}
