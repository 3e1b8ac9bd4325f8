package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
)

var capacityRules = []Rule{
	{"pods-per-node", Warning, "A node's pod network has an address for each of the 110 pods that a kubelet takes by default.", podsPerNode},
	{"host-prefixes", Warning, "A leaf shuts a node's session beyond 300 prefixes, so a node whose pods are announced one by one has fewer.", hostPrefixes},
	{"switch-routes", Info, "Every switch holds every route; a large fabric needs switches with room for them.", switchRoutes},
	{"oversubscription", Info, "More bandwidth down than three times that up means that a busy rack waits.", oversubscription},
	{"control-plane", Warning, "A cluster has a node that runs its control plane.", controlPlane},
	{"etcd-even", Warning, "An even number of etcd members survives no more failures than one fewer.", etcdEven},
	{"etcd-leaf", Warning, "Where most etcd members hang on one leaf alone, that leaf takes the cluster with it.", etcdLeaf},
}

// kubeletPods is kubelet's default of maxPods.
const kubeletPods = 110

// hosts4 is how many host addresses an IPv4 prefix has.
func hosts4(p netip.Prefix) int { return max(1<<(32-p.Bits())-2, 0) }

// nodesWhere are the nodes with an IPv4 pod network of that kind, and the first
// such network.
func (v *view) nodesWhere(is func(netip.Prefix) bool) (nodes []int, first netip.Prefix) {
	for _, i := range v.byRole[Node] {
		for _, p := range v.p.Devices[i].PodCIDRs {
			if p.Addr().Is4() && is(p) {
				if len(nodes) == 0 {
					first = p
				}
				nodes = append(nodes, i)
				break
			}
		}
	}
	return nodes, first
}

func podsPerNode(v *view, found say) {
	nodes, p := v.nodesWhere(func(p netip.Prefix) bool { return hosts4(p) < kubeletPods })
	if len(nodes) > 0 {
		found(v.podsOf(nodes[0]), fmt.Sprintf("the pod network of %s, %s, has %d addresses, and a kubelet takes %d pods", some(v.names(nodes)), p, hosts4(p), kubeletPods),
			"lower kubernetes.node_mask, give the nodes larger pods, or lower maxPods of the kubelets")
	}
}

// podsOf is where a node's pod network comes from.
func (v *view) podsOf(i int) where {
	if len(v.f.Devices[i].Pods) > 0 {
		return v.key(i, "pods")
	}
	return where{path: "kubernetes.node_mask"}
}

func hostPrefixes(v *view, found say) {
	if v.f.Kubernetes.CNI != "calico" { // the only one that writes a route for each pod
		return
	}
	nodes, p := v.nodesWhere(func(p netip.Prefix) bool { return hosts4(p) > HostMaxPrefix })
	if len(nodes) > 0 {
		found(v.podsOf(nodes[0]), fmt.Sprintf("%s may announce up to %d pods of %s one by one, and a leaf takes %d prefixes", some(v.names(nodes)), hosts4(p), p, HostMaxPrefix),
			"keep maxPods of the kubelets below, or raise kubernetes.node_mask")
	}
}

// manyRoutes is where the tables of small switches begin to fill.
const manyRoutes = 10000

func switchRoutes(v *view, found say) {
	if n := v.p.Prefixes(); n > manyRoutes {
		found(where{path: "nodes"}, fmt.Sprintf("every switch will hold %d routes, not counting single pods", n), "compare with the route table of the switches")
	}
}

// tolerated is the ratio of bandwidth down to up that racks commonly have.
const tolerated = 3

func oversubscription(v *view, found say) {
	for _, i := range v.byRole[Leaf] {
		up, down := bandwidth(v.p.Devices[i].Ports)
		if up > 0 && down > tolerated*up {
			found(v.entry(i), fmt.Sprintf("%s has %.1f times as much bandwidth down as up", v.f.Devices[i].Name, float64(down)/float64(up)), "add uplinks, or faster ones")
		}
	}
}

// bandwidth adds up a leaf's speeds in Mbit/s. Where no port has one, ports are
// counted; where only some have, nobody can say, and both are 0.
func bandwidth(ports []Port) (up, down int) {
	with := 0
	for _, p := range ports {
		speed := 1
		if p.Speed != "" {
			speed = mbit(p.Speed)
			with++
		}
		switch {
		case p.Kind == FabricPort && p.Up:
			up += speed
		case p.Kind == HostPort:
			down += speed
		}
	}
	if with > 0 && with < len(ports) {
		return 0, 0
	}
	return up, down
}

// mbit reads a speed such as 25G or 100M, in Mbit/s; 0 where it is none.
func mbit(speed string) int {
	n, err := strconv.Atoi(speed[:len(speed)-1])
	switch {
	case err != nil:
		return 0
	case speed[len(speed)-1] == 'G':
		return n * 1000
	}
	return n
}

// withRole are the nodes that have a role.
func (v *view) withRole(role string) []int {
	return slices.DeleteFunc(slices.Clone(v.byRole[Node]), func(i int) bool { return !slices.Contains(v.f.Devices[i].Roles, role) })
}

func controlPlane(v *view, found say) {
	if len(v.byRole[Node]) > 0 && len(v.withRole("control-plane")) == 0 {
		found(where{path: "nodes"}, "no node runs the control plane", "give one, or three, roles: [control-plane]")
	}
}

// etcd are the members: the nodes with that role, else the control planes.
func (v *view) etcd() []int {
	if members := v.withRole("etcd"); len(members) > 0 {
		return members
	}
	return v.withRole("control-plane")
}

func etcdEven(v *view, found say) {
	if m := v.etcd(); len(m) > 0 && len(m)%2 == 0 {
		found(v.entry(m[len(m)-1]), fmt.Sprintf("etcd has %d members: %s", len(m), some(v.names(m))), "make them one more or one fewer")
	}
}

func etcdLeaf(v *view, found say) {
	members := v.etcd()
	if len(members) < 3 {
		return
	}
	for _, g := range groupBy(members, func(i int) (string, bool) {
		homes := v.homesOf(i)
		for name := range homes {
			return name, len(homes) == 1
		}
		return "", false
	}) {
		if len(g.devices)*2 > len(members) {
			found(v.entry(g.devices[0]), fmt.Sprintf("%s are most of the %d etcd members and hang on %s alone", some(v.names(g.devices)), len(members), g.key),
				"spread them over leafs, or give them homes: 2")
		}
	}
}
