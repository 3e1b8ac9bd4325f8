package ui

// What the operator types and clicks, and to whom it goes: the frame, an open
// question, or the screen in front.

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

func (a *app) key(msg tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(msg, keys.interrupt):
		return a.interrupt()
	case a.secret.open():
		a.secret.update(msg)
		return nil
	case a.asking:
		return a.answer(msg)
	case a.palette.open:
		return a.paletteKey(msg)
	case a.helping:
		n, page := len(a.helpLines(a.content())), a.content().h
		if !a.helpTop.key(msg, n, page) {
			a.helping = false
		}
		return nil
	case a.screens[a.at].Typing():
		return a.front(msg)
	case key.Matches(msg, keys.help):
		a.helping, a.helpTop = true, scroll{}
		return nil
	case key.Matches(msg, keys.palette):
		a.openPalette()
		return nil
	case key.Matches(msg, keys.theme):
		return a.nextTheme()
	case key.Matches(msg, keys.hints):
		return a.toggleHints()
	case key.Matches(msg, keys.quit):
		if a.loses() == "" {
			return tea.Quit
		}
		a.asking = true
		return nil
	case key.Matches(msg, keys.next):
		return a.follow(Nav{Move: 1})
	case key.Matches(msg, keys.prev):
		return a.follow(Nav{Move: -1})
	case key.Matches(msg, keys.jump):
		n := (int(msg.String()[0]-'0') + 9) % 10
		return a.follow(Nav{Step: steps[n].name})
	case key.Matches(msg, keys.undo):
		return a.desk.undo()
	case key.Matches(msg, keys.redo):
		return a.desk.redo()
	case key.Matches(msg, keys.mouse):
		a.freeMouse = !a.freeMouse
		return nil
	}
	return a.front(msg)
}

// interrupt is ctrl+c: the first one lets a running push finish the devices it
// has begun, the second one ends everything.
func (a *app) interrupt() tea.Cmd {
	if a.secret.q != nil {
		a.secret.give(false)
	}
	for _, s := range a.screens {
		if r, ok := s.(runner); ok && r.Drain() {
			return nil
		}
	}
	a.interrupted = true
	return tea.Quit
}

// loses is what leaving now would lose or cut off; "": nothing.
func (a *app) loses() string {
	why := a.desk.unsaved()
	for _, s := range a.screens {
		if r, ok := s.(runner); ok {
			why = strings.TrimSpace(why + " " + r.Busy())
		}
	}
	return why
}

func (a *app) answer(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "y":
		return tea.Quit
	case "n", "esc", "q":
		a.asking = false
	}
	return nil
}

func (a *app) mouse(msg tea.MouseMsg) tea.Cmd {
	m := msg.Mouse()
	if click, ok := msg.(tea.MouseClickMsg); ok && click.Button == tea.MouseLeft {
		if a.secret.open() {
			return nil
		}
		if i := m.Y - titleRows; m.X < a.sidebar() && i >= 0 && i < len(steps) && !a.screens[a.at].Typing() {
			return a.follow(Nav{Step: steps[i].name})
		}
		return a.click(m.X, m.Y)
	}
	if wheel, ok := msg.(tea.MouseWheelMsg); ok {
		switch wheel.Button {
		case tea.MouseWheelUp:
			return a.scrollKey(tea.KeyUp)
		case tea.MouseWheelDown:
			return a.scrollKey(tea.KeyDown)
		}
	}
	return nil
}

// click gives a click to the screen in front, from its own corner.
func (a *app) click(x, y int) tea.Cmd {
	x, y = x-1, y-titleRows-headRows
	if side := a.sidebar(); side > 0 {
		x -= side + 2
	}
	switch size := a.content(); {
	case x < 0 || y < 0 || x >= size.w || y >= size.h || a.asking || a.helping:
		return nil
	case a.palette.open:
		a.palette.table.click(y, size.h)
		return nil
	}
	return a.front(clickMsg{x, y})
}

// typing says whether the keys are the text of something at this moment.
func (a *app) typing() bool {
	return a.asking || a.palette.open || a.screens[a.at].Typing()
}

// scrollKey is the wheel: three rows, wherever the arrows move.
func (a *app) scrollKey(code rune) tea.Cmd {
	if a.asking || a.secret.open() {
		return nil
	}
	var cmds []tea.Cmd
	for range 3 {
		cmds = append(cmds, a.key(tea.KeyPressMsg{Code: code}))
	}
	return tea.Batch(cmds...)
}
