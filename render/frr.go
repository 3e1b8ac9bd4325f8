package render

import (
	"net/netip"
	"slices"
	"strconv"

	"closup/model"
)

// frrFile is what frr.conf.tmpl prints: the device's Routing in FRR's words.
type frrFile struct {
	Hostname string
	ASN      uint32
	RouterID netip.Addr
	Timers   model.Timers
	NoIPv4   bool // IPv4 is not exchanged unless a group says so
	Lists    []frrList
	Paths    []frrPath
	Maps     []frrMap
	Groups   []model.PeerGroup
	Peers    []frrPeer
	Families []frrFamily
	Sources  []frrSource
}

type frrList struct {
	Family, Name string // Family: "ip" or "ipv6"
	Rules        []model.PrefixRule
}

// frrPath is one entry of an as-path list. It has no number: FRR before 8.0
// refuses one (FRRouting/frr#8283).
type frrPath struct{ Name, Regex string }

// frrMap is one entry of a route-map, with its only line.
type frrMap struct {
	Name string
	Seq  int
	Line string
}

// frrPeer has all fields of its own: a template takes long to find one that an
// embedded struct brings along.
type frrPeer struct {
	Key, Group, Description string
	BFD, Numbered           bool
	RemoteAS                string // empty: its group's
}

type frrFamily struct {
	Name         string // "ipv4 unicast"
	Aggregates   []netip.Prefix
	Redistribute []model.Originate
	Neighbors    []frrNeighbor
}

// frrNeighbor is what one group, or one peer, has to say in one family.
type frrNeighbor struct {
	Key          string
	Activate     string // a whole line, or nothing where it is the default
	RemovePrivAS bool
	Default      bool
	MaxPrefix    int
	AllowASIn    int
	In, Out      string // prefix-lists
	PathIn       string
	PathOut      string
}

type frrSource struct{ Family, RouteMap string }

// frrView puts a device's routing into the shape of a frr.conf. Policy comes
// before what refers to it, so that no session ever sees half of it.
func frrView(_ *model.Plan, d *model.Device) (any, error) {
	r := &d.Routing
	f := frrFile{
		Hostname: d.Name, ASN: r.ASN, RouterID: r.RouterID, Timers: r.Timers,
		NoIPv4: !r.V4, Groups: r.Groups,
	}
	for _, l := range r.PrefixLists {
		f.Lists = append(f.Lists, frrList{ipWord(l.V6), l.Name, l.Rules})
	}
	for _, l := range r.PathLists {
		for _, regex := range l.Regex {
			f.Paths = append(f.Paths, frrPath{l.Name, regex})
		}
	}
	f.Maps = originMaps(r.Originate)
	for _, a := range r.Source {
		s := frrSource{Family: ipWord(a.Is6()), RouteMap: "SETSRC"}
		if a.Is6() {
			s.RouteMap += "6"
		}
		f.Maps = append(f.Maps, frrMap{s.RouteMap, 10, "set src " + a.String()})
		f.Sources = append(f.Sources, s)
	}
	for _, p := range r.Peers {
		f.Peers = append(f.Peers, frrPeer{p.Key(), p.Group, p.Description, p.BFD, p.Address.IsValid(), remoteAS(r, p)})
	}
	for _, v6 := range []bool{false, true} {
		if v6 && r.V6 || !v6 && r.V4 {
			f.Families = append(f.Families, family(r, v6))
		}
	}
	return f, nil
}

// family is everything that one address-family block holds.
func family(r *model.Routing, v6 bool) frrFamily {
	f := frrFamily{Name: "ipv4 unicast"}
	if v6 {
		f.Name = "ipv6 unicast"
	}
	for _, a := range r.Aggregates {
		if a.Addr().Is6() == v6 {
			f.Aggregates = append(f.Aggregates, a)
		}
	}
	for _, o := range r.Originate {
		if o.V6 == v6 {
			f.Redistribute = append(f.Redistribute, o)
		}
	}
	for _, g := range r.Groups {
		n := frrNeighbor{Key: g.Name, Activate: activate(r, g, v6)}
		if g.V4 && !v6 || g.V6 && v6 {
			n.RemovePrivAS, n.Default, n.MaxPrefix, n.AllowASIn = g.RemovePrivAS, g.Default, g.MaxPrefix, g.AllowASIn
			n.In, n.Out, n.PathIn, n.PathOut = listFor(g.In, v6), listFor(g.Out, v6), g.PathIn, g.PathOut
		}
		f.Neighbors = append(f.Neighbors, n)
	}
	for _, p := range r.Peers {
		g := groupOf(r, p)
		n := frrNeighbor{Key: p.Key(), In: listFor(p.In, v6), Out: listFor(p.Out, v6), MaxPrefix: p.MaxPrefix}
		if (g.V4 && !v6 || g.V6 && v6) && n != (frrNeighbor{Key: n.Key}) {
			f.Neighbors = append(f.Neighbors, n)
		}
	}
	return f
}

// activate is the line that turns a family on or off for a group, where bgpd
// would not do so by itself: it activates IPv4, and nothing else.
func activate(r *model.Routing, g model.PeerGroup, v6 bool) string {
	line := "neighbor " + g.Name + " activate"
	switch byDefault := !v6 && r.V4; {
	case v6 && g.V6:
		return line
	case byDefault && !g.V4:
		return "no " + line
	}
	return ""
}

// originMaps are the route-maps of all redistributions, each once: PODS filters
// both what the kernel has and what a bridge has.
func originMaps(all []model.Originate) []frrMap {
	var out []frrMap
	for _, o := range all {
		if slices.ContainsFunc(out, func(m frrMap) bool { return m.Name == o.RouteMap }) {
			continue
		}
		for i, list := range o.Lists {
			out = append(out, frrMap{o.RouteMap, 10 * (i + 1), "match " + ipWord(o.V6) + " address prefix-list " + list})
		}
	}
	return out
}

// remoteAS is what a peer says of the other end's ASN itself.
func remoteAS(r *model.Routing, p model.Peer) string {
	switch {
	case groupOf(r, p).External:
		return ""
	case p.ASN == 0:
		return "external"
	}
	return strconv.FormatUint(uint64(p.ASN), 10)
}

func groupOf(r *model.Routing, p model.Peer) model.PeerGroup {
	for _, g := range r.Groups {
		if g.Name == p.Group {
			return g
		}
	}
	return model.PeerGroup{}
}

func listFor(refs []model.PolicyRef, v6 bool) string {
	for _, ref := range refs {
		if ref.V6 == v6 {
			return ref.List
		}
	}
	return ""
}

// ipWord is how FRR begins the commands of a family.
func ipWord(v6 bool) string {
	if v6 {
		return "ipv6"
	}
	return "ip"
}
