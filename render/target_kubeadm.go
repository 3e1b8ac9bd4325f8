package render

import (
	"fmt"
	"iter"
	"slices"
	"strconv"

	"closup/model"
)

// kubeadmView is one node's file for kubeadm, in the form v1beta4. It holds no
// token and no key: joining reads a kubeconfig that the operator brings.
type kubeadmView struct {
	Comment, Kind, Name string
	Cluster             *kubeadmCluster // of the first control plane
	Joins               bool
	Advertise           string // of a control plane
	NodeIP              string
	Untainted           bool
}

type kubeadmCluster struct {
	Name, Endpoint, Pods, Services, Domain string
	SANs                                   []string
	Manager                                []pair
}

// kubeadmFiles are a file a node: the first control plane's starts the cluster,
// the others' join it.
func kubeadmFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		whole, err := clusterOf(p, nil)
		if err != nil {
			yield(File{}, err)
			return
		}
		some, err := clusterOf(p, devices)
		if err != nil {
			yield(File{}, err)
			return
		}
		for _, d := range some.Nodes {
			if !slices.Contains(whole.Control, d) && !slices.Contains(whole.Workers, d) {
				continue // keeps etcd alone, and is no node of the cluster
			}
			body, err := execute("kubeadm/node.yaml.tmpl", kubeadmNode(p, whole, d))
			if !yield(File{d.Name + ".yaml", 0o644, body}, err) || err != nil {
				return
			}
		}
	}
}

func kubeadmNode(p *model.Plan, c cluster, d *model.Device) kubeadmView {
	v := kubeadmView{
		Name: quoted(d.Name), NodeIP: quoted(listed(addresses(d))), Kind: "JoinConfiguration", Joins: true,
		Comment: "kubeadm join --config " + d.Name + ".yaml, with a kubeconfig to find the cluster by in /etc/kubernetes/discovery.conf",
	}
	if slices.Contains(c.Control, d) {
		v.Advertise = quoted(d.Loopbacks[0].Addr().String())
		v.Untainted = slices.Contains(c.Workers, d)
		if d == c.Control[0] {
			v.Kind, v.Joins = "InitConfiguration", false
			v.Comment = "kubeadm init --config " + d.Name + ".yaml"
			v.Cluster = kubeadmWhole(p, c)
		}
	}
	return v
}

func kubeadmWhole(p *model.Plan, c cluster) *kubeadmCluster {
	out := &kubeadmCluster{
		Name: quoted(p.Name), Endpoint: quoted(c.endpoint(p.Kubernetes)),
		Pods: quoted(listed(p.Pods)), Services: quoted(listed(p.Services)), Domain: quoted(p.Kubernetes.Domain),
	}
	for _, d := range c.Control {
		out.SANs = append(out.SANs, quoted(d.Name))
		for _, a := range addresses(d) {
			out.SANs = append(out.SANs, quoted(a.String()))
		}
	}
	if p.Kubernetes.API.IsValid() && !slices.Contains(out.SANs, quoted(p.Kubernetes.API.String())) {
		out.SANs = append(out.SANs, quoted(p.Kubernetes.API.String()))
	}
	v4, v6 := masks(p, c)
	switch {
	case pinned(c):
		// Handed out in the order of registration, they would not be the plan's.
		out.Manager = []pair{{"allocate-node-cidrs", quoted("false")}}
	case v4 > 0 && v6 > 0:
		out.Manager = []pair{{"node-cidr-mask-size-ipv4", quoted(strconv.Itoa(v4))}, {"node-cidr-mask-size-ipv6", quoted(strconv.Itoa(v6))}}
	default:
		out.Manager = []pair{{"node-cidr-mask-size", quoted(fmt.Sprint(max(v4, v6)))}}
	}
	return out
}
