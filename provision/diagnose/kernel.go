package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"closup/model"
	"closup/provision/observe"
)

// The kernel: what forwards, and what stands in the way of BGP's routes.

func notForwarding(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		var out []Finding
		for _, k := range []struct {
			on   bool
			path string
		}{{d.Routing.V4, "net/ipv4/ip_forward"}, {d.Routing.V6, "net/ipv6/conf/all/forwarding"}} {
			if !k.on || e.Sysctls[k.path] != "0" {
				continue
			}
			name := dotted(k.path)
			out = append(out, Finding{
				Device: d.Name, Confidence: Certain, Message: fmt.Sprintf("%s does not forward: BGP is healthy, and packets through it are dropped", d.Name),
				Evidence: []Evidence{seen(d.Name, "sysctl "+name, "0")}, Remedy: do("turn forwarding on", on(d.Name, "sysctl -w %s=1", name)),
			})
		}
		return out
	})
}

func dotted(path string) string {
	out := []byte(path)
	for i, c := range out {
		if c == '/' {
			out[i] = '.'
		}
	}
	return string(out)
}

// local are the protocols of routes that stand in nobody's way: BGP's own, and
// those on the link that a router advertisement told of.
var local = []string{"bgp", "186", "zebra", "ra"}

// overridden is a route of a better source where BGP's is predicted.
func overridden(v *view, wants func(model.Route) bool) []Finding {
	var out []Finding
	told := map[model.RouteKey]bool{}
	for _, r := range v.routes() {
		key := model.RouteKey{Device: r.Device, Prefix: r.Prefix}
		said := v.answering(r.Device)
		if said == nil || !wants(r) || len(r.Paths) == 0 || r.Paths[0].Port == "" || told[key] {
			continue
		}
		for _, k := range said.Kernel {
			advertised := k.Protocol == "ra" && isDefault(r) // zebra takes it for a kernel route, at distance 0
			if k.Prefix != r.Prefix || slices.Contains(local, k.Protocol) && !advertised {
				continue
			}
			told[key] = true
			what := "by " + k.Port
			if k.Blackhole {
				what = "into a black hole"
			}
			family := "-4"
			if r.Prefix.Addr().Is6() {
				family = "-6"
			}
			out = append(out, Finding{
				Device: r.Device, Confidence: Certain, Peer: r.Origin,
				Message:  fmt.Sprintf("%s sends %s %s by a route of its own (proto %s), which beats BGP's", r.Device, r.Prefix, what, k.Protocol),
				Evidence: []Evidence{seen(r.Device, "ip "+family+" route show "+r.Prefix.String(), "proto %s %s", k.Protocol, what)},
				Remedy:   do("find who adds it, and remove it", line(v.sparing(r.Device, k.Port), r.Device, "ip %s route del %s proto %s", []any{family, r.Prefix, k.Protocol})),
			})
		}
	}
	return out
}

func isDefault(r model.Route) bool { return r.Prefix.Bits() == 0 }

func routeOverridden(v *view) []Finding {
	return overridden(v, func(r model.Route) bool { return !isDefault(r) })
}

func defaultOverridden(v *view) []Finding { return overridden(v, isDefault) }

// podsNotAnnounced is a node whose kernel routes its pods, and whose BGP does
// not tell of them.
func podsNotAnnounced(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, _ *observe.Evidence) []Finding {
		var out []Finding
		for _, pods := range d.PodCIDRs {
			i := slices.IndexFunc(said.Kernel, func(k observe.KernelRoute) bool { return k.Prefix == pods && !slices.Contains(local, k.Protocol) })
			if i < 0 || said.ASN == 0 || v.has(d.Name, "not-redistributed", "list-undefined") || slices.ContainsFunc(said.Routes, func(r observe.Route) bool { return r.Prefix == pods && r.Local }) {
				continue
			}
			k := said.Kernel[i]
			f := Finding{
				Device: d.Name, Confidence: Likely, Message: fmt.Sprintf("%s has a route for its pods %s, and does not announce it", d.Name, pods),
				Evidence: []Evidence{
					seen(d.Name, "ip route show "+pods.String(), "proto %s %s", k.Protocol, k.Port),
					seen(d.Name, "vtysh -c 'show bgp ipv4 unicast json'", "no %s of its own", pods),
				},
				Remedy: pushed(d.Name),
			}
			if k.Protocol == "kernel" {
				f.Confidence = Certain
				f.Message += ": the CNI made it with proto kernel, which this FRR does not redistribute"
				f.Remedy = do("use FRR 10.2 or newer on the node, or let the CNI add its routes with another proto")
			}
			out = append(out, f)
		}
		return out
	})
}

// notInKernel is a best path that the kernel does not have, or has by fewer
// next hops: zebra tried, and the kernel refused.
func notInKernel(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		lo, _ := e.Link("lo")
		var lost, thin []netip.Prefix
		for _, r := range said.Routes {
			i := slices.IndexFunc(said.Kernel, func(k observe.KernelRoute) bool { return k.Prefix == r.Prefix })
			switch {
			case r.Local || slices.Contains(lo.Addrs, r.Prefix):
			case i < 0:
				lost = append(lost, r.Prefix)
			case said.Kernel[i].ByBGP() && len(said.Kernel[i].Hops) < len(r.Paths):
				thin = append(thin, r.Prefix)
			}
		}
		if len(lo.Addrs) == 0 || len(lost)+len(thin) == 0 {
			return nil // an answer without addresses is not whole
		}
		f := Finding{Device: d.Name, Confidence: Likely}
		if v.young(d.Name) {
			f.Confidence = Possible
		}
		if len(lost) > 0 {
			f.Message = fmt.Sprintf("%s knows %s by BGP, and the kernel has no route for it (%d in all)", d.Name, lost[0], len(lost))
		} else {
			f.Confidence = Possible // nothing is lost, and zebra may put it right
			f.Message = fmt.Sprintf("%s knows %s by several paths, and the kernel uses fewer of them (%d in all)", d.Name, thin[0], len(thin))
		}
		first := slices.Concat(lost, thin)[0]
		f.Evidence = []Evidence{seen(d.Name, "ip route show "+first.String(), "%s", hops(said, first))}
		f.Remedy = do("ask zebra: r is a route that the kernel rejected, often after a link that flapped; restarting FRR puts it right, which clearing the session does not. Or a source address (`set src`) is missing",
			append([]Command{look(d.Name, "vtysh -c 'show ip route %s'", first)}, restart(d, e)...)...)
		return []Finding{f}
	})
}

// hops are the kernel's next hops to a prefix, in words.
func hops(d *observe.Device, p netip.Prefix) string {
	text := ""
	for _, k := range d.Kernel {
		for _, h := range k.Hops {
			if k.Prefix == p {
				text += fmt.Sprintf("via %s dev %s ", h.Via, h.Port)
			}
		}
	}
	if text == "" {
		return "nothing"
	}
	return text
}

// routes are the predicted ones, made once.
func (v *view) routes() []model.Route {
	if v.predicted == nil {
		v.predicted = v.plan.Routes()
	}
	return v.predicted
}

// routeMissing is the last word on a route that nothing above explains.
func routeMissing(v *view) []Finding {
	if len(v.ends)+len(v.whole)+len(v.changed) > 0 {
		return nil // whatever is down takes routes with it
	}
	var out []Finding
	told := map[string]bool{}
	for _, r := range observe.Compare(v.plan, v.routes(), v.snapshot).Routes {
		if r.State != observe.RouteMissing && r.State != observe.RouteNarrow || told[r.Device] {
			continue
		}
		told[r.Device] = true
		out = append(out, Finding{
			Device: r.Device, Confidence: Possible, Message: fmt.Sprintf("%s holds %s by %d of %d predicted paths, and nothing shows why", r.Device, r.Prefix, r.ActualPaths, r.ExpectedPaths),
			Evidence: []Evidence{seen(r.Device, "vtysh -c 'show bgp "+r.Prefix.String()+"'", "%d paths in use", r.ActualPaths)},
			Remedy:   do("give it a few seconds; then follow it: `closup trace " + r.Prefix.Addr().String() + "`"),
		})
	}
	return out
}
