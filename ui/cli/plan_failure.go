package cli

import (
	"slices"
	"strconv"
	"strings"

	"closup/model"
	"closup/ui/work"
)

// failure reads what --without names: devices, and links by either end.
func failure(p *work.Project, names []string) (model.Failure, error) {
	var f model.Failure
	for _, name := range names {
		device, port, isLink := strings.Cut(name, ":")
		if err := p.Known(device); err != nil {
			return f, err
		}
		if !isLink {
			f.Devices = append(f.Devices, device)
			continue
		}
		d, _ := p.Plan.Device(device)
		if !slices.ContainsFunc(d.Ports, func(x model.Port) bool { return x.Name == port }) {
			return f, usagef("%s has no planned port %q; `closup plan` lists the links", device, port)
		}
		f.Links = append(f.Links, model.End{Device: device, Port: port})
	}
	return f, nil
}

// losses says what is lost while something is down, on the named devices.
func (e *env) losses(p *work.Project, without, devices []string) error {
	f, err := failure(p, without)
	if err != nil {
		return err
	}
	lost := notNil(p.Plan.Losses(f, devices...))
	if e.output == jsonText {
		return e.json(map[string]any{"without": without, "losses": lost})
	}
	out := e.page()
	if len(lost) == 0 {
		out.printf("without %s nothing is lost\n", list(without))
		return e.show(out)
	}
	out.printf("without %s:\n\n", list(without))
	t := &table{head: []string{"DEVICE", "PREFIX", "PATHS", "LEFT", "NOTE"}}
	for _, l := range lost {
		note := ""
		switch {
		case l.After == 0:
			note = "gone"
		case l.Longer:
			note = "by a longer path"
		}
		t.add(l.Device, l.Prefix.String(), strconv.Itoa(l.Before), strconv.Itoa(l.After), note)
	}
	out.table(t)
	return e.show(out)
}

// singlePoints is what has no second way; in a large fabric nobody waits for it.
func singlePoints(p *model.Plan) []model.SinglePoint {
	if len(p.Devices) > routesOfAll {
		return []model.SinglePoint{}
	}
	return notNil(p.SinglePoints())
}

// singleTable lists what has no second way.
func singleTable(points []model.SinglePoint) *table {
	t := &table{head: []string{"NO SECOND WAY", "WITHOUT IT THE FABRIC LOSES"}}
	for _, s := range points {
		what := s.Device
		if s.Link != nil {
			what = s.Link.A.String() + " " + s.Link.B.String()
		}
		t.add(what, strings.Join(s.Cut, " "))
	}
	return t
}
