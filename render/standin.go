package render

import (
	"fmt"
	"strings"

	"closup/model"
)

// standIn is a device as something else runs it: a container or a virtual
// machine of a lab, which has its numbers, ports and policy but is not the box
// that it stands for.
func standIn(d *model.Device, platform, network, router string) *model.Device {
	other := *d
	other.Platform, other.Network, other.Router = platform, network, router
	return &other
}

// labWire is one planned cable as a lab lays it. An end without a device is
// outside of the fabric, or not among the devices that were asked for.
type labWire struct {
	N    int // from 1
	A, B model.End
}

// Open says whether the cable ends nowhere.
func (w labWire) Open() bool { return w.B.Device == "" }

// labWires are the cables between the chosen devices, then those of theirs that
// lead elsewhere.
func labWires(p *model.Plan, devices []string) ([]labWire, error) {
	here := map[string]bool{}
	for d := range chosen(p, devices) {
		if err := safe(d); err != nil {
			return nil, err
		}
		here[d.Name] = true
	}
	var out []labWire
	cabled := map[model.End]bool{}
	for _, l := range p.Links {
		if here[l.A.Device] && here[l.B.Device] {
			out = append(out, labWire{A: l.A, B: l.B})
			cabled[l.A], cabled[l.B] = true, true
		}
	}
	for d := range chosen(p, devices) {
		all, err := interfacesOf(d)
		if err != nil {
			return nil, err
		}
		for _, i := range all {
			if end := (model.End{Device: d.Name, Port: i.Name}); i.Port && i.VLAN == 0 && !cabled[end] {
				out = append(out, labWire{A: end})
			}
		}
	}
	for i := range out {
		out[i].N = i + 1
		for _, end := range []model.End{out[i].A, out[i].B} {
			if end.Device != "" && !model.SafeInterface(end.Port) {
				return nil, fmt.Errorf("%q of %s cannot be the name of an interface: at most 15 of letters, digits, dot, dash, underscore", end.Port, end.Device)
			}
		}
	}
	return out, nil
}

// labName is the name of a lab after its fabric.
func labName(p *model.Plan) (string, error) {
	if !model.SafeHostname(p.Name) {
		return "", fmt.Errorf("%q cannot be the name of a fabric: lowercase letters, digits and hyphens only", p.Name)
	}
	return strings.ToLower(p.Name), nil
}
