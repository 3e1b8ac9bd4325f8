package ui

import (
	"fmt"
	"strings"
)

// The view of a tier's screen: the drawing, the table, and what is open over
// them.

// View implements Screen.
func (s *deviceScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.form.open {
		return s.formView()
	}
	switch {
	case s.proposal.open:
		return s.proposal.view(&s.base)
	case s.bulk.open:
		return s.bulk.view(s)
	case s.peers.open:
		return s.peers.view(s)
	}
	drawing := planClos(s.project.Plan)
	if spec := s.current(); spec != nil {
		drawing.mark(spec.Name)
	}
	h := drawing.height(max(0, min(drawing.share(s.h), s.h-6)))
	var parts []string
	if h > 0 {
		parts = append(parts, drawing.draw(l, s.w, h), "")
		h++
	}
	if len(s.specs) == 0 {
		return strings.Join(append(parts, l.in(dim, "None yet. a adds some, by a range such as ")+nextName(nil, s.roles[0])+l.in(dim, "; b takes many pasted lines.")), "\n")
	}
	s.table.y = h
	below := s.cellHint()
	parts = append(parts, block(s.table.view(l, s.w, s.h-h-len(below), true), s.w, s.h-h-len(below)))
	return strings.Join(append(parts, below...), "\n")
}

// formView is the form, what the field with the keys may hold, what the form
// would do, and the fabric as it would be: side by side where there is room.
func (s *deviceScreen) formView() string {
	l := s.look
	s.derive()
	if s.w >= 120 {
		left := 68
		right := s.w - left - 4
		fields := append([]string{l.in(accent, s.form.title), ""}, s.form.rows(l, left, max(3, s.h-2))...)
		said := append([]string{"", ""}, s.form.help(l, right)...)
		return beside("    ", block(strings.Join(fields, "\n"), left, s.h), block(strings.Join(s.outcome(said, right), "\n"), right, s.h))
	}
	h := s.h
	if h >= 28 {
		h -= 10 // fewer fields, and the drawing
	}
	return strings.Join(s.outcome(s.form.lines(l, s.w, h), s.w), "\n")
}

// outcome adds what the form would do, and draws it where lines are left.
func (s *deviceScreen) outcome(lines []string, w int) []string {
	lines = append(lines, s.preview(w, max(2, min(6, s.h-len(lines))))...)
	if rest := s.h - len(lines) - 1; rest > 4 && s.trial.seen != nil {
		lines = append(lines, "", planClos(s.trial.seen.Plan).draw(s.look, w, min(rest, max(13, s.h/3))))
	}
	return lines
}

// preview says what the form would do: which devices, with which numbers, and
// what it changes elsewhere.
func (s *deviceScreen) preview(w, h int) []string {
	l := s.look
	if s.trial.err != nil {
		return clipped(l, wrap(l.fail+" "+printable(s.trial.err.Error()), w), bad, h)
	}
	if s.trial.seen == nil || s.trial.seen.Fabric == nil {
		return nil
	}
	var lines []string
	lines = append(lines, clipped(l, wrap(s.made(), w), good, 3)...)
	return append(lines, clipped(l, wrapped(consequences(s.project, s.trial.seen), w), warn, max(1, h-len(lines)))...)
}

// clipped is at most h lines in a tone.
func clipped(l *look, lines []string, t tone, h int) []string {
	out := make([]string, 0, h)
	for _, s := range firstOf(lines, h) {
		out = append(out, l.in(t, s))
	}
	return out
}

// made is the devices that the form makes, with what follows for them.
func (s *deviceScreen) made() string {
	after := s.trial.seen
	var names, asns, addresses []string
	for _, spec := range s.meant(after) {
		names = append(names, spec.Name)
		if d, ok := after.Plan.Device(spec.Name); ok {
			asns = append(asns, fmt.Sprint(d.ASN))
			addresses = append(addresses, joined(bareAddresses(d)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	text := count(len(names), "device") + ": " + span(names, ", ")
	if len(asns) > 0 && asns[0] != "0" {
		text += "   ASN " + span(asns, ", ")
	}
	if len(addresses) > 0 && addresses[0] != "" {
		text += "   loopback " + span(addresses, ", ")
	}
	return text
}

// span is a list, from its first to its last where it is long.
func span(all []string, sep string) string {
	if len(all) > 3 {
		return all[0] + " to " + all[len(all)-1]
	}
	return strings.Join(all, sep)
}
