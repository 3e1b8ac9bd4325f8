package ui

import (
	"strings"

	"closup/provision/push"
	"closup/render"
)

// The log of the device under the cursor; after a check, what would change.

// endings are results as the end of a sentence: "leaf1 was rolled back".
var endings = map[push.Result]string{push.Failed: "failed", push.RolledBack: "was rolled back", push.Skipped: "was skipped"}

func (s *pushScreen) logHead() string {
	l := s.look
	row := &s.run.rows[min(s.table.at, len(s.run.rows)-1)]
	title := " log of " + row.name + " "
	switch {
	case s.compared(row):
		title = " what would change on " + row.name + " "
	case row.report != nil && row.report.Error != "":
		title = " why " + row.name + " " + orText(endings[row.report.Result], string(row.report.Result)) + " "
	case s.logOnly && !s.ahead:
		title = " log of " + row.name + ", G follows its end "
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
		if n := len(log); n > 0 && log[n-1].text == printable(row.report.Error) {
			log = log[:n-1] // in full it comes now
		}
		for _, line := range wrap(strings.TrimPrefix(printable(row.report.Error), row.name+": "), s.w) {
			log = append(log, cell{line, bad})
		}
		return log
	}
	var lines []cell
	if row.report.Drift != "" {
		lines = append(lines, cell{"Changed by hand since the last push:", warn})
		for _, line := range wrapLines(row.report.Drift) {
			lines = append(lines, cell{line, diffTone(line)})
		}
		lines = append(lines, cell{"A push would change:", warn})
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
		if s.ahead {
			s.log.top = len(lines)
		}
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
