package model

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// NewPlan works out what follows from the fabric. It plans as much as it can;
// the findings say what it could not, such as ports that ran out. The i-th
// device of the plan is the i-th of the fabric.
func NewPlan(f *Fabric) (*Plan, []Finding) {
	b := &planner{f: f, speeds: partSpeeds{}, p: &Plan{
		Name:       f.Name,
		Devices:    make([]Device, len(f.Devices)),
		Links:      []Link{},
		Sessions:   []Session{},
		Pods:       f.Pods,
		Services:   f.Services,
		Management: f.Management,
		Kubernetes: f.Kubernetes,
	}}
	for i := range f.Devices {
		b.p.Devices[i] = b.device(&f.Devices[i])
	}
	b.p.Reindex()
	b.asns()
	b.api()
	links := b.given()
	if !f.Cabled {
		links = b.cable()
	}
	b.connect(links)
	b.sessions()
	routing(f, b.p)
	b.p.findings = b.findings
	return b.p, b.findings
}

// planner holds a plan while it is made.
type planner struct {
	f        *Fabric
	p        *Plan
	findings []Finding
	speeds   partSpeeds
}

// find notes what could not be planned of a device.
func (b *planner) find(rule string, s *Spec, message, remedy string) {
	b.findings = append(b.findings, Finding{
		Severity: Error, Rule: rule, Path: s.Path, Line: s.Line, Message: message, Remedy: remedy,
	})
}

// device is a device with all that follows from its own entry and its role.
func (b *planner) device(s *Spec) Device {
	f := b.f
	d := Device{
		Name: s.Name, Role: s.Role, N: s.N, Mgmt: s.Mgmt, Rack: s.Rack, Serial: s.Serial, Pod: s.Pod, Plane: s.Plane,
		Roles: s.Roles, Breakout: s.Breakout, Loopbacks: []netip.Prefix{}, Ports: []Port{},
		Platform: cmp.Or(s.Platform, f.Platform[s.Role]),
		Router:   cmp.Or(s.Router, f.Router[s.Role]),
		Management: Management{
			Port:    cmp.Or(s.Management.Port, f.Management.Port),
			VRF:     cmp.Or(s.Management.VRF, f.Management.VRF),
			Address: cmp.Or(s.Management.Address, f.Management.Address),
		},
		Access: Access{
			User:     cmp.Or(s.Access.User, f.Access.User),
			Port:     cmp.Or(s.Access.Port, f.Access.Port),
			Identity: cmp.Or(s.Access.Identity, f.Access.Identity),
			Jump:     cmp.Or(s.Access.Jump, f.Access.Jump),
		},
	}
	d.Release = s.Release
	if d.Release == "" && d.Platform == f.Platform[s.Role] {
		d.Release = f.Release[s.Role]
	}
	d.Container = containerOf(d.Router, f.Container, s.Container)
	d.Network = s.Network
	if d.Network == "" && d.Platform == f.Platform[s.Role] {
		d.Network = f.Network[s.Role]
	}
	if d.Network == "" {
		d.Network = networkOf(s.Role, d.Platform)
	}
	b.loopbacks(s, &d)
	if s.Role == Node {
		b.pods(s, &d)
	}
	return d
}

// loopbacks gives a device its own addresses, and of each family that it has
// none of, the n-th of its role's range.
func (b *planner) loopbacks(s *Spec, d *Device) {
	for _, a := range s.Loopbacks {
		d.Loopbacks = append(d.Loopbacks, hostPrefix(a))
	}
	for _, r := range b.f.Loopbacks[s.Role] {
		if slices.ContainsFunc(s.Loopbacks, func(a netip.Addr) bool { return a.Is4() == r.Base.Is4() }) {
			continue
		}
		a, ok := r.At(s.N)
		if !ok {
			b.find("loopback-range", s, fmt.Sprintf("%s is number %d of the %s, and %s has no such host address", s.Name, s.N, s.Role.Key(), r),
				"widen loopbacks."+s.Role.Key()+", or give "+s.Name+" a loopback or an n of its own")
			continue
		}
		d.Loopbacks = append(d.Loopbacks, hostPrefix(a))
	}
	slices.SortStableFunc(d.Loopbacks, func(a, b netip.Prefix) int { return a.Addr().BitLen() - b.Addr().BitLen() })
	d.RouterID = routerID(d)
}

// routerID is the IPv4 loopback. A device that has none gets an id that only
// looks like an address, made of its role and number, since BGP wants 32 bits
// that no other router has (RFC 6286).
func routerID(d *Device) netip.Addr {
	if len(d.Loopbacks) > 0 && d.Loopbacks[0].Addr().Is4() {
		return d.Loopbacks[0].Addr()
	}
	return netip.AddrFrom4([4]byte{byte(d.Role) + 1, byte(d.N >> 16), byte(d.N >> 8), byte(d.N)})
}

// pods gives a node its pod CIDRs: its own, or the n-th of each of the
// fabric's, which only an IPAM that takes them from the node keeps to.
func (b *planner) pods(s *Spec, d *Device) {
	d.PodCIDRs = slices.Clone(s.Pods)
	d.Pinned = len(s.Pods) > 0 || b.f.Kubernetes.IPAM == "host-local"
	for _, pods := range b.f.Pods {
		if slices.ContainsFunc(s.Pods, func(p netip.Prefix) bool { return p.Addr().Is4() == pods.Addr().Is4() }) {
			continue
		}
		bits := nodeBits(pods, b.f.Kubernetes.NodeMask)
		cidr, ok := subnet(pods, bits, s.N)
		if !ok {
			b.find("pods-range", s, fmt.Sprintf("%s is number %d of the nodes, and %s has no such /%d", s.Name, s.N, pods, bits),
				"widen pods, raise kubernetes.node_mask, or give "+s.Name+" pods of its own")
			continue
		}
		d.PodCIDRs = append(d.PodCIDRs, cidr)
	}
}

// asns gives each device its own ASN or the one that its role's rule makes.
func (b *planner) asns() {
	racks := b.groups(func(s *Spec) string { return s.Rack })
	pods := b.groups(func(s *Spec) string { return s.Pod })
	for i := range b.f.Devices {
		s := &b.f.Devices[i]
		rule := b.f.ASN[s.Role]
		k, what := s.N, ""
		switch rule.Mode {
		case ASNByRack:
			k, what = racks[s.Role][s.Rack], "rack"
		case ASNByPod:
			k, what = pods[s.Role][s.Pod], "pod"
		}
		asn, ok := rule.At(k)
		switch {
		case s.ASN != 0:
			asn = s.ASN
		case what != "" && k == 0:
			b.find("asn-group", s, s.Name+" has no "+what+", and the ASNs of "+s.Role.Key()+" go by it",
				"give "+s.Name+" a "+what+" or an asn of its own")
		case !ok:
			asn = 0
			b.find("asn-range", s, fmt.Sprintf("%s would be number %d from AS %s, which is above the last ASN, %d",
				s.Name, k, FormatASN(rule.First, rule.Dotted), uint32(maxASN)), "let asn."+s.Role.Key()+" begin lower")
		}
		b.p.Devices[i].ASN = asn
	}
}

// groups numbers the racks or pods of each role as devices are numbered: by
// the number that ends their names where all end in different ones, otherwise
// in the order of the file.
func (b *planner) groups(of func(*Spec) string) PerRole[map[string]int] {
	var seen PerRole[map[string]int]
	var order PerRole[[]string]
	for i := range b.f.Devices {
		s := &b.f.Devices[i]
		if seen[s.Role] == nil {
			seen[s.Role] = map[string]int{}
		}
		if name := of(s); name != "" && seen[s.Role][name] == 0 {
			order[s.Role] = append(order[s.Role], name)
			seen[s.Role][name] = len(order[s.Role])
		}
	}
	for role, list := range order {
		numbers := map[int]bool{}
		for _, name := range list {
			if n, ok := trailingNumber(name); ok && n > 0 {
				numbers[n] = true
			}
		}
		if len(numbers) != len(list) {
			continue
		}
		for _, name := range list {
			seen[role][name], _ = trailingNumber(name)
		}
	}
	return seen
}

// api is the address of the API server where nobody says: the first control
// plane's.
func (b *planner) api() {
	if b.p.Kubernetes.API.IsValid() {
		return
	}
	for _, d := range b.p.Devices {
		if len(d.Loopbacks) > 0 && slices.Contains(d.Roles, "control-plane") {
			b.p.Kubernetes.API = d.Loopbacks[0].Addr()
			return
		}
	}
}

// Reindex lets Device find by name again after Devices was changed by hand.
func (p *Plan) Reindex() {
	p.index = make(map[string]int, len(p.Devices))
	for i := range p.Devices {
		if _, twice := p.index[p.Devices[i].Name]; !twice {
			p.index[p.Devices[i].Name] = i
		}
	}
}
