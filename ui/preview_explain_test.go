package ui

import (
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/provision/push"
)

// explained is the preview of a device with its files and their reasons.
func explained(t *testing.T, w, h int) (*driver, *previewScreen) {
	d := opened(t, w, h)
	d.press("8")
	s := d.app.screens[7].(*previewScreen)
	d.until("the files and their reasons are there", func() bool { return len(s.files) > 0 && len(s.reasons) > 0 })
	return d, s
}

// TestReasonsBeside: where a file leaves room at its right, the reason for each
// line stands there, but not for those that set sections apart; where it does
// not, there are none.
func TestReasonsBeside(t *testing.T) {
	d, s := explained(t, 200, 60)
	const why = "The number by which BGP knows this device"
	lines := strings.Split(d.screen(), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, "bgp router-id") })
	if at < 0 || !strings.Contains(lines[at], why) {
		t.Errorf("no reason beside the line:\n%s", d.screen())
	}
	d.hides("Sets sections apart")
	d.press("enter", "e", "j")
	d.fits()
	d.shows(s.reasonsOf(s.files[s.file])[1].Why[:40])
	d.tell(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.hides(why)
	d.press("e")
	d.hides("─────────────")
}

// TestReasonFits: on the smallest usual screen with hints the reason for the
// line under the cursor is there too.
func TestReasonFits(t *testing.T) {
	for _, c := range [][2]int{{80, 24}, {60, 20}} {
		d, s := explained(t, c[0], c[1])
		d.app.options.Hints = true
		d.app.all(d.app.content())
		d.press("enter", "e", "j", "j")
		d.fits()
		reason := s.reasonsOf(s.files[s.file])[2].Why
		d.shows(strings.Join(strings.Fields(reason)[:4], " "))
	}
}

// TestDifferenceAsks: the key for what changes asks the device, and what it says
// against that stands there.
func TestDifferenceAsks(t *testing.T) {
	d, s := explained(t, 120, 40)
	d.press("d")
	if s.run == 0 {
		t.Fatal("the device was not asked")
	}
	d.only(pushEventsMsg{run: s.run, over: true, at: noon, events: []push.Event{
		{Kind: push.Done, Device: "spine1", Report: &push.DeviceReport{Name: "spine1", Result: push.Failed, Error: "no route to spine1"}},
	}})
	d.shows("no route to spine1")
	d.press("j")
	d.shows("Not fetched yet: f asks spine2")
}

// TestLed: a sign stands once, whatever is said in however many lines, and it is
// no alarm where nothing is wrong; a name is never broken at its hyphens.
func TestLed(t *testing.T) {
	d := opened(t, 120, 40)
	s := d.app.screens[1].(*fabricScreen)
	say := func(severity model.Severity) string {
		d.app.desk.project.Findings = []model.Finding{{Severity: severity, Path: s.current().path, Message: strings.Repeat("what-has-a-hyphen ", 12)}}
		return strings.Join(s.help(40), "\n")
	}
	if text := say(model.Warning); strings.Count(text, d.app.look.fail) != 1 || strings.Count(text, "\n") < 5 {
		t.Errorf("a warning:\n%s", text)
	}
	if text := say(model.Info); strings.Contains(text, d.app.look.fail) || strings.Count(text, d.app.look.dot+" ") != 1 {
		t.Errorf("what is good to know:\n%s", text)
	}
	for _, line := range wrap("what-has-a-hyphen what-has-a-hyphen", 20) {
		if line != "what-has-a-hyphen" {
			t.Errorf("%q", line)
		}
	}
}
