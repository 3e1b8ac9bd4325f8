package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// hints explain a step to who sees it for the first time. A screen on which
// more than one thing comes after another says what is next there (hinter).
var hints = map[string]string{
	"open":    "closup brings up switches and Kubernetes nodes that speak BGP. This fabric is its author's own. tab goes through ten steps, ? shows the keys, : every action.",
	"fabric":  "All numbers and addresses follow from these lines. enter changes one, and what that does is shown before it is so; u takes it back.",
	"spines":  "Each spine has a cable to each leaf: there is no more to say of it than its name. a adds one, and cables, sessions and routes follow.",
	"leafs":   "A leaf is the switch at the top of a rack: its nodes hang on it, and it has a session to each spine. a adds one.",
	"nodes":   "The Kubernetes hosts speak BGP themselves and announce their own pods: no VLANs, no bonds, no overlay.",
	"cabling": "Cables are laid by themselves, and chosen ones stay when devices are added. p writes them into the file, A lays them anew.",
	"review":  "Some eighty rules look at the fabric, and say what to do where one is not kept. No error means that it can be pushed.",
	"preview": "Every file of every device, before anything is touched. e says why each line is there.",
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

// hintLines is the hint in the rows that there are for it.
func (a *app) hintLines(size sizeMsg) string {
	rows := a.hintRows()
	if rows == 0 {
		return ""
	}
	l := a.look
	text := wrap(a.hint(), size.w-2)
	room := max(1, rows-1)
	if len(text) > room {
		text = append(text[:room-1], cut(strings.Join(text[room-1:], " "), size.w-2, l.ellipsis))
	}
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
		return "enter asks " + to + " over SSH what would change. Nothing is written before you have seen that and typed the fabric's name."
	case looking:
		return "First a look at what would stand in the way: each device's host key, user, disk, clock, and its cables."
	case refused:
		return "A device would refuse a push, and the table says why. Nothing was written; enter looks again."
	case checking, pushing, settling:
		return "On each device all files are put in place and made live, or none: if anything goes wrong, it has its old configuration back."
	case strange:
		return "These devices are not known yet. Compare their keys with the ones on their consoles; a accepts them."
	case ready:
		return "o shows the difference of each device. p pushes, once you have typed the fabric's name."
	}
	return "Done. enter watches the sessions come up, one after another."
}

// Hint implements hinter: from the first round to the puzzles.
func (s *liveScreen) Hint() string {
	all := s.latest.Summary
	switch {
	case s.watcher == nil:
		return "enter watches: each second every device is asked, and its sessions and routes stand beside what the plan expects."
	case s.guide.open && s.why.puzzle:
		return "enter shows what was looked at, then what it means, then what to do; the arrows choose a question. esc closes it; p then mends all and tells."
	case s.guide.open:
		return "Each question says what was looked at, what was seen, what it means and what to do. esc closes it."
	case s.why.puzzle:
		return "Something is broken now. e on a red row, or w and what you miss in words, leads to the cause by questions; v shows other views, p mends it and tells."
	case !s.seen || all.SessionsEstablished < all.SessionsExpected && len(s.findings()) == 0:
		return "The sessions come up one after another: neighbors find each other by router advertisements, and exchange routes. d asks why one does not."
	case len(s.findings()) > 0:
		return "closup asked both ends of every cable and names the cause. e on a row goes through it question by question."
	case s.desk.lab:
		return "All is as planned. p breaks something for you to find, one of some forty faults. v shows routes, devices, nodes and what happened."
	}
	return "All is as planned. Pull a cable and see; v shows routes, devices, nodes and what happened."
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
