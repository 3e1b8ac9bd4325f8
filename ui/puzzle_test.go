package ui

import (
	"strings"
	"testing"

	"closup/lab"
	"closup/model"
)

// puzzling plays a puzzle.
func puzzling(d *driver) {
	liveWith(d, breakOne)
	d.app.desk.lab = true
	d.only(keyNamed("p"))
	d.only(puzzleMsg{broke: true})
}

// TestPuzzle tells nothing before it is asked, and the answer at the end.
func TestPuzzle(t *testing.T) {
	d := opened(t, 120, 40)
	puzzling(d)
	d.shows("A puzzle: find what is broken")
	s := d.live()
	for range 2 * settledFor {
		d.only(roundMsg{watcher: s.watcher, status: s.latest})
	}
	if s.why.id != 0 {
		t.Error("it asks for the answer by itself")
	}
	s.tables[0].at = 0
	for i, r := range s.tables[0].rows {
		if r[1].text == "leaf1" && strings.HasPrefix(r[3].text, "spine2") {
			s.tables[0].at = i
		}
	}
	d.only(keyNamed("e"))
	d.answer()
	if s.guide.list.at != 0 {
		t.Error("the cursor tells")
	}
	d.shows("What would you look at")
	for _, secret := range []string{"port-down,", "certain", "ip link set", "set down"} {
		if secret != "port-down," {
			d.hides(secret)
		}
	}
	d.press("down", "down", "down")
	d.hides("set down")
	d.press("enter")
	d.shows("set down")
	d.hides("A fault.")
	d.press("enter")
	d.shows("A fault.")
	d.hides("ip link set")
	d.press("enter")
	d.shows("ip link set")
	d.press("esc", "v", "v", "v", "v")
	d.shows("A puzzle is open")
	d.only(keyNamed("p"))
	d.only(puzzleMsg{mended: []lab.Broken{{Fault: "port-down", Target: model.End{Device: "leaf1", Port: "swp52"}}}})
	d.press("v")
	d.shows("it was port-down at leaf1:swp52")
	d.shows("found with 1 question")
	if s.why.puzzle {
		t.Error("it is still a puzzle")
	}
	// All at once, for who gives up; and without a lab there is none.
	puzzling(d)
	s.view = 0
	d.only(keyNamed("e"))
	d.answer()
	d.press("o", "down", "down", "down")
	d.hides("What would you")
	d.press("esc")
	d.app.desk.lab = false
	s.why = causes{}
	d.press("p")
	if s.why.busy {
		t.Error("the real devices were broken")
	}
}

// TestShowAll: who gives up is led to the fault; where the way that was asked
// about is as planned, to what is wrong elsewhere.
func TestShowAll(t *testing.T) {
	d := opened(t, 120, 40)
	puzzling(d)
	s := d.live()
	ask := func(device, peer string) {
		d.Helper()
		for i, r := range s.tables[0].rows {
			if r[1].text == device && strings.HasPrefix(r[3].text, peer+":") {
				s.tables[0].at = i
			}
		}
		d.only(keyNamed("e"))
		d.answer()
		d.hides("set down")
		d.press("o")
	}
	ask("leaf1", "spine2")
	d.shows("A fault.")
	d.shows("ip link set")
	d.press("esc")
	ask("leaf2", "k2")
	d.shows("1 other thing elsewhere in the fabric")
	d.shows("leaf1:swp52")
	d.app.options.Hints = true
	d.app.all(d.app.content())
	d.shows("Here all is as planned.")
}
