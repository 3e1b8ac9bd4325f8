package observe

import (
	"net/netip"
	"time"

	"closup/model"
)

// States of a session that bgpd has no word for.
const (
	Established = "Established"
	Missing     = "missing"     // the device does not know the peer
	Unreachable = "unreachable" // the device could not be asked
)

// States of a route.
const (
	RouteOK      = "ok"
	RouteMissing = "missing"
	RouteNarrow  = "narrow"  // fewer paths than predicted
	RouteWide    = "wide"    // more paths than predicted: somebody else announces it too, or a filter is gone
	RoutePending = "pending" // a pod route whose node's kernel has none yet
	// RouteUnexpected is one that nobody predicted. Parts of a pod prefix, as
	// some CNIs announce them, are not meant.
	RouteUnexpected = "unexpected"
)

// Compare holds a snapshot beside the plan and its predicted routes. Figures
// of a device that cannot be asked count as nothing, however young: only what
// was seen is claimed.
func Compare(plan *model.Plan, routes []model.Route, s Snapshot) Status {
	st := Status{
		At: s.At, Devices: []DeviceStatus{},
		Sessions: make([]SessionStatus, 0, len(plan.Sessions)), Routes: make([]RouteStatus, 0, len(routes)),
	}
	devices := make(map[string]*Device, len(s.Devices))
	for i := range s.Devices {
		d := &s.Devices[i]
		devices[d.Name] = d
		st.Devices = append(st.Devices, deviceStatus(d, s.At))
		if !d.Reachable {
			st.Summary.DevicesUnreachable++
		}
	}
	st.sessions(plan, s, devices)
	st.routes(routes, devices)
	if len(routes) > 0 { // else nothing is predicted, and all would be unexpected
		st.unexpected(routes, s)
	}
	return st
}

func deviceStatus(d *Device, at time.Time) DeviceStatus {
	ds := DeviceStatus{
		Name: d.Name, Reachable: d.Reachable, RouterVersion: d.RouterVersion,
		Age: age(d.At, at), RoutesAge: age(d.Read.Routes, at), SystemAge: age(d.Read.System, at),
	}
	if d.Err != nil {
		ds.Error = d.Err.Error()
	}
	return ds
}

// age is how long ago something was read, in seconds; -1: never.
func age(read, now time.Time) float64 {
	if read.IsZero() {
		return -1
	}
	return max(0, now.Sub(read).Seconds())
}

// sessions are the plan's, in its order, then the ones that nobody planned.
func (st *Status) sessions(plan *model.Plan, s Snapshot, devices map[string]*Device) {
	planned := make(map[model.SessionKey]bool, len(plan.Sessions))
	for _, want := range plan.Sessions {
		planned[want.Key()] = true
		row := SessionStatus{
			Device: want.Device, Port: want.Port, Peer: want.Peer, PeerPort: want.PeerPort, PeerASN: want.PeerASN,
			Expected: true, State: Unreachable,
		}
		if d := devices[want.Device]; d != nil && d.Reachable {
			row.State = Missing
			if p, ok := d.Peer(want.Port); ok {
				row.fill(p)
			}
		} else if d != nil {
			row.stale(d)
		}
		if row.State == Established {
			st.Summary.SessionsEstablished++
		}
		st.Sessions = append(st.Sessions, row)
	}
	st.Summary.SessionsExpected = len(plan.Sessions)
	for _, d := range s.Devices {
		if !d.Reachable {
			continue
		}
		for _, p := range d.Peers {
			if !planned[model.SessionKey{Device: d.Name, Port: p.Key}] {
				row := SessionStatus{Device: d.Name, Port: p.Key}
				row.fill(p)
				st.Sessions = append(st.Sessions, row)
			}
		}
	}
}

// fill takes what the device says. Of a peer that is down, bgpd still shows
// who was there last; that is not shown as who is there.
func (row *SessionStatus) fill(p Peer) {
	row.State, row.Flaps = p.State, p.Flaps
	if p.State == Established {
		row.ActualPeer, row.ActualASN = p.Hostname, p.ASN
		row.Uptime = p.Uptime.Seconds()
		row.PrefixesReceived, row.PrefixesSent = p.Received, p.Sent
	}
}

// stale is what a device said before it could not be asked any more. It is
// shown as that, and counts as nothing.
func (row *SessionStatus) stale(d *Device) {
	if p, ok := d.Peer(row.Port); ok {
		row.LastState, row.Flaps = p.State, p.Flaps
		row.PrefixesReceived, row.PrefixesSent = p.Received, p.Sent
	}
}

// unexpected are the routes that nobody predicted, in the devices' order.
func (st *Status) unexpected(routes []model.Route, s Snapshot) {
	planned := make(map[model.RouteKey]bool, len(routes))
	pods := map[netip.Prefix]bool{}
	for _, r := range routes {
		planned[model.RouteKey{Device: r.Device, Prefix: r.Prefix}] = true
		if r.Pod {
			pods[r.Prefix] = true
		}
	}
	for _, d := range s.Devices {
		for _, r := range d.Routes {
			if !d.Reachable || planned[model.RouteKey{Device: d.Name, Prefix: r.Prefix}] || within(r.Prefix, pods) {
				continue
			}
			st.Routes = append(st.Routes, RouteStatus{Device: d.Name, Prefix: r.Prefix, ActualPaths: len(r.Paths), State: RouteUnexpected})
			st.Summary.RoutesUnexpected++
		}
	}
}

// within says that a prefix is a part of one of these.
func within(p netip.Prefix, wider map[netip.Prefix]bool) bool {
	for bits := p.Bits() - 1; bits >= 0; bits-- {
		if parent, err := p.Addr().Prefix(bits); err == nil && wider[parent] {
			return true
		}
	}
	return false
}

func (st *Status) routes(routes []model.Route, devices map[string]*Device) {
	paths := map[model.RouteKey]int{}
	kernel := map[model.RouteKey]bool{}
	for name, d := range devices {
		for _, k := range d.Kernel {
			if !k.ByBGP() {
				kernel[model.RouteKey{Device: name, Prefix: k.Prefix}] = true
			}
		}
		if d.Reachable {
			for _, r := range d.Routes {
				paths[model.RouteKey{Device: name, Prefix: r.Prefix}] = len(r.Paths)
			}
		}
	}
	for _, want := range routes {
		row := RouteStatus{
			Device: want.Device, Prefix: want.Prefix,
			ExpectedPaths: len(want.Paths), ActualPaths: paths[model.RouteKey{Device: want.Device, Prefix: want.Prefix}],
			State: RouteOK,
		}
		switch {
		case row.ActualPaths > row.ExpectedPaths:
			row.State = RouteWide
		case row.ActualPaths == row.ExpectedPaths:
		case row.ActualPaths > 0:
			row.State = RouteNarrow
		case want.Pod && !hasOwn(devices[want.Origin], kernel, want.Prefix):
			row.State = RoutePending
		default:
			row.State = RouteMissing
		}
		if row.State == RoutePending {
			st.Summary.RoutesPending++
		} else {
			st.Summary.RoutesExpected++
		}
		if row.State == RouteOK {
			st.Summary.RoutesOK++
		}
		st.Routes = append(st.Routes, row)
	}
}

// hasOwn says that the kernel of the node which originates a pod prefix has a
// route for it. Of a node that was never asked it is taken for granted, so
// that its missing route is seen.
func hasOwn(origin *Device, kernel map[model.RouteKey]bool, prefix netip.Prefix) bool {
	return origin == nil || origin.At.IsZero() || kernel[model.RouteKey{Device: origin.Name, Prefix: prefix}]
}

// Peer finds a neighbor by bgpd's name for it.
func (d *Device) Peer(key string) (Peer, bool) {
	for _, p := range d.Peers {
		if p.Key == key {
			return p, true
		}
	}
	return Peer{}, false
}

// AsExpected says that every device answers, every planned session is
// Established with the planned peer, there is no other, and every predicted
// route is there in its full width and no wider. A route that is pending does
// not count.
func (st Status) AsExpected() bool {
	for _, s := range st.Sessions {
		if !s.AsExpected() {
			return false
		}
	}
	return st.Summary.DevicesUnreachable == 0 && st.Summary.RoutesOK == st.Summary.RoutesExpected
}

// AsExpected says that the session is planned and Established with the peer
// that the plan names. Who an outside peer is, the plan does not know; a host
// name that the peer did not tell (before FRR 5) contradicts nothing.
func (row SessionStatus) AsExpected() bool {
	return row.Expected && row.State == Established &&
		(row.PeerASN == 0 || row.ActualASN == row.PeerASN) &&
		(row.Peer == "external" || row.ActualPeer == "" || row.ActualPeer == row.Peer)
}
