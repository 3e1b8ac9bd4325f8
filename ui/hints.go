package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// hints explain a step to who sees it for the first time: what it is in one short
// sentence, which a low screen has room for too, then what to do. A screen on
// which more than one thing comes after another says what is next there (hinter).
var hints = map[string]string{
	"open":    "closup brings up switches and nodes that speak BGP. tab goes through its ten steps and shift+tab back, ? shows the keys, : every action.",
	"fabric":  "All numbers and addresses follow from these lines. enter changes one, and what that does is shown before it is so; u takes it back.",
	"spines":  "Each spine has a cable to each leaf. a adds one, and its cables, sessions and routes follow.",
	"leafs":   "A leaf is the switch at the top of a rack. Its nodes hang on it, and it has a session to each spine. a adds one.",
	"nodes":   "The Kubernetes hosts speak BGP themselves. They announce their own pods: no VLANs, no bonds, no overlay.",
	"cabling": "Cables are laid by themselves; chosen ones stay. p writes all of them into the file, A lays them anew.",
	"review":  "Some eighty rules look at the fabric. Where one is not kept they say what to do; no error means that it can be pushed.",
	"preview": "Every file, before any device is touched. e says why each line is there, d what it changes on the device.",
}

// hinter is a screen whose hint follows what happens on it.
type hinter interface{ Hint() string }

// hint is what to say of the screen in front; "": nothing.
func (a *app) hint() string {
	if !a.options.Hints {
		return ""
	}
	if s, ok := a.screens[a.at].(hinter); ok {
		return s.Hint()
	}
	return hints[steps[a.at].name]
}

// hintRows is what hints take of every screen: a space and two lines, three on a
// narrow terminal. On a low one there is one.
func (a *app) hintRows() int {
	switch {
	case !a.options.Hints || a.h < 16:
		return 0
	case a.h < 22:
		return 1
	case a.w < 110:
		return 4
	}
	return 3
}

// hintLines is the hint in the rows that there are for it: as many of its
// sentences as fit.
func (a *app) hintLines(size sizeMsg) string {
	rows := a.hintRows()
	if rows == 0 {
		return ""
	}
	l := a.look
	room := max(1, rows-1)
	text := within(sentences(a.hint(), size.w-2, room), size.w-2, room, l.ellipsis)
	for i := range text {
		text[i] = l.in(accent, l.edge) + " " + l.in(dim, text[i])
	}
	for len(text) < room {
		text = append(text, "")
	}
	if rows > 1 {
		text = append([]string{""}, text...)
	}
	return "\n" + strings.Join(text, "\n")
}

// sentences wraps as many of a text's sentences as h lines of w cells hold, and
// the first in any case.
func sentences(text string, w, h int) []string {
	all := strings.SplitAfter(text, ". ")
	for n := len(all); ; n-- {
		if lines := wrap(strings.TrimSpace(strings.Join(all[:n], "")), w); len(lines) <= h || n <= 1 {
			return lines
		}
	}
}

// toggleHints switches the hints on or off.
func (a *app) toggleHints() tea.Cmd {
	a.options.Hints = !a.options.Hints
	text := "hints are off; H switches them on"
	if a.options.Hints {
		text = "hints are on; H switches them off"
	}
	a.desk.say(plain, text)
	return a.all(a.content())
}

// about is the line beside a screen's title.
func (a *app) about() string { return steps[a.at].about }

// Hint implements hinter: a push is a check, a word, and its course.
func (s *pushScreen) Hint() string {
	to := "every device"
	if s.desk.simulated {
		to = "every simulated device"
	}
	switch s.stage {
	case idle:
		return "enter asks " + to + " what would change. Nothing is written before you have seen that and typed the fabric's name."
	case looking, mending:
		return "First a look at what would stand in the way. That is each device's host key, user, disk and clock, and its cables."
	case refused:
		return "A device would refuse a push; the table says why. Nothing was written. enter looks again."
	case checking:
		return "Each device tells what would change on it. It is asked over SSH, and nothing is written."
	case pushing, settling:
		return "Each device takes all of its files, or none. If anything goes wrong, it has its old configuration back."
	case strange:
		return "These devices are not known yet. Compare their keys with the ones on their consoles; a accepts them."
	case ready:
		switch {
		case s.confirm.open:
			return "Typing the fabric's name is your word for it. Keep it chooses a trial: what is not confirmed in time is taken back."
		case s.preflighting():
			return "This is what could stand in a push's way. o shows every check of a device, v what would change."
		}
		return "Below is what would change on the device. o reads it whole. p pushes, once you have typed the fabric's name."
	}
	switch {
	case len(s.run.failed()) > 0:
		return "Some devices did not get through. The log says why; f checks them again, and leaves the others alone."
	case s.stale && s.waits() == 0:
		return "The fabric changed since this push. enter asks what would change on the devices now."
	case s.waits() > 0:
		return "The change is on trial until the time is over. c keeps it, x takes it back, and so does each device by itself."
	}
	return "All is pushed; enter watches the sessions come up."
}

// Hint implements hinter: from the first round to the puzzles.
func (s *liveScreen) Hint() string {
	all := s.latest.Summary
	switch {
	case s.watcher == nil:
		return "enter watches: every second each device is asked. Its sessions and routes stand beside what the plan expects."
	case s.guide.apply.stage != notApplying:
		return "Nothing is done before the fabric's name is typed. Afterwards the devices are asked again, and whether it helped is told."
	case s.guide.open && s.guide.beside():
		return "Here all is as planned. The last question names what is wrong elsewhere; esc, and e or w asks about that."
	case s.guide.open && s.guide.solved():
		return "That is the cause. a mends it where closup can, w writes a report; esc, and then p takes every fault out."
	case s.guide.open && s.why.puzzle:
		return "enter tells more: what was seen, what it means. Then what to do, and the next question; o tells all. esc closes it."
	case s.guide.open:
		return "Each question: what was seen, and what it means. What to do stands at its end; a does it where closup can. esc closes it."
	case s.symptom.open:
		return "Say it as a user would, or choose a sentence. What is missing in it is asked for."
	case s.why.puzzle && all.SessionsEstablished == all.SessionsExpected:
		return "Something is broken, and every session is up. v goes to routes and nodes, and e asks why; w takes what a user would say."
	case s.why.puzzle:
		return "Something is broken now. e on the first row asks why. w takes what you miss in words; p mends it and tells."
	case !s.seen || all.SessionsEstablished < all.SessionsExpected && len(s.findings()) == 0:
		return "The sessions come up one after another. Neighbors find each other by router advertisements, and exchange routes. d asks why one does not."
	case len(s.findings()) > 0:
		return "closup asked both ends, and names the cause. e on a row goes through it question by question."
	case s.desk.lab:
		return "All is as planned. p breaks something for you to find. It is one of some forty faults. v shows routes, devices, nodes and events."
	}
	return "All is as planned. Pull a cable and see. v shows routes, devices, nodes and events."
}

// labKey is the key that changes between the lab and the real devices. Where
// the devices are simulated there are no others.
func (d *desk) labKey() (k key.Binding) {
	k = called(keys.lab, "use the lab")
	if d.lab {
		k = called(keys.lab, "use the real devices")
	}
	k.SetEnabled(!d.simulated)
	return k
}
