package ui

import (
	"strings"
	"testing"

	"closup/ui/work"
)

// TestHints: every step has one, no hint is of a step that is gone, and the key
// takes them away and brings them back.
func TestHints(t *testing.T) {
	d := opened(t, 80, 24)
	for name := range hints {
		if stepIndex(name) < 0 {
			t.Errorf("there is a hint for %s, and no such step", name)
		}
	}
	for i, s := range steps {
		d.press(stepKey(i))
		d.app.options.Hints = true
		if d.app.hint() == "" {
			t.Errorf("the step %s has no hint", s.name)
			continue
		}
		first := strings.Join(strings.Fields(d.app.hint())[:3], " ")
		d.app.all(d.app.content())
		d.shows(first)
		d.press("H")
		d.shows("hints are off")
		if d.app.hint() != "" || strings.Contains(d.screen(), first) {
			t.Errorf("%s: the hint is still there:\n%s", s.name, d.screen())
		}
	}
	d.press("H")
	d.shows("hints are on")
}

// TestHintsFit: no hint is cut at the usual size.
func TestHintsFit(t *testing.T) {
	d := opened(t, 80, 24)
	d.app.options.Hints = true
	live, push := d.live(), d.app.screens[stepIndex("push")].(*pushScreen)
	var all []string
	for _, text := range hints {
		all = append(all, text)
	}
	for stage := idle; stage <= over; stage++ {
		push.stage = stage
		all = append(all, push.Hint())
	}
	for i := range 1 << 4 {
		live.seen, live.why.puzzle, live.guide.open, d.app.desk.lab = i&1 != 0, i&2 != 0, i&4 != 0, i&8 != 0
		all = append(all, live.Hint())
		live.watcher = &work.Watcher{}
	}
	for _, text := range all {
		if n := len(wrap(text, d.app.content().w-2)); n > d.app.hintRows()-1 {
			t.Errorf("%d lines: %s", n, text)
		}
	}
	live.watcher = nil
}

// TestSimulated: the frame says that devices are simulated, and there are no
// others to change to.
func TestSimulated(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("0")
	d.shows("use the lab")
	d.app.desk.lab, d.app.desk.simulated = true, true
	d.shows("SIMULATED")
	if strings.Contains(d.screen(), "real devices") && strings.Contains(d.screen(), "use the real") {
		t.Errorf("the real devices are offered:\n%s", d.screen())
	}
	d.press("t")
	if !d.app.desk.lab {
		t.Error("t left the lab")
	}
}
