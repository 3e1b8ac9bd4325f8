package sim

import (
	"fmt"
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
	for p := range r.entries() {
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
