//go:build linux

package push_test

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/lab/netns"
	"closup/model"
	"closup/provision/observe"
	"closup/provision/push"
)

// generation is the root of another Debian, which `make needs` unpacks, with
// another FRR than this machine's. Without it the test skips, and fails when
// CLOSUP_NO_SKIP is set.
func generation(t *testing.T, suite string) string {
	t.Helper()
	dir := filepath.Join(cmp.Or(os.Getenv("CLOSUP_ROOTS"), "/var/cache/closup/roots"), suite)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("there is no root of %s, which .ci/roots makes: %v", suite, err)
		}
		t.Skipf("there is no root of %s, which .ci/roots makes: %v", suite, err)
	}
	return dir
}

// One fabric of FRR 7.5, 10.3 and this machine's: every kind of device stands
// beside older and newer ones, and all of it is as it was planned.
func TestLabGenerations(t *testing.T) {
	t.Parallel()
	old, fresh := generation(t, "bullseye"), generation(t, "trixie")
	s := newSite(t, "reference",
		netns.Root{Devices: "spine01", Dir: old}, netns.Root{Devices: "spine02", Dir: fresh},
		netns.Root{Devices: "leaf01", Dir: old}, netns.Root{Devices: "leaf03", Dir: fresh},
		netns.Root{Devices: "server01", Dir: fresh}, netns.Root{Devices: "server04", Dir: old},
		netns.Root{Devices: "border01", Dir: old}, netns.Root{Devices: "border02", Dir: fresh},
	)
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()

	begin := time.Now()
	s.results(s.push(t.Context(), s.targets(), push.Options{}), push.Changed)
	t.Logf("first push with sessions: %v", time.Since(begin))
	routes := s.plan.Routes()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var snapshot observe.Snapshot
	var status observe.Status
	for snapshot.At.IsZero() || !status.AsExpected() && ctx.Err() == nil {
		snapshot = o.Round(ctx)
		status = observe.Compare(s.plan, routes, snapshot)
	}
	if n := status.Summary; !status.AsExpected() || n.SessionsEstablished != n.SessionsExpected || n.RoutesOK != n.RoutesExpected || n.RoutesPending != 0 {
		t.Errorf("after the first push: %+v", n)
		for _, r := range status.Routes {
			if r.State != "ok" {
				t.Errorf("%+v", r)
			}
		}
		for _, r := range status.Sessions {
			if r.State != "Established" {
				t.Errorf("%+v", r)
			}
		}
	}
	t.Logf("as expected after %v: %+v", time.Since(begin), status.Summary)

	// They are what they should be.
	versions := map[string]int{}
	for _, d := range snapshot.Devices {
		major, _, _ := strings.Cut(d.RouterVersion, ".")
		versions[major]++
	}
	if versions["7"] != 4 || versions["10"] < 4 {
		t.Errorf("devices by FRR's version: %v", versions)
	}

	before := uptimes(status)
	s.results(s.push(t.Context(), s.targets(), push.Options{}), push.Unchanged)
	status = observe.Compare(s.plan, routes, o.Round(t.Context()))
	if !status.AsExpected() {
		t.Errorf("after the second push: %+v", status.Summary)
	}
	for key, up := range uptimes(status) {
		if up < before[key] {
			t.Errorf("%v was reset by a push that changed nothing", key)
		}
	}
	s.listsAreJudgedAnew(o, uptimes(status))
	status = observe.Compare(s.plan, routes, o.Round(t.Context()))
	// One line more: the reload of each generation adds it, and nothing else.
	targets := s.targets()
	for i := range targets {
		for j, a := range targets[i].Artifacts {
			if a.Path == "/etc/frr/frr.conf" {
				targets[i].Artifacts[j].Body = []byte(strings.ReplaceAll(string(a.Body), "timers connect 10", "timers connect 7"))
			}
		}
	}
	before = uptimes(status)
	s.results(s.push(t.Context(), targets, push.Options{}), push.Changed)
	for _, device := range []string{"leaf01", "leaf02", "leaf03"} {
		if conf := s.run(device, "vtysh", "-c", "show running-config"); !strings.Contains(conf, "timers connect 7") {
			t.Errorf("%s: the changed line is not live:\n%s", device, conf)
		}
	}
	status = observe.Compare(s.plan, routes, o.Round(t.Context()))
	if !status.AsExpected() {
		t.Errorf("after the change: %+v", status.Summary)
	}
	for key, up := range uptimes(status) {
		if up < before[key] {
			t.Errorf("%v was reset by a change of a timer", key)
		}
	}
}

// listsAreJudgedAnew changes nothing but a list that a neighbor of a leaf names,
// and changes it back: what came in before is judged by it, and no session is
// reset.
func (s *site) listsAreJudgedAnew(o *observe.Observer, before map[model.SessionKey]float64) {
	s.t.Helper()
	leafs := []string{"leaf01", "leaf02", "leaf03"} // one of each generation
	hosts := func(device string) (n int) {          // prefixes that its nodes bring
		var summary struct {
			Peers map[string]struct{ PfxRcd int }
		}
		if err := json.Unmarshal([]byte(s.run(device, "vtysh", "-c", "show bgp ipv4 unicast summary json")), &summary); err != nil {
			s.t.Fatal(err)
		}
		for port, p := range summary.Peers {
			if !strings.HasPrefix(port, "swp5") {
				n += p.PfxRcd
			}
		}
		return n
	}
	was := map[string]int{}
	var targets, changed []push.Target
	for _, tg := range s.targets() {
		if !slices.Contains(leafs, tg.Device.Name) {
			continue
		}
		targets = append(targets, tg)
		was[tg.Device.Name] = hosts(tg.Device.Name)
		tg.Artifacts = slices.Clone(tg.Artifacts)
		for j, a := range tg.Artifacts {
			if a.Path == "/etc/frr/frr.conf" {
				tg.Artifacts[j].Body = []byte(strings.ReplaceAll(string(a.Body), "ip prefix-list HOSTS-IN seq 5 permit", "ip prefix-list HOSTS-IN seq 5 deny"))
				if string(tg.Artifacts[j].Body) == string(a.Body) {
					s.t.Fatalf("there is no such line to change in\n%s", a.Body)
				}
			}
		}
		changed = append(changed, tg)
	}
	none := func(string) map[string]int { return map[string]int{} }
	for _, step := range []struct {
		name    string
		targets []push.Target
		is      func(device string) bool
	}{
		{"denied", changed, func(device string) bool { return hosts(device) < was[device] }},
		{"permitted again", targets, func(device string) bool { return hosts(device) == was[device] }},
	} {
		for name, r := range s.push(s.t.Context(), step.targets, push.Options{Predict: none, Fabric: s.plan.Devices}) {
			if r.Result != push.Changed {
				s.t.Errorf("%s: %s is %q: %s", step.name, name, r.Result, r.Error)
			}
		}
		for _, device := range leafs {
			for deadline := time.Now().Add(time.Minute); !step.is(device); time.Sleep(200 * time.Millisecond) {
				if time.Now().After(deadline) {
					s.t.Errorf("%s is not %s: it has %d routes of hosts, before %d", device, step.name, hosts(device), was[device])
					break
				}
			}
		}
	}
	for key, up := range uptimes(observe.Compare(s.plan, nil, o.Round(s.t.Context()))) {
		if up < before[key] {
			s.t.Errorf("%v was reset by a change of a list", key)
		}
	}
}
