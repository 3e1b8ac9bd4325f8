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

// local are the protocols of routes that the device has of itself.
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
			if k.Prefix != r.Prefix || slices.Contains(local, k.Protocol) {
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
				Remedy:   do("find who adds it, and remove it", on(r.Device, "ip %s route del %s proto %s", family, r.Prefix, k.Protocol)),
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
				Remedy: do("push its configuration: `closup push --only " + d.Name + "`"),
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

// notInFIB is a best path that the kernel does not have.
func notInFIB(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		var lost []netip.Prefix
		for _, r := range said.Routes {
			if r.Local || slices.ContainsFunc(said.Kernel, func(k observe.KernelRoute) bool { return k.Prefix == r.Prefix }) {
				continue
			}
			lost = append(lost, r.Prefix)
		}
		if lo, _ := e.Link("lo"); len(lost) == 0 || len(lo.Addrs) == 0 {
			return nil
		}
		lo, _ := e.Link("lo")
		lost = slices.DeleteFunc(lost, func(p netip.Prefix) bool { return slices.Contains(lo.Addrs, p) })
		if len(lost) == 0 {
			return nil
		}
		conf := Likely
		if v.young(d.Name) {
			conf = Possible
		}
		return []Finding{{
			Device: d.Name, Confidence: conf, Message: fmt.Sprintf("%s knows %s by BGP, and the kernel has no route for it (%d in all)", d.Name, lost[0], len(lost)),
			Evidence: []Evidence{seen(d.Name, "ip route show "+lost[0].String(), "nothing")},
			Remedy:   do("ask zebra why; see whether a source address (`set src`) is missing", on(d.Name, "vtysh -c 'show ip route %s'", lost[0])),
		}}
	})
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
