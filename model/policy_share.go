package model

import (
	"slices"
	"strings"
)

// newPolicy gathers, in one pass over the plan, what single devices need to
// know of all of them.
func newPolicy(f *Fabric, p *Plan) *policy {
	y := &policy{
		f: f, p: p,
		nodes: map[bool]AddressRange{}, podMin: map[bool]int{},
		twins: map[uint32]bool{}, sameNode: map[uint32]int{}, outside: map[string][]Outside{},
	}
	homes := map[uint32]string{} // ASN of leafs: the nodes of the first of them
	for i := range p.Devices {
		d := &p.Devices[i]
		for _, l := range d.Loopbacks {
			y.v4, y.v6 = y.v4 || l.Addr().Is4(), y.v6 || l.Addr().Is6()
		}
		switch d.Role {
		case Node:
			y.sameNode[d.ASN]++
			y.shortestPods(d)
		case Leaf, Border:
			here := attached(d)
			if first, shared := homes[d.ASN]; shared && first != here {
				y.twins[d.ASN] = true
			} else if !shared {
				homes[d.ASN] = here
			}
		}
	}
	for _, pods := range p.Pods {
		y.v4, y.v6 = y.v4 || pods.Addr().Is4(), y.v6 || pods.Addr().Is6()
	}
	if !y.v4 && !y.v6 {
		y.v4 = true
	}
	y.nodeRanges()
	for _, s := range f.Devices {
		if len(s.Peers) > 0 {
			y.outside[s.Name] = s.Peers
		}
	}
	return y
}

// attached spells what hangs on a leaf and on nobody else: its nodes. Outside
// peers are a border's own, so borders always differ.
func attached(d *Device) string {
	var names []string
	for _, port := range d.Ports {
		switch port.Kind {
		case HostPort:
			names = append(names, port.Peer)
		case ExternalPort:
			names = append(names, d.Name+" "+port.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// shortestPods keeps the length of the shortest pod network of a node whose
// network is nominal.
func (y *policy) shortestPods(d *Device) {
	if d.Pinned {
		return
	}
	for _, c := range d.PodCIDRs {
		v6 := c.Addr().Is6()
		low := c.Bits()
		if !v6 {
			low = min(low, blockBits)
		}
		if had, ok := y.podMin[v6]; !ok || low < had {
			y.podMin[v6] = low
		}
	}
}

// nodeRanges keeps the range of the nodes' loopbacks in each family, unless
// another device's loopback lies in it: then leafs take exact addresses, or a
// node could announce a switch's.
func (y *policy) nodeRanges() {
	for _, r := range y.f.Loopbacks[Node] {
		y.nodes[r.Prefix.Addr().Is6()] = r
	}
	for _, role := range Roles {
		if role == Node {
			continue
		}
		for _, other := range y.f.Loopbacks[role] {
			v6 := other.Prefix.Addr().Is6()
			if r, ok := y.nodes[v6]; ok && r.Prefix.Overlaps(other.Prefix) {
				delete(y.nodes, v6)
			}
		}
	}
	for i := range y.p.Devices {
		if y.p.Devices[i].Role == Node {
			continue
		}
		for _, l := range y.p.Devices[i].Loopbacks {
			v6 := l.Addr().Is6()
			if r, ok := y.nodes[v6]; ok && r.Prefix.Contains(l.Addr()) {
				delete(y.nodes, v6)
			}
		}
	}
}
