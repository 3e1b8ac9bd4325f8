package model

import "net/netip"

// blockBits is the size of Calico's blocks of IPv4 pod addresses: where its own
// IPAM hands them out, they come in these, whatever the cluster's node mask.
const blockBits = 26

// loopback makes the device announce its loopback.
func (y *policy) loopback(r *Routing, d *Device, v6 bool) {
	rules := ownLoopbacks(d, v6)
	if len(rules) == 0 {
		return
	}
	ref := r.list("LOOPBACK", v6, rules)
	r.Originate = append(r.Originate, Originate{V6: v6, Source: "connected", RouteMap: ref.List, Lists: []string{ref.List}})
}

// node makes a host announce its pods: from the kernel's routes, where the CNI
// writes some, and from its bridge, where it has one. Either way through a
// filter, which keeps a default route of the management port at home.
func (y *policy) node(r *Routing, d *Device) {
	for _, l := range d.Loopbacks {
		r.Source = append(r.Source, l.Addr())
	}
	for _, v6 := range y.families() {
		rules := y.ownPods(d, v6)
		if len(rules) == 0 {
			continue
		}
		pods := r.list("PODS", v6, rules).List
		connected := -1
		for i, o := range r.Originate {
			if o.V6 == v6 {
				connected = i
			}
		}
		if connected < 0 {
			r.Originate = append(r.Originate, Originate{V6: v6, Source: "connected", RouteMap: pods, Lists: []string{pods}})
		} else {
			r.Originate[connected].Lists = append(r.Originate[connected].Lists, pods)
			r.Originate[connected].RouteMap = suffixed("LOCAL", v6)
		}
		r.Originate = append(r.Originate, Originate{V6: v6, Source: "kernel", RouteMap: pods, Lists: []string{pods}})
	}
}

// ownLoopbacks permits the device's own address, exactly.
func ownLoopbacks(d *Device, v6 bool) []PrefixRule {
	var out []PrefixRule
	for _, l := range d.Loopbacks {
		if l.Addr().Is6() == v6 {
			out = append(out, PrefixRule{Prefix: l, Why: "the loopback of " + d.Name})
		}
	}
	return out
}

// ownPods permits what a node may announce as its pods: its own network where
// it is pinned, otherwise any piece of the fabric's pods, since nobody can say
// beforehand which the CNI will choose.
func (y *policy) ownPods(d *Device, v6 bool) []PrefixRule {
	if d.Pinned {
		return pinnedPods(d, v6)
	}
	return y.anyPods(v6)
}

func pinnedPods(d *Device, v6 bool) []PrefixRule {
	var out []PrefixRule
	for _, c := range d.PodCIDRs {
		if c.Addr().Is6() == v6 {
			out = append(out, within(c, c.Bits(), "the pods of "+d.Name))
		}
	}
	return out
}

func (y *policy) anyPods(v6 bool) []PrefixRule {
	var out []PrefixRule
	for _, pods := range y.p.Pods {
		if pods.Addr().Is6() == v6 {
			out = append(out, within(pods, y.podMin[v6], "pods, in the pieces that a node gets of them"))
		}
	}
	return out
}

// fromHosts permits what a leaf takes from its nodes: their loopbacks, and
// their pods.
func (y *policy) fromHosts(d *Device, v6 bool) []PrefixRule {
	var loopbacks, pods []PrefixRule
	seen := map[netip.Prefix]bool{}
	span, spanned := y.nodes[v6]
	if spanned {
		loopbacks = append(loopbacks, PrefixRule{Prefix: span.Prefix, Ge: bits(v6), Why: "single addresses out of the nodes' loopbacks"})
	}
	unpinned := false
	for _, port := range d.Ports {
		n, ok := y.p.Device(port.Peer)
		if !ok || port.Kind != HostPort {
			continue
		}
		unpinned = unpinned || !n.Pinned
		for _, r := range ownLoopbacks(n, v6) {
			if !seen[r.Prefix] && !(spanned && span.Prefix.Contains(r.Prefix.Addr())) {
				seen[r.Prefix] = true
				loopbacks = append(loopbacks, r)
			}
		}
		if n.Pinned {
			for _, r := range pinnedPods(n, v6) {
				if !seen[r.Prefix] {
					seen[r.Prefix] = true
					pods = append(pods, r)
				}
			}
		}
	}
	if unpinned {
		pods = append(pods, y.anyPods(v6)...)
	}
	if out := append(loopbacks, pods...); len(out) > 0 {
		return out
	}
	return nothing(v6, "the nodes here have nothing to announce")
}

// within permits a prefix's pieces of at least low bits. FRR takes `ge` only
// where it is longer than the prefix itself.
func within(p netip.Prefix, low int, why string) PrefixRule {
	if low > p.Bits() {
		return PrefixRule{Prefix: p, Ge: low, Why: why}
	}
	if p.Bits() == p.Addr().BitLen() {
		return PrefixRule{Prefix: p, Why: why}
	}
	return PrefixRule{Prefix: p, Le: p.Addr().BitLen(), Why: why}
}

func suffixed(name string, v6 bool) string {
	if v6 {
		return name + "6"
	}
	return name
}
