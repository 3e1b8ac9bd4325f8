package netns

import (
	"net/netip"

	"closup/model"
)

// Box is one device of a lab as it leaves the factory, for a backend that
// makes devices of something else.
type Box struct {
	Name     string
	Hostname string         // what it calls itself before it is configured
	Mgmt     string         // the management port
	User     string         // who may log in, and sudo
	Pods     []netip.Prefix // that its kernel has a route to, as a CNI makes it
	Files    []File         // on its disk, beyond the factory's
	Boot     bool           // configured already: it comes up as a router
	Engine   string         // "docker" or "podman", where its router runs in a container
	Image    string         // what that container is made of: the engine has it already
}

// File is one file of a Box.
type File struct{ Path, Body string }

// Cable joins two ports; A and B are places in the boxes.
type Cable struct {
	A, B         int
	APort, BPort string
}

// Layout is what a lab of the plan is made of: its devices, then the router
// that stands in for all outside peers, and the cables between them.
func Layout(p *model.Plan) ([]Box, []Cable, error) {
	s, err := layout(p)
	if err != nil {
		return nil, nil, err
	}
	boxes := make([]Box, 0, len(s.Devices))
	for _, d := range s.Devices {
		b := Box{Name: d.Name, Hostname: d.Hostname, Mgmt: d.Mgmt, User: d.User, Pods: d.Pods, Boot: d.Boot}
		for _, f := range d.Files {
			b.Files = append(b.Files, File(f))
		}
		if e := d.Engine; e != nil {
			b.Engine, b.Image = "podman", e.Image
			if e.Docker {
				b.Engine = "docker"
			}
		}
		boxes = append(boxes, b)
	}
	cables := make([]Cable, 0, len(s.Cables))
	for _, c := range s.Cables {
		cables = append(cables, Cable(c))
	}
	return boxes, cables, nil
}
