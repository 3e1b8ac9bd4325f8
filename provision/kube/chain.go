package kube

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// links are the checks of a node, in the order in which one hangs on the other.
var links = []struct {
	name string
	find func(v *view, d model.Device) Check
}{
	{"loopback", (*view).loopback},
	{"router-id", (*view).routerID},
	{"name", (*view).name},
	{"node-ip", (*view).nodeIP},
	{"api", (*view).api},
	{"internal-ip", (*view).internalIP},
	{"ready", (*view).ready},
	{"pod-cidr", (*view).podCIDR},
	{"pod-route", (*view).podRoute},
	{"announced", (*view).announced},
	{"fabric", (*view).fabric},
	{"fabric-pods", (*view).fabricPods},
}

func (v *view) chain(d model.Device) []Check {
	var out []Check
	for _, l := range links {
		c := l.find(v, d)
		if c.State != "" {
			c.Name = l.name
			out = append(out, c)
		}
	}
	return out
}

// device is what the fabric's observer heard of a node; nil: nothing.
func (v *view) device(name string) *observe.Device {
	if d := v.devices[name]; d != nil && d.Reachable {
		return d
	}
	return nil
}

func unasked(expected, name string) Check {
	return Check{Expected: expected, State: Unknown, Actual: "unknown", Remedy: name + " does not answer: `closup diagnose " + name + "`"}
}

// judged is a check that either holds or not.
func judged(expected, actual string, holds bool, remedy string) Check {
	if actual == "" {
		actual = "none"
	}
	if holds {
		return Check{Expected: expected, Actual: actual, State: OK}
	}
	return Check{Expected: expected, Actual: actual, State: Wrong, Remedy: remedy}
}

func (v *view) loopback(d model.Device) Check {
	said := v.device(d.Name)
	if said == nil || said.Evidence == nil {
		return unasked(joined(d.Loopbacks), d.Name)
	}
	lo, _ := said.Evidence.Link("lo")
	var has []netip.Prefix
	for _, a := range lo.Addrs {
		if !a.Addr().IsLoopback() {
			has = append(has, a)
		}
	}
	missing := slices.ContainsFunc(d.Loopbacks, func(p netip.Prefix) bool { return !slices.Contains(has, p) })
	return judged(joined(d.Loopbacks), joined(has), !missing, "`closup diagnose "+d.Name+"`")
}

func (v *view) routerID(d model.Device) Check {
	said := v.device(d.Name)
	if said == nil {
		return unasked(d.RouterID.String(), d.Name)
	}
	actual := ""
	if said.RouterID.IsValid() {
		actual = said.RouterID.String()
	}
	return judged(d.RouterID.String(), actual, said.RouterID == d.RouterID, "`closup diagnose "+d.Name+"`")
}

// name is what the node's own name means on it: programs that ask for it must
// get the loopback, and not 127.0.1.1.
func (v *view) name(d model.Device) Check {
	n := v.facts.Nodes[d.Name]
	want := addressesOf(d)
	expected := d.Name + " is " + joined(want[:min(1, len(want))])
	if n.Err != nil {
		return unasked(expected, d.Name)
	}
	if n.Hostname != d.Name {
		return judged(expected, "its name is "+n.Hostname, false, "push its configuration: `closup push --only "+d.Name+"`")
	}
	holds := len(n.Resolves) > 0 && slices.Contains(want, n.Resolves[0])
	return judged(expected, joined(n.Resolves), holds, "the line of the loopback in /etc/hosts comes first: `closup push --only "+d.Name+"`; cloud-init's manage_etc_hosts puts 127.0.1.1 back")
}

func (v *view) nodeIP(d model.Device) Check {
	n := v.facts.Nodes[d.Name]
	want := addressesOf(d)
	if n.Err != nil {
		return unasked(joined(want), d.Name)
	}
	c := judged(joined(want), joined(n.NodeIPs), sameAddresses(want, n.NodeIPs), "start kubelet with --node-ip="+joined(want)+": `closup push --only "+d.Name+"` writes it, and what stands in /etc/default/kubelet takes its place")
	if n.NodeIPIn != "" {
		c.Actual += " (" + n.NodeIPIn + ")"
	}
	if !n.Kubelet && c.State == Wrong && len(n.NodeIPs) == 0 && !v.clustered() {
		c.State, c.Actual = Pending, "there is no kubelet"
	}
	return c
}

// api is the way from the node to the API server. Before there is a cluster
// nobody listens, and where its address is not a loopback of the plan nobody
// has it yet.
func (v *view) api(d model.Device) Check {
	address := APIAddress(v.plan)
	if !address.IsValid() {
		return Check{}
	}
	expected := netip.AddrPortFrom(address, apiPort).String() + " answers"
	n := v.facts.Nodes[d.Name]
	switch {
	case n.Err != nil:
		return unasked(expected, d.Name)
	case n.API == "":
		return Check{Expected: expected, Actual: "it could not be tried", State: Unknown, Remedy: "install bash on " + d.Name}
	}
	owned := slices.ContainsFunc(nodes(v.plan), func(o model.Device) bool { return slices.Contains(addressesOf(o), address) })
	c := judged(expected, string(n.API), n.API == Open, "follow the way: `closup trace "+address.String()+"`, then look at the API server")
	if !v.clustered() && (n.API == Refused || !owned) {
		c.State = Pending
	}
	return c
}

// told is what the cluster says of the node. Where nothing is known of a
// cluster there is nothing to compare.
func (v *view) told(d model.Device, expected string) (ClusterNode, Check, bool) {
	if !v.clustered() {
		return ClusterNode{}, Check{Expected: expected, Actual: "no control plane answers", State: Pending}, false
	}
	n, known := v.facts.Cluster.Node(d.Name)
	if !known {
		return n, judged(expected, "the cluster has no node "+d.Name, false, "join it: `kubeadm join`, or a run of Kubespray; kubelet's --hostname-override is its name"), false
	}
	return n, Check{}, true
}

func (v *view) internalIP(d model.Device) Check {
	want := addressesOf(d)
	n, c, known := v.told(d, joined(want))
	if !known {
		return c
	}
	return judged(joined(want), joined(n.Internal), sameAddresses(want, n.Internal), "the cluster reaches the node by another address than the fabric's: start its kubelet with --node-ip="+joined(want))
}

func (v *view) ready(d model.Device) Check {
	n, c, known := v.told(d, "ready")
	if !known {
		return c
	}
	actual := "ready"
	if !n.Ready {
		actual = cmp.Or(n.Why, "not ready")
	}
	return judged("ready", actual, n.Ready, "`kubectl describe node "+d.Name+"`, and the log of its kubelet")
}

// podCIDR is the planned one where the CNI keeps to it, otherwise any of the
// cluster's pods.
func (v *view) podCIDR(d model.Device) Check {
	expected := joined(d.PodCIDRs)
	if !d.Pinned {
		expected = "of " + joined(v.plan.Pods)
	}
	n, c, known := v.told(d, expected)
	if !known {
		return c
	}
	holds := len(n.PodCIDRs) > 0
	for _, p := range n.PodCIDRs {
		if d.Pinned {
			holds = holds && slices.Contains(d.PodCIDRs, p)
		} else {
			holds = holds && slices.ContainsFunc(v.plan.Pods, func(all netip.Prefix) bool { return all.Bits() <= p.Bits() && all.Contains(p.Addr()) })
		}
	}
	if !d.Pinned && len(n.PodCIDRs) == 0 {
		return Check{Expected: expected, Actual: "none: the CNI hands them out", State: OK}
	}
	return judged(expected, joined(n.PodCIDRs), holds,
		"the controller manager hands CIDRs out in the order of registration: turn --allocate-node-cidrs off and set spec.podCIDR, or take the node's into fabric.yaml as pods")
}

// pods are the prefixes that a node's pods live in: as the cluster says, or else
// as planned.
func (v *view) pods(d model.Device) []netip.Prefix {
	if n, known := v.facts.Cluster.Node(d.Name); known && len(n.PodCIDRs) > 0 {
		return n.PodCIDRs
	}
	return d.PodCIDRs
}

// sameAddresses ignores the order.
func sameAddresses(want, got []netip.Addr) bool {
	if len(want) != len(got) {
		return false
	}
	return !slices.ContainsFunc(want, func(a netip.Addr) bool { return !slices.Contains(got, a) })
}

func addressesOf(d model.Device) []netip.Addr {
	var out []netip.Addr
	for _, p := range d.Loopbacks {
		out = append(out, p.Addr())
	}
	return out
}

// ours are the kernel's routes on a node for its pods: of another source than
// BGP, for the CIDR itself or, where the CNI divides it, for a part.
func ours(said *observe.Device, cidr netip.Prefix) []observe.KernelRoute {
	var out []observe.KernelRoute
	for _, k := range said.Kernel {
		if k.Protocol != "bgp" && k.Protocol != "186" && k.Prefix.Bits() >= cidr.Bits() && cidr.Contains(k.Prefix.Addr()) {
			out = append(out, k)
		}
	}
	return out
}

func (v *view) podRoute(d model.Device) Check {
	cidrs := v.pods(d)
	expected := joined(cidrs) + " in the kernel"
	said := v.device(d.Name)
	switch {
	case len(cidrs) == 0:
		return Check{}
	case said == nil:
		return unasked(expected, d.Name)
	}
	var has []string
	for _, cidr := range cidrs {
		found := ours(said, cidr)
		if len(found) == 0 {
			return Check{Expected: expected, Actual: "no route for " + cidr.String(), State: Pending, Remedy: "the CNI makes it with the first pod on " + d.Name}
		}
		for _, k := range found[:min(2, len(found))] {
			by := k.Port
			if k.Blackhole {
				by = "blackhole"
			}
			has = append(has, strings.TrimSpace(fmt.Sprintf("%s %s proto %s", k.Prefix, by, k.Protocol)))
		}
	}
	return Check{Expected: expected, Actual: strings.Join(has, ", "), State: OK}
}

// announced is BGP's own route on the node.
func (v *view) announced(d model.Device) Check {
	cidrs := v.pods(d)
	expected := joined(cidrs) + " by BGP"
	said := v.device(d.Name)
	switch {
	case len(cidrs) == 0:
		return Check{}
	case said == nil:
		return unasked(expected, d.Name)
	}
	for _, cidr := range cidrs {
		if len(ours(said, cidr)) == 0 {
			return Check{Expected: expected, Actual: "nothing to announce yet", State: Pending}
		}
		if !slices.ContainsFunc(said.Routes, func(r observe.Route) bool {
			return r.Local && r.Prefix.Bits() >= cidr.Bits() && cidr.Contains(r.Prefix.Addr())
		}) {
			return judged(expected, "not "+cidr.String(), false, "`closup diagnose "+d.Name+"`")
		}
	}
	return Check{Expected: expected, Actual: "announced", State: OK}
}
