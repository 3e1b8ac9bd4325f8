package model

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

var prefixRules = []Rule{
	{"loopback-range", Error, "A range of loopbacks has a host address for every device that counts from it.", nil},
	{"pods-range", Error, "The pods prefix has a network for every node that counts from it.", nil},
	{"loopback-unique", Error, "Two devices with one loopback both attract the traffic of either, and nobody says a word.", loopbackUnique},
	{"router-id-unique", Error, "Two routers with one router-id tie where paths are compared, so nobody can say which wins.", routerIDUnique},
	{"address-unusable", Error, "A loopback is an ordinary unicast address, not one of a multicast, link-local, loopback or reserved block.", addressUnusable},
	{"address-edge", Warning, "The network and the broadcast address of a range are legal on a loopback, and some hosts will not talk to them.", addressEdge},
	{"prefix-overlap", Error, "Pods, services, loopbacks, management and links to the outside lie apart; where they overlap, traffic goes to the wrong one.", prefixOverlap},
	{"pods-overlap", Error, "Two nodes with overlapping pod networks both attract the traffic of either.", podsOverlap},
	{"pods-outside", Warning, "A node's own pod network lies in pods, or what speaks of pods (aggregates, Kubernetes' cluster CIDR) does not mean it.", podsOutside},
	{"family-mixed", Warning, "What has an IPv6 (or IPv4) loopback or pod network has both ends of it: a family that only some devices have ends where they end.", familyMixed},
}

func loopbackUnique(v *view, found say) {
	for _, g := range v.byLoopback() {
		if len(g.devices) > 1 {
			found(v.entry(g.devices[1]), fmt.Sprintf("%s have the loopback %s together", some(v.names(g.devices)), g.key),
				"give each device an n or a loopback of its own")
		}
	}
}

// byLoopback groups devices by address; one with two addresses is in two groups.
func (v *view) byLoopback() []group[netip.Addr] {
	var out []group[netip.Addr]
	at := map[netip.Addr]int{}
	for i := range v.p.Devices {
		for _, lo := range v.p.Devices[i].Loopbacks {
			g, known := at[lo.Addr()]
			if !known {
				g = len(out)
				at[lo.Addr()] = g
				out = append(out, group[netip.Addr]{key: lo.Addr()})
			}
			out[g].devices = append(out[g].devices, i)
		}
	}
	return out
}

// routerIDUnique leaves out ids that are loopbacks: loopback-unique tells.
func routerIDUnique(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (netip.Addr, bool) {
		d := &v.p.Devices[i]
		isLoopback := slices.ContainsFunc(d.Loopbacks, func(lo netip.Prefix) bool { return lo.Addr() == d.RouterID })
		return d.RouterID, d.RouterID.IsValid() && !isLoopback
	}) {
		if other, taken := v.loopbackOf(g.key); taken {
			g.devices = append(g.devices, other)
		}
		if len(g.devices) > 1 {
			found(v.entry(g.devices[0]), fmt.Sprintf("%s have the router-id %s together", some(v.names(g.devices)), g.key),
				"give each an IPv4 loopback, which is its router-id, or another n")
		}
	}
}

// loopbackOf is the device that has the address.
func (v *view) loopbackOf(a netip.Addr) (int, bool) {
	if v.loopbacks == nil {
		v.loopbacks = make(map[netip.Addr]int, len(v.p.Devices))
		for i := range v.p.Devices {
			for _, lo := range v.p.Devices[i].Loopbacks {
				v.loopbacks[lo.Addr()] = i
			}
		}
	}
	i, ok := v.loopbacks[a]
	return i, ok
}

// unusable are the blocks that hold no ordinary unicast addresses (RFC 6890).
var unusable = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "this network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "every machine itself"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local addresses"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved addresses"},
	{netip.MustParsePrefix("::/127"), "every machine itself"},
	{netip.MustParsePrefix("fe80::/10"), "link-local addresses"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

func addressUnusable(v *view, found say) {
	check := func(at where, p netip.Prefix) {
		for _, u := range unusable {
			if u.prefix.Overlaps(p) {
				found(at, fmt.Sprintf("%s lies in %s, which is for %s", shown(p), u.prefix, u.what), "take an ordinary unicast address")
				return
			}
		}
	}
	for _, role := range Roles {
		for _, r := range v.f.Loopbacks[role] {
			if len(v.byRole[role]) > 0 {
				check(row("loopbacks", role), r.Prefix)
			}
		}
	}
	for i := range v.f.Devices {
		for _, a := range v.f.Devices[i].Loopbacks {
			check(v.key(i, "loopback"), hostPrefix(a))
		}
		for _, p := range v.f.Devices[i].Pods {
			check(v.key(i, "pods"), p)
		}
	}
	for _, p := range v.f.Pods {
		check(where{path: "pods"}, p)
	}
	for _, p := range v.f.Services {
		check(where{path: "services"}, p)
	}
}

// shown is a prefix as people write it: an address where it is a single one.
func shown(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

func addressEdge(v *view, found say) {
	for i := range v.f.Devices {
		s := &v.f.Devices[i]
		for _, a := range s.Loopbacks {
			for _, r := range v.f.Loopbacks[s.Role] {
				if edge := edgeOf(r.Prefix, a); edge != "" {
					found(v.key(i, "loopback"), fmt.Sprintf("%s of %s is the %s address of %s", a, s.Name, edge, r.Prefix), "take another address")
				}
			}
		}
	}
}

// edgeOf says whether an IPv4 address is the first or the last of a prefix.
func edgeOf(p netip.Prefix, a netip.Addr) string {
	switch {
	case !a.Is4() || p.Bits() > 30 || !p.Contains(a):
		return ""
	case a == p.Masked().Addr():
		return "network"
	case !p.Contains(a.Next()):
		return "broadcast"
	}
	return ""
}

// span is a prefix that means something, and where that stands.
type span struct {
	at     where
	what   string
	kind   int // those of one kind may overlap
	prefix netip.Prefix
}

// The kinds of spans. Loopback ranges may overlap one another, as in the
// Cumulus reference; leafs then accept exact addresses.
const (
	spanPods = iota
	spanServices
	spanLoopbacks
	spanManagement
	spanOutside
)

// spans are the prefixes of the fabric as a whole: a handful.
func (v *view) spans() []span {
	var out []span
	for _, p := range v.f.Pods {
		out = append(out, span{where{path: "pods"}, "pods", spanPods, p})
	}
	for _, p := range v.f.Services {
		out = append(out, span{where{path: "services"}, "services", spanServices, p})
	}
	for _, role := range Roles {
		for _, r := range v.f.Loopbacks[role] {
			if len(v.byRole[role]) > 0 {
				out = append(out, span{row("loopbacks", role), "the loopbacks of " + role.Key(), spanLoopbacks, r.Prefix})
			}
		}
	}
	if p, err := netip.ParsePrefix(v.f.Management.Address); err == nil {
		out = append(out, span{where{path: "management.address"}, "management", spanManagement, p.Masked()})
	}
	return out
}

// prefixOverlap compares the handful with itself, and everything that single
// devices say with the handful.
func prefixOverlap(v *view, found say) {
	wide := v.spans()
	clash := func(a, b span) {
		if a.kind != b.kind && a.prefix.Overlaps(b.prefix) {
			found(a.at, fmt.Sprintf("%s (%s) and %s (%s) overlap", a.what, shown(a.prefix), b.what, shown(b.prefix)), "move one of the two")
		}
	}
	for i, a := range wide {
		for _, b := range wide[:i] {
			clash(a, b)
		}
	}
	v.narrow(func(a span) {
		for _, b := range wide {
			clash(a, b)
		}
	})
}

// narrow goes over the prefixes of single devices.
func (v *view) narrow(yield func(span)) {
	for i := range v.f.Devices {
		s := &v.f.Devices[i]
		if a, err := netip.ParseAddr(s.Mgmt); err == nil {
			yield(span{v.key(i, "mgmt"), "the management address of " + s.Name, spanManagement, hostPrefix(a)})
		}
		for _, a := range s.Loopbacks {
			yield(span{v.key(i, "loopback"), "the loopback of " + s.Name, spanLoopbacks, hostPrefix(a)})
		}
		for _, p := range s.Pods {
			yield(span{v.key(i, "pods"), "the pods of " + s.Name, spanPods, p})
		}
	}
	v.outside(func(i, k int, o Outside) {
		if o.Local.IsValid() {
			yield(span{v.peer(i, k, "local"), "the outside link of " + v.f.Devices[i].Name, spanOutside, o.Local.Masked()})
		}
	})
}

// podsOverlap sorts the pod networks: two overlap only if one that comes before
// reaches over the next.
func podsOverlap(v *view, found say) {
	type own struct {
		device int
		prefix netip.Prefix
	}
	var all []own
	for _, i := range v.byRole[Node] {
		for _, p := range v.p.Devices[i].PodCIDRs {
			all = append(all, own{i, p})
		}
	}
	slices.SortStableFunc(all, func(a, b own) int {
		return cmp.Or(comparePrefix(a.prefix, b.prefix), cmp.Compare(a.device, b.device))
	})
	for k := 1; k < len(all); k++ {
		before, here := all[k-1], all[k]
		if !before.prefix.Overlaps(here.prefix) {
			continue
		}
		if before.device != here.device {
			found(v.key(here.device, "pods"), fmt.Sprintf("the pods of %s (%s) and of %s (%s) overlap",
				v.f.Devices[before.device].Name, before.prefix, v.f.Devices[here.device].Name, here.prefix),
				"give one of the two other pods, or another n")
		}
		if before.prefix.Bits() < here.prefix.Bits() {
			all[k] = before // the wider one may reach further
		}
	}
}

func podsOutside(v *view, found say) {
	for i := range v.f.Devices {
		for _, p := range v.f.Devices[i].Pods {
			inside := slices.ContainsFunc(v.f.Pods, func(all netip.Prefix) bool {
				return all.Bits() <= p.Bits() && all.Contains(p.Addr())
			})
			if !inside {
				found(v.key(i, "pods"), fmt.Sprintf("the pods of %s, %s, do not lie in pods", v.f.Devices[i].Name, p), "widen pods, or move the network into it")
			}
		}
	}
}

func familyMixed(v *view, found say) {
	lacking := map[bool][]int{} // by IPv6
	having := map[bool]int{}
	for i := range v.p.Devices {
		for _, v6 := range []bool{false, true} {
			if slices.ContainsFunc(v.p.Devices[i].Loopbacks, func(lo netip.Prefix) bool { return lo.Addr().Is6() == v6 }) {
				having[v6]++
			} else {
				lacking[v6] = append(lacking[v6], i)
			}
		}
	}
	for _, v6 := range []bool{false, true} {
		name := map[bool]string{false: "IPv4", true: "IPv6"}[v6]
		pods := slices.ContainsFunc(v.f.Pods, func(p netip.Prefix) bool { return p.Addr().Is6() == v6 })
		n := len(lacking[v6])
		switch {
		case n == 0:
		case having[v6] > 0:
			found(v.entry(lacking[v6][0]), fmt.Sprintf("%s %s no %s loopback, and other devices do have one", some(v.names(lacking[v6])), has(n), name),
				"give every role a range of that family in loopbacks")
		case pods && len(v.byRole[Node]) > 0:
			found(where{path: "pods"}, fmt.Sprintf("pods has an %s prefix, and no device has an %s loopback", name, name),
				"give every role a range of that family in loopbacks, or leave the prefix out")
		}
	}
}
