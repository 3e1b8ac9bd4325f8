package ui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// What terminal users expect everywhere, held over every scene. docs/ux.md says
// which row of the conventions each test stands for.

// destroying is what takes something away, or changes a device.
var destroying = []key.Binding{
	keys.remove, keys.dropLine, keys.split, keys.auto, keys.apply, keys.abort, keys.takeBack, keys.keep, keys.retry,
	keys.puzzle, keys.remedy, keys.save, keys.quit, keys.interrupt, keys.reset, keys.trust, keys.raise, keys.install, keys.expired,
}

// TestScrollDestroysNothing: no key that moves is bound to what destroys, and
// pressed on every screen it changes no fabric and asks no device.
func TestScrollDestroysNothing(t *testing.T) {
	var names []string
	for _, m := range append(slices.Clone(moving), keys.left, keys.right) {
		for _, name := range m.Keys() {
			names = append(names, name)
			for _, d := range destroying {
				if slices.Contains(d.Keys(), name) {
					t.Errorf("%s moves, and is %q", name, d.Help().Desc)
				}
			}
		}
	}
	for _, want := range []string{"up", "k", "down", "j", "h", "l", "g", "G", "ctrl+u", "ctrl+d", "pgup", "pgdown"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s does not move", want)
		}
	}
	for _, scene := range scenes {
		d := opened(t, 120, 40)
		scene.play(d)
		if d.app.desk.project == nil || d.app.screens[d.app.at].Typing() {
			continue
		}
		before, busy := d.app.desk.project, d.app.desk.busy
		at := d.app.at
		for _, name := range names {
			if k, ok := named[name]; ok {
				d.only(k)
			} else {
				d.only(pressed(name))
			}
		}
		if d.app.desk.project != before || len(d.app.desk.queue) > 0 || d.app.desk.busy && !busy || d.ended || d.app.at != at {
			t.Errorf("%s: scrolling changed something", scene.name)
		}
	}
}

// TestEscNeverQuits: esc goes back, from everywhere, to the first step and no
// further.
func TestEscNeverQuits(t *testing.T) {
	for _, scene := range scenes {
		d := opened(t, 80, 24)
		scene.play(d)
		for range 30 {
			_, cmd := d.app.Update(named["esc"])
			if quits(cmd) {
				t.Fatalf("%s: esc quits", scene.name)
			}
		}
		if d.app.at != 0 {
			t.Errorf("%s: esc ends at %s", scene.name, d.step())
		}
	}
}

// quits says whether a command ends the wizard; it runs none that asks.
func quits(cmd tea.Cmd) bool {
	if cmd == nil {
		return false
	}
	done := make(chan bool, 1)
	go func() {
		switch msg := cmd().(type) {
		case tea.QuitMsg:
			done <- true
		case tea.BatchMsg:
			for _, c := range msg {
				if quits(c) {
					done <- true
					return
				}
			}
			done <- false
		default:
			done <- false
		}
	}()
	return <-done
}

// TestFreeMouse gives the selection back to the terminal, and takes it again.
func TestFreeMouse(t *testing.T) {
	d := opened(t, 80, 24)
	if d.app.View().MouseMode == tea.MouseModeNone {
		t.Error("there is no mouse")
	}
	d.press("m")
	if d.app.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is not free")
	}
	d.press("m")
	if d.app.View().MouseMode == tea.MouseModeNone {
		t.Error("the mouse does not come back")
	}
}

// TestStalePlan: an edit takes the plan away that was checked, wherever the push
// stands before its first write: while the devices are asked, when what would
// change is known, and while the name is typed. Nothing is pushed until the
// devices were asked again, and then it is the fabric as it is now. A push that
// is over does not speak for the fabric that came after it.
func TestStalePlan(t *testing.T) {
	edit := func(d *driver) {
		p, err := changed(d.app.desk.project, func(p *work.Project) error { return p.Doc.Set("timers.connect", "5") })
		if err != nil {
			d.Fatal(err)
		}
		d.only(projectMsg{project: p})
	}
	for _, c := range []struct {
		name  string
		stage pushStage
		keys  string // after that
	}{
		{"asking", checking, ""},
		{"known", ready, ""},
		{"confirming", ready, "ptw"},
		{"unknown hosts", strange, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := opened(t, 120, 40)
			pushTo(d, c.stage)
			for _, k := range c.keys {
				d.only(keyNamed(string(k)))
			}
			s := pushOf(d)
			if c.keys != "" && !s.confirm.open {
				t.Fatal("the name is not asked for")
			}
			edit(d)
			if c.stage == checking {
				d.only(pushEventsMsg{run: s.run.id, over: true, at: noon})
			}
			d.shows("The fabric changed since the check.")
			for _, k := range []string{"p", "t", "w", "o", "enter"} { // what was on its way under the fingers
				if k == "enter" && !s.confirm.open {
					break
				}
				d.only(keyNamed(k))
			}
			if s.confirm.open || s.stage != idle || s.run != nil && !s.run.dry {
				t.Fatalf("a stale plan is pushed: stage %d", s.stage)
			}
			d.only(keyNamed("esc")) // t chose the lab
			d.press("9")
			d.only(keyNamed("enter"))
			if s.stage != looking || s.stale {
				t.Fatalf("enter does not ask again: stage %d", s.stage)
			}
			d.only(preflightMsg{id: s.pre.id, over: true, reports: preflighted(s.pre.of, "ok", "ok")})
			if s.stage != checking || s.project != d.app.desk.project {
				t.Errorf("stage %d, with the fabric as it was: %v", s.stage, s.project != d.app.desk.project)
			}
		})
	}
	d := opened(t, 120, 40)
	pushTo(d, over)
	d.hides("The fabric changed")
	edit(d)
	d.shows("The fabric changed since this push.")
	d.only(keyNamed("enter"))
	if s := pushOf(d); s.stage != looking || d.step() != "push" {
		t.Errorf("enter leads to stage %d of %s", s.stage, d.step())
	}
}

// TestReadOnly edits the fabric, and writes to no device.
func TestReadOnly(t *testing.T) {
	d := opened(t, 120, 40)
	d.app.desk.readOnly = true
	d.app.desk.project.ReadOnly = true
	d.shows("READ-ONLY")
	pushTo(d, ready)
	s := d.app.screens[8].(*pushScreen)
	d.press("p")
	d.write("two")
	d.press("enter")
	d.until("it is refused", func() bool { return strings.Contains(d.screen(), "read-only") })
	if s.stage == pushing {
		t.Error("it pushes")
	}
	d.press("esc", "esc", "5", "d", "enter")
	d.saved()
	if !strings.Contains(d.file(), "k3") || !d.app.desk.project.ReadOnly {
		t.Error("the fabric cannot be edited, or can be pushed after that")
	}
}

// TestDeadSwitch: a switch that is off is not shown Established, whatever it
// said last; the figures that are left have their age, and the rest of the
// screen goes on.
func TestDeadSwitch(t *testing.T) {
	d := opened(t, 120, 40)
	liveWith(d, breakOne)
	s := d.live()
	for _, r := range s.tables[0].rows {
		if r[1].text == "k2" && strings.Contains(r[5].text, "Established") {
			t.Errorf("k2 is off: %v", r)
		}
	}
	d.shows("unreachable")
	d.press("v", "v")
	d.shows("1m02s")
	d.shows("does not answer")
	d.press("f", "f", "space")
	d.shows("FROZEN")
	// What comes in while it is frozen is shown when it goes on, and not before.
	well := healthy(d.app.desk.project.Plan)
	well.At = noon.Add(3 * time.Second)
	d.only(roundMsg{watcher: s.watcher, status: well})
	d.shows("does not answer")
	d.press("space")
	d.hides("does not answer")
	d.hides("FROZEN")
}
