package model

import (
	"net/netip"
	"slices"
	"strings"
)

// Change is one number, address or cable that differs between two plans. A
// device that is new has no Before, one that is gone no After.
type Change struct {
	Device string `json:"device"`
	What   string `json:"what"` // "device", "asn", "loopback", "pods", "cable of PORT"
	Before string `json:"before"`
	After  string `json:"after"`
}

// numbered is what of a device follows from its number, in the order in which
// it is told.
var numbered = []struct {
	what string
	of   func(*Device) string
}{
	{"asn", func(d *Device) string { return FormatASN(d.ASN, false) }},
	{"loopback", func(d *Device) string { return joined(d.Loopbacks) }},
	{"pods", func(d *Device) string { return joined(d.PodCIDRs) }},
}

// Changes says what a change to a fabric renumbers or cables anew: what of the
// devices that both plans have differs, and which devices come and go. A cable
// is told by its lower end.
func Changes(before, after *Plan) []Change {
	var changes []Change
	for i := range after.Devices {
		d := &after.Devices[i]
		old, ok := before.Device(d.Name)
		if !ok {
			changes = append(changes, Change{d.Name, "device", "", d.Role.String()})
			continue
		}
		for _, n := range numbered {
			if was, is := n.of(old), n.of(d); was != is {
				changes = append(changes, Change{d.Name, n.what, was, is})
			}
		}
		changes = append(changes, recabled(before, after, old, d)...)
	}
	for _, d := range before.Devices {
		if _, ok := after.Device(d.Name); !ok {
			changes = append(changes, Change{d.Name, "device", d.Role.String(), ""})
		}
	}
	return changes
}

// recabled says which ports of a device lead elsewhere.
func recabled(before, after *Plan, old, d *Device) []Change {
	was, is := before.upward(old), after.upward(d)
	ports := make([]string, 0, len(was)+len(is))
	for _, ends := range []map[string]string{was, is} {
		for port := range ends {
			ports = append(ports, port)
		}
	}
	slices.SortFunc(ports, CompareNatural)
	var changes []Change
	for _, port := range slices.Compact(ports) {
		if was[port] != is[port] {
			changes = append(changes, Change{d.Name, "cable of " + port, was[port], is[port]})
		}
	}
	return changes
}

// upward is where the ports of a device lead that do not lead down a tier.
func (p *Plan) upward(d *Device) map[string]string {
	ends := map[string]string{}
	for _, port := range d.Ports {
		peer, inside := p.Device(port.Peer)
		switch {
		case port.Kind == ExternalPort || !inside:
			ends[port.Name] = strings.TrimSpace(External + " " + joined(port.Addresses))
		case peer.Role.tier() <= d.Role.tier():
			ends[port.Name] = End{port.Peer, port.PeerPort}.String()
		}
	}
	return ends
}

func joined(prefixes []netip.Prefix) string {
	list := make([]string, len(prefixes))
	for i, p := range prefixes {
		list[i] = p.String()
	}
	return strings.Join(list, " ")
}
