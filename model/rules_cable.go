package model

import (
	"fmt"
	"strings"
)

var cableRules = []Rule{
	{"cable-unknown", Error, "Both ends of a cable are devices of the fabric.", cableUnknown},
	{"cable-self", Error, "A cable joins two devices.", cableSelf},
	{"port-twice", Error, "A port takes one cable, or one peer outside.", portTwice},
	{"port-management", Error, "The management port is left alone, so no cable of the fabric ends there.", portManagement},
	{"port-broken-out", Error, "A port that is broken out is gone; its parts have names of their own.", portBrokenOut},
	{"cable-speed", Warning, "Both ends of a cable run at one speed.", cableSpeed},
	{"cable-tier", Warning, "Cables lead from one tier to the next; another makes paths of another length, which are not used together with the rest.", cableTier},
	{"cable-pod", Warning, "Spines, leafs and nodes of one pod belong together; only superspines join pods.", cablePod},
	{"cable-plane", Warning, "A spine goes up to the superspines of its own plane.", cablePlane},
	{"cable-rack", Warning, "A node hangs on leafs of its own rack.", cableRack},
	{"cable-parallel", Info, "Parallel cables carry a session each, if the two ends' link-local addresses differ from port to port.", cableParallel},
	{"cabling-ports", Error, "Automatic cabling finds a free port on either end.", nil},
	{"cabling-size", Error, "Automatic cabling makes a million cables at most.", nil},
	{"cabling-homes", Error, "A node finds as many leafs as it has homes.", nil},
}

func cableUnknown(v *view, found say) {
	for i, c := range v.f.Links {
		for _, e := range []End{c.A, c.B} {
			if _, ok := v.first[e.Device]; ok || e.Device == "" {
				continue
			}
			found(v.cable(i), fmt.Sprintf("the cable %s %s ends at %s, and there is no such device", c.A, c.B, quote(e.Device)), v.nearName(e.Device))
		}
	}
}

// nearName suggests a device for a misspelt one. Only names of about the same
// length can be near; that also bounds the work in a large fabric.
func (v *view) nearName(name string) string {
	const most = 2000
	var near []string
	for i := range v.f.Devices {
		if n := v.f.Devices[i].Name; len(n)-len(name) <= 2 && len(name)-len(n) <= 2 && len(near) < most {
			near = append(near, n)
		}
	}
	if guess, ok := nearest(name, near); ok {
		return "did you mean " + guess + "?"
	}
	return "add the device, or correct the cable"
}

func cableSelf(v *view, found say) {
	for i, c := range v.f.Links {
		if c.A.Device == c.B.Device && c.A.Device != "" {
			found(v.cable(i), fmt.Sprintf("the cable %s %s joins %s with itself", c.A, c.B, c.A.Device), "correct one of its ends")
		}
	}
}

func portTwice(v *view, found say) {
	type user struct {
		line int
		what string
	}
	used := make(map[End]user, 2*len(v.f.Links))
	claim := func(at where, e End, line int, what string) {
		if had, twice := used[e]; twice {
			found(at, fmt.Sprintf("%s is used twice: %s, and on line %d %s", e, what, had.line, had.what), "take another port for one of the two")
			return
		}
		used[e] = user{line, what}
	}
	for i, c := range v.f.Links {
		if c.A == c.B {
			continue // cable-self tells
		}
		what := fmt.Sprintf("a cable %s %s", c.A, c.B)
		claim(v.cable(i), c.A, c.Line, what)
		claim(v.cable(i), c.B, c.Line, what)
	}
	// Several peers outside may share a port by VLAN, or a VLAN by address, but
	// an unnumbered session takes the interface for itself.
	shared := map[End]bool{}
	v.outside(func(i, k int, o Outside) {
		e, line := End{v.f.Devices[i].Name, o.Port}, o.Line
		if had, cabled := used[e]; cabled && !strings.HasPrefix(had.what, "a peer") {
			claim(v.peer(i, k, "port"), e, line, "a peer outside")
			return
		}
		own := End{e.Device, o.Interface()}
		if o.Remote.IsValid() {
			own.Port += " " + o.Remote.String()
			shared[End{e.Device, o.Interface()}] = true
		} else if shared[own] {
			found(v.peer(i, k, "port"), fmt.Sprintf("%s has a numbered and an unnumbered peer outside", own), "number both, or take another port")
			return
		}
		claim(v.peer(i, k, "port"), own, line, "a peer outside")
	})
}

func portManagement(v *view, found say) {
	check := func(at where, e End) {
		if i, ok := v.first[e.Device]; ok && e.Port == v.p.Devices[i].Management.Port {
			found(at, fmt.Sprintf("%s is the management port", e), "take another port, or say in management which port it is")
		}
	}
	for i, c := range v.f.Links {
		check(v.cable(i), c.A)
		check(v.cable(i), c.B)
	}
	v.outside(func(i, k int, o Outside) { check(v.peer(i, k, "port"), End{v.f.Devices[i].Name, o.Port}) })
}

func portBrokenOut(v *view, found say) {
	check := func(at where, e End) {
		i, ok := v.first[e.Device]
		if !ok {
			return
		}
		for _, b := range v.f.Devices[i].Breakout {
			if b.Port == e.Port && b.Parts()[0] != e.Port {
				found(at, fmt.Sprintf("%s is broken out into %s to %s", e, b.Parts()[0], b.Parts()[b.Count-1]), "take one of its parts")
			}
		}
	}
	for i, c := range v.f.Links {
		check(v.cable(i), c.A)
		check(v.cable(i), c.B)
	}
	v.outside(func(i, k int, o Outside) { check(v.peer(i, k, "port"), End{v.f.Devices[i].Name, o.Port}) })
}

func cableSpeed(v *view, found say) {
	for _, l := range v.p.Links {
		a, b := v.broken(l.A), v.broken(l.B)
		for _, speed := range []string{l.Speed, b} {
			if a != "" && speed != "" && a != speed {
				found(link(l), fmt.Sprintf("the cable %s %s: %s is broken out to %s, and the other side says %s", l.A, l.B, l.A, a, speed), "make both the same")
				a = ""
			}
		}
		if b != "" && l.Speed != "" && b != l.Speed {
			found(link(l), fmt.Sprintf("the cable %s %s: %s is broken out to %s, and the cable is said to run at %s", l.A, l.B, l.B, b, l.Speed), "make both the same")
		}
	}
}

// broken is the speed that a breakout gives a port; empty where there is none.
func (v *view) broken(e End) string {
	i, ok := v.first[e.Device]
	if !ok {
		return ""
	}
	return v.speeds.of(v.f.Devices[i].Breakout, e.Port)
}

// tiersJoined are the pairs of tiers that a Clos joins, the upper one first.
var tiersJoined = [][2]Role{{Superspine, Spine}, {Superspine, Border}, {Spine, Leaf}, {Spine, Border}, {Leaf, Node}, {Border, Node}}

func cableTier(v *view, found say) {
	v.links(func(l Link, a, b *Spec) {
		for _, pair := range tiersJoined {
			if a.Role == pair[0] && b.Role == pair[1] {
				return
			}
		}
		found(link(l), fmt.Sprintf("the cable %s %s joins a %s and a %s", l.A, l.B, a.Role, b.Role), "a Clos joins superspines and spines, spines and leafs, leafs and nodes")
	})
}

// links goes over the planned links with both devices.
func (v *view) links(yield func(l Link, a, b *Spec)) {
	for _, l := range v.p.Links {
		yield(l, &v.f.Devices[v.first[l.A.Device]], &v.f.Devices[v.first[l.B.Device]])
	}
}

func cablePod(v *view, found say) {
	v.links(func(l Link, a, b *Spec) {
		if a.Role != Superspine && a.Pod != b.Pod && a.Pod != "" && b.Pod != "" {
			found(link(l), fmt.Sprintf("the cable %s %s joins pod %s and pod %s", l.A, l.B, a.Pod, b.Pod), "correct the cable, or the pod of one of its ends")
		}
	})
}

func cablePlane(v *view, found say) {
	v.links(func(l Link, a, b *Spec) {
		if a.Role == Superspine && b.Role == Spine && a.Plane != b.Plane {
			found(link(l), fmt.Sprintf("the cable %s %s joins %s and %s", l.A, l.B, planeName(a), planeName(b)), "correct the cable, or the plane of one of its ends")
		}
	})
}

func planeName(s *Spec) string {
	if s.Plane == "" {
		return s.Name + ", which is in no plane,"
	}
	return "plane " + s.Plane
}

func cableRack(v *view, found say) {
	v.links(func(l Link, a, b *Spec) {
		if b.Role == Node && a.Rack != b.Rack && a.Rack != "" && b.Rack != "" {
			found(link(l), fmt.Sprintf("the cable %s %s joins rack %s and rack %s", l.A, l.B, a.Rack, b.Rack), "correct the cable, or the rack of one of its ends")
		}
	})
}

func cableParallel(v *view, found say) {
	seen := make(map[[2]string]*Link, len(v.p.Links))
	told := map[[2]string]bool{}
	for i := range v.p.Links {
		l := &v.p.Links[i]
		pair := [2]string{l.A.Device, l.B.Device}
		if first, twice := seen[pair]; twice && !told[pair] {
			told[pair] = true
			found(link(*l), fmt.Sprintf("%s and %s are joined by parallel cables, %s %s and %s %s", pair[0], pair[1], first.A, first.B, l.A, l.B),
				"each port needs a link-local address of its own: where a device has one MAC address for all ports, only one session comes up")
		}
		seen[pair] = l
	}
}
