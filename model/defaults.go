package model

import (
	"net/netip"
	"slices"
)

// system is one platform: what a device that runs it does where fabric.yaml
// says nothing. The ports are where automatic cabling starts.
type system struct {
	name     string
	network  string   // what owns the interfaces
	uplinks  portRow  // of a leaf, border or spine
	down     portRow  // of a switch
	nodePort portRow  // of a node
	also     []string // other networks that it can run
}

// systems is every platform. Port names: on Linux switches as switchdev and
// Cumulus name them, on SONiC by lane, four to a port.
var systems = []system{
	{"cumulus", "ifupdown2", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, nil},
	{"nvue", "nvue", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, nil},
	{"sonic", "sonic", portRow{"Ethernet", 200, 4}, portRow{"Ethernet", 0, 4}, portRow{"eth", 1, 1}, nil},
	{"debian", "ifupdown2", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, nil},
	{"ubuntu", "netplan", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, []string{"ifupdown2"}},
	{"flatcar", "networkd", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, nil},
	{"coreos", "networkd", portRow{"swp", 51, 1}, portRow{"swp", 1, 1}, portRow{"eth", 1, 1}, nil},
}

// The words that fabric.yaml takes.
var (
	platforms = names(systems)
	networks  = []string{"ifupdown2", "netplan", "networkd", "nvue", "sonic"}
	routers   = []string{"frr", "frr-container", "quagga-container"}
	nodeRoles = []string{"control-plane", "worker", "etcd"}
)

func names(all []system) []string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = s.name
	}
	return words
}

// systemOf is the row of a platform; of an unknown one the first.
func systemOf(platform string) system {
	return systems[max(0, slices.IndexFunc(systems, func(s system) bool { return s.name == platform }))]
}

// networkOf is what owns the interfaces where nobody says: on a node ifupdown2
// wherever the platform can run it, as fabric.yaml shows it, elsewhere what is
// the platform's own.
func networkOf(role Role, platform string) string {
	s := systemOf(platform)
	if role == Node && slices.Contains(s.also, "ifupdown2") {
		return "ifupdown2"
	}
	return s.network
}

// defaults is a fabric.yaml in which nothing is said: an omitted key means the
// value that the contract shows. There is no jump host unless one is named.
func defaults() *Fabric {
	return &Fabric{
		Version: 1,
		Name:    "article",
		ASN: PerRole[ASNRule]{
			Spine: {First: 65501, Mode: ASNCount},
			Leaf:  {First: 65101, Mode: ASNCount},
			Node:  {First: 65801, Mode: ASNCount},
		},
		Loopbacks: PerRole[[]AddressRange]{
			Spine: {mustRange("10.1.2.0/24")},
			Leaf:  {mustRange("10.1.1.0/24")},
			Node:  {mustRange("10.1.3.0/24")},
		},
		Pods:       []netip.Prefix{netip.MustParsePrefix("10.233.64.0/18")},
		Services:   []netip.Prefix{netip.MustParsePrefix("10.233.0.0/18")},
		Timers:     Timers{Keepalive: 3, Hold: 9, Connect: 10},
		MTU:        MTU{Fabric: 9216, Nodes: 9000},
		Management: Management{Port: "eth0", VRF: "mgmt", Address: "dhcp"},
		Access:     Access{User: "cumulus", Port: 22, Identity: "~/.ssh/id_ed25519"},
		Platform:   PerRole[string]{"cumulus", "cumulus", "cumulus", "cumulus", "ubuntu"},
		Router:     PerRole[string]{"frr", "frr", "frr", "frr", "frr"},
		Hosts:      "all",
		Kubernetes: Kubernetes{Deployer: "kubespray", CNI: "calico", NodeMask: 24, Domain: "cluster.local"},
	}
}

func mustRange(text string) AddressRange {
	r, err := ParseAddressRange(text)
	if err != nil {
		panic(err)
	}
	return r
}

// complete fills what follows from other keys, and tells what is missing.
func complete(r *reader, f *Fabric) {
	for _, role := range Roles {
		if f.Network[role] == "" {
			f.Network[role] = networkOf(role, f.Platform[role])
		}
	}
	if len(f.Services) > 0 && !f.Kubernetes.DNS.IsValid() {
		if dns, ok := addTo(f.Services[0].Addr(), 2); ok && f.Services[0].Contains(dns) {
			f.Kubernetes.DNS = dns
		}
	}
	number(r, f.Devices)
	rowsMissing(r, f)
}

// rowsMissing tells of roles that have devices but no row in `asn` or
// `loopbacks`, which have no default for borders and superspines.
func rowsMissing(r *reader, f *Fabric) {
	var told [2]PerRole[bool]
	for _, d := range f.Devices {
		key := d.Role.Key()
		if f.ASN[d.Role].Mode == ASNNone && d.ASN == 0 && !told[0][d.Role] {
			told[0][d.Role] = true
			r.missing("asn."+key, key+" have no row in `asn`", "add one, such as "+key+": 65141+")
		}
		if len(f.Loopbacks[d.Role]) == 0 && len(d.Loopbacks) == 0 && !told[1][d.Role] {
			told[1][d.Role] = true
			r.missing("loopbacks."+key, key+" have no row in `loopbacks`", "add one, such as "+key+": 10.1.4.0/24")
		}
	}
}

// missing tells of a key that should be there; the place is what it would
// stand in, unless that or the key itself already has a problem. It is told
// once, however many devices an entry makes.
func (r *reader) missing(path, message, hint string) {
	n, _ := r.doc.find(path)
	if n == nil || r.faulty[n] || r.missed[path] {
		return
	}
	r.missed[path] = true
	r.problems = append(r.problems, Problem{File: r.doc.file, Line: n.Line, Col: n.Column, Path: path, Message: message, Hint: hint})
}
