package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// showInterfaces is zebra's `show interface json`.
func showInterfaces(r *router) string {
	all := object{}
	for _, p := range r.dev.ports {
		admin, flags := "down", []string{}
		if p.up {
			admin = "up"
			flags = append(flags, "UP")
		}
		if p.lo {
			flags = append(flags, "LOOPBACK")
		} else {
			flags = append(flags, "BROADCAST")
		}
		if p.carrier() {
			flags = append(flags, "RUNNING")
		}
		kind := "Ethernet"
		if p.lo {
			kind = "Loopback"
		}
		m := object{
			"administrativeStatus": admin, "linkDetection": true, "linkUps": 0, "linkDowns": p.downs, "vrfName": "default",
			"index": p.index, "metric": 0, "mtu": p.mtu, "speed": 10000, "flags": "<" + strings.Join(flags, ",") + ">", "type": kind,
		}
		if p.up { // absent of a port that is down by its administrator
			m["operationalStatus"] = map[bool]string{true: "up", false: "down"}[p.carrier()]
		}
		if !p.lo {
			m["hardwareAddress"] = p.hardware()
		}
		addrs := []object{}
		for _, a := range p.all() {
			if !a.Addr().IsLoopback() {
				addrs = append(addrs, object{"address": a.String(), "secondary": false, "unnumbered": false})
			}
		}
		m["ipAddresses"] = addrs
		if heard := r.listen(p); heard.IsValid() {
			m["neighborIpAddresses"] = []string{heard.String() + "/128"}
		}
		all[p.name] = m
	}
	return document(all)
}

// listen answers whose router advertisement has come in by the port. zebra
// remembers it until the link goes.
func (r *router) listen(p *port) netip.Addr {
	q := p.far()
	if q != nil && r.runs("zebra") && p.carrier() && p.linkLocal().IsValid() && q.linkLocal().IsValid() && q.dev.router.advertises(q) && !p.dev.drops(dropRA, p) {
		p.heard = q.linkLocal()
	}
	return p.heard
}

// advertises says that zebra sends router advertisements on the port, since
// bgpd has or had an unnumbered session there, or since its own configuration
// says so.
func (r *router) advertises(p *port) bool {
	return (p.advertises || r.radv[p.name]) && r.runs("zebra") && !r.dev.off
}

// announce notes for zebra where bgpd wants router advertisements. Of a bgpd
// that is gone it keeps what that wanted.
func (r *router) announce() {
	if !r.runs("bgpd") {
		return
	}
	for _, p := range r.dev.ports {
		p.advertises = slices.ContainsFunc(r.sessions, func(s *session) bool { return s.conf.iface && s.conf.key == p.name })
	}
}

// forgetLinks is what zebra knows of the ports as it starts.
func (r *router) forgetLinks() {
	for _, p := range r.dev.ports {
		p.downs, p.down, p.heard, p.advertises = 0, time.Time{}, netip.Addr{}, false
	}
}

func showInterfacesText(r *router) string {
	var b strings.Builder
	for _, p := range r.dev.ports {
		admin, link := "down", "down"
		if p.up {
			admin = "up"
		}
		if p.carrier() {
			link = "up"
		}
		last := "(never)"
		if !p.down.IsZero() {
			last = p.down.Format("2006/01/02 15:04:05.00")
		}
		fmt.Fprintf(&b, "Interface %s is %s, line protocol is %s\n  Link ups:       %[4]d    last: (never)\n  Link downs:     %[4]d    last: %[5]s\n  index %[6]d metric 0 mtu %[7]d\n  HWaddr: %[8]s\n",
			p.name, admin, link, p.downs, last, p.index, p.mtu, p.hardware())
		for _, a := range p.all() {
			family := "inet"
			if a.Addr().Is6() {
				family = "inet6"
			}
			fmt.Fprintf(&b, "  %s %s\n", family, a)
		}
		if r.advertises(p) {
			sent, got := 0, 0
			if p.carrier() && p.linkLocal().IsValid() {
				sent = 1 + int(r.dev.clock())/10
			}
			if heard := r.listen(p); heard.IsValid() {
				got = 1 + int(r.dev.clock())/10
			}
			fmt.Fprintf(&b, "  ND advertised reachable time is 0 milliseconds\n  ND router advertisements are sent every 10 seconds\n  ND router advertisements sent: %d rcvd: %d\n", sent, got)
		}
		if p.heard.IsValid() {
			fmt.Fprintf(&b, "  Neighbor address(s):\n  inet6 %s/128\n", p.heard)
		}
	}
	return b.String()
}

// showRoutes is zebra's `show ip route json`.
func (r *router) showRoutes(f int) string {
	all := object{}
	for _, k := range r.dev.fib(f) {
		if k.prefix.Addr().IsLinkLocalUnicast() {
			continue
		}
		proto, distance := k.proto, 0
		switch proto {
		case "kernel":
			proto = "connected"
		case "bgp":
			distance = 20
		default:
			proto = "kernel"
		}
		hops := []object{}
		for _, h := range k.hops {
			hops = append(hops, object{"flags": 3, "fib": true, "ip": h.via.String(), "afi": "ipv6", "interfaceIndex": h.port.index, "interfaceName": h.port.name, "active": true, "weight": 1})
		}
		if len(k.hops) == 0 && k.dev != "" {
			hops = append(hops, object{"flags": 3, "fib": true, "directlyConnected": true, "interfaceName": k.dev, "active": true})
		}
		if k.kind != "" {
			hops = append(hops, object{"flags": 3, "fib": true, "unreachable": true, k.kind: true, "active": true})
		}
		all[k.prefix.String()] = []object{{
			"prefix": k.prefix.String(), "prefixLen": k.prefix.Bits(), "protocol": proto, "vrfId": 0, "vrfName": "default",
			"selected": true, "destSelected": true, "distance": distance, "metric": 0, "installed": true, "table": 254,
			"internalNextHopNum": len(hops), "internalNextHopActiveNum": len(hops), "nexthops": hops,
		}}
	}
	for _, k := range r.dev.connected() { // those on lo, which the kernel has in another table
		if k.prefix.Addr().Is4() == (f == 0) && all[k.prefix.String()] == nil {
			all[k.prefix.String()] = []object{{
				"prefix": k.prefix.String(), "prefixLen": k.prefix.Bits(), "protocol": "connected", "vrfId": 0, "vrfName": "default", "selected": true,
				"destSelected": true, "distance": 0, "metric": 0, "installed": true, "table": 254,
				"nexthops": []object{{"flags": 3, "fib": true, "directlyConnected": true, "interfaceName": k.dev, "active": true}},
			}}
		}
	}
	return document(all)
}
