package model

import (
	"net/netip"

	"go.yaml.in/yaml/v4"
)

// peerKeys is what a border leaf says of a router outside.
var peerKeys = object[Outside]{
	{"port", scalar(parsePort, func(o *Outside) *string { return &o.Port })},
	{"asn", scalar(parsePeerASN, func(o *Outside) *uint32 { return &o.ASN })},
	{"local", scalar(parseLocal, func(o *Outside) *netip.Prefix { return &o.Local })},
	{"remote", scalar(parseAddress, func(o *Outside) *netip.Addr { return &o.Remote })},
	{"accept", list(parsePrefix, func(o *Outside) *[]netip.Prefix { return &o.Accept })},
	{"advertise", list(parsePrefix, func(o *Outside) *[]netip.Prefix { return &o.Advertise })},
	{"vlan", whole(1, 4094, func(o *Outside) *int { return &o.VLAN })},
	{"bfd", flag(func(o *Outside) *bool { return &o.BFD })},
	{"maximum_prefix", whole(1, 1<<31-1, func(o *Outside) *int { return &o.MaximumPrefix })},
}

// parsePeerASN reads a peer's ASN; "external", any other than ours, is 0.
func parsePeerASN(s string) (uint32, error) {
	if s == "external" {
		return 0, nil
	}
	return ParseASN(s)
}

// parseLocal reads an address with the length of its network.
func parseLocal(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return p, wrong{quote(s) + " is not an address with its length", "write one such as 203.0.113.1/31"}
	}
	return p, nil
}

func readPeers(r *reader, v value, s *Spec) {
	s.Peers = nil
	r.items(v, func(_ int, item value) {
		o := Outside{Line: item.Line}
		peerKeys.read(r, item, &o)
		for _, key := range []string{"port", "asn"} {
			if item.Kind == yaml.MappingNode && (step{key: key}).child(item.Node) == nil {
				r.fail(item, item.path+" has no "+key, "")
			}
		}
		switch {
		case r.faulty[item.Node]:
		case o.Local.IsValid() != o.Remote.IsValid():
			if (step{key: "local"}).child(item.Node) == nil || (step{key: "remote"}).child(item.Node) == nil {
				r.fail(item, item.path+" has only one of local and remote", "give both, or neither for an unnumbered port")
			}
		case o.Local.IsValid() && o.Local.Addr().Is4() != o.Remote.Is4():
			r.fail(item, "local and remote are not of one family"+in(item.path), "")
		}
		s.Peers = append(s.Peers, o)
	})
}
