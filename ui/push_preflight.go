package ui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
	"closup/provision/preflight"
	"closup/ui/work"
)

// Before the devices are asked what would change, each is looked at once: host
// key, login, sudo, identity, what a push needs, cabling. Where none would
// refuse a push, it goes on by itself; what is to be known stays to be read.

// preflightRun is one look at the devices.
type preflightRun struct {
	id      int
	of      int // devices that are asked
	reports []preflight.Report
	over    bool
}

// report finds a device's; nil: it was not looked at yet.
func (p *preflightRun) report(device string) *preflight.Report {
	for i := range p.reports {
		if p.reports[i].Name == device {
			return &p.reports[i]
		}
	}
	return nil
}

// in counts the devices in a state.
func (p *preflightRun) in(state preflight.State) (n int) {
	for i := range p.reports {
		if p.reports[i].State == state {
			n++
		}
	}
	return n
}

// strangers are the host keys that could be accepted.
func (p *preflightRun) strangers() []*provision.HostKeyError {
	var all []*provision.HostKeyError
	for i := range p.reports {
		var e *provision.HostKeyError
		if errors.As(p.reports[i].Err, &e) && !e.Changed {
			all = append(all, e)
		}
	}
	return all
}

// without are the devices that do not refuse a push.
func (p *preflightRun) without() map[string]bool {
	names := make(map[string]bool)
	for i := range p.reports {
		if p.reports[i].State != preflight.Failed {
			names[p.reports[i].Name] = true
		}
	}
	return names
}

func newPreflightTable() grid {
	return grid{cols: []column{
		{title: "", keep: 8, close: true},
		{title: "device", keep: 9},
		{title: "state", keep: 7},
		{title: "system", keep: 3, least: 12},
		{title: "router", keep: 4},
		{title: "cables", keep: 5},
		{title: "what is wrong", keep: 6, least: 20},
	}}
}

// look looks at the devices; only are those of them, nil: all.
func (s *pushScreen) lookAt(only map[string]bool) tea.Cmd {
	if s.project == nil || s.project.Fabric == nil {
		return nil
	}
	if err := s.project.Blocked(); err != nil {
		s.why = err
		return nil
	}
	s.only, s.stage, s.why, s.stale, s.run, s.inLab = only, looking, nil, false, nil, s.desk.lab
	s.pre = &preflightRun{id: s.desk.newID(), of: len(s.project.Plan.Devices)}
	o := work.PreflightOptions{Lab: s.inLab}
	for name := range only {
		o.Only = append(o.Only, name)
	}
	slices.Sort(o.Only)
	if len(o.Only) > 0 {
		s.pre.of = len(o.Only)
	}
	s.refill()
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	return tea.Batch(startPreflight(ctx, s.project, s.pre.id, o, s.trusted), tick("push", 0))
}

// looked follows a look at the devices, and goes on at its end.
func (s *pushScreen) looked(msg preflightMsg) tea.Cmd {
	if s.pre == nil || msg.id != s.pre.id {
		return nil
	}
	if msg.err != nil {
		s.stage, s.why = idle, msg.err
		return nil
	}
	s.pre.reports = append(s.pre.reports, msg.reports...)
	if !msg.over {
		s.refill()
		return moreReports(msg.id, msg.from)
	}
	s.pre.reports, s.pre.over = s.project.Preflighted(s.pre.reports).Devices, true
	stopped := s.stop == nil
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	s.refill()
	switch keys := s.pre.strangers(); {
	case stopped || s.stale:
		s.stage = idle
	case len(keys) > 0:
		s.stage, s.unknown, s.log = strange, keys, scroll{}
	case s.pre.in(preflight.Failed) > 0:
		s.stage = refused
	default:
		return s.begin(true, s.only)
	}
	s.refill()
	return nil
}

// goWithout goes on with the devices that do not refuse a push.
func (s *pushScreen) goWithout() (Nav, tea.Cmd) {
	names := s.pre.without()
	if len(names) == 0 {
		return Nav{}, say(warn, "no device is left to go on with")
	}
	return Nav{}, s.begin(true, names)
}

// showPreflight changes between what was looked at and what would change.
func (s *pushScreen) showPreflight() (Nav, tea.Cmd) {
	s.inPre = !s.inPre && s.pre != nil
	return Nav{}, nil
}

// preflighting says whether the look at the devices is what is on the screen.
func (s *pushScreen) preflighting() bool {
	return s.pre != nil && (s.stage == looking || s.stage == refused || s.inPre && s.stage == ready)
}

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
	l, h := s.look, s.h-2
	if s.logOnly {
		lines := s.preflightChecks()
		from, to := s.log.window(len(lines), h)
		return cut(l.in(strong, s.seenName()), s.w, l.ellipsis) + "\n\n" + strings.Join(lines[from:to], "\n")
	}
	th := min(s.seen.n+1, max(3, h*3/5))
	s.seen.y = 2
	view := cut(s.preflightVerdict(), s.w, l.ellipsis) + "\n\n" + block(s.seen.view(l, s.w, th, true), s.w, th)
	if rest := h - th; rest > 2 {
		lines := s.preflightChecks()
		from, to := s.log.window(len(lines), rest-1)
		head := l.in(faint, l.rule+l.rule) + l.in(dim, " checks of "+s.seenName()+" ")
		view += "\n" + head + l.in(faint, strings.Repeat(l.rule, max(0, s.w-width(head)))) + "\n" + strings.Join(lines[from:to], "\n")
	}
	return view
}

func (s *pushScreen) seenName() string {
	if s.seen.at < len(s.seen.rows) {
		return s.seen.rows[s.seen.at][1].text
	}
	return "nobody"
}

func (s *pushScreen) preflightVerdict() string {
	l, p := s.look, s.pre
	if !p.over {
		return l.in(accent, "Looking at the devices. ") + l.meter(len(p.reports), p.of, 16, good) + fmt.Sprintf(" %d of %d", len(p.reports), p.of) + l.in(dim, "  Nothing is written.")
	}
	line := l.in(good, fmt.Sprintf("%s %d ok", l.done, p.in(preflight.OK)+p.in(preflight.Unknown)))
	if n := p.in(preflight.Warning); n > 0 {
		line += ", " + l.in(warn, fmt.Sprintf("%d with a warning", n))
	}
	n := p.in(preflight.Failed)
	if n == 0 {
		return line + ". " + l.in(dim, "No device refuses a push.")
	}
	line = l.in(bad, fmt.Sprintf("%s %d of %d would refuse a push", l.fail, n, len(p.reports))) + ", " + line + ". "
	if n < len(p.reports) {
		return line + l.in(dim, "n goes on without those.")
	}
	return line + l.in(dim, "enter looks again.")
}

// preflightChecks is every check of the device under the cursor: what is wrong
// with its remedy first, then what could not be seen, then what is right.
func (s *pushScreen) preflightChecks() []string {
	l := s.look
	r := s.pre.report(s.seenName())
	if r == nil {
		return nil
	}
	var lines []string
	add := func(t tone, word string, c preflight.Result) {
		head := l.in(t, fill(word, 8)) + l.in(strong, fill(c.Check, 10)) + " "
		for i, text := range wrap(printable(c.Message), s.w-19) {
			if i > 0 {
				head = strings.Repeat(" ", 19)
			}
			lines = append(lines, head+text)
		}
		if c.Remedy == "" {
			return
		}
		head = l.in(good, l.arrow) + " "
		for _, text := range wrap(printable(c.Remedy), s.w-22) {
			lines = append(lines, strings.Repeat(" ", 19)+head+text)
			head = strings.Repeat(" ", width(head))
		}
	}
	for _, state := range []preflight.State{preflight.Failed, preflight.Warning, preflight.Unknown, preflight.OK} {
		for _, c := range r.Checks {
			if c.State == state {
				add(preflightTone[state], string(state), c)
			}
		}
	}
	return lines
}
