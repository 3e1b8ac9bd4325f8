package diagnose

import (
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Who is really at the other end of a cable, and what to swap.

// actual is who is at a port, and what says so. The kernel's neighbor table
// knows the port by its MAC address, LLDP by name; what a peer tells of itself
// in BGP is the device alone.
func (v *view) actual(at model.End) (who model.End, says Evidence, known bool) {
	e := v.evidence(at.Device)
	if e == nil {
		return model.End{}, Evidence{}, false
	}
	for _, s := range e.LLDP {
		if _, planned := v.plan.Device(s.Device); planned && s.Port == at.Port {
			return model.End{Device: s.Device, Port: s.PeerPort}, seen(at.Device, "lldpcli show neighbors ports "+at.Port, "%s %s", s.Device, s.PeerPort), true
		}
	}
	for _, n := range e.Near {
		owner := v.macs[n.MAC]
		if n.Port == at.Port && owner.Device != "" && owner.Device != at.Device && n.State != "FAILED" {
			return owner, seen(at.Device, "ip -6 neigh show dev "+at.Port, "%s lladdr %s, which is %s", n.Address, n.MAC, owner), true
		}
	}
	if p, ok := v.devices[at.Device].Peer(at.Port); ok && p.State == observe.Established {
		if _, planned := v.plan.Device(p.Hostname); planned {
			return model.End{Device: p.Hostname}, seen(at.Device, "vtysh -c 'show bgp summary json'", "%s is Established with %s, AS %d", at.Port, p.Hostname, p.ASN), true
		}
	}
	return model.End{}, Evidence{}, false
}

type misplaced struct {
	at, want, is model.End
	says         Evidence
}

func wrongCabling(v *view) []Finding {
	var wrong []misplaced
	for _, l := range v.plan.Links {
		for _, way := range [][2]model.End{{l.A, l.B}, {l.B, l.A}} {
			is, says, known := v.actual(way[0])
			if known && is != way[1] && (is.Port != "" || is.Device != way[1].Device) {
				wrong = append(wrong, misplaced{way[0], way[1], is, says})
			}
		}
	}
	var out []Finding
	told := map[model.End]bool{}
	for i, a := range wrong {
		if told[a.at] {
			continue
		}
		f := Finding{
			Device: a.at.Device, Port: a.at.Port, Peer: a.want.Device, Confidence: Certain,
			Message:  sprintf("%s is cabled to %s; planned is %s", a.at, place(a.is), a.want),
			Evidence: []Evidence{a.says}, explains: v.both(a.at.Device, a.at.Port),
			Remedy: do(sprintf("plug the cable of %s into %s, or correct `links` in fabric.yaml", a.at, a.want)),
		}
		if b, crossed := swapped(wrong[i+1:], a); crossed {
			f.Message = sprintf("two cables are crossed: %s is cabled to %s and %s to %s; planned are %s and %s", a.at, place(a.is), b.at, place(b.is), a.want, b.want)
			f.Evidence = append(f.Evidence, b.says)
			f.Remedy = do(sprintf("swap the cables in %s and %s", a.at, b.at))
			f.explains = append(f.explains, v.both(b.at.Device, b.at.Port)...)
			told[b.at] = true
		}
		told[a.at] = true
		for _, k := range f.explains { // the far ends saw the same
			told[model.End(k)] = true
		}
		out = append(out, f)
	}
	return out
}

func place(e model.End) string {
	if e.Port == "" {
		return e.Device
	}
	return e.String()
}

// swapped finds the port whose cable belongs into a's: best on the same
// device, where one hand reaches both.
func swapped(rest []misplaced, a misplaced) (misplaced, bool) {
	var found *misplaced
	for i, b := range rest {
		fits := (b.is == a.want || b.is.Port == "" && b.is.Device == a.want.Device) && (a.is == b.want || a.is.Port == "" && a.is.Device == b.want.Device)
		if fits && (found == nil || b.at.Device == a.at.Device) {
			found = &rest[i]
		}
	}
	if found == nil {
		return misplaced{}, false
	}
	return *found, true
}

// sharedSegment is a port on which more than one router is heard: then only one
// session comes up, and which one varies.
func sharedSegment(v *view) []Finding {
	return v.ports(func(p model.Port, at model.End, e *observe.Evidence) *Finding {
		l, _ := e.Link(at.Port)
		near := map[model.End]bool{}
		for _, n := range e.Near {
			if owner := v.macs[n.MAC]; n.Port == at.Port && owner.Device != "" && owner.Device != at.Device && n.State != "FAILED" {
				near[owner] = true
			}
		}
		if len(l.Heard) < 2 || len(near) < 2 {
			return nil
		}
		return &Finding{
			Confidence: Likely, Message: sprintf("%d routers are heard on %s, where only %s:%s is planned: a switch or a bridge is in between, and only one of them gets a session", len(l.Heard), at, p.Peer, p.PeerPort),
			Evidence: []Evidence{
				seen(at.Device, "vtysh -c 'show interface "+at.Port+"'", "Neighbor address(s): %s", strings.Join(l.Heard, " ")),
				seen(at.Device, "ip -6 neigh show dev "+at.Port, "%d ports of this fabric", len(near)),
			},
			Remedy: do("cable "+at.String()+" to "+p.Peer+":"+p.PeerPort+" directly, or give each router a VLAN of its own", look(at.Device, "ip -6 neigh show dev %s", at.Port)),
		}
	})
}
