package ui

import (
	"fmt"
	"strings"

	"closup/provision/observe"
)

// The live screen's view: counters, the drawing with its cables as their
// sessions are, and one of three tables.

func (s *liveScreen) tone(device string) tone {
	if s.of != nil {
		if d, ok := s.of.Plan.Device(device); ok {
			return roleTone(d.Role)
		}
	}
	return dim
}

// sessionTone is good where the right peer is there.
func sessionTone(n observe.SessionStatus, l *look) (tone, string) {
	switch {
	case !n.Expected:
		return warn, l.unknown
	case n.State == "unreachable":
		return dim, l.unknown
	case n.State != "Established":
		return bad, l.down
	case wrongPeer(n):
		return bad, l.fail
	}
	return good, l.up
}

func wrongPeer(n observe.SessionStatus) bool {
	return n.Peer != "" && n.Peer != "external" && n.ActualPeer != "" && n.ActualPeer != n.Peer ||
		n.PeerASN != 0 && n.ActualASN != 0 && n.ActualASN != n.PeerASN
}

// tight says that there is no room for ports, nor for ASNs that are as they
// should be.
func (s *liveScreen) tight() bool { return s.w < 84 }

func expectedPeer(n observe.SessionStatus, tight bool) string {
	switch {
	case !n.Expected:
		return ""
	case tight:
		return n.Peer + asText(wrongASN(n, n.PeerASN))
	case n.PeerPort == "":
		return n.Peer + asText(n.PeerASN)
	}
	return n.Peer + ":" + n.PeerPort + asText(n.PeerASN)
}

// actualPeer is who is there, as the device was told.
func actualPeer(n observe.SessionStatus, t tone, tight bool) string {
	asn := n.ActualASN
	if tight {
		asn = wrongASN(n, asn)
	}
	text := strings.TrimSpace(printable(n.ActualPeer) + asText(asn))
	if t == bad && n.State != "Established" && text != "" {
		text += " (last)"
	}
	return text
}

// wrongASN is the ASN where the peer has another one than it should have.
func wrongASN(n observe.SessionStatus, asn uint32) uint32 {
	if n.PeerASN == 0 || n.ActualASN == 0 || n.PeerASN == n.ActualASN {
		return 0
	}
	return asn
}

func asText(asn uint32) string {
	if asn == 0 {
		return ""
	}
	return fmt.Sprintf(" AS%d", asn)
}

func actualTone(t tone) tone {
	if t == good {
		return plain
	}
	return t
}

func routeTone(state string, l *look) (tone, string) {
	switch state {
	case "ok":
		return good, l.up
	case "pending":
		return dim, l.unknown
	case "narrow", "wide", "unexpected":
		return warn, l.fail
	}
	return bad, l.down
}

// age is seconds as people say them: "0.8s", "42s", "3m05s", "2h07m", "5d03h".
func age(seconds float64) string {
	switch n := int(seconds); {
	case seconds < 0:
		return "never"
	case n < 10:
		return fmt.Sprintf("%.1fs", seconds)
	case n < 60:
		return fmt.Sprintf("%ds", n)
	case n < 3600:
		return fmt.Sprintf("%dm%02ds", n/60, n%60)
	case n < 86400:
		return fmt.Sprintf("%dh%02dm", n/3600, n/60%60)
	default:
		return fmt.Sprintf("%dd%02dh", n/86400, n/3600%24)
	}
}

// unheard says that a device was asked, and that nothing is known yet: the
// watch has just begun.
func unheard(d observe.DeviceStatus) bool { return !d.Reachable && d.Age < 0 && d.Error == "" }

// drawing is the Clos with its cables as their sessions are. It is made once for
// each round, and not for each key.
func (s *liveScreen) drawing() clos {
	if s.drawn == nil {
		c := s.draw()
		s.drawn = &c
	}
	return *s.drawn
}

func (s *liveScreen) draw() clos {
	c := planClos(s.of.Plan)
	type pair struct{ a, b string }
	worst := make(map[pair]tone)
	for _, n := range s.status.Sessions {
		t, _ := sessionTone(n, s.look)
		for _, p := range []pair{{n.Device, n.Peer}, {n.Peer, n.Device}} {
			if weight[t] >= weight[worst[p]] {
				worst[p] = t
			}
		}
	}
	for i := range c.links {
		k := &c.links[i]
		k.tone = worst[pair{k.a, k.b}]
		if k.tone == plain {
			k.tone = faint
		}
		k.broken = k.tone != good
	}
	state, asking := make(map[string]bool), make(map[string]bool)
	for _, d := range s.status.Devices {
		state[d.Name], asking[d.Name] = d.Reachable, unheard(d)
	}
	for _, t := range c.tiers {
		for i := range t {
			switch reachable, known := state[t[i].name]; {
			case !known:
			case reachable:
				t[i].mark = s.look.up
			case asking[t[i].name]:
				t[i].mark = s.look.unknown
			default:
				t[i].mark, t[i].tone = s.look.down, bad
			}
		}
	}
	return c
}

func (s *liveScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	switch {
	case s.saving.open:
		return s.reportView()
	case s.symptom.open:
		return s.symptom.view(s)
	case s.guide.open:
		return s.guide.view(s)
	case s.watcher == nil || !s.seen:
		return s.beginning()
	}
	lines := s.counters()
	drawing := s.drawing()
	if h := drawing.height(max(0, min(drawing.share(s.h), s.h-len(lines)-8))); h > 0 {
		lines = append(lines, "")
		lines = append(lines, strings.Split(drawing.draw(l, s.w, h), "\n")...)
	}
	lines = append(lines, "", s.tabLine())
	table := &s.tables[s.view]
	if table.n == 0 {
		return strings.Join(append(lines, s.none()), "\n")
	}
	table.y = len(lines)
	h := s.h - len(lines)
	below := s.whole(table, h)
	return strings.Join(append(append(lines, table.view(l, s.w, h-len(below), true)), below...), "\n")
}

// whole is the sentence of the row under the cursor, where the table's h lines
// have no room for all of it; it stands below them.
func (s *liveScreen) whole(table *grid, h int) []string {
	text := table.shortened(s.w, h)
	if text == "" || h < 5 {
		return nil
	}
	if h < 12 {
		return clipped(s.look, wrap(text, s.w), dim, 2)
	}
	return append([]string{""}, clipped(s.look, wrap(text, s.w), dim, 3)...)
}

// tabLine is the views, and how the one in front is narrowed and sorted.
func (s *liveScreen) tabLine() string {
	l := s.look
	if s.finding {
		return l.in(accent, "/ ") + s.filter.view(l, min(40, s.w-2), true)
	}
	names := make([]string, len(liveViews))
	for i := range names {
		names[i] = liveViews[i].name
	}
	note := ""
	if v := s.filter.value(); v != "" {
		note = "  only " + v
	}
	if by := s.sortedBy(); by != "" {
		note += "  " + by
	}
	return l.tabs(names, s.view, s.w-width(note)) + l.in(warn, note)
}

// none says why a table is empty.
func (s *liveScreen) none() string {
	l := s.look
	switch {
	case s.filter.value() != "":
		return l.in(dim, "No row has that; esc shows all.")
	case liveViews[s.view].name == "findings":
		return s.noFindings()
	case s.view == 3 && !s.faults:
		return l.in(dim, "This fabric has no nodes.")
	}
	return l.in(good, l.done+" Nothing is other than expected.")
}

// beginning is the screen before the first round.
func (s *liveScreen) beginning() string {
	l := s.look
	to := s.desk.target(s.desk.lab)
	switch {
	case s.err != nil:
		return strings.Join(clipped(l, wrap(l.fail+" "+printable(s.err.Error()), s.w), bad, s.h), "\n")
	case s.watcher != nil || s.asked:
		return l.in(accent, "Asking "+to+".") + "\n\n" + planClos(s.project.Plan).draw(l, s.w, min(s.h-2, max(13, s.h/2)))
	}
	if s.labUp && !s.desk.lab {
		to += l.in(warn, " (a lab of this fabric runs: t uses it)")
	}
	return l.in(accent, "enter") + " watches " + to + l.in(dim, ", anew each second.") + "\n\n" +
		planClos(s.project.Plan).draw(l, s.w, min(s.h-2, max(13, s.h/2)))
}

// counters is the summary, and how old it is.
func (s *liveScreen) counters() []string {
	l, sum := s.look, s.status.Summary
	part := func(name string, n, all int) string {
		t, glyph := good, l.up
		if n < all {
			t, glyph = bad, l.down
		}
		return l.in(t, glyph+fmt.Sprintf(" %d of %d ", n, all)) + name + " " + l.meter(n, all, min(10, s.w/12), t)
	}
	line := part("sessions", sum.SessionsEstablished, sum.SessionsExpected) + "  " + part("routes", sum.RoutesOK, sum.RoutesExpected)
	devices := len(s.status.Devices)
	second := part("devices", devices-sum.DevicesUnreachable, devices)
	if sum.RoutesPending > 0 {
		second += "  " + l.in(dim, l.unknown+" "+count(sum.RoutesPending, "pod route")+" pending")
	}
	old := s.now.Sub(s.status.At).Seconds()
	switch {
	case s.frozen:
		second += "  " + l.in(warn, "FROZEN "+age(max(0, old)))
	case old > staleAfter:
		second += "  " + l.in(bad, "STALE "+age(old))
	default:
		second += "  " + l.in(faint, s.status.At.Format("15:04:05"))
	}
	const of = "  sessions up "
	if room := s.w - width(second) - len(of) - 1; len(s.history.up) > 1 && room > 6 {
		second += l.in(dim, of) + l.in(good, l.spark(s.history.up[max(0, len(s.history.up)-room):]))
	}
	lines := []string{cut(line, s.w, l.ellipsis), cut(second, s.w, l.ellipsis)}
	lines = append(lines, s.verdict()...)
	if s.of != s.project {
		lines = append(lines, l.in(warn, cut(l.fail+" The fabric changed since this watch began: enter watches the new one.", s.w, l.ellipsis)))
	}
	return lines
}
