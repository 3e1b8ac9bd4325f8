package sim

import (
	"net/netip"
	"slices"
	"strings"
)

// decision is a prefix of a router that is to be decided on, by its number.
type decision struct {
	r *router
	n int
}

// converge decides until nothing is left to decide. Path vectors end, as no
// policy of a Clos disputes with another; the bound is for those that do.
func (w *world) converge() {
	limit := 50_000_000
	for i := 0; i < len(w.work) && limit > 0; limit-- {
		j := w.work[i]
		j.r.decide(j.n)
		if i++; i > 1000 && i > len(w.work)/2 {
			w.work, i = slices.Delete(w.work, 0, i), 0
		}
	}
	w.work = w.work[:0]
}

func (r *router) later(n int, e *entry) {
	if !e.queued {
		e.queued = true
		r.dev.world.work = append(r.dev.world.work, decision{r, n})
	}
}

// put sets the path from a source, nil attrs take it away.
func (r *router) put(p netip.Prefix, from *session, a *attrs) {
	if a == nil && r.entry(p) == nil {
		return
	}
	n := r.dev.world.prefixes.number(p)
	e := r.made(n)
	i, settled := e.from(from), true
	switch {
	case a == nil && i < 0, a != nil && i >= 0 && e.paths[i].same(a):
		return
	case i >= 0: // that it was in use is known from what was told
		settled = r.aside(e, i)
		e.remove(i)
	}
	if a != nil {
		e.add(bgpPath{a, from}, len(r.sessions)+1)
		settled = settled && r.aside(e, len(e.paths)-1)
	}
	if from != nil {
		from.received[familyOf(p)] += boolRank(a != nil) - boolRank(i >= 0)
	}
	if settled {
		r.noted()
		return
	}
	r.later(n, e)
}

// aside says that the path at i is so much worse than the best one that it
// decides nothing: of the paths that a spine has, all but one or two.
func (r *router) aside(e *entry, i int) bool {
	best := e.bestPath()
	if best == nil || e.queued || r.bgp == nil || i == int(e.best) || slices.Contains(e.multi, int32(i)) {
		return false
	}
	n, equal := r.bgp.better(&e.paths[i], best, i > int(e.best))
	return n > 0 && !equal
}

// noted is a change of the table.
func (r *router) noted() {
	r.version++
	r.dev.stir()
}

func (a *attrs) same(b *attrs) bool {
	return a == b || slices.Equal(a.as, b.as) && a.origin == b.origin && a.med == b.med && a.pref == b.pref && a.weight == b.weight &&
		a.local == b.local && a.source == b.source && a.port == b.port
}

// better compares two paths as bgpd does, of which x may be the one that came
// later: negative, x is better. Equal says that both can be used at once.
func (b *bgpConf) better(x, y *bgpPath, later bool) (order int, equal bool) {
	if x.attrs != y.attrs {
		switch {
		case x.weight != y.weight:
			return y.weight - x.weight, false
		case x.pref != y.pref:
			return y.pref - x.pref, false
		case x.local != y.local:
			return boolRank(y.local) - boolRank(x.local), false
		case len(x.as) != len(y.as):
			return len(x.as) - len(y.as), false
		case x.origin != y.origin: // IGP comes before incomplete
			return strings.Compare(x.origin, y.origin), false
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
	if !b.compareID && x.from.external() {
		return boolRank(later) - boolRank(!later), equal
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
func (r *router) decide(n int) {
	if n >= len(r.rib) || r.rib[n] == nil { // the table was cleared
		return
	}
	p, e := r.dev.world.prefixes.all[n], r.rib[n]
	e.queued = false
	if r.bgp == nil {
		return
	}
	r.noted()
	r.choose(e, r.bgp.families[familyOf(p)].maxPaths)
	was := e.told
	e.told = bgpPath{}
	if best := e.bestPath(); best != nil {
		e.told = *best
	} else {
		r.rib[n] = nil
	}
	if was == e.told {
		return
	}
	e.out = nil
	if (was.attrs == nil) != (e.told.attrs == nil) {
		r.aggregate(p, e.told.attrs != nil)
	}
	for _, s := range r.sessions {
		if s.up() {
			s.tell(p, e)
		}
	}
}

// choose finds the best path, and those that are used beside it.
func (r *router) choose(e *entry, most int) {
	e.best, e.multi = -1, e.multi[:0]
	for i := range e.paths {
		if e.best < 0 {
			e.best = int32(i)
			continue
		}
		if n, _ := r.bgp.better(&e.paths[i], &e.paths[e.best], true); n < 0 {
			e.best = int32(i)
		}
	}
	best := e.bestPath()
	for i := 0; i < len(e.paths) && len(e.multi)+1 < most; i++ {
		if int32(i) == e.best {
			continue
		}
		if _, equal := r.bgp.better(&e.paths[i], best, true); equal {
			e.multi = append(e.multi, int32(i))
		}
	}
}

// tell sends what the policy lets through of what is told of e; nil: of nothing.
func (s *session) tell(p netip.Prefix, e *entry) {
	t := s.mirror
	if t == nil {
		return
	}
	a := s.sends(p, e)
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
	for p, e := range s.r.entries() {
		s.tell(p, e)
	}
	for f, any := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		if s.conf.families[f].originate && s.carries(f) && s.r.entry(any) == nil {
			s.tell(any, nil)
		}
	}
}

// sent counts the prefixes that the peer is told.
func (s *session) sent(family int) int {
	n := 0
	for p, e := range s.r.entries() {
		if familyOf(p) == family && s.sends(p, e) != nil {
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
	for p := range r.entries() {
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
	} else if e := r.entry(a); e != nil && e.from(nil) >= 0 && e.paths[e.from(nil)].source == "aggregate" {
		r.put(a, nil, nil)
	}
}
