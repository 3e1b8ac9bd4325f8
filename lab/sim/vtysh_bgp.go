package sim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

type object = map[string]any

// familyNames are those of FRR's JSON since 3.0.
var familyNames = [2]string{"ipv4Unicast", "ipv6Unicast"}

// summaryOf is one family of a summary; nil: no peer has it.
func (r *router) summaryOf(f int) object {
	peers := object{}
	for _, s := range r.sessions {
		if s.conf.families[f].active {
			peers[s.conf.key] = s.summary(f)
		}
	}
	if len(peers) == 0 {
		return nil
	}
	count := 0
	for p := range r.rib {
		if familyOf(p) == f {
			count++
		}
	}
	up := 0
	for _, s := range r.sessions {
		if s.conf.families[f].active && s.up() {
			up++
		}
	}
	return object{
		"routerId": r.id().String(), "as": r.bgp.asn, "vrfId": 0, "vrfName": "default", "tableVersion": r.version,
		"ribCount": 2*count - 1, "peerCount": len(peers), "peers": peers, "failedPeers": len(peers) - up, "displayedPeers": len(peers),
		"totalPeers": len(peers), "dynamicPeers": 0, "bestPath": object{"multiPathRelax": fmt.Sprint(r.bgp.relax)},
	}
}

func (s *session) peerState(f int) string {
	fam := &s.conf.families[f]
	switch {
	case s.conf.shutdown:
		return "Admin"
	case s.overflow:
		return "PfxCt"
	case s.up() && s.r.bgp.needPolicy && s.external() && (!fam.hasPolicy(in) || !fam.hasPolicy(out)):
		return "Policy"
	}
	return "OK"
}

func (s *session) summary(f int) object {
	as := s.peerASN
	if n, ok := parseASN(s.conf.remoteAS); ok {
		as = n
	}
	m := object{
		"remoteAs": as, "localAs": s.localASN(), "version": 4, "msgRcvd": s.messages(), "msgSent": s.messages(),
		"tableVersion": 0, "outq": 0, "inq": 0, "peerUptime": "never", "peerUptimeMsec": 0, "pfxRcd": s.received[f], "pfxSnt": 0,
		"state": s.state, "peerState": s.peerState(f), "connectionsEstablished": s.ups, "connectionsDropped": s.drops, "idType": "interface",
	}
	if !s.conf.iface {
		m["idType"] = "ipv4"
		if strings.Contains(s.conf.key, ":") {
			m["idType"] = "ipv6"
		}
	}
	if s.peerHost != "" {
		m["hostname"] = s.peerHost
	}
	if s.conf.description != "" {
		m["desc"] = s.conf.description
	}
	if s.up() {
		age := time.Since(s.since)
		m["peerUptime"], m["peerUptimeMsec"] = since(age), age.Truncate(time.Second).Milliseconds()
		m["peerUptimeEstablishedEpoch"] = s.since.Unix()
		m["pfxSnt"] = s.sent(f)
	}
	return m
}

// messages so far: one OPEN for each try, and keepalives.
func (s *session) messages() int {
	n := s.opens[0] + s.notes[0]
	if s.up() {
		n += 2 + int(time.Since(s.since).Seconds())/max(1, s.conf.timers[0])
	}
	return n
}

func (r *router) summary(vrf bool) string {
	all := object{}
	if r.bgp != nil {
		for f, name := range familyNames {
			if m := r.summaryOf(f); m != nil {
				all[name] = m
			}
		}
	}
	if vrf {
		all = object{"default": all}
	}
	return document(all)
}

func (r *router) oneSummary(f int, vrf bool) string {
	all := object{}
	if r.bgp != nil {
		if m := r.summaryOf(f); m != nil {
			all = m
		}
	}
	if vrf {
		all = object{"default": all}
	}
	return document(all)
}

func showSummaryText(r *router) string {
	var b strings.Builder
	if r.bgp == nil {
		return "% BGP instance not found\n"
	}
	for f, title := range []string{"IPv4 Unicast", "IPv6 Unicast"} {
		if r.summaryOf(f) == nil {
			continue
		}
		fmt.Fprintf(&b, "\n%s Summary (VRF default):\nBGP router identifier %s, local AS number %d vrf-id 0\n\n", title, r.id(), r.bgp.asn)
		fmt.Fprintf(&b, "%-20s %3s %10s %9s %9s %8s %12s %8s %s\n", "Neighbor", "V", "AS", "MsgRcvd", "MsgSent", "Up/Down", "State/PfxRcd", "PfxSnt", "Desc")
		for _, s := range r.sessions {
			if !s.conf.families[f].active {
				continue
			}
			name, age, state := s.conf.key, "never", s.state
			if s.up() {
				name, age, state = fmt.Sprintf("%s(%s)", s.peerHost, s.conf.key), since(time.Since(s.since)), fmt.Sprint(s.received[f])
			}
			fmt.Fprintf(&b, "%-20s %3d %10d %9d %9d %8s %12s %8d %s\n", name, 4, s.peerASN, s.messages(), s.messages(), age, state, s.sentIfUp(f), s.conf.description)
		}
	}
	return b.String()
}

func (s *session) sentIfUp(f int) int {
	if !s.up() {
		return 0
	}
	return s.sent(f)
}

// table is `show bgp ipv4 unicast json`.
func (r *router) table(f int) string {
	if r.bgp == nil {
		return document(object{"warning": "Default BGP instance not found"})
	}
	routes := object{}
	for p, e := range r.rib {
		if familyOf(p) != f {
			continue
		}
		var list []object
		for i := range e.paths {
			list = append(list, r.pathJSON(p, e, i))
		}
		routes[p.String()] = list
	}
	return document(object{
		"vrfId": 0, "vrfName": "default", "tableVersion": r.version, "routerId": r.id().String(), "defaultLocPrf": 100,
		"localAS": r.bgp.asn, "routes": routes,
	})
}

func (r *router) pathJSON(p netip.Prefix, e *entry, i int) object {
	x := &e.paths[i]
	m := object{
		"valid": true, "pathFrom": "external", "prefix": p.Addr().String(), "prefixLen": p.Bits(), "network": p.String(),
		"weight": x.weight, "path": x.asText(), "origin": x.origin,
	}
	if x.med >= 0 {
		m["metric"] = x.med
	}
	switch {
	case i == int(e.best):
		m["bestpath"] = true
		m["selectionReason"] = "First path received"
		if len(e.multi) > 0 {
			m["multipath"] = true
		}
	case slices.Contains(e.multi, int32(i)):
		m["multipath"] = true
	}
	if x.from == nil {
		any, family := "0.0.0.0", "ipv4"
		if p.Addr().Is6() {
			any, family = "::", "ipv6"
		}
		m["peerId"] = "(unspec)"
		m["nexthops"] = []object{{"ip": any, "hostname": r.hostName(), "afi": family, "used": true}}
		return m
	}
	if !x.from.external() {
		m["pathFrom"] = "internal"
	}
	m["peerId"] = x.from.peerAddress().String()
	family := "ipv4"
	if x.from.peerAddress().Is6() {
		family = "ipv6"
	}
	hops := []object{{"ip": x.from.peerAddress().String(), "hostname": x.from.peerHost, "afi": family, "scope": "global", "used": true}}
	m["nexthops"] = hops
	return m
}

// prefix is `show bgp ipv4 unicast P json`, with the longer fields.
func (r *router) prefix(p netip.Prefix) string {
	e := r.rib[p.Masked()]
	if r.bgp == nil || e == nil {
		return document(object{})
	}
	var list []object
	for i := range e.paths {
		m := r.pathJSON(p, e, i)
		best := m["bestpath"] == true
		delete(m, "bestpath")
		if best {
			m["bestpath"] = object{"overall": true, "selectionReason": "First path received"}
		}
		x := &e.paths[i]
		segments := []object{}
		if len(x.as) > 0 {
			segments = append(segments, object{"type": "as-sequence", "list": x.as})
		}
		m["aspath"] = object{"string": x.asText(), "segments": segments, "length": len(x.as)}
		peer := object{"peerId": "0.0.0.0", "routerId": r.id().String()}
		if x.from != nil {
			peer = object{"peerId": x.from.peerAddress().String(), "routerId": x.from.peerID.String(), "hostname": x.from.peerHost, "type": "external"}
			if x.from.conf.iface {
				peer["interface"] = x.from.conf.key
			}
		} else {
			m["sourced"], m["local"] = true, true
		}
		m["peer"] = peer
		list = append(list, m)
	}
	return document(object{"prefix": p.String(), "paths": list})
}
