package ui

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// The tables of the live screen: one function a view, and what sorts and
// filters all of them.

// liveView is one of the tables that v goes through.
type liveView struct {
	name   string
	cols   []column
	rows   func(*liveScreen) [][]cell
	same   [2]int // the columns by which a row is known
	ranked bool   // the rows come in an order that says something
}

var liveViews = []liveView{
	{"sessions", []column{
		{title: "", keep: 9, close: true},
		{title: "device", keep: 9},
		{title: "port", keep: 8},
		{title: "expected", keep: 7},
		{title: "actual", keep: 6},
		{title: "state", keep: 8},
		{title: "up", keep: 5, right: true},
		{title: "in", keep: 3, right: true},
		{title: "out", keep: 2, right: true},
		{title: "drops", keep: 2, right: true},
		{title: "history", keep: 1, least: 8},
	}, (*liveScreen).sessionRows, [2]int{1, 2}, false},
	{"routes", []column{
		{title: "", keep: 9, close: true}, {title: "device", keep: 9}, {title: "prefix", keep: 8}, {title: "state", keep: 7}, {title: "expected", keep: 6, right: true}, {title: "actual", keep: 5, right: true},
	}, (*liveScreen).routeRows, [2]int{1, 2}, false},
	{"devices", []column{
		{title: "", keep: 9, close: true}, {title: "device", keep: 9}, {title: "state", keep: 8}, {title: "age", keep: 6, right: true}, {title: "router", keep: 3}, {title: "error", keep: 5, least: 16, prose: true},
	}, (*liveScreen).deviceRows, [2]int{1, 1}, false},
	{"nodes", []column{
		{title: "", keep: 9, close: true}, {title: "node", keep: 9}, {title: "rack", keep: 2}, {title: "loopback", keep: 8}, {title: "seen by", keep: 7, right: true}, {title: "pods", keep: 6}, {title: "seen by", keep: 5, right: true}, {title: "state", keep: 4},
	}, (*liveScreen).nodeRows, [2]int{1, 1}, false},
	{"findings", []column{
		{title: "", keep: 9, close: true}, {title: "place", keep: 9}, {title: "cause", keep: 7}, {title: "how sure", keep: 4}, {title: "what is wrong", keep: 8, least: 24, prose: true},
	}, (*liveScreen).findingRows, [2]int{1, 2}, true},
	{"events", []column{
		{title: "time", keep: 7}, {title: "device", keep: 8}, {title: "what happened", keep: 9, least: 24, prose: true},
	}, (*liveScreen).eventRows, [2]int{0, 2}, true},
}

// refill draws the rows of the table in view anew, and has the drawing made anew.
func (s *liveScreen) refill() {
	s.drawn = nil
	rows := liveViews[s.view].rows(s)
	if want := strings.ToLower(s.filter.value()); want != "" {
		rows = slices.DeleteFunc(rows, func(r []cell) bool { return !rowHas(r, want) })
	}
	if by := s.sortColumn(); by >= 0 {
		slices.SortStableFunc(rows, func(a, b []cell) int { return compareCells(a[by], b[by]) })
	}
	s.tables[s.view].keep(rows, liveViews[s.view].same)
}

func rowHas(r []cell, want string) bool {
	for _, c := range r {
		if strings.Contains(strings.ToLower(c.text), want) {
			return true
		}
	}
	return false
}

// A table is sorted in one of these ways, or by a column from sortedByColumn on.
const (
	faultsFirst = iota // as the plan has it, but for what is not as it should be
	asPlanned
	sortedByColumn
)

// nextSort goes to the next way to sort.
func (s *liveScreen) nextSort() {
	v, by := &liveViews[s.view], &s.sorting[s.view]
	if *by++; *by == asPlanned && v.ranked {
		*by++
	}
	*by %= sortedByColumn + len(v.cols) - v.signs()
	s.refill()
}

// signs is how many columns are signs, and have no title.
func (v *liveView) signs() int {
	if v.cols[0].title == "" {
		return 1
	}
	return 0
}

// sortColumn is the column that the table in view is sorted by; -1: none.
func (s *liveScreen) sortColumn() int {
	v := &liveViews[s.view]
	switch by := s.sorting[s.view]; {
	case by >= sortedByColumn:
		return by - sortedByColumn + v.signs()
	case by == faultsFirst && !v.ranked:
		return 0
	}
	return -1
}

// sortedBy names what the table in view is sorted by; "": what it is at first.
func (s *liveScreen) sortedBy() string {
	switch s.sorting[s.view] {
	case faultsFirst:
		return ""
	case asPlanned:
		return "as planned"
	}
	return "by " + liveViews[s.view].cols[s.sortColumn()].title
}

// concern is how much a sign wants to be seen: what is as it should be the least.
func concern(t tone) int {
	if t == good {
		return 0
	}
	return weight[t]
}

// compareCells orders what is worse first, then numbers and times by size, and
// names as people count: leaf2 before leaf10.
func compareCells(a, b cell) int {
	switch n := concern(b.tone) - concern(a.tone); {
	case n != 0 && width(a.text) <= 1:
		return n
	case a.text == b.text:
		return 0
	}
	x, okX := sizeOfText(a.text)
	y, okY := sizeOfText(b.text)
	switch {
	case okX && okY && x != y:
		if x > y {
			return -1
		}
		return 1
	case okX != okY:
		if okX {
			return -1
		}
		return 1
	}
	headA, headB := strings.TrimSuffix(a.text, number(a.text)), strings.TrimSuffix(b.text, number(b.text))
	if headA == headB {
		n, _ := strconv.Atoi(number(a.text))
		m, _ := strconv.Atoi(number(b.text))
		return n - m
	}
	return strings.Compare(a.text, b.text)
}

// sizeOfText is a number, or a time as age writes it, in seconds.
func sizeOfText(s string) (float64, bool) {
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return n, true
	}
	total, digits := 0.0, ""
	for _, r := range s {
		unit := map[rune]float64{'d': 86400, 'h': 3600, 'm': 60, 's': 1}[r]
		switch {
		case r >= '0' && r <= '9' || r == '.':
			digits += string(r)
		case unit > 0 && digits != "":
			n, err := strconv.ParseFloat(digits, 64)
			if err != nil {
				return 0, false
			}
			total, digits = total+n*unit, ""
		default:
			return 0, false
		}
	}
	return total, digits == "" && s != ""
}

func (s *liveScreen) deviceRows() (rows [][]cell) {
	for _, d := range s.status.Devices {
		t, word, glyph := good, "answers", s.look.up
		if !d.Reachable {
			t, word, glyph = bad, "unreachable", s.look.down
		}
		if unheard(d) {
			t, word, glyph = dim, "being asked", s.look.unknown
		}
		if s.faults && d.Reachable {
			continue
		}
		rows = append(rows, []cell{{glyph, t}, {d.Name, s.tone(d.Name)}, {word, t}, {age(d.Age), plain}, {printable(d.RouterVersion), dim}, {printable(d.Error), bad}})
	}
	return rows
}

// staleAfter is how old what is known of a session may be before it is said, in
// seconds.
const staleAfter = 5

func (s *liveScreen) sessionRows() (rows [][]cell) {
	l := s.look
	ages := make(map[string]float64)
	for _, d := range s.status.Devices {
		if d.Age > staleAfter {
			ages[d.Name] = d.Age
		}
	}
	for i := range s.status.Sessions {
		n := &s.status.Sessions[i]
		t, glyph := sessionTone(*n, l)
		if s.faults && t == good {
			continue
		}
		up := ""
		if n.State == "Established" {
			up = age(n.Uptime)
		}
		state := n.State
		if !n.Expected {
			state += ", not expected"
		}
		if a, stale := ages[n.Device]; stale && n.State != "unreachable" {
			state, t = state+", "+age(a)+" ago", warn
		}
		rows = append(rows, []cell{
			{glyph, t},
			{n.Device, s.tone(n.Device)},
			{n.Port, plain},
			{expectedPeer(*n, s.tight()), plain},
			{actualPeer(*n, t, s.tight()), actualTone(t)},
			{state, t},
			{up, dim},
			{fmt.Sprint(n.PrefixesReceived), dim},
			{fmt.Sprint(n.PrefixesSent), dim},
			{fmt.Sprint(n.Flaps), dim},
			{l.spark(s.history.sessions[[2]string{n.Device, n.Port}]), faint},
		})
	}
	return rows
}

func (s *liveScreen) routeRows() (rows [][]cell) {
	for _, r := range s.status.Routes {
		t, glyph := routeTone(r.State, s.look)
		if s.faults && t == good {
			continue
		}
		rows = append(rows, []cell{{glyph, t}, {r.Device, s.tone(r.Device)}, {r.Prefix.String(), plain}, {r.State, t}, {count(r.ExpectedPaths, "path"), dim}, {count(r.ActualPaths, "path"), dim}})
	}
	return rows
}

// spread is on how many devices a prefix is as expected.
type spread struct{ ok, all, pending int }

func (n spread) text() string {
	if n.all == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d", n.ok, n.all)
}

// nodeRows is each node with its loopback and its pod network, and on how many
// devices of the fabric each of them has arrived.
func (s *liveScreen) nodeRows() (rows [][]cell) {
	l := s.look
	seen := make(map[netip.Prefix]*spread)
	for i := range s.of.Plan.Devices {
		if d := &s.of.Plan.Devices[i]; d.Role == model.Node {
			for _, p := range slices.Concat(d.Loopbacks, d.PodCIDRs) {
				seen[p.Masked()] = &spread{}
			}
		}
	}
	for i := range s.status.Routes {
		r := &s.status.Routes[i]
		n, ok := seen[r.Prefix.Masked()]
		if !ok || r.State == observe.RouteUnexpected {
			continue
		}
		n.all++
		switch r.State {
		case "ok", "wide":
			n.ok++
		case observe.RoutePending:
			n.pending++
		}
	}
	for i := range s.of.Plan.Devices {
		d := &s.of.Plan.Devices[i]
		if d.Role != model.Node {
			continue
		}
		loopback, pods := total(seen, d.Loopbacks), total(seen, d.PodCIDRs)
		t, glyph, so := good, l.up, "the fabric has both"
		switch {
		case loopback.all == 0:
			t, glyph, so = dim, l.unknown, "nothing is expected of it"
		case loopback.ok < loopback.all:
			t, glyph, so = bad, l.down, "its loopback is missing on some"
		case pods.pending > 0:
			t, glyph, so = dim, l.unknown, "no pods there yet"
		case pods.ok < pods.all:
			t, glyph, so = bad, l.fail, "its pods are missing on some"
		}
		if s.faults && t == good {
			continue
		}
		rows = append(rows, []cell{
			{glyph, t},
			{d.Name, roleTone(model.Node)},
			{d.Rack, dim},
			{joined(bareAddresses(d)), plain},
			{loopback.text(), t},
			{joined(d.PodCIDRs), plain},
			{pods.text(), t},
			{so, t},
		})
	}
	return rows
}

func total(seen map[netip.Prefix]*spread, all []netip.Prefix) (sum spread) {
	for _, p := range all {
		if n := seen[p.Masked()]; n != nil {
			sum.ok, sum.all, sum.pending = sum.ok+n.ok, sum.all+n.all, sum.pending+n.pending
		}
	}
	return sum
}

func (s *liveScreen) eventRows() (rows [][]cell) {
	for _, e := range s.history.events {
		if s.faults && e.tone != bad && e.tone != warn {
			continue
		}
		rows = append(rows, []cell{{e.at.Format("15:04:05"), dim}, {e.device, s.tone(e.device)}, {e.text, e.tone}})
	}
	return rows
}
