package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"closup/model"
)

// arrange gives everything its place.
func (s *sketch) arrange(p *model.Plan) *drawing {
	d := &drawing{Name: p.Name, Wires: s.wires}
	rows := make([]*tierRow, len(rowLabels))
	for i, label := range rowLabels {
		rows[i] = &tierRow{Label: label}
	}
	for _, b := range s.order {
		rows[b.row].Boxes = append(rows[b.row].Boxes, b)
	}
	for _, w := range s.wires {
		rows[w.A.box.row].below++
	}
	rows = slices.DeleteFunc(rows, func(r *tierRow) bool { return len(r.Boxes) == 0 })
	d.Rows, d.Summary = rows, s.summary()
	widest := 0
	for _, r := range rows {
		r.sort()
		widest = max(widest, r.measure())
	}
	y := headRoom
	for _, r := range rows {
		r.Y = y
		r.place(margin+labelRoom, widest)
		y += r.H + min(78+2*r.below, 170)
	}
	if len(rows) > 0 {
		last := rows[len(rows)-1]
		y = last.Y + last.H
	}
	d.Width, d.Height = widest+2*margin+labelRoom, y+margin+8
	for _, b := range s.order {
		b.plugs(b.Up, b.Y)
		b.plugs(b.Down, b.Y+b.H)
	}
	d.colour()
	return d
}

// summary counts what is drawn: "2 spines, 4 leafs, 8 cables".
func (s *sketch) summary() string {
	count := map[string]int{}
	for _, b := range s.order {
		count[b.Role]++
	}
	var words []string
	for _, role := range model.Roles {
		if n := count[role.String()]; n > 0 {
			words = append(words, plural(n, role.String()))
		}
	}
	return strings.Join(append(words, plural(len(s.wires), "link")), ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// sort keeps pods together, hangs nodes below their leafs, and puts borders
// and what is outside last.
func (r *tierRow) sort() {
	for i, b := range r.Boxes {
		b.mean = float64(i)
		if b.Role == "node" && len(b.Up) > 0 {
			b.mean = 0
			for _, up := range b.Up {
				b.mean += up.far.box.mean / float64(len(b.Up))
			}
		}
	}
	last := func(b *block) int {
		return slices.Index([]string{"border", outsideRole}, b.Role)
	}
	slices.SortStableFunc(r.Boxes, func(x, y *block) int {
		return cmp.Or(cmp.Compare(last(x), last(y)), cmp.Compare(x.mean, y.mean))
	})
	for i, b := range r.Boxes {
		b.mean = float64(i)
	}
}

// measure sizes the boxes; the result is the width that the row needs.
func (r *tierRow) measure() int {
	lines := 0
	for _, b := range r.Boxes {
		lines = max(lines, len(b.Lines))
	}
	r.needed, r.H = boxGap*len(r.Boxes), 62+16*lines
	for _, b := range r.Boxes {
		b.H = r.H
		b.W = max(96, 28+9*runes(b.Name), edgeWidth(b.Up), edgeWidth(b.Down))
		for _, line := range b.Lines {
			b.W = max(b.W, 28+7*runes(line))
		}
		r.needed += b.W
	}
	return r.needed
}

func edgeWidth(plugs []*plug) int {
	w := 20
	for _, p := range plugs {
		p.W = 10
		if p.Port != "" {
			p.W = max(26, 10+6*runes(p.Port))
		}
		w += p.W + plugGap
	}
	return w
}

// place spreads the boxes evenly over the width.
func (r *tierRow) place(left, width int) {
	free := width - r.needed + boxGap*len(r.Boxes)
	for i, b := range r.Boxes {
		b.X = left + free*(2*i+1)/(2*len(r.Boxes))
		b.Y = r.Y
		left += b.W
	}
}

// plugs sets the plugs of one edge side by side, in the order of what they lead
// to, so that wires cross as little as they can.
func (b *block) plugs(edge []*plug, y int) {
	slices.SortStableFunc(edge, func(x, z *plug) int {
		return cmp.Or(cmp.Compare(x.far.box.X, z.far.box.X), model.CompareNatural(x.Port, z.Port))
	})
	x := b.Middle() - (edgeWidth(edge)-20-plugGap)/2
	for _, p := range edge {
		p.X, p.Y = x+p.W/2, y
		x += p.W + plugGap
	}
}

// colour gives the wires of one upper box one hue, neighbours different ones.
func (d *drawing) colour() {
	for i := range d.Wires {
		w := &d.Wires[i]
		w.Hue = int(w.A.box.mean) % hues
		if w.A.box.row%2 == 0 {
			w.Hue = (w.Hue + hues/2) % hues
		}
		w.A.Hue, w.B.Hue = w.Hue, w.Hue
	}
}

// Path is the wire as an SVG path: it leaves both plugs straight.
func (w wire) Path() string {
	x1, y1, x2, y2 := w.A.X, w.A.Y+plugHeight/2, w.B.X, w.B.Y-plugHeight/2
	bend := max(28, (y2-y1)/2)
	if w.A.box.row == w.B.box.row { // a bow below the row
		y2 = w.B.Y + plugHeight/2
		return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1, y1+48, x2, y2+48, x2, y2)
	}
	return fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1, y1+bend, x2, y2-bend, x2, y2)
}

// Title is the wire in words.
func (w wire) Title() string { return w.A.label() + " to " + w.B.label() }

func (p *plug) label() string {
	if p.Port == "" {
		return p.box.Name + " " + strings.Join(p.box.Lines, " ")
	}
	return p.box.Name + ":" + p.Port
}

func runes(s string) int { return len([]rune(s)) }
