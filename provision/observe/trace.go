package observe

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
)

// Trace says who owns an address and how every device gets there, as `closup
// trace -o json` prints it.
type Trace struct {
	Address netip.Addr   `json:"address"`
	Prefix  netip.Prefix `json:"prefix"`
	Owner   TraceOwner   `json:"owner"`
	From    []TracePath  `json:"from"`
}

// TraceOwner is where a prefix comes from; of a node, with the leafs that it
// hangs on. A prefix told from outside has the owner "external".
type TraceOwner struct {
	Device string   `json:"device"`
	Rack   string   `json:"rack"`
	Leafs  []string `json:"leafs"`
}

// TracePath is one path that a device is predicted to use, or uses. Devices
// are those that the AS path goes through, nearest first; where several share
// an ASN and all would fit, they stand in one word: "spine1|spine2".
type TracePath struct {
	Device    string   `json:"device"`
	Port      string   `json:"port"`
	ASPath    []uint32 `json:"as_path"`
	Devices   []string `json:"devices"`
	Predicted bool     `json:"predicted"`
	Actual    bool     `json:"actual"`
}

// TraceTo follows an address through the predicted routes and those of a
// snapshot. It fails where no prefix of either holds the address.
func TraceTo(plan *model.Plan, routes []model.Route, s Snapshot, address netip.Addr) (Trace, error) {
	t := Trace{Address: address, Owner: TraceOwner{Leafs: []string{}}, From: []TracePath{}}
	longest := func(p netip.Prefix) {
		if p.Contains(address) && (!t.Prefix.IsValid() || p.Bits() > t.Prefix.Bits()) {
			t.Prefix = p
		}
	}
	for _, r := range routes {
		longest(r.Prefix)
	}
	for _, d := range s.Devices {
		for _, r := range d.Routes {
			longest(r.Prefix)
		}
	}
	if !t.Prefix.IsValid() {
		return t, fmt.Errorf("nobody announces %s, as planned or in fact; `closup plan --routes DEVICE` lists what is planned", address)
	}
	rows := map[string][]TracePath{}
	for _, r := range routes {
		if r.Prefix == t.Prefix {
			t.Owner.Device = r.Origin
			for _, p := range r.Paths {
				rows[r.Device] = append(rows[r.Device], TracePath{Port: p.Port, ASPath: p.AS, Predicted: true})
			}
		}
	}
	for _, d := range s.Devices {
		if !d.Reachable {
			continue
		}
		for _, r := range d.Routes {
			if r.Prefix != t.Prefix {
				continue
			}
			if r.Local && t.Owner.Device == "" {
				t.Owner.Device = d.Name
			}
			for _, p := range r.Paths {
				// NVUE tells no ASNs, nor does the kernel.
				same := func(q TracePath) bool { return q.Port == p.Port && (p.AS == nil && !r.Local || sameAS(q.ASPath, p.AS)) }
				if i := slices.IndexFunc(rows[d.Name], same); i >= 0 {
					rows[d.Name][i].Actual = true
				} else {
					rows[d.Name] = append(rows[d.Name], TracePath{Port: p.Port, ASPath: p.AS, Actual: true})
				}
			}
		}
	}
	for _, d := range plan.Devices {
		if d.Name == t.Owner.Device {
			t.Owner.Rack = d.Rack
			for _, p := range d.Ports {
				if p.Up && p.Kind == model.HostPort && !slices.Contains(t.Owner.Leafs, p.Peer) {
					t.Owner.Leafs = append(t.Owner.Leafs, p.Peer)
				}
			}
			continue
		}
		for _, row := range rows[d.Name] {
			if row.Port == "" {
				continue // announced here as well
			}
			row.Device, row.Devices = d.Name, through(plan, d, row)
			if row.ASPath == nil {
				row.ASPath = []uint32{}
			}
			t.From = append(t.From, row)
		}
	}
	return t, nil
}

// sameAS compares two AS paths; 0 stands for any outside peer's.
func sameAS(want, got []uint32) bool {
	return slices.EqualFunc(want, got, func(a, b uint32) bool { return a == b || a == 0 })
}

// through names the devices that an AS path goes through: each is a neighbor
// of the one before, with that ASN.
func through(plan *model.Plan, from model.Device, path TracePath) []string {
	at := []string{from.Name}
	out := []string{}
	for i, as := range path.ASPath {
		var next []string
		for _, s := range plan.Sessions {
			if !slices.Contains(at, s.Device) || i == 0 && s.Port != path.Port || slices.Contains(next, s.Peer) {
				continue
			}
			if peer, ours := plan.Device(s.Peer); s.Peer == "external" && (s.PeerASN == as || s.PeerASN == 0) || ours && peer.ASN == as {
				next = append(next, s.Peer)
			}
		}
		if len(next) == 0 {
			next = []string{fmt.Sprintf("AS%d", as)}
		}
		out = append(out, strings.Join(next, "|"))
		at = next
	}
	return out
}
