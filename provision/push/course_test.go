package push

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

func TestStopped(t *testing.T) {
	t.Parallel()
	t.Run("before it began", func(t *testing.T) {
		s := newShop(t)
		b := s.box("leaf1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := s.push(ctx, Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
		if r := l.reports["leaf1"]; r.Result != Skipped || s.Dials("leaf1") != 0 {
			t.Errorf("%q, dialled %d times", r.Result, s.Dials("leaf1"))
		}
	})
	t.Run("while a device checks", func(t *testing.T) {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		unit := b.unit()
		unit.Check = b.hang("run/checking")
		go func() {
			for ctx.Err() == nil && !exists(b.path("run/checking")) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
		}()
		l := s.push(ctx, Options{Units: []render.Unit{unit}}, b.target("new\n"))
		if r := l.reports["leaf1"]; r.Result != Skipped || b.read("etc/app.conf") != "old\n" {
			t.Errorf("%q %q", r.Result, r.Error)
		}
		if left, _ := filepath.Glob(b.path("closup/push/*")); len(left) > 0 {
			t.Errorf("%v was left behind", left)
		}
	})
	t.Run("while a device changes", func(t *testing.T) {
		s := newShop(t)
		boxes := []*box{s.box("leaf1"), s.box("leaf2")}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var units []render.Unit
		var targets []Target
		for _, b := range boxes {
			standing(b, "old\n")
			u := b.unit()
			u.Apply += "; touch " + b.path("run/applying") + "; while [ ! -e " + b.path("run/go") + " ]; do sleep 0.02; done"
			units, targets = append(units, u), append(targets, b.target("new\n"))
		}
		go func() { // the push is stopped while one of them is being changed
			for ctx.Err() == nil && !exists(boxes[0].path("run/applying")) && !exists(boxes[1].path("run/applying")) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
			for _, b := range boxes {
				_ = os.WriteFile(b.path("run/go"), nil, 0o600)
			}
		}()
		l := s.push(ctx, Options{Units: units, Parallel: 1}, targets...)
		want := map[Result]string{Changed: "new\n", Skipped: "old\n"}
		for _, b := range boxes {
			r := l.reports[b.name]
			if want[r.Result] == "" || b.read("etc/app.conf") != want[r.Result] || b.read("run/app") != want[r.Result] {
				t.Errorf("%s is %q (%s), and %q runs", b.name, r.Result, r.Error, b.read("run/app"))
			}
		}
		if l.reports["leaf1"].Result == l.reports["leaf2"].Result {
			t.Errorf("both are %q", l.reports["leaf1"].Result)
		}
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestParallel(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var now, most atomic.Int32
	var targets []Target
	var units []render.Unit
	for i := range 8 {
		b := s.box(fmt.Sprint("leaf", i))
		inner := b.shell()
		s.Set(b.name, func(c fake.Command) int {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			return inner(c)
		})
		targets, units = append(targets, b.target("x\n")), append(units, b.unit())
	}
	l := s.push(t.Context(), Options{Units: units, Parallel: 3}, targets...)
	if m := most.Load(); m > 3 || m < 2 {
		t.Errorf("%d devices were worked on at once, want at most 3", m)
	}
	o := Collect(reportsOf(l))
	if o.Summary.Changed != 8 {
		t.Errorf("%+v", o.Summary)
	}
}

func reportsOf(l log) []DeviceReport {
	var all []DeviceReport
	for _, r := range l.reports {
		all = append(all, r)
	}
	return all
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	dead := Target{Device: b.target("").Device, Endpoint: b.target("").Endpoint, Artifacts: b.target("x\n").Artifacts}
	dead.Device.Name, dead.Endpoint.Device = "leaf2", "leaf2"
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("x\n"), dead)
	if l.reports["leaf1"].Result != Changed || l.reports["leaf2"].Result != Failed {
		t.Errorf("%+v", l.reports)
	}
	if err := l.reports["leaf2"].Err; !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("the class of %v is lost", err)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	good, bad := s.box("leaf1"), s.box("leaf2")
	l := s.push(t.Context(), Options{Units: []render.Unit{good.unit(), bad.unit()}, Verbose: true}, good.target("x\n"), bad.target("BAD\n"))
	var got [2][]string
	for _, e := range l.events {
		i := map[string]int{"leaf1": 0, "leaf2": 1}[e.Device]
		kind := map[Kind]string{Started: "+", Finished: "-", Fault: "!", Done: "."}[e.Kind]
		if kind != "" {
			got[i] = append(got[i], kind+e.Phase)
		}
	}
	var whole []string
	for _, p := range Phases {
		whole = append(whole, "+"+p.Name, "-"+p.Name)
	}
	want := [2]string{
		strings.Join(whole, " ") + " .",
		"+connect -connect +compare -compare +stage -stage +check !check .",
	}
	for i := range got {
		if strings.Join(got[i], " ") != want[i] {
			t.Errorf("events %v, want %s", got[i], want[i])
		}
	}
	var logged []string
	for _, e := range l.events {
		if e.Kind == Log {
			logged = append(logged, e.Text)
		}
	}
	for _, text := range []string{"! grep -n BAD", "etc/app.conf"} {
		if !strings.Contains(strings.Join(logged, "\n"), text) {
			t.Errorf("the log does not show %q", text)
		}
	}
}
