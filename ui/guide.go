package ui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/diagnose"
	"closup/ui/work"
)

// guide goes down the fault tree for one complaint: the questions at the left,
// and for the one under the cursor what was looked at, what was seen, what it
// means and what to do. As training it tells nothing before it is asked.
type guide struct {
	open     bool
	about    string // the complaint
	scope    scoping
	id       int // of the examination under way; 0: none
	since    time.Time
	at       time.Time // when the devices were asked
	walk     diagnose.Walk
	walked   bool
	err      error
	list     list
	scroll   scroll
	reading  bool // where the two do not fit side by side: the details are in front
	training bool
	bare     []reveal // of each question, as training
	apply    applying // a remedy on its way
}

// reveal is how much of a question is told.
type reveal uint8

const (
	hidden reveal = iota
	evidence
	meaning
	remedy
)

// fresh is how old what the devices said may be for another question.
const fresh = 10 * time.Second

// begin asks about a complaint.
func (g *guide) begin(s *liveScreen, about string, scope scoping) tea.Cmd {
	*g = guide{open: true, about: about, scope: scope, training: s.why.puzzle}
	return g.look(s, s.why.exam)
}

// look asks the devices, unless what they said is fresh.
func (g *guide) look(s *liveScreen, recent *work.Examination) tea.Cmd {
	if recent != nil && s.now.Sub(recent.Snapshot.At) > fresh {
		recent = nil
	}
	g.id, g.since, g.err = s.desk.newID(), s.now, nil
	return examine(s.desk.ctx, s.watcher, s.project, s.desk.lab, g.id, g.scope, recent)
}

// take keeps the answer. The cursor goes to the first fault; as training it
// stays at the first question.
func (g *guide) take(msg examinedMsg) {
	if msg.id != g.id || g.id == 0 {
		return
	}
	g.id, g.err = 0, msg.err
	if msg.err != nil || msg.walk == nil {
		return
	}
	again := g.walked
	g.walk, g.walked, g.at = *msg.walk, true, msg.exam.Snapshot.At
	g.list.size(len(g.walk.Steps))
	if len(g.bare) != len(g.walk.Steps) {
		g.bare = make([]reveal, len(g.walk.Steps))
	}
	g.scroll = scroll{}
	if !g.training && !again {
		g.toFault()
	}
}

// toFault puts the cursor on the first question whose answer is not as planned.
// Where all are, the last one tells what is wrong elsewhere.
func (g *guide) toFault() {
	switch first := g.walk.First(); {
	case first >= 0:
		g.list.at, g.scroll = first, scroll{}
	case len(g.walk.Elsewhere) > 0:
		g.list.at, g.scroll = len(g.walk.Steps)-1, scroll{}
	}
}

// beside says that all is as planned on the way that was asked about, and
// something is wrong elsewhere, as far as that may be told.
func (g *guide) beside() bool {
	return g.walked && len(g.walk.Elsewhere) > 0 && g.walk.First() < 0 && g.told(len(g.walk.Steps)-1) == remedy
}

// told says how much of a question is shown.
func (g *guide) told(i int) reveal {
	if !g.training || i >= len(g.bare) {
		return remedy
	}
	return g.bare[i]
}

// looked is how many questions a trainee has looked at.
func (g *guide) looked() (n int) {
	for _, r := range g.bare {
		if r > hidden {
			n++
		}
	}
	return n
}

// solved says that a trainee has seen what a fault means.
func (g *guide) solved() bool {
	for i, s := range g.walk.Steps {
		if g.training && i < len(g.bare) && g.bare[i] >= meaning && s.Verdict == diagnose.Fault {
			return true
		}
	}
	return false
}

func (g *guide) step() *diagnose.Step {
	if g.list.at >= len(g.walk.Steps) {
		return nil
	}
	return &g.walk.Steps[g.list.at]
}

func (g *guide) keys() []key.Binding {
	if g.apply.stage != notApplying {
		return g.apply.keys()
	}
	if !g.walked {
		return []key.Binding{called(keys.back, "close")}
	}
	var all []key.Binding
	switch {
	case g.told(g.list.at) == hidden:
		all = append(all, called(keys.accept, "look"), called(keys.solve, "show all"))
	case g.told(g.list.at) == evidence:
		all = append(all, called(keys.accept, "what it means"), called(keys.solve, "show all"))
	case g.told(g.list.at) == meaning && len(g.step().Findings) > 0:
		all = append(all, called(keys.accept, "what to do"), called(keys.solve, "show all"))
	default:
		all = append(all, called(keys.accept, "next question"))
	}
	if !g.remedyOf().Empty() {
		all = append(all, keys.remedy)
	}
	if len(g.commands()) > 0 && g.told(g.list.at) == remedy {
		all = append(all, called(keys.yank, "copy the commands"))
	}
	if !g.training || g.solved() {
		all = append(all, keys.handOver)
	}
	return append(all, keys.lookAgain, bind("pgdn", "scroll", "pgdown"), called(keys.back, "close"))
}

// commands is what the remedies of the question under the cursor say to type.
func (g *guide) commands() (all []diagnose.Command) {
	if s := g.step(); s != nil {
		for _, f := range s.Findings {
			all = append(all, f.Remedy.Commands...)
		}
	}
	return all
}

func (g *guide) key(s *liveScreen, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case g.apply.stage != notApplying:
		return g.apply.typed(s, k)
	case key.Matches(k, keys.back) && g.reading:
		g.reading = false
	case key.Matches(k, keys.back):
		g.open, g.id = false, 0
	case !g.walked:
		if g.err != nil && key.Matches(k, keys.lookAgain) && g.id == 0 {
			return g.look(s, nil)
		}
	case key.Matches(k, keys.pageUp, keys.pageDown, keys.halfUp, keys.halfDown), g.reading && key.Matches(k, keys.up, keys.down):
		g.scroll.key(k, len(g.details(s, g.room(s))), max(1, s.h-guideHead))
	case key.Matches(k, keys.accept):
		g.next(s)
	case key.Matches(k, keys.solve) && g.training:
		for i := range g.bare {
			g.bare[i] = remedy
		}
		g.toFault()
	case key.Matches(k, keys.handOver) && (!g.training || g.solved()):
		return handOver(g.walk, s.desk.name(), g.about, g.at, s.desk.tmux)
	case key.Matches(k, keys.yank) && g.told(g.list.at) == remedy:
		if all := g.commands(); len(all) > 0 {
			return copyText("the commands", "remedy.sh", typed(all), s.desk.tmux)
		}
	case key.Matches(k, keys.lookAgain) && g.id == 0:
		return g.look(s, nil)
	case key.Matches(k, keys.remedy):
		if r := g.remedyOf(); !r.Empty() {
			return g.apply.begin(s, r)
		}
	default:
		if before := g.list.at; g.list.key(k, s.h-guideHead) && g.list.at != before {
			g.scroll = scroll{}
		}
	}
	return nil
}

// click chooses a question.
func (g *guide) click(s *liveScreen, at clickMsg) {
	if i := g.list.top + at.y - guideHead; g.walked && !g.reading && at.y >= guideHead && i < g.list.n && (g.single(s) || at.x < g.side()) {
		g.list.at, g.scroll = i, scroll{}
	}
}

// next goes on: as training it tells one thing more, then to the next
// question.
func (g *guide) next(s *liveScreen) {
	if at := g.list.at; g.training && at < len(g.bare) && g.bare[at] < remedy {
		g.bare[at]++
		if len(g.walk.Steps[at].Findings) == 0 && g.bare[at] == meaning {
			g.bare[at] = remedy // there is nothing to do
		}
		if g.solved() {
			s.why.looked = g.looked()
		}
		return
	}
	if g.single(s) && !g.reading {
		g.reading = true
		return
	}
	g.list.at = min(g.list.at+1, max(0, g.list.n-1))
	g.scroll = scroll{}
}

// typed is commands as one would type them, device by device.
func typed(all []diagnose.Command) string {
	var b strings.Builder
	on := ""
	for _, c := range all {
		if c.Device != on {
			on = c.Device
			b.WriteString("# on " + printable(on) + "\n")
		}
		b.WriteString(printable(c.Command) + "\n")
	}
	return b.String()
}
