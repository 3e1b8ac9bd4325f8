package observe

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"closup/model"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// cable is a plan of leaf1 and k8s1 with one session between them.
func cable() *model.Plan {
	return &model.Plan{
		Devices: []model.Device{{Name: "leaf1"}, {Name: "k8s1"}},
		Sessions: []model.Session{
			{Device: "leaf1", Port: "swp1", Peer: "k8s1", PeerPort: "eth1", PeerASN: 65801},
			{Device: "k8s1", Port: "eth1", Peer: "leaf1", PeerPort: "swp1", PeerASN: 65101},
		},
	}
}

func healthy() Snapshot {
	return Snapshot{At: noon, Devices: []Device{
		{Name: "leaf1", Reachable: true, At: noon, ASN: 65101, Peers: []Peer{{Key: "swp1", State: Established, Hostname: "k8s1", ASN: 65801, Uptime: time.Minute, Received: 2, Sent: 3}}},
		{Name: "k8s1", Reachable: true, At: noon, ASN: 65801, Peers: []Peer{{Key: "eth1", State: Established, Hostname: "leaf1", ASN: 65101, Uptime: time.Minute, Flaps: 1}}},
	}}
}

func TestCompareSessions(t *testing.T) {
	tests := []struct {
		name     string
		change   func(*Snapshot)
		state    string // of leaf1:swp1
		peer     string // its actual one
		rows     int
		expected bool // all is as expected
	}{
		{name: "healthy", state: Established, peer: "k8s1", rows: 2, expected: true},
		{name: "down", change: func(s *Snapshot) { s.Devices[0].Peers[0].State = "Active" }, state: "Active", rows: 2},
		{name: "shut down", change: func(s *Snapshot) { s.Devices[0].Peers[0].State = "Idle (Admin)" }, state: "Idle (Admin)", rows: 2},
		{name: "not configured", change: func(s *Snapshot) { s.Devices[0].Peers = nil }, state: Missing, rows: 2},
		{name: "no router", change: func(s *Snapshot) {
			s.Devices[0] = Device{Name: "leaf1", Reachable: true, At: noon, Err: errors.New("FRR does not run")}
		}, state: Missing, rows: 2},
		{name: "unreachable, with old figures", change: func(s *Snapshot) { s.Devices[0].Reachable = false; s.Devices[0].Err = errors.New("dead") }, state: Unreachable, rows: 2},
		{name: "not asked at all", change: func(s *Snapshot) { s.Devices = s.Devices[1:] }, state: Unreachable, rows: 2},
		{name: "wrong cable", change: func(s *Snapshot) { s.Devices[0].Peers[0].Hostname = "k8s9" }, state: Established, peer: "k8s9", rows: 2},
		{name: "wrong ASN", change: func(s *Snapshot) { s.Devices[0].Peers[0].ASN = 1 }, state: Established, peer: "k8s1", rows: 2},
		{name: "unexpected session", change: func(s *Snapshot) {
			s.Devices[0].Peers = append(s.Devices[0].Peers, Peer{Key: "swp9", State: "Idle"})
		}, state: Established, peer: "k8s1", rows: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy()
			if tt.change != nil {
				tt.change(&s)
			}
			st := Compare(cable(), nil, s)
			row := st.Sessions[0]
			if row.Device != "leaf1" || !row.Expected || row.State != tt.state || row.ActualPeer != tt.peer {
				t.Errorf("%+v", row)
			}
			if len(st.Sessions) != tt.rows || st.AsExpected() != tt.expected {
				t.Errorf("%d sessions, as expected: %v", len(st.Sessions), st.AsExpected())
			}
			if st.Summary.SessionsExpected != 2 {
				t.Errorf("%+v", st.Summary)
			}
			up := 1
			if tt.state == Established {
				up++
			}
			if st.Summary.SessionsEstablished != up {
				t.Errorf("%d are Established, want %d", st.Summary.SessionsEstablished, up)
			}
			for _, row := range st.Sessions[2:] {
				if row.Expected || row.AsExpected() || row.Port != "swp9" {
					t.Errorf("%+v", row)
				}
			}
		})
	}
}

func TestCompareRoutes(t *testing.T) {
	loopback, pods := netip.MustParsePrefix("10.1.3.1/32"), netip.MustParsePrefix("10.233.64.0/24")
	routes := []model.Route{
		{Device: "leaf1", Prefix: loopback, Origin: "k8s1", Paths: make([]model.Path, 2)},
		{Device: "leaf1", Prefix: pods, Origin: "k8s1", Paths: make([]model.Path, 1), Pod: true},
	}
	has := func(p netip.Prefix, n int) Route { return Route{Prefix: p, Paths: make([]model.Path, n)} }
	own := KernelRoute{Prefix: pods, Protocol: "boot"}
	tests := []struct {
		name     string
		leaf     []Route
		node     []KernelRoute
		change   func(*Snapshot)
		states   string
		summary  [3]int // expected, ok, pending
		expected bool
	}{
		{name: "all", leaf: []Route{has(loopback, 2), has(pods, 1)}, node: []KernelRoute{own}, states: "ok ok", summary: [3]int{2, 2, 0}, expected: true},
		{name: "narrow", leaf: []Route{has(loopback, 1), has(pods, 1)}, node: []KernelRoute{own}, states: "narrow ok", summary: [3]int{2, 1, 0}},
		{name: "more than predicted", leaf: []Route{has(loopback, 3), has(pods, 1)}, node: []KernelRoute{own}, states: "wide ok", summary: [3]int{2, 1, 0}},
		{name: "missing", node: []KernelRoute{own}, states: "missing missing", summary: [3]int{2, 0, 0}},
		{name: "no pods yet", leaf: []Route{has(loopback, 2)}, states: "ok pending", summary: [3]int{1, 1, 1}, expected: true},
		{
			name: "another node's pods", leaf: []Route{has(loopback, 2)}, node: []KernelRoute{{Prefix: netip.MustParsePrefix("10.233.65.0/24"), Protocol: "boot"}},
			states: "ok pending", summary: [3]int{1, 1, 1}, expected: true,
		},
		{
			name: "learnt, not its own", leaf: []Route{has(loopback, 2)}, node: []KernelRoute{{Prefix: pods, Protocol: "bgp"}},
			states: "ok pending", summary: [3]int{1, 1, 1}, expected: true,
		},
		{
			name: "node was never asked", leaf: []Route{has(loopback, 2)}, states: "ok missing", summary: [3]int{2, 1, 0},
			change: func(s *Snapshot) { s.Devices[1] = Device{Name: "k8s1", Err: errors.New("dead")} },
		},
		{
			name: "node does not answer any more", leaf: []Route{has(loopback, 2)}, states: "ok pending", summary: [3]int{1, 1, 1},
			change: func(s *Snapshot) { s.Devices[1].Reachable = false },
		},
		{
			name: "figures are old", leaf: []Route{has(loopback, 2), has(pods, 1)}, node: []KernelRoute{own}, states: "missing missing", summary: [3]int{2, 0, 0},
			change: func(s *Snapshot) { s.Devices[0].Reachable = false },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := healthy()
			s.Devices[0].Routes, s.Devices[1].Kernel = tt.leaf, tt.node
			if tt.change != nil {
				tt.change(&s)
			}
			st := Compare(cable(), routes, s)
			var states []string
			for _, r := range st.Routes {
				states = append(states, r.State)
			}
			if got := strings.Join(states, " "); got != tt.states {
				t.Errorf("states %s, want %s", got, tt.states)
			}
			if got := [3]int{st.Summary.RoutesExpected, st.Summary.RoutesOK, st.Summary.RoutesPending}; got != tt.summary {
				t.Errorf("summary %v, want %v", got, tt.summary)
			}
			if st.AsExpected() != tt.expected {
				t.Errorf("as expected: %v", st.AsExpected())
			}
		})
	}
}

// The JSON has the contract's names, and lists are never null.
func TestStatusJSON(t *testing.T) {
	out, err := json.Marshal(Compare(&model.Plan{}, nil, Snapshot{At: noon, Devices: []Device{{Name: "leaf1", Err: errors.New("dead")}}}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"at":"2026-11-22T12:00:00Z",` +
		`"devices":[{"name":"leaf1","reachable":false,"error":"dead","router_version":"","age":-1,"routes_age":-1,"system_age":-1}],` +
		`"sessions":[],"routes":[],` +
		`"summary":{"sessions_expected":0,"sessions_established":0,"routes_expected":0,"routes_ok":0,"routes_pending":0,"routes_unexpected":0,"devices_unreachable":1}}`
	if string(out) != want {
		t.Errorf("%s\nwant\n%s", out, want)
	}
}

// A route that nobody predicted is flagged; a part of a pod prefix is a CNI's.
func TestUnexpectedRoutes(t *testing.T) {
	prefix := netip.MustParsePrefix
	routes := []model.Route{
		{Device: "leaf1", Prefix: prefix("10.1.3.1/32"), Paths: []model.Path{{Port: "swp1"}}},
		{Device: "leaf1", Prefix: prefix("10.244.1.0/24"), Pod: true, Origin: "k8s1", Paths: []model.Path{{Port: "swp1"}}},
	}
	s := healthy()
	for _, p := range []string{"10.1.3.1/32", "10.244.1.0/24", "10.244.1.64/26", "0.0.0.0/0", "10.244.0.0/16"} {
		s.Devices[0].Routes = append(s.Devices[0].Routes, Route{Prefix: prefix(p), Paths: []model.Path{{Port: "swp1"}}})
	}
	st := Compare(cable(), routes, s)
	var got []string
	for _, r := range st.Routes {
		if r.State == RouteUnexpected {
			got = append(got, r.Device+" "+r.Prefix.String())
		}
	}
	if want := "leaf1 0.0.0.0/0, leaf1 10.244.0.0/16"; strings.Join(got, ", ") != want || st.Summary.RoutesUnexpected != 2 || !st.AsExpected() {
		t.Errorf("%v, want %s; %+v", got, want, st.Summary)
	}
	s.Devices[0].Reachable = false
	if st := Compare(cable(), routes, s); st.Summary.RoutesUnexpected != 0 {
		t.Errorf("of a device that cannot be asked: %+v", st.Summary)
	}
}

// What a device said last is kept, as that.
func TestStale(t *testing.T) {
	s := healthy()
	s.Devices[0].Reachable = false
	row := Compare(cable(), nil, s).Sessions[0]
	if row.State != Unreachable || row.LastState != Established || row.PrefixesReceived != 2 || row.Uptime != 0 {
		t.Errorf("%+v", row)
	}
}
