package ui

import (
	"fmt"

	"charm.land/bubbles/v2/key"

	"closup/provision/preflight"
	"closup/provision/push"
)

// What the push screen's keys are at each stage, and how the sidebar names it.

// Keys implements Screen.
func (s *pushScreen) Keys() []key.Binding {
	switch {
	case s.sure.text != "":
		return []key.Binding{bind("y", "yes"), called(keys.cancel, "no")}
	case s.save.open:
		return []key.Binding{called(keys.accept, "save"), keys.cancel}
	case s.folder.open:
		return []key.Binding{called(keys.accept, "see what it has"), keys.cancel}
	case s.confirm.open:
		return append([]key.Binding{called(keys.accept, "push")}, s.confirm.keys()[1:]...)
	}
	toggle := s.desk.labKey()
	switch s.stage {
	case looking, mending:
		return []key.Binding{keys.drain}
	case refused:
		all := []key.Binding{called(keys.check, "look again")}
		if len(s.pre.without()) > 0 {
			all = []key.Binding{keys.without, called(keys.check, "look again")}
		}
		return append(append(all, s.offerKeys()...), called(keys.log, "all checks"), keys.wrong, toggle)
	case checking, settling:
		return []key.Binding{keys.log, keys.drain}
	case pushing:
		pause := keys.pause
		if s.control.Paused() {
			pause = called(keys.pause, "go on")
		}
		return []key.Binding{pause, keys.abort, keys.log, keys.drain}
	case strange:
		return []key.Binding{keys.trust, called(keys.back, "leave them"), keys.log}
	case ready:
		all := []key.Binding{keys.apply}
		if s.desk.readOnly || s.run.tally()[push.Changed] == 0 {
			all = nil
		}
		if s.inPre {
			all = append(all, s.offerKeys()...)
			return append(all, called(keys.section, "what would change"), called(keys.log, "all checks"), keys.wrong, called(keys.check, "check again"), toggle)
		}
		return append(all, called(keys.section, "preflight"), keys.log, called(keys.check, "check again"), toggle)
	case over:
		all := []key.Binding{called(keys.watch, "watch it live")}
		if s.stale {
			all = []key.Binding{called(keys.check, "check what would change")}
		}
		if s.waits() > 0 {
			all = []key.Binding{keys.keep, keys.takeBack, called(keys.watch, "watch")}
		}
		if len(s.run.failed()) > 0 {
			all = append(all, keys.retry)
		}
		return append(all, called(keys.reload, "check all"), keys.log, called(keys.export, "save"), called(keys.yank, "copy the summary"))
	}
	if s.project == nil || s.project.Fabric == nil || s.project.Blocked() != nil {
		return []key.Binding{toggle}
	}
	if len(s.left().pending) > 0 {
		return []key.Binding{keys.keep, keys.takeBack, keys.check, toggle}
	}
	return []key.Binding{keys.check, toggle}
}

// State implements Screen.
func (s *pushScreen) State() (state, string) {
	switch s.stage {
	case looking, checking:
		return open, "asks"
	case mending:
		return open, "runs"
	case refused:
		return failed, fmt.Sprintf("%d refuse", s.pre.in(preflight.Failed))
	case strange:
		return open, "keys"
	case ready:
		return open, "ready"
	case pushing:
		if s.control.Paused() {
			return open, "paused"
		}
		return open, "runs"
	case settling:
		return open, "runs"
	case over:
		switch n, skipped := len(s.run.failed()), s.run.tally()[push.Skipped]; {
		case n > skipped:
			return failed, fmt.Sprintf("%d failed", n-skipped)
		case n > 0:
			return failed, fmt.Sprintf("%d skipped", n)
		}
		switch {
		case s.waits() > 0:
			return open, "trial"
		case s.stale:
			return open, ""
		}
		return done, "done"
	}
	if s.project != nil && s.project.Blocked() != nil {
		return open, "waits"
	}
	return open, ""
}
