package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision/observe"
)

// rings says whether a command rings the terminal's bell.
func rings(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			if rings(c) {
				return true
			}
		}
	case tea.RawMsg:
		return fmt.Sprint(msg.Msg) == "\a"
	}
	return false
}

// deaf is the live screen's part of an Update: the desk waits for the next
// round, which a test does not have.
func (d *driver) deaf(at time.Time, change func(*observe.Status)) bool {
	s := d.app.screens[9].(*liveScreen)
	status := healthy(d.app.desk.project.Plan)
	status.At = at
	change(&status)
	_, cmd := s.Update(roundMsg{watcher: s.watcher, status: status})
	return rings(cmd)
}

// TestEvents follows what changes from round to round, with a bell for what is
// lost, and none for what comes back.
func TestEvents(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, func(*observe.Status) {})
	s := d.app.screens[9].(*liveScreen)
	same := func(*observe.Status) {}
	if d.deaf(noon.Add(1*time.Second), same) {
		t.Error("a bell for nothing")
	}
	if !d.deaf(noon.Add(2*time.Second), breakOne) {
		t.Error("no bell for a session that is lost")
	}
	if d.deaf(noon.Add(3*time.Second), same) {
		t.Error("a bell for what comes back")
	}
	if !d.deaf(noon.Add(4*time.Second), func(s *observe.Status) { s.Sessions[0].Flaps++ }) {
		t.Error("no bell for a flap between two rounds")
	}
	d.press("b")
	if d.deaf(noon.Add(5*time.Second), breakOne) {
		t.Error("a bell although it is off")
	}
	d.press("V")
	for _, want := range []string{"12:00:02", "k2", "does not answer any more", "is Idle, it was Established", "is Established, it was Idle", "went down and came back between two looks"} {
		d.shows(want)
	}
	d.press("G")
	d.shows("watching 6 devices")
	for i := range 2 * maxEvents {
		s.history.say(noon, "x", plain, fmt.Sprint(i))
	}
	if len(s.history.events) != maxEvents || s.history.events[0].text != fmt.Sprint(2*maxEvents-1) {
		t.Errorf("%d events are kept", len(s.history.events))
	}
}

// TestSortAndFilter orders and narrows the table in view.
func TestSortAndFilter(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, breakOne)
	s := d.app.screens[9].(*liveScreen)
	first := func() string { return s.tables[0].rows[0][1].text + " " + s.tables[0].rows[0][5].text }
	if !strings.Contains(first(), "Idle") {
		t.Errorf("the fault is not first: %s", first())
	}
	d.press("s")
	d.shows("as planned")
	if first() != "spine1 Established" {
		t.Errorf("as planned: %s", first())
	}
	d.press("s")
	d.shows("by device")
	d.press("V", "s")
	d.shows("by time")
	d.press("v")
	for range liveViews[0].cols[1:] {
		d.press("s")
	}
	d.hides("by history")
	d.hides("by device")
	if s.sorting[0] != faultsFirst {
		t.Errorf("after all columns: %d", s.sorting[0])
	}
	d.press("/")
	d.write("leaf1")
	d.press("enter")
	d.shows("only leaf1")
	if n := s.tables[0].n; n == 0 || n == len(s.status.Sessions) {
		t.Errorf("%d rows", n)
	}
	for _, r := range s.tables[0].rows {
		if !rowHas(r, "leaf1") {
			t.Errorf("%v is shown", r)
		}
	}
	d.press("/")
	d.write("zzz")
	d.hides("only leaf1 ")
	d.press("esc")
	if s.tables[0].n != len(s.status.Sessions) {
		t.Errorf("%d of %d rows after esc", s.tables[0].n, len(s.status.Sessions))
	}
	for _, c := range []struct{ a, b string }{{"leaf2", "leaf10"}, {"5d03h", "2h07m"}, {"62s", "0.4s"}, {"10", "9"}, {"a", "b"}, {"3", "none"}} {
		if compareCells(cell{text: c.a}, cell{text: c.b}) >= 0 || compareCells(cell{text: c.b}, cell{text: c.a}) <= 0 {
			t.Errorf("%s does not come before %s", c.a, c.b)
		}
	}
}

// TestCursorKeepsRow: what fails comes to the top, under a cursor that waits
// there, and does not take the row from under one that was moved.
func TestCursorKeepsRow(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, func(*observe.Status) {})
	s := d.live()
	d.press("j", "j")
	table := &s.tables[0]
	was := table.rows[table.at][1].text + table.rows[table.at][2].text
	liveWith(d, func(st *observe.Status) { st.Sessions[len(st.Sessions)-1].State = "Idle" })
	if got := table.rows[table.at][1].text + table.rows[table.at][2].text; got != was || table.at != 3 {
		t.Errorf("the cursor is on %s in row %d, it was on %s", got, table.at, was)
	}
	d.press("g")
	liveWith(d, func(st *observe.Status) { st.Sessions[3].State = "Active" })
	if got := table.rows[table.at][5].text; table.at != 0 || got != "Active" {
		t.Errorf("the cursor is on row %d, %s", table.at, got)
	}
}

// TestNodesLive shows for each node whether the fabric has its loopback and its
// pods.
func TestNodesLive(t *testing.T) {
	d := opened(t, 130, 40)
	plan := d.app.desk.project.Plan
	k1, _ := plan.Device("k1")
	k2, _ := plan.Device("k2")
	liveWith(d, func(s *observe.Status) {
		s.Routes = nil
		for i := range plan.Devices {
			for _, r := range []observe.RouteStatus{
				{Prefix: k1.Loopbacks[0], State: "ok"},
				{Prefix: k1.PodCIDRs[0], State: "ok"},
				{Prefix: k2.Loopbacks[0], State: "ok"},
				{Prefix: k2.PodCIDRs[0], State: observe.RoutePending},
			} {
				r.Device = plan.Devices[i].Name
				s.Routes = append(s.Routes, r)
			}
		}
		s.Routes[0].State = "missing"
	})
	d.press("v", "v", "v")
	for _, want := range []string{k1.PodCIDRs[0].String(), "5 of 6", "6 of 6", "its loopback is missing on some", "no pods there yet"} {
		d.shows(want)
	}
	d.only(roundMsg{watcher: d.app.screens[9].(*liveScreen).watcher, status: observe.Status{At: noon}})
	d.shows("nothing is expected of it")
}

// TestStale marks what was seen too long ago.
func TestStale(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, func(s *observe.Status) { s.Devices[0].Age = 42 })
	d.shows("Established, 42s ago")
	d.only(tickMsg{of: "live", at: noon.Add(30 * time.Second)})
	d.shows("STALE 30s")
}

// TestSpark draws a history, and a gap in it.
func TestSpark(t *testing.T) {
	l := newLook(terminal{})
	if got := l.spark([]int16{0, 2, 4, -1}); got != "▁▃▅·" {
		t.Errorf("%q", got)
	}
	if got := l.spark(nil); got != "" {
		t.Errorf("%q", got)
	}
}
