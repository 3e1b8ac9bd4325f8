package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/render"
)

// Why a line is there: a cursor in the file, and below the file the reason for
// its line.

const reasonLines = 6

// explain turns the reasons on and off. With them the file has a cursor, which
// begins at the first line in view.
func (s *previewScreen) explain() tea.Cmd {
	s.why = !s.why
	if !s.why {
		s.scroll.top = s.cursor.top
		return nil
	}
	s.reading, s.diffing = true, false
	s.cursor = list{at: s.scroll.top, top: s.scroll.top}
	if s.file < len(s.files) && s.reasonsOf(s.files[s.file]) == nil {
		return say(dim, "the files of devices have reasons; %s has none", s.name)
	}
	return nil
}

// reasonsOf are the reasons for the lines of a file, nil where it has none.
func (s *previewScreen) reasonsOf(f render.Artifact) []render.Reason {
	return s.reasons[f.Path]
}

// reason is what stands below the file: of the line under the cursor.
func (s *previewScreen) reason(w int) []string {
	text := "This line has no reason that closup knows."
	if s.file < len(s.files) {
		reasons := s.reasonsOf(s.files[s.file])
		if reasons == nil {
			text = "Only the files of devices say why their lines are there."
		} else if s.cursor.at < len(reasons) && reasons[s.cursor.at].Why != "" {
			text = reasons[s.cursor.at].String()
		}
	}
	l := s.look
	out := []string{l.in(faint, strings.Repeat(l.rule, max(0, w)))}
	out = append(out, clipped(l, wrap(printable(text), w), plain, reasonLines)...)
	for len(out) < reasonLines+1 {
		out = append(out, "")
	}
	return out
}

// place is the first line in view, or with reasons the line under the cursor.
func (s *previewScreen) place() int {
	if s.why {
		return s.cursor.at
	}
	return s.scroll.top
}

// window is the lines of n to draw in h.
func (s *previewScreen) window(n, h int) (from, to int) {
	if !s.why {
		return s.scroll.window(n, h)
	}
	s.cursor.size(n)
	return s.cursor.window(h)
}

// moveCursor goes through the file line by line.
func (s *previewScreen) moveCursor(k tea.KeyPressMsg) bool {
	s.cursor.size(len(s.lines()))
	return s.cursor.key(k, max(1, s.page()-reasonLines-1))
}
