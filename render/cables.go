package render

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"closup/model"
)

// cable is one physical cable as people plug it: A is the end in the upper
// tier, or the border's where B is outside the fabric.
type cable struct {
	N     int // counted from 1, in the plan's order
	A, B  cableEnd
	Speed string // "100G"; empty: not given
}

// cableEnd is a plug and where it goes.
type cableEnd struct {
	Device, Port, Role, Rack, Serial string
}

// Label names the plug as fabric.yaml does: "leaf1:swp32".
func (e cableEnd) Label() string {
	if e.Port == "" {
		return e.Device
	}
	return e.Device + ":" + e.Port
}

// outsideRole is the role of what a border's peer port leads to.
const outsideRole = "outside"

// cables are the plan's cables with an end at one of the named devices (none
// named: all), those to outside peers last. Subinterfaces share their port's
// cable.
func cables(p *model.Plan, devices []string) []cable {
	wanted := map[string]bool{}
	for d := range chosen(p, devices) {
		wanted[d.Name] = true
	}
	var out []cable
	add := func(a, b cableEnd, speed string) {
		if wanted[a.Device] || wanted[b.Device] {
			out = append(out, cable{len(out) + 1, a, b, speed})
		}
	}
	for _, l := range p.Links {
		add(endOf(p, l.A), endOf(p, l.B), l.Speed)
	}
	for i := range p.Devices {
		d, seen := &p.Devices[i], map[string]bool{}
		for _, port := range d.Ports {
			name := strings.TrimSuffix(port.Name, "."+strconv.Itoa(port.VLAN))
			if port.Kind == model.ExternalPort && !seen[name] {
				seen[name] = true
				add(endOf(p, model.End{Device: d.Name, Port: name}), cableEnd{Device: model.External, Role: outsideRole}, port.Speed)
			}
		}
	}
	return out
}

func endOf(p *model.Plan, e model.End) cableEnd {
	d, ok := p.Device(e.Device)
	if !ok {
		return cableEnd{Device: e.Device, Port: e.Port}
	}
	return cableEnd{d.Name, e.Port, d.Role.String(), d.Rack, d.Serial}
}

// readable is the last gate before the operator's words reach a drawing or a
// sheet: racks, serials and the like in any script, and nothing that a
// spreadsheet, Markdown, Graphviz or a browser takes for more than a letter.
func readable(p *model.Plan) error {
	for i := range p.Devices {
		d := &p.Devices[i]
		if !model.SafeHostname(d.Name) {
			return fmt.Errorf("%q cannot be the name of a device: letters, digits and hyphens only", d.Name)
		}
		for what, text := range map[string]string{"rack": d.Rack, "serial": d.Serial, "pod": d.Pod, "plane": d.Plane} {
			if !plainWords(text) {
				return fmt.Errorf("%s: the %s %q holds characters that a sheet may not have; use letters, digits, spaces and _.:/,()+-", d.Name, what, text)
			}
		}
		for _, port := range d.Ports {
			if !model.SafeInterface(port.Name) {
				return fmt.Errorf("%s: %q cannot be the name of a port", d.Name, port.Name)
			}
		}
	}
	return nil
}

func plainWords(s string) bool {
	for i, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if !letter && (i == 0 || !strings.ContainsRune(" _.:/,()+-", r)) {
			return false
		}
	}
	return true
}
