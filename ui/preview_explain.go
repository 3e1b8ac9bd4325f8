package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/render"
)

// Why a line is there: a cursor in the file, and below the file the reason for
// its line.

// reasonLines is how many lines the reason has below a file in h lines: up to a
// third of them.
func reasonLines(h int) int {
	if h < 9 {
		return 0
	}
	return min(6, h/3)
}

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
func (s *previewScreen) reason(w, h int) []string {
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
	out = append(out, within(wrap(printable(text), w), w, h, l.ellipsis)...)
	for len(out) < h+1 {
		out = append(out, "")
	}
	return out
}

// Where a file leaves that much room at its right, the reasons stand there.
const (
	noteGap   = 3
	leastNote = 60
)

// notes is the reasons for the lines from one to another in w cells, beside as
// many cells of the file as it needs: one for each run of lines that have the
// same, on as many lines as that has.
func (s *previewScreen) notes(lines []cell, from, to, w int) (code int, notes map[int]string) {
	if s.diffing || s.other.target > 0 || s.file >= len(s.files) {
		return w, nil
	}
	reasons := s.reasonsOf(s.files[s.file])
	for i := range lines {
		code = max(code, width(lines[i].text))
	}
	room := w - code - noteGap
	if len(reasons) == 0 || room < leastNote {
		return w, nil
	}
	notes = make(map[int]string)
	why := func(i int) string {
		if i < len(reasons) {
			return reasons[i].Why
		}
		return ""
	}
	for i := from; i < to; {
		end := i + 1
		for end < to && why(end) == why(i) {
			end++
		}
		if strings.Trim(lines[i].text, " !#") == "" { // it sets sections apart
			i = end
			continue
		}
		for k, text := range within(wrap(printable(why(i)), room), room, end-i, s.look.ellipsis) {
			notes[i+k] = text
		}
		i = end
	}
	return code, notes
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
	return s.cursor.key(k, max(1, s.page()-reasonLines(s.h-2)-1))
}
