package ui

import "testing"

// TestReviewDrawing goes from device to device on the drawing, by keys and by
// the mouse, and from there to its row.
func TestReviewDrawing(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("7", "V")
	d.shows("spine1  spine  AS 65501")
	d.shows("swp1 → leaf1:swp51")
	d.press("down", "down", "right")
	d.shows("leaf2  leaf  AS 65102  loopback 10.1.1.2")
	s := d.app.screens[6].(*reviewScreen)
	s.Update(clickMsg{x: s.w / 4, y: 2})
	d.shows("spine1  spine")
	d.press("G")
	d.shows("k2  node")
	d.press("enter")
	if d.step() != "nodes" || d.app.screens[4].(*deviceScreen).current().Name != "k2" {
		t.Errorf("at %s", d.step())
	}
	d.press("7", "v")
	d.shows("Nothing stands in the way")
}
