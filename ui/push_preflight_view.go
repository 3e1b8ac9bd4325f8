package ui

import (
	"fmt"
	"strings"

	"closup/provision/preflight"
)

// How a look at the devices is shown: a row for each, and what is to be said of
// the one under the cursor.

// preflightStates are the states of a check, the worst first.
var preflightStates = []preflight.State{preflight.Failed, preflight.Warning, preflight.Unknown, preflight.OK}

var preflightTone = map[preflight.State]tone{preflight.OK: good, preflight.Unknown: dim, preflight.Warning: warn, preflight.Failed: bad}

func (s *pushScreen) preflightRows() [][]cell {
	l := s.look
	var rows [][]cell
	for i := range s.project.Plan.Devices {
		d := &s.project.Plan.Devices[i]
		if len(s.only) > 0 && !s.only[d.Name] {
			continue
		}
		name := cell{d.Name, roleTone(d.Role)}
		r := s.pre.report(d.Name)
		if s.onlyWrong && r != nil && len(r.Bad()) == 0 {
			continue
		}
		if r == nil {
			rows = append(rows, []cell{{l.open, faint}, name, {"asked", faint}, {}, {}, {}, {}})
			continue
		}
		t := preflightTone[r.State]
		cables, right := "", 0
		for _, p := range r.Ports {
			if p.Cabling == "as-planned" {
				right++
			}
		}
		if len(r.Ports) > 0 {
			cables = fmt.Sprintf("%d of %d", right, len(r.Ports))
		}
		wrong := ""
		if all := r.Bad(); len(all) > 0 {
			wrong = all[0].Check + ": " + printable(all[0].Message)
		}
		rows = append(rows, []cell{{l.resultGlyph(t), t}, name, {string(r.State), t}, {printable(r.System), dim}, {printable(r.Router), dim}, {cables, dim}, {wrong, t}})
	}
	return rows
}

// preflightView is the devices as they were looked at, and what is to be said
// of the one under the cursor.
func (s *pushScreen) preflightView() string {
	l := s.look
	if s.logOnly {
		lines := s.preflightChecks(preflightStates...)
		from, to := s.log.window(len(lines), s.h-2)
		return cut(l.in(strong, s.seenName()), s.w, l.ellipsis) + "\n\n" + strings.Join(lines[from:to], "\n")
	}
	head := append(inLines(s.look, s.w)(s.preflightVerdict()), s.offerLines()...)
	if len(head) == 1 {
		head = append(head, "")
	}
	h := s.h - len(head)
	th := min(s.seen.n+1, max(3, h*3/5))
	s.seen.y = len(head)
	view := strings.Join(head, "\n") + "\n" + block(s.seen.view(l, s.w, th, true), s.w, th)
	if rest := h - th; rest > 2 {
		lines := s.preflightWrong()
		if n := len(lines); n > rest-1 {
			lines = append(lines[:rest-2:rest-2], l.in(dim, fmt.Sprintf("and %d more lines: o", n-rest+2)))
		}
		head := l.in(faint, l.rule+l.rule) + l.in(dim, " checks of "+s.seenName()+" ")
		view += "\n" + head + l.in(faint, strings.Repeat(l.rule, max(0, s.w-width(head)))) + "\n" + strings.Join(lines, "\n")
	}
	return view
}

// toggleWrong lists the devices alone of which something is to be said, or all.
func (s *pushScreen) toggleWrong() {
	s.onlyWrong = !s.onlyWrong
	s.seen.at = 0
	s.refill()
}

func (s *pushScreen) seenName() string {
	if s.seen.at < len(s.seen.rows) {
		return s.seen.rows[s.seen.at][1].text
	}
	return "nobody"
}

// preflightVerdict is what the look found, and what to do now.
func (s *pushScreen) preflightVerdict() (said, next string) {
	l, p := s.look, s.pre
	switch {
	case s.stage == mending:
		return l.in(accent, s.doing), l.in(dim, "Then they are looked at again.")
	case len(p.before) > 0 && s.stage == looking:
		seen, all := spoken(p.before)
		return l.in(accent, "Waiting for LLDP. ") + l.meter(seen, all, 16, good) + fmt.Sprintf(" %d of %d ports see their neighbor.", seen, all), ""
	case !p.over:
		return l.in(accent, "Looking at the devices. ") + l.meter(len(p.reports), p.of, 16, good) + fmt.Sprintf(" %d of %d.", len(p.reports), p.of), l.in(dim, "Nothing is written.")
	}
	right := p.in(preflight.OK) + p.in(preflight.Unknown)
	if right == len(p.reports) {
		return l.in(good, l.done+" "+count(right, "device")+" ready for a push."), ""
	}
	line := l.in(good, fmt.Sprintf("%s %d ok", l.done, right))
	if n := p.in(preflight.Warning); n > 0 {
		line += ", " + l.in(warn, fmt.Sprintf("%d with a warning", n))
	}
	n := p.in(preflight.Failed)
	if n == 0 {
		return line + ".", l.in(dim, "No device refuses a push.")
	}
	line = l.in(bad, fmt.Sprintf("%s %d of %d would refuse a push", l.fail, n, len(p.reports))) + ", " + line + "."
	if n < len(p.reports) {
		return line, l.in(dim, "n goes on without those, enter looks again.")
	}
	return line, l.in(dim, "enter looks again.")
}

// spoken counts the ports whose neighbor LLDP shows.
func spoken(reports []preflight.Report) (seen, all int) {
	for _, r := range reports {
		for _, p := range r.Ports {
			all++
			if p.SeenPeer != "" {
				seen++
			}
		}
	}
	return seen, all
}

// preflightWrong is what is to be said of the device under the cursor: what is
// as it should be is named in one line.
func (s *pushScreen) preflightWrong() []string {
	r := s.pre.report(s.seenName())
	if r == nil {
		return nil
	}
	var right []string
	for _, c := range r.Checks {
		if c.State == preflight.OK {
			right = append(right, c.Check)
		}
	}
	lines := s.preflightChecks(preflight.Failed, preflight.Warning, preflight.Unknown)
	if len(right) == 0 {
		return lines
	}
	text := wrap(strings.Join(right, ", "), s.w-8)
	for i, line := range text {
		head := strings.Repeat(" ", 8)
		if i == 0 {
			head = s.look.in(good, fill(string(preflight.OK), 8))
		}
		text[i] = head + s.look.in(dim, line)
	}
	return append(lines, text...)
}

// preflightChecks is the checks of the device under the cursor that ended in one
// of the states: one state after the other, each with its remedy.
func (s *pushScreen) preflightChecks(states ...preflight.State) []string {
	l := s.look
	r := s.pre.report(s.seenName())
	if r == nil {
		return nil
	}
	var lines []string
	add := func(t tone, word string, c preflight.Result) {
		head := l.in(t, fill(word, 8)) + l.in(strong, fill(c.Check, 10)) + " "
		lines = append(lines, l.led(head, plain, c.Message, s.w)...)
		if c.Remedy != "" {
			lines = append(lines, l.led(strings.Repeat(" ", 19)+l.in(good, l.arrow)+" ", plain, c.Remedy, s.w)...)
		}
	}
	for _, state := range states {
		for _, c := range r.Checks {
			if c.State == state {
				add(preflightTone[state], string(state), c)
			}
		}
	}
	return lines
}
