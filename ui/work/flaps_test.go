package work

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/model"
	"closup/provision/push"
)

const leafConf = `frr defaults datacenter
router bgp 65101
 bgp router-id 10.1.1.1
 neighbor uplinks peer-group
 neighbor uplinks remote-as external
 neighbor uplinks timers 3 9
 neighbor swp51 interface peer-group uplinks
 neighbor swp52 interface peer-group uplinks
 neighbor 203.0.113.0 remote-as 65254
 !
 address-family ipv4 unicast
  neighbor uplinks prefix-list A in
 exit-address-family
exit
`

// TestFlaps changes a leaf in one way after another, and says which of its
// sessions that takes down.
func TestFlaps(t *testing.T) {
	plan := &model.Plan{Devices: []model.Device{
		{Name: "leaf1", Ports: []model.Port{{Name: "swp51", Peer: "spine1", PeerPort: "swp1"}, {Name: "swp52", Peer: "spine2", PeerPort: "swp1"}}},
		{Name: "spine1", Ports: []model.Port{{Name: "swp1", Peer: "leaf1", PeerPort: "swp51"}}},
	}}
	conf := func(was, want string) push.File {
		return push.File{Path: "/etc/frr/frr.conf", Changed: was != want, Change: push.Change{Was: []byte(was), Want: []byte(want)}}
	}
	swap := func(a, b string) push.File {
		if !strings.Contains(leafConf, a) {
			t.Fatalf("%q is not in it", a)
		}
		return conf(leafConf, strings.ReplaceAll(leafConf, a, b))
	}
	all := func(why string) []Flap {
		return []Flap{{"leaf1", "203.0.113.0", "", why}, {"leaf1", "swp51", "spine1", why}, {"leaf1", "swp52", "spine2", why}}
	}
	for _, c := range []struct {
		name  string
		files []push.File
		want  []Flap
	}{
		{"nothing", []push.File{conf(leafConf, leafConf)}, nil},
		{"the first push", []push.File{conf("", leafConf), {Path: "/etc/frr/daemons", Changed: true}}, nil},
		{"timers", []push.File{swap("timers 3 9", "timers 1 3")}, nil},
		{"a filter", []push.File{swap("prefix-list A in", "prefix-list B in")}, nil},
		{"one more neighbor", []push.File{swap(" neighbor swp52 interface peer-group uplinks\n", " neighbor swp52 interface peer-group uplinks\n neighbor swp53 interface peer-group uplinks\n")}, nil},
		{"BFD", []push.File{swap(" neighbor uplinks timers 3 9\n", " neighbor uplinks timers 3 9\n neighbor uplinks bfd\n")}, nil},
		{"the AS number", []push.File{swap("65101", "65109")}, all("the AS number changes")},
		{"the router ID", []push.File{swap("10.1.1.1", "10.1.1.9")}, all("the router ID changes")},
		{"the daemons", []push.File{swap("timers 3 9", "timers 1 3"), {Path: "/etc/frr/daemons", Changed: true}}, all("the router restarts")},
		{"the daemons alone", []push.File{conf(leafConf, leafConf), {Path: "/etc/frr/daemons", Changed: true}}, all("the router restarts")[1:]},
		{"one neighbor less", []push.File{swap(" neighbor swp52 interface peer-group uplinks\n", "")}, []Flap{{"leaf1", "swp52", "spine2", "the session is taken away"}}},
		{"another group", []push.File{swap("uplinks remote-as external", "uplinks remote-as 65501")}, []Flap{
			{"leaf1", "swp51", "spine1", "what the session is made of changes"}, {"leaf1", "swp52", "spine2", "what the session is made of changes"},
		}},
		{"the outside", []push.File{swap("65254", "65255")}, []Flap{{"leaf1", "203.0.113.0", "", "what the session is made of changes"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Flaps(plan, []push.DeviceReport{{Name: "leaf1", Files: c.files}})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	spine := conf("router bgp 65501\n neighbor swp1 interface remote-as external\n", "router bgp 65509\n neighbor swp1 interface remote-as external\n")
	both := Flaps(plan, []push.DeviceReport{{Name: "leaf1", Files: []push.File{swap("65101", "65109")}}, {Name: "spine1", Files: []push.File{spine}}})
	if diff := cmp.Diff(all("the AS number changes"), both); diff != "" {
		t.Errorf("a session that both ends take down: -want +got:\n%s", diff)
	}
}

const leafTree = `router bgp autonomous-system: 65101
router bgp router-id: "10.1.1.1"
vrf default router bgp neighbor swp51 peer-group: uplinks
vrf default router bgp neighbor swp51 type: unnumbered
vrf default router bgp neighbor swp52 peer-group: uplinks
vrf default router bgp neighbor swp52 type: unnumbered
vrf default router bgp peer-group uplinks address-family ipv4-unicast policy inbound prefix-list: A
vrf default router bgp peer-group uplinks remote-as: external
vrf default router bgp peer-group uplinks timers hold: 9
`

// TestFlapsNVUE is the same of a switch that runs NVUE.
func TestFlapsNVUE(t *testing.T) {
	plan := &model.Plan{Devices: []model.Device{{Name: "leaf1", Ports: []model.Port{{Name: "swp51", Peer: "spine1"}, {Name: "swp52", Peer: "spine2"}}}}}
	for _, c := range []struct{ a, b, why, ports string }{
		{"hold: 9", "hold: 12", "", ""},
		{"prefix-list: A", "prefix-list: B", "", ""},
		{"65101", "65109", "the AS number changes", "swp51 swp52"},
		{"10.1.1.1", "10.1.1.9", "the router ID changes", "swp51 swp52"},
		{"remote-as: external", "remote-as: 65501", "what the session is made of changes", "swp51 swp52"},
		{"vrf default router bgp neighbor swp52 peer-group: uplinks\nvrf default router bgp neighbor swp52 type: unnumbered\n", "", "the session is taken away", "swp52"},
	} {
		want := strings.Replace(leafTree, c.a, c.b, 1)
		var ports []string
		for _, f := range Flaps(plan, []push.DeviceReport{{Name: "leaf1", Files: []push.File{{Path: "/etc/nvue.d/startup.yaml", Changed: true, Change: push.Change{Was: []byte(leafTree), Want: []byte(want)}}}}}) {
			ports = append(ports, f.Port)
			if f.Why != c.why {
				t.Errorf("%q to %q: %s", c.a, c.b, f.Why)
			}
		}
		if got := strings.Join(ports, " "); got != c.ports || want == leafTree {
			t.Errorf("%q to %q: %q go down, want %q", c.a, c.b, got, c.ports)
		}
	}
}
