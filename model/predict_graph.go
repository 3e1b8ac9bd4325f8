package model

import (
	"net/netip"
	"slices"
)

// graph is the plan as bgpd sees it: speakers, and the sessions between them
// that come up.
type graph struct {
	plan     *Plan
	speakers []speaker // one for each device, in the plan's order

	withAggregates []int // devices that announce aggregates and are up
}

// speaker is one device's BGP.
type speaker struct {
	asn      uint32
	routerID netip.Addr
	sessions []adjacency
	down     bool
	stub     bool // tells nobody what it has learned, as hosts do
}

// adjacency is one end of an established session with its policy.
type adjacency struct {
	peer     int // the speaker at the far end
	far      int // the same session among the far end's
	port     string
	outside  bool   // the far end is not ours
	down     bool   // by a failure
	asn      uint32 // the far end's; 0: any external one
	in, out  filter
	allow    int  // allowas-in
	v4, v6   bool // families that this end activates
	defaults []netip.Prefix
}

// newGraph builds the sessions that come up.
func newGraph(p *Plan) *graph {
	g := &graph{plan: p, speakers: make([]speaker, len(p.Devices))}
	for d := range p.Devices {
		r := &p.Devices[d].Routing
		g.speakers[d] = speaker{asn: r.ASN, routerID: r.RouterID}
	}
	at := g.peerPlaces()
	regexes := pathCache{}
	for d := range p.Devices {
		for i := range p.Devices[d].Routing.Peers {
			g.join(d, i, at, regexes)
		}
	}
	g.pair()
	for d := range g.speakers {
		g.speakers[d].stub = !g.transits(d)
		if len(g.device(d).Routing.Aggregates) > 0 {
			g.withAggregates = append(g.withAggregates, d)
		}
	}
	return g
}

// fail takes devices and links down.
func (g *graph) fail(f Failure) {
	for _, name := range f.Devices {
		if d, ok := g.plan.index[name]; ok {
			g.speakers[d].down = true
		}
	}
	for _, e := range f.Links {
		d, ok := g.plan.index[e.Device]
		if !ok {
			continue
		}
		for i := range g.speakers[d].sessions {
			if g.speakers[d].sessions[i].port == e.Port {
				g.cut(d, i, true)
			}
		}
	}
}

// cut takes a session down, or up again, at both ends.
func (g *graph) cut(d, session int, down bool) {
	a := &g.speakers[d].sessions[session]
	a.down = down
	if !a.outside {
		g.speakers[a.peer].sessions[a.far].down = down
	}
}

// place is one entry of a device's Routing.Peers.
type place struct{ device, peer int }

// peerPlaces finds the neighbor entry of every planned port.
func (g *graph) peerPlaces() map[SessionKey]place {
	at := make(map[SessionKey]place, len(g.plan.Sessions))
	for d := range g.plan.Devices {
		for i := range g.plan.Devices[d].Routing.Peers {
			at[SessionKey{g.plan.Devices[d].Name, g.plan.Devices[d].Routing.Peers[i].Port}] = place{d, i}
		}
	}
	return at
}

// join adds the device's end of the session to its i-th neighbor, if that
// session comes up: the far end is there, means this one, and the ASNs are
// what both expect.
func (g *graph) join(d, i int, at map[SessionKey]place, regexes pathCache) {
	dev := &g.plan.Devices[d]
	peer := &dev.Routing.Peers[i]
	a := adjacency{peer: -1, far: -1, port: peer.Port, asn: peer.ASN}
	if _, ours := g.plan.Device(peer.Device); !ours {
		a.outside = true
	} else {
		there, ok := at[SessionKey{peer.Device, peer.DevicePort}]
		if !ok {
			return
		}
		far := &g.plan.Devices[there.device].Routing
		back := &far.Peers[there.peer]
		if back.Device != dev.Name || back.DevicePort != peer.Port ||
			!accepts(dev.Routing.groupOf(peer), peer, dev.Routing.ASN, far.ASN) ||
			!accepts(far.groupOf(back), back, far.ASN, dev.Routing.ASN) {
			return
		}
		a.peer, a.far = there.device, there.peer
		a.asn = g.speakers[there.device].asn
	}
	g.policy(d, peer, &a, regexes)
	g.speakers[d].sessions = append(g.speakers[d].sessions, a)
}

// accepts says whether a device takes an OPEN with that ASN from a neighbor:
// the one it names, or with `remote-as external` any but its own.
func accepts(group *PeerGroup, peer *Peer, own, asn uint32) bool {
	if group.External || peer.ASN == 0 {
		return asn != own
	}
	return peer.ASN == asn
}

// groupOf is the group of a neighbor; an empty one where it has none.
func (r *Routing) groupOf(peer *Peer) *PeerGroup {
	for i := range r.Groups {
		if r.Groups[i].Name == peer.Group {
			return &r.Groups[i]
		}
	}
	return &PeerGroup{}
}

// policy fills in what the neighbor and its group filter and change.
func (g *graph) policy(d int, peer *Peer, a *adjacency, regexes pathCache) {
	r := &g.plan.Devices[d].Routing
	pg := r.groupOf(peer)
	a.allow, a.v4, a.v6 = pg.AllowASIn, pg.V4, pg.V6
	if pg.Default && pg.V4 {
		a.defaults = append(a.defaults, universe(false))
	}
	if pg.Default && pg.V6 {
		a.defaults = append(a.defaults, universe(true))
	}
	a.in = filter{path: g.pathFilter(d, pg.PathIn, regexes)}
	a.out = filter{path: g.pathFilter(d, pg.PathOut, regexes)}
	for _, ref := range slices.Concat(pg.In, peer.In) { // the peer's own stands in the place of the group's
		a.in.family(ref.V6).use(g.list(d, ref.List, ref.V6))
	}
	for _, ref := range slices.Concat(pg.Out, peer.Out) {
		a.out.family(ref.V6).use(g.list(d, ref.List, ref.V6))
	}
}

// carries says whether this end exchanges the prefix's family.
func (a *adjacency) carries(prefix netip.Prefix) bool {
	if prefix.Addr().Is6() {
		return a.v6
	}
	return a.v4
}

// pair points both ends of every session at each other. join left the far
// end's place in Routing.Peers in far, and sessions that stayed down have left
// gaps there.
func (g *graph) pair() {
	type half struct {
		device int
		port   string
	}
	at := map[half]int{}
	for d := range g.speakers {
		for i, a := range g.speakers[d].sessions {
			at[half{d, a.port}] = i
		}
	}
	for d := range g.speakers {
		for i := range g.speakers[d].sessions {
			if a := &g.speakers[d].sessions[i]; !a.outside {
				a.far = at[half{a.peer, g.plan.Devices[a.peer].Routing.Peers[a.far].Port}]
			}
		}
	}
}

// transits says whether the device may tell a peer what another has told it.
func (g *graph) transits(d int) bool {
	for i := range g.speakers[d].sessions {
		if !g.speakers[d].sessions[i].out.path.localOnly() {
			return true
		}
	}
	return false
}

func (g *graph) device(d int) *Device { return &g.plan.Devices[d] }

// named turns names into places, in the plan's order; none means all. Names
// that the plan does not know are left out.
func (g *graph) named(names []string) []int {
	var out []int
	for _, name := range names {
		if i, ok := g.plan.index[name]; ok {
			out = append(out, i)
		}
	}
	if len(names) == 0 {
		for d := range g.speakers {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
