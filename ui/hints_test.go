package ui

import (
	"slices"
	"strings"
	"testing"

	"closup/provision/push"
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

// everyHint is what the screens may say as they are, and as they become.
func everyHint(d *driver) (out []string) {
	for _, text := range hints {
		out = append(out, text)
	}
	screen := d.app.screens[stepIndex("push")].(*pushScreen)
	plan := d.app.desk.project.Plan
	for _, simulated := range []bool{false, true} {
		d.app.desk.simulated = simulated
		for screen.stage = idle; screen.stage <= over; screen.stage++ {
			for _, ended := range []push.Result{"changed", "failed", "pending"} {
				screen.run = newRun(1, false, plan, nil, noon)
				for i := range screen.run.rows {
					screen.run.rows[i].report = &push.DeviceReport{Result: ended}
				}
				for _, screen.confirm.open = range []bool{false, true} {
					out = append(out, screen.Hint())
				}
			}
		}
	}
	screen.stage, screen.run, screen.confirm.open = idle, nil, false
	live := *d.live()
	for i := range 1 << 6 {
		on := func(bit int) bool { return i>>bit&1 != 0 }
		live.seen, live.why.puzzle, live.guide.open, d.app.desk.lab, live.symptom.open = on(0), on(1), on(2), on(3), on(4)
		if live.guide.apply.stage = notApplying; on(5) {
			live.guide.apply.stage = asking
		}
		out = append(out, live.Hint())
		live.watcher = &work.Watcher{}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestHintsFit: no hint is cut at the usual size, and its first sentence fits
// into the one line that a low and narrow screen has for it.
func TestHintsFit(t *testing.T) {
	all := everyHint(opened(t, 80, 24))
	if len(all) < 25 {
		t.Errorf("only %d hints", len(all))
	}
	for _, c := range []struct {
		w, h int
		part func(string) string
	}{
		{80, 24, func(s string) string { return s }},
		{60, 20, func(s string) string {
			first, _, _ := strings.Cut(s, ". ")
			return strings.TrimSuffix(first, ".") + "."
		}},
	} {
		d := opened(t, c.w, c.h)
		d.app.options.Hints = true
		for _, text := range all {
			want := c.part(text)
			if n := len(wrap(want, d.app.content().w-2)); n > max(1, d.app.hintRows()-1) {
				t.Errorf("at %dx%d: %d lines: %s", c.w, c.h, n, want)
			}
		}
		d.app.all(d.app.content())
		if first := c.part(hints["open"]); !strings.Contains(strings.Join(strings.Fields(d.screen()), " "), strings.Fields(first)[0]) || strings.Contains(d.screen(), "…") {
			t.Errorf("the hint is cut:\n%s", d.screen())
		}
	}
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
