package diagnose

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/assets"
	"closup/lab"
	"closup/model"
	"closup/provision/observe"
	"closup/render"
)

// reference is a preset with borders and nodes on two leafs.
func reference(t testing.TB) *model.Plan {
	t.Helper()
	data, err := assets.Preset("reference")
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := model.Load("reference", data)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(fabric)
	return p
}

// healthy is what the devices of a plan say while all is as planned.
func healthy(t testing.TB, p *model.Plan) observe.Snapshot {
	t.Helper()
	s := observe.Snapshot{At: time.Now()}
	for i := range p.Devices {
		d := &p.Devices[i]
		o := observe.Device{Name: d.Name, Reachable: true, ASN: d.ASN, RouterID: d.RouterID, RouterVersion: "8.4.4", At: s.At, Read: observe.Times{Routes: s.At, System: s.At}}
		e := &observe.Evidence{At: s.At, Sysctls: map[string]string{"net/ipv4/ip_forward": "1", "net/ipv6/conf/all/forwarding": "1"}}
		lo := observe.Link{Name: "lo", Up: true, Carrier: true, MTU: 65536}
		lo.Addrs = append(lo.Addrs, d.Loopbacks...)
		e.Links = append(e.Links, lo)
		for j, port := range d.Ports {
			e.Links = append(e.Links, observe.Link{
				Name: port.Name, MAC: fmt.Sprintf("02:00:00:00:%02x:%02x", i, j), MTU: port.MTU, Up: true, Carrier: true,
				Addrs: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("fe80::%x:%x/64", i+1, j+1))}, Asked: true, RASent: 9, RARcvd: 9, Heard: []string{"fe80::ff"},
			})
		}
		for _, daemon := range []string{"watchfrr", "zebra", "bgpd"} {
			e.Daemons = append(e.Daemons, observe.Daemon{Name: daemon, Age: time.Hour, State: "S"})
		}
		for _, n := range p.Sessions {
			if n.Device == d.Name {
				o.Peers = append(o.Peers, observe.Peer{Key: n.Port, State: observe.Established, Detail: "OK", Hostname: n.Peer, ASN: n.PeerASN, Uptime: time.Hour, Received: 3, Sent: 9})
				e.Sessions = append(e.Sessions, observe.Session{Key: n.Port, State: observe.Established, Address: "fe80::ff", RemoteAS: n.PeerASN, LocalAS: d.ASN, Families: []string{"ipv4Unicast"}, NextHop: "advertisedAndReceived"})
			}
		}
		for _, r := range p.Routes(d.Name) {
			route := observe.Route{Prefix: r.Prefix, Paths: r.Paths}
			k := observe.KernelRoute{Prefix: r.Prefix, Protocol: "bgp"}
			for _, path := range r.Paths {
				route.Local = route.Local || path.Port == ""
				k.Hops = append(k.Hops, observe.Hop{Via: netip.MustParseAddr("169.254.0.1"), Port: path.Port})
			}
			if route.Local && r.Pod {
				k.Protocol, k.Port, k.Hops = "static", "lo", nil
			}
			o.Routes = append(o.Routes, route)
			if !route.Local || r.Pod {
				o.Kernel = append(o.Kernel, k)
			}
		}
		files, err := render.Device(p, d)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.Unit == "frr" {
				e.Config = observe.ParseConfig(f.Body)
			}
		}
		o.Evidence = e
		s.Devices = append(s.Devices, o)
	}
	return s
}

// Each cause that the captures do not show, and the device that it is on. The
// first finding is it, and nothing else is certain.
func TestCauses(t *testing.T) {
	p := reference(t)
	if found := Find(p, healthy(t, p)); len(found) > 0 {
		t.Fatalf("healthy, and found is %+v", found)
	}
	prefix := netip.MustParsePrefix
	router := func(words string) func(*observe.Device) {
		return func(d *observe.Device) {
			d.Err, d.Peers, d.Routes, d.ASN = errors.New(words), nil, nil, 0
			d.Evidence.Daemons, d.Evidence.Sessions, d.Evidence.Config = nil, nil, observe.Config{}
		}
	}
	link := func(name string, f func(*observe.Link)) func(*observe.Device) {
		return func(d *observe.Device) {
			for i := range d.Evidence.Links {
				if l := &d.Evidence.Links[i]; l.Name == name {
					f(l)
				}
			}
		}
	}
	sysctl := func(key, value string) func(*observe.Device) {
		return func(d *observe.Device) { d.Evidence.Sysctls[key] = value }
	}
	kernel := func(r observe.KernelRoute) func(*observe.Device) {
		return func(d *observe.Device) {
			d.Kernel = slices.DeleteFunc(d.Kernel, func(k observe.KernelRoute) bool { return k.Prefix == r.Prefix })
			d.Kernel = append(d.Kernel, r)
		}
	}
	without := func(word string) func(*observe.Device) {
		return func(d *observe.Device) {
			d.Evidence.Config.Lines = slices.DeleteFunc(d.Evidence.Config.Lines, func(l observe.ConfigLine) bool { return strings.HasPrefix(l.Text, word) })
		}
	}
	with := func(block, text string) func(*observe.Device) {
		return func(d *observe.Device) {
			d.Evidence.Config.Lines = append(d.Evidence.Config.Lines, observe.ConfigLine{Block: block, Text: text})
		}
	}
	for _, c := range []struct {
		device, want string // confidence and cause
		kind         Kind   // of the remedy's first command; "": a push, or words
		do           func(*observe.Device)
	}{
		{"leaf01", "certain frr-missing", Hand, router("FRR is not installed: there is no vtysh")},
		{"leaf01", "certain frr-down", Run, router("FRR does not run: vtysh finds no daemon")},
		{"leaf01", "certain port-missing", "", func(d *observe.Device) {
			d.Evidence.Links = slices.DeleteFunc(d.Evidence.Links, func(l observe.Link) bool { return l.Name == "swp1" })
		}},
		{"leaf01", "certain port-down", Run, link("swp1", func(l *observe.Link) { l.Up, l.Carrier = false, false })},
		{"leaf01", "certain mtu-mismatch", Run, link("swp1", func(l *observe.Link) { l.MTU = 1500 })},
		{"leaf01", "certain ipv6-disabled", Run, sysctl("net/ipv6/conf/swp1/disable_ipv6", "1")},
		{"leaf01", "certain link-flapping", Look, link("swp1", func(l *observe.Link) { l.Downs, l.Recent, l.LastDown = 9, 2, time.Second })},
		{"spine01", "certain not-forwarding", Run, sysctl("net/ipv4/ip_forward", "0")},
		{"leaf01", "certain rp-filter", Run, sysctl("net/ipv4/conf/swp1/rp_filter", "1")},
		{"leaf01", "certain rp-filter", Run, sysctl("net/ipv4/conf/all/rp_filter", "1")},
		{"leaf01", "certain loopback-missing", Run, link("lo", func(l *observe.Link) { l.Addrs = nil })},
		{"leaf01", "certain duplicate-loopback", Run, link("lo", func(l *observe.Link) { l.Addrs = append(l.Addrs, p.Devices[len(p.Devices)-1].Loopbacks[0]) })},
		{"server01", "certain default-overridden", Hand, kernel(observe.KernelRoute{Prefix: prefix("0.0.0.0/0"), Protocol: "dhcp", Port: "eth0"})},
		{"server01", "certain default-overridden", Run, kernel(observe.KernelRoute{Prefix: prefix("0.0.0.0/0"), Protocol: "ra", Port: "eth1"})},
		{"leaf01", "certain route-overridden", Run, kernel(observe.KernelRoute{Prefix: p.Devices[len(p.Devices)-1].Loopbacks[0], Protocol: "static", Blackhole: true})},
		{"leaf01", "likely not-in-kernel", Look, func(d *observe.Device) {
			d.Kernel = slices.DeleteFunc(d.Kernel, func(k observe.KernelRoute) bool { return k.Prefix == p.Devices[0].Loopbacks[0] })
		}},
		{"server01", "certain pods-not-announced", "", func(d *observe.Device) {
			own := func(n netip.Prefix) bool { d, _ := p.Device("server01"); return slices.Contains(d.PodCIDRs, n) }
			d.Routes = slices.DeleteFunc(d.Routes, func(r observe.Route) bool { return own(r.Prefix) })
			for i := range d.Kernel {
				if own(d.Kernel[i].Prefix) {
					d.Kernel[i].Protocol = "kernel" // as flannel and Cilium have it
				}
			}
		}},
		{"leaf01", "certain session-missing", "", func(d *observe.Device) { d.Peers, d.Evidence.Sessions = d.Peers[1:], d.Evidence.Sessions[1:] }},
		{"leaf01", "possible session-unplanned", "", func(d *observe.Device) {
			d.Peers = append(d.Peers, observe.Peer{Key: "swp48", State: "Active"})
		}},
		{"leaf01", "certain not-redistributed", Configure, without("redistribute connected")},
		{"server01", "certain not-redistributed", Configure, without("redistribute kernel")},
		{"leaf01", "certain list-undefined", "", without("route-map LOOPBACK")},
		{"leaf01", "possible config-changed", "", with("router bgp", "bgp bestpath med missing-as-worst")},
		{"leaf01", "certain password-one-sided", Configure, with("router bgp", "neighbor swp1 password x")},
	} {
		s := healthy(t, p)
		i := slices.IndexFunc(s.Devices, func(d observe.Device) bool { return d.Name == c.device })
		c.do(&s.Devices[i])
		found := Find(p, s)
		got := ""
		if len(found) > 0 {
			got = string(found[0].Confidence) + " " + found[0].Cause
		}
		if got != c.want || found[0].Device != c.device {
			t.Errorf("%s: %q, want %q: %+v", c.device, got, c.want, found)
			continue
		}
		if others := found[1:]; slices.ContainsFunc(others, func(f Finding) bool { return f.Confidence == Certain }) {
			t.Errorf("%s %s: more is claimed: %+v", c.device, c.want, others)
		}
		r := found[0].Remedy
		kind := Kind("")
		if len(r.Commands) > 0 {
			kind = r.Commands[0].Kind
		}
		if r.Message == "" || kind != c.kind || len(found[0].Evidence) == 0 {
			t.Errorf("%s %s: %+v", c.device, c.want, found[0])
		}
	}
}

// The last words, where nothing shows why.
func TestUnexplained(t *testing.T) {
	p := reference(t)
	s := healthy(t, p)
	for i := range s.Devices { // one route is gone everywhere, and nobody is to blame
		s.Devices[i].Routes = slices.DeleteFunc(s.Devices[i].Routes, func(r observe.Route) bool {
			return s.Devices[i].Name == "spine01" && r.Prefix == p.Devices[len(p.Devices)-1].Loopbacks[0]
		})
	}
	if got := first(Find(p, s)); got != "possible spine01: route-missing" {
		t.Errorf("%q", got)
	}
	s = healthy(t, p)
	for i := range s.Devices {
		d := &s.Devices[i]
		for j := range d.Peers {
			if n := d.Peers[j]; d.Name == "spine01" && n.Hostname == "leaf01" || d.Name == "leaf01" && n.Hostname == "spine01" {
				d.Peers[j].State, d.Evidence.Sessions[j].State = "Active", "Active"
				d.Evidence.Sessions[j].Opens = [2]int{3, 3}
			}
		}
	}
	if found := Find(p, s); len(found) != 1 || first(found) != "possible leaf01:swp51 session-down" && first(found) != "possible spine01:swp1 session-down" {
		t.Errorf("%+v", found)
	}
}

// Where no device answers it is the way to all of them, and one finding; where
// one does, it is each of the others.
func TestNobodyAnswers(t *testing.T) {
	p := reference(t)
	s := healthy(t, p)
	for i := range s.Devices {
		s.Devices[i].Reachable, s.Devices[i].Err = false, errors.New("the jump host does not answer")
	}
	found := Find(p, s)
	if len(found) != 1 || found[0].Cause != "device-unreachable" || !strings.Contains(found[0].Message, "none of the 12 devices") || len(found[0].Evidence) != 3 {
		t.Errorf("%+v", found)
	}
	if n := len(Select(p, found, "leaf04", "")); n != 1 {
		t.Errorf("%d findings about leaf04", n)
	}
	if !(Scope{Devices: []string{"leaf04"}}).concerns(p, found[0]) {
		t.Error("it does not concern leaf04")
	}
	s.Devices[0].Reachable = true
	if found = Find(p, s); len(found) != 11 {
		t.Errorf("%d findings: %+v", len(found), found)
	}
}

// Every cause of the table is one of the lab's faults, or is made by a test here.
func TestEveryCauseIsMade(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil || len(files) < 4 {
		t.Fatalf("%v, %v", files, err)
	}
	var text strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	for _, c := range Checks {
		inLab := slices.ContainsFunc(lab.Faults, func(f lab.Fault) bool { return f.Cause == c.Cause })
		if !inLab && !strings.Contains(text.String(), " "+c.Cause+`"`) {
			t.Errorf("no test makes %s", c.Cause)
		}
	}
}
