package ui

import (
	"strconv"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// The frame: a title line, the sidebar of steps, the screen in front with its
// heading, one line for what was said last, and the keys. Under 80 columns the
// sidebar becomes one line.

const (
	titleRows = 2 // the title line and the space under it
	footRows  = 2 // what was said last, and the keys
	headRows  = 2 // a screen's heading
)

// sidebar is the width of the list of steps; 0: there is no room for one.
func (a *app) sidebar() int {
	switch {
	case a.w >= 110:
		return 24
	case a.w >= 80:
		return 17
	}
	return 0
}

// content is the space that a screen has.
func (a *app) content() sizeMsg {
	w := a.w - 2
	if side := a.sidebar(); side > 0 {
		w = a.w - side - 4
	}
	return sizeMsg{w: max(0, w), h: max(0, a.h-titleRows-footRows-headRows-a.hintRows())}
}

// View draws the frame around the screen in front.
func (a *app) View() tea.View {
	v := tea.NewView("")
	v.AltScreen = true
	v.WindowTitle = "closup"
	if name := a.desk.name(); name != "" {
		v.WindowTitle = "closup " + name
	}
	if !a.freeMouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if a.options.Theme != "" && a.options.Theme != "auto" {
		v.ForegroundColor, v.BackgroundColor = a.terminal.ground()
	}
	if a.w < 1 || a.h < 1 {
		return v
	}
	v.SetContent(block(a.draw(), a.w, a.h))
	return v
}

// draw is the whole screen. A fault in it is kept, and ends the wizard with the
// next message.
func (a *app) draw() (screen string) {
	screen = " closup met a fault of its own. Any key closes it; nothing is lost."
	defer a.caught()
	return strings.Join([]string{a.title(), a.body(), a.said(), a.keysLine()}, "\n")
}

func (a *app) title() string {
	l := a.look
	left := l.on(l.bar, accent, " "+l.mark+" closup ")
	name := a.desk.name()
	if name == "" {
		name = "no fabric yet"
	}
	left += l.on(l.bar, strong, " "+name+" ")
	if a.desk.simulated {
		left += l.on(l.bar, warn, " SIMULATED ")
	} else if a.desk.lab {
		left += l.on(l.bar, warn, " LAB ")
	}
	if a.desk.readOnly {
		left += l.on(l.bar, warn, " READ-ONLY ")
	}
	right := a.saved()
	room := a.w - width(left) - width(right) - 2
	left += l.on(l.bar, dim, "  "+clauses(a.counts(), room-2))
	gap := max(0, a.w-width(left)-width(right))
	return left + l.bar.Render(strings.Repeat(" ", gap)) + right + "\n"
}

// counts is the fabric in numbers: "2 spines, 2 leafs, 3 nodes, 5 links".
func (a *app) counts() string {
	p := a.desk.project
	if p == nil || len(p.Plan.Devices) == 0 {
		return ""
	}
	return sizeOf(p) + ", " + count(len(p.Plan.Links), "link")
}

// clauses is as many of the parts of a list as fit into w cells.
func clauses(s string, w int) string {
	for width(s) > w {
		i := strings.LastIndex(s, ", ")
		if i < 0 {
			return ""
		}
		s = s[:i]
	}
	return s
}

func (a *app) saved() string {
	l := a.look
	text, t := a.desk.savedState()
	if text == "" {
		return ""
	}
	return l.on(l.bar, t, " "+text+" ")
}

func (a *app) body() string {
	l, size := a.look, a.content()
	h := size.h + headRows + a.hintRows()
	var view string
	switch {
	case a.secret.open():
		view = a.heading(a.secret.title(), "") + "\n" + a.secret.view(l, size.w)
	case a.asking:
		view = a.heading("Leave closup?", "") + "\n" + a.question(size)
	case a.palette.open:
		view = a.heading("Every action", "type a part of its name") + "\n" + a.palette.view(l, size.w, size.h)
	case a.helping:
		lines := a.helpLines(size)
		from, to := a.helpTop.window(len(lines), size.h)
		view = a.heading("Keys", "any other key closes this") + "\n" + strings.Join(lines[from:to], "\n")
	default:
		s := a.screens[a.at]
		view = a.heading(s.Title(), a.about()) + "\n" + s.View()
	}
	if hint := a.hintLines(size); hint != "" {
		view = block(view, size.w, size.h+headRows) + hint
	}
	if a.sidebar() == 0 {
		return beside("", block("", 1, h), block(view, size.w, h), block("", 1, h))
	}
	wall := strings.TrimSuffix(strings.Repeat(l.in(faint, l.wall)+"\n", h), "\n")
	return beside(" ", block(a.sideLines(), a.sidebar(), h), wall, block(view, size.w, h))
}

func (a *app) heading(title, about string) string {
	l, size := a.look, a.content()
	s := l.in(strong, title)
	if a.sidebar() == 0 {
		st, note := a.screens[a.at].State()
		about = strconv.Itoa(a.at+1) + "/" + strconv.Itoa(len(steps)) + "  " + l.stateGlyph(st) + " " + note
	}
	return cut(s+"  "+l.in(dim, about), size.w, l.ellipsis) + "\n"
}

// stateGlyph and stateTone show how a step stands.
func (l *look) stateGlyph(s state) string {
	return [...]string{open: l.open, done: l.done, failed: l.fail}[s]
}

var stateTone = [...]tone{open: dim, done: good, failed: bad}

func (a *app) sideLines() string {
	l, w := a.look, a.sidebar()
	lines := make([]string, len(steps))
	for i, s := range steps {
		st, note := a.screens[i].State()
		num := strconv.Itoa((i + 1) % 10)
		room := w - 6 - width(s.label)
		if width(note) > room-1 {
			note, _, _ = strings.Cut(note, " ") // the number says it too
		}
		note = cut(note, room-1, "")
		note = strings.Repeat(" ", max(0, room-width(note))) + note
		if i == a.at {
			lines[i] = l.on(l.selected, accent, l.edge+num+" ") + l.on(l.selected, stateTone[st], l.stateGlyph(st)+" ") +
				l.on(l.selected, strong, s.label) + l.on(l.selected, dim, note+" ")
			continue
		}
		lines[i] = " " + l.in(faint, num) + " " + l.in(stateTone[st], l.stateGlyph(st)+" ") + s.label + l.in(faint, note)
	}
	return strings.Join(lines, "\n")
}

// said is the last line above the keys: what the last change did, or why it
// was refused.
func (a *app) said() string {
	text, t := a.desk.lastSaid()
	if a.secret.touch != "" && a.secret.aside {
		text, t = printable(a.secret.touch), warn
	}
	return " " + a.look.in(t, cut(text, a.w-2, a.look.ellipsis))
}

// keysLine is the footer: the keys of the screen in front, as many as there is
// room for, and those of the frame. All of them are in the ? overlay.
func (a *app) keysLine() string {
	s := a.screens[a.at]
	here, frame := s.Keys(), []key.Binding{keys.palette, keys.help, keys.quit}
	switch {
	case a.secret.open():
		here, frame = a.secret.keys(), nil
	case a.asking:
		here, frame = []key.Binding{bind("y", "leave"), bind("n", "stay")}, nil
	case a.helping:
		here, frame = []key.Binding{bind("esc", "close"), keys.up, keys.down}, nil
	case a.palette.open:
		here, frame = []key.Binding{called(keys.accept, "do it"), called(keys.cancel, "close"), bind("↑ ↓", "choose")}, nil
	case s.Typing():
		frame = nil
	case a.at+1 < len(steps):
		frame = append([]key.Binding{called(keys.next, strings.ToLower(steps[a.at+1].label))}, frame...)
	}
	return " " + a.look.footer(here, frame, a.w-2)
}

// question says what leaving now would lose.
func (a *app) question(size sizeMsg) string {
	return strings.Join(wrap(a.loses(), size.w), "\n")
}

// helpLines is the ? overlay: the keys of this step, those that are the same
// everywhere, and the step as a command.
func (a *app) helpLines(size sizeMsg) []string {
	l := a.look
	section := func(title string, widest int, bindings []key.Binding) []string {
		lines := []string{l.in(strong, title)}
		for _, k := range bindings {
			if k.Enabled() && k.Help().Key != "" {
				lines = append(lines, "  "+l.keycap.Render(fill(l.keyName(k.Help().Key), widest))+"  "+k.Help().Desc)
			}
		}
		return append(lines, "")
	}
	own := a.screens[a.at].Keys()
	everywhere := []key.Binding{keys.next, keys.prev, keys.back, keys.jump, keys.undo, keys.redo, keys.palette, keys.theme, keys.hints, keys.mouse, keys.help, keys.quit, keys.interrupt}
	widest := l.widestKey(own, moving)
	here, lists := section(steps[a.at].label, widest, own), section("In lists and texts", widest, moving)
	frame := section("Everywhere", l.widestKey(everywhere), everywhere)
	signs := []string{
		l.in(strong, "Signs"),
		"  " + l.in(good, l.done) + " done   " + l.in(bad, l.fail) + " error   " + l.in(dim, l.open) + " open",
		"  " + l.in(good, l.up) + " up   " + l.in(bad, l.down) + " down   " + l.in(dim, l.unknown) + " not known", "",
	}
	command := []string{l.in(strong, "The same as a command"), "  " + steps[a.at].command}
	left, right := append(here, lists...), append(frame, signs...)
	if size.w < 56 {
		return append(append(left, right...), command...)
	}
	n, half := max(len(left), len(right)), 0
	for _, line := range left {
		half = max(half, width(line))
	}
	half = max(size.w/3, min(half, size.w*2/3))
	both := beside("    ", block(strings.Join(left, "\n"), half, n), block(strings.Join(right, "\n"), size.w-half-4, n))
	return append(strings.Split(both, "\n"), command...)
}

// widestKey is the cells that the names of these keys take.
func (l *look) widestKey(all ...[]key.Binding) (n int) {
	for _, bindings := range all {
		for _, k := range bindings {
			if k.Enabled() {
				n = max(n, width(l.keyName(k.Help().Key)))
			}
		}
	}
	return n
}

// plainView is the frame without escape sequences, for tests and reports.
func (a *app) plainView() string { return ansi.Strip(a.View().Content) }
