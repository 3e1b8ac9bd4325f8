package model

import "net/netip"

// A node whose router is Quagga speaks as the article's nodes do: access-lists
// over whole ranges decide what is announced, and a node with one leaf has no
// filter towards it, since there is nobody whose routes it could pass on. What
// the ranges let through beyond the node's own, the leaf refuses.

const (
	listPods          = "K8SROUTES"
	quaggaDescription = "Internal Fabric network"
)

func quaggaNode(d *Device) bool { return d.Role == Node && d.Router == "quagga-container" }

// quaggaOrigins puts the article's filters in the place of those that Routing
// has: LOOPBACK for what is connected, K8SROUTES for what the kernel has. The
// bridge of a CNI that has one is connected, and passes too.
func (y *policy) quaggaOrigins(r *Routing, d *Device) {
	r.PrefixLists, r.Originate, r.Source = nil, nil, nil
	bridged := y.p.Kubernetes.CNI == "flannel" || y.p.Kubernetes.CNI == "bridge"
	for _, v6 := range y.families() {
		var connected []string
		if rules := y.ownRange(d, v6); len(rules) > 0 {
			connected = append(connected, r.access("LOOPBACK", v6, rules))
		}
		var pods string
		if rules := y.ownPods(d, v6); len(rules) > 0 {
			pods = r.access(listPods, v6, rules)
			if bridged {
				connected = append(connected, pods)
			}
		}
		if len(connected) > 0 {
			r.Originate = append(r.Originate, Originate{V6: v6, Source: "connected", RouteMap: suffixed("LOOPBACK", v6), Lists: connected})
		}
		if pods != "" {
			r.Originate = append(r.Originate, Originate{V6: v6, Source: "kernel", RouteMap: pods, Lists: []string{pods}})
		}
	}
}

// ownRange permits the range of the nodes' loopbacks where the device's own
// lies in it and nobody else's does, otherwise its own alone.
func (y *policy) ownRange(d *Device, v6 bool) []PrefixRule {
	own := ownLoopbacks(d, v6)
	span, ok := y.nodes[v6]
	for _, r := range own {
		ok = ok && span.Prefix.Contains(r.Prefix.Addr())
	}
	if len(own) > 0 && ok {
		return []PrefixRule{{Prefix: span.Prefix, Why: "the nodes' loopbacks, of which this node has one"}}
	}
	return own
}

// quaggaFabric: what a Quagga node tells its leafs. With several of them it
// tells only what starts here, or it would carry traffic between them.
func (y *policy) quaggaFabric(r *Routing, d *Device, g *PeerGroup) {
	g.Description = quaggaDescription
	if len(r.Peers) > 1 {
		g.PathOut = r.paths("LOCAL-ONLY", "^$", "only what starts here: a host is never a way to somewhere else")
	}
	if y.sameNode[d.ASN] > 1 {
		g.AllowASIn = 1
	}
}

// access adds an access-list and gives its name.
func (r *Routing) access(name string, v6 bool, rules []PrefixRule) string {
	for i := range rules {
		rules[i].Ge, rules[i].Le = 0, longest(rules[i].Prefix)
	}
	ref := r.list(name, v6, rules)
	r.PrefixLists[len(r.PrefixLists)-1].Access = true
	return ref.List
}

// longest is the length of addresses in p's family, 0 where p is one: FRR takes
// `le` only where it is longer than the prefix itself.
func longest(p netip.Prefix) int {
	if p.IsSingleIP() {
		return 0
	}
	return p.Addr().BitLen()
}
