package netns

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
)

// The outside router stands in for every peer that is not ours. One bgpd
// answers them all: each session shows the AS number that the plan expects
// there. It announces what the border leaf agreed to accept, to that border
// leaf alone, takes everything, and passes nothing on.

// outsideNames are the names it takes, the first that no device has.
var outsideNames = []string{"external", "external-router", "lab-external-router"}

// outsidePeer is one session, seen from the outside router.
type outsidePeer struct {
	border   int    // place in spec.Devices
	port     string // the border's port, without VLAN
	vlan     int
	own      netip.Prefix // numbered: the outside router's address
	remote   netip.Addr   // numbered: the border's address
	asn      uint32       // that the border expects; 0: any
	announce []netip.Prefix
	bfd      bool
	mtu      int // 0: as it is

	here string // own port, without VLAN; given by addOutside
}

// face is the outside router's interface of the session.
func (o outsidePeer) face() string {
	if o.vlan == 0 {
		return o.here
	}
	return fmt.Sprintf("%s.%d", o.here, o.vlan)
}

// key is how its bgpd names the neighbor.
func (o outsidePeer) key() string {
	if o.remote.IsValid() {
		return o.remote.String()
	}
	return o.face()
}

// addOutside adds the router and its cables, if the plan has outside peers.
func addOutside(s *spec, p *model.Plan) {
	peers := outsidePeers(p)
	if len(peers) == 0 {
		return
	}
	here := len(s.Devices)
	ports := map[string]string{} // cable by "border port"
	for i := range peers {
		o := &peers[i]
		key := fmt.Sprintf("%d %s", o.border, o.port)
		if _, ok := ports[key]; !ok {
			ports[key] = fmt.Sprintf("peer%d", len(ports)+1)
			s.Cables = append(s.Cables, cable{A: here, B: o.border, APort: ports[key], BPort: o.port})
		}
		o.here = ports[key]
		if o.vlan != 0 {
			s.VLANs = append(s.VLANs, cable{A: here, B: o.border, APort: o.face(), BPort: fmt.Sprintf("%s.%d", o.port, o.vlan)})
		}
	}
	name := outsideNames[0]
	for _, n := range outsideNames {
		if !slices.ContainsFunc(s.Devices, func(b box) bool { return b.Name == n }) {
			name = n
			break
		}
	}
	s.Devices = append(s.Devices, box{
		Name: name, Hostname: name, Mgmt: defaultMgmt, User: s.Devices[peers[0].border].User, Boot: true,
		Files: []file{
			{"/etc/frr/frr.conf", outsideFRR(name, freeASN(p), peers)},
			{"/etc/frr/daemons", "zebra=yes\nbgpd=yes\nbfdd=yes\nvtysh_enable=yes\nzebra_options=\"-A 127.0.0.1 -s 90000000\"\nbgpd_options=\"-A 127.0.0.1\"\nbfdd_options=\"-A 127.0.0.1\"\n"},
			{"/etc/network/interfaces.d/peers.intf", outsideInterfaces(peers)},
			{"/etc/sysctl.d/90-router.conf", "net.ipv4.ip_forward = 1\nnet.ipv6.conf.all.forwarding = 1\n"},
		},
	})
}

// outsidePeers reads the sessions to the outside from the plan, as the border
// leafs were told of them.
func outsidePeers(p *model.Plan) []outsidePeer {
	var out []outsidePeer
	for i, d := range p.Devices {
		for _, port := range d.Ports {
			if port.Kind != model.ExternalPort {
				continue
			}
			for _, peer := range d.Routing.Peers {
				if peer.Port == port.Name && peer.Device == port.Peer {
					out = append(out, newOutsidePeer(i, d, port, peer))
				}
			}
		}
	}
	return out
}

func newOutsidePeer(i int, d model.Device, port model.Port, peer model.Peer) outsidePeer {
	o := outsidePeer{
		border: i, vlan: port.VLAN, mtu: port.MTU, asn: peer.ASN, announce: accepted(d.Routing, peer),
		bfd:  peer.BFD || groupBFD(d.Routing, peer.Group),
		port: strings.TrimSuffix(port.Name, fmt.Sprintf(".%d", port.VLAN)),
	}
	if !peer.Address.IsValid() {
		return o
	}
	for _, a := range port.Addresses {
		if a.Masked().Contains(peer.Address) {
			o.own, o.remote = netip.PrefixFrom(peer.Address, a.Bits()), a.Addr()
		}
	}
	return o
}

func groupBFD(r model.Routing, name string) bool {
	return slices.ContainsFunc(r.Groups, func(g model.PeerGroup) bool { return g.Name == name && g.BFD })
}

// accepted are the prefixes that the border permits from this peer; the
// default route where it names none.
func accepted(r model.Routing, peer model.Peer) []netip.Prefix {
	var out []netip.Prefix
	for _, ref := range peer.In {
		for _, l := range r.PrefixLists {
			if l.Name != ref.List || l.V6 != ref.V6 {
				continue
			}
			for _, rule := range l.Rules {
				if !rule.Deny && !slices.Contains(out, rule.Prefix) {
					out = append(out, rule.Prefix)
				}
			}
		}
	}
	if len(out) == 0 {
		out = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0)}
	}
	return out
}

// freeASN is a number for the router itself that no device of the plan has;
// its peers see it only where they take any.
func freeASN(p *model.Plan) uint32 {
	asn := uint32(64999)
	for slices.ContainsFunc(p.Devices, func(d model.Device) bool { return d.ASN == asn }) {
		asn--
	}
	return asn
}

// outsideFRR is the router's frr.conf.
func outsideFRR(hostname string, asn uint32, peers []outsidePeer) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("frr defaults datacenter\nhostname %s\nlog file /var/log/frr/frr.log\n!", hostname)
	families := []struct {
		v6                bool
		list, family, any string
	}{{false, "ip", "ipv4", "0.0.0.0/0 le 32"}, {true, "ipv6", "ipv6", "::/0 le 128"}}
	for i, o := range peers {
		for _, f := range families {
			seq := 5
			for _, prefix := range o.announce {
				if prefix.Addr().Is6() == f.v6 {
					line("%s prefix-list PEER%d seq %d permit %s", f.list, i+1, seq, prefix)
					seq += 5
				}
			}
			line("%s prefix-list PEER%d seq %d deny %s", f.list, i+1, seq, f.any)
		}
	}
	line("bgp as-path access-list OWN seq 5 permit ^$\n!")
	line("router bgp %d", asn)
	line(" bgp router-id 192.0.2.254\n no bgp network import-check\n no bgp default ipv4-unicast")
	for _, o := range peers {
		if o.remote.IsValid() {
			line(" neighbor %s remote-as external", o.key())
		} else {
			line(" neighbor %s interface remote-as external", o.key())
		}
		if o.asn != 0 && o.asn != asn {
			line(" neighbor %s local-as %d no-prepend replace-as", o.key(), o.asn)
		}
		if o.bfd {
			line(" neighbor %s bfd", o.key())
		}
	}
	for _, f := range families {
		line(" address-family %s unicast", f.family)
		for _, prefix := range networks(peers, f.v6) {
			line("  network %s", prefix)
		}
		for i, o := range peers {
			if o.remote.IsValid() && o.remote.Is6() != f.v6 {
				continue // a numbered session carries the family of its addresses
			}
			line("  neighbor %s activate", o.key())
			line("  neighbor %s prefix-list PEER%d out", o.key(), i+1)
			line("  neighbor %s filter-list OWN out", o.key())
		}
		line(" exit-address-family")
	}
	line("exit\n!")
	return b.String()
}

// networks are all prefixes of a family that any peer is told, each once.
func networks(peers []outsidePeer, v6 bool) []netip.Prefix {
	var out []netip.Prefix
	for _, o := range peers {
		for _, p := range o.announce {
			if p.Addr().Is6() == v6 && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// outsideInterfaces brings the router's ports up (interfaces(5), ifupdown2): a
// stanza for each, and for each VLAN of one.
func outsideInterfaces(peers []outsidePeer) string {
	var b strings.Builder
	var done []string
	stanza := func(name string, mtu int) {
		if slices.Contains(done, name) {
			return
		}
		done = append(done, name)
		fmt.Fprintf(&b, "auto %s\niface %s\n", name, name)
		if mtu > 0 {
			fmt.Fprintf(&b, "    mtu %d\n", mtu)
		}
		for _, o := range peers {
			if o.face() == name && o.own.IsValid() {
				fmt.Fprintf(&b, "    address %s\n", o.own)
			}
		}
		b.WriteString("\n")
	}
	for _, o := range peers {
		stanza(o.here, o.mtu)
		stanza(o.face(), o.mtu)
	}
	return b.String()
}
