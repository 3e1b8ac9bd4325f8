package model

import (
	"net/netip"
	"slices"
)

// Failure is what is taken to be down. A link is named by either of its ends,
// as fabric.yaml names ports; one to an outside peer by ours.
type Failure struct {
	Devices []string
	Links   []End
}

// Loss is what a device loses of one prefix while something is down.
type Loss struct {
	Device string       `json:"device"`
	Prefix netip.Prefix `json:"prefix"`
	Before int          `json:"before"` // paths used together
	After  int          `json:"after"`  // 0: the prefix is gone
	Longer bool         `json:"longer"` // the paths that remain are longer
}

// Losses says which prefixes lose paths, take longer ones or vanish on the
// named devices (all when none is named) while f is down, in the order of
// Routes. A device that is down itself is left out.
func (p *Plan) Losses(f Failure, devices ...string) []Loss {
	after := map[RouteKey]Route{}
	for _, r := range p.RoutesWithout(f, devices...) {
		after[RouteKey{r.Device, r.Prefix}] = r
	}
	var out []Loss
	for _, r := range p.Routes(devices...) {
		if slices.Contains(f.Devices, r.Device) {
			continue
		}
		left, ok := after[RouteKey{r.Device, r.Prefix}]
		l := Loss{Device: r.Device, Prefix: r.Prefix, Before: len(r.Paths), After: len(left.Paths)}
		l.Longer = ok && len(left.Paths[0].AS) > len(r.Paths[0].AS)
		if l.After < l.Before || l.Longer {
			out = append(out, l)
		}
	}
	return out
}
