package diagnose

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"closup/model"
	"closup/provision/observe"
)

// pair is the plan of the two routers that were captured: x-a is a node on
// eth1, x-b the leaf at its swp1.
func pair() *model.Plan {
	device := func(name string, role model.Role, asn uint32, id, port, peer, peerPort string) model.Device {
		return model.Device{
			Name: name, Role: role, ASN: asn, RouterID: netip.MustParseAddr(id), Platform: "captured",
			Ports:   []model.Port{{Name: port, Peer: peer, PeerPort: peerPort, Kind: model.HostPort, MTU: 1500}},
			Routing: model.Routing{ASN: asn, V4: true, Peers: []model.Peer{{Port: port}}},
		}
	}
	return &model.Plan{
		Name: "pair",
		Devices: []model.Device{
			device("x-b", model.Leaf, 65011, "10.9.2.1", "swp1", "x-a", "eth1"),
			device("x-a", model.Node, 65801, "10.9.3.1", "eth1", "x-b", "swp1"),
		},
		Links: []model.Link{{A: model.End{Device: "x-b", Port: "swp1"}, B: model.End{Device: "x-a", Port: "eth1"}}},
		Sessions: []model.Session{
			{Device: "x-b", Port: "swp1", Peer: "x-a", PeerPort: "eth1", PeerASN: 65801},
			{Device: "x-a", Port: "eth1", Peer: "x-b", PeerPort: "swp1", PeerASN: 65011},
		},
	}
}

// planned is the plan of a scenario: the pair's, but for two.
func planned(scenario string) *model.Plan {
	p := pair()
	switch scenario {
	case "enhe-mismatch": // their session has addresses
		p.Sessions[0].Port, p.Sessions[0].PeerPort = "2001:db8:9::1", "2001:db8:9::2"
		p.Sessions[1].Port, p.Sessions[1].PeerPort = "2001:db8:9::2", "2001:db8:9::1"
	case "dup-host-asn": // a second node, which nobody captured
		p.Devices = append(p.Devices, model.Device{
			Name: "x-c", Role: model.Node, ASN: 65802, Platform: "captured",
			Ports: []model.Port{{Name: "eth1", Peer: "x-b", PeerPort: "swp2", Kind: model.HostPort, MTU: 1500}},
		})
		p.Sessions = append(p.Sessions, model.Session{Device: "x-b", Port: "swp2", Peer: "x-c", PeerPort: "eth1", PeerASN: 65802})
	}
	return p
}

// captured is what one router printed in a scenario.
func captured(t testing.TB, scenario, name string) observe.Device {
	t.Helper()
	file := func(suffix string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata/captures", scenario, name+"."+suffix))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	d := observe.Device{Name: name, Reachable: true, At: time.Now()}
	e := &observe.Evidence{At: d.At}
	bgp, err := observe.ParseSummary(file("summary.json"))
	d.Err = err
	d.ASN, d.RouterID, d.Peers = bgp.ASN, bgp.RouterID, bgp.Peers
	if e.Sessions, err = observe.ParseSessions(file("neighbors.json")); err != nil && d.Err == nil {
		t.Fatal(err)
	}
	if e.Links, err = observe.ParseLinks(file("ipaddr.json")); err != nil {
		t.Fatal(err)
	}
	e.Told(observe.ParseInterfaces(file("if.txt"), ""))
	for _, s := range e.Sessions {
		d.ASN = s.LocalAS // a router whose neighbors are in no family has no summary
	}
	d.Evidence = e
	return d
}

func scene(t testing.TB, scenario string) observe.Snapshot {
	t.Helper()
	return observe.Snapshot{At: time.Now(), Devices: []observe.Device{captured(t, scenario, "x-b"), captured(t, scenario, "x-a")}}
}

// What two real routers printed while something was wrong, and its cause.
func TestCaptures(t *testing.T) {
	want := map[string]string{ // "" : nothing is wrong
		"ok":                       "",
		"suppress-ra":              "", // bgpd sends them all the same
		"af-mismatch":              "x-b:swp1 af-mismatch",
		"af-not-activated":         "x-a:eth1 af-not-activated",
		"bfd-one-side":             "x-a:eth1 bfd-one-sided",
		"bgpd-dead":                "x-b: bgpd-down",
		"bgpd-dead-4s":             "x-b: bgpd-down",
		"deny-in":                  "x-a:eth1 nothing-received",
		"dup-router-id":            "x-a: wrong-router-id",
		"dup-host-asn":             "x-c: wrong-asn", // as its neighbor tells
		"dup-router-id-ibgp":       "x-a: wrong-asn", // and wrong-router-id
		"enhe-mismatch":            "x-a:2001:db8:9::2 extended-nexthop",
		"maxprefix-warn":           "x-b:swp1 max-prefix-near",
		"noenhe":                   "", // unnumbered sessions offer it by themselves
		"noenhe-omitted":           "",
		"fw-ra":                    "x-a:eth1 ra-missing",
		"fw179":                    "x-b:swp1 tcp-blocked",
		"fw179-reject":             "x-b:swp1 tcp-blocked",
		"md5":                      "x-b:swp1 tcp-blocked",
		"hold-10s":                 "x-b:swp1 hold-timer",
		"hold-35s":                 "x-b:swp1 hold-timer",
		"if-admin-down-local":      "x-a:eth1 port-down",
		"internal-vs-external":     "x-a: wrong-asn",
		"link-down":                "x-b:swp1 port-down",
		"maxprefix":                "x-b:swp1 max-prefix",
		"missing-pl-in":            "x-a:eth1 nothing-received",
		"missing-rm-in":            "x-a:eth1 nothing-received",
		"missing-rm-out":           "x-a:eth1 nothing-announced",
		"missing-rm-redist":        "x-a:eth1 nothing-announced",
		"mtu-a9000-b1500":          "x-a:eth1 mtu-mismatch",
		"nbr-shutdown":             "x-b:swp1 session-shutdown",
		"never-ra":                 "x-b: bgp-not-configured",
		"no-lla":                   "x-a:eth1 link-local-missing",
		"no-remote-as":             "x-a:eth1 remote-as",
		"remote-port-unconfigured": "x-b: bgp-not-configured",
		"rm-missing-acl":           "x-a:eth1 nothing-announced",
		"rm-missing-pl":            "x-a:eth1 nothing-announced",
		"same-asn-external":        "x-a: wrong-asn",
		"seed-traditional":         "x-a:eth1 policy-missing",
		"wrong-remote-as":          "x-a:eth1 remote-as",
	}
	entries, err := os.ReadDir("testdata/captures")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want) {
		t.Errorf("%d captures, and %d are expected", len(entries), len(want))
	}
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			found := Find(planned(entry.Name()), scene(t, entry.Name()))
			got := ""
			if len(found) > 0 {
				got = fmt.Sprintf("%s:%s %s", found[0].Device, found[0].Port, found[0].Cause)
			}
			expected, known := want[entry.Name()]
			if !known || got != expected {
				t.Errorf("first of %d is %q, want %q", len(found), got, expected)
				for _, f := range found {
					t.Logf("%+v", f)
				}
			}
			for _, f := range found {
				if len(f.Evidence) == 0 || f.Remedy.Message == "" || f.Message == "" {
					t.Errorf("%s lacks evidence, message or remedy: %+v", f.Cause, f)
				}
			}
		})
	}
}

// One scenario has two faults, each of which would do.
func TestTwoFaults(t *testing.T) {
	found := Find(pair(), scene(t, "dup-router-id-ibgp"))
	for _, cause := range []string{"wrong-asn", "wrong-router-id"} {
		if !slices.ContainsFunc(found, func(f Finding) bool { return f.Device == "x-a" && f.Cause == cause && f.Confidence == Certain }) {
			t.Errorf("no %s: %+v", cause, found)
		}
	}
}

// Every cause stands once in the table, with all its words.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Checks {
		if seen[c.Cause] || c.Cause == "" || c.Sentence == "" || c.Needs == "" || c.find == nil {
			t.Errorf("%+v", c)
		}
		seen[c.Cause] = true
	}
	if Known("no-such-cause") || !Known("mtu-mismatch") {
		t.Error("Known does not know")
	}
}

// A probe is made where the data is, whatever VRF the login sits in.
func TestProbe(t *testing.T) {
	for vrf, want := range map[string]string{"": "ping -c 5 ff02::1%swp1", "mgmt": "ip vrf exec default ping -c 5 ff02::1%swp1"} {
		p := pair()
		p.Devices[0].Management.VRF = vrf
		found := Find(p, scene(t, "hold-10s"))
		if len(found) == 0 || found[0].Cause != "hold-timer" || len(found[0].Remedy.Commands) != 1 || found[0].Remedy.Commands[0].Command != want {
			t.Errorf("in the VRF %q: %+v", vrf, found)
		}
	}
}

// A device that does not answer is one finding, whatever hangs on it, and what
// it said before proves nothing.
func TestUnreachable(t *testing.T) {
	s := scene(t, "ok")
	s.Devices[1].Reachable = false
	found := Find(pair(), s)
	if len(found) != 1 || found[0].Cause != "device-unreachable" || found[0].Device != "x-a" {
		t.Errorf("%+v", found)
	}
	i := slices.IndexFunc(s.Devices[0].Evidence.Links, func(l observe.Link) bool { return l.Name == "swp1" })
	s.Devices[0].Evidence.Links[i].Carrier = false
	if found = Find(pair(), s); len(found) != 1 || found[0].Cause != "device-down" {
		t.Errorf("%+v", found)
	}
}

// One port asked for: findings there and at the other end of its cable.
func TestSelect(t *testing.T) {
	found := Find(pair(), scene(t, "seed-traditional"))
	for _, c := range []struct {
		device, port string
		want         int
	}{{"x-a", "eth1", 1}, {"x-b", "swp1", 1}, {"x-b", "", 1}, {"x-b", "swp9", 0}} {
		if n := len(Select(pair(), found, c.device, c.port)); n != c.want {
			t.Errorf("%s:%s: %d findings, want %d", c.device, c.port, n, c.want)
		}
	}
}
