package ui

import (
	"fmt"
	"strings"

	"closup/model"
)

// The plan as a drawing: all devices with their cables, the one under the
// cursor with its cables lit, and below what follows for it.

// drawingView is the drawing's place among the views.
const drawingView = 4

// planDrawing is the drawing with the device under the cursor lit.
func (s *reviewScreen) planDrawing() clos {
	c := planClos(s.project.Plan)
	if d := s.picked(); d != nil {
		c.mark(d.Name)
	}
	return c
}

func (s *reviewScreen) picked() *model.Device {
	if s.project == nil || s.pick.at >= len(s.project.Plan.Devices) {
		return nil
	}
	return &s.project.Plan.Devices[s.pick.at]
}

// goPicked leads to the row of the device under the cursor.
func (s *reviewScreen) goPicked() Nav {
	d := s.picked()
	if d == nil || s.project.Fabric == nil {
		return Nav{}
	}
	for i := range s.project.Fabric.Devices {
		if spec := &s.project.Fabric.Devices[i]; spec.Name == d.Name {
			return Nav{Step: stepOf(spec.Path), Place: spec.Path}
		}
	}
	return Nav{}
}

// clickDrawing chooses the device that was clicked on.
func (s *reviewScreen) clickDrawing(at clickMsg) {
	c := s.planDrawing()
	name := c.at(s.look, s.w, s.drawingHeight(c), at.x, at.y-2)
	for i := range s.project.Plan.Devices {
		if s.project.Plan.Devices[i].Name == name {
			s.pick.at = i
		}
	}
}

// drawingHeight leaves room for what is said of the device.
func (s *reviewScreen) drawingHeight(c clos) int { return c.height(max(0, min(s.h-2-6, (s.h-2)*3/5))) }

func (s *reviewScreen) drawingLines(h int) string {
	l := s.look
	c := s.planDrawing()
	dh := s.drawingHeight(c)
	var out []string
	if dh > 0 {
		out = append(out, c.draw(l, s.w, dh), "")
	}
	d := s.picked()
	if d == nil {
		return l.in(dim, "No devices yet.")
	}
	said := s.portrait(d)
	room := h - dh - 1
	if dh == 0 {
		room = h
	}
	if len(said) > room && room > 0 {
		said = append(said[:room-1:room-1], l.in(faint, fmt.Sprintf("and %d more lines; the views devices and links have all", len(said)-room+1)))
	}
	return strings.Join(append(out, said...), "\n")
}

// portrait is what follows for a device: its numbers, and a line for each port.
func (s *reviewScreen) portrait(d *model.Device) []string {
	l := s.look
	head := l.in(roleTone(d.Role), d.Name) + "  " + l.in(dim, d.Role.String()) + "  AS " + fmt.Sprint(d.ASN)
	if all := bareAddresses(d); len(all) > 0 {
		head += "  " + l.in(dim, "loopback ") + joined(all)
	}
	var more []string
	for _, part := range []struct{ name, value string }{
		{"management ", d.Mgmt}, {"rack ", d.Rack}, {"pods ", joined(d.PodCIDRs)}, {"", d.Platform}, {"routes by ", d.Router},
	} {
		if part.value != "" {
			more = append(more, l.in(dim, part.name)+part.value)
		}
	}
	out := []string{cut(head, s.w, l.ellipsis), cut(strings.Join(more, "  "), s.w, l.ellipsis)}
	ports := make([]string, 0, len(d.Ports))
	widest := 0
	for _, p := range d.Ports {
		to := p.Peer
		if p.PeerPort != "" {
			to += ":" + p.PeerPort
		}
		text := p.Name + " " + l.arrow + " " + orText(to, "outside")
		ports, widest = append(ports, text), max(widest, width(text))
	}
	columns := max(1, (s.w+3)/(widest+3))
	rows := (len(ports) + columns - 1) / columns
	for r := range rows {
		line := ""
		for i := r; i < len(ports); i += rows {
			line += fill(ports[i], widest) + "   "
		}
		out = append(out, cut(strings.TrimRight(line, " "), s.w, l.ellipsis))
	}
	return out
}
