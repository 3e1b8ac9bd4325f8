package render

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
)

// apiPort is where a control plane serves (kubeadm's default).
const apiPort = 6443

// cluster is the Kubernetes side of a plan, as every deployer wants it.
type cluster struct {
	Control, Etcd, Workers []*model.Device // in the plan's order
	Nodes                  []*model.Device
}

// clusterOf sorts the chosen nodes by their roles. A node without a role
// works; where none says etcd, the control planes keep it.
func clusterOf(p *model.Plan, devices []string) (cluster, error) {
	var c cluster
	for d := range chosen(p, devices) {
		if d.Role != model.Node {
			continue
		}
		if err := safe(d); err != nil {
			return c, err
		}
		if len(d.Loopbacks) == 0 {
			return c, fmt.Errorf("%s has no loopback for the cluster to know it by: give it one in fabric.yaml", d.Name)
		}
		c.Nodes = append(c.Nodes, d)
		control, etcd := slices.Contains(d.Roles, "control-plane"), slices.Contains(d.Roles, "etcd")
		if control {
			c.Control = append(c.Control, d)
		}
		if etcd {
			c.Etcd = append(c.Etcd, d)
		}
		if slices.Contains(d.Roles, "worker") || !control && !etcd {
			c.Workers = append(c.Workers, d)
		}
	}
	if len(c.Etcd) == 0 {
		c.Etcd = c.Control
	}
	return c, nil
}

// endpoint is where clients find the control plane: the fabric's `api`, or the
// first control plane's loopback. Empty where there is neither.
func (c cluster) endpoint(k model.Kubernetes) string {
	switch {
	case k.API.IsValid():
		return netip.AddrPortFrom(k.API, apiPort).String()
	case len(c.Control) > 0:
		return netip.AddrPortFrom(c.Control[0].Loopbacks[0].Addr(), apiPort).String()
	}
	return ""
}

// masks are the bits of a node's pod CIDR, IPv4 and IPv6; 0 where the cluster
// has no such family.
func masks(p *model.Plan, c cluster) (v4, v6 int) {
	for _, d := range c.Nodes {
		for _, cidr := range d.PodCIDRs {
			if cidr.Addr().Is4() {
				v4 = cidr.Bits()
			} else {
				v6 = cidr.Bits()
			}
		}
	}
	if v4 == 0 && slices.ContainsFunc(p.Pods, func(n netip.Prefix) bool { return n.Addr().Is4() }) {
		v4 = p.Kubernetes.NodeMask
	}
	return v4, v6
}

// pinned says whether every node's pod CIDR is decided beforehand, so that
// nothing else may hand them out.
func pinned(c cluster) bool {
	return len(c.Nodes) > 0 && !slices.ContainsFunc(c.Nodes, func(d *model.Device) bool { return !d.Pinned })
}

// listed are prefixes or addresses with commas between.
func listed[T fmt.Stringer](all []T) string {
	var out []string
	for _, one := range all {
		out = append(out, one.String())
	}
	return strings.Join(out, ",")
}

// addresses are a node's loopbacks, IPv4 first as the plan has them.
func addresses(d *model.Device) []netip.Addr {
	var out []netip.Addr
	for _, l := range d.Loopbacks {
		out = append(out, l.Addr())
	}
	return out
}
