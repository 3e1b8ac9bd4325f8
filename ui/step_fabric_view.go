package ui

import (
	"strings"

	"closup/model"
)

// The fabric screen's view: the settings under their headings, and what is to be
// said of the one under the cursor.

func (s *fabricScreen) View() string {
	if s.current() == nil {
		return s.look.nothing(s.project)
	}
	if s.wide() {
		left := min(s.w-38, 64)
		right := s.w - left - 4
		c := planClos(s.project.Plan)
		side := c.draw(s.look, right, c.share(s.h))
		side += "\n\n" + strings.Join(s.help(right), "\n")
		return beside("    ", block(s.form(left, s.h), left, s.h), block(side, right, s.h))
	}
	h := s.formHeight()
	return block(s.form(s.w, h), s.w, h) + "\n" + s.look.in(faint, strings.Repeat(s.look.rule, s.w)) + "\n" +
		strings.Join(s.help(s.w), "\n")
}

// form draws the settings under their headings, scrolled to the cursor.
func (s *fabricScreen) form(w, h int) string {
	l := s.look
	var lines []string
	section, cursor := "", 0
	for i, k := range s.shown {
		if k.section != section {
			if section != "" {
				lines = append(lines, "")
			}
			section = k.section
			lines = append(lines, "  "+l.in(accent, section))
		}
		if i == s.at {
			cursor = len(lines)
		}
		lines = append(lines, s.row(k, w, i == s.at))
	}
	s.top = max(0, min(s.top, len(lines)-h))
	if cursor < s.top+1 {
		s.top = max(0, cursor-1)
	}
	if cursor >= s.top+h {
		s.top = cursor - h + 1
	}
	shown := lines[s.top:min(len(lines), s.top+h)]
	if len(lines) > h {
		for i := range shown {
			shown[i] = fit(shown[i], w-2, "") + " " + l.scrollbar(i, h, s.top, len(lines))
		}
	}
	return strings.Join(shown, "\n")
}

func (s *fabricScreen) row(k *setting, w int, marked bool) string {
	l := s.look
	const labels, froms = 19, 9
	from, fromTone := s.source(k)
	room := max(6, w-labels-froms-5)
	label := fill(k.label, labels)
	if marked && s.edit != nil {
		return l.in(accent, l.cursor+" ") + l.in(strong, label) + s.edit.view(l, room+froms+2, true)
	}
	value, t := s.text[k.path], plain
	if value == "" {
		value, t = "none", faint
	}
	cells := fit(value, room, l.ellipsis) + "  "
	if !marked {
		return "  " + l.in(dim, label) + l.in(t, cells) + l.in(fromTone, from)
	}
	line := l.on(l.selected, accent, l.cursor+" ") + l.on(l.selected, strong, label) +
		l.on(l.selected, t, cells) + l.on(l.selected, fromTone, from)
	return line + l.selected.Render(strings.Repeat(" ", max(0, w-width(line))))
}

// help says what the setting under the cursor is for, what it may be, and
// while it is edited what the new value does.
func (s *fabricScreen) help(w int) []string {
	l, k := s.look, s.current()
	var lines []string
	if s.edit != nil {
		lines = s.edit.hint(l, w)
		if s.edit.err == nil && s.trial.seen != nil {
			for _, c := range consequences(s.project, s.trial.seen) {
				lines = append(lines, clipped(l, wrap(l.fail+" "+c, w), warn, 3)...)
			}
		}
		return lines
	}
	if k.about != "" {
		lines = append(lines, wrap(k.about, w)...)
	}
	lines = append(lines, k.field().hint(l, w)...)
	if !s.given(k) && k.why != "" {
		for _, text := range wrap("Default: "+k.why, w) {
			lines = append(lines, l.in(dim, text))
		}
	}
	for _, f := range s.project.Findings {
		if f.Path == k.path {
			t, sign := severityTone(f.Severity), l.fail
			if f.Severity == model.Info {
				sign = l.dot
			}
			lines = append(lines, l.led(l.in(t, sign+" "), t, f.Message, w)...)
		}
	}
	return lines
}
