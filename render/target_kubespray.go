package render

import (
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
)

// setting is one variable of group_vars.
type setting struct{ Why, Key, Value string }

type sprayGroup struct {
	Name  string
	Hosts []string
}

// kubesprayFiles are what Kubespray's own inventory is made of: how each node
// is reached, which address the cluster knows it by, and a CNI that leaves the
// routing to FRR.
func kubesprayFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		c, err := clusterOf(p, devices)
		if err != nil {
			yield(File{}, err)
			return
		}
		var hosts []inventoryHost
		for _, d := range c.Nodes {
			vars, err := sprayVars(c, d)
			if err != nil {
				yield(File{}, err)
				return
			}
			hosts = append(hosts, inventoryHost{d.Name, vars})
		}
		body, err := execute("kubespray/inventory.ini.tmpl", struct {
			Nodes  []inventoryHost
			Groups []sprayGroup
		}{hosts, []sprayGroup{{"kube_control_plane", namesOf(c.Control)}, {"etcd", namesOf(c.Etcd)}, {"kube_node", namesOf(c.Workers)}}})
		if !yield(File{"inventory.ini", 0o644, body}, err) || err != nil {
			return
		}
		body, err = execute("kubespray/k8s_cluster.yml.tmpl", spraySettings(p, c))
		yield(File{"group_vars/k8s_cluster/zz-closup.yml", 0o644, body}, err)
	}
}

func namesOf(all []*model.Device) []string {
	var out []string
	for _, d := range all {
		out = append(out, d.Name)
	}
	return out
}

// sprayVars are the variables of one node. In an INI inventory a value with a
// space stands in quotes.
func sprayVars(c cluster, d *model.Device) ([]pair, error) {
	vars, err := accessVars(d)
	if err != nil {
		return nil, err
	}
	for _, a := range addresses(d) {
		if key := "ip"; a.Is4() || len(d.Loopbacks) == 1 {
			vars = append(vars, pair{key, a.String()}, pair{"access_ip", a.String()})
		} else {
			vars = append(vars, pair{"ip6", a.String()}, pair{"access_ip6", a.String()})
		}
	}
	if i := slices.Index(c.Etcd, d); i >= 0 {
		vars = append(vars, pair{"etcd_member_name", fmt.Sprintf("etcd%d", i+1)})
	}
	for i := range vars {
		if text := strings.Trim(vars[i].Value, `"`); !strings.Contains(text, " ") {
			vars[i].Value = text
		}
	}
	return vars, nil
}

// spraySettings are the variables of the whole cluster.
func spraySettings(p *model.Plan, c cluster) []setting {
	k := p.Kubernetes
	v4, v6 := masks(p, c)
	out := []setting{{"", "cluster_name", quoted(k.Domain)}}
	if k.DNS.IsValid() {
		out = append(out, setting{"", "skydns_server", quoted(k.DNS.String())})
	}
	out = append(out, families(p, v4, v6)...)
	if k.API.IsValid() {
		out = append(out, setting{"Where clients find the control plane.", "loadbalancer_apiserver", fmt.Sprintf("{address: %s, port: %d}", quoted(k.API.String()), apiPort)})
	}
	if pinned(c) {
		out = append(out, setting{"Each node keeps the pod CIDR that fabric.yaml gives it; handed out in the order of registration they would be others.", "kube_kubeadm_controller_extra_args", `{allocate-node-cidrs: "false"}`})
	}
	out = append(out, setting{"FRR on the nodes does the routing, so the CNI does none: no overlay, no BGP of its own.", "kube_network_plugin", sprayPlugins[k.CNI]})
	return append(out, sprayCNI(p, k)...)
}

// sprayPlugins is Kubespray's name of a CNI.
var sprayPlugins = map[string]string{"calico": "calico", "cilium": "cilium", "flannel": "flannel", "bridge": "cni"}

func families(p *model.Plan, v4, v6 int) []setting {
	var out []setting
	for _, f := range []struct {
		suffix string
		is4    bool
		mask   int
	}{{"", true, v4}, {"_ipv6", false, v6}} {
		mine := func(n netip.Prefix) bool { return n.Addr().Is4() == f.is4 }
		if i := slices.IndexFunc(p.Pods, mine); i >= 0 {
			out = append(out, setting{"", "kube_pods_subnet" + f.suffix, quoted(p.Pods[i].String())})
		}
		if i := slices.IndexFunc(p.Services, mine); i >= 0 {
			out = append(out, setting{"", "kube_service_addresses" + f.suffix, quoted(p.Services[i].String())})
		}
		if f.mask > 0 {
			out = append(out, setting{"", "kube_network_node_prefix" + f.suffix, fmt.Sprint(f.mask)})
		}
	}
	if v6 > 0 {
		out = append(out,
			setting{"Kubespray from 2.27; before that enable_dual_stack_networks.", "ipv4_stack", fmt.Sprint(v4 > 0)},
			setting{"", "ipv6_stack", "true"},
			setting{"", "enable_dual_stack_networks", fmt.Sprint(v4 > 0)})
	}
	return out
}

// sprayCNI keeps a CNI from routing between nodes.
func sprayCNI(p *model.Plan, k model.Kubernetes) []setting {
	switch k.CNI {
	case "calico":
		out := []setting{
			{"", "calico_network_backend", "none"},
			{"", "calico_ipip_mode", "Never"},
			{"", "calico_vxlan_mode", "Never"},
			{"", "peer_with_router", "false"},
		}
		if k.IPAM == "host-local" {
			out = append(out, setting{"", "calico_ipam_host_local", "true"})
		}
		return out
	case "cilium":
		out := []setting{{"", "cilium_tunnel_mode", "disabled"}, {"", "cilium_auto_direct_node_routes", "false"}}
		for _, n := range p.Pods {
			key := "cilium_native_routing_cidr"
			if !n.Addr().Is4() {
				key += "_ipv6"
			}
			out = append(out, setting{"", key, quoted(n.String())})
		}
		return out
	case "flannel":
		return []setting{{"", "flannel_backend_type", "alloc"}}
	}
	return nil
}
