package model

import (
	"fmt"
)

// What follows where several routers have one ASN: each drops a route whose
// path already has its own (RFC 4271 9.1.2).
var sharingRules = []Rule{
	{"asn-linked", Error, "The two ends of a cable have different ASNs; with one ASN the session never comes up.", asnLinked},
	{"asn-pods", Error, "Spines of different pods that share an ASN drop each other's routes, so the pods do not reach each other.", asnPods},
	{"asn-roles", Error, "Devices of different tiers that share an ASN drop each other's routes.", asnRoles},
	{"asn-duplicate", Warning, "Where ASNs count up, one for each device, two devices with the same are most likely a slip.", asnDuplicate},
	{"asn-shared", Info, "Devices that share an ASN on purpose do not see each other's loopback, or tolerate their own ASN once.", asnShared},
}

// byASN groups devices by ASN; those without one are left out.
func (v *view) byASN(devices []int) []group[uint32] {
	return groupBy(devices, func(i int) (uint32, bool) { return v.p.Devices[i].ASN, v.p.Devices[i].ASN != 0 })
}

func asnLinked(v *view, found say) {
	told := map[uint32]bool{}
	for _, l := range v.p.Links {
		a, b := v.first[l.A.Device], v.first[l.B.Device]
		asn := v.p.Devices[a].ASN
		if asn == 0 || asn != v.p.Devices[b].ASN || told[asn] {
			continue
		}
		told[asn] = true
		found(v.asnOf(b), fmt.Sprintf("%s and %s are cabled to each other and both have AS %d", l.A.Device, l.B.Device, asn),
			"give the two tiers ASNs that do not meet")
	}
}

// asnOf is where a device's ASN comes from.
func (v *view) asnOf(i int) where {
	if v.f.Devices[i].ASN != 0 {
		return v.key(i, "asn")
	}
	return row("asn", v.f.Devices[i].Role)
}

func asnPods(v *view, found say) {
	for _, g := range v.byASN(v.byRole[Spine]) {
		pods := groupBy(g.devices, func(i int) (string, bool) { return v.f.Devices[i].Pod, true })
		if len(pods) < 2 {
			continue
		}
		a, b := pods[0].devices[0], pods[1].devices[0]
		found(v.asnOf(b), fmt.Sprintf("%s and %s are spines of different pods and share AS %d", v.f.Devices[a].Name, v.f.Devices[b].Name, g.key),
			"give each pod's spines an ASN of their own, such as spines: 65020+pod")
	}
}

func asnRoles(v *view, found say) {
	linked := map[uint32]bool{}
	for _, l := range v.p.Links {
		a, b := v.p.Devices[v.first[l.A.Device]].ASN, v.p.Devices[v.first[l.B.Device]].ASN
		linked[a] = linked[a] || a == b // asn-linked tells
	}
	for _, g := range v.byASN(v.all()) {
		first := g.devices[0]
		for _, i := range g.devices {
			if beside(v.f.Devices[first].Role) != beside(v.f.Devices[i].Role) && !linked[g.key] {
				found(v.asnOf(i), fmt.Sprintf("the %s %s and the %s %s share AS %d", v.f.Devices[first].Role, v.f.Devices[first].Name,
					v.f.Devices[i].Role, v.f.Devices[i].Name, g.key), "let the tiers' ASNs begin further apart")
				break
			}
		}
	}
}

// beside is the tier of a role: borders stand beside leafs.
func beside(r Role) Role {
	if r == Border {
		return Leaf
	}
	return r
}

func asnDuplicate(v *view, found say) {
	for _, role := range Roles {
		for _, g := range v.byASN(v.byRole[role]) {
			if len(g.devices) > 1 && v.slip(role) {
				found(v.asnOf(g.devices[1]), fmt.Sprintf("%s share AS %d, and the ASNs of %s count up, one for each", some(v.names(g.devices)), g.key, role.Key()),
					"give each an asn of its own, or write one for the whole role without the +")
			}
		}
	}
}

// slip says whether two devices of a role with one ASN are a surprise: its rule
// counts, or it has none and each device says its own.
func (v *view) slip(role Role) bool {
	mode := v.f.ASN[role].Mode
	return mode == ASNCount || mode == ASNNone
}

// shared is what follows for each role.
var shared = PerRole[string]{
	Superspine: "they do not see each other's loopback",
	Spine:      "they do not see each other's loopback, and no path goes through two of them",
	Leaf:       "they do not see each other's loopback unless their nodes differ; then they tolerate their own ASN once",
	Border:     "they do not see each other's loopback unless they tolerate their own ASN once",
	Node:       "each tolerates its own ASN once (allowas-in), or it would not see the others",
}

func asnShared(v *view, found say) {
	for _, role := range Roles {
		for _, g := range v.byASN(v.byRole[role]) {
			if len(g.devices) > 1 && !v.slip(role) {
				found(v.asnOf(g.devices[0]), fmt.Sprintf("%s share AS %d: %s", some(v.names(g.devices)), g.key, shared[role]),
					"nothing to do if that is meant")
			}
		}
	}
}
