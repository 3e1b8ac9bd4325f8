package render

import (
	"strconv"
	"strings"

	"closup/model"
)

// drawing is the Clos as boxes in rows and lines between their plugs. Lengths
// are pixels; texts are plainWords, so they stand in any markup as they are.
type drawing struct {
	Name, Summary string
	Width, Height int
	Rows          []*tierRow
	Wires         []wire
}

// GroundWidth and GroundHeight leave the ground's outline inside the drawing.
func (d *drawing) GroundWidth() int { return d.Width - 1 }

// GroundHeight is GroundWidth's fellow.
func (d *drawing) GroundHeight() int { return d.Height - 1 }

// tierRow is one tier.
type tierRow struct {
	Label  string // "spines"
	Y, H   int    // of its boxes
	Boxes  []*block
	below  int // wires that leave it downwards
	needed int // width
}

// LabelY is the base line of the tier's name.
func (r *tierRow) LabelY() int { return r.Y + r.H/2 + 4 }

// Caption is the tier's name as it is drawn.
func (r *tierRow) Caption() string { return strings.ToUpper(r.Label) }

// block is one device, or an autonomous system outside.
type block struct {
	ID         int
	Name, Role string
	Lines      []string // below the name
	X, Y, W, H int
	Up, Down   []*plug

	row  int
	mean float64 // of the places of what it hangs on
}

// Middle is the column of the box's texts.
func (b *block) Middle() int { return b.X + b.W/2 }

// NameY is the base line of the name: the texts stand in the box's middle.
func (b *block) NameY() int { return b.Y + (b.H-16*len(b.Lines))/2 + 3 }

// TextY is the base line of the i-th line below the name.
func (b *block) TextY(i int) int { return b.NameY() + 18 + 16*i }

// plug is one port on a box's edge.
type plug struct {
	Port    string // empty: not ours to name
	X, Y, W int    // of its middle
	Hue     int
	box     *block
	far     *plug
}

// Left and Top are the plug's corner.
func (p *plug) Left() int { return p.X - p.W/2 }

// Top is the upper edge.
func (p *plug) Top() int { return p.Y - plugHeight/2 }

// TextY is the base line of the port's name.
func (p *plug) TextY() int { return p.Y + 3 }

// Box is what it belongs to.
func (p *plug) Box() *block { return p.box }

// wire is one cable or subinterface between two plugs.
type wire struct {
	A, B *plug
	Hue  int
}

// Measures of the drawing, in pixels.
const (
	margin     = 28
	labelRoom  = 104 // for the tier's name, at the left
	headRoom   = 84
	boxGap     = 26
	plugHeight = 16
	plugGap    = 5
	hues       = 8
)

// rowOf puts border leafs beside the leafs, and what is outside beside nodes.
var rowOf = map[string]int{"superspine": 0, "spine": 1, "leaf": 2, "border": 2, "node": 3, outsideRole: 3}

var rowLabels = []string{"superspines", "spines", "leafs", "nodes"}

// draw lays out the devices that the cables of the named devices (none named:
// all) touch.
func draw(p *model.Plan, devices []string) *drawing {
	s := &sketch{p: p, blocks: map[string]*block{}}
	for d := range chosen(p, devices) {
		s.device(d)
	}
	for d := range chosen(p, devices) {
		s.outside(d)
	}
	wanted := map[string]bool{}
	for d := range chosen(p, devices) {
		wanted[d.Name] = true
	}
	for _, l := range p.Links {
		if wanted[l.A.Device] || wanted[l.B.Device] {
			s.link(l)
		}
	}
	return s.arrange(p)
}

// sketch collects what is to be drawn.
type sketch struct {
	p      *model.Plan
	blocks map[string]*block
	order  []*block
	wires  []wire
}

func (s *sketch) block(key, name, role string, lines ...string) *block {
	b, ok := s.blocks[key]
	if !ok {
		b = &block{ID: len(s.order), Name: name, Role: role, Lines: lines, row: rowOf[role]}
		s.blocks[key] = b
		s.order = append(s.order, b)
	}
	return b
}

func (s *sketch) device(d *model.Device) *block {
	lines := []string{"AS " + strconv.FormatUint(uint64(d.ASN), 10)}
	for _, l := range d.Loopbacks {
		lines = append(lines, l.Addr().String())
	}
	var place []string
	for _, word := range []string{d.Pod, d.Plane, d.Rack} {
		if word != "" {
			place = append(place, word)
		}
	}
	if len(place) > 0 {
		lines = append(lines, strings.Join(place, ", "))
	}
	return s.block(d.Name, d.Name, d.Role.String(), lines...)
}

// outside draws one box for each autonomous system beyond the borders.
func (s *sketch) outside(d *model.Device) {
	for _, peer := range d.Routing.Peers {
		if peer.Device != model.External {
			continue
		}
		as := "any AS"
		if peer.ASN != 0 {
			as = "AS " + strconv.FormatUint(uint64(peer.ASN), 10)
		}
		a := &plug{Port: peer.Port, box: s.device(d)}
		b := &plug{box: s.block(" "+as, "outside", outsideRole, as)}
		s.join(a, b)
	}
}

func (s *sketch) link(l model.Link) {
	a, okA := s.p.Device(l.A.Device)
	b, okB := s.p.Device(l.B.Device)
	if okA && okB {
		s.join(&plug{Port: l.A.Port, box: s.device(a)}, &plug{Port: l.B.Port, box: s.device(b)})
	}
}

// join draws a wire from the lower edge of a to the upper one of b, or where
// both stand in one row to its lower one.
func (s *sketch) join(a, b *plug) {
	a.far, b.far = b, a
	a.box.Down = append(a.box.Down, a)
	if a.box.row == b.box.row {
		b.box.Down = append(b.box.Down, b)
	} else {
		b.box.Up = append(b.box.Up, b)
	}
	s.wires = append(s.wires, wire{A: a, B: b})
}
