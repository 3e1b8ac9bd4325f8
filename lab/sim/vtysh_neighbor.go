package sim

import (
	"strings"
	"time"
)

func (r *router) neighbors(vrf bool) string {
	all := object{}
	if r.bgp != nil {
		for _, s := range r.sessions {
			all[s.conf.key] = s.detail()
		}
	}
	if vrf {
		all["vrfId"], all["vrfName"] = 0, "default"
		all = object{"default": all}
	}
	return document(all)
}

func (r *router) neighbor(key string) string {
	for _, s := range r.sessions {
		if s.conf.key == key {
			return document(object{key: s.detail()})
		}
	}
	return document(object{"bgpNoSuchNeighbor": true})
}

// detail is one neighbor of `show bgp neighbors json`.
func (s *session) detail() object {
	address := "none"
	if a := s.peerAddress(); a.IsValid() && s.state != "Idle" {
		address = a.String()
	}
	state := s.state
	if strings.HasPrefix(state, "Idle") {
		state = "Idle"
	}
	m := object{
		"bgpNeighborAddr": address, "remoteAs": s.summary(0)["remoteAs"], "localAs": s.localASN(), "nbrExternalLink": s.external(),
		"bgpVersion": 4, "remoteRouterId": "0.0.0.0", "localRouterId": s.r.id().String(), "bgpState": state,
		"bgpTimerConfiguredHoldTimeMsecs": s.conf.timers[1] * 1000, "bgpTimerConfiguredKeepAliveIntervalMsecs": s.conf.timers[0] * 1000,
		"connectionsEstablished": s.ups, "connectionsDropped": s.drops, "connectRetryTimer": s.conf.timers[2],
		"messageStats": object{
			"depthInq": 0, "depthOutq": 0, "opensSent": s.opens[0], "opensRecv": s.opens[1], "notificationsSent": s.notes[0], "notificationsRecv": s.notes[1],
			"keepalivesSent": s.messages(), "keepalivesRecv": s.messages(), "totalSent": s.messages(), "totalRecv": s.messages(),
		},
		"bgpConnection": "sharedNetwork",
	}
	if s.conf.group != "" {
		m["peerGroup"] = s.conf.group
	}
	if s.peerHost != "" {
		m["hostname"] = s.peerHost
	}
	if s.conf.description != "" {
		m["nbrDesc"] = s.conf.description
	}
	if s.conf.shutdown {
		m["adminShutDown"] = true
	}
	if s.code != 0 {
		m["lastResetDueTo"], m["lastResetCode"] = s.reason, s.code
		if s.said != "" {
			m["lastNotificationReason"] = s.said
		}
	}
	if s.conf.bfd {
		m["peerBfdInfo"] = object{"type": "single hop", "detectMultiplier": 3, "rxMinInterval": 300, "txMinInterval": 300, "status": s.bfd(), "lastUpdate": "0:00:00:08"}
	}
	families := object{}
	for f, name := range familyNames {
		if s.conf.families[f].active {
			families[name] = s.familyDetail(f)
		}
	}
	m["addressFamilyInfo"] = families
	if s.up() {
		age := time.Since(s.since)
		m["bgpTimerUpMsec"], m["bgpTimerUpString"], m["bgpTimerUpEstablishedEpoch"] = age.Truncate(time.Second).Milliseconds(), since(age), s.since.Unix()
		m["remoteRouterId"] = s.peerID.String()
		m["bgpTimerHoldTimeMsecs"] = min(s.conf.timers[1], s.mirror.conf.timers[1]) * 1000
		m["bgpTimerKeepAliveIntervalMsecs"] = min(s.conf.timers[0], s.mirror.conf.timers[0]) * 1000
		m["hostForeign"], m["portForeign"], m["portLocal"] = address, 179, 40000+s.r.pids
		if p := s.port(); p != nil {
			m["hostLocal"] = p.linkLocal().String()
		}
		if s.conf.iface {
			m["neighborCapabilities"] = object{"4byteAs": "advertisedAndReceived", "extendedNexthop": "advertisedAndReceived", "routeRefresh": "advertisedAndReceivedOldNew"}
		}
	}
	return m
}

func (s *session) familyDetail(f int) object {
	fam := &s.conf.families[f]
	m := object{"acceptedPrefixCounter": s.received[f], "sentPrefixCounter": s.sentIfUp(f), "commAttriSentToNbr": "extendedAndStandard"}
	if s.conf.group != "" {
		m["peerGroupMember"] = s.conf.group
	}
	for i, dir := range []string{"incoming", "outgoing"} {
		for kind, name := range map[string]string{"PrefixFilterList": fam.lists[i], "AsPathFilterList": fam.filters[i], "RouteMapForIncomingAdvertisements": fam.maps[i]} {
			if name != "" && kind != "RouteMapForIncomingAdvertisements" {
				m[dir+kind] = name
			}
		}
	}
	for i, key := range []string{"routeMapForIncomingAdvertisements", "routeMapForOutgoingAdvertisements"} {
		if fam.maps[i] != "" {
			m[key] = fam.maps[i]
		}
	}
	if s.r.bgp.needPolicy && s.external() {
		if !fam.hasPolicy(in) {
			m["inboundEbgpRequiresPolicy"] = "Inbound updates discarded due to missing policy"
		}
		if !fam.hasPolicy(out) {
			m["outboundEbgpRequiresPolicy"] = "Outbound updates discarded due to missing policy"
		}
	}
	if fam.maxPrefix > 0 {
		m["prefixAllowedMax"] = fam.maxPrefix
	}
	return m
}
