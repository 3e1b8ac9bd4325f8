package ui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// list is a place in n rows of which some are seen: the row under the cursor
// and the first one on the screen.
type list struct {
	at, top, n int
}

// size tells how many rows there are; the cursor stays on one of them.
func (l *list) size(n int) {
	l.n = n
	l.at = max(0, min(l.at, n-1))
}

// window is the rows [from, to) to draw in h lines, with the cursor inside.
func (l *list) window(h int) (from, to int) {
	if h <= 0 {
		return 0, 0
	}
	l.top = max(0, min(l.top, l.n-h))
	switch {
	case l.at < l.top:
		l.top = l.at
	case l.at >= l.top+h:
		l.top = l.at - h + 1
	}
	return l.top, min(l.n, l.top+h)
}

// key moves the cursor where the key is one that moves; page is the number of
// rows on the screen.
func (l *list) key(msg tea.KeyPressMsg, page int) bool {
	for _, m := range moves {
		if key.Matches(msg, m.binding) {
			l.at = max(0, min(m.to(l.at, l.n, max(1, page)), l.n-1))
			return true
		}
	}
	return false
}

// moves is the table of keys that move in every list and text.
var moves = []struct {
	binding key.Binding
	to      func(at, n, page int) int
}{
	{keys.up, func(at, _, _ int) int { return at - 1 }},
	{keys.down, func(at, _, _ int) int { return at + 1 }},
	{keys.pageUp, func(at, _, page int) int { return at - page }},
	{keys.pageDown, func(at, _, page int) int { return at + page }},
	{keys.halfUp, func(at, _, page int) int { return at - (page+1)/2 }},
	{keys.halfDown, func(at, _, page int) int { return at + (page+1)/2 }},
	{keys.top, func(int, int, int) int { return 0 }},
	{keys.bottom, func(_, n, _ int) int { return n - 1 }},
}

// scroll is a place in a text that is read: there is no cursor, the window
// itself moves.
type scroll struct {
	top int
}

func (s *scroll) key(msg tea.KeyPressMsg, n, page int) bool {
	for _, m := range moves {
		if key.Matches(msg, m.binding) {
			s.top = max(0, min(m.to(s.top, n, max(1, page)), n-page))
			return true
		}
	}
	return false
}

// window is the lines [from, to) of n to draw in h lines.
func (s *scroll) window(n, h int) (from, to int) {
	s.top = max(0, min(s.top, n-h))
	return s.top, min(n, s.top+max(0, h))
}
