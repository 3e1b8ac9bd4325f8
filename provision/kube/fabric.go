package kube

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// holders are the devices that are to have a route for a prefix of a node: those
// of the prediction, or, for a prefix that nothing predicts, all switches.
func (v *view) holders(d model.Device, p netip.Prefix) []string {
	var out []string
	for _, r := range v.routes {
		if r.Prefix == p && r.Device != d.Name && !slices.Contains(out, r.Device) {
			out = append(out, r.Device)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, o := range v.plan.Devices {
		if o.Role != model.Node {
			out = append(out, o.Name)
		}
	}
	return out
}

// held counts the holders that have the route, and names the first without.
func (v *view) held(d model.Device, p netip.Prefix) (has, all int, without string) {
	for _, name := range v.holders(d, p) {
		all++
		if said := v.device(name); said != nil && slices.ContainsFunc(said.Routes, func(r observe.Route) bool { return r.Prefix == p }) {
			has++
		} else if without == "" {
			without = name
		}
	}
	return has, all, without
}

// everywhere is the check that the whole fabric has routes.
func (v *view) everywhere(d model.Device, prefixes []netip.Prefix) Check {
	for _, p := range prefixes {
		has, all, without := v.held(d, p)
		c := judged(fmt.Sprintf("%s on %d devices", joined(prefixes), all), fmt.Sprintf("on %d", has), has == all, "`closup trace "+p.Addr().String()+"`: "+without+" has no route")
		if c.State != OK || p == prefixes[len(prefixes)-1] {
			return c
		}
	}
	return Check{}
}

func (v *view) fabric(d model.Device) Check { return v.everywhere(d, d.Loopbacks) }

// fabricPods waits for the node: what its kernel does not route yet, nobody can
// have.
func (v *view) fabricPods(d model.Device) Check {
	cidrs := v.pods(d)
	said := v.device(d.Name)
	for _, cidr := range cidrs {
		if said != nil && len(ours(said, cidr)) == 0 {
			return Check{Expected: joined(cidrs) + " everywhere", Actual: "nothing to announce yet", State: Pending}
		}
	}
	if !d.Pinned && v.plan.Kubernetes.IPAM != "host-local" && said != nil { // the CNI's own blocks
		var blocks []netip.Prefix
		for _, cidr := range cidrs {
			for _, k := range ours(said, cidr) {
				if k.Blackhole || k.Prefix.Bits() < k.Prefix.Addr().BitLen() {
					blocks = append(blocks, k.Prefix)
				}
			}
		}
		if len(blocks) > 0 {
			cidrs = blocks
		}
	}
	return v.everywhere(d, cidrs)
}

// smoke is the smoke app: each pod lies in its node's CIDR, and answers every
// node.
func (v *view) smoke() SmokeReport {
	c := v.facts.Cluster
	r := SmokeReport{Deployed: c.Deployed, Pods: []PodReport{}, Checks: []Check{}}
	for _, p := range c.Pods {
		row := PodReport{Name: p.Name, Node: p.Node, Phase: p.Phase, IPs: []string{}, Answered: []string{}, Silent: []string{}}
		for _, ip := range p.IPs {
			row.IPs = append(row.IPs, ip.String())
		}
		for _, d := range nodes(v.plan) {
			switch {
			case p.Answered[d.Name] == p.Name:
				row.Answered = append(row.Answered, d.Name)
			default:
				row.Silent = append(row.Silent, d.Name)
			}
		}
		r.Pods = append(r.Pods, row)
		expected := "a pod on " + p.Node + " that answers every node"
		d, _ := v.plan.Device(p.Node)
		switch {
		case p.Node == "" || p.Phase != "Running" || len(p.IPs) == 0:
			r.Checks = append(r.Checks, judged(expected, p.Name+" is "+p.Phase, false, "`kubectl describe pod -n "+Namespace+" "+p.Name+"`"))
		case d != nil && !within(v.pods(*d), p.IPs...):
			r.Checks = append(r.Checks, judged(expected, joined(p.IPs)+" is not in "+joined(v.pods(*d)), false, "the CNI hands out other addresses than the node's: look at its IPAM"))
		default:
			r.Checks = append(r.Checks, judged(expected, answers(row), len(row.Silent) == 0, "follow the way: `closup trace "+p.IPs[0].String()+"`, then `closup diagnose`"))
		}
		r.Checks[len(r.Checks)-1].Name = "smoke"
	}
	for _, d := range nodes(v.plan) {
		if c.Deployed && !slices.ContainsFunc(c.Pods, func(p Pod) bool { return p.Node == d.Name }) {
			r.Checks = append(r.Checks, Check{
				Name: "smoke", Expected: "a pod on " + d.Name + " that answers every node", Actual: "there is none", State: Wrong,
				Remedy: "`kubectl describe daemonset -n " + Namespace + " " + App + "`",
			})
		}
	}
	return r
}

func answers(p PodReport) string {
	if len(p.Silent) == 0 {
		return strings.Join(p.IPs, ",") + " answers all"
	}
	return strings.Join(p.IPs, ",") + " does not answer " + strings.Join(p.Silent, ", ")
}
