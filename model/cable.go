package model

import (
	"cmp"
	"fmt"
	"slices"
)

// Automatic cabling, for a fabric without `links`:
//
//   - every spine goes up to every superspine of its plane, every leaf and
//     border up to every spine of its pod;
//   - upwards a device uses its uplinks in the order of the upper devices'
//     numbers; downwards a port is the lower device's number, so a device that
//     comes in between moves no cable; borders count down from the last port;
//   - a node goes to as many different leafs of its rack as it has homes, and
//     the nodes of a rack go round its leafs in the order of their numbers.

// cable is the cables of a fabric that says nothing of them.
func (b *planner) cable() []Link {
	c := cabling{planner: b, of: make([]cabler, len(b.f.Devices)), lists: map[portsKey]portList{}, short: map[shortage]*shortfall{}}
	if c.tooLarge() {
		return nil
	}
	for i := range b.f.Devices {
		c.of[i] = c.cabler(&b.f.Devices[i], &b.p.Devices[i])
	}
	c.tiers()
	c.nodes()
	c.report()
	return c.links
}

// maxCables bounds automatic cabling. 32 spines over 1,000 leafs have 32,000.
const maxCables = 1 << 20

// tooLarge says, and tells, whether there would be more cables than that.
func (c *cabling) tooLarge() bool {
	total := 0
	spines, tops := c.group(Spine, podOf), c.group(Superspine, planeOf)
	for i := range c.f.Devices {
		switch s := &c.f.Devices[i]; s.Role {
		case Spine:
			total += len(tops[s.Plane])
		case Leaf, Border:
			total += len(spines[s.Pod])
		case Node:
			total += s.Homes
		}
	}
	if total > maxCables {
		c.find("cabling-size", &Spec{Path: "leafs", Line: c.f.Line("leafs")}, fmt.Sprintf("automatic cabling would make %d cables, and makes at most %d", total, maxCables),
			"divide the fabric into pods")
	}
	return total > maxCables
}

// first is what the device says of its ports, or else what its role does.
func first(own, role []string) []string {
	if own != nil {
		return own
	}
	return role
}

// cabling is the state of cabling one fabric.
type cabling struct {
	*planner
	of    []cabler // by place in Devices
	lists map[portsKey]portList
	links []Link
	short map[shortage]*shortfall
	order []shortage
}

// group is the devices of a role that are told apart by a word (pod, plane,
// rack), by place in Devices, in the order of their numbers.
func (c *cabling) group(role Role, by func(*Spec) string) map[string][]int {
	groups := map[string][]int{}
	for i := range c.f.Devices {
		if s := &c.f.Devices[i]; s.Role == role {
			groups[by(s)] = append(groups[by(s)], i)
		}
	}
	for _, list := range groups {
		slices.SortStableFunc(list, func(x, y int) int { return c.f.Devices[x].N - c.f.Devices[y].N })
	}
	return groups
}

func podOf(s *Spec) string   { return s.Pod }
func planeOf(s *Spec) string { return s.Plane }
func all(*Spec) string       { return "" }

// tiers cables the switches.
func (c *cabling) tiers() {
	planes, pods := c.group(Superspine, planeOf), c.group(Spine, podOf)
	for _, spine := range c.group(Spine, all)[""] {
		c.rise(spine, planes[c.f.Devices[spine].Plane], c.byNumber)
	}
	for _, leaf := range c.group(Leaf, all)[""] {
		c.rise(leaf, pods[c.f.Devices[leaf].Pod], c.byNumber)
	}
	below := c.highest(Leaf, podOf)
	borders, lowest := c.highest(Border, podOf), c.highest(Spine, all)[""]
	for _, border := range c.group(Border, all)[""] {
		pod := c.f.Devices[border].Pod
		upper, wanted := pods[pod], below[pod]+borders[pod]
		if len(upper) == 0 && pod == "" { // in three tiers a border of no pod stands beside the pods
			upper, wanted = c.group(Superspine, all)[""], lowest+borders[pod]
		}
		c.rise(border, upper, func(upper, lower int) int {
			return c.of[upper].down.last(wanted) - (c.f.Devices[lower].N - 1)
		})
	}
}

// byNumber is the place of a lower device's port: its number.
func (c *cabling) byNumber(_, lower int) int { return c.f.Devices[lower].N - 1 }

// highest is the highest number in each group of a role.
func (c *cabling) highest(role Role, by func(*Spec) string) map[string]int {
	numbers := map[string]int{}
	for i := range c.f.Devices {
		if s := &c.f.Devices[i]; s.Role == role {
			numbers[by(s)] = max(numbers[by(s)], s.N)
		}
	}
	return numbers
}

// rise cables one device to all those above it; place says which downlink
// (0-based) of an upper device is for it.
func (c *cabling) rise(lower int, uppers []int, place func(upper, lower int) int) {
	for _, upper := range uppers {
		down, ok := c.of[upper].fixed(place(upper, lower))
		if !ok {
			c.lacks(upper, "downlink", lower)
			continue
		}
		up, ok := c.of[lower].upward()
		if !ok {
			c.lacks(lower, "uplink", upper)
			continue
		}
		c.link(upper, down, lower, up)
	}
}

func (c *cabling) link(upper int, down string, lower int, up string) {
	c.links = append(c.links, Link{
		A: End{c.f.Devices[upper].Name, down},
		B: End{c.f.Devices[lower].Name, up},
	})
}

// site is where a node looks for leafs: its rack, its pod; empty means any.
type site struct{ pod, rack string }

// nodes cables the nodes: first those that have a rack, then the others.
func (c *cabling) nodes() {
	leafs := map[site][]int{}
	for _, leaf := range c.group(Leaf, all)[""] {
		s := &c.f.Devices[leaf]
		sites := []site{{s.Pod, s.Rack}, {"", s.Rack}, {s.Pod, ""}, {"", ""}}
		slices.SortFunc(sites, func(x, y site) int { return cmp.Or(cmp.Compare(x.pod, y.pod), cmp.Compare(x.rack, y.rack)) })
		for _, at := range slices.Compact(sites) {
			leafs[at] = append(leafs[at], leaf)
		}
	}
	turn := map[site]int{} // how many cables the nodes there have
	nodes := c.group(Node, all)[""]
	slices.SortStableFunc(nodes, func(x, y int) int {
		return noRack(c.f.Devices[x].Rack) - noRack(c.f.Devices[y].Rack)
	})
	for _, node := range nodes {
		s := &c.f.Devices[node]
		at := site{s.Pod, s.Rack}
		near := leafs[at]
		if len(near) < s.Homes {
			c.tooFewLeafs(s, at, len(near))
		}
		for range min(s.Homes, len(near)) {
			c.home(node, near[turn[at]%len(near)])
			turn[at]++
		}
	}
}

func noRack(rack string) int {
	if rack == "" {
		return 1
	}
	return 0
}

// home cables a node to a leaf.
func (c *cabling) home(node, leaf int) {
	up, ok := c.of[node].upward()
	if !ok {
		c.lacks(node, "uplink", leaf)
		return
	}
	down, ok := c.of[leaf].downward()
	if !ok {
		c.lacks(leaf, "downlink", node)
		return
	}
	c.link(leaf, down, node, up)
}

func (c *cabling) tooFewLeafs(s *Spec, at site, have int) {
	where := "the fabric"
	switch {
	case at.rack != "":
		where = "rack " + at.rack
	case at.pod != "":
		where = "pod " + at.pod
	}
	c.find("cabling-homes", s, fmt.Sprintf("%s needs %d leafs, and %s has %d", s.Name, s.Homes, where, have),
		"lower homes, move "+s.Name+" to another rack, or add a leaf")
}
