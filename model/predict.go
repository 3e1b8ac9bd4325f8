package model

import (
	"cmp"
	"net/netip"
	"slices"
)

// The prediction follows Device.Routing, which is what render prints, by the
// rules of bgpd (RFC 4271 section 9 and FRR's bgp_path_info_cmp):
//
//   - what a device originates itself wins, then the shortest AS path, then
//     the lower origin code (default-originate before redistribute). Paths equal so far are used together, since the files say
//     `bgp bestpath as-path multipath-relax`.
//   - of those, the one whose neighbor has the lowest router-id is told
//     further, since the files say `bgp bestpath compare-routerid`. Where
//     router-ids tie (parallel links to one neighbor) or are unknown (two
//     outside peers), bgpd looks at the neighbor's address, which nobody knows
//     beforehand; the first in port order stands for it here. Such ties change
//     no number of paths, and the AS path only where outside ASNs differ.
//   - a route is not kept from a peer whose ASN is in its path, nor, within an
//     update group, from the one that told it (bgpd's default); the receiver's
//     loop check drops it, or its own shorter path wins. Either way it shows
//     nowhere in the prediction.
//   - default-originate passes the group's outbound lists, and stands in the
//     place of a default that was learned.
//   - an aggregate stands while its device holds something longer inside it.
//   - MED does not decide: everything starts with 0, and bgpd drops it on the
//     second hop.
//
// Every hop adds one ASN, so a device's paths of length n come from neighbors
// whose best path has length n-1: the walk goes outward from a prefix's
// origin, ring by ring, and touches each session once.

// Routes predicts the table of the named devices, or of all when none is
// named: for every prefix that the fabric originates or that an outside peer
// is expected to tell (its accept list; 0.0.0.0/0 where that is empty), the
// paths that are used together. The path that is told further stands first,
// the others in port order. Devices come in tier order, prefixes in address
// order, IPv4 first. A prefix that a device does not hold has no row. The ASN
// of an outside peer that may be any one stands as 0 in paths.
func (p *Plan) Routes(devices ...string) []Route {
	return p.RoutesWithout(Failure{}, devices...)
}

// RoutesWithout predicts as Routes does, with f down. A device that is down
// holds nothing.
func (p *Plan) RoutesWithout(f Failure, devices ...string) []Route {
	g := newGraph(p)
	g.fail(f)
	asked := g.named(devices)
	w := newWalk(g, slices.Concat(asked, g.aggregating()))
	tables := make([][]Route, len(asked))
	g.spread(w, func(o origination) {
		for i, d := range asked {
			if w.holds(d) {
				tables[i] = append(tables[i], w.route(d, o))
			}
		}
	})
	for _, t := range tables {
		slices.SortFunc(t, func(a, b Route) int { return comparePrefix(a.Prefix, b.Prefix) })
	}
	return slices.Concat(tables...)
}

// spread walks every prefix of the fabric, aggregates last and the longest of
// them first, since one stands only while its device holds something inside it.
func (g *graph) spread(w *walk, each func(origination)) {
	inside := map[SessionKey]bool{} // a device and its aggregate
	note := func(o origination) {
		for _, d := range g.aggregating() {
			if !w.holds(d) || w.entries[d].ways[0].aggregate {
				continue
			}
			for _, a := range g.device(d).Routing.Aggregates {
				if a.Bits() < o.prefix.Bits() && a.Contains(o.prefix.Addr()) {
					inside[SessionKey{g.device(d).Name, a.String()}] = true
				}
			}
		}
	}
	plain, aggregates := g.originated()
	for _, o := range plain {
		w.spread(o)
		note(o)
		each(o)
	}
	for _, o := range aggregates {
		o.seeds = slices.DeleteFunc(o.seeds, func(s seed) bool {
			return s.aggregate && !inside[SessionKey{g.device(s.device).Name, o.prefix.String()}]
		})
		w.spread(o)
		note(o)
		each(o)
	}
}

// aggregating lists the devices that announce aggregates.
func (g *graph) aggregating() []int { return g.withAggregates }

// seed is one place where a prefix enters the fabric.
type seed struct {
	device  int
	session int      // of the device: where an outside peer tells it; -1: the device's own
	as      []uint32 // as the device receives it
	code    uint8
	told    bool // default-originate: not held by the device, only told on session

	aggregate bool
}

// origination is one prefix with all its seeds.
type origination struct {
	prefix netip.Prefix
	pod    bool
	seeds  []seed
}

// Origin codes, RFC 4271 4.3: the lower one wins.
const (
	codeIGP        = 0 // default-originate, and what is told from outside
	codeIncomplete = 2 // redistribute
)

// originated lists every prefix that enters the fabric, in address order, and
// apart from them those that are aggregates, longest first.
func (g *graph) originated() (plain, aggregates []origination) {
	var all []origination
	place := map[netip.Prefix]int{}
	add := func(prefix netip.Prefix, pod bool, s seed) {
		i, ok := place[prefix]
		if !ok {
			i = len(all)
			place[prefix] = i
			all = append(all, origination{prefix: prefix})
		}
		all[i].pod = all[i].pod || pod
		all[i].seeds = append(all[i].seeds, s)
	}
	for d := range g.speakers {
		g.ownSeeds(d, add)
		g.toldSeeds(d, add)
	}
	slices.SortFunc(all, func(a, b origination) int { return comparePrefix(a.prefix, b.prefix) })
	for _, o := range all {
		if slices.ContainsFunc(o.seeds, func(s seed) bool { return s.aggregate }) {
			aggregates = append(aggregates, o)
		} else {
			plain = append(plain, o)
		}
	}
	slices.SortStableFunc(aggregates, func(a, b origination) int { return cmp.Compare(b.prefix.Bits(), a.prefix.Bits()) })
	return plain, aggregates
}

// comparePrefix orders IPv4 before IPv6, then by address, then by length.
func comparePrefix(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

type addSeed func(prefix netip.Prefix, pod bool, s seed)

// ownSeeds adds what the device itself originates: connected and kernel routes
// that a redistribution permits, and aggregates.
func (g *graph) ownSeeds(d int, add addSeed) {
	dev := g.device(d)
	own := seed{device: d, session: -1, code: codeIncomplete}
	for _, lo := range dev.Loopbacks {
		if g.redistributes(d, lo, "connected") {
			add(lo, false, own)
		}
	}
	for i := range dev.Ports {
		for _, a := range dev.Ports[i].Addresses {
			if g.redistributes(d, a.Masked(), "connected") {
				add(a.Masked(), false, own)
			}
		}
	}
	// Whether a pod network is the kernel's route or a connected one is the
	// CNI's choice.
	for _, pod := range dev.PodCIDRs {
		if g.redistributes(d, pod, "kernel") || g.redistributes(d, pod, "connected") {
			add(pod, true, own)
		}
	}
	for _, a := range dev.Routing.Aggregates {
		add(a, false, seed{device: d, session: -1, code: codeIncomplete, aggregate: true})
	}
}

// redistributes says whether a redistribution of the device takes the prefix.
func (g *graph) redistributes(d int, prefix netip.Prefix, source string) bool {
	r := &g.device(d).Routing
	for i := range r.Originate {
		o := &r.Originate[i]
		if o.Source != source || o.V6 != prefix.Addr().Is6() {
			continue
		}
		for _, name := range o.Lists {
			if l := g.list(d, name, o.V6); l != nil && l.Permits(prefix) {
				return true
			}
		}
	}
	return false
}

// toldSeeds adds what the device hears from outside, and the default that it
// tells its peers without having it.
func (g *graph) toldSeeds(d int, add addSeed) {
	for i := range g.speakers[d].sessions {
		s := &g.speakers[d].sessions[i]
		if s.outside {
			for _, prefix := range s.in.announced() {
				if as := []uint32{s.asn}; s.carries(prefix) && s.in.permits(prefix, as) {
					add(prefix, false, seed{device: d, session: i, as: as, code: codeIGP})
				}
			}
			continue
		}
		for _, prefix := range s.defaults {
			add(prefix, false, seed{device: d, session: i, code: codeIGP, told: true})
		}
	}
}
