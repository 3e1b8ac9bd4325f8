package sim_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/lab"
	"closup/lab/sim"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
)

// quick are the faults of the short form: one for each thing that a simulator
// has to be good at, and none that has to be waited for.
var quick = []string{"power-off", "zebra-killed", "wrong-asn", "cable-cut", "crossed-cables", "ipv6-off", "bgp-filtered", "max-prefix", "bfd-one-sided", "host-transits", "rp-filter"}

// TestFaults makes every fault of the lab on simulated devices: diagnose names
// its cause at its place, claims no other, and mending brings all back.
// That real devices show the same is what TestConformance sees to. `make
// test-sim` makes all of them.
func TestFaults(t *testing.T) {
	s := newSite(t, planOf(t, "article"))
	s.push(push.Changed)
	s.await("all sessions and routes", observe.Status.AsExpected)
	r, err := sim.Open(s.plan.Name)
	if err != nil {
		t.Fatal(err)
	}
	faults := slices.Clone(lab.Faults)
	// After a link has flapped, diagnose looks twice for a while: that one is last.
	slices.SortStableFunc(faults, func(a, b lab.Fault) int {
		switch "flapping-link" {
		case a.Name:
			return 1
		case b.Name:
			return -1
		}
		return 0
	})
	for _, fault := range faults {
		if os.Getenv("CLOSUP_LONG") != "1" && !slices.Contains(quick, fault.Name) {
			continue
		}
		t.Run(fault.Name, func(t *testing.T) {
			s.t = t
			at, err := fault.Place(s.plan, "")
			if err != nil {
				t.Skip(err)
			}
			if err := lab.Break(t.Context(), r, s.plan, fault, at, false); err != nil {
				t.Error(err)
			} else {
				s.named(fault, at)
			}
			if _, err := lab.Mend(t.Context(), r, s.plan); err != nil {
				t.Fatal(err)
			}
			s.await("all after it", observe.Status.AsExpected)
		})
	}
}

// named waits until diagnose puts the fault first.
func (s *site) named(fault lab.Fault, at model.End) {
	s.t.Helper()
	var found []diagnose.Finding
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		found = s.diagnose()
		if len(found) > 0 && found[0].Cause == fault.Cause && s.near(found[0], fault, at) {
			return
		}
	}
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s:%s %s", f.Confidence, f.Device, f.Port, f.Cause))
	}
	s.t.Errorf("%s at %s is not named first: %s", fault.Cause, at, strings.Join(all, "; "))
}

// near says that a finding is at the place of the fault, or at the other end
// where it is of a cable.
func (s *site) near(f diagnose.Finding, fault lab.Fault, at model.End) bool {
	if f.Device == at.Device && (at.Port == "" || f.Port == "" || f.Port == at.Port) {
		return true
	}
	here := model.End{Device: f.Device, Port: f.Port}
	return fault.Cable && slices.ContainsFunc(s.plan.Links, func(l model.Link) bool { return l.A == here && l.B == at || l.B == here && l.A == at })
}
