package ui

// The cable under the cursor, on the drawing: it is lit with both its ends, the
// arrows go to the cables of the next device, and a click on a device chooses
// its first cable, a second one the next.

// drawing is the Clos with the chosen cable lit.
func (s *cablingScreen) drawing() clos {
	c := planClos(s.project.Plan)
	if s.table.at >= len(s.links) {
		return c
	}
	chosen := s.links[s.table.at]
	c.links[s.table.at].tone, c.links[s.table.at].lit = warn, true
	for _, t := range c.tiers {
		for i := range t {
			t[i].chosen = t[i].name == chosen.A.Device || t[i].name == chosen.B.Device
		}
	}
	return c
}

// drawingHeight leaves room for the table; 0: there is none for a drawing.
func (s *cablingScreen) drawingHeight(c clos) int {
	if s.h < 13 {
		return 0
	}
	return c.height(min(c.share(s.h), s.h-8))
}

// asTyped is the Clos as the form would make it, with the cable that it is
// about lit.
func (s *cablingScreen) asTyped() clos {
	p := s.project
	if s.trial.seen != nil {
		p = s.trial.seen
	}
	c := planClos(p.Plan)
	a, b := endOf(s.form.value("a")), endOf(s.form.value("b"))
	for i := range p.Plan.Links {
		if k := &p.Plan.Links[i]; k.A == a && k.B == b || k.A == b && k.B == a {
			c.links[i].tone, c.links[i].lit = warn, true
		}
	}
	for _, t := range c.tiers {
		for i := range t {
			t[i].chosen = t[i].name == a.Device || t[i].name == b.Device
		}
	}
	return c
}

// nextDevice goes to the first cable of the next upper device.
func (s *cablingScreen) nextDevice(by int) {
	upper := s.links[s.table.at].A.Device
	for i := s.table.at; i >= 0 && i < len(s.links); i += by {
		if d := s.links[i].A.Device; d != upper {
			for by < 0 && i > 0 && s.links[i-1].A.Device == d {
				i--
			}
			s.table.at = i
			return
		}
	}
}

// click chooses a row of the table, or a cable of the device that was clicked
// on in the drawing.
func (s *cablingScreen) click(at clickMsg) {
	if s.form.open || s.project == nil || s.table.click(at.y, s.h-s.table.y) {
		return
	}
	c := s.drawing()
	name := c.at(s.look, s.w, s.drawingHeight(c), at.x, at.y)
	for i := range s.links {
		k := &s.links[(s.table.at+1+i)%len(s.links)]
		if name != "" && (k.A.Device == name || k.B.Device == name) {
			s.table.at = (s.table.at + 1 + i) % len(s.links)
			return
		}
	}
}
