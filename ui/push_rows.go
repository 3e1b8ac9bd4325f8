package ui

import (
	"fmt"
	"strings"
	"time"

	"closup/model"
	"closup/provision/push"
)

// The rows of the push screen: a device each.

// refill draws the table's rows anew.
func (s *pushScreen) refill() {
	if s.project == nil {
		return
	}
	if s.pre != nil {
		s.seen.set(s.preflightRows())
	}
	var rows [][]cell
	s.table.cols[len(s.table.cols)-1].title = "result"
	if s.run == nil || s.stage == idle {
		s.table.cols[len(s.table.cols)-1].title = "reached"
		for i := range s.project.Plan.Devices {
			d := &s.project.Plan.Devices[i]
			rows = append(rows, []cell{{}, {d.Name, roleTone(d.Role)}, {}, {}, {}, {}, {s.where(d), dim}})
		}
		s.table.set(rows)
		return
	}
	for i := range s.run.rows {
		rows = append(rows, s.runCells(&s.run.rows[i]))
	}
	s.table.set(rows)
}

// where says how a device will be reached.
func (s *pushScreen) where(d *model.Device) string {
	switch {
	case s.desk.simulated:
		return "on 127.0.0.1, by SSH"
	case s.desk.lab:
		return "in the lab, by SSH"
	}
	a := d.Access
	text := a.User + "@" + orText(d.Mgmt, d.Name)
	if d.Mgmt == "" {
		text += ", by DNS or ~/.ssh/config"
	}
	if a.Jump != "" {
		text += ", through " + a.Jump
	}
	return text
}

// again is how often a connection to the device had to be made once more.
func (row *runRow) again() string {
	switch row.retries {
	case 0:
		return ""
	case 1:
		return "1 retry"
	}
	return fmt.Sprintf("%d retries", row.retries)
}

func (s *pushScreen) runCells(row *runRow) []cell {
	l := s.look
	took, about, wave := "", "", ""
	if d := row.elapsed(s.now); d > 0 {
		took = fmt.Sprintf("%.1fs", d.Seconds())
	}
	slow := dim
	if d := row.estimate.Apply; d > 0 {
		about = fmt.Sprintf("%.1fs", d.Seconds())
		if row.report == nil && !row.kept && row.elapsed(s.now) > 3*d+10*time.Second {
			slow = warn
		}
	}
	if row.wave > 0 {
		wave = fmt.Sprint(row.wave)
	}
	if row.report == nil {
		glyph, phase := cell{l.open, faint}, cell{"waits", faint}
		switch {
		case row.kept:
			glyph, phase = cell{l.done, good}, cell{row.phase, faint}
		case row.phase != "":
			glyph = cell{l.spin[int(s.now.UnixMilli()/125)%len(l.spin)], accent}
			phase = cell{row.phase, accent}
		}
		return []cell{glyph, {row.name, roleTone(row.role)}, {wave, dim}, phase, {took, slow}, {about, faint}, {row.again(), warn}}
	}
	result, t := s.resultText(row)
	return []cell{{l.resultGlyph(t), t}, {row.name, roleTone(row.role)}, {wave, dim}, {row.phase, faint}, {took, dim}, {about, faint}, {result, t}}
}

// resultText is how a device ended, in a few words.
func (s *pushScreen) resultText(row *runRow) (string, tone) {
	t := row.resultTone()
	result := string(row.report.Result)
	switch {
	case row.report.Error != "":
		result = orText(endings[row.report.Result], result) + ": " + strings.TrimPrefix(printable(row.report.Error), row.name+": ")
	case row.report.Result == push.Changed && s.run.dry:
		result, t = count(row.changes(), "file")+" would change", warn
		if row.changes() == 0 {
			result = "what runs would change"
		}
	case row.report.Result == push.Changed && row.changes() > 0:
		result = count(row.changes(), "file") + " changed"
	}
	if row.retries > 0 {
		result += ", " + row.again()
	}
	if row.report.Note != "" {
		result += ", " + printable(row.report.Note)
	}
	return result, t
}
