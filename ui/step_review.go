package ui

import (
	"fmt"
	"path"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
)

// reviewScreen is what the rules have to say, with the place and the remedy of
// each finding, and the plan in tables. An error blocks the push and nothing
// else.
type reviewScreen struct {
	base
	view     int // of reviewViews
	findings []model.Finding
	list     list
	tables   [4]grid
	lines    []string // the findings as they are read
	from     []int    // the line at which each begins
	pick     list     // the device of the drawing
}

// reviewViews is what v goes through.
var reviewViews = []string{"findings", "devices", "links", "sessions", "drawing"}

func newReviewScreen(b base) Screen {
	s := &reviewScreen{base: b}
	s.tables[1].cols = []column{
		{title: "device", keep: 9},
		{title: "role", keep: 4},
		{title: "ASN", keep: 8, right: true},
		{title: "router ID", keep: 7},
		{title: "management", keep: 5},
		{title: "runs", keep: 3},
		{title: "routes by", keep: 2},
		{title: "rack", keep: 1},
	}
	s.tables[2].cols = []column{{title: "upper end", keep: 9}, {title: "", keep: 1}, {title: "lower end", keep: 8}, {title: "speed", keep: 2}}
	s.tables[3].cols = []column{{title: "device", keep: 9}, {title: "port", keep: 8}, {title: "", keep: 1}, {title: "peer", keep: 7}, {title: "port", keep: 5}, {title: "peer ASN", keep: 6, right: true}}
	return s
}

func (s *reviewScreen) Title() string { return "Review" }

func (s *reviewScreen) Keys() []key.Binding {
	if s.project == nil || s.project.Fabric == nil {
		return nil
	}
	next := reviewViews[(s.view+1)%len(reviewViews)]
	if s.view == 0 && len(s.findings) > 0 {
		return []key.Binding{called(keys.choose, "go there"), called(keys.section, next)}
	}
	if s.view == drawingView {
		return []key.Binding{called(keys.choose, "go there"), bind("↑ ↓", "device"), called(keys.section, next)}
	}
	return []key.Binding{called(keys.section, next)}
}

func (s *reviewScreen) State() (state, string) {
	if s.project == nil || s.project.Fabric == nil {
		return open, ""
	}
	errors, warnings := s.tally()
	switch {
	case errors > 0:
		return failed, count(errors, "error")
	case warnings > 0:
		return done, count(warnings, "warning")
	case len(s.project.Plan.Devices) == 0:
		return open, "" // nothing that could be wrong
	}
	return done, ""
}

func (s *reviewScreen) tally() (errors, warnings int) {
	for _, f := range s.findings {
		switch f.Severity {
		case model.Error:
			errors++
		case model.Warning:
			warnings++
		}
	}
	return errors, warnings
}

func (s *reviewScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		s.refill()
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case sizeMsg, *look:
		if s.project != nil {
			s.refill()
		}
	case clickMsg:
		if s.view == drawingView && s.project != nil {
			s.clickDrawing(msg)
		}
	case tea.KeyPressMsg:
		return s.key(msg)
	}
	return Nav{}, nil
}

// severities is the order of the groups.
var severities = []model.Severity{model.Error, model.Warning, model.Info}

func (s *reviewScreen) refill() {
	s.findings = s.findings[:0]
	for _, severity := range severities {
		for _, f := range s.project.Findings {
			if f.Severity == severity {
				s.findings = append(s.findings, f)
			}
		}
	}
	s.list.size(len(s.findings))
	s.pick.size(len(s.project.Plan.Devices))
	s.typeset()
	p := s.project.Plan
	var devices, links, sessions [][]cell
	for i := range p.Devices {
		d := &p.Devices[i]
		devices = append(devices, []cell{
			{d.Name, roleTone(d.Role)},
			{d.Role.String(), dim},
			{fmt.Sprint(d.ASN), plain},
			{text(d.RouterID), plain},
			{d.Mgmt, dim},
			{d.Platform, dim},
			{d.Router, dim},
			{d.Rack, dim},
		})
	}
	for i := range p.Links {
		k := &p.Links[i]
		links = append(links, []cell{{k.A.String(), s.tone(k.A.Device)}, {s.look.rule + s.look.rule, faint}, {k.B.String(), s.tone(k.B.Device)}, {k.Speed, dim}})
	}
	for i := range p.Sessions {
		k := &p.Sessions[i]
		as := fmt.Sprint(k.PeerASN)
		if k.PeerASN == 0 {
			as = "external"
		}
		sessions = append(sessions, []cell{
			{k.Device, s.tone(k.Device)}, {k.Port, plain}, {s.look.arrow, faint}, {k.Peer, s.tone(k.Peer)}, {k.PeerPort, plain}, {as, plain},
		})
	}
	s.tables[1].set(devices)
	s.tables[2].set(links)
	s.tables[3].set(sessions)
}

// text is an address, or nothing where there is none.
func text(a interface {
	IsValid() bool
	String() string
},
) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

func (s *reviewScreen) tone(device string) tone {
	if d, ok := s.project.Plan.Device(device); ok {
		return roleTone(d.Role)
	}
	return dim
}

func (s *reviewScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case key.Matches(k, keys.section):
		s.view = (s.view + 1) % len(reviewViews)
	case key.Matches(k, keys.sectionBack):
		s.view = (s.view + len(reviewViews) - 1) % len(reviewViews)
	case s.view == drawingView && key.Matches(k, keys.choose):
		return s.goPicked(), nil
	case s.view == drawingView && key.Matches(k, keys.right):
		s.pick.at = min(s.pick.at+1, max(0, s.pick.n-1))
	case s.view == drawingView && key.Matches(k, keys.left):
		s.pick.at = max(0, s.pick.at-1)
	case s.view == drawingView:
		s.pick.key(k, 8)
	case s.view > 0:
		s.tables[s.view].update(k, s.h-2)
	case s.list.key(k, max(1, s.h/3)):
	case key.Matches(k, keys.choose) && s.list.at < len(s.findings):
		f := s.findings[s.list.at]
		return Nav{Step: stepOf(f.Path), Place: f.Path}, nil
	}
	return Nav{}, nil
}

// stepOf is the step in which a place in fabric.yaml is edited.
func stepOf(place string) string {
	key, _, _ := strings.Cut(place, "[")
	key, _, _ = strings.Cut(key, ".")
	switch key {
	case "superspines", "spines":
		return "spines"
	case "leafs", "borders":
		return "leafs"
	case "nodes":
		return "nodes"
	case "links", "ports":
		return "cabling"
	}
	return "fabric"
}

func (s *reviewScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	tabs := make([]string, len(reviewViews))
	for i, name := range reviewViews {
		tabs[i] = l.tab(name, i == s.view)
	}
	head := strings.Join(tabs, "") + "\n\n"
	h := s.h - 2
	if s.view == drawingView {
		return head + s.drawingLines(h)
	}
	if s.view > 0 {
		return head + s.tables[s.view].view(l, s.w, h, true)
	}
	drawing := planClos(s.project.Plan)
	dh := drawing.height(max(0, min(drawing.share(h), h-6)))
	if len(s.lines) > h-dh-3 {
		dh = 0 // the findings are worth more than the drawing
	}
	body := ""
	if dh > 0 {
		body = drawing.draw(l, s.w, dh) + "\n\n"
		h -= dh + 1
	}
	return head + body + s.findingLines(h)
}

// typeset lays the findings out in their groups, once for each state of the
// fabric and each width.
func (s *reviewScreen) typeset() {
	l := s.look
	s.lines, s.from = s.lines[:0], s.from[:0]
	group := model.Severity("")
	for _, f := range s.findings {
		if f.Severity != group {
			group = f.Severity
			if len(s.lines) > 0 {
				s.lines = append(s.lines, "")
			}
			s.lines = append(s.lines, l.in(severityTone(group), severityTitle[group]))
		}
		s.from = append(s.from, len(s.lines))
		s.lines = append(s.lines, s.finding(f, false)...)
	}
}

// findingLines draws the verdict and the findings, scrolled to the cursor.
func (s *reviewScreen) findingLines(h int) string {
	l := s.look
	errors, _ := s.tally()
	p := s.project.Plan
	verdict := l.in(good, l.done+" ") + "Nothing stands in the way of a push.  "
	verdict += l.in(dim, clauses(count(len(p.Devices), "device")+", "+count(len(p.Links), "link")+", "+count(len(p.Sessions), "session end"), s.w-width(verdict)))
	if errors > 0 {
		verdict = l.in(bad, l.fail+" ") + count(errors, "error") + " to mend before a push."
	}
	verdict = cut(verdict, s.w, l.ellipsis)
	h -= 2
	if h < 2 || len(s.findings) == 0 {
		return verdict
	}
	from := s.from[s.list.at]
	chosen := s.finding(s.findings[s.list.at], true)
	switch to := from + len(chosen); {
	case from <= 1:
		s.list.top = 0
	case to > s.list.top+h:
		s.list.top = to - h
	}
	s.list.top = max(0, min(s.list.top, from, len(s.lines)-h))
	var out []string
	for i := s.list.top; i < min(len(s.lines), s.list.top+h); i++ {
		line := s.lines[i]
		if k := i - from; k >= 0 && k < len(chosen) {
			line = chosen[k]
		}
		if len(s.lines) > h {
			line = fit(line, s.w-1, l.ellipsis) + l.scrollbar(i-s.list.top, h, s.list.top, len(s.lines))
		}
		out = append(out, line)
	}
	return verdict + "\n\n" + strings.Join(out, "\n")
}

var severityTitle = map[model.Severity]string{model.Error: "Errors", model.Warning: "Warnings", model.Info: "Good to know"}

// finding is one of them: the message, and where it is and what helps.
func (s *reviewScreen) finding(f model.Finding, marked bool) []string {
	l := s.look
	lead := "  " + l.in(severityTone(f.Severity), l.dot) + " "
	if marked {
		lead = l.in(accent, l.cursor+" ") + l.in(severityTone(f.Severity), l.dot) + " "
	}
	var lines []string
	for i, part := range wrap(printable(f.Message), s.w-5) {
		if i > 0 {
			lead = "    "
		}
		if marked {
			part = l.in(strong, part)
		}
		lines = append(lines, lead+part)
	}
	where := f.Path
	if f.Line > 0 {
		where = fmt.Sprintf("%s line %d, %s", path.Base(s.project.Path), f.Line, f.Path)
	}
	lines = append(lines, "    "+l.in(faint, cut(strings.TrimSuffix(where+"  "+f.Rule, "  "), s.w-5, l.ellipsis)))
	for _, part := range wrap(printable(f.Remedy), s.w-5) {
		if part != "" {
			lines = append(lines, "    "+l.in(dim, part))
		}
	}
	return lines
}
