package sim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// attrs are what a route carries. They are shared and never change.
type attrs struct {
	as     []uint32 // nearest first
	origin string   // "IGP", "incomplete"
	med    int      // -1: none
	pref   int
	weight int
	local  bool   // this router began it
	source string // of a local one: "connected", "kernel", "network", "aggregate"
	port   string // of a connected one
}

func (a *attrs) asText() string {
	var b []byte
	for i, n := range a.as {
		if i > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return string(b)
}

func (r listRule) matches(p netip.Prefix) bool {
	if r.any {
		return true
	}
	if !r.prefix.Contains(p.Addr()) || p.Bits() < r.prefix.Bits() {
		return false
	}
	switch {
	case r.ge == 0 && r.le == 0:
		return p.Bits() == r.prefix.Bits()
	case r.le == 0:
		return p.Bits() >= r.ge
	}
	return p.Bits() >= max(r.ge, r.prefix.Bits()) && p.Bits() <= r.le
}

// permits asks a list. One that is not there denies all (tried on 8.4.4).
func (b *bgpConf) permits(list string, p netip.Prefix) bool {
	for _, r := range b.lists[list] {
		if r.matches(p) {
			return !r.deny
		}
	}
	return false
}

func (b *bgpConf) pathPermits(list string, a *attrs) bool {
	text := a.asText()
	for _, r := range b.paths[list] {
		if r.re.MatchString(text) {
			return !r.deny
		}
	}
	return false
}

// through sends a route through a route-map; nil: it is denied, as by one that
// is not there.
func (b *bgpConf) through(name string, p netip.Prefix, a *attrs) *attrs {
	for _, e := range b.maps[name] {
		if !slices.ContainsFunc(e.lines, func(l string) bool { return strings.HasPrefix(l, "match ") && !b.matches(l, p, a) }) {
			if e.deny {
				return nil
			}
			return e.set(a)
		}
	}
	return nil
}

func (b *bgpConf) matches(line string, p netip.Prefix, a *attrs) bool {
	w := strings.Fields(line)
	v4 := p.Addr().Is4()
	switch {
	case strings.HasPrefix(line, "match ip address prefix-list "):
		return v4 && b.permits("ip "+w[4], p)
	case strings.HasPrefix(line, "match ipv6 address prefix-list "):
		return !v4 && b.permits("ipv6 "+w[4], p)
	case strings.HasPrefix(line, "match ip address "):
		return v4 && b.permits("access "+w[3], p)
	case strings.HasPrefix(line, "match as-path "):
		return b.pathPermits(w[2], a)
	case strings.HasPrefix(line, "match interface "):
		return a.port == w[2]
	case strings.HasPrefix(line, "match source-protocol "):
		return a.source == w[2]
	}
	return false
}

func (e mapEntry) set(a *attrs) *attrs {
	if !slices.ContainsFunc(e.lines, func(l string) bool { return strings.HasPrefix(l, "set ") }) {
		return a
	}
	next := *a
	for _, l := range e.lines {
		w := strings.Fields(l)
		if w[0] != "set" {
			continue
		}
		n, _ := strconv.Atoi(w[len(w)-1])
		switch w[1] {
		case "metric":
			next.med = n
		case "weight":
			next.weight = n
		case "local-preference":
			next.pref = n
		case "as-path":
			var more []uint32
			for _, s := range w[3:] {
				as, _ := parseASN(s)
				more = append(more, as)
			}
			next.as = append(more, a.as...)
		}
	}
	return &next
}

func familyOf(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 0
	}
	return 1
}

func listFamily(f int) string { return [2]string{"ip ", "ipv6 "}[f] }

// filtered applies the lists of one direction; nil: denied.
func (b *bgpConf) filtered(f *peerFamily, direction int, p netip.Prefix, a *attrs) *attrs {
	if l := f.lists[direction]; l != "" && !b.permits(listFamily(familyOf(p))+l, p) {
		return nil
	}
	if l := f.access[direction]; l != "" && !b.permits("access "+l, p) {
		return nil
	}
	if l := f.filters[direction]; l != "" && !b.pathPermits(l, a) {
		return nil
	}
	if m := f.maps[direction]; m != "" {
		return b.through(m, p, a)
	}
	return a
}

// hasPolicy is what RFC 8212 asks for.
func (f *peerFamily) hasPolicy(direction int) bool {
	return f.lists[direction]+f.access[direction]+f.filters[direction]+f.maps[direction] != ""
}

// takes is a route from the peer as it enters the table; nil: it does not.
func (s *session) takes(p netip.Prefix, a *attrs) *attrs {
	b, f := s.r.bgp, &s.conf.families[familyOf(p)]
	if !s.carries(familyOf(p)) || b.needPolicy && s.external() && !f.hasPolicy(in) {
		return nil
	}
	own := 0
	for _, as := range a.as {
		if as == b.asn || s.conf.localAS != 0 && as == s.conf.localAS {
			own++
		}
	}
	if own > f.allowOwn {
		return nil
	}
	if s.conf.localAS != 0 && !s.conf.noPrepend {
		next := *a
		next.as = append([]uint32{s.conf.localAS}, a.as...)
		a = &next
	}
	return b.filtered(f, in, p, a)
}

// outgoing is what became of a route that was told: peers that are told alike
// share it.
type outgoing struct {
	like     *peerConf
	external bool
	told     *attrs // nil: nothing
	next     *outgoing
}

// sends is what is told of an entry as the peer gets it; nil: it does not.
func (s *session) sends(p netip.Prefix, e *entry) *attrs {
	b, f := s.r.bgp, &s.conf.families[familyOf(p)]
	if e == nil || e.told.attrs == nil || !s.carries(familyOf(p)) || b.needPolicy && s.external() && !f.hasPolicy(out) {
		return nil
	}
	// What a peer told is told back to it: it knows its own number in the path
	// (bgpd 8.4, update groups).
	from := e.told.from
	if from != nil && !from.external() && !s.external() {
		return nil
	}
	if s.conf.like == nil || len(s.r.sessions) < 3 { // a node's two uplinks keep nothing for each other
		return s.becomes(p, e.told.attrs)
	}
	for o := e.out; o != nil; o = o.next {
		if o.like == s.conf.like && o.external == s.external() {
			return o.told
		}
	}
	a := s.becomes(p, e.told.attrs)
	for o := e.out; o != nil && a != nil; o = o.next {
		if o.told != nil && o.told.same(a) {
			a = o.told
			break
		}
	}
	e.out = &outgoing{s.conf.like, s.external(), a, e.out}
	return a
}

// becomes is the route after the policy and the protocol's own changes.
func (s *session) becomes(p netip.Prefix, best *attrs) *attrs {
	b, f := s.r.bgp, &s.conf.families[familyOf(p)]
	a := b.filtered(f, out, p, best)
	if a == nil {
		return nil
	}
	next := *a
	next.local, next.source, next.port, next.weight = false, "", "", 0
	if !best.local {
		next.med = a.med
		if a.med == best.med {
			next.med = -1
		}
	}
	if !s.external() {
		next.pref = max(a.pref, 100)
		return &next
	}
	next.pref = 100
	as := a.as
	if f.removePrivate || f.asOverride {
		as = slices.Clone(as)
	}
	if f.removePrivate && (f.removePrivateAll || !slices.ContainsFunc(as, func(n uint32) bool { return !private(n) })) {
		as = slices.DeleteFunc(as, private)
	}
	if f.asOverride {
		for i, n := range as {
			if n == s.peerASN {
				as[i] = b.asn
			}
		}
	}
	own := []uint32{b.asn}
	if l := s.conf.localAS; l != 0 {
		own = []uint32{l, b.asn}
		if s.conf.replaceAS {
			own = own[:1]
		}
	}
	next.as = slices.Concat(own, as)
	return &next
}

// private are the numbers of RFC 6996.
func private(n uint32) bool { return n >= 64512 && n <= 65534 || n >= 4200000000 && n <= 4294967294 }
