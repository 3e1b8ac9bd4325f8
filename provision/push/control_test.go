package push

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"closup/render"
)

// row is some boxes that carry no traffic, and a push to all of them, one after
// the other.
func row(s *shop, n int) (boxes []*box, targets []Target, units []render.Unit) {
	for i := range n {
		b := s.box(fmt.Sprint("leaf", i+1))
		standing(b, "old\n")
		boxes, targets, units = append(boxes, b), append(targets, b.target("new\n")), append(units, b.unit())
	}
	return boxes, targets, units
}

// While a push is paused no device is begun, and the lock of those that wait is
// kept beyond its time; then it goes on.
func TestPause(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.at.lease = 4 * time.Second
	boxes, targets, units := row(s, 3)
	o := Options{Units: units, Parallel: 1, Control: &Control{}}
	var told []Kind
	var begun atomic.Int32
	ended := 0
	for e := range run(t.Context(), s, targets, o, s.at) {
		switch {
		case e.Kind == Started && e.Phase == "activate":
			if begun.Add(1) == 1 {
				o.Control.Pause()
			}
		case e.Kind == Paused:
			told = append(told, e.Kind)
			time.AfterFunc(s.at.lease*3/2, func() { // the time of a lock runs out meanwhile
				changed := 0
				for _, b := range boxes {
					changed += b.applied()
				}
				if begun.Load() != 1 || changed != 1 {
					t.Errorf("%d devices were begun, and %d changed", begun.Load(), changed)
				}
				o.Control.Resume()
			})
		case e.Kind == Resumed:
			told = append(told, e.Kind)
		case e.Kind == Done:
			if ended++; e.Report.Result != Changed {
				t.Errorf("%s is %q: %s", e.Device, e.Report.Result, e.Report.Error)
			}
		}
	}
	if ended != 3 || len(told) != 2 || told[0] != Paused || told[1] != Resumed {
		t.Errorf("%d devices ended, and the events were %v", ended, told)
	}
}

// Aborted, what has begun is finished and nothing else is begun, also while the
// push is paused; what waits to be confirmed is taken back.
func TestAbort(t *testing.T) {
	t.Parallel()
	for _, confirm := range []time.Duration{0, time.Minute} {
		t.Run(fmt.Sprint("confirm ", confirm), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			boxes, targets, units := row(s, 3)
			o := Options{Units: units, Parallel: 1, Control: &Control{}, Confirm: confirm}
			first := ""
			reports := map[string]DeviceReport{}
			for e := range run(t.Context(), s, targets, o, s.at) {
				switch {
				case e.Kind == Started && e.Phase == "activate":
					first = e.Device
					o.Control.Pause()
				case e.Kind == Paused:
					o.Control.Abort()
				case e.Kind == Done:
					reports[e.Device] = *e.Report
				}
			}
			begun := map[time.Duration]Result{0: Changed, time.Minute: RolledBack}[confirm]
			for _, b := range boxes {
				r, want, file := reports[b.name], Skipped, "old\n"
				if b.name == first {
					if want = begun; want == Changed {
						file = "new\n"
					}
				}
				if r.Result != want || !strings.Contains(r.Error, map[bool]string{true: "aborted"}[want != Changed]) {
					t.Errorf("%s is %q, want %q: %s", b.name, r.Result, want, r.Error)
				}
				if b.read("etc/app.conf") != file || b.read("run/app") != file {
					t.Errorf("%s has %q and runs %q", b.name, b.read("etc/app.conf"), b.read("run/app"))
				}
			}
		})
	}
}

// What is pending is taken back on demand; what was confirmed is not.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	for _, confirm := range []time.Duration{time.Minute, 0} {
		s := newShop(t)
		boxes, targets, units := row(s, 1)
		o := Options{Units: units, Confirm: confirm, ID: NewID()}
		l := s.push(t.Context(), o, targets...)
		r := l.reports["leaf1"]
		if left := time.Until(r.Until); (left > 0) != (confirm > 0) || left > confirm {
			t.Errorf("the report says that %v are left of %v", left, confirm)
		}
		for e := range resolve(t.Context(), s, []Open{{Device: "leaf1", Endpoint: targets[0].Endpoint, Push: o.ID}}, o, s.at, "take back", (*device).leavePending) {
			if e.Kind != Done {
				continue
			}
			want, file := RolledBack, "old\n"
			if confirm == 0 {
				want, file = Failed, "new\n"
			}
			if e.Report.Result != want || (e.Report.Error == "") != (want == RolledBack) || boxes[0].read("run/app") != file || boxes[0].read("etc/app.conf") != file {
				t.Errorf("%q %s, %q runs", e.Report.Result, e.Report.Error, boxes[0].read("run/app"))
			}
		}
	}
}

// What is told of the course of a push: its waves, how long each device is
// likely to take, how long each phase took, and until when a device waits.
func TestTold(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, targets, units := row(s, 2)
	for i := range units {
		units[i].Cost = render.Cost{Base: time.Second, Added: 2 * time.Second, Removed: 90 * time.Second}
	}
	var wave *WaveInfo
	estimates, waits := map[string]Estimate{}, map[string]bool{}
	for e := range run(context.Background(), s, targets, Options{Units: units}, s.at) {
		switch e.Kind {
		case Waved:
			wave = e.Wave
		case Estimated:
			estimates[e.Device] = *e.Estimate
		case Finished:
			if e.Took <= 0 {
				t.Errorf("%s took no time", e.Phase)
			}
			waits[e.Phase] = !e.Until.IsZero()
		case Done:
			if !strings.Contains(e.Report.Note, "taking this back would need about 1m33s") {
				t.Errorf("the note is %q", e.Report.Note)
			}
		}
	}
	if wave == nil || wave.Number != 1 || wave.Of != 1 || len(wave.Names) != 2 || wave.Canary {
		t.Errorf("the wave is %+v", wave)
	}
	want := Estimate{Apply: 93 * time.Second, Undo: 93 * time.Second}
	if estimates["leaf1"] != want || estimates["leaf2"] != want {
		t.Errorf("%+v", estimates)
	}
	if !waits["activate"] || !waits["verify"] || waits["confirm"] || waits["check"] {
		t.Errorf("phases after which the device waits to be confirmed: %v", waits)
	}
}

// A push of very many devices begins no more of a wave than its budget allows.
func TestBudgetHoldsWithinAWave(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	boxes, targets, units := row(s, 6)
	var begun atomic.Int32
	var watches []*watch
	for i := range boxes {
		targets[i].Artifacts[0].Body = []byte("BROKEN\n")
		watches = append(watches, boxes[i].watch(20, targets[i]))
	}
	for e := range run(t.Context(), s, targets, Options{Units: units, Parallel: 1}, s.at) {
		if e.Kind == Started && e.Phase == "activate" {
			begun.Add(1)
		}
	}
	if n := begun.Load(); n != 2 { // one may fail; the second is one too many
		t.Errorf("%d devices were begun", n)
	}
	for _, w := range watches {
		w.ended(RolledBack)
	}
}
