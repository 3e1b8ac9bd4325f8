package model

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// inventoryGroups are the groups of a Kubespray inventory that name the roles
// of nodes, and what they were called before.
var inventoryGroups = map[string]string{
	"kube_control_plane": "control-plane", "kube-master": "control-plane", "kube-control-plane": "control-plane",
	"kube_node": "worker", "kube-node": "worker",
	"etcd": "etcd",
}

// gathering are groups that only hold others.
var gathering = []string{"all", "k8s_cluster", "k8s-cluster", "ungrouped"}

// inventory is an inventory.ini while it is read.
type inventory struct {
	t       *topology
	access  map[string]string // of [all:vars], and where all hosts say the same
	perHost map[string]map[string]string
	cluster map[string]string
	hosts   int
}

// readInventory reads a Kubespray inventory.ini: the nodes with their
// management address (ansible_host), loopback (ip) and roles. It has no
// switches and no cables.
func readInventory(t *topology, data []byte) error {
	t.noCables = true
	v := inventory{t: t, access: map[string]string{}, perHost: map[string]map[string]string{}, cluster: map[string]string{}}
	group, kind := "ungrouped", ""
	for number, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			head, _, ok := strings.Cut(line[1:], "]")
			if !ok {
				return fmt.Errorf("line %d: the [ does not end", number+1)
			}
			group, kind, _ = strings.Cut(strings.TrimSpace(head), ":")
		case kind == "vars":
			key, value, _ := strings.Cut(line, "=")
			v.variable(group, strings.TrimSpace(key), unquoted(value))
		case kind == "children":
			v.child(group, line)
		default:
			if err := v.host(group, line); err != nil {
				return fmt.Errorf("line %d: %w", number+1, err)
			}
		}
	}
	v.finish()
	return nil
}

// unquoted is a value without its quotes and comment.
func unquoted(text string) string {
	text, _, _ = strings.Cut(text, " #")
	return strings.Trim(strings.TrimSpace(text), `"'`)
}

// child notes groups in groups, unless they are Kubespray's own.
func (v *inventory) child(group, line string) {
	name := strings.Fields(line)[0]
	if !slices.Contains(gathering, group) || inventoryGroups[name] == "" && !slices.Contains(gathering, name) && name != "calico_rr" && name != "calico-rr" {
		v.t.drop("group "+printable(name)+" in "+printable(group), "")
	}
}

// host reads a line of a group: a name or a range of names, and variables.
func (v *inventory) host(group, line string) error {
	if i := strings.Index(line, " #"); i >= 0 {
		line = line[:i]
	}
	fields := strings.Fields(line)
	names, err := expand(strings.ReplaceAll(fields[0], ":", "-"))
	if err != nil {
		return err
	}
	const most = 8 * maxRange // hosts, each as often as it stands
	if v.hosts += len(names); v.hosts > most {
		return fmt.Errorf("there are more than %d hosts", most)
	}
	for _, name := range names {
		d := v.t.device(name)
		d.role, d.known = Node, true
		role, known := inventoryGroups[group]
		switch {
		case known && !slices.Contains(d.roles, role):
			d.roles = append(d.roles, role)
		case !known && !slices.Contains(gathering, group):
			v.t.drop("group "+printable(group), name)
		}
		for _, f := range fields[1:] {
			key, value, _ := strings.Cut(f, "=")
			v.hostVariable(d, key, unquoted(value))
		}
	}
	return nil
}

func (v *inventory) hostVariable(d *imported, key, value string) {
	switch key {
	case "ansible_host", "ansible_ssh_host":
		d.mgmt = v.t.address(d, key, value)
	case "ip":
		if a, err := netip.ParseAddr(value); err == nil && a.Zone() == "" {
			d.loopback = a.String()
		} else {
			v.t.drop(fmt.Sprintf("ip %s, which is no address,", quote(value)), d.name)
		}
	case "access_ip":
		if value != d.loopback {
			v.t.drop("access_ip other than ip", d.name)
		}
	case "ansible_user", "ansible_ssh_user", "ansible_port", "ansible_ssh_port", "ansible_ssh_private_key_file", "ansible_private_key_file":
		if v.perHost[d.name] == nil {
			v.perHost[d.name] = map[string]string{}
		}
		v.perHost[d.name][key] = value
	default:
		v.t.drop(printable(key), d.name)
	}
}

// inventoryAccess are the variables that say how nodes are reached.
var inventoryAccess = map[string]string{
	"ansible_user": "user", "ansible_ssh_user": "user",
	"ansible_port": "port", "ansible_ssh_port": "port",
	"ansible_ssh_private_key_file": "identity", "ansible_private_key_file": "identity",
}

// variable reads a variable of a whole group.
func (v *inventory) variable(group, key, value string) {
	whole := slices.Contains(gathering, group)
	switch {
	case whole && inventoryAccess[key] != "":
		v.access[inventoryAccess[key]] = value
	case whole && slices.Contains([]string{"kube_pods_subnet", "kube_service_addresses", "kube_network_node_prefix", "kube_network_plugin", "dns_domain", "cluster_name"}, key):
		v.cluster[key] = value
	default:
		v.t.drop(printable(key)+" of group "+printable(group), "")
	}
}

// finish turns the variables into keys of fabric.yaml.
func (v *inventory) finish() {
	t := v.t
	for _, d := range t.devices {
		own := v.perHost[d.name]
		for _, key := range slices.Sorted(maps.Keys(own)) {
			value := own[key]
			if had, set := v.access[inventoryAccess[key]]; !set {
				v.access[inventoryAccess[key]] = value
			} else if had != value {
				t.drop(key+" that differs from the others'", d.name)
			}
		}
	}
	var access []string
	for _, key := range []string{"user", "port", "identity"} {
		value := v.access[key]
		if n, err := strconv.Atoi(value); value != "" && (!SafeAccess(value) || key == "port" && (err != nil || n < 1 || n > 65535)) {
			t.remark("the access %s %s was left out: it is none", key, quote(value))
		} else if value != "" {
			access = append(access, key+": "+Quote(value))
		}
	}
	if len(access) > 0 {
		t.settings = append(t.settings, [2]string{"access", "{" + strings.Join(access, ", ") + "}"})
	}
	v.prefix("pods", "kube_pods_subnet")
	v.prefix("services", "kube_service_addresses")
	v.kubernetes()
	t.remark("an inventory has no switches and no cables: add spines and leafs; nodes are then cabled automatically")
}

func (v *inventory) prefix(key, variable string) {
	value := v.cluster[variable]
	if value == "" {
		return
	}
	if _, err := parsePrefix(value); err != nil {
		v.t.remark("%s was left out: %s", variable, err)
		return
	}
	v.t.settings = append(v.t.settings, [2]string{key, Quote(value)})
}

func (v *inventory) kubernetes() {
	keys := []string{"deployer: kubespray"}
	if cni := v.cluster["kube_network_plugin"]; slices.Contains([]string{"calico", "cilium", "flannel"}, cni) {
		keys = append(keys, "cni: {name: "+cni+"}")
	} else if cni != "" {
		v.t.remark("kube_network_plugin %s was left out: closup knows calico, cilium and flannel", quote(cni))
	}
	if mask := v.cluster["kube_network_node_prefix"]; mask != "" {
		if n, err := strconv.Atoi(mask); err == nil && 8 <= n && n <= 32 {
			keys = append(keys, "node_mask: "+mask)
		} else {
			v.t.remark("kube_network_node_prefix %s was left out: it is no length from 8 to 32", quote(mask))
		}
	}
	if domain := cmp.Or(v.cluster["dns_domain"], v.cluster["cluster_name"]); domain != "" {
		if SafeHostname(strings.ReplaceAll(domain, ".", "-")) {
			keys = append(keys, "domain: "+Quote(domain))
		} else {
			v.t.remark("the domain %s was left out: it is none", quote(domain))
		}
	}
	if len(keys) > 1 {
		v.t.settings = append(v.t.settings, [2]string{"kubernetes", "{" + strings.Join(keys, ", ") + "}"})
	}
}
