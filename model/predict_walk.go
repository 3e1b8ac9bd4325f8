package model

import (
	"cmp"
	"net/netip"
	"slices"
)

// maxPaths is the `maximum-paths` of every device.
const maxPaths = 64

// walk spreads one prefix after another through a graph. It settles only what
// the wanted devices need: each ring is first looked at from them, and only if
// some of them hold nothing yet does the whole ring get its routes. Devices
// that tell nobody what they learn are left to the end.
type walk struct {
	g      *graph
	ends   []int // wanted, and stubs: settled last, from their neighbors
	wanted []int // wanted or next to a wanted stub
	want   []bool

	round   int
	entries []entry
	touched []int
	scratch []uint32
}

// entry is what one device holds for the walk's prefix.
type entry struct {
	round int // of the walk; an older one holds nothing
	ring  int // AS path length; -1: settled by nobody yet, ways are offers
	ways  []way
}

// way is one path of a device.
type way struct {
	session int // -1: its own
	as      []uint32
	code    uint8
	source  int // the device that originates it, -1: outside

	aggregate bool
}

func newWalk(g *graph, asked []int) *walk {
	w := &walk{g: g, want: make([]bool, len(g.speakers)), entries: make([]entry, len(g.speakers))}
	add := func(d int) {
		if !w.want[d] {
			w.want[d] = true
			w.wanted = append(w.wanted, d)
		}
	}
	for _, d := range asked {
		if !g.speakers[d].stub {
			add(d)
			continue
		}
		w.ends = append(w.ends, d)
		for i := range g.speakers[d].sessions {
			if s := &g.speakers[d].sessions[i]; !s.outside && !g.speakers[s.peer].stub {
				add(s.peer)
			}
		}
	}
	return w
}

// holds says whether the device has a path to the prefix last spread.
func (w *walk) holds(d int) bool {
	return w.entries[d].round == w.round && w.entries[d].ring >= 0
}

// spread computes the paths of one prefix.
func (w *walk) spread(o origination) {
	w.round++
	var ring []int
	for _, s := range o.seeds {
		if s.session < 0 && !w.holds(s.device) && !w.g.speakers[s.device].down {
			w.fresh(s.device).ring = 0
			w.entries[s.device].ways = append(w.entries[s.device].ways,
				way{session: -1, as: []uint32{}, code: s.code, source: s.device, aggregate: s.aggregate})
			ring = append(ring, s.device)
		}
	}
	for n := 1; n == 1 || len(ring) > 0; n++ {
		missing := slices.DeleteFunc(slices.Clone(w.wanted), w.holds)
		if len(missing) == 0 {
			break
		}
		w.touched = w.touched[:0]
		for _, d := range missing {
			w.pull(d, n-1, o)
		}
		if n == 1 {
			w.early(o, func(d int) bool { return w.want[d] })
		}
		if w.settle(n) < len(missing) {
			w.push(ring, o)
			if n == 1 {
				w.early(o, func(d int) bool { return !w.want[d] && !w.g.speakers[d].stub })
			}
			w.settle(n)
		}
		ring = append(ring[:0], w.touched...)
	}
	w.finish(o)
}

// early offers what enters on a session: it is one ASN long on arrival.
func (w *walk) early(o origination, to func(int) bool) {
	for _, s := range o.seeds {
		if s.session < 0 || w.g.speakers[s.device].down {
			continue
		}
		a := &w.g.speakers[s.device].sessions[s.session]
		switch {
		case a.down:
		case s.told:
			if to(a.peer) && !w.holds(a.peer) {
				w.deliver(s.device, a, way{as: nil, code: s.code, source: s.device}, o)
			}
		case to(s.device) && !w.holds(s.device):
			w.offer(s.device, way{session: s.session, as: s.as, code: s.code, source: -1})
		}
	}
}

// pull offers a device what its neighbors of a ring tell it; ring -1: all.
func (w *walk) pull(d, ring int, o origination) {
	for i := range w.g.speakers[d].sessions {
		a := &w.g.speakers[d].sessions[i]
		if a.outside || !w.holds(a.peer) || ring >= 0 && w.entries[a.peer].ring != ring {
			continue
		}
		w.tell(a.peer, &w.g.speakers[a.peer].sessions[a.far], o)
	}
}

// push offers what a ring tells to every device that passes things on.
func (w *walk) push(ring []int, o origination) {
	for _, d := range ring {
		for i := range w.g.speakers[d].sessions {
			a := &w.g.speakers[d].sessions[i]
			if a.outside || w.want[a.peer] || w.g.speakers[a.peer].stub || w.holds(a.peer) {
				continue
			}
			w.tell(d, a, o)
		}
	}
}

// tell sends a device's best path on a session, if its policy lets it out.
func (w *walk) tell(from int, a *adjacency, o origination) {
	best := w.entries[from].ways[0]
	if !a.carries(o.prefix) || slices.Contains(a.defaults, o.prefix) || !a.out.permits(o.prefix, best.as) {
		return // a peer that is told a default of our own does not get a learned one
	}
	w.deliver(from, a, best, o)
}

// deliver puts the sender's ASN in front and hands the path to the receiver's
// policy: the loop check, then its lists.
func (w *walk) deliver(from int, a *adjacency, best way, o origination) {
	if a.down || w.g.speakers[a.peer].down {
		return
	}
	own := w.g.speakers[from].asn
	as := append(w.scratch[:0], own)
	as = append(as, best.as...)
	w.scratch = as
	loops := 0
	for _, n := range as {
		if n == a.asn {
			loops++
		}
	}
	far := &w.g.speakers[a.peer].sessions[a.far]
	if loops > far.allow || !far.carries(o.prefix) || !far.in.permits(o.prefix, as) {
		return
	}
	w.offer(a.peer, way{session: a.far, as: slices.Clone(as), code: best.code, source: best.source})
}

// fresh clears what an earlier prefix left in an entry.
func (w *walk) fresh(d int) *entry {
	e := &w.entries[d]
	if e.round != w.round {
		*e = entry{round: w.round, ring: -1, ways: e.ways[:0]}
	}
	return e
}

func (w *walk) offer(d int, y way) {
	e := w.fresh(d)
	if len(e.ways) == 0 {
		w.touched = append(w.touched, d)
	}
	e.ways = append(e.ways, y)
}

// settle turns the offers of a ring into routes and says how many devices now
// hold one.
func (w *walk) settle(ring int) int {
	for _, d := range w.touched {
		e := &w.entries[d]
		if e.ring >= 0 {
			continue
		}
		e.ring = ring
		e.ways = w.choose(d, e.ways)
	}
	return len(w.touched)
}

// choose keeps the paths that are used together, the one told further first.
func (w *walk) choose(d int, ways []way) []way {
	rank := func(a, b way) int {
		return cmp.Or(cmp.Compare(len(a.as), len(b.as)), cmp.Compare(a.code, b.code))
	}
	best := slices.MinFunc(ways, rank)
	ways = slices.DeleteFunc(ways, func(y way) bool { return rank(y, best) != 0 })
	slices.SortFunc(ways, func(a, b way) int { return cmp.Compare(a.session, b.session) })
	first := 0
	for i := range ways {
		if w.neighborID(d, ways[i]).Less(w.neighborID(d, ways[first])) {
			first = i
		}
	}
	y := ways[first]
	copy(ways[1:first+1], ways[:first])
	ways[0] = y
	return ways[:min(len(ways), maxPaths)]
}

// finish settles the wanted devices that pass nothing on.
func (w *walk) finish(o origination) {
	for _, d := range w.ends {
		if w.holds(d) {
			continue
		}
		w.touched = w.touched[:0]
		w.pull(d, -1, o)
		w.early(o, func(to int) bool { return to == d })
		if len(w.touched) > 0 {
			e := &w.entries[d]
			e.ways = w.choose(d, e.ways)
			e.ring = len(e.ways[0].as)
		}
	}
}

// neighborID is the router-id behind a path; the zero address, which sorts
// first, where nobody knows it.
func (w *walk) neighborID(d int, y way) netip.Addr {
	a := &w.g.speakers[d].sessions[y.session]
	if a.outside {
		return netip.Addr{}
	}
	return w.g.speakers[a.peer].routerID
}

// route is the device's entry as the plan prints it.
func (w *walk) route(d int, o origination) Route {
	e := &w.entries[d]
	r := Route{Device: w.g.device(d).Name, Prefix: o.prefix, Origin: "external", Pod: o.pod}
	if s := e.ways[0].source; s >= 0 {
		r.Origin = w.g.device(s).Name
	}
	r.Paths = make([]Path, len(e.ways))
	for i, y := range e.ways {
		r.Paths[i].AS = y.as
		if y.session >= 0 {
			r.Paths[i].Port = w.g.speakers[d].sessions[y.session].port
		}
	}
	return r
}
