package ui

import (
	"errors"
	"fmt"
	"strings"

	"closup/model"
)

func asProblems(err error, problems *model.Errors) bool {
	return errors.As(err, problems) && len(*problems) > 0
}

// view draws the lines with what each makes, and below them what all of them
// do.
func (b *bulkPane) view(s *deviceScreen) string {
	l := s.look
	columns := bulkColumns
	for i := range b.lines {
		if b.lines[i].head {
			columns = headings(b.lines[i].text)
		}
	}
	out := []string{
		l.in(accent, "Add many "+strings.ToLower(s.title)),
		l.in(dim, "Columns: ") + strings.Join(columns, ", "), "",
	}
	for i, more := range []string{"   a line for each, or a range; or pasted CSV", "   a first line that begins with name says others"} {
		if width(out[i])+width(more) <= s.w {
			out[i] += l.in(dim, more)
		}
	}
	below := b.below(s)
	// The fabric as it will be, where there is room beside the lines.
	if seen := b.trial.seen; seen != nil && b.wrong() == 0 && b.trial.err == nil && s.h >= 26 {
		below = append(below, "", planClos(seen.Plan).draw(l, s.w, min(11, s.h/3)))
	}
	tall := strings.Count(strings.Join(below, "\n"), "\n") + 1
	h := max(1, s.h-len(out)-tall-1)
	from, to := b.list.window(h)
	digits := len(fmt.Sprint(len(b.lines)))
	room := max(10, (s.w-digits-4)*3/5)
	if s.w < 80 { // a sign beside each line; below, the words for the one under the cursor
		room = max(10, s.w-digits-5)
	}
	notes := s.w - digits - room - 5
	for i := from; i < to; i++ {
		line := &b.lines[i]
		num := l.in(faint, fmt.Sprintf("%*d ", digits+1, i+1))
		text := fit(printable(line.text), room, l.ellipsis)
		if i == b.list.at {
			num = l.in(accent, fmt.Sprintf("%s%*d ", l.cursor, digits, i+1))
			text = b.input.view(l, room, true)
		}
		note := ""
		switch {
		case notes < 4 && line.err != nil:
			note = l.in(bad, l.fail)
		case notes < 4 && len(line.made) > 0:
			note = l.in(good, l.done)
		case notes < 4:
		case line.err != nil:
			note = l.in(bad, cut(l.fail+" "+printable(line.err.Error()), notes, l.ellipsis))
		case line.head:
			note = l.in(dim, "columns")
		case len(line.made) > 0:
			note = l.in(good, l.done+" ") + l.in(dim, cut(span(line.made, ", ")+many(line.made), notes-2, l.ellipsis))
		}
		out = append(out, num+text+"  "+note)
	}
	out = append(out, "")
	return strings.Join(append(out, below...), "\n")
}

// many is how many there are, where more than one.
func many(all []string) string {
	if len(all) < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d)", len(all))
}

// below says what the lines come to.
func (b *bulkPane) below(s *deviceScreen) []string {
	l := s.look
	for _, line := range b.lines[b.list.at : b.list.at+1] {
		if line.err != nil {
			return l.trouble(line.err.Error(), s.w)
		}
	}
	switch {
	case b.err != "":
		return l.trouble(b.err, s.w)
	case b.wrong() > 0:
		return []string{l.in(bad, l.fail+" "+count(b.wrong(), "line")+" to mend") + l.in(dim, "   ctrl+s leads to the first of them")}
	case b.trial.err != nil:
		return clipped(l, wrap(l.fail+" "+printable(b.trial.err.Error()), s.w), bad, 4)
	case b.count() == 0:
		return []string{l.in(dim, "For example: "+nextName(s.specs, s.roles[0])+"  192.0.2.[11-14]")}
	}
	text := count(b.count(), "device")
	if line := &b.lines[b.list.at]; s.w < 80 && len(line.made) > 0 && len(b.lines) == 1 {
		text = span(line.made, ", ") + ": " + text
	}
	if seen := b.trial.seen; seen != nil && seen.Fabric != nil {
		text += ", then " + sizeOf(seen) + ", " + count(len(seen.Plan.Links), "link")
	}
	lines := clipped(l, wrap(text, s.w), good, 2)
	return append(lines, clipped(l, wrapped(consequences(s.project, b.trial.seen), s.w), warn, 4)...)
}
