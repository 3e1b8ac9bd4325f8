package ui

import (
	"strconv"
	"strings"

	"closup/model"
)

// The drawing of the Clos: a row of devices for each tier, and between the
// tiers the cables, as fine lines of Braille dots (2 by 4 in a cell), or of
// slashes where the terminal has ASCII only.

// closDevice is one device of the drawing. Without a tone it has its role's.
type closDevice struct {
	name string
	role model.Role
	tone tone
	mark string // stands before the name: a state, or nothing

	chosen bool // under the cursor
}

// closLink is one cable of the drawing.
type closLink struct {
	a, b   string
	tone   tone
	broken bool // drawn dashed
	lit    bool // drawn alone, where it crosses others
}

// clos is a drawing: tiers from top to bottom.
type clos struct {
	tiers [][]closDevice
	links []closLink
}

// planClos is the drawing of a plan as it is defined. Borders stand beside the
// leafs.
func planClos(p *model.Plan) clos {
	var c clos
	if p == nil {
		return c
	}
	tierOf := [...]int{model.Superspine: 0, model.Spine: 1, model.Leaf: 2, model.Border: 2, model.Node: 3}
	var tiers [4][]closDevice
	for i := range p.Devices {
		d := &p.Devices[i]
		tiers[tierOf[d.Role]] = append(tiers[tierOf[d.Role]], closDevice{name: d.Name, role: d.Role, tone: roleTone(d.Role)})
	}
	for _, t := range tiers {
		if len(t) > 0 {
			c.tiers = append(c.tiers, t)
		}
	}
	for i := range p.Links {
		k := &p.Links[i]
		t := dim
		if d, ok := p.Device(k.B.Device); ok && d.Role == model.Node {
			t = faint
		}
		c.links = append(c.links, closLink{a: k.A.Device, b: k.B.Device, tone: t})
	}
	return c
}

// mark shows one device as chosen, and its cables above all others.
func (c clos) mark(name string) {
	for _, t := range c.tiers {
		for i := range t {
			t[i].chosen = t[i].name == name
		}
	}
	for i := range c.links {
		if k := &c.links[i]; k.a == name || k.b == name {
			k.tone, k.lit = accent, true
		}
	}
}

// steepest is the lines between two tiers where there is room for all.
const steepest = 6

// height is how many lines the drawing takes at most h of: up to six for the
// cables between two tiers, one for each tier.
func (c clos) height(h int) int {
	n := len(c.tiers)
	if n == 0 || h < n {
		return 0
	}
	if n == 1 {
		return 1
	}
	return n + min(steepest, (h-n)/(n-1))*(n-1)
}

// share is how many of a screen's h lines the drawing takes above a table: a
// third, and where that is little up to a half.
func (c clos) share(h int) int {
	return c.height(max(h/3, min(4*len(c.tiers)-3, h/2)))
}

// slot is where a device stands: the row and the middle of its label.
type slot struct{ row, x int }

// draw draws into w by h cells.
func (c clos) draw(l *look, w, h int) string {
	total := c.height(h)
	if total == 0 || w < 8 {
		return ""
	}
	gap := 0
	if len(c.tiers) > 1 {
		gap = (total - len(c.tiers)) / (len(c.tiers) - 1)
	}
	slots := make(map[string]slot)
	rows := make([]string, len(c.tiers))
	for i, t := range c.tiers {
		rows[i] = drawTier(l, t, w, i, slots)
	}
	wires := make([]wires, max(0, len(c.tiers)-1))
	for i := range wires {
		wires[i] = newWires(w, gap, l.ascii)
	}
	for _, lit := range []bool{false, true} { // the lit ones above all others
		for _, k := range c.links {
			a, okA := slots[k.a]
			b, okB := slots[k.b]
			if !okA || !okB || k.lit != lit {
				continue
			}
			if a.row > b.row {
				a, b = b, a
			}
			if b.row == a.row+1 {
				if lit {
					wires[a.row].clear(a.x, b.x)
				}
				wires[a.row].wire(a.x, b.x, k.tone, k.broken)
			}
		}
	}
	var lines []string
	for i, row := range rows {
		lines = append(lines, row)
		if i < len(wires) {
			lines = append(lines, wires[i].draw(l)...)
		}
	}
	return strings.Join(lines, "\n")
}

// at is the device that stands at a cell of the drawing; empty: none.
func (c clos) at(l *look, w, h, x, y int) string {
	total := c.height(h)
	if total == 0 || w < 8 {
		return ""
	}
	gap := 0
	if len(c.tiers) > 1 {
		gap = (total - len(c.tiers)) / (len(c.tiers) - 1)
	}
	name, near := "", 6
	for i, t := range c.tiers {
		if y != i*(gap+1) {
			continue
		}
		slots := make(map[string]slot)
		drawTier(l, t, w, i, slots)
		for _, d := range t {
			if s, ok := slots[d.name]; ok && abs(s.x-x) < near {
				name, near = d.name, abs(s.x-x)
			}
		}
	}
	return name
}

// drawTier draws one row of devices, as names where they fit, else as their
// numbers, else as dots, and says where each stands.
func drawTier(l *look, tier []closDevice, w, row int, slots map[string]slot) string {
	shown, rest := tier, ""
	if room := w / 2; len(tier) > room {
		rest = "+" + strconv.Itoa(len(tier))
		shown = tier[:max(1, (w-len(rest)-2)/2)]
		rest = " +" + strconv.Itoa(len(tier)-len(shown))
	}
	field := w - len(rest)
	label := labeller(l, shown, field)
	var b strings.Builder
	at := 0
	for i, d := range shown {
		text := label(l, d)
		n := width(text)
		mid := (2*i + 1) * field / (2 * len(shown))
		if pad := mid - n/2 - at; pad > 0 {
			b.WriteString(strings.Repeat(" ", pad))
			at += pad
		}
		slots[d.name] = slot{row, at + n/2}
		switch {
		case d.chosen:
			b.WriteString(l.styles[d.tone].Reverse(true).Render(text))
		case text[0] == ' ':
			b.WriteString(l.on(l.field, d.tone, text))
		default:
			b.WriteString(l.in(d.tone, text))
		}
		at += n
	}
	return b.String() + l.in(dim, rest)
}

// labels is how the devices of a tier are written, the widest first: the whole
// name, the first letter and the number, the number, a dot.
var labels = []func(*look, closDevice) string{
	func(_ *look, d closDevice) string { return " " + d.mark + d.name + " " },
	func(_ *look, d closDevice) string { return d.mark + d.name },
	func(_ *look, d closDevice) string { return d.mark + d.name[:1] + number(d.name) },
	func(_ *look, d closDevice) string { return d.mark + number(d.name) },
	func(l *look, d closDevice) string { return orText(d.mark, l.device) },
}

// labeller picks the widest way to write the devices of a tier that leaves a
// space between them.
func labeller(l *look, tier []closDevice, w int) func(*look, closDevice) string {
	for _, label := range labels[:len(labels)-1] {
		widest, least := 0, 1
		for _, d := range tier {
			n := width(label(l, d))
			widest, least = max(widest, n), min(least, n)
		}
		if least > 0 && (widest+1)*len(tier) <= w {
			return label
		}
	}
	return labels[len(labels)-1]
}

// number is the digits that end a name.
func number(name string) string {
	return name[len(strings.TrimRight(name, "0123456789")):]
}

// wires is the space between two tiers: dots, and for each cell the tone that
// matters most of those that cross it.
type wires struct {
	w, h  int
	ascii bool
	dots  []byte
	tones []tone
}

func newWires(w, h int, ascii bool) wires {
	return wires{w: w, h: h, ascii: ascii, dots: make([]byte, w*h), tones: make([]tone, w*h)}
}

// weight orders tones where cables share a cell: what is broken is seen.
var weight = [numTones]int{faint: 1, dim: 2, good: 3, accent: 4, warn: 5, bad: 6}

// wire draws from the top at cell x0 to the bottom at cell x1.
func (c *wires) wire(x0, x1 int, t tone, broken bool) {
	if c.h == 0 {
		return
	}
	sx, sy := 2, 4
	if c.ascii {
		sx, sy = 1, 1
	}
	ax, bx, n := x0*sx+sx/2, x1*sx+sx/2, c.h*sy
	steps := max(n-1, abs(bx-ax), 1)
	for i := range steps + 1 {
		if broken && i%6 >= 3 && !c.ascii {
			continue
		}
		x := ax + (bx-ax)*i/steps
		y := (n - 1) * i / steps
		at := y/sy*c.w + x/sx
		if x < 0 || x/sx >= c.w || at >= len(c.dots) {
			continue
		}
		if c.ascii {
			c.plot(at, bx-ax, broken)
		} else {
			c.dots[at] |= brailleDot[y%4][x%2]
		}
		if weight[t] >= weight[c.tones[at]] {
			c.tones[at] = t
		}
	}
}

// clear empties the cells that a wire will cross, so that it is drawn alone.
func (c *wires) clear(x0, x1 int) {
	steps := max(c.h, abs(x1-x0), 1) * 4
	for i := range steps + 1 {
		x, y := x0+(x1-x0)*i/steps, (c.h-1)*i/steps
		if at := y*c.w + x; x >= 0 && x < c.w && at >= 0 && at < len(c.dots) && c.tones[at] != accent && c.tones[at] != warn {
			c.dots[at], c.tones[at] = 0, plain
		}
	}
}

// brailleDot is the bit of each dot of a Braille cell, row by row.
var brailleDot = [4][2]byte{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

func (c *wires) plot(at, slope int, broken bool) {
	ch := byte('|')
	switch {
	case broken:
		ch = 'x'
	case slope > c.h:
		ch = '\\'
	case slope < -c.h:
		ch = '/'
	}
	if old := c.dots[at]; old != 0 && old != ch && old != 'x' && !broken {
		ch = '+'
	}
	c.dots[at] = ch
}

func (c *wires) draw(l *look) []string {
	lines := make([]string, c.h)
	for y := range c.h {
		var b, run strings.Builder
		last := plain
		flush := func() {
			b.WriteString(l.in(last, run.String()))
			run.Reset()
		}
		for x := range c.w {
			i := y*c.w + x
			if t := c.tones[i]; t != last {
				flush()
				last = t
			}
			switch {
			case c.dots[i] == 0:
				run.WriteByte(' ')
			case c.ascii:
				run.WriteByte(c.dots[i])
			default:
				run.WriteRune(rune(0x2800) + rune(c.dots[i]))
			}
		}
		flush()
		lines[y] = b.String()
	}
	return lines
}

func abs(n int) int { return max(n, -n) }
