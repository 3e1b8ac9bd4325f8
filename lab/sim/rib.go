package sim

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// bgpPath is one way to a prefix.
type bgpPath struct {
	*attrs
	from *session // nil: from here
	at   time.Time
}

// entry is one prefix of the table.
type entry struct {
	paths []bgpPath
	best  int   // place in paths; -1: none
	multi []int // those used beside it
}

func (e *entry) bestPath() *bgpPath {
	if e == nil || e.best < 0 || e.best >= len(e.paths) {
		return nil
	}
	return &e.paths[e.best]
}

// decision is a prefix of a router that is to be decided on.
type decision struct {
	r *router
	p netip.Prefix
}

// converge decides until nothing is left to decide. Path vectors end, as no
// policy of a Clos disputes with another; the bound is for those that do.
func (w *world) converge() {
	limit := 50_000_000
	for i := 0; i < len(w.work) && i < limit; i++ {
		j := w.work[i]
		delete(j.r.queued, j.p)
		j.r.decide(j.p)
	}
	w.work = w.work[:0]
}

func (r *router) later(p netip.Prefix) {
	if !r.queued[p] {
		r.queued[p] = true
		r.dev.world.work = append(r.dev.world.work, decision{r, p})
	}
}

// put sets the path from a source, nil attrs take it away.
func (r *router) put(p netip.Prefix, from *session, a *attrs) {
	e := r.rib[p]
	if e == nil {
		if a == nil {
			return
		}
		e = &entry{best: -1}
		r.rib[p] = e
	}
	i := slices.IndexFunc(e.paths, func(x bgpPath) bool { return x.from == from })
	switch {
	case a == nil && i < 0:
		return
	case a == nil:
		// The path in use is remembered until the decision, so that the change
		// is noticed.
		e.paths = slices.Delete(slices.Clone(e.paths), i, i+1)
		if from != nil {
			from.received[familyOf(p)]--
		}
	case i < 0:
		e.paths = append(e.paths, bgpPath{a, from, time.Now()})
		if from != nil {
			from.received[familyOf(p)]++
		}
	case e.paths[i].same(a):
		return
	default:
		e.paths = slices.Clone(e.paths)
		e.paths[i] = bgpPath{a, from, time.Now()}
	}
	r.later(p)
}

func (a *attrs) same(b *attrs) bool {
	return a == b || slices.Equal(a.as, b.as) && a.origin == b.origin && a.med == b.med && a.pref == b.pref && a.weight == b.weight &&
		a.local == b.local && a.source == b.source && a.port == b.port
}

// better compares two paths as bgpd does: negative, a is better. Equal says
// that both can be used at once.
func (b *bgpConf) better(x, y *bgpPath) (order int, equal bool) {
	rank := func(o string) int { return strings.Index("IGP incomplete", o) }
	for _, n := range []int{
		y.weight - x.weight, y.pref - x.pref, boolRank(y.local) - boolRank(x.local), len(x.as) - len(y.as), rank(x.origin) - rank(y.origin),
	} {
		if n != 0 {
			return n, false
		}
	}
	if x.from == nil || y.from == nil {
		return boolRank(x.from != nil) - boolRank(y.from != nil), false
	}
	if x.from.peerASN == y.from.peerASN && max(x.med, 0) != max(y.med, 0) {
		return max(x.med, 0) - max(y.med, 0), false
	}
	if n := boolRank(y.from.external()) - boolRank(x.from.external()); n != 0 {
		return n, false
	}
	equal = b.relax || x.from.peerASN == y.from.peerASN
	if !b.compareID && !x.at.Equal(y.at) && x.from.external() {
		return x.at.Compare(y.at), equal
	}
	if n := x.from.peerID.Compare(y.from.peerID); n != 0 {
		return n, equal
	}
	return x.from.peerAddress().Compare(y.from.peerAddress()), equal
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decide chooses the best path of a prefix and tells the peers.
func (r *router) decide(p netip.Prefix) {
	e := r.rib[p]
	if e == nil || r.bgp == nil {
		return
	}
	r.version++
	r.dev.stir()
	e.best, e.multi = -1, nil
	for i := range e.paths {
		if e.best < 0 {
			e.best = i
			continue
		}
		if n, _ := r.bgp.better(&e.paths[i], &e.paths[e.best]); n < 0 {
			e.best = i
		}
	}
	best := e.bestPath()
	if best != nil {
		for i := range e.paths {
			if _, equal := r.bgp.better(&e.paths[i], best); equal && i != e.best && len(e.multi)+1 < r.bgp.families[familyOf(p)].maxPaths {
				e.multi = append(e.multi, i)
			}
		}
	}
	was := r.told[p]
	var now told
	if best != nil {
		now = told{best.attrs, best.from}
	}
	if best == nil {
		delete(r.rib, p)
	}
	if was == now {
		return
	}
	if best == nil {
		delete(r.told, p)
	} else {
		r.told[p] = now
	}
	if (was.attrs == nil) != (best == nil) {
		r.aggregate(p, best != nil)
	}
	for _, s := range r.sessions {
		if s.up() {
			s.tell(p, best)
		}
	}
}

// told is what the peers know of a prefix.
type told struct {
	attrs *attrs
	from  *session
}

// tell sends what the policy lets through.
func (s *session) tell(p netip.Prefix, best *bgpPath) {
	t := s.mirror
	if t == nil {
		return
	}
	a := s.sends(p, best)
	if a == nil && s.conf.families[familyOf(p)].originate && p.Bits() == 0 {
		a = s.defaultRoute()
	}
	if a != nil {
		a = t.takes(p, a)
	}
	t.r.put(p, t, a)
	t.limit()
}

func (s *session) defaultRoute() *attrs {
	return &attrs{as: []uint32{s.r.bgp.asn}, origin: "IGP", med: -1, pref: 100}
}

// tellAll sends the whole table, as after a route refresh.
func (s *session) tellAll() {
	for p, e := range s.r.rib {
		s.tell(p, e.bestPath())
	}
	for f, any := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		if s.conf.families[f].originate && s.carries(f) && s.r.rib[any] == nil {
			s.tell(any, nil)
		}
	}
}

// sent counts the prefixes that the peer is told.
func (s *session) sent(family int) int {
	n := 0
	for p, e := range s.r.rib {
		if familyOf(p) == family && s.sends(p, e.bestPath()) != nil {
			n++
		}
	}
	if s.conf.families[family].originate && s.carries(family) {
		n++
	}
	return n
}

// forget takes away all that a peer told.
func (r *router) forget(s *session) {
	for p := range r.rib {
		r.put(p, s, nil)
	}
}

// aggregate counts the routes below each aggregate.
func (r *router) aggregate(p netip.Prefix, there bool) {
	for _, a := range r.bgp.families[familyOf(p)].aggregates {
		if a.Bits() >= p.Bits() || !a.Contains(p.Addr()) {
			continue
		}
		if there {
			r.below[a]++
		} else {
			r.below[a]--
		}
		r.putAggregate(a)
	}
}

func (r *router) putAggregate(a netip.Prefix) {
	if r.below[a] > 0 {
		r.put(a, nil, &attrs{origin: "IGP", med: -1, pref: 100, weight: 32768, local: true, source: "aggregate"})
	} else if e := r.rib[a]; e != nil && slices.ContainsFunc(e.paths, func(p bgpPath) bool { return p.from == nil && p.source == "aggregate" }) {
		r.put(a, nil, nil)
	}
}

// fib are the kernel routes that come of the table.
func (r *router) fib() []fibRoute {
	if r.kept != nil {
		return r.kept
	}
	if r.bgp == nil || !r.runs("zebra") {
		return nil
	}
	var out []fibRoute
	groups := map[string]int{}
	for p, e := range r.rib {
		best := e.bestPath()
		if best != nil && best.from == nil && best.source == "aggregate" && !r.nearer(p) {
			// What is in none of its parts goes nowhere.
			out = append(out, fibRoute{kernelRoute: kernelRoute{prefix: p, kind: "blackhole", proto: "bgp"}})
			continue
		}
		if best == nil || best.from == nil || r.nearer(p) {
			continue
		}
		// A source map that is not there, or denies, keeps the route from the kernel.
		if m := r.bgp.src[familyOf(p)]; m != "" && r.bgp.through(m, p, best.attrs) == nil {
			continue
		}
		f := fibRoute{kernelRoute: kernelRoute{prefix: p, proto: "bgp"}, src: r.bgp.source(familyOf(p), p, best.attrs)}
		for _, i := range append([]int{e.best}, e.multi...) {
			s := e.paths[i].from
			if port := s.port(); port != nil {
				f.hops = append(f.hops, hop{s.peerAddress(), port})
			}
		}
		slices.SortFunc(f.hops, func(a, b hop) int { return a.port.index - b.port.index })
		var key strings.Builder
		for _, h := range f.hops {
			key.WriteString(h.port.name + " ")
		}
		if groups[key.String()] == 0 {
			groups[key.String()] = 20 + len(groups)
		}
		f.id = groups[key.String()]
		if len(f.hops) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// nearer says that the kernel has a route of its own, which zebra prefers.
func (r *router) nearer(p netip.Prefix) bool {
	has := func(k kernelRoute) bool { return k.prefix == p }
	return slices.ContainsFunc(r.dev.kernel, has) || slices.ContainsFunc(r.dev.connected(), has)
}

// source is the `set src` of the map for the kernel.
func (b *bgpConf) source(family int, p netip.Prefix, a *attrs) netip.Addr {
	for _, e := range b.maps[b.src[family]] {
		if slices.ContainsFunc(e.lines, func(l string) bool { return strings.HasPrefix(l, "match ") && !b.matches(l, p, a) }) {
			continue
		}
		for _, l := range e.lines {
			if text, ok := strings.CutPrefix(l, "set src "); ok {
				addr, _ := netip.ParseAddr(text)
				return addr
			}
		}
		break
	}
	return netip.Addr{}
}
