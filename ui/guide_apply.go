package ui

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/diagnose"
	"closup/provision/push"
	"closup/ui/work"
)

// Applying a remedy from the guide: what it would do is shown, with the change
// of each file, and the fabric's name has to be typed, as for a push. Then the
// devices are asked again.

// applying is one remedy on its way.
type applying struct {
	stage  applyStage
	id     int // of what is under way; 0: nothing
	since  time.Time
	remedy work.Remedy
	name   field // the fabric's, to confirm
	scroll scroll
	err    error
	done   work.Applied
}

type applyStage uint8

const (
	notApplying applyStage = iota
	previewing
	asking
	running
	applied
)

// remedyOf is what closup can do about the question under the cursor.
func (g *guide) remedyOf() work.Remedy {
	if s := g.step(); s != nil && g.told(g.list.at) == remedy {
		return work.RemedyFor(s.Findings, nil)
	}
	return work.Remedy{}
}

// begin asks the devices what the remedy would change.
func (a *applying) begin(s *liveScreen, r work.Remedy) tea.Cmd {
	*a = applying{stage: previewing, id: s.desk.newID(), since: s.now, remedy: r}
	a.name.begin("")
	return previewRemedy(s.desk.ctx, s.project, r, s.desk.lab, a.id)
}

// take follows what was asked for, and done.
func (a *applying) take(s *liveScreen, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case previewedMsg:
		if msg.id != a.id || a.id == 0 {
			return nil
		}
		a.id, a.remedy, a.err, a.stage = 0, msg.remedy, msg.err, asking
		for _, c := range a.remedy.Changes {
			if c.Error != "" && a.err == nil {
				a.err = fmt.Errorf("%s: %s; nothing was done", c.Name, c.Error)
			}
		}
	case appliedMsg:
		if msg.id != a.id || a.id == 0 {
			return nil
		}
		a.id, a.done, a.err, a.stage = 0, msg.applied, msg.err, applied
		a.scroll = scroll{}
		for _, r := range a.done.Ran {
			s.history.say(msg.at, r.Device, accent, "ran "+printable(r.Command.Command))
		}
		for _, r := range a.done.Pushed {
			s.history.say(msg.at, r.Name, accent, "push: "+string(r.Result))
		}
		return s.guide.look(s, nil)
	}
	return nil
}

func (a *applying) keys() []key.Binding {
	switch a.stage {
	case asking:
		if a.err == nil {
			return []key.Binding{called(keys.accept, "apply it"), bind("pgdn", "scroll", "pgdown"), called(keys.cancel, "leave it")}
		}
	case applied:
		return []key.Binding{called(keys.accept, "close"), bind("pgdn", "scroll", "pgdown")}
	case running:
		return nil
	}
	return []key.Binding{called(keys.cancel, "close")}
}

func (a *applying) typed(s *liveScreen, msg tea.Msg) tea.Cmd {
	k, isKey := msg.(tea.KeyPressMsg)
	switch {
	case a.stage == running:
	case isKey && key.Matches(k, keys.pageUp, keys.pageDown):
		a.scroll.key(k, len(a.body(s)), max(1, s.h-6))
	case isKey && key.Matches(k, keys.cancel):
		*a = applying{}
	case isKey && key.Matches(k, keys.accept) && (a.stage == applied || a.err != nil):
		*a = applying{}
	case a.stage == asking && isKey && key.Matches(k, keys.accept):
		if strings.TrimSpace(a.name.value()) == s.desk.name() {
			a.stage, a.id, a.since = running, s.desk.newID(), s.now
			return applyRemedy(s.desk.ctx, s.project, a.remedy, s.desk.lab, a.id)
		}
		a.name.err = fmt.Errorf("the fabric's name is %s", s.desk.name())
	case a.stage == asking:
		a.name.update(msg)
	}
	return nil
}

// body is what would be done, or was.
func (a *applying) body(s *liveScreen) (out []string) {
	l, w := s.look, max(8, s.w-2)
	say := func(t tone, lead, text string) {
		out = append(out, l.led(lead, t, text, w)...)
	}
	commands := func(all []diagnose.Command) {
		for _, c := range all {
			say(accent, "  "+l.dot+" ", c.Device+"# "+c.Command)
		}
	}
	if a.stage == applied {
		for _, r := range a.done.Ran {
			say(accent, "  "+l.dot+" ", r.Device+"# "+r.Command.Command)
			if r.Error != "" {
				say(bad, "    ", r.Error)
			} else if r.Output != "" {
				say(dim, "    ", r.Output)
			}
		}
		for _, r := range a.done.Pushed {
			t := good
			if r.Error != "" {
				t = bad
			}
			say(t, "  "+l.dot+" ", strings.TrimSpace("push to "+r.Name+": "+string(r.Result)+" "+r.Error))
		}
		return out
	}
	commands(a.remedy.First)
	for _, c := range a.remedy.Changes {
		if c.Result == push.Unchanged {
			say(accent, "  "+l.dot+" ", "push to "+c.Name+": it has its configuration on disk; what runs is loaded from it again")
			continue
		}
		say(accent, "  "+l.dot+" ", "push to "+c.Name)
		for _, f := range c.Files {
			if !f.Changed {
				continue
			}
			for line := range strings.Lines(f.Change.Diff(1)) {
				out = append(out, "    "+l.in(diffTone(line), cut(printable(strings.TrimSuffix(line, "\n")), w-4, l.ellipsis)))
			}
		}
	}
	commands(a.remedy.Last)
	return out
}

func (a *applying) view(s *liveScreen) string {
	l := s.look
	since := age(max(0, s.now.Sub(a.since).Seconds()))
	var head, foot []string
	switch {
	case a.stage == previewing:
		return l.in(accent, "Asking what the remedy would change.")
	case a.err != nil:
		head = append(l.trouble(a.err.Error(), s.w), "")
	case a.stage == asking:
		head = []string{l.in(strong, "To mend "+a.remedy.About()+", this would be done:"), ""}
		foot = []string{"", "To do it type the fabric's name, " + l.in(strong, s.desk.name()) + ":", a.name.view(l, min(40, s.w), true)}
		if a.name.err != nil {
			foot = append(foot, l.trouble(a.name.err.Error(), s.w)...)
		}
	case a.stage == running:
		head = []string{l.in(accent, "Applying it, "+since+". ") + l.in(dim, "Then the devices are asked again, until it shows."), ""}
	case len(a.done.Left) == 0:
		head = []string{l.in(good, l.done+" Mended: the devices do not show it any more."), ""}
	default:
		head = []string{l.in(bad, l.fail+" "+count(len(a.done.Left), "finding")+" of those it was for stands still."), ""}
	}
	all := a.body(s)
	h := max(0, s.h-len(head)-len(foot))
	from, to := a.scroll.window(len(all), h)
	return strings.Join(append(append(head, all[from:to]...), foot...), "\n")
}
