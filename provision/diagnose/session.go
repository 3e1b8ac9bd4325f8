package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"closup/provision/observe"
)

// Sessions: what keeps two ends that can hear each other apart.

// setting looks a neighbor's setting up in the running configuration: its own, or
// its group's. what is a regular expression with one group.
func setting(c observe.Config, block, key, what string) (value string, found bool) {
	names := []string{key}
	if m := c.Find("router bgp", regexp.MustCompile(`^neighbor `+regexp.QuoteMeta(key)+` (?:interface )?(?:v6only )?peer-group (\S+)$`)); len(m) > 0 {
		names = append(names, m[0][1])
	}
	for _, name := range names {
		if m := c.Find(block, regexp.MustCompile(`^neighbor `+regexp.QuoteMeta(name)+` (?:interface )?(?:v6only )?`+what+`$`)); len(m) > 0 {
			return m[0][1], true
		}
	}
	return "", false
}

func showNeighbor(port string) string { return "vtysh -c 'show bgp neighbors " + port + " json'" }

func sessionMissing(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.peer != nil || e.said.ASN == 0 || e.said.Err != nil {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s has no BGP neighbor on %s; %s is planned there", e.Device, e.Port, e.Peer),
			Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "peers: no %s", e.Port)},
			Remedy:   pushed(e.Device),
		}
	})
}

func sessionShutdown(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.peer == nil || !strings.Contains(e.peer.State, "Admin") && (e.detail == nil || !e.detail.Shutdown) {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("the session of %s with %s on %s is shut down by configuration", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is %s", e.Port, e.peer.State)},
			Remedy:   do("take the shutdown out", vty(e.Device, sprintf("router bgp %d", e.said.ASN), "no neighbor "+e.Port+" shutdown")),
		}
	})
}

// remoteAS is one end that expects another ASN than its peer's. The running
// configuration tells which end is wrong; without it, the one that refused.
func remoteAS(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.down() || e.peer == nil {
			return nil
		}
		f := &Finding{Confidence: Certain, Remedy: pushed(e.Device)}
		if e.evidence != nil && len(e.evidence.Config.Lines) > 0 {
			expects, found := setting(e.evidence.Config, "router bgp", e.Port, `remote-as (\S+)`)
			good := expects == "external" || e.PeerASN == 0 && expects != "internal" || expects == fmt.Sprint(e.PeerASN)
			switch {
			case found && good:
				return nil
			case !found:
				f.Message = fmt.Sprintf("%s has no remote-as for its neighbor %s on %s", e.Device, e.Peer, e.Port)
				f.Evidence = []Evidence{seen(e.Device, "vtysh -c 'show running-config'", "no remote-as for %s, neither its own nor its group's", e.Port)}
				return f
			}
			f.Message = fmt.Sprintf("%s expects AS %s on %s; %s is AS %d", e.Device, expects, e.Port, e.Peer, e.PeerASN)
			f.Evidence = []Evidence{seen(e.Device, "vtysh -c 'show running-config'", "neighbor %s ... remote-as %s", e.Port, expects)}
			return f
		}
		if e.detail == nil || e.farSays == nil || !strings.Contains(e.farSays.Notification, "Bad Peer AS") || e.farSays.Sent {
			return v.sameAS(e)
		}
		f.Confidence = Likely
		f.Message = fmt.Sprintf("%s refuses %s on %s: it expects AS %d, and %s is AS %d", e.Device, e.Peer, e.Port, e.detail.RemoteAS, e.Peer, e.farSays.LocalAS)
		f.Evidence = []Evidence{
			seen(e.Peer, showNeighbor(e.PeerPort), "received: %s", e.farSays.Notification),
			seen(e.Device, showNeighbor(e.Port), "remoteAs %d, %d notifications sent", e.detail.RemoteAS, e.detail.Notices[0]),
		}
		return f
	})
}

// sameAS is a session with an external peer of one's own ASN, or one end
// without a remote-as.
func (v *view) sameAS(e end) *Finding {
	if e.detail == nil || e.farSays == nil {
		return nil
	}
	bad := strings.Contains(e.detail.Notification, "Bad Peer AS")
	switch {
	case bad && e.detail.LocalAS == e.farSays.LocalAS && e.detail.LocalAS != 0:
		return &Finding{
			Confidence: Likely, Message: fmt.Sprintf("%s and %s are both AS %d, and at least one expects an external peer", e.Device, e.Peer, e.detail.LocalAS),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "localAs %d, %s", e.detail.LocalAS, e.detail.Notification), seen(e.Peer, showNeighbor(e.PeerPort), "localAs %d", e.farSays.LocalAS)},
			Remedy:   pushedAnd(", so that each has its planned ASN", []string{e.Device, e.Peer}),
		}
	case e.detail.State == "Active" && e.detail.RemoteAS == 0 && e.detail.Opens == [2]int{} && e.detail.Address != "" && e.farSays.Opens[0] > 0 && e.farSays.Opens[1] == 0 && len(e.detail.Families) > 0 && e.farSays.State != "Idle":
		return &Finding{
			Confidence: Likely, Message: fmt.Sprintf("%s seems to have no remote-as for %s on %s: it never sent an OPEN, and answers none", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "remoteAs 0, opensSent 0, opensRecv 0")},
			Remedy:   pushed(e.Device),
		}
	}
	return nil
}

func password(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.evidence == nil {
			return nil
		}
		_, ours := setting(e.evidence.Config, "router bgp", e.Port, `password (\S+)`)
		if !ours {
			return nil
		}
		if far := v.evidence(e.Peer); far != nil {
			if _, theirs := setting(far.Config, "router bgp", e.PeerPort, `password (\S+)`); theirs {
				return nil // whether it is the same one, nobody prints
			}
		} else if e.up() {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s has a TCP password (MD5) for %s on %s, and %s has none: each drops the other's packets", e.Device, e.Peer, e.Port, e.Peer),
			Evidence: []Evidence{
				seen(e.Device, "vtysh -c 'show running-config'", "neighbor %s password ...", e.Port),
				seen(e.Peer, "vtysh -c 'show running-config'", "no password for %s", e.PeerPort),
			},
			Remedy: do("set it on both ends or on neither", vty(e.Device, sprintf("router bgp %d", e.said.ASN), "no neighbor "+e.Port+" password")),
		}
	})
}

// raMissing is an end that never heard its peer, which is there and speaks BGP
// on that port.
func raMissing(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.down() || e.detail == nil || e.detail.Address != "" || e.evidence == nil || e.far == nil {
			return nil
		}
		l, there := e.evidence.Link(e.Port)
		if !there || !l.Carrier || !l.LinkLocal().IsValid() || len(l.Heard) > 0 {
			return nil
		}
		conf := v.unsure(e)
		if l.Asked && l.RARcvd == 0 && l.RASent > 2 && conf == Possible {
			conf = Likely // it has waited through several of its own
		}
		f := &Finding{
			Confidence: conf, Message: fmt.Sprintf("%s hears no router advertisement of %s on %s, so it does not know the peer's address", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{
				seen(e.Device, "vtysh -c 'show interface "+e.Port+"'", "ND router advertisements sent: %d rcvd: %d, no neighbor address", l.RASent, l.RARcvd),
				seen(e.Device, showNeighbor(e.Port), "bgpNeighborAddr none, %s", e.detail.Reason),
			},
			Remedy: do("let ICMPv6 type 134 through on both ends, and see that "+e.Peer+" sends them", look(e.Device, "nft list ruleset; ip6tables-save")),
		}
		f.Evidence = append(f.Evidence, v.drops(e.Device)...)
		return f
	})
}

// tcpBlocked is two ends that know each other's address and never got an OPEN
// across.
func tcpBlocked(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.down() || e.detail == nil || e.farSays == nil || e.far.State == observe.Established {
			return nil
		}
		a, b := e.detail, e.farSays
		waits := a.State == "Connect" || b.State == "Connect"
		if a.Address == "" || b.Address == "" || !waits || a.Opens[0]+a.Opens[1]+b.Opens[0]+b.Opens[1] != 0 {
			return nil
		}
		f := &Finding{
			Confidence: v.unsure(e), Message: fmt.Sprintf("%s and %s:%s know each other's address, and no TCP connection to port 179 comes about", e.Device+":"+e.Port, e.Peer, e.PeerPort),
			Evidence: []Evidence{
				seen(e.Device, showNeighbor(e.Port), "%s, opensSent 0, opensRecv 0", a.State),
				seen(e.Peer, showNeighbor(e.PeerPort), "%s, opensSent 0, opensRecv 0", b.State),
			},
			Remedy: do("look for a firewall that drops TCP 179, and for a password (MD5) on one side only",
				look(e.Device, "nft list ruleset; ip6tables-save"), look(e.Peer, "nft list ruleset; ip6tables-save")),
		}
		f.Evidence = slices.Concat(f.Evidence, v.drops(e.Device), v.drops(e.Peer))
		return f
	})
}

func afNotActivated(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.detail == nil || e.up() || len(e.detail.Families) > 0 {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s has activated no address family for %s on %s", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "addressFamilyInfo: {}")},
			Remedy:   pushed(e.Device),
		}
	})
}

func afMismatch(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.detail == nil || e.farSays == nil || e.up() {
			return nil
		}
		common := slices.ContainsFunc(e.detail.Families, func(f string) bool { return slices.Contains(e.farSays.Families, f) })
		if common || len(e.detail.Families) == 0 || len(e.farSays.Families) == 0 {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s and %s have no address family in common on this session", e.Device, e.Peer),
			Evidence: []Evidence{
				seen(e.Device, showNeighbor(e.Port), "%s", strings.Join(e.detail.Families, ", ")),
				seen(e.Peer, showNeighbor(e.PeerPort), "%s", strings.Join(e.farSays.Families, ", ")),
			},
			Remedy: pushedAnd(", so that both have the same families", []string{e.Device, e.Peer}),
		}
	})
}

func holdTimer(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.down() || e.detail == nil || !strings.Contains(e.detail.Notification, "Hold Timer") {
			return nil
		}
		return &Finding{
			Confidence: v.unsure(e), Message: fmt.Sprintf("%s heard nothing of %s on %s for the hold time, and let the session go", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "%s: %s", e.detail.Reason, e.detail.Notification)},
			Remedy:   do("look for loss, a firewall or a busy CPU on the way", v.probe(e.Device, "ping -c 5 ff02::1%%%s", e.Port)),
		}
	})
}
