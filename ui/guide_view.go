package ui

import (
	"fmt"
	"strings"

	"closup/provision/diagnose"
)

// The view of the guide: the questions with their answers, and the details of
// the one under the cursor.

const guideHead = 2 // the complaint, and the line under it

// single says that the questions and the details do not fit side by side.
func (g *guide) single(s *liveScreen) bool { return s.w < 56 }

// room is the width of the details.
func (g *guide) room(s *liveScreen) int {
	if g.single(s) {
		return s.w
	}
	return s.w - g.side() - 3
}

// side is the width of the questions.
func (g *guide) side() int {
	n := 12
	for i := range g.walk.Steps {
		n = max(n, width(g.walk.Steps[i].Topic))
	}
	return n + 7
}

// verdictLook is how an answer is shown.
func (l *look) verdictLook(v diagnose.Verdict) (tone, string) {
	switch v {
	case diagnose.Fine:
		return good, l.done
	case diagnose.Fault:
		return bad, l.down
	case diagnose.Doubt:
		return warn, l.fail
	case diagnose.Behind:
		return dim, l.unknown
	}
	return faint, l.open
}

func (g *guide) view(s *liveScreen) string {
	l := s.look
	if g.apply.stage != notApplying {
		return g.apply.view(s)
	}
	about := g.about
	if g.training {
		about = "Puzzle: " + g.about
	}
	note := ""
	switch {
	case g.id != 0 && g.walked:
		note = l.in(accent, "  asking again")
	case g.walked:
		note = l.in(faint, "  asked "+g.at.Format("15:04:05"))
	}
	head := l.in(strong, cut(about, s.w-width(note), l.ellipsis)) + note + "\n\n"
	h := max(0, s.h-guideHead)
	switch {
	case g.err != nil:
		return head + strings.Join(clipped(l, wrap(l.fail+" "+printable(g.err.Error()), s.w), bad, h), "\n")
	case !g.walked:
		return head + l.in(accent, "Asking every device what it sees and how it is set. ") + l.in(dim, "Nothing is changed.")
	case !g.single(s):
		side, room := g.side(), g.room(s)
		wall := strings.TrimSuffix(strings.Repeat(l.in(faint, l.wall)+"\n", h), "\n")
		return head + beside(" ", block(g.questions(s, side, h), side, h), wall, block(g.window(s, room, h), room, h))
	case g.reading:
		return head + g.window(s, s.w, h)
	}
	return head + g.questions(s, s.w, h)
}

// questions is the fault tree, one line a question.
func (g *guide) questions(s *liveScreen, w, h int) string {
	l := s.look
	from, to := g.list.window(h)
	var out []string
	for i := from; i < to; i++ {
		step := &g.walk.Steps[i]
		t, glyph := l.verdictLook(step.Verdict)
		switch g.told(i) {
		case hidden:
			t, glyph = faint, "?"
		case evidence:
			t, glyph = accent, "?"
		}
		text := fmt.Sprintf("%2d %s", i+1, step.Topic)
		if g.single(s) {
			text = fmt.Sprintf("%2d %s", i+1, step.Question)
		}
		if i == g.list.at {
			line := l.on(l.selected, accent, l.cursor+" ") + l.on(l.selected, t, glyph+" ") + l.on(l.selected, strong, fit(text, w-4, l.ellipsis))
			out = append(out, line)
			continue
		}
		out = append(out, "  "+l.in(t, glyph)+" "+l.in(shade2(t), cut(text, w-4, l.ellipsis)))
	}
	return strings.Join(out, "\n")
}

// shade2 is the tone of a question's name: what is wrong stands out.
func shade2(t tone) tone {
	if t == good || t == accent {
		return plain
	}
	return t
}

// window is the details that fit.
func (g *guide) window(s *liveScreen, w, h int) string {
	l := s.look
	all := g.details(s, w)
	from, to := g.scroll.window(len(all), h)
	out := make([]string, 0, h)
	for i := from; i < to; i++ {
		line := all[i]
		if to-from < len(all) {
			line = fit(line, w-1, l.ellipsis) + l.scrollbar(i-from, h, from, len(all))
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// details is the question under the cursor in w cells, with a cell left for a
// scrollbar.
func (g *guide) details(s *liveScreen, w int) []string {
	l, step := s.look, g.step()
	if step == nil {
		return nil
	}
	w = max(8, w-2)
	told := g.told(g.list.at)
	t, glyph := l.verdictLook(step.Verdict)
	var out []string
	say := func(t tone, lead, text string) {
		out = append(out, l.led(lead, t, text, w)...)
	}
	say(strong, "", step.Question)
	say(dim, "", capital(step.Why)+".")
	out = append(out, "")
	if told == hidden {
		say(plain, "", "What would you look at, and where? enter asks the devices.")
		say(faint, "", "It could be: "+strings.Join(step.Causes, ", "))
		return out
	}
	if told >= meaning {
		say(t, glyph+" ", capital(step.Verdict.Word())+".")
		out = append(out, "")
	}
	for i := range step.Findings {
		if f := &step.Findings[i]; told >= meaning {
			out = append(out, g.finding(l, f, w, told == remedy)...)
		}
	}
	if len(step.Seen) > 0 {
		say(accent, "", "What was seen")
	}
	for _, x := range step.Seen {
		out = append(out, evidenceLines(l, x, w)...)
	}
	if step.More > 0 {
		say(faint, "  ", fmt.Sprintf("and %d more like these", step.More))
	}
	if told == evidence {
		out = append(out, "")
		say(plain, "", "What do you make of it? enter tells.")
		return out
	}
	if len(step.Findings) == 0 {
		out = append(out, "")
		say(faint, "", "Looked for: "+strings.Join(step.Causes, ", "))
	}
	if n := len(g.walk.Elsewhere); n > 0 && g.list.at == len(g.walk.Steps)-1 {
		out = append(out, "")
		say(warn, "", capital(count(n, "other thing"))+" elsewhere in the fabric:")
		for _, f := range g.walk.Elsewhere {
			say(dim, "  "+l.dot+" ", f.Place()+": "+f.Message)
		}
	}
	return out
}

// finding is what is wrong, by what it is seen, and what to do.
func (g *guide) finding(l *look, f *diagnose.Finding, w int, whatToDo bool) []string {
	t := confidenceTone(f.Confidence)
	out := []string{l.in(t, f.Place()) + "  " + l.in(dim, f.Cause+", "+string(f.Confidence))}
	for _, line := range wrap(printable(f.Message)+".", w-2) {
		out = append(out, "  "+line)
	}
	for _, x := range f.Evidence {
		out = append(out, evidenceLines(l, x, w)...)
	}
	if !whatToDo {
		return append(out, "", l.in(dim, "What would you do? enter tells."), "")
	}
	out = append(out, l.led("  "+l.in(good, l.arrow)+" ", good, f.Remedy.Message, w)...)
	for _, c := range f.Remedy.Commands {
		for i, line := range wrap(printable(c.Device+"# "+c.Command), w-6) {
			lead := "    "
			if i > 0 {
				lead = "      "
			}
			out = append(out, lead+l.in(accent, line))
		}
	}
	return append(out, "")
}

// confidenceTone shows how much a finding is worth.
func confidenceTone(c diagnose.Confidence) tone {
	switch c {
	case diagnose.Certain:
		return bad
	case diagnose.Likely:
		return warn
	}
	return dim
}

// evidenceLines is a command and what it showed: on one line where they fit.
func evidenceLines(l *look, x diagnose.Evidence, w int) []string {
	command := printable(x.Device + "$ " + x.Command)
	text := strings.Split(strings.TrimSpace(x.Output), "\n")
	if one := printable(text[0]); len(text) == 1 && 4+width(command)+width(one) <= w {
		return []string{"  " + l.in(faint, command) + "  " + one}
	}
	out := []string{"  " + l.in(faint, cut(command, w-2, l.ellipsis))}
	for _, part := range text {
		for _, line := range wrap(printable(part), w-6) {
			out = append(out, "      "+line)
		}
	}
	return out
}
