package ui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
)

// TestKeysAreText types what are keys elsewhere.
func TestKeysAreText(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("4", "a")
	d.clear()
	d.write("q?u1m:")
	d.shows("q?u1m:")
	if d.step() != "leafs" || d.app.helping {
		t.Errorf("at %s", d.step())
	}
}

// TestInterrupt presses ctrl+c: without a push it ends the wizard; with one,
// the first lets it finish and the second aborts.
func TestInterrupt(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("ctrl+c")
	d.until("it ends", func() bool { return d.ended })
	if !d.app.interrupted {
		t.Error("not told from q")
	}
	d = opened(t, 80, 24)
	pushTo(d, pushing)
	d.press("ctrl+c")
	d.shows("Stopping")
	if d.app.interrupted {
		t.Error("the first ctrl+c aborted")
	}
	d.press("ctrl+c")
	d.until("it ends", func() bool { return d.ended })
	if !d.app.interrupted {
		t.Error("the second ctrl+c did not abort")
	}
}

// TestConfirm needs the fabric's name; no single key pushes.
func TestConfirm(t *testing.T) {
	d := opened(t, 80, 24)
	s := d.app.screens[8].(*pushScreen)
	pushTo(d, ready)
	for _, name := range []string{"", "y", "tw", "twoo"} {
		d.press("p")
		d.clear()
		d.write(name)
		d.press("enter", "enter")
		if s.stage != ready {
			t.Fatalf("%q pushed", name)
		}
		d.press("esc")
	}
	d.only(projectMsg{project: d.app.desk.project})
	d.press("p")
	if s.confirm.open {
		t.Error("a check of the fabric as it was is taken for one of the fabric as it is")
	}
}

// TestBackground gives a result to a screen that is not in front.
func TestBackground(t *testing.T) {
	d := opened(t, 80, 24)
	pushTo(d, pushing)
	d.press("1")
	s := d.app.screens[8].(*pushScreen)
	d.only(pushEventsMsg{run: s.run.id, over: true, at: noon})
	if s.stage != over || d.step() != "open" {
		t.Errorf("stage %d, at %s", s.stage, d.step())
	}
}

// TestStrangers checks devices whose host keys are not known: none is taken
// before all were shown, and a changed one never.
func TestStrangers(t *testing.T) {
	d := opened(t, 80, 24)
	names := []string{"spine1", "spine2", "leaf1", "leaf2", "k1"}
	for _, n := range names {
		d.devices.Refuse(n, &provision.HostKeyError{Host: n, SHA256: "SHA256:" + n})
	}
	d.devices.Refuse("k2", &provision.HostKeyError{Host: "k2", SHA256: "SHA256:new", Known: "SHA256:old", Changed: true})
	d.press("9", "enter")
	s := d.app.screens[8].(*pushScreen)
	d.until("all were asked", func() bool { return s.stage == strange })
	for _, n := range names {
		d.shows("SHA256:" + n)
	}
	d.hides("SHA256:new")
	d.tell(tea.WindowSizeMsg{Width: 80, Height: 16})
	d.press("a")
	if len(s.trusted) != 0 {
		t.Fatal("keys were accepted that were not on the screen")
	}
	d.press("G", "a")
	if len(s.trusted) != len(names) || s.trusted["leaf1"] != "SHA256:leaf1" {
		t.Errorf("%v", s.trusted)
	}
	d.until("it was checked again", func() bool { return s.stage != looking && s.stage != checking })
}

// TestUnreachable watches devices of which none answers: it is said, and does
// not stop the wizard.
func TestUnreachable(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("0", "enter")
	s := d.app.screens[9].(*liveScreen)
	d.until("the first round is there", func() bool { return s.seen })
	d.shows("0 of 16")
	d.shows("0 of 6 devices")
	d.press("v", "v")
	d.shows("unreachable")
	d.press("space")
	d.shows("FROZEN")
}

// TestFooterAndHelp holds every key of the footer against the ? overlay.
func TestFooterAndHelp(t *testing.T) {
	d := opened(t, 120, 60)
	for i, s := range steps {
		d.app.at = i
		d.app.helping = true
		help := d.screen()
		for _, k := range d.app.screens[i].Keys() {
			if !strings.Contains(help, k.Help().Desc) {
				t.Errorf("%s: %s %s is not in the help", s.name, k.Help().Key, k.Help().Desc)
			}
		}
		if !strings.Contains(help, s.command) {
			t.Errorf("%s: the command is not in the help", s.name)
		}
	}
}

// TestMouse clicks on a step, and scrolls a list.
func TestMouse(t *testing.T) {
	d := opened(t, 80, 24)
	d.tell(tea.MouseClickMsg{X: 4, Y: 2 + 4, Button: tea.MouseLeft})
	if d.step() != "nodes" {
		t.Errorf("at %s", d.step())
	}
	d.tell(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if at := d.app.screens[4].(*deviceScreen).table.at; at != 1 {
		t.Errorf("row %d", at)
	}
	if d.app.View().MouseMode == tea.MouseModeNone {
		t.Error("the mouse is off")
	}
	d.press("m")
	if d.app.View().MouseMode != tea.MouseModeNone {
		t.Error("m does not free the mouse")
	}
}

// TestLocale has ASCII where the locale or the terminal has no more.
func TestLocale(t *testing.T) {
	for _, c := range []struct {
		env     tea.EnvMsg
		unicode bool
	}{
		{tea.EnvMsg{"LANG=en_US.UTF-8", "TERM=xterm"}, true},
		{tea.EnvMsg{"LC_ALL=C.utf8", "LANG=C"}, true},
		{tea.EnvMsg{"LC_ALL=C", "LANG=en_US.UTF-8"}, false},
		{tea.EnvMsg{"LANG=en_US.UTF-8", "TERM=linux"}, false},
		{tea.EnvMsg{}, false},
	} {
		d := opened(t, 80, 24)
		d.tell(c.env)
		if d.app.look.ascii == c.unicode {
			t.Errorf("%v", c.env)
		}
	}
}

// TestSteps holds what other files rely on.
func TestSteps(t *testing.T) {
	if len(steps) > 10 {
		t.Error("the number keys reach ten steps")
	}
	for _, place := range []string{"name", "asn.leafs", "superspines[0]", "borders[1].peers[0].asn", "nodes[0].roles", "links[3]", ""} {
		if stepIndex(stepOf(place)) < 0 {
			t.Errorf("%q leads nowhere", place)
		}
	}
}
