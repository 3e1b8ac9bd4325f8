package ui

import (
	"errors"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"closup/model"
	"closup/ui/work"
)

// setting is one key of fabric.yaml that stands for the whole fabric.
type setting struct {
	path    string
	section string
	label   string
	about   string
	rule    string
	example string
	why     string // why the default is what it is
	list    bool   // several values, separated by commas
	choices []string
	shown   func(*model.Fabric) bool // nil: always
	get     func(*model.Fabric) string
}

func has(r model.Role) func(*model.Fabric) bool {
	return func(f *model.Fabric) bool {
		for i := range f.Devices {
			if f.Devices[i].Role == r {
				return true
			}
		}
		return false
	}
}

func asn(r model.Role) func(*model.Fabric) string {
	return func(f *model.Fabric) string { return f.ASN[r].String() }
}

func loopbacks(r model.Role) func(*model.Fabric) string {
	return func(f *model.Fabric) string {
		texts := make([]string, len(f.Loopbacks[r]))
		for i, a := range f.Loopbacks[r] {
			texts[i] = rangeText(a)
		}
		return strings.Join(texts, ", ")
	}
}

// rangeText is an address range as fabric.yaml writes it: with the first
// address where that is not the first host.
func rangeText(a model.AddressRange) string {
	if a.Base == a.Prefix.Addr().Next() {
		return a.Prefix.String()
	}
	return netip.PrefixFrom(a.Base, a.Prefix.Bits()).String()
}

func whole(get func(*model.Fabric) int) func(*model.Fabric) string {
	return func(f *model.Fabric) string { return strconv.Itoa(get(f)) }
}

const (
	asnRule      = "+ counts up, one for each device; without + the whole role shares it; +rack and +pod give one to each of those"
	asnAbout     = "The AS numbers of the "
	loopAbout    = "Where the loopbacks of the %s come from: the n-th device takes the n-th address."
	loopRule     = "a prefix, or an IPv4 and an IPv6 one; 10.0.0.11/24 counts from .11"
	platformRule = "what runs on the box decides which files are made for it"
)

// releaseAbout: nothing that closup writes depends on a node's release.
const releaseAbout = "Which release of its system a switch runs. Some vendors' commands depend on it."

var platformChoices = []string{"cumulus", "nvue", "sonic", "debian", "ubuntu", "flatcar", "coreos"}

// settings is the form, in order.
var settings = []setting{
	{path: "name", section: "General", label: "Name", about: "Names the fabric, its lab and its records.", rule: "small letters, digits and -, at most 32", example: "article", get: func(f *model.Fabric) string { return f.Name }},

	{path: "asn.superspines", section: "AS numbers", label: "Superspines", about: asnAbout + "superspines.", rule: asnRule, example: "65401+", shown: has(model.Superspine), get: asn(model.Superspine)},
	{path: "asn.spines", section: "AS numbers", label: "Spines", about: asnAbout + "spines.", rule: asnRule, example: "65501+ or 65020", get: asn(model.Spine)},
	{path: "asn.leafs", section: "AS numbers", label: "Leafs", about: asnAbout + "leafs.", rule: asnRule, example: "65101+ or 65101+rack", get: asn(model.Leaf)},
	{path: "asn.borders", section: "AS numbers", label: "Border leafs", about: asnAbout + "border leafs.", rule: asnRule, example: "65141+", shown: has(model.Border), get: asn(model.Border)},
	{path: "asn.nodes", section: "AS numbers", label: "Nodes", about: asnAbout + "nodes.", rule: asnRule, example: "65801+", get: asn(model.Node)},

	{path: "loopbacks.superspines", section: "Loopbacks", label: "Superspines", about: loopText("superspines"), rule: loopRule, example: "10.1.0.0/24", list: true, shown: has(model.Superspine), get: loopbacks(model.Superspine)},
	{path: "loopbacks.spines", section: "Loopbacks", label: "Spines", about: loopText("spines"), rule: loopRule, example: "10.1.2.0/24", list: true, get: loopbacks(model.Spine)},
	{path: "loopbacks.leafs", section: "Loopbacks", label: "Leafs", about: loopText("leafs"), rule: loopRule, example: "10.1.1.0/24", list: true, get: loopbacks(model.Leaf)},
	{path: "loopbacks.borders", section: "Loopbacks", label: "Border leafs", about: loopText("border leafs"), rule: loopRule, example: "10.1.4.0/24", list: true, shown: has(model.Border), get: loopbacks(model.Border)},
	{path: "loopbacks.nodes", section: "Loopbacks", label: "Nodes", about: loopText("nodes"), rule: loopRule, example: "10.1.3.0/24", list: true, get: loopbacks(model.Node)},

	{path: "pods", section: "Kubernetes", label: "Pods", about: "The network of all pods. Leafs take routes of nodes from inside it.", rule: "a prefix, or an IPv4 and an IPv6 one", example: "10.233.64.0/18", why: "it is Kubespray's.", list: true, get: func(f *model.Fabric) string { return joined(f.Pods) }},
	{path: "services", section: "Kubernetes", label: "Services", about: "The network of the services. It is never announced.", rule: "a prefix, or an IPv4 and an IPv6 one", example: "10.233.0.0/18", why: "it is Kubespray's.", list: true, get: func(f *model.Fabric) string { return joined(f.Services) }},
	{path: "kubernetes.deployer", section: "Kubernetes", label: "Deployer", about: "What installs the cluster on the nodes.", choices: []string{"kubespray", "kubeadm"}, get: func(f *model.Fabric) string { return f.Kubernetes.Deployer }},
	{path: "kubernetes.cni.name", section: "Kubernetes", label: "CNI", about: "The network plugin of the cluster.", choices: []string{"calico", "cilium", "flannel", "bridge"}, get: func(f *model.Fabric) string { return f.Kubernetes.CNI }},
	{path: "kubernetes.cni.ipam", section: "Kubernetes", label: "IPAM", about: "What gives pods their addresses. Only host-local keeps to one network for each node, so only then are routes filtered one by one.", choices: []string{"host-local", "calico", "cilium"}, get: func(f *model.Fabric) string { return f.Kubernetes.IPAM }},
	{path: "kubernetes.node_mask", section: "Kubernetes", label: "Node mask", about: "How long the pod network of one node is.", rule: "8 to 32 bits", example: "24", why: "254 pods on a node.", get: whole(func(f *model.Fabric) int { return f.Kubernetes.NodeMask })},

	{path: "timers.keepalive", section: "BGP", label: "Keepalive", about: "Seconds between two keepalives.", rule: "1 to 65535 seconds", example: "3", why: "a third of the hold time.", get: whole(func(f *model.Fabric) int { return f.Timers.Keepalive })},
	{path: "timers.hold", section: "BGP", label: "Hold", about: "Seconds without a keepalive after which a session is down.", rule: "3 to 65535 seconds", example: "9", why: "a dead link is seen within ten seconds without BFD.", get: whole(func(f *model.Fabric) int { return f.Timers.Hold })},
	{path: "timers.connect", section: "BGP", label: "Connect", about: "Seconds between two tries to connect.", rule: "1 to 65535 seconds", example: "10", why: "FRR's own 120 makes a rebooted neighbor wait for minutes.", get: whole(func(f *model.Fabric) int { return f.Timers.Connect })},
	{path: "bfd", section: "BGP", label: "BFD", about: "See dead links within a second, where both ends can.", choices: []string{"false", "true"}, why: "not every box has it.", get: func(f *model.Fabric) string { return strconv.FormatBool(f.BFD) }},
	{path: "hosts.advertise", section: "BGP", label: "Leafs tell nodes", about: "What leafs tell the nodes: every route, or only a default.", choices: []string{"all", "default"}, get: func(f *model.Fabric) string { return f.Hosts }},

	{path: "mtu.fabric", section: "Links", label: "MTU, switches", about: "Bytes in a frame between switches.", rule: "1280 to 65535 bytes", example: "9216", get: whole(func(f *model.Fabric) int { return f.MTU.Fabric })},
	{path: "mtu.nodes", section: "Links", label: "MTU, nodes", about: "Bytes in a frame between a leaf and a node, at both ends.", rule: "1280 to 65535 bytes", example: "9000", get: whole(func(f *model.Fabric) int { return f.MTU.Nodes })},

	{path: "access.user", section: "Access", label: "User", about: "Who logs in by SSH. It needs sudo.", example: "cumulus", get: func(f *model.Fabric) string { return f.Access.User }},
	{path: "access.port", section: "Access", label: "SSH port", rule: "1 to 65535", example: "22", get: whole(func(f *model.Fabric) int { return f.Access.Port })},
	{path: "access.identity", section: "Access", label: "Identity", about: "The private key's file. The agent is asked first.", example: "~/.ssh/id_ed25519", get: func(f *model.Fabric) string { return f.Access.Identity }},
	{path: "access.jump", section: "Access", label: "Jump host", about: "The host by which the devices are reached.", rule: "[user@]host[:port]", example: "admin@oob-server", get: func(f *model.Fabric) string { return f.Access.Jump }},
	{path: "management.port", section: "Access", label: "Management port", about: "How the box is managed. closup never touches this port.", example: "eth0", get: func(f *model.Fabric) string { return f.Management.Port }},
	{path: "management.vrf", section: "Access", label: "Management VRF", example: "mgmt", get: func(f *model.Fabric) string { return f.Management.VRF }},
	{path: "management.address", section: "Access", label: "Management address", rule: "dhcp, or an address with its mask", example: "dhcp", get: func(f *model.Fabric) string { return f.Management.Address }},

	{path: "platform.spines", section: "Systems", label: "Spines run", rule: platformRule, choices: platformChoices, get: func(f *model.Fabric) string { return f.Platform[model.Spine] }},
	{path: "platform.leafs", section: "Systems", label: "Leafs run", rule: platformRule, choices: platformChoices, get: func(f *model.Fabric) string { return f.Platform[model.Leaf] }},
	{path: "platform.nodes", section: "Systems", label: "Nodes run", rule: platformRule, choices: platformChoices, get: func(f *model.Fabric) string { return f.Platform[model.Node] }},
	{path: "release.spines", section: "Systems", label: "Spines' release", about: releaseAbout, example: "5.9", get: func(f *model.Fabric) string { return f.Release[model.Spine] }},
	{path: "release.leafs", section: "Systems", label: "Leafs' release", about: releaseAbout, example: "5.9", get: func(f *model.Fabric) string { return f.Release[model.Leaf] }},
	{path: "network.nodes", section: "Systems", label: "Nodes' interfaces", about: "What owns the interfaces of the nodes.", choices: []string{"ifupdown2", "netplan", "networkd", "nvue"}, get: func(f *model.Fabric) string { return f.Network[model.Node] }},
	{path: "router.nodes", section: "Systems", label: "Nodes' BGP", about: "What speaks BGP on the nodes.", choices: []string{"frr", "frr-container", "quagga-container"}, get: func(f *model.Fabric) string { return f.Router[model.Node] }},
}

func loopText(role string) string { return strings.Replace(loopAbout, "%s", role, 1) }

// name is how a setting is called in a sentence.
func (k *setting) name() string { return k.path }

func (k *setting) field() *field {
	f := &field{name: k.path, label: k.label, about: k.about, rule: k.rule, example: k.example, choices: k.choices}
	f.check = func(v string) error {
		if v == "" {
			if k.path == "name" {
				return errEmpty
			}
			return nil
		}
		return checkSetting(k.path, yamlValue(v, k.list))
	}
	return f
}

// set is the edit that gives the setting a value; empty: the default.
func (k *setting) set(value string) func(*work.Project) error {
	return func(p *work.Project) error {
		if value == "" {
			if _, ok := p.Doc.Get(k.path); !ok {
				return nil
			}
			return p.Doc.Delete(k.path)
		}
		if err := spreadMTU(p, k.path); err != nil {
			return err
		}
		return p.Doc.Set(k.path, yamlValue(value, k.list))
	}
}

// spreadMTU writes an `mtu` that is one number as one for each kind of link,
// before one of them is edited.
func spreadMTU(p *work.Project, path string) error {
	if !strings.HasPrefix(path, "mtu.") {
		return nil
	}
	text, ok := p.Doc.Get("mtu")
	if _, err := strconv.Atoi(strings.TrimSpace(text)); !ok || err != nil {
		return nil
	}
	return p.Doc.Set("mtu", "{fabric: "+text+", nodes: "+text+"}")
}

// checkSetting loads a fabric that has only this key, so the rule is the
// loader's own.
func checkSetting(path, source string) error {
	if path == "name" {
		return checkYAML("version: 1\nname: "+source+"\n", path)
	}
	keys := strings.Split(path, ".")
	text := source
	for i := len(keys) - 1; i > 0; i-- {
		text = "{" + keys[i] + ": " + text + "}"
	}
	return checkYAML("version: 1\nname: x\n"+keys[0]+": "+text+"\n", path)
}

// checkYAML is what the loader says of the key at path.
func checkYAML(text, path string) error {
	_, err := model.Load("", []byte(text))
	var problems model.Errors
	if !errors.As(err, &problems) {
		return nil
	}
	for _, p := range problems {
		if p.Path == "" || p.Path == path || strings.HasPrefix(p.Path, path+"[") || strings.HasPrefix(p.Path, path+".") {
			if p.Hint != "" {
				return errors.New(p.Message + "; " + p.Hint)
			}
			return errors.New(p.Message)
		}
	}
	return nil
}

var bare = regexp.MustCompile(`^[A-Za-z0-9/~][A-Za-z0-9/~._@+-]*$`)

// yamlValue writes what was typed as YAML: quoted where it must be, a list
// where there are several.
func yamlValue(text string, list bool) string {
	if list && strings.Contains(text, ",") {
		parts := strings.Split(text, ",")
		for i, p := range parts {
			parts[i] = yamlValue(strings.TrimSpace(p), false)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if bare.MatchString(text) && text != "~" {
		return text
	}
	return strconv.Quote(text)
}
