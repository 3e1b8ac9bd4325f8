package ui

import (
	"fmt"
	"strings"

	"closup/provision/push"
)

// The waves of a push, as a line and on the Clos.

// waves is the waves of the push in one line: those that are through, the one
// that is under way, and those to come.
func (s *pushScreen) waves() string {
	l := s.look
	if s.run == nil || len(s.run.waves) == 0 {
		return ""
	}
	now := s.run.waves[len(s.run.waves)-1]
	var parts []string
	for i := range now.Of {
		switch {
		case s.run.waveHas(i+1, bad):
			parts = append(parts, l.in(bad, fmt.Sprintf("%s%d", l.down, i+1)))
		case s.run.waveHas(i+1, warn):
			parts = append(parts, l.in(warn, fmt.Sprintf("%s%d", l.open, i+1)))
		case i+1 < now.Number || s.stage != pushing && i < now.Number:
			parts = append(parts, l.in(good, fmt.Sprintf("%s%d", l.done, i+1)))
		case i+1 == now.Number:
			parts = append(parts, l.in(accent, fmt.Sprintf("%s%d", l.cursor, i+1)))
		default:
			parts = append(parts, l.in(faint, fmt.Sprintf("%s%d", l.open, i+1)))
		}
	}
	line := l.in(dim, "waves ") + strings.Join(parts, " ")
	if s.stage == pushing {
		who := span(now.Names, ", ")
		if now.Canary {
			who = "canary, the others wait for it: " + who
		}
		line += "  " + who
	}
	return cut(line, s.w, l.ellipsis)
}

// waveHas says whether a device of the wave ended so.
func (r *run) waveHas(number int, t tone) bool {
	for i := range r.rows {
		row := &r.rows[i]
		if row.wave == number && row.report != nil && row.report.Result != push.Pending && row.resultTone() == t {
			return true
		}
	}
	return false
}

// drawing is the Clos, each device as its push stands.
func (s *pushScreen) drawing() clos {
	l, c := s.look, planClos(s.project.Plan)
	if s.run == nil || s.stage == idle {
		return c
	}
	for i := range c.links {
		c.links[i].tone = faint
	}
	for _, tier := range c.tiers {
		for i := range tier {
			d := &tier[i]
			at, ok := s.run.index[d.name]
			if !ok {
				d.tone = faint
				continue
			}
			row := &s.run.rows[at]
			switch t := row.resultTone(); {
			case row.report != nil:
				d.tone, d.mark = t, l.resultGlyph(t)
			case row.kept:
				d.tone, d.mark = good, l.done
			case row.phase != "":
				d.tone, d.mark = accent, l.cursor
			default:
				d.tone, d.mark = dim, l.open
			}
			d.chosen = at == s.table.at
		}
	}
	return c
}
