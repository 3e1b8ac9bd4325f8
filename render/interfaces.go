package render

import (
	"fmt"
	"net/netip"
	"slices"
	"sort"
	"strings"

	"closup/model"
)

// iface is one interface that closup writes.
type iface struct {
	Name      string
	Key       string // in /proc/sys/net, where a dot in a name is a slash
	Note      string // what it is for
	Method    string // "inet loopback" of lo, otherwise empty
	Port      bool   // a planned port, not lo
	MTU       int    // 0: left alone
	VLAN      int
	Base      string // of a VLAN: the port that carries it
	Addresses []netip.Prefix
}

// system is what the files beside frr.conf print.
type system struct {
	Hostname   string
	BFD        bool
	Interfaces []iface
	VLANs      bool // one of the interfaces is a VLAN
	Hosts      []host
	NodeIP     string // by which a cluster knows the device: one address of each family; empty: it has none
	RouterUnit string // of systemd, that runs the routing
}

type host struct {
	Address netip.Addr
	Name    string
}

func systemView(p *model.Plan, d *model.Device) (system, error) {
	interfaces, err := interfacesOf(d)
	if err != nil {
		return system{}, err
	}
	return system{
		Hostname: d.Name, BFD: d.Routing.BFD, Interfaces: interfaces, Hosts: hostsOf(p, d),
		VLANs:  slices.ContainsFunc(interfaces, func(i iface) bool { return i.VLAN > 0 }),
		NodeIP: nodeIP(d), RouterUnit: routerUnit(d),
	}, nil
}

// nodeIP is kubelet's --node-ip: the first loopback of each family, IPv4 first.
func nodeIP(d *model.Device) string {
	var out []string
	for _, v6 := range []bool{false, true} {
		for _, l := range d.Loopbacks {
			if l.Addr().Is6() == v6 {
				out = append(out, l.Addr().String())
				break
			}
		}
	}
	return strings.Join(out, ",")
}

// interfacesOf lists lo and the planned ports, a port before its
// subinterfaces. The management port is never among them.
func interfacesOf(d *model.Device) ([]iface, error) {
	out := append(make([]iface, 0, len(d.Ports)+1), iface{Name: "lo", Key: "lo", Note: "loopback", Method: "inet loopback", Addresses: d.Loopbacks})
	seen := map[string]bool{"lo": true}
	add := func(i iface) {
		if !seen[i.Name] {
			seen[i.Name] = true
			out = append(out, i)
		}
	}
	for _, p := range d.Ports {
		base := ""
		if p.VLAN > 0 {
			base, _, _ = strings.Cut(p.Name, ".")
			add(iface{Name: base, Key: base, Note: "carries VLANs", Port: true, MTU: p.MTU})
		}
		add(iface{
			Name: p.Name, Key: strings.ReplaceAll(p.Name, ".", "/"), Note: strings.TrimSpace("to " + p.Peer + " " + p.PeerPort),
			Port: true, MTU: p.MTU, VLAN: p.VLAN, Base: base, Addresses: p.Addresses,
		})
	}
	for _, i := range out {
		if i.Name == d.Management.Port {
			return nil, fmt.Errorf("%s is the management port of %s, which closup leaves alone: use another port in `links` or `ports`", i.Name, d.Name)
		}
		if !model.SafeInterface(i.Name) {
			return nil, fmt.Errorf("%q of %s cannot be the name of an interface: at most 15 of letters, digits, dot, dash, underscore", i.Name, d.Name)
		}
		if !model.SafeText(i.Note) {
			return nil, fmt.Errorf("%q, the note on port %s of %s, holds characters that no file may have", i.Note, i.Name, d.Name)
		}
	}
	return out, nil
}

func named(name string) func(iface) bool {
	return func(i iface) bool { return i.Name == name }
}

// maxHosts is up to how many nodes each of them knows all others by name
// without a name service. Beyond that, every new node would change thousands
// of files.
const maxHosts = 256

// hostsOf lists the names that a device's /etc/hosts gets: its own first, so
// that it resolves to its loopback (sudo waits for a name service where it does
// not resolve at all), and on a node the other nodes'.
func hostsOf(p *model.Plan, d *model.Device) []host {
	out := addressesOf(d)
	if d.Role != model.Node {
		return out
	}
	nodes := nodesOf(p)
	if len(nodes) > maxHosts {
		return out
	}
	for i := range nodes {
		if nodes[i].Name != d.Name {
			out = append(out, addressesOf(&nodes[i])...)
		}
	}
	return out
}

// nodesOf are the nodes of a plan, which stand last in tier order.
func nodesOf(p *model.Plan) []model.Device {
	first := sort.Search(len(p.Devices), func(i int) bool { return p.Devices[i].Role >= model.Node })
	return p.Devices[first:]
}

func addressesOf(d *model.Device) []host {
	var out []host
	for _, l := range d.Loopbacks {
		out = append(out, host{l.Addr(), d.Name})
	}
	return out
}

// routerUnit is the unit of systemd that runs a device's routing.
func routerUnit(d *model.Device) string { return d.Router + ".service" }
