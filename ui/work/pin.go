package work

import (
	"fmt"
	"slices"
	"strings"

	"closup/model"
)

// Pin writes the cables that were chosen automatically into `links`, where they
// never move again, and says how many. It is 0 where the file has its cables
// already.
func (p *Project) Pin() (int, error) {
	if p.Err != nil {
		return 0, p.Err
	}
	if p.Fabric.Cabled || len(p.Plan.Links) == 0 {
		return 0, nil
	}
	var b strings.Builder
	for _, l := range p.Plan.Links {
		fmt.Fprintf(&b, "- %s %s\n", l.A, l.B)
	}
	return len(p.Plan.Links), p.Set("links", b.String())
}

// Known says whether the plan has all the named devices.
func (p *Project) Known(devices ...string) error {
	for _, name := range devices {
		if _, ok := p.Plan.Device(name); ok {
			continue
		}
		return fmt.Errorf("%s has no device %q; it has %s", p.Path, name, sample(p.Plan.Devices))
	}
	return nil
}

// sample is the first few of the devices' names.
func sample(devices []model.Device) string {
	const few = 12
	var list []string
	for d := range slices.Values(devices[:min(few, len(devices))]) {
		list = append(list, d.Name)
	}
	if len(devices) > few {
		list = append(list, "...")
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
