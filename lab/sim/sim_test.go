package sim_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"closup/assets"
	"closup/lab/sim"
	"closup/model"
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

func newSite(t testing.TB, plan *model.Plan) *site {
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
	for e := range push.Run(s.t.Context(), s.transport, s.targets(), push.Options{}) {
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
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
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
		time.Sleep(20 * time.Millisecond)
	}
}

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
