package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// Screen is one step of the wizard. The root gives keys, paste and mouse to
// the screen in front, and the messages of cmds.go to all of them.
type Screen interface {
	Title() string
	Focus() tea.Cmd // it came to the front; never starts remote work
	Update(tea.Msg) (Nav, tea.Cmd)
	View() string
	Keys() []key.Binding
	Typing() bool // a field has the keys: ? and q are text
	State() (state, string)
}

// runner is a screen with something under way that outlives it.
type runner interface {
	Busy() string // what leaving now would cut off; "": nothing
	Drain() bool  // finish what has begun and begin no more; false: nothing to drain
}

// Nav says where to go after an Update. It is a return value and never a
// message, so that a second Enter cannot skip a step.
type Nav struct {
	Move  int    // steps on (1) or back (-1)
	Step  string // or: the step of this name
	Place string // what to show there: a path in fabric.yaml
}

// state is how a step stands, as the sidebar shows it.
type state uint8

const (
	open state = iota
	done
	failed
)

// placeMsg asks a screen to show a path of fabric.yaml; it comes with Nav.Place.
type placeMsg struct{ path string }

// clickMsg is a click of the left button inside the screen in front, from its
// upper left cell.
type clickMsg struct{ x, y int }

// sizeMsg is the space that screens have.
type sizeMsg struct{ w, h int }

// base is what every screen has: its size, the look, and the fabric as it is
// now. The project is replaced as a whole, never changed.
type base struct {
	w, h    int
	look    *look
	desk    *desk
	project *work.Project // nil until one is open
}

// take keeps what is told to all screens, and says whether the fabric is a new
// one.
func (b *base) take(msg tea.Msg) (changed bool) {
	switch msg := msg.(type) {
	case sizeMsg:
		b.w, b.h = msg.w, msg.h
	case *look:
		b.look = msg
	case projectMsg:
		b.project = msg.project
		return true
	}
	return false
}

func (b *base) Focus() tea.Cmd         { return nil }
func (b *base) Typing() bool           { return false }
func (b *base) State() (state, string) { return open, "" }
