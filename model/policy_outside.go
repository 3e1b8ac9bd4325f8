package model

import (
	"net/netip"
	"slices"
)

// outsidePeers adds a border's sessions to routers that are not ours. Each has
// lists of its own: what it accepts is what was agreed, exactly, and what it
// advertises is aggregates, exactly. FRR announces an aggregate only while it
// holds something inside it, so a border that lost the fabric attracts nothing.
func (y *policy) outsidePeers(r *Routing, d *Device) {
	for _, o := range y.outside[d.Name] {
		port := o.Interface()
		peer := Peer{
			Port: port, Address: o.Remote, ASN: o.ASN, Device: "external",
			Description: "outside " + port, MaxPrefix: o.MaximumPrefix, BFD: o.BFD,
		}
		g := y.outsideGroup(o)
		peer.Group = g.Name
		r.ensureGroup(g)
		for _, family := range []struct{ v6, on bool }{{false, g.V4}, {true, g.V6}} {
			if !family.on {
				continue
			}
			in := exactly(o.Accept, family.v6, "agreed with the peer on "+port, "nothing of this family is agreed with the peer on "+port)
			out := exactly(o.Advertise, family.v6, "shown to the peer on "+port, "nothing of this family is shown to the peer on "+port)
			peer.In = append(peer.In, r.list("OUTSIDE-"+port+"-IN", family.v6, in))
			peer.Out = append(peer.Out, r.list("OUTSIDE-"+port+"-OUT", family.v6, out))
		}
		r.Peers = append(r.Peers, peer)
	}
}

// aggregates are the prefixes that any of the peers is shown, each once.
func aggregates(peers []Outside) []netip.Prefix {
	var out []netip.Prefix
	for _, o := range peers {
		for _, a := range o.Advertise {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	return out
}

// outsideGroup: an unnumbered session carries both families (RFC 8950), a
// numbered one that of its addresses.
func (y *policy) outsideGroup(o Outside) PeerGroup {
	g := PeerGroup{Name: groupOutside, Description: "outside the fabric", V4: y.v4, V6: y.v6, RemovePrivAS: true}
	switch {
	case !o.Remote.IsValid():
	case o.Remote.Is4():
		g.Name, g.V4, g.V6 = groupOutside4, true, false
	default:
		g.Name, g.V4, g.V6 = groupOutside6, false, true
	}
	return g
}

func (r *Routing) ensureGroup(g PeerGroup) {
	for _, had := range r.Groups {
		if had.Name == g.Name {
			return
		}
	}
	r.Groups = append(r.Groups, g)
}

// exactly permits the prefixes of one family and nothing longer.
func exactly(prefixes []netip.Prefix, v6 bool, why, none string) []PrefixRule {
	var out []PrefixRule
	for _, p := range prefixes {
		if p.Addr().Is6() == v6 {
			out = append(out, PrefixRule{Prefix: p, Why: why})
		}
	}
	if len(out) == 0 {
		return nothing(v6, none)
	}
	return out
}
