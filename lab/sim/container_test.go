package sim_test

import (
	"strings"
	"testing"
	"time"

	"closup/lab/sim"
	"closup/model"
	"closup/provision/observe"
	"closup/provision/push"
)

const containersFabric = `name: containers
timers: {keepalive: 1, hold: 3, connect: 1}
platform: {spines: debian, leafs: debian, nodes: debian}
router: {nodes: frr-container}
container: {engine: podman}
spines: [{name: spine1}]
leafs: [{name: leaf1}]
nodes:
  - {name: few}
  - {name: old, router: quagga-container, container: {engine: docker, privileged: true}}
`

// TestContainers: routers in containers of the simulator's engine come up by a
// push, a change is reloaded or restarted as on a real engine, a boot brings
// them up again, and what they lack is said where a real engine says it.
func TestContainers(t *testing.T) {
	planned := func(text string) *model.Plan {
		f, err := model.Load("fabric.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		p, _ := model.NewPlan(f)
		return p
	}
	s := newSite(t, planned(containersFabric))
	r, err := sim.Open(s.plan.Name)
	if err != nil {
		t.Fatal(err)
	}
	in := func(device, script string) (string, int) {
		var out strings.Builder
		status, err := r.Exec(t.Context(), device, []string{"sh", "-c", script}, strings.NewReader(""), &out, &out)
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), status
	}
	s.push(push.Changed)
	s.await("all sessions and routes", observe.Status.AsExpected)
	s.push(push.Unchanged)
	started := map[string]string{}
	places := map[string]string{"few": "podman inspect --format '{{.State.StartedAt}}' frr", "old": "docker inspect --format '{{.State.StartedAt}}' quagga"}
	for device, ask := range places {
		started[device], _ = in(device, ask)
	}
	// A reload where FRR can, a new start where Quagga cannot.
	s.plan = planned(strings.Replace(containersFabric, "hold: 3", "hold: 5", 1))
	s.push(push.Changed)
	for device, ask := range places {
		if now, _ := in(device, ask); (now != started[device]) != (device == "old") {
			t.Errorf("%s: the container of %s runs since %s", device, started[device], now)
		}
		if text, _ := in(device, "vtysh -c 'show running-config'"); !strings.Contains(text, "timers 1 5") {
			t.Errorf("%s does not run the change:\n%s", device, text)
		}
		if text, status := in(device, "/usr/bin/vtysh -c 'show version'"); status == 0 {
			t.Errorf("%s: the machine's own vtysh reaches a router in a container: %s", device, text)
		}
	}
	for _, do := range []func(string) error{
		func(d string) error { return r.PowerOff(t.Context(), d) }, func(d string) error { return r.PowerOn(t.Context(), d) },
	} {
		if err := do("few"); err != nil {
			t.Fatal(err)
		}
	}
	s.await("all after a boot", observe.Status.AsExpected)
	// The first process of a container hears of the dead, when it does anything.
	if text, _ := in("old", "pkill -STOP -x watchfrr; pkill -KILL -x staticd; ps -e -o stat= -o comm= | grep 'Z  *staticd <defunct>' || exit; pkill -CONT -x watchfrr; ps -e -o stat= -o comm= | grep -c defunct"); strings.Join(strings.Fields(text), " ") != "Z staticd <defunct> 0" {
		t.Errorf("a daemon that nobody mourns: %q", text)
	}
	// Without a capability that FRR needs, and under a name that is taken.
	if text, status := in("few", "podman run --rm --name frr --network host localhost/closup-frr:next"); status != 125 || !strings.Contains(text, "already in use") {
		t.Errorf("a second container of the name: status %d, %s", status, text)
	}
	if text, _ := in("few", "podman rm --force frr; podman run --name frr --network host --cap-drop ALL --cap-add NET_ADMIN localhost/closup-frr:next; podman logs frr"); !strings.Contains(text, "cap_net_raw") {
		t.Errorf("without capabilities: %s", text)
	}
	if text, status := in("few", "podman exec frr vtysh -c 'show version'"); status != 255 || !strings.Contains(text, "container state improper") {
		t.Errorf("a container that has ended: status %d, %s", status, text)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		text := ""
		for _, f := range s.diagnose() {
			if text += f.Device + " " + f.Cause + "\n"; f.Device == "few" && f.Cause == "container-rights" {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("diagnose says\n%s", text)
		}
	}
}
