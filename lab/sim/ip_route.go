package sim

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
)

// ipRoute shows, adds and removes routes of the main table.
func (c *call) ipRoute(f ipFlags, args []string) int {
	verb := "show"
	if len(args) > 0 {
		verb = args[0]
	}
	switch verb {
	case "add", "replace", "append":
		return c.ipRouteAdd(args[1:], verb)
	case "del", "delete":
		return c.ipRouteDel(args[1:])
	}
	var only netip.Prefix
	if len(args) > 1 && args[1] != "table" {
		only, _ = parseDestination(args[1], f.v6)
	}
	family, between := 0, "["
	var one bytes.Buffer // not all of them: the routers of a large lab have two million together
	encode := json.NewEncoder(&one)
	if f.v6 {
		family = 1
	}
	for _, r := range c.fib(family) {
		if only.IsValid() && r.prefix != only {
			continue
		}
		if !f.json {
			c.printf("%s\n", r.text())
			continue
		}
		one.Reset()
		if err := encode.Encode(r.json()); err != nil {
			return c.fail(1, "%v", err)
		}
		c.printf("%s%s", between, bytes.TrimSuffix(one.Bytes(), []byte("\n")))
		between = ","
	}
	if f.json {
		c.printf("%s]\n", strings.TrimSuffix(between, ","))
	}
	return 0
}

// fibRoute is one route of the kernel, whoever made it.
type fibRoute struct {
	kernelRoute
	hops []hop // of a route that BGP made
	src  netip.Addr
	id   int
}

type hop struct {
	via  netip.Addr
	port *port
}

func (r fibRoute) destination() string {
	switch {
	case r.prefix.Bits() == 0:
		return "default"
	case r.prefix.IsSingleIP():
		return r.prefix.Addr().String()
	}
	return r.prefix.String()
}

// routeJSON is a route as `ip -j` shows it.
type routeJSON struct {
	Type     string    `json:"type,omitempty"`
	Dst      string    `json:"dst"`
	viaJSON            // where it has one next hop
	Protocol string    `json:"protocol"`
	Scope    string    `json:"scope,omitempty"`
	Source   string    `json:"prefsrc,omitempty"`
	Group    int       `json:"nhid,omitempty"`
	Metric   int       `json:"metric,omitempty"`
	Flags    []string  `json:"flags"`
	Nexthops []viaJSON `json:"nexthops,omitempty"`
}

// viaJSON is one next hop.
type viaJSON struct {
	Gateway string    `json:"gateway,omitempty"`
	Via     *hostJSON `json:"via,omitempty"` // of the other family
	Dev     string    `json:"dev,omitempty"`
	Weight  int       `json:"weight,omitempty"` // of several
	Flags   []string  `json:"flags"`
}

type hostJSON struct {
	Family string `json:"family"`
	Host   string `json:"host"`
}

func (r fibRoute) via(h hop) viaJSON {
	v := viaJSON{Dev: h.port.name, Flags: []string{}}
	if h.via.Is6() && r.prefix.Addr().Is4() {
		v.Via = &hostJSON{"inet6", h.via.String()}
	} else {
		v.Gateway = h.via.String()
	}
	return v
}

func (r fibRoute) json() routeJSON {
	m := routeJSON{Type: r.kind, Dst: r.destination(), Protocol: r.proto, Flags: []string{}}
	if len(r.hops) > 0 {
		m.Group, m.Metric = r.id, 20
	}
	switch {
	case len(r.hops) == 1:
		m.viaJSON = r.via(r.hops[0])
	case len(r.hops) > 1:
		for _, h := range r.hops {
			v := r.via(h)
			v.Weight = 1
			m.Nexthops = append(m.Nexthops, v)
		}
	case r.proto == "kernel":
		m.Dev, m.Scope, m.Source = r.dev, "link", r.kernelRoute.via.String()
	default:
		m.Dev = r.dev
		if r.kernelRoute.via.IsValid() {
			m.Gateway = r.kernelRoute.via.String()
		}
	}
	if r.src.IsValid() {
		m.Source = r.src.String()
	}
	return m
}

func (r fibRoute) text() string {
	var b strings.Builder
	if r.kind != "" {
		b.WriteString(r.kind + " ")
	}
	b.WriteString(r.destination())
	one := func(h hop) string {
		family := ""
		if h.via.Is6() && r.prefix.Addr().Is4() {
			family = "inet6 "
		}
		return " via " + family + h.via.String() + " dev " + h.port.name
	}
	switch {
	case len(r.hops) == 1:
		b.WriteString(one(r.hops[0]) + " proto bgp metric 20")
	case len(r.hops) > 1:
		b.WriteString(" proto bgp metric 20")
		for _, h := range r.hops {
			b.WriteString("\n\tnexthop" + one(h) + " weight 1")
		}
	default:
		if r.kernelRoute.via.IsValid() && r.proto != "kernel" {
			b.WriteString(" via " + r.kernelRoute.via.String())
		}
		if r.dev != "" {
			b.WriteString(" dev " + r.dev)
		}
		b.WriteString(" proto " + r.proto)
		if r.proto == "kernel" {
			b.WriteString(" scope link src " + r.kernelRoute.via.String())
		}
	}
	return b.String()
}

// fib is a family's routes in the kernel's main table, sorted.
func (d *device) fib(f int) []fibRoute {
	var out []fibRoute
	for _, k := range d.connected() {
		if !k.prefix.IsSingleIP() || !d.port(k.dev).lo {
			out = append(out, fibRoute{kernelRoute: k})
		}
	}
	for _, p := range d.ports {
		if a := p.linkLocal(); a.IsValid() && p.carrier() {
			out = append(out, fibRoute{kernelRoute: kernelRoute{prefix: netip.MustParsePrefix("fe80::/64"), dev: p.name, proto: "kernel", via: a}})
		}
		for _, a := range p.addrs {
			if p.lo && a.Addr().Is6() && !a.Addr().IsLoopback() {
				out = append(out, fibRoute{kernelRoute: kernelRoute{prefix: a.Masked(), dev: "lo", proto: "kernel", via: a.Addr()}})
			}
		}
	}
	for _, k := range d.kernel {
		out = append(out, fibRoute{kernelRoute: k})
	}
	out = slices.DeleteFunc(out, func(r fibRoute) bool { return familyOf(r.prefix) != f })
	out = append(out, d.router.fib(f)...)
	for i := range out { // the kernel has IPv6 routes to nowhere lead to lo
		if r := &out[i]; r.kind != "" && r.dev == "" && r.prefix.Addr().Is6() {
			r.dev = "lo"
		}
	}
	slices.SortStableFunc(out, func(a, b fibRoute) int {
		if n := a.prefix.Addr().Compare(b.prefix.Addr()); n != 0 {
			return n
		}
		return a.prefix.Bits() - b.prefix.Bits()
	})
	return out
}

func parseDestination(s string, v6 bool) (netip.Prefix, error) {
	if s == "default" {
		if v6 {
			return netip.PrefixFrom(netip.IPv6Unspecified(), 0), nil
		}
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), nil
	}
	return parseAddress(s)
}

func (c *call) ipRouteAdd(args []string, verb string) int {
	if c.who.uid != 0 {
		return c.fail(2, "RTNETLINK answers: Operation not permitted")
	}
	k := kernelRoute{proto: "boot"}
	if len(args) > 0 && slices.Contains([]string{"blackhole", "unreachable", "prohibit", "unicast"}, args[0]) {
		if args[0] != "unicast" {
			k.kind = args[0]
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return c.fail(2, "RTNETLINK answers: No such device")
	}
	var err error
	if k.prefix, err = parseDestination(args[0], false); err != nil {
		return c.fail(1, "Error: any valid prefix is expected rather than \"%s\".", args[0])
	}
	w := words(args[1:])
	k.dev = w["dev"]
	if p := w["proto"] + w["protocol"]; p != "" {
		k.proto = p
		if name, ok := protocols[p]; ok {
			k.proto = name
		}
	}
	if v := w["via"]; v != "" {
		if k.via, err = netip.ParseAddr(v); err != nil {
			return c.fail(1, "Error: any valid address is expected rather than \"%s\".", v)
		}
		for _, r := range c.connected() {
			if k.dev == "" && r.prefix.Contains(k.via) {
				k.dev = r.dev
			}
		}
	}
	if k.kind == "" && (k.dev == "" || c.port(k.dev) == nil) {
		return c.fail(2, "Cannot find device \"%s\"", k.dev)
	}
	k.prefix = k.prefix.Masked()
	at := slices.IndexFunc(c.kernel, func(o kernelRoute) bool { return o.prefix == k.prefix })
	switch {
	case at >= 0 && verb == "add":
		return c.fail(2, "RTNETLINK answers: File exists")
	case at >= 0:
		c.kernel[at] = k
	default:
		c.kernel = append(c.kernel, k)
	}
	c.router.changed()
	c.world.converge()
	return 0
}

func (c *call) ipRouteDel(args []string) int {
	if c.who.uid != 0 {
		return c.fail(2, "RTNETLINK answers: Operation not permitted")
	}
	if len(args) > 0 && slices.Contains([]string{"blackhole", "unreachable", "prohibit"}, args[0]) {
		args = args[1:]
	}
	p, err := parseDestination(strings.Join(args[:min(1, len(args))], ""), false)
	at := slices.IndexFunc(c.kernel, func(o kernelRoute) bool { return err == nil && o.prefix == p.Masked() })
	if at < 0 {
		return c.fail(2, "RTNETLINK answers: No such process")
	}
	c.kernel = slices.Delete(c.kernel, at, at+1)
	c.router.changed()
	c.world.converge()
	return 0
}
