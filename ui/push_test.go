package ui

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/provision/preflight"
	"closup/provision/push"
)

func pushOf(d *driver) *pushScreen { return d.app.screens[stepIndex("push")].(*pushScreen) }

func (s *pushScreen) names() []string {
	var names []string
	for i := range s.run.rows {
		names = append(names, s.run.rows[i].name)
	}
	return names
}

// TestPause holds a push, lets it go on, and aborts it: never by one key.
func TestPause(t *testing.T) {
	d := opened(t, 80, 24)
	pushTo(d, pushing)
	s := pushOf(d)
	d.press("space")
	if !s.control.Paused() {
		t.Error("not paused")
	}
	d.shows("Paused")
	d.press("space")
	if s.control.Paused() {
		t.Error("it does not go on")
	}
	for _, no := range []string{"n", "esc", "q", "x"} {
		d.press("x", no)
		if s.control.Aborted() {
			t.Fatalf("aborted by %s", no)
		}
		d.press("esc")
	}
	if d.step() != "push" {
		d.press("9")
	}
	d.press("x", "y")
	if !s.control.Aborted() {
		t.Error("not aborted")
	}
	d.shows("Aborting")
	d.only(pushEventsMsg{run: s.run.id, over: true, at: noon})
	if s.stage != over {
		t.Errorf("stage %d", s.stage)
	}
}

// TestRetry asks those again that failed, and pushes to no other.
func TestRetry(t *testing.T) {
	d := opened(t, 80, 24)
	pushTo(d, over)
	s := pushOf(d)
	want := s.run.failed()
	d.only(keyNamed("f"))
	var again []preflight.Report
	for _, name := range want {
		again = append(again, preflight.Report{Name: name, State: preflight.OK})
	}
	d.only(preflightMsg{id: s.pre.id, over: true, reports: again})
	if s.stage != checking || !slices.Equal(s.names(), want) || len(want) != 3 {
		t.Fatalf("stage %d, asked %v, failed were %v", s.stage, s.names(), want)
	}
	var ends []push.Event
	for _, name := range want {
		ends = append(ends, push.Event{Kind: push.Done, Device: name, Report: &push.DeviceReport{Name: name, Result: push.Changed}})
	}
	d.only(pushEventsMsg{run: s.run.id, events: ends, over: true, at: noon})
	d.press("p")
	d.write("two")
	if _, names := s.chosen(); !maps.Equal(names, s.run.with(push.Changed)) || len(names) != 3 {
		t.Errorf("it would push to %v", names)
	}
}

// TestRefused stops at a device that would refuse a push, and goes on without
// it only when that is asked for; a warning stops nothing.
func TestRefused(t *testing.T) {
	d := opened(t, 120, 40)
	lookedAt(d, 6, preflight.Failed, preflight.Warning)
	s := pushOf(d)
	d.shows("1 of 6 would refuse a push")
	d.shows("make room: journalctl")
	if s.stage != refused {
		t.Fatalf("stage %d", s.stage)
	}
	d.press("o")
	d.hides("spine2")
	d.shows("LLDP sees nobody")
	d.press("esc")
	d.only(keyNamed("n"))
	if s.stage != checking || slices.Contains(s.names(), "spine1") || len(s.names()) != 5 {
		t.Errorf("stage %d, %v", s.stage, s.names())
	}
	d = opened(t, 120, 40)
	lookedAt(d, 6, preflight.Warning, preflight.OK)
	if s := pushOf(d); s.stage != checking || len(s.names()) != 6 {
		t.Errorf("stage %d after a warning", s.stage)
	}
	d = opened(t, 120, 40)
	lookedAt(d, 6, preflight.Failed, preflight.Failed)
	d.only(keyNamed("n"))
	if s := pushOf(d); s.stage != refused {
		t.Errorf("stage %d, and no device is left", s.stage)
	}
	d = opened(t, 120, 40)
	d.press("9")
	d.only(keyNamed("enter"))
	d.press("ctrl+c")
	lookedAgain := pushOf(d)
	d.only(preflightMsg{id: lookedAgain.pre.id, over: true, reports: preflighted(6, preflight.OK, preflight.OK)})
	if lookedAgain.stage != idle {
		t.Errorf("stage %d after it was stopped", lookedAgain.stage)
	}
}

// TestDrift leaves what was changed by hand as it is, unless that is chosen.
func TestDrift(t *testing.T) {
	d := opened(t, 80, 24)
	drifted(d)
	s := pushOf(d)
	d.shows("2 by hand")
	d.shows("Changed by hand since the last push:")
	d.press("p")
	d.shows("Change 1 real device?")
	if o, names := s.chosen(); o.OverwriteDrift || !maps.Equal(names, map[string]bool{"leaf1": true}) {
		t.Errorf("%+v, %v", o, names)
	}
	d.press("tab", "tab", "space")
	d.shows("Change 3 real devices?")
	if o, names := s.chosen(); !o.OverwriteDrift || names != nil {
		t.Errorf("%+v, %v", o, names)
	}
	d.press("space", "tab")
	for i := range s.run.rows {
		if rep := s.run.rows[i].report; rep.Result == push.Changed {
			rep.Drift = "x"
		}
	}
	d.write("two")
	d.press("enter")
	d.shows("no device is left")
	if s.stage != ready {
		t.Errorf("stage %d", s.stage)
	}
}

// TestLeftByHand says at the end which devices were left as somebody made them,
// and a push that was aborted is called so, its waves too.
func TestLeftByHand(t *testing.T) {
	d := opened(t, 120, 40)
	drifted(d)
	s := pushOf(d)
	d.press("p")
	d.write("two")
	d.only(keyNamed("enter"))
	d.only(pushEventsMsg{run: s.run.id, events: []push.Event{
		{Kind: push.Waved, Wave: &push.WaveInfo{Number: 1, Of: 2, Names: []string{"leaf1"}}},
		{At: noon, Device: "leaf1", Kind: push.Done, Report: &push.DeviceReport{Name: "leaf1", Result: push.Changed}},
	}, over: true, at: noon.Add(time.Second)})
	d.shows("1 changed, 2 left as by hand")
	d.shows("✓1 ·2")

	d = opened(t, 120, 40)
	pushTo(d, pushing)
	s = pushOf(d)
	d.press("x", "y")
	var ends []push.Event
	for _, name := range s.names() {
		ends = append(ends, push.Event{At: noon, Device: name, Kind: push.Done, Report: &push.DeviceReport{Name: name, Result: push.Skipped, Error: name + ": the push was aborted before this device was touched"}})
	}
	d.only(pushEventsMsg{run: s.run.id, events: ends, over: true, at: noon.Add(time.Second)})
	d.shows("Aborted: 6 skipped")
	d.shows("·1 ·2 ·3")
	d.shows("6 skipped")
	d.shows("was skipped: the push was aborted")
}

// TestPartly pushes to those alone of which the check went well.
func TestPartly(t *testing.T) {
	d := opened(t, 80, 24)
	pushTo(d, ready)
	s := pushOf(d)
	s.run.rows[0].report.Result, s.run.rows[0].report.Error = push.Failed, "no answer"
	d.shows("p pushes to those alone")
	d.press("p")
	if _, names := s.chosen(); !maps.Equal(names, map[string]bool{"leaf1": true, "k1": true}) {
		t.Errorf("%v", names)
	}
}

// TestKeep waits with a countdown for a yes, and keeps what is pending.
func TestKeep(t *testing.T) {
	for _, c := range []struct {
		key    string
		answer string
		result push.Result
	}{{"c", "", push.Changed}, {"x", "y", push.RolledBack}} {
		t.Run(string(c.result), func(t *testing.T) {
			d := opened(t, 120, 40)
			pendingAt(0)(d)
			s := pushOf(d)
			d.shows("On trial on 6 devices, 1:43 left")
			d.only(tickMsg{of: "push", at: noon.Add(18 * time.Second)})
			d.shows("1:42 left")
			d.press("q")
			d.shows("confirm` keeps the change")
			d.press("n")
			if c.answer != "" {
				d.press(c.key, "n")
				if s.stage != over {
					t.Fatalf("stage %d after no", s.stage)
				}
			}
			d.only(keyNamed(c.key))
			if c.answer != "" {
				d.only(keyNamed(c.answer))
			}
			if s.stage != settling {
				t.Fatalf("stage %d", s.stage)
			}
			var all []push.Event
			for _, name := range s.names() {
				all = append(all, push.Event{Kind: push.Done, At: noon, Device: name, Report: &push.DeviceReport{Name: name, Result: c.result}})
			}
			d.only(pushEventsMsg{run: s.run.id, events: all, over: true, at: noon})
			if n := s.run.tally()[c.result]; n != 6 || s.stage != over || s.waits() != 0 {
				t.Errorf("%v", s.run.tally())
			}
			if s.run.rows[0].changes() != 1 {
				t.Error("the files that were changed are forgotten")
			}
		})
	}
}

// TestLeftBehind tells of a push that was cut off, and settles what it left.
func TestLeftBehind(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("9")
	s := pushOf(d)
	tell := func(p past) { d.only(pastMsg{project: d.app.desk.project, real: p}) }
	tell(past{cut: true})
	d.shows("The last push was cut off")
	tell(past{pending: []string{"leaf1"}})
	d.shows("On trial on 1 device since the last push")
	d.only(keyNamed("c"))
	if s.stage != settling || !slices.Equal(s.names(), []string{"leaf1"}) {
		t.Errorf("stage %d, %v", s.stage, s.names())
	}
	d.only(pushStartedMsg{run: s.run.id, err: os.ErrNotExist})
	if s.stage != over {
		t.Errorf("stage %d", s.stage)
	}
}

// TestSaveSummary writes what a push did to a file, and never over another one.
func TestSaveSummary(t *testing.T) {
	d := opened(t, 120, 40)
	pushTo(d, over)
	file := filepath.Join(t.TempDir(), "push.md")
	d.press("w")
	d.clear()
	d.write(file)
	d.press("enter")
	d.until("it is saved", func() bool { return !pushOf(d).save.open })
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, want := range []string{"# Push of two", "2 changed, 1 unchanged, 1 failed, 1 rolled-back, 1 skipped", "| spine1 | 2 | changed | 1.5 | `/etc/frr/frr.conf` |", "| leaf2 |  | failed | 1.5 |  | connect: 192.0.2.12 does not answer |"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	d.press("w")
	d.clear()
	d.write(file)
	d.press("enter")
	d.until("it is refused", func() bool { return pushOf(d).save.err != "" })
	d.shows("is there already")
}

// TestLogFollows: the log of a device is at its end while more comes, stays
// where it was scrolled to, and follows again from the end.
func TestLogFollows(t *testing.T) {
	d := opened(t, 80, 24)
	pushTo(d, pushing)
	s := pushOf(d)
	n := 0
	more := func(k int) {
		var all []push.Event
		for range k {
			n++
			all = append(all, push.Event{At: noon, Device: "spine1", Kind: push.Log, Text: fmt.Sprintf("$ command %d.", n)})
		}
		d.only(pushEventsMsg{run: s.run.id, events: all})
	}
	more(30)
	d.shows("command 30.") // in the pane below the table
	d.press("o")
	d.shows("command 30.")
	more(10)
	d.shows("command 40.")
	d.press("up", "up")
	d.hides("command 40.")
	more(10)
	d.hides("command 50.")
	d.shows("G follows its end")
	d.press("G")
	more(1)
	d.shows("command 51.")
}
