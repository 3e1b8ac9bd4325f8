package diagnose

import (
	"strconv"
	"time"

	"closup/model"
	"closup/provision/observe"
)

// Ports: what carries a session.

func portMissing(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		if _, there := e.Link(at.Port); there || len(e.Links) == 0 {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: at.String() + " does not exist; the cable to " + p.Peer + " is planned there",
			Evidence: []Evidence{seen(at.Device, "ip link show "+at.Port, "Device \"%s\" does not exist", at.Port)},
			Remedy:   do("look for the port under another name (breakout, a renamed interface), or correct `links` in fabric.yaml"),
		}
	})
}

// A link that went down several times, and does so before our eyes, flaps,
// whatever it is at this moment. Both ends saw it; it is told once, at the
// upper one.
const flaps, lately = 3, 20 * time.Second

// Restless says that a planned port went down a moment ago, and not for the
// first time: whether it flaps, a second look tells.
func Restless(plan *model.Plan, s observe.Snapshot) bool {
	return len(newView(plan, s).ports(func(_ model.Port, at model.End, e *observe.Evidence) *Finding {
		if l, _ := e.Link(at.Port); l.Downs >= flaps && l.LastDown <= lately {
			return &Finding{}
		}
		return nil
	})) > 0
}

func flapping(v *view) []Finding {
	told := map[model.SessionKey]bool{}
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, _ := e.Link(at.Port)
		if l.Downs < flaps || l.Recent == 0 || l.LastDown > lately {
			return nil
		}
		if told[model.SessionKey{Device: p.Peer, Port: p.PeerPort}] {
			return nil
		}
		told[model.SessionKey(at)] = true
		return &Finding{
			Confidence: Certain,
			Message:    sprintf("the link between %s and %s:%s flaps: it went down %d times, last %s ago", at, p.Peer, p.PeerPort, l.Downs, l.LastDown),
			Evidence:   []Evidence{seen(at.Device, "vtysh -c 'show interface "+at.Port+"'", "Link downs: %d, last %s ago", l.Downs, l.LastDown)},
			Remedy:     do("replace the cable or the transceiver; look for who sets the port down and up", look(at.Device, "ethtool -S %s | grep -i err", at.Port)),
		}
	})
}

func adminDown(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, there := e.Link(at.Port)
		if !there || l.Up {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: at.String() + " is set down, so the link to " + p.Peer + " is too",
			Evidence: []Evidence{seen(at.Device, "ip link show "+at.Port, "the flag UP is missing")},
			Remedy:   do("set it up, and see that its stanza is `auto`", on(at.Device, "ip link set %s up", at.Port)),
		}
	})
}

func noCarrier(v *view) []Finding {
	told := map[model.SessionKey]bool{}
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, there := e.Link(at.Port)
		if !there || !l.Up || l.Carrier || told[model.SessionKey{Device: p.Peer, Port: p.PeerPort}] {
			return nil
		}
		told[model.SessionKey(at)] = true
		f := &Finding{
			Confidence: Certain, Message: sprintf("%s has no link: nothing answers at the other end of the cable to %s:%s", at, p.Peer, p.PeerPort),
			Evidence: []Evidence{seen(at.Device, "ip link show "+at.Port, "NO-CARRIER")},
			Remedy:   do("see that the cable is plugged at both ends, then optics, speed and FEC", look(at.Device, "ethtool %s", at.Port), look(at.Device, "ethtool -m %s", at.Port)),
		}
		if far := v.evidence(p.Peer); far != nil {
			if l, ok := far.Link(p.PeerPort); ok && l.Up && !l.Carrier {
				f.Evidence = append(f.Evidence, seen(p.Peer, "ip link show "+p.PeerPort, "NO-CARRIER"))
			}
		}
		for _, side := range []model.End{at, {Device: p.Peer, Port: p.PeerPort}} {
			if e := v.evidence(side.Device); e != nil && e.Media[side.Port] != "" {
				f.Evidence = append(f.Evidence, seen(side.Device, "ethtool "+side.Port, "%s", e.Media[side.Port]))
			}
		}
		return f
	})
}

// unnumbered says that the port's session runs between link-local addresses.
func unnumbered(p model.Port) bool { return len(p.Addresses) == 0 }

func ipv6Disabled(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		if !unnumbered(p) || e.Sysctls["net/ipv6/conf/"+at.Port+"/disable_ipv6"] != "1" {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: "IPv6 is turned off on " + at.String() + "; BGP unnumbered runs over its link-local address",
			Evidence: []Evidence{seen(at.Device, "sysctl net.ipv6.conf."+at.Port+".disable_ipv6", "1")},
			Remedy:   do("turn it on", on(at.Device, "sysctl -w net.ipv6.conf.%s.disable_ipv6=0", at.Port)),
		}
	})
}

func linkLocalMissing(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, there := e.Link(at.Port)
		if !there || !unnumbered(p) || !l.Up || !l.Carrier || l.LinkLocal().IsValid() {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: at.String() + " has no IPv6 link-local address, which BGP unnumbered runs over",
			Evidence: []Evidence{seen(at.Device, "ip -6 addr show dev "+at.Port, "no address of scope link")},
			Remedy:   do("set the port down and up: the kernel makes the address then", on(at.Device, "ip link set %[1]s down && ip link set %[1]s up", at.Port)),
		}
	})
}

func mtu(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, there := e.Link(at.Port)
		if !there || p.MTU == 0 || l.MTU == p.MTU {
			return nil
		}
		f := &Finding{
			Confidence: Certain,
			Message:    sprintf("the MTU of %s is %d; planned is %d. Sessions come up, and large packets are lost", at, l.MTU, p.MTU),
			Evidence:   []Evidence{seen(at.Device, "ip link show "+at.Port, "mtu %d", l.MTU)},
			Remedy:     do("set it", on(at.Device, "ip link set %s mtu %s", at.Port, strconv.Itoa(p.MTU))),
		}
		if far := v.evidence(p.Peer); far != nil {
			if l, ok := far.Link(p.PeerPort); ok {
				f.Evidence = append(f.Evidence, seen(p.Peer, "ip link show "+p.PeerPort, "mtu %d", l.MTU))
			}
		}
		return f
	})
}

func rpFilter(v *view) []Finding {
	told := map[string]bool{} // where it is set for all ports
	return v.ports(func(_ model.Port, at model.End, e *observe.Evidence) *Finding {
		for _, name := range []string{at.Port, "all"} { // the kernel takes the higher of the two
			value := e.Sysctls["net/ipv4/conf/"+name+"/rp_filter"]
			if value != "1" && value != "2" {
				continue
			}
			if name == "all" && (told[at.Device] || value == "2") { // 2 is loose, and some systems' default
				return nil
			}
			told[at.Device] = name == "all"
			return &Finding{
				Confidence: Certain,
				Message:    sprintf("rp_filter is %s on %s: packets that come in by another port than the answer leaves by are dropped, as they do with several equal paths", value, at),
				Evidence:   []Evidence{seen(at.Device, "sysctl net.ipv4.conf."+name+".rp_filter", "%s", value)},
				Remedy:     do("turn it off", on(at.Device, "sysctl -w net.ipv4.conf.%s.rp_filter=0", name)),
			}
		}
		return nil
	})
}
