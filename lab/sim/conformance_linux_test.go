package sim_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/lab"
	"closup/lab/netns"
	"closup/lab/sim"
	"closup/model"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/provision/ssh"
)

func TestMain(m *testing.M) {
	netns.Init()
	os.Exit(m.Run())
}

// seen is what must be the same on both backends: of each session its state
// and peer, of each device its routes with their paths.
type seen struct {
	Sessions map[string][]any
	Routes   map[string][]string
}

func look(s *site) seen {
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	snapshot := o.Round(ctx)
	out := seen{map[string][]any{}, map[string][]string{}}
	for _, row := range observe.Compare(s.plan, s.routes, snapshot).Sessions {
		fields := []any{row.State, row.ActualPeer, row.ActualASN, row.PrefixesReceived}
		out.Sessions[row.Device+":"+row.Port] = fields
	}
	for _, d := range snapshot.Devices {
		for _, r := range d.Routes {
			for _, p := range r.Paths {
				key := d.Name + " " + r.Prefix.String()
				out.Routes[key] = append(out.Routes[key], fmt.Sprint(p.Port, p.AS))
			}
		}
	}
	return out
}

// TestConformance: the same push and the same faults on simulated and on real
// devices show the same. Where they differ, sim is wrong.
func TestConformance(t *testing.T) {
	if err := netns.Check(); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("the lab cannot run here: %v", err)
		}
		t.Skipf("the lab cannot run here: %v", err)
	}
	mine := newSite(t, planOf(t, "article"))
	truth := &site{t: t, plan: planOf(t, "article"), transport: ssh.New(ssh.Config{}), endpoints: map[string]model.Endpoint{}}
	truth.plan.Name, truth.routes = "sim-conformance", truth.plan.Routes()
	real, err := netns.Up(t.Context(), truth.plan, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := netns.Down(ctx, truth.plan.Name); err != nil {
			t.Error(err)
		}
	})
	for _, d := range truth.plan.Devices {
		if truth.endpoints[d.Name], err = real.Endpoint(d.Name); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*site{mine, truth} {
		s.push(push.Changed)
		s.await("all sessions and routes", observe.Status.AsExpected)
	}
	if diff := cmp.Diff(look(truth), look(mine)); diff != "" {
		t.Errorf("healthy (-real +sim):\n%s", diff)
	}
	remote, err := sim.Open(mine.plan.Name)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"port-down", "session-shutdown", "route-map-lost"} {
		fault, ok := lab.FindFault(name)
		if !ok {
			t.Fatalf("there is no fault %s", name)
		}
		for _, b := range []struct {
			s *site
			l lab.Breakable
		}{{mine, remote}, {truth, real}} {
			at, err := fault.Place(b.s.plan, "")
			if err != nil {
				t.Fatal(err)
			}
			if err := lab.Break(t.Context(), b.l, b.s.plan, fault, at, false); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		// Both need a while until they stand still.
		deadline := time.Now().Add(20 * time.Second)
		diff := "-"
		for diff != "" && time.Now().Before(deadline) {
			diff = cmp.Diff(look(truth), look(mine))
		}
		if diff != "" {
			t.Errorf("%s (-real +sim):\n%s", name, diff)
		}
		for _, b := range []struct {
			s *site
			l lab.Breakable
		}{{mine, remote}, {truth, real}} {
			if _, err := lab.Mend(t.Context(), b.l, b.s.plan); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b.s.await("all after "+name, observe.Status.AsExpected)
		}
	}
}
