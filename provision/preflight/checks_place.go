package preflight

import (
	"fmt"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Which device it is, and what it is cabled to.

// factory are the host names that devices have when they are unpacked.
var factory = []string{
	"localhost", "cumulus", "debian", "ubuntu", "sonic", "switch", "linux", "server", "node", "host", "vagrant", "cloud", "template",
	"buster", "bullseye", "bookworm", "trixie", "none", "onie", "unassigned-hostname",
}

// isFactory says whether a host name tells nothing of who the device is: one
// of the above, with or without a number or an address behind it.
func isFactory(name string) bool {
	name = strings.ToLower(name)
	if name == "" || name == "(none)" {
		return true
	}
	return slices.ContainsFunc(factory, func(f string) bool {
		rest, is := strings.CutPrefix(name, f)
		return is && strings.Trim(rest, "-.:0123456789abcdef") == ""
	})
}

// short is a host name without its domain.
func short(name string) string {
	name, _, _ = strings.Cut(name, ".")
	return name
}

// identity: a serial where one is given, else the host name or the neighbors.
// What contradicts stops the device; what says nothing is for the operator to
// confirm.
func identity(v View) Result {
	name := short(v.Facts.Hostname)
	if proof, decided := bySerial(v); decided {
		return proof
	}
	lldp, cables := byCables(v)
	_, planned := v.Plan.Device(name)
	switch {
	case name == v.Device.Name:
		return ok("its host name is %s", name)
	case short(v.Facts.OnDisk) == v.Device.Name:
		return ok("its host name on the disk is %s, though it calls itself %s now", v.Device.Name, name)
	case planned:
		return result(Failed, "see whether the management addresses of "+v.Device.Name+" and "+name+" are swapped in fabric.yaml",
			"it calls itself %s, which is another device of the fabric", name)
	case lldp == v.Device.Name:
		return ok("its neighbors are those of %s: %s", v.Device.Name, cables)
	case lldp != "":
		return result(Failed, "see whether the management addresses of "+v.Device.Name+" and "+lldp+" are swapped in fabric.yaml",
			"its cables are those of %s: %s", lldp, cables)
	case !isFactory(name):
		remedy := "if it is this one nevertheless, set its host name (sudo hostname " + v.Device.Name + ")"
		if len(v.Facts.Serials) > 0 {
			remedy += ", or write its serial into fabric.yaml (serial: " + v.Facts.Serials[0] + ")"
		}
		return result(Failed, remedy, "it calls itself %s, and the fabric has no such device", name)
	}
	r := none("it offers no proof of who it is: its host name is %s, LLDP shows no planned neighbor%s", name, noSerial(v))
	r.Remedy = "your confirmation of the push covers it"
	if len(v.Facts.Serials) > 0 {
		r.Remedy += "; a serial in fabric.yaml would prove it (its own is " + v.Facts.Serials[0] + ")"
	}
	return r
}

func noSerial(v View) string {
	switch {
	case v.Lab:
		return ""
	case v.Device.Serial == "":
		return ", and fabric.yaml gives no serial"
	}
	return ", and it states no serial"
}

// bySerial decides where serials say anything. Devices of a lab have this
// machine's, which says nothing.
func bySerial(v View) (Result, bool) {
	if v.Lab || len(v.Facts.Serials) == 0 {
		return Result{}, false
	}
	has := func(serial string) bool {
		return serial != "" && slices.ContainsFunc(v.Facts.Serials, func(s string) bool { return strings.EqualFold(s, serial) })
	}
	if has(v.Device.Serial) {
		return ok("its serial is %s", v.Device.Serial), true
	}
	for _, d := range v.Plan.Devices {
		if d.Name != v.Device.Name && has(d.Serial) {
			return result(Failed, "see whether the management addresses of "+v.Device.Name+" and "+d.Name+" are swapped in fabric.yaml",
				"its serial is %s, which is the one of %s", d.Serial, d.Name), true
		}
	}
	if v.Device.Serial == "" {
		return Result{}, false
	}
	return result(Failed, "correct its mgmt or its serial in fabric.yaml", "its serial is %s, and fabric.yaml says %s", strings.Join(v.Facts.Serials, " or "), v.Device.Serial), true
}

// byCables is the one device of the plan whose cables these are, with one of
// them as an example. Empty: the neighbors do not tell.
func byCables(v View) (device, example string) {
	var candidates []string
	for _, d := range v.Plan.Devices {
		hits := 0
		for _, s := range v.Facts.LLDP {
			peer := short(s.Device)
			if _, planned := v.Plan.Device(peer); !planned {
				continue
			}
			p, has := portNamed(&d, s.Port)
			if !has {
				continue // the management port, or one that is not planned
			}
			if p.Peer != peer || p.PeerPort != s.PeerPort {
				hits = -1
				break
			}
			hits++
			if d.Name == v.Device.Name || example == "" {
				example = fmt.Sprintf("%s sees %s:%s", s.Port, peer, s.PeerPort)
			}
		}
		if hits > 0 {
			candidates = append(candidates, d.Name)
		}
	}
	switch {
	case slices.Contains(candidates, v.Device.Name):
		return v.Device.Name, example
	case len(candidates) == 1:
		return candidates[0], example
	}
	return "", ""
}

func portNamed(d *model.Device, name string) (model.Port, bool) {
	for _, p := range d.Ports {
		if base(p) == name {
			return p, true
		}
	}
	return model.Port{}, false
}

// base is the name of the port itself where it is planned as a subinterface.
func base(p model.Port) string {
	if p.VLAN == 0 {
		return p.Name
	}
	return strings.TrimSuffix(p.Name, fmt.Sprintf(".%d", p.VLAN))
}

// The states of a port and of its cable.
const (
	portUp      = "up"
	portDark    = "no-carrier"
	portDown    = "down"
	portMissing = "missing"
	portUnknown = "unknown"

	asPlanned  = "as-planned"
	wrong      = "wrong"
	notVisible = "not-visible"
)

// portsOf are the planned ports as the device has them, in the plan's order.
func portsOf(v View) []Port {
	out := []Port{}
	seen := neighbors(v.Facts.LLDP)
	for _, p := range v.Device.Ports {
		name := base(p)
		if slices.ContainsFunc(out, func(o Port) bool { return o.Name == name }) {
			continue
		}
		port := Port{Name: name, State: portMissing, Peer: p.Peer, PeerPort: p.PeerPort, Cabling: notVisible}
		if len(v.Facts.Links) == 0 {
			port.State = portUnknown
		}
		for _, l := range v.Facts.Links {
			switch {
			case l.Name != name:
			case !l.Up:
				port.State = portDown
			case !l.Carrier:
				port.State = portDark
			default:
				port.State = portUp
			}
		}
		port.see(v.Plan, p, seen[name])
		out = append(out, port)
	}
	return out
}

// see holds who is seen on a port beside who is planned. Only a device of the
// plan can be the wrong one: a factory switch has no name yet, and a server's
// hypervisor may speak for it.
func (p *Port) see(plan *model.Plan, planned model.Port, seen []observe.Seen) {
	for _, s := range seen {
		peer := short(s.Device)
		_, known := plan.Device(peer)
		switch {
		case planned.Kind == model.ExternalPort:
			p.SeenPeer, p.SeenPort = peer, s.PeerPort
			if known {
				p.Cabling = wrong
			}
		case peer == planned.Peer && s.PeerPort == planned.PeerPort:
			p.SeenPeer, p.SeenPort, p.Cabling = peer, s.PeerPort, asPlanned
			return
		case known:
			p.SeenPeer, p.SeenPort, p.Cabling = peer, s.PeerPort, wrong
		case p.SeenPeer == "":
			p.SeenPeer, p.SeenPort = peer, s.PeerPort
		}
	}
}

func ports(v View) Result {
	by := map[string][]string{}
	for _, p := range portsOf(v) {
		by[p.State] = append(by[p.State], p.Name)
	}
	switch {
	case len(by[portMissing]) > 0:
		return result(Warning, "correct the port in fabric.yaml, or split the port that it is a part of",
			"it has no %s", strings.Join(by[portMissing], ", "))
	case len(by[portDown]) > 0:
		r := none("down by its own setting: %s", strings.Join(by[portDown], ", "))
		r.Remedy = "a push raises them; `closup preflight --raise` does it now, so that LLDP shows the neighbors"
		return r
	case len(by[portDark]) > 0:
		return none("no carrier on %s: no cable, or the far end is down", strings.Join(by[portDark], ", "))
	case len(by[portUp]) == 0:
		return none("no port is seen")
	}
	return ok("all %d up", len(by[portUp]))
}

func cabling(v View) Result {
	var bad []string
	right, all := 0, 0
	for _, p := range portsOf(v) {
		switch p.Cabling {
		case wrong:
			bad = append(bad, fmt.Sprintf("%s sees %s:%s, planned is %s:%s", p.Name, p.SeenPeer, p.SeenPort, p.Peer, p.PeerPort))
		case asPlanned:
			right++
		}
		all++
	}
	switch {
	case len(bad) > 0:
		return result(Warning, "plug the cable where it belongs, or correct `links` in fabric.yaml", "%s", strings.Join(bad, "; "))
	case all == 0:
		return none("no port is planned")
	case right == all:
		return ok("all %d neighbors are the planned ones", all)
	case !v.Facts.LLDPD:
		return none("lldpd does not run on it, so no neighbor is visible")
	}
	return none("%d of %d neighbors are the planned ones, the others are not visible", right, all)
}
