package ui

import (
	"errors"
	"fmt"
	"strings"

	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// The push screen's view: a line that says how it stands, the devices, and the
// log of the one under the cursor.

// tableHeight leaves a third of the screen to the log, where there is one.
func (s *pushScreen) tableHeight() int {
	h := s.h - 2
	if s.run != nil && h >= 12 {
		return min(s.table.n+1, h*2/3)
	}
	return h
}

func (s *pushScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.confirm.open {
		return strings.Join(append(s.confirm.lines(l, s.w, s.h), s.changing()...), "\n")
	}
	if s.stage == strange && !s.logOnly {
		return s.keyReview()
	}
	head := cut(s.verdict(), s.w, l.ellipsis) + "\n\n"
	if s.logOnly {
		return head + s.logView(s.h-2)
	}
	if lines := s.blocked(); len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	th := s.tableHeight()
	view := head + s.table.view(l, s.w, th, true)
	if rest := s.h - 2 - th; s.run != nil && rest > 2 {
		view = block(view, s.w, th+2) + "\n" + s.logHead() + "\n" + s.logView(rest-1)
	}
	return view
}

// verdict is how the push stands, in one line.
func (s *pushScreen) verdict() string {
	l := s.look
	to := "the real devices"
	if s.desk.lab {
		to = "the lab"
	}
	switch s.stage {
	case checking:
		return l.in(accent, "Asking the devices what would change. ") + l.in(dim, "Nothing is written.")
	case ready:
		n := s.run.tally()
		if n[push.Failed] > 0 {
			return l.in(bad, fmt.Sprintf("%s %s failed the check. ", l.fail, count(n[push.Failed], "device"))) + l.in(dim, "enter checks again.")
		}
		if n[push.Changed] == 0 {
			return l.in(good, l.done+" Every device has its files already. ") + l.in(dim, "A push would change nothing.")
		}
		return l.in(warn, count(n[push.Changed], "device")+" would change, ") + fmt.Sprintf("%d would not. ", n[push.Unchanged]) + l.in(dim, "p pushes.")
	case pushing:
		if s.stop == nil {
			return l.in(warn, "Stopping: ") + "the devices that have begun finish. " + l.in(dim, "ctrl+c again aborts.")
		}
		return l.in(accent, "Pushing to "+to+". ") + s.progress()
	case over:
		return s.summary()
	}
	if s.stale {
		return l.in(warn, "The fabric changed since the check. ") + l.in(dim, "enter checks again.")
	}
	text := l.in(plain, "To "+to+". ") + l.in(dim, "enter checks what would change there.")
	if s.labUp && !s.desk.lab {
		text = l.in(warn, "A lab of this fabric runs: t uses it instead of the real devices.")
	}
	return text
}

// progress is a bar of the devices that are through.
func (s *pushScreen) progress() string {
	l, through := s.look, 0
	for i := range s.run.rows {
		if s.run.rows[i].report != nil {
			through++
		}
	}
	return l.meter(through, len(s.run.rows), 16, good) + fmt.Sprintf(" %d of %d", through, len(s.run.rows))
}

// meter is a bar of w cells of which n of all are full.
func (l *look) meter(n, all, w int, t tone) string {
	full := 0
	if all > 0 {
		full = n * w / all
	}
	on, off := "━", "─"
	if l.ascii {
		on, off = "=", "-"
	}
	return l.in(t, strings.Repeat(on, full)) + l.in(faint, strings.Repeat(off, w-full))
}

// results is the order in which a summary counts.
var results = []struct {
	result push.Result
	tone   tone
}{
	{push.Changed, good}, {push.Unchanged, good}, {push.Failed, bad}, {push.RolledBack, bad}, {push.Pending, warn}, {push.Skipped, warn},
}

func (s *pushScreen) summary() string {
	l, n := s.look, s.run.tally()
	lead, t := l.done+" Done: ", good
	if len(s.run.failed()) > 0 {
		lead, t = l.fail+" In part: ", bad
	}
	line := l.in(t, lead)
	sep := ""
	for _, r := range results {
		if n[r.result] > 0 {
			line += sep + l.in(r.tone, fmt.Sprintf("%d %s", n[r.result], r.result))
			sep = ", "
		}
	}
	return line + l.in(dim, fmt.Sprintf("   in %.1f s", s.run.ended.Sub(s.run.first()).Seconds()))
}

// blocked is why no push can begin.
func (s *pushScreen) blocked() []string {
	l, err := s.look, s.why
	if err == nil && s.stage == idle {
		err = s.project.Blocked()
	}
	if err == nil {
		return nil
	}
	lines := []string{l.in(bad, l.fail+" The push waits."), ""}
	add := func(text string) {
		for i, line := range wrap(printable(text), s.w-4) {
			mark := "    "
			if i == 0 {
				mark = "  " + l.in(bad, l.dot) + " "
			}
			lines = append(lines, mark+line)
		}
	}
	var broken *work.RuleErrors
	if !errors.As(err, &broken) {
		add(err.Error())
		return lines
	}
	for _, f := range broken.Findings {
		add(f.Message)
	}
	return append(lines, "", l.in(dim, "Step 7 leads to each place."))
}

// keyReview is every fingerprint that is not known yet, to be accepted at once
// when all have been seen.
func (s *pushScreen) keyReview() string {
	l := s.look
	head := []string{
		l.in(warn, count(len(s.run.strangers()), "host key")+" not known yet.") + " a accepts them all.",
		l.in(dim, "Compare them with what the devices show on their consoles."), "",
	}
	lines, h := s.keyLines(), max(1, s.h-len(head))
	from, to := s.log.window(len(lines), h)
	for i := from; i < to; i++ {
		line := lines[i]
		if len(lines) > h {
			line = fit(line, s.w-1, l.ellipsis) + l.scrollbar(i-from, h, from, len(lines))
		}
		head = append(head, line)
	}
	return strings.Join(head, "\n")
}

// unseen is how many lines of the key review are still below the screen.
func (s *pushScreen) unseen() int {
	_, to := s.log.window(len(s.keyLines()), max(1, s.h-3))
	return len(s.keyLines()) - to
}

// keyLines is the fingerprints, on one line each where there is room.
func (s *pushScreen) keyLines() []string {
	l := s.look
	var lines []string
	for _, e := range s.run.strangers() {
		host, print := printable(e.Host), l.in(accent, printable(e.SHA256))
		if s.w >= 90 {
			lines = append(lines, l.in(strong, fit(host, 34, l.ellipsis))+" "+print)
			continue
		}
		lines = append(lines, l.in(strong, host), "  "+print)
	}
	return lines
}

// changing lists the files that a push would write, under the confirmation.
func (s *pushScreen) changing() []string {
	l := s.look
	var lines []string
	for i := range s.run.rows {
		row := &s.run.rows[i]
		if row.report == nil || row.report.Result != push.Changed {
			continue
		}
		var files []string
		for _, f := range row.report.Files {
			if f.Changed {
				files = append(files, f.Path)
			}
		}
		what := orText(strings.Join(files, " "), "what runs there, to its files")
		lines = append(lines, "  "+l.in(roleTone(row.role), fit(row.name, 12, l.ellipsis))+" "+l.in(dim, cut(what, s.w-15, l.ellipsis)))
	}
	return append([]string{""}, firstOf(lines, max(1, s.h-10))...)
}

func (s *pushScreen) logHead() string {
	l := s.look
	row := &s.run.rows[min(s.table.at, len(s.run.rows)-1)]
	title := " log of " + row.name + " "
	if s.compared(row) {
		title = " what would change on " + row.name + " "
	}
	return l.in(faint, l.rule+l.rule) + l.in(dim, title) + l.in(faint, strings.Repeat(l.rule, max(0, s.w-width(title)-2)))
}

// logLines is what happened on the device under the cursor; after a check it
// is what would change there.
func (s *pushScreen) logLines() []cell {
	if s.run == nil || s.table.at >= len(s.run.rows) {
		return nil
	}
	row := &s.run.rows[s.table.at]
	if !s.compared(row) {
		if row.report == nil || row.report.Error == "" {
			return row.log
		}
		log := append([]cell(nil), row.log...)
		for _, line := range wrap(printable(row.report.Error), s.w) {
			log = append(log, cell{line, bad})
		}
		return log
	}
	var lines []cell
	for _, line := range wrapLines(row.report.Drift) {
		lines = append(lines, cell{line, diffTone(line)})
	}
	for _, f := range row.report.Files {
		if !f.Changed {
			continue
		}
		for _, line := range wrapLines(f.Change.Diff(render.Contexts[0].Lines)) {
			lines = append(lines, cell{line, diffTone(line)})
		}
	}
	if len(lines) == 0 {
		return []cell{{"Nothing would change here.", good}}
	}
	return lines
}

// compared says whether a check of the device went well.
func (s *pushScreen) compared(row *runRow) bool {
	return s.run.dry && row.report != nil && row.report.Error == ""
}

// wrapLines is a text line by line, safe to show.
func wrapLines(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, printable(strings.TrimRight(line, "\r\n")))
	}
	return lines
}

// logView shows the end of the log, or where it was scrolled to.
func (s *pushScreen) logView(h int) string {
	h = max(0, h)
	l, lines := s.look, s.logLines()
	from, to := max(0, len(lines)-h), len(lines)
	switch {
	case s.logOnly:
		from, to = s.log.window(len(lines), h)
	case s.table.at < len(s.run.rows) && s.compared(&s.run.rows[s.table.at]):
		from, to = 0, min(h, len(lines))
	}
	var out []string
	for _, c := range lines[from:to] {
		out = append(out, l.in(c.tone, cut(c.text, s.w, l.ellipsis)))
	}
	return strings.Join(out, "\n")
}
