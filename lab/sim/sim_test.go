package sim_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"closup/assets"
	"closup/lab"
	"closup/lab/sim"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/provision/ssh"
	"closup/render"
)

// site is a simulated lab of a preset, with what it takes to push to it.
type site struct {
	t         testing.TB
	plan      *model.Plan
	routes    []model.Route
	lab       *sim.Lab
	transport *ssh.Transport
	endpoints map[string]model.Endpoint
	real      bool // its devices are real: asking them costs the machine they all share
}

// pause is how long to wait before all devices are asked anew.
func (s *site) pause() {
	wait := 20 * time.Millisecond
	if s.real {
		wait = time.Second
	}
	time.Sleep(wait)
}

// patience is how long to wait for something of the protocol's.
func (s *site) patience() time.Duration {
	if s.real {
		return 2 * time.Minute // a busy machine answers late
	}
	return 30 * time.Second
}

func planOf(t testing.TB, preset string) *model.Plan {
	t.Helper()
	data, err := assets.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := model.Load(preset, data)
	if err != nil {
		t.Fatal(err)
	}
	plan, _ := model.NewPlan(fabric)
	return plan
}

const pace = 0.1 // a second of the protocol is a tenth of one

func newSite(t testing.TB, plan *model.Plan) *site { return newSitePaced(t, plan, pace) }

func newSitePaced(t testing.TB, plan *model.Plan, pace float64) *site {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := &site{t: t, plan: plan, transport: ssh.New(ssh.Config{}), endpoints: map[string]model.Endpoint{}}
	s.routes = plan.Routes()
	var err error
	if s.lab, err = sim.Up(t.Context(), plan, sim.Options{Pace: pace}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.lab.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, d := range plan.Devices {
		if s.endpoints[d.Name], err = s.lab.Endpoint(d.Name); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *site) targets() []push.Target {
	s.t.Helper()
	var out []push.Target
	for i := range s.plan.Devices {
		d := &s.plan.Devices[i]
		artifacts, err := render.Device(s.plan, d)
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(out, push.Target{Device: *d, Endpoint: s.endpoints[d.Name], Artifacts: artifacts})
	}
	return out
}

// push pushes all, and wants this result of each.
func (s *site) push(want push.Result) {
	s.t.Helper()
	for e := range push.Run(s.t.Context(), s.transport, s.targets(), push.Options{Parallel: lab.AtOnce()}) {
		switch e.Kind {
		case push.Done:
			if e.Report.Result != want {
				s.t.Errorf("%s: %s, not %s: %s", e.Device, e.Report.Result, want, e.Report.Error)
			}
		case push.Fault:
			s.t.Errorf("%s %s: %v", e.Device, e.Phase, e.Err)
			var detail *push.Error
			if errors.As(e.Err, &detail) && detail.Output != "" {
				s.t.Log(detail.Output)
			}
		}
	}
	if s.t.Failed() {
		s.t.FailNow()
	}
}

// await asks all devices until the status is as wanted.
func (s *site) await(what string, good func(observe.Status) bool) observe.Status {
	s.t.Helper()
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), s.patience())
	defer cancel()
	for {
		st := observe.Compare(s.plan, s.routes, o.Round(ctx))
		if good(st) {
			return st
		}
		if ctx.Err() != nil {
			for _, d := range st.Devices {
				if d.Error != "" {
					s.t.Logf("%s: %s", d.Name, d.Error)
				}
			}
			for _, row := range st.Sessions {
				if !row.AsExpected() {
					s.t.Logf("%+v", row)
				}
			}
			for _, row := range st.Routes {
				if row.State != observe.RouteOK {
					s.t.Logf("%+v", row)
				}
			}
			s.t.Fatalf("%s does not come: %+v", what, st.Summary)
		}
		s.pause()
	}
}

// examine asks all devices for all there is, as closup diagnose does.
func (s *site) examine() observe.Snapshot {
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), s.patience())
	defer cancel()
	snapshot := o.Examine(ctx)
	if diagnose.Restless(s.plan, snapshot) {
		time.Sleep(2500 * time.Millisecond) // as long as work.Diagnose watches a link
		snapshot = o.Examine(ctx)
	}
	return snapshot
}

func (s *site) diagnose() []diagnose.Finding { return diagnose.Find(s.plan, s.examine()) }

// TestPush: the same push as to real devices brings every preset to all its
// sessions and routes, and a second one changes nothing. `make test-sim` does
// it for all of them.
func TestPush(t *testing.T) {
	presets := []string{"article", "dual-stack"}
	if os.Getenv("CLOSUP_LONG") == "1" {
		presets = assets.Presets()
	}
	for _, preset := range presets {
		t.Run(preset, func(t *testing.T) {
			s := newSite(t, planOf(t, preset))
			s.push(push.Changed)
			s.await("all sessions and routes", observe.Status.AsExpected)
			s.push(push.Unchanged)
		})
	}
}

// TestChange: a change of one list is taken over by a reload, without a flap;
// faults show as they do on real FRR, and mend.
func TestChange(t *testing.T) {
	s := newSite(t, planOf(t, "article"))
	s.push(push.Changed)
	before := s.await("all sessions and routes", observe.Status.AsExpected)
	leaf, _ := s.plan.Device("leaf1")
	for i := range leaf.Routing.Groups {
		leaf.Routing.Groups[i].Description = "changed"
	}
	results := map[string]push.Result{}
	for e := range push.Run(t.Context(), s.transport, s.targets(), push.Options{}) {
		if e.Kind == push.Done {
			results[e.Device] = e.Report.Result
			if e.Report.Error != "" {
				t.Error(e.Report.Error)
			}
		}
	}
	if results["leaf1"] != push.Changed || results["spine1"] != push.Unchanged {
		t.Errorf("a change of leaf1 alone: %v", results)
	}
	after := s.await("all sessions and routes", observe.Status.AsExpected)
	for i, row := range after.Sessions {
		if row.Flaps != before.Sessions[i].Flaps {
			t.Errorf("%s:%s flapped by a reload", row.Device, row.Port)
		}
	}
	r, err := sim.Open(s.plan.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"port-down", "bgpd-killed", "session-shutdown", "remote-as", "power-off", "route-map-lost"} {
		fault, ok := lab.FindFault(name)
		if !ok {
			t.Fatalf("no fault %s", name)
		}
		at, err := fault.Place(s.plan, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := lab.Break(t.Context(), r, s.plan, fault, at, false); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s.await(name+" to show", func(st observe.Status) bool { return !st.AsExpected() })
		if _, err := lab.Mend(t.Context(), r, s.plan); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s.await("all after "+name, observe.Status.AsExpected)
	}
}
