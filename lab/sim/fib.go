package sim

import (
	"net/netip"
	"slices"
	"strings"
)

// fib are a family's kernel routes that come of the table.
func (r *router) fib(f int) []fibRoute {
	if r.kept != nil {
		return slices.Clone(r.kept[f])
	}
	if r.bgp == nil || !r.runs("zebra") {
		return nil
	}
	out := make([]fibRoute, 0, len(r.rib))
	groups := map[string]int{}
	nearer := r.nearer()
	hops := map[*session]hop{}
	for _, s := range r.sessions {
		if port := s.port(); port != nil {
			hops[s] = hop{s.peerAddress(), port}
		}
	}
	var key []byte
	for p, e := range r.entries() {
		if familyOf(p) != f {
			continue
		}
		best := e.bestPath()
		if best != nil && best.from == nil && best.source == "aggregate" && !nearer[p] {
			// What is in none of its parts goes nowhere.
			out = append(out, fibRoute{kernelRoute: kernelRoute{prefix: p, kind: "blackhole", proto: "bgp"}})
			continue
		}
		if best == nil || best.from == nil || nearer[p] {
			continue
		}
		// A source map that is not there, or denies, keeps the route from the kernel.
		if m := r.bgp.src[f]; m != "" && r.bgp.through(m, p, best.attrs) == nil {
			continue
		}
		k := fibRoute{kernelRoute: kernelRoute{prefix: p, proto: "bgp"}, src: r.bgp.source(f, p, best.attrs)}
		for _, i := range append([]int32{e.best}, e.multi...) {
			if h, ok := hops[e.paths[i].from]; ok {
				k.hops = append(k.hops, h)
			}
		}
		slices.SortFunc(k.hops, func(a, b hop) int { return a.port.index - b.port.index })
		key = key[:0]
		for _, h := range k.hops {
			key = append(append(key, h.port.name...), ' ')
		}
		if k.id = groups[string(key)]; k.id == 0 {
			k.id = 20 + len(groups)
			groups[string(key)] = k.id
		}
		if len(k.hops) > 0 {
			out = append(out, k)
		}
	}
	return out
}

// nearer are the prefixes that the kernel has routes of its own to, which zebra
// prefers.
func (r *router) nearer() map[netip.Prefix]bool {
	has := map[netip.Prefix]bool{}
	for _, k := range slices.Concat(r.dev.kernel, r.dev.connected()) {
		has[k.prefix] = true
	}
	return has
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
