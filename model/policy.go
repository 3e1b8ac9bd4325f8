package model

import (
	"net/netip"
	"slices"
)

// The policy of a Clos, in one place:
//
//   - every device announces its loopback, and a node its pods beside it;
//   - a leaf takes from its nodes what nodes may announce and nothing else, so
//     that a mistake on a host stays on that host's link;
//   - a node tells only what is its own and never passes anything on;
//   - a border shows the outside aggregates, and takes from it what was agreed;
//   - where an ASN is shared, its own number in a path is tolerated as far as
//     routes would be lost without it.

// Names of the peer groups.
const (
	groupUplinks   = "uplinks"   // a switch to the tier above
	groupDownlinks = "downlinks" // a switch to the switches below
	groupHosts     = "hosts"     // a leaf to its nodes
	groupFabric    = "fabric"    // a node to its leafs
	groupOutside   = "outside"   // a border to a router that is not ours
	groupOutside4  = "outside-v4"
	groupOutside6  = "outside-v6"
)

// HostMaxPrefix is how many prefixes of a family a leaf takes from one node
// before it shuts the session: a /32 for each of some 250 pods, and room.
const HostMaxPrefix = 300

// policy holds what the routing of single devices needs to know of all.
type policy struct {
	f        *Fabric
	p        *Plan
	v4, v6   bool
	nodes    map[bool]AddressRange // by IPv6: the nodes' loopbacks, where no other device's lies in it
	podMin   map[bool]int          // by IPv6: the shortest pod prefix that a node may announce
	twins    map[uint32]bool       // ASNs that several leafs share though their nodes differ
	sameNode map[uint32]int        // nodes by ASN
	outside  map[string][]Outside  // borders by name
}

// routing fills the Routing of every device of the plan. Everything else of
// the plan must stand already.
func routing(f *Fabric, p *Plan) {
	y := newPolicy(f, p)
	for i := range p.Devices {
		d := &p.Devices[i]
		d.Routing = y.device(d)
	}
}

// device is the routing of one device.
func (y *policy) device(d *Device) Routing {
	r := Routing{
		ASN: d.ASN, RouterID: d.RouterID, Timers: y.f.Timers, V4: y.v4, V6: y.v6,
		Aggregates: aggregates(y.outside[d.Name]),
	}
	for _, v6 := range y.families() {
		y.loopback(&r, d, v6)
	}
	if d.Role == Node {
		y.node(&r, d)
	}
	if quaggaNode(d) {
		y.quaggaOrigins(&r, d)
	}
	for _, g := range groups {
		y.group(&r, d, g)
	}
	y.outsidePeers(&r, d)
	for _, g := range r.Groups {
		r.BFD, r.V4, r.V6 = r.BFD || g.BFD, r.V4 || g.V4, r.V6 || g.V6
	}
	r.BFD = r.BFD || slices.ContainsFunc(r.Peers, func(p Peer) bool { return p.BFD })
	return r
}

// groupRow is one peer group inside the fabric.
type groupRow struct {
	name, description string
	has               func(d *Device, port Port) bool
	policy            func(*policy, *Routing, *Device, *PeerGroup) // nil: nothing special
}

// groups are the peer groups inside the fabric: which ports are in one, and
// what its peers are told and heard beyond the ordinary.
var groups = []groupRow{
	{groupUplinks, "to the tier above", func(d *Device, p Port) bool { return p.Kind == FabricPort && p.Up }, (*policy).uplinks},
	{groupDownlinks, "to the tier below", func(d *Device, p Port) bool { return p.Kind == FabricPort && !p.Up }, nil},
	{groupHosts, "to the nodes", func(d *Device, p Port) bool { return p.Kind == HostPort && d.Role.Switch() }, (*policy).hosts},
	{groupFabric, "to the leafs", func(d *Device, p Port) bool { return p.Kind == HostPort && !d.Role.Switch() }, (*policy).fabric},
}

// group adds one peer group and its peers, if the device has such ports.
func (y *policy) group(r *Routing, d *Device, row groupRow) {
	n := len(r.Peers)
	for _, port := range d.Ports {
		if row.has(d, port) {
			r.Peers = append(r.Peers, Peer{
				Port: port.Name, Group: row.name, Device: port.Peer, DevicePort: port.PeerPort,
				Description: port.Peer + " " + port.PeerPort,
			})
		}
	}
	if len(r.Peers) == n {
		return
	}
	g := PeerGroup{Name: row.name, Description: row.description, External: true, V4: y.v4, V6: y.v6, BFD: y.f.BFD}
	if row.policy != nil {
		row.policy(y, r, d, &g)
	}
	r.Groups = append(r.Groups, g)
}

// uplinks: leafs that share an ASN hear of one another's nodes only if they
// tolerate their own number; a border keeps its aggregates, which end in a
// discard route, out of the fabric.
func (y *policy) uplinks(r *Routing, d *Device, g *PeerGroup) {
	if y.twins[d.ASN] && (d.Role == Leaf || d.Role == Border) {
		g.AllowASIn = 1
	}
	for _, v6 := range y.families() {
		var rules []PrefixRule
		for _, a := range r.Aggregates {
			if a.Addr().Is6() == v6 {
				rules = append(rules, PrefixRule{Deny: true, Prefix: a, Why: "the aggregate is for the outside; inside, every address has its own route"})
			}
		}
		if len(rules) > 0 {
			rules = append(rules, anything(v6, "everything else goes on"))
			g.Out = append(g.Out, r.list("UPLINKS-OUT", v6, rules))
		}
	}
}

// hosts: what leafs take from nodes, and tell them.
func (y *policy) hosts(r *Routing, d *Device, g *PeerGroup) {
	g.MaxPrefix = HostMaxPrefix
	for _, v6 := range y.families() {
		g.In = append(g.In, r.list("HOSTS-IN", v6, y.fromHosts(d, v6)))
		if y.f.Hosts == "default" {
			g.Default = true
			g.Out = append(g.Out, r.list("HOSTS-OUT", v6, nothing(v6, "hosts are told the default route only")))
		}
	}
	g.PathIn = r.paths("HOST-PATH", "^[0-9]+$", "one ASN, the host's own: what it passes on for others, or prepends, is refused")
}

// fabric: what nodes tell leafs. A node that shares its ASN with others hears
// of them only if it tolerates its own number once.
func (y *policy) fabric(r *Routing, d *Device, g *PeerGroup) {
	if quaggaNode(d) {
		y.quaggaFabric(r, d, g)
		return
	}
	for _, v6 := range y.families() {
		rules := append(ownLoopbacks(d, v6), y.ownPods(d, v6)...)
		if len(rules) == 0 {
			rules = nothing(v6, "this node has nothing to announce")
		}
		g.Out = append(g.Out, r.list("FABRIC-OUT", v6, rules))
	}
	g.PathOut = r.paths("LOCAL-ONLY", "^$", "only what starts here: a host is never a way to somewhere else")
	if y.sameNode[d.ASN] > 1 {
		g.AllowASIn = 1
	}
}

// families are the address families of the fabric, as "is it IPv6".
func (y *policy) families() []bool {
	var out []bool
	if y.v4 {
		out = append(out, false)
	}
	if y.v6 {
		out = append(out, true)
	}
	return out
}

// list adds a prefix-list, its rules numbered, and gives the reference to it.
func (r *Routing) list(name string, v6 bool, rules []PrefixRule) PolicyRef {
	if v6 {
		name += "6"
	}
	for i := range rules {
		rules[i].Seq = 5 * (i + 1)
	}
	r.PrefixLists = append(r.PrefixLists, PrefixList{Name: name, V6: v6, Rules: rules})
	return PolicyRef{V6: v6, List: name}
}

// paths adds an as-path list of one rule and gives its name.
func (r *Routing) paths(name, regex, why string) string {
	r.PathLists = append(r.PathLists, PathList{Name: name, Regex: []string{regex}, Why: why})
	return name
}

// universe is all of a family: 0.0.0.0/0 or ::/0.
func universe(v6 bool) netip.Prefix {
	if v6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// bits is the length of a family's addresses.
func bits(v6 bool) int {
	if v6 {
		return 128
	}
	return 32
}

func anything(v6 bool, why string) PrefixRule {
	return PrefixRule{Prefix: universe(v6), Le: bits(v6), Why: why}
}

func nothing(v6 bool, why string) []PrefixRule {
	return []PrefixRule{{Deny: true, Prefix: universe(v6), Le: bits(v6), Why: why}}
}
