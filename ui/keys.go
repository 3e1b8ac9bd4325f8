package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
)

// All key bindings stand in this file; the footer and the ? overlay are made
// from them. A key that moves or scrolls is never bound to anything that
// destroys.

func bind(help, desc string, names ...string) key.Binding {
	if len(names) == 0 {
		names = []string{help}
	}
	return key.NewBinding(key.WithKeys(names...), key.WithHelp(help, desc))
}

// called is a binding with another description, where a screen can say more
// exactly what its key does.
func called(b key.Binding, desc string) key.Binding {
	b.SetHelp(b.Help().Key, desc)
	return b
}

// keys is the keymap.
var keys = struct {
	next, prev, back, jump, help, palette, theme, hints, quit, interrupt, mouse, undo, redo key.Binding

	up, down, pageUp, pageDown, halfUp, halfDown, top, bottom, left, right key.Binding

	accept, cancel, edit, add, remove, split, pin, auto, choose, toggle     key.Binding
	paste, twin, rowUp, rowDown, cells, peers, form, submit, dropLine       key.Binding
	reset, reload, section, pane, diff, context, explain, fetch, save, find key.Binding
	sectionBack, export, yank, again, sort, bell                            key.Binding
	check, apply, trust, log, drain, watch, freeze, faults, lab             key.Binding
	symptom, diagnose, puzzle, handOver, lookAgain, solve, remedy, report   key.Binding
	pause, abort, retry, keep, takeBack, without                            key.Binding
	raise, install, expired, wrong                                          key.Binding
}{
	next:      bind("tab", "next step"),
	prev:      bind("shift+tab", "step before"),
	back:      bind("esc", "back", "esc", "alt+esc"), // two in a hurry arrive as one
	jump:      bind("1-9 0", "go to a step", "1", "2", "3", "4", "5", "6", "7", "8", "9", "0"),
	help:      bind("?", "help"),
	palette:   bind(":", "every action"),
	theme:     bind("T", "next theme"),
	hints:     bind("H", "hints on or off"),
	quit:      bind("q", "quit"),
	interrupt: bind("ctrl+c", "stop"),
	mouse:     bind("m", "free the mouse"),
	undo:      bind("u", "undo"),
	redo:      bind("U", "redo", "U", "ctrl+r"),

	up:       bind("↑ k", "up", "up", "k"),
	down:     bind("↓ j", "down", "down", "j"),
	pageUp:   bind("pgup", "page up", "pgup"),
	pageDown: bind("pgdn", "page down", "pgdown"),
	halfUp:   bind("ctrl+u", "half a page up"),
	halfDown: bind("ctrl+d", "half a page down"),
	top:      bind("g", "first", "g", "home"),
	bottom:   bind("G", "last", "G", "end"),
	left:     bind("← h", "left", "left", "h"),
	right:    bind("→ l", "right", "right", "l"),

	accept: bind("enter", "accept"),
	cancel: bind("esc", "cancel", "esc", "alt+esc"),
	edit:   bind("enter", "edit", "enter", "e"),
	add:    bind("a", "add"),
	remove: bind("x", "delete", "x", "delete"),
	split:  bind("s", "split the range"),
	pin:    bind("p", "pin"),
	auto:   bind("A", "cable automatically"),
	choose: bind("enter", "choose"),
	toggle: bind("space", "toggle", "space"),

	paste:    bind("b", "paste many"),
	twin:     bind("d", "duplicate"),
	rowUp:    bind("K", "move up", "K", "shift+up"),
	rowDown:  bind("J", "move down", "J", "shift+down"),
	cells:    bind("← →", "cell", "right", "left", "l", "h"),
	form:     bind("e", "whole form"),
	peers:    bind("o", "outside sessions"),
	submit:   bind("ctrl+s", "add them"),
	dropLine: bind("ctrl+x", "delete the line"),

	reset:   bind("r", "back to the default"),
	reload:  bind("r", "read again"),
	section: bind("v", "next view"),
	pane:    bind("enter", "read"),
	diff:    bind("d", "diff"),
	context: bind("c", "context"),
	explain: bind("e", "why"),
	fetch:   bind("f", "fetch what runs now"),
	save:    bind("w", "write anyway"),
	find:    bind("/", "search"),

	sectionBack: bind("V", "view before"),
	export:      bind("w", "write to a folder"),
	yank:        bind("y", "copy"),
	again:       bind("n", "next match"),
	sort:        bind("s", "sort"),
	bell:        bind("b", "bell off"),

	check:  bind("enter", "check what would change"),
	apply:  bind("p", "push"),
	trust:  bind("a", "accept these keys"),
	log:    bind("o", "log"),
	drain:  bind("ctrl+c", "finish and stop"),
	watch:  bind("enter", "watch"),
	freeze: bind("space", "freeze", "space"),
	faults: bind("f", "only faults"),
	lab:    bind("t", "real devices or lab"),

	symptom:   bind("w", "what is wrong, in words"),
	diagnose:  bind("d", "diagnose"),
	puzzle:    bind("p", "a puzzle"),
	handOver:  bind("w", "hand over a report"),
	lookAgain: bind("r", "look again"),
	solve:     bind("o", "show all"),
	remedy:    bind("a", "apply it"),
	report:    bind("r", "bring-up report"),

	pause:    bind("space", "pause", "space"),
	abort:    bind("x", "abort"),
	retry:    bind("f", "retry the failed"),
	keep:     bind("c", "keep it"),
	takeBack: bind("x", "take it back"),
	without:  bind("n", "without them"),

	raise:   bind("s", "set ports up"),
	install: bind("i", "install packages"),
	expired: bind("e", "a new password"),
	wrong:   bind("b", "only what is wrong"),
}

// moving is what every list and text understands, for the help overlay.
var moving = []key.Binding{
	keys.up, keys.down, keys.pageUp, keys.pageDown, keys.halfUp, keys.halfDown, keys.top, keys.bottom,
}

// footer is one line of keys, as many as fit into w cells: those of last are
// at its end, but for what the first key of all has no room beside.
func (l *look) footer(bindings, last []key.Binding, w int) string {
	end := ""
	for ; len(last) > 0; last = last[1:] {
		end = l.footer(last, nil, w)
		if len(last) <= fewest || l.first(bindings)+3+width(end) <= w {
			w -= width(end) + 3
			break
		}
	}
	var b strings.Builder
	used := 0
	for _, k := range bindings {
		h := k.Help()
		if !k.Enabled() || h.Key == "" {
			continue
		}
		n := width(l.keyName(h.Key)) + 1 + width(h.Desc)
		if used > 0 {
			n += 3
		}
		if used+n > w {
			continue
		}
		if used > 0 {
			b.WriteString("   ")
		}
		b.WriteString(l.keycap.Render(l.keyName(h.Key)) + " " + l.in(dim, h.Desc))
		used += n
	}
	if used > 0 && end != "" {
		b.WriteString("   ")
	}
	return b.String() + end
}

// fewest is how many of the frame's keys are in every footer: help and quit.
const fewest = 2

// first is the cells that the first key takes; 0: there is none.
func (l *look) first(bindings []key.Binding) int {
	for _, k := range bindings {
		if h := k.Help(); k.Enabled() && h.Key != "" {
			return width(l.keyName(h.Key)) + 1 + width(h.Desc)
		}
	}
	return 0
}

// keyName is a key's name in the glyphs that the terminal has.
func (l *look) keyName(s string) string {
	if !l.ascii {
		return s
	}
	return strings.NewReplacer("↑", "up", "↓", "down", "←", "left", "→", "right").Replace(s)
}
