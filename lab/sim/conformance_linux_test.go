package sim_test

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/assets"
	"closup/lab"
	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/lab/sim"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/provision/ssh"
)

func TestMain(m *testing.M) {
	os.Exit(labtest.Main(m))
}

// seen is what must be the same on both backends: all that observe and diagnose
// know of a fabric, a line for each thing.
type seen map[string]string

func (out seen) add(format string, args ...any) {
	key, value, _ := strings.Cut(fmt.Sprintf(format, args...), " = ")
	if was, twice := out[key]; twice {
		value = was + "; " + value
	}
	out[key] = value
}

// against lists where two differ.
func (out seen) against(sim seen) string {
	var b strings.Builder
	keys := slices.Collect(maps.Keys(out))
	for k := range sim {
		if _, there := out[k]; !there {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	word := func(s seen, k string) string {
		if v, there := s[k]; there {
			return v
		}
		return "(not there)"
	}
	for _, k := range keys {
		if out[k] != sim[k] || word(out, k) != word(sim, k) {
			fmt.Fprintf(&b, "%s\n\treal %s\n\tsim  %s\n", k, word(out, k), word(sim, k))
		}
	}
	return b.String()
}

// turns are the states that a session which does not come up goes through
// again and again: which of them is met is a matter of the moment.
var turns = map[string]string{"Idle": "down", "Connect": "down", "Active": "down", "OpenSent": "down", "OpenConfirm": "down"}

func state(s string) string {
	if t, ok := turns[s]; ok {
		return t
	}
	return s
}

// look asks a lab for everything, and has diagnose judge it.
func look(s *site) seen {
	snapshot := s.examine()
	out := seen{}
	for _, row := range observe.Compare(s.plan, s.routes, snapshot).Sessions {
		out.add("session %s:%s = %s %s %d received %d sent %d", row.Device, row.Port,
			state(row.State), row.ActualPeer, row.ActualASN, row.PrefixesReceived, row.PrefixesSent)
	}
	for i := range snapshot.Devices {
		d := &snapshot.Devices[i]
		out.add("device %s = reachable %t AS %d router-id %s", d.Name, d.Reachable, d.ASN, d.RouterID)
		if d.Reachable {
			out.device(s.plan, d)
		}
	}
	for _, f := range diagnose.Find(s.plan, snapshot) {
		out.add("finding %s:%s %s = %s: %s", f.Device, f.Port, f.Cause, f.Confidence, f.Remedy.Message)
	}
	return out
}

// device adds what one device says of itself. Of the management port only that
// it is there: a lab of namespaces has networks of its own.
func (out seen) device(plan *model.Plan, d *observe.Device) {
	planned, _ := plan.Device(d.Name)
	mgmt := planned.Management.Port
	for _, r := range d.Routes {
		for _, p := range r.Paths {
			out.add("route %s %s = %s %v", d.Name, r.Prefix, p.Port, p.AS)
		}
	}
	for _, k := range d.Kernel {
		a := k.Prefix.Addr()
		if k.Port == mgmt && k.Prefix.Bits() != 0 || a.IsLinkLocalUnicast() || a.IsMulticast() {
			continue
		}
		var hops []string
		for _, h := range k.Hops {
			hops = append(hops, h.Port)
		}
		slices.Sort(hops)
		out.add("kernel %s %s = %s %s %v blackhole %t", d.Name, k.Prefix, k.Protocol, k.Port, hops, k.Blackhole)
	}
	e := d.Evidence
	if e == nil {
		return
	}
	for _, l := range e.Links {
		var addrs []string
		for _, a := range l.Addrs {
			if a.Addr().IsLinkLocalUnicast() {
				addrs = append(addrs, "link-local")
			} else if l.Name != mgmt {
				addrs = append(addrs, a.String())
			}
		}
		if l.Name == mgmt {
			l.MTU, addrs = 0, nil
		}
		slices.Sort(addrs)
		out.add("link %s:%s = up %t carrier %t mtu %d %s asked %t advertises %t hears %t", d.Name, l.Name,
			l.Up, l.Carrier, l.MTU, addrs, l.Asked, l.RASent >= 0, len(l.Heard) > 0)
	}
	for _, x := range e.Sessions {
		out.add("bgpd %s:%s = %s remote-as %d local-as %d shutdown %t %v policy %t limit %d in-map %q bfd %q hold %s", d.Name, x.Key,
			state(x.State), x.RemoteAS, x.LocalAS, x.Shutdown, x.Families, x.Policy, x.Limit, x.InMap, x.BFD, x.Interval)
	}
	for _, x := range e.Daemons {
		out.add("daemon %s %s = %s %t", d.Name, x.Name, strings.NewReplacer("R", "S", "D", "S").Replace(x.State), slices.Contains(e.Silent, x.Name))
	}
	for key, value := range e.Sysctls {
		if !strings.Contains(key, "/"+mgmt+"/") {
			out.add("sysctl %s %s = %s", d.Name, key, value)
		}
	}
	for _, l := range e.Config.Lines {
		out.add("config %s %s: %s = there", d.Name, l.Block, l.Text)
	}
	if k := e.Container; k != nil {
		out.add("container %s = %s network %s", d.Name, k.State, k.Network)
	}
	for _, rule := range e.Firewall {
		out.add("firewall %s %s = there", d.Name, rule.Text)
	}
}

// both is one fabric on simulated and on real devices.
type both struct {
	sim, netns           *site
	simBreak, netnsBreak lab.Breakable
}

func newBoth(t *testing.T, preset string) *both {
	mine := newSitePaced(t, planOf(t, preset), 1) // the same time for both
	truth := &site{real: true, t: t, plan: planOf(t, preset), transport: ssh.New(ssh.Config{}), endpoints: map[string]model.Endpoint{}}
	truth.plan.Name, truth.routes = "sim-"+preset, truth.plan.Routes()
	lives := labtest.Up(t, truth.plan, netns.Options{})
	for _, target := range labtest.Targets(t, truth.plan, lives) {
		truth.endpoints[target.Device.Name] = target.Endpoint
	}
	remote, err := sim.Open(mine.plan.Name)
	if err != nil {
		t.Fatal(err)
	}
	b := &both{mine, truth, remote, lives}
	for _, d := range truth.plan.Devices {
		b.addresses(d.Name)
	}
	return b
}

// addresses gives a simulated device's ports the hardware addresses of the real
// one's: the link-local addresses that follow from them decide between paths
// that are alike in all else.
func (b *both) addresses(device string) {
	b.netns.t.Helper()
	run := func(l lab.Breakable, script string) string {
		var out, said strings.Builder
		status, err := l.Exec(b.netns.t.Context(), device, []string{"sh", "-c", script}, strings.NewReader(""), &out, &said)
		if err != nil || status != 0 {
			b.netns.t.Fatalf("%s: %v, status %d: %s", device, err, status, said.String())
		}
		return out.String()
	}
	var set strings.Builder
	for _, line := range strings.Fields(run(b.netnsBreak, `cd /sys/class/net && for p in *; do echo "$p=$(cat "$p/address")"; done`)) {
		if port, mac, _ := strings.Cut(line, "="); port != "lo" && strings.Count(mac, ":") == 5 {
			fmt.Fprintf(&set, "[ ! -e /sys/class/net/%s ] || ip link set %[1]s address %s || exit\n", port, mac)
		}
	}
	run(b.simBreak, set.String())
}

// each does something to both.
func (b *both) each(f func(s *site, l lab.Breakable)) {
	f(b.sim, b.simBreak)
	f(b.netns, b.netnsBreak)
}

// alike waits until both stand still and show the same.
func (b *both) alike(t *testing.T, within time.Duration, broken string) {
	t.Helper()
	var diff string
	freed := false
	last := time.Now().Add(5 * time.Minute)
	for end := time.Now().Add(within); ; b.netns.pause() {
		if diff = look(b.netns).against(look(b.sim)); diff == "" {
			return
		}
		// What a busy machine does not answer in time says nothing yet.
		if strings.Contains(diff, "real reachable false") && time.Now().Before(last) {
			end = time.Now().Add(within)
		}
		if time.Now().After(end) {
			if freed {
				break
			}
			freed, end = true, time.Now().Add(within)
			b.free(broken)
		}
	}
	t.Errorf("they differ:\n%s", diff)
}

// brief are the faults of the short form: one of the kernel, of a session, of
// a filter.
var brief = []string{"port-down", "remote-as", "route-map-lost"}

// TestConformance: the same push and the same faults on simulated and on real
// devices show the same. Where they differ, sim is wrong. The short form is a
// few faults on one fabric; `make conformance` does every preset and every
// fault.
func TestConformance(t *testing.T) {
	presets := []string{"article"}
	long := os.Getenv("CLOSUP_CONFORMANCE") == "1"
	if long {
		presets = assets.Presets()
	}
	for _, preset := range presets {
		t.Run(preset, func(t *testing.T) {
			b := newBoth(t, preset)
			b.each(func(s *site, _ lab.Breakable) {
				s.push(push.Changed)
				s.await("all sessions and routes", observe.Status.AsExpected)
			})
			t.Run("healthy", func(t *testing.T) { b.alike(t, 40*time.Second, "") })
			for _, fault := range lab.Faults {
				if long || slices.Contains(brief, fault.Name) {
					t.Run(fault.Name, func(t *testing.T) { b.fault(t, fault) })
				}
			}
		})
	}
}

// restless are faults that never stand still: there the cause is compared, and
// no state.
var restless = map[string]bool{"flapping-link": true}

// fault breaks both in the same way, compares, and mends them.
func (b *both) fault(t *testing.T, fault lab.Fault) {
	at, err := fault.Place(b.sim.plan, "")
	if err != nil {
		t.Log(err) // the preset has no place for it
		return
	}
	b.sim.t, b.netns.t = t, t
	b.each(func(s *site, l lab.Breakable) {
		if err := lab.Break(t.Context(), l, s.plan, fault, at, false); err != nil {
			t.Errorf("%T: %v", l, err)
		}
	})
	switch {
	case t.Failed():
	case restless[fault.Name]:
		b.each(func(s *site, _ lab.Breakable) { s.named(fault, at) })
	default:
		b.alike(t, 30*time.Second, at.Device)
	}
	b.each(func(s *site, l lab.Breakable) {
		if _, err := lab.Mend(t.Context(), l, s.plan); err != nil {
			t.Fatalf("%T: %v", l, err)
		}
	})
	b.each(func(s *site, _ lab.Breakable) { s.await("all after "+fault.Name, observe.Status.AsExpected) })
	b.flush()
}

// free restarts real routers that zebra 8.4 left with fewer next hops in the
// kernel than BGP has, as it may when a link came and went: that is a fault of
// its own, and not the one that was made. It answers how many there were. The
// broken one is left alone: a restart could mend it.
func (b *both) free(broken string) (n int) {
	s := b.netns
	s.t.Helper()
	for _, f := range s.diagnose() {
		if f.Cause != "not-in-kernel" || f.Device == broken {
			continue
		}
		n++
		restart := []string{"sh", "-c", "/usr/lib/frr/frrinit.sh restart </dev/null >/dev/null 2>&1"}
		if _, err := b.netnsBreak.Exec(s.t.Context(), f.Device, restart, strings.NewReader(""), io.Discard, io.Discard); err != nil {
			s.t.Fatal(err)
		}
		s.t.Logf("zebra of the real %s was restarted: it had not put all next hops into the kernel", f.Device)
	}
	return n
}

// flush does so until none is left.
func (b *both) flush() {
	b.netns.t.Helper()
	for end := time.Now().Add(90 * time.Second); b.free("") > 0; {
		b.netns.await("all after a restart", observe.Status.AsExpected)
		if time.Now().After(end) {
			b.netns.t.Fatal("the real routers do not get their routes into the kernel")
		}
	}
}
