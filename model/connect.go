package model

import (
	"slices"
	"strconv"
)

// given is the cables of `links`. What a rule tells of, an end that is no
// device's, a cable from a device to itself, a port that has another cable or
// a peer outside already, is left out.
func (b *planner) given() []Link {
	used := make(map[End]bool, 2*len(b.f.Links))
	for i := range b.f.Devices {
		for _, o := range b.f.Devices[i].Peers {
			used[End{b.f.Devices[i].Name, o.Port}] = true
		}
	}
	var links []Link
	for _, c := range b.f.Links {
		_, okA := b.p.Device(c.A.Device)
		_, okB := b.p.Device(c.B.Device)
		if !okA || !okB || c.A.Device == c.B.Device || used[c.A] || used[c.B] {
			continue
		}
		used[c.A], used[c.B] = true, true
		links = append(links, b.link(c))
	}
	return links
}

// link is a cable with its upper end first.
func (b *planner) link(c Cable) Link {
	l := Link{A: c.A, B: c.B, Speed: c.Speed, Line: c.Line}
	if b.tier(l.B) < b.tier(l.A) {
		l.A, l.B = l.B, l.A
	}
	return l
}

// tier is that of the end's device.
func (b *planner) tier(e End) int { return b.p.Devices[b.p.index[e.Device]].Role.tier() }

// tier counts the tiers from the top; borders are in that of the leafs.
func (r Role) tier() int {
	if r == Border {
		r = Leaf
	}
	return int(r)
}

// connect puts the links into the plan and the ports on their devices.
func (b *planner) connect(links []Link) {
	slices.SortStableFunc(links, func(x, y Link) int {
		if x.A.Device != y.A.Device {
			return b.p.index[x.A.Device] - b.p.index[y.A.Device]
		}
		return CompareNatural(x.A.Port, y.A.Port)
	})
	b.p.Links = append(b.p.Links, links...)
	for _, l := range links {
		b.port(l.A, l.B, l)
		b.port(l.B, l.A, l)
	}
	for i := range b.f.Devices {
		b.outside(&b.f.Devices[i], &b.p.Devices[i])
		slices.SortStableFunc(b.p.Devices[i].Ports, func(x, y Port) int { return CompareNatural(x.Name, y.Name) })
	}
}

// port puts one end of a link on its device.
func (b *planner) port(near, far End, l Link) {
	i := b.p.index[near.Device]
	d := &b.p.Devices[i]
	p := Port{Name: near.Port, Peer: far.Device, PeerPort: far.Port, Kind: FabricPort, MTU: b.f.MTU.Fabric, Speed: l.Speed}
	if d.Role == Node || b.p.Devices[b.p.index[far.Device]].Role == Node {
		p.Kind, p.MTU = HostPort, b.f.MTU.Nodes
	}
	p.Up = b.tier(far) < b.tier(near)
	if p.Speed == "" {
		p.Speed = b.speeds.of(b.f.Devices[i].Breakout, near.Port)
	}
	d.Ports = append(d.Ports, p)
}

// outside puts the ports of a border leaf's outside peers on it. Peers that
// share a port, or a VLAN of it, share its planned port.
func (b *planner) outside(s *Spec, d *Device) {
	for _, o := range s.Peers {
		p := Port{Name: o.Interface(), Peer: External, Kind: ExternalPort, Up: true, MTU: b.f.MTU.Fabric, VLAN: o.VLAN}
		i := slices.IndexFunc(d.Ports, func(have Port) bool { return have.Name == p.Name })
		if i < 0 {
			d.Ports = append(d.Ports, p)
			i = len(d.Ports) - 1
		}
		if o.Local.IsValid() && !slices.Contains(d.Ports[i].Addresses, o.Local) {
			d.Ports[i].Addresses = append(d.Ports[i].Addresses, o.Local)
		}
	}
}

// External is the name of what is outside the fabric, as a peer or an origin.
const External = "external"

// Interface is the interface that the session runs on: the port, or its
// subinterface PORT.VLAN.
func (o Outside) Interface() string {
	if o.VLAN == 0 {
		return o.Port
	}
	return o.Port + "." + strconv.Itoa(o.VLAN)
}

// sessions is both ends of the session of each link, and the near end of each
// with an outside peer, device by device and port by port.
func (b *planner) sessions() {
	for i := range b.p.Devices {
		d := &b.p.Devices[i]
		for _, p := range d.Ports {
			if p.Kind == ExternalPort {
				b.outsideSessions(&b.f.Devices[i], p)
				continue
			}
			peer := &b.p.Devices[b.p.index[p.Peer]]
			b.p.Sessions = append(b.p.Sessions, Session{
				Device: d.Name, Port: p.Name, Peer: p.Peer, PeerPort: p.PeerPort, PeerASN: peer.ASN,
			})
		}
	}
}

func (b *planner) outsideSessions(s *Spec, p Port) {
	for _, o := range s.Peers {
		if o.Interface() != p.Name {
			continue
		}
		end := Session{Device: s.Name, Port: p.Name, Peer: External, PeerASN: o.ASN}
		if o.Remote.IsValid() {
			end.Port = o.Remote.String()
		}
		b.p.Sessions = append(b.p.Sessions, end)
	}
}
