package diagnose

import (
	"net/netip"
	"slices"

	"closup/model"
)

// Scope is the part of a fabric that a walk looks at: devices, ends of
// sessions, and prefixes that should get through.
type Scope struct {
	Devices  []string           `json:"devices"`
	Ends     []model.SessionKey `json:"-"`
	Prefixes []netip.Prefix     `json:"prefixes"`
}

func (s *Scope) device(name string) {
	if !slices.Contains(s.Devices, name) {
		s.Devices = append(s.Devices, name)
	}
}

func (s *Scope) end(k model.SessionKey) {
	if !slices.Contains(s.Ends, k) {
		s.Ends = append(s.Ends, k)
	}
}

// session takes both ends of a planned session.
func (s *Scope) session(plan *model.Plan, n model.Session) {
	s.device(n.Device)
	s.end(n.Key())
	if _, ours := plan.Device(n.Peer); ours {
		s.device(n.Peer)
		s.end(model.SessionKey{Device: n.Peer, Port: n.PeerPort})
	}
}

// concerns says whether a finding is about something in the scope.
func (s Scope) concerns(plan *model.Plan, f Finding) bool {
	if f.Port == "" {
		return slices.Contains(s.Devices, f.Device) || slices.ContainsFunc(f.whole, func(d string) bool { return slices.Contains(s.Devices, d) })
	}
	if slices.Contains(s.Ends, model.SessionKey{Device: f.Device, Port: f.Port}) {
		return true
	}
	if slices.ContainsFunc(f.explains, func(k model.SessionKey) bool { return slices.Contains(s.Ends, k) }) {
		return true
	}
	_, planned := plan.Device(f.Peer)
	// A port that carries no planned session: lo, or one that somebody added.
	isEnd := slices.ContainsFunc(plan.Sessions, func(n model.Session) bool { return n.Device == f.Device && n.Port == f.Port })
	return !isEnd && !planned && slices.Contains(s.Devices, f.Device)
}

// OfSession is the scope of one session: both its ends.
func OfSession(plan *model.Plan, device, port string) Scope {
	s := Scope{Devices: []string{device}, Ends: []model.SessionKey{{Device: device, Port: port}}, Prefixes: []netip.Prefix{}}
	for _, n := range plan.Sessions {
		if n.Device == device && n.Port == port {
			s.session(plan, n)
		}
	}
	return s
}

// OfDevice is the scope of a device: it, and all its sessions with their far
// ends.
func OfDevice(plan *model.Plan, device string) Scope {
	s := Scope{Devices: []string{device}, Prefixes: own(plan, device)}
	for _, n := range plan.Sessions {
		if n.Device == device {
			s.session(plan, n)
		}
	}
	return s
}

// OfFabric is the scope of everything.
func OfFabric(plan *model.Plan) Scope {
	s := Scope{Prefixes: []netip.Prefix{}}
	for i := range plan.Devices {
		s.Devices = append(s.Devices, plan.Devices[i].Name)
	}
	for _, n := range plan.Sessions {
		s.Ends = append(s.Ends, n.Key())
	}
	return s
}

// own is what a device should announce of itself: its loopbacks and its pods.
func own(plan *model.Plan, device string) []netip.Prefix {
	all := []netip.Prefix{}
	if d, ok := plan.Device(device); ok {
		all = append(append(all, d.Loopbacks...), d.PodCIDRs...)
	}
	return all
}

// OfWay is the scope of traffic between two places, there and back: every
// device and session that a predicted path to the other side's prefixes uses.
// Only names what to follow: "pods", "loopbacks", or "" for both.
func OfWay(plan *model.Plan, from, to []string, only string) Scope {
	s := Scope{Prefixes: []netip.Prefix{}}
	pick := func(names []string) (all []netip.Prefix) {
		for _, name := range names {
			d, ok := plan.Device(name)
			if !ok {
				continue
			}
			if only != "pods" {
				all = append(all, d.Loopbacks...)
			}
			if only != "loopbacks" {
				all = append(all, d.PodCIDRs...)
			}
		}
		return all
	}
	there, back := pick(to), pick(from)
	s.Prefixes = append(s.Prefixes, there...)
	s.follow(plan, from, there)
	for _, name := range to {
		s.device(name)
	}
	s.follow(plan, to, back)
	return s
}

// OfOutside is the scope of a device's way to what outside peers tell.
func OfOutside(plan *model.Plan, from string) Scope {
	s := Scope{Prefixes: []netip.Prefix{}}
	for _, r := range plan.Routes(from) {
		if r.Origin == "external" || r.Prefix.Bits() == 0 {
			s.Prefixes = append(s.Prefixes, r.Prefix)
		}
	}
	s.follow(plan, []string{from}, s.Prefixes)
	for i := range plan.Devices {
		d := &plan.Devices[i]
		if d.Role != model.Border {
			continue
		}
		s.device(d.Name)
		for _, n := range plan.Sessions {
			if n.Device == d.Name && n.Peer == "external" {
				s.session(plan, n)
			}
		}
	}
	return s
}

// follow takes every hop of every predicted path from the devices to the
// prefixes. Where a prefix is told only as a part of a larger one, that one is
// followed.
func (s *Scope) follow(plan *model.Plan, from []string, to []netip.Prefix) {
	tables := map[string][]model.Route{}
	ports := map[model.SessionKey]model.Session{}
	for _, n := range plan.Sessions {
		ports[n.Key()] = n
	}
	for _, prefix := range to {
		been := map[string]bool{}
		for at := from; len(at) > 0; {
			learn(plan, tables, at)
			var next []string
			for _, name := range at {
				if been[name] {
					continue
				}
				been[name] = true
				s.device(name)
				for _, p := range longest(tables[name], prefix).Paths {
					n, ok := ports[model.SessionKey{Device: name, Port: p.Port}]
					if !ok {
						continue
					}
					s.session(plan, n)
					if _, ours := plan.Device(n.Peer); ours {
						next = append(next, n.Peer)
					}
				}
			}
			at = next
		}
	}
}

// learn predicts the routes of the devices that tables do not have yet, all at
// once: the prediction goes through the whole fabric.
func learn(plan *model.Plan, tables map[string][]model.Route, devices []string) {
	var unknown []string
	for _, name := range devices {
		if _, known := tables[name]; !known {
			unknown, tables[name] = append(unknown, name), nil
		}
	}
	if len(unknown) == 0 {
		return
	}
	for _, r := range plan.Routes(unknown...) {
		tables[r.Device] = append(tables[r.Device], r)
	}
}

// longest is the route that a packet to a prefix takes.
func longest(table []model.Route, to netip.Prefix) (best model.Route) {
	for _, r := range table {
		if r.Prefix.Bits() <= to.Bits() && r.Prefix.Contains(to.Addr()) && (!best.Prefix.IsValid() || r.Prefix.Bits() > best.Prefix.Bits()) {
			best = r
		}
	}
	return best
}

// OfRoute is the scope of one device's way to a prefix, and of the device that
// announces it.
func OfRoute(plan *model.Plan, device string, to netip.Prefix) Scope {
	s := Scope{Prefixes: []netip.Prefix{to}}
	s.follow(plan, []string{device}, s.Prefixes)
	return s
}

// OfOrigin is the scope of what a device announces: its way to everybody else.
func OfOrigin(plan *model.Plan, device string) Scope {
	s := Scope{Devices: []string{device}, Prefixes: own(plan, device)}
	var others []string
	for i := range plan.Devices {
		if name := plan.Devices[i].Name; name != device {
			others = append(others, name)
		}
	}
	s.follow(plan, others, s.Prefixes)
	return s
}
