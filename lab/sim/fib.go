package sim

import (
	"net/netip"
	"slices"
	"strings"
)

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
		for _, i := range append([]int32{e.best}, e.multi...) {
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
