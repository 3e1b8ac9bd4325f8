package model

import (
	"fmt"
	"slices"
)

var shapeRules = []Rule{
	{"device-isolated", Warning, "A device without a cable belongs to no fabric.", deviceIsolated},
	{"leaf-spines", Warning, "A leaf or border that lacks a spine of its pod has fewer ways than the others, and loses more with each failure.", leafSpines},
	{"spine-superspines", Warning, "A spine that lacks a superspine of its plane has fewer ways to other pods than the others.", spineSuperspines},
	{"node-homes", Warning, "A node with fewer leafs than it should have loses its network with the first of them.", nodeHomes},
	{"uplinks-asymmetric", Warning, "Uplinks that differ from leaf to leaf or from spine to spine share the load unevenly, since each path gets the same share.", uplinksAsymmetric},
	{"single-spine", Info, "With one spine, the fabric ends when it does.", singleSpine},
	{"node-single", Info, "A node with one leaf loses its network with that leaf, its cable or its port.", nodeSingle},
	{"border-peers", Warning, "A border leaf without peers leads nowhere.", borderPeers},
}

func deviceIsolated(v *view, found say) {
	var alone []int
	for i := range v.p.Devices {
		if !slices.ContainsFunc(v.p.Devices[i].Ports, func(p Port) bool { return p.Kind != ExternalPort }) {
			alone = append(alone, i)
		}
	}
	if n := len(alone); n > 0 {
		found(v.entry(alone[0]), fmt.Sprintf("%s %s no cable", some(v.names(alone)), has(n)), "add its cables to links, or take the device out")
	}
}

// up counts a device's cables to each device of a role above it.
func (v *view) up(i int, role Role) map[string]int {
	cables := map[string]int{}
	for _, p := range v.p.Devices[i].Ports {
		if j, ok := v.first[p.Peer]; ok && p.Kind != ExternalPort && v.f.Devices[j].Role == role {
			cables[p.Peer]++
		}
	}
	return cables
}

// lacking tells which of the upper devices a device should reach it does not.
func (v *view) lacking(found say, lower []int, role Role, upper func(*Spec) []int) {
	for _, i := range lower {
		cables := v.up(i, role)
		if len(cables) == 0 {
			continue // isolated, or of another shape: other rules tell
		}
		var lack []int
		for _, j := range upper(&v.f.Devices[i]) {
			if cables[v.f.Devices[j].Name] == 0 {
				lack = append(lack, j)
			}
		}
		if len(lack) > 0 {
			found(v.entry(i), fmt.Sprintf("%s has no cable to %s", v.f.Devices[i].Name, some(v.names(lack))), "add the cables to links")
		}
	}
}

func leafSpines(v *view, found say) {
	spines := v.parts(Spine, podOf)
	below := slices.Concat(v.byRole[Leaf], v.byRole[Border])
	v.lacking(found, below, Spine, func(s *Spec) []int { return spines[s.Pod] })
}

func spineSuperspines(v *view, found say) {
	planes := v.parts(Superspine, planeOf)
	v.lacking(found, v.byRole[Spine], Superspine, func(s *Spec) []int { return planes[s.Plane] })
}

// parts are the devices of a role by their pod, plane or rack.
func (v *view) parts(role Role, of func(*Spec) string) map[string][]int {
	out := map[string][]int{}
	for _, i := range v.byRole[role] {
		part := of(&v.f.Devices[i])
		out[part] = append(out[part], i)
	}
	return out
}

// homesOf are the leafs that a node hangs on, by name, with the cables to each.
func (v *view) homesOf(i int) map[string]int {
	homes := v.up(i, Leaf)
	for name, n := range v.up(i, Border) {
		homes[name] = n
	}
	return homes
}

func nodeHomes(v *view, found say) {
	for _, i := range v.byRole[Node] {
		homes, want := len(v.homesOf(i)), v.f.Devices[i].Homes
		if len(v.p.Devices[i].Ports) > 0 && homes < want {
			found(v.entry(i), fmt.Sprintf("%s should hang on %s and hangs on %d", v.f.Devices[i].Name, count(want, "leaf"), homes), "add its cables to links, or lower homes")
		}
	}
}

func nodeSingle(v *view, found say) {
	if len(v.byRole[Leaf]) < 2 {
		return
	}
	var single []int
	for _, i := range v.byRole[Node] {
		if len(v.homesOf(i)) == 1 {
			single = append(single, i)
		}
	}
	if n := len(single); n > 0 {
		found(v.entry(single[0]), fmt.Sprintf("%s %s only one leaf", some(v.names(single)), has(n)), "give nodes homes: 2 where they have the ports")
	}
}

// uplinksAsymmetric compares a leaf's cables to each of its spines with one
// another, and leafs of one pod by their number. Missing cables are
// leaf-spines' to tell.
func uplinksAsymmetric(v *view, found say) {
	for _, role := range []Role{Leaf, Border} {
		for _, pod := range groupBy(v.byRole[role], func(i int) (string, bool) { return v.f.Devices[i].Pod, true }) {
			width := map[int]int{} // cables to each spine: how many leafs have so many
			for _, i := range pod.devices {
				low, high := bounds(v.up(i, Spine))
				if low != high {
					found(v.entry(i), fmt.Sprintf("%s has %s to one spine and %d to another", v.f.Devices[i].Name, count(low, "cable"), high), "cable each spine as often")
				} else if low > 0 {
					width[low]++
				}
			}
			if len(width) < 2 {
				continue
			}
			usual := 0
			for n, leafs := range width {
				if leafs > width[usual] || leafs == width[usual] && n > usual {
					usual = n
				}
			}
			for _, i := range pod.devices {
				if low, high := bounds(v.up(i, Spine)); low > 0 && low == high && low != usual {
					found(v.entry(i), fmt.Sprintf("%s has %s to each spine, and the others have %d", v.f.Devices[i].Name, count(low, "cable"), usual), "cable the leafs of a pod alike")
				}
			}
		}
	}
}

// bounds are the lowest and the highest of some counts.
func bounds(counts map[string]int) (low, high int) {
	for _, n := range counts {
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
	}
	return low, high
}

func singleSpine(v *view, found say) {
	leafs := v.parts(Leaf, podOf)
	for _, pod := range groupBy(v.byRole[Spine], func(i int) (string, bool) { return v.f.Devices[i].Pod, true }) {
		if len(pod.devices) == 1 && len(leafs[pod.key]) > 1 {
			found(v.entry(pod.devices[0]), fmt.Sprintf("%s is the only spine of its leafs", v.f.Devices[pod.devices[0]].Name), "add a second spine where more than a trial is meant")
		}
	}
}

func borderPeers(v *view, found say) {
	for _, i := range v.byRole[Border] {
		if len(v.f.Devices[i].Peers) == 0 {
			found(v.entry(i), fmt.Sprintf("%s has no peers outside", v.f.Devices[i].Name), "give it peers, or make it a leaf")
		}
	}
}
