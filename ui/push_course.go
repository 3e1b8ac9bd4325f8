package ui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision/push"
	"closup/ui/work"
)

// The course of a push: what begins it, what its events do, and what ends it.

func (s *pushScreen) checkAll() (Nav, tea.Cmd) { return Nav{}, s.lookAt(nil) }

// retry asks the devices again that did not get through, and no other.
func (s *pushScreen) retry() (Nav, tea.Cmd) {
	names := make(map[string]bool)
	for _, name := range s.run.failed() {
		names[name] = true
	}
	if len(names) == 0 {
		return Nav{}, nil
	}
	return Nav{}, s.lookAt(names)
}

// begin asks the devices what would change; only are those of them, nil: all.
func (s *pushScreen) begin(dry bool, only map[string]bool) tea.Cmd {
	return s.start(work.PushOptions{DryRun: dry}, only)
}

func (s *pushScreen) start(o work.PushOptions, only map[string]bool) tea.Cmd {
	if s.project == nil || s.project.Fabric == nil {
		return nil
	}
	if err := s.project.Blocked(); err != nil {
		s.why = err
		return nil
	}
	s.run = newRun(s.desk.newID(), o.DryRun, s.project.Plan, only, time.Time{})
	s.stage, s.why, s.stale, s.confirm.open, s.inPre = pushing, nil, false, false, false
	if o.DryRun {
		s.stage, s.only = checking, only
	}
	s.inLab, s.byHand = s.desk.lab, 0
	s.refill()
	s.control = &push.Control{}
	o.Lab, o.Verbose, o.Control = s.inLab, true, s.control
	for name := range only {
		o.Only = append(o.Only, name)
	}
	slices.Sort(o.Only)
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	return tea.Batch(startPush(ctx, s.project, s.run.id, o, s.trusted), tick("push", 0))
}

// started takes why nothing was begun.
func (s *pushScreen) started(msg pushStartedMsg) tea.Cmd {
	if s.run == nil || msg.run != s.run.id || msg.err == nil {
		return nil
	}
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	if s.stage == settling {
		s.stage = over
		return say(bad, "%v", msg.err)
	}
	s.stage, s.why = idle, msg.err
	return nil
}

// events follows the run, and goes to the next stage at its end.
func (s *pushScreen) events(msg pushEventsMsg) {
	for _, e := range msg.events {
		s.run.take(e)
	}
	if !msg.over {
		return
	}
	if s.stop != nil {
		s.stop()
	}
	s.run.ended, s.stop, s.sure = msg.at, nil, sure{}
	switch {
	case !s.run.dry:
		s.stage, s.past = over, pastMsg{}
	case len(s.run.strangers()) > 0:
		s.stage, s.unknown, s.log = strange, s.run.strangers(), scroll{}
	case s.stale:
		s.stage = idle
	default:
		s.stage = ready
	}
	s.refill()
	if names := s.run.failed(); len(names) > 0 && !s.logOnly {
		s.table.at = s.run.index[names[0]] // its log says why
	}
}

// pause holds the push between two devices, or lets it go on.
func (s *pushScreen) pause() (Nav, tea.Cmd) {
	if s.control.Paused() {
		s.control.Resume()
	} else {
		s.control.Pause()
	}
	return Nav{}, nil
}

func (s *pushScreen) abort() (Nav, tea.Cmd) {
	if s.control.Aborted() {
		return Nav{}, nil
	}
	control := s.control
	s.sure = sure{
		text: "Abort? No other device is begun, and those that are under way end complete. What waits to be confirmed is taken back; what was confirmed stays.",
		do:   func() tea.Cmd { control.Abort(); return nil },
	}
	return Nav{}, nil
}

// left is what the last push from this machine left behind on the devices that
// are meant now.
func (s *pushScreen) left() past {
	if s.desk.lab {
		return s.past.lab
	}
	return s.past.real
}

// settler keeps what is pending, or asks whether to take it back.
func settler(keep bool) func(*pushScreen) (Nav, tea.Cmd) {
	return func(s *pushScreen) (Nav, tea.Cmd) {
		n := s.waits()
		if s.stage == idle {
			n = len(s.left().pending)
		}
		switch {
		case n == 0:
			return Nav{}, nil
		case keep:
			return Nav{}, s.settle(true)
		}
		s.sure = sure{
			text: fmt.Sprintf("Take the change back on %s? They have their old configuration again at once.", count(n, "device")),
			do:   func() tea.Cmd { return s.settle(false) },
		}
		return Nav{}, nil
	}
}

// settle ends what is pending, one way or the other.
func (s *pushScreen) settle(keep bool) tea.Cmd {
	if s.stage == idle {
		s.inLab = s.desk.lab
		names := make(map[string]bool)
		for _, name := range s.left().pending {
			names[name] = true
		}
		s.run = newRun(0, false, s.project.Plan, names, time.Time{})
		for i := range s.run.rows {
			row := &s.run.rows[i]
			row.report = &push.DeviceReport{Name: row.name, Result: push.Pending}
		}
	}
	s.run.id, s.run.ended, s.stage = s.desk.newID(), time.Time{}, settling
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	o := work.PushOptions{Lab: s.inLab, Verbose: true}
	return tea.Batch(startSettling(ctx, s.project, s.run.id, o, keep, s.trusted), tick("push", 0))
}
