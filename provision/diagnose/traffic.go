package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision/observe"
)

// Sessions that are up and carry too little, and the last words on those that
// are not.

// settling is how long after it came up a session may still be empty.
const settling = 10 * time.Second

// policies are the causes that already say why a device tells or takes nothing.
var policies = []string{"not-redistributed", "list-undefined", "filter-changed", "policy-missing", "loopback-missing", "host-transit"}

// nothing is a session that is up and over which no prefix gets. Where the
// peer sends some, the end that takes none is at fault, otherwise the sender.
func nothing(received bool) func(*view) []Finding {
	return func(v *view) []Finding {
		return v.sessions(func(e end) *Finding {
			if !e.up() || e.far == nil || e.far.State != observe.Established || v.has(e.Device, policies...) || v.has(e.Peer, policies...) {
				return nil
			}
			conf := Likely
			if e.peer.Uptime < settling || e.far.Uptime < settling {
				conf = Possible
			}
			switch {
			case received && e.peer.Received == 0 && e.far.Sent > e.far.Received: // more than what it was told itself
				f := &Finding{
					Confidence: conf, Message: fmt.Sprintf("%s takes nothing of the %d prefixes that %s tells it on %s: a filter denies them all, or names a list that is not defined", e.Device, e.far.Sent, e.Peer, e.Port),
					Evidence: []Evidence{
						seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is Established, pfxRcd 0", e.Port),
						seen(e.Peer, "vtysh -c 'show bgp summary json'", "%s is Established, pfxSnt %d", e.PeerPort, e.far.Sent),
					},
					Remedy: do("look at its filters for "+e.Port+", and push its configuration", look(e.Device, "vtysh -c 'show running-config'")),
				}
				if e.detail != nil && e.detail.InMap != "" {
					f.Evidence = append(f.Evidence, seen(e.Device, showNeighbor(e.Port), "routeMapForIncomingAdvertisements %s", e.detail.InMap))
				}
				return f
			case !received && e.peer.Sent <= e.peer.Received && e.far.Received == 0:
				return &Finding{
					Confidence: conf, Message: fmt.Sprintf("%s tells %s nothing of its own on %s, not even its loopback", e.Device, e.Peer, e.Port),
					Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is Established, pfxSnt %d", e.Port, e.peer.Sent)},
					Remedy:   do("look at its redistribution and its outbound filters", look(e.Device, "vtysh -c 'show running-config'")),
				}
			}
			return nil
		})
	}
}

func policyMissing(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.peer == nil || e.peer.Detail != "Policy" && (e.detail == nil || !e.detail.Policy) {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s takes no routes from %s: its session on %s has no policy, and RFC 8212 (ebgp-requires-policy) is on", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is %s, peerState Policy, %d prefixes", e.Port, e.peer.State, e.peer.Received)},
			Remedy: do("turn it off, as `frr defaults datacenter` does, and clear the sessions",
				vty(e.Device, sprintf("router bgp %d", e.said.ASN), "no bgp ebgp-requires-policy"), clearing(e.Device, "vtysh -c 'clear bgp *'")),
		}
	})
}

func bfdOneSided(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.detail == nil || e.farSays == nil || !strings.EqualFold(e.detail.BFD, "down") || e.farSays.BFD != "" {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s runs BFD with %s on %s, and %s does not", e.Device, e.Peer, e.Port, e.Peer),
			Evidence: []Evidence{
				seen(e.Device, showNeighbor(e.Port), "peerBfdInfo: status %s", e.detail.BFD),
				seen(e.Peer, showNeighbor(e.PeerPort), "no peerBfdInfo"),
			},
			Remedy: pushed(e.Device),
		}
		if d, ok := v.plan.Device(e.Device); ok && d.Routing.BFD { // the plan wants it: the other end is wrong
			f.Device, f.Port, f.Peer, f.Remedy = e.Peer, e.PeerPort, e.Device, pushed(e.Peer)
		}
		return f
	})
}

// sessionDown is the last word on a session that nothing above explains.
func sessionDown(v *view) []Finding {
	told := map[model.SessionKey]bool{}
	return v.sessions(func(e end) *Finding {
		far := model.SessionKey{Device: e.Peer, Port: e.PeerPort}
		if !e.down() || e.peer == nil || told[far] {
			return nil
		}
		told[e.Key()] = true
		f := &Finding{
			Confidence: Possible, Message: fmt.Sprintf("the session of %s with %s on %s is %s, for a reason that nothing shows yet", e.Device, e.Peer, e.Port, e.peer.State),
			Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is %s", e.Port, e.peer.State)},
			Remedy:   do("give it a few seconds; then read the log of both ends", look(e.Device, "grep -E 'NOTIFICATION|ADJCHANGE' /var/log/frr/frr.log /var/log/syslog")),
		}
		if e.detail != nil {
			f.Evidence = append(f.Evidence, seen(e.Device, showNeighbor(e.Port), "last reset: %s %s", e.detail.Reason, e.detail.Notification))
		}
		return f
	})
}

func unplanned(v *view) []Finding {
	return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		for _, p := range said.Peers {
			if !slices.ContainsFunc(v.plan.Sessions, func(s model.Session) bool { return s.Device == d.Name && s.Port == p.Key }) {
				return &Finding{
					Port: p.Key, Confidence: Possible, Message: fmt.Sprintf("%s has a BGP neighbor %s that is not in the plan", d.Name, p.Key),
					Evidence: []Evidence{seen(d.Name, "vtysh -c 'show bgp summary json'", "%s is %s, AS %d", p.Key, p.State, p.ASN)},
					Remedy:   pushedAnd(", which takes it out; or add it to fabric.yaml", []string{d.Name}),
				}
			}
		}
		return nil
	})
}
