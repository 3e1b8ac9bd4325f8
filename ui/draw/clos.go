// Package draw draws a plan as text: a row of boxes for each tier, and between
// two tiers one horizontal line for each group of devices that hang on the same
// uplinks. A line that crosses another without touching it interrupts it.
package draw

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"closup/model"
)

// Clos draws the plan in at most width columns, without colours. Where its
// devices do not fit side by side it draws one box for each role instead.
func Clos(p *model.Plan, width int) string {
	rows := tiers(p)
	if len(rows) == 0 {
		return ""
	}
	for _, row := range rows {
		if rowWidth(row) > width {
			return summary(p, width)
		}
	}
	for _, row := range rows {
		place(row, width)
	}
	var lines []string
	drawn := 0
	for i, row := range rows {
		var below []string
		if i < len(rows)-1 {
			tracks := group(p, row, rows[i+1])
			for _, t := range tracks {
				drawn += t.links
			}
			below = wires(row, rows[i+1], tracks)
		}
		lines = append(lines, boxes(row)...)
		lines = append(lines, below...)
	}
	lines = unindent(lines)
	if rest := len(p.Links) - drawn; rest > 0 {
		lines = append(lines, "", "not drawn: "+strconv.Itoa(rest)+" links that leave out a tier or stay in one")
	}
	return strings.Join(lines, "\n") + "\n"
}

// box is one device in its row. Columns count from the left edge of the
// drawing.
type box struct {
	name, label string
	left, inner int   // column of the left border; width between the borders
	up, down    []int // columns where lines leave it
}

func (b *box) center() int { return b.left + (b.inner+1)/2 }

const between = 2 // columns between two boxes

// tierOf puts border leafs beside the leafs.
var tierOf = model.PerRole[int]{
	model.Superspine: 0, model.Spine: 1, model.Leaf: 2, model.Border: 2, model.Node: 3,
}

// tiers is the boxes of each tier that has devices, top first.
func tiers(p *model.Plan) [][]*box {
	rows := make([][]*box, 4)
	for _, d := range p.Devices {
		label := "AS " + strconv.FormatUint(uint64(d.ASN), 10)
		inner := max(len(d.Name), len(label)) + 2
		t := tierOf[d.Role]
		rows[t] = append(rows[t], &box{name: d.Name, label: label, inner: inner})
	}
	return slices.DeleteFunc(rows, func(row []*box) bool { return len(row) == 0 })
}

func rowWidth(row []*box) int {
	total := between * (len(row) - 1)
	for _, b := range row {
		total += b.inner + 2
	}
	return total
}

// place centres a row in the width.
func place(row []*box, width int) {
	left := (width - rowWidth(row)) / 2
	for _, b := range row {
		b.left = left
		left += b.inner + 2 + between
	}
}

// boxes draws a row of boxes with the joints of the lines that meet them.
func boxes(row []*box) []string {
	var top, name, label, bottom strings.Builder
	for _, b := range row {
		for _, s := range []*strings.Builder{&top, &name, &label, &bottom} {
			s.WriteString(strings.Repeat(" ", b.left-len([]rune(s.String()))))
		}
		top.WriteString(border(b, "┌", "┐", '┴', b.up))
		bottom.WriteString(border(b, "└", "┘", '┬', b.down))
		fmt.Fprintf(&name, "│ %-*s│", b.inner-1, b.name)
		fmt.Fprintf(&label, "│ %-*s│", b.inner-1, b.label)
	}
	return []string{top.String(), name.String(), label.String(), bottom.String()}
}

func border(b *box, left, right string, joint rune, at []int) string {
	edge := []rune(left + strings.Repeat("─", b.inner) + right)
	for _, column := range at {
		edge[column-b.left] = joint
	}
	return string(edge)
}

// unindent drops the columns that are blank in every line.
func unindent(lines []string) []string {
	indent := -1
	for _, line := range lines {
		blank := len(line) - len(strings.TrimLeft(line, " "))
		if strings.TrimSpace(line) != "" && (indent < 0 || blank < indent) {
			indent = blank
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(max(indent, 0), len(line)):], " ")
	}
	return lines
}

// summary draws one box for each role.
func summary(p *model.Plan, width int) string {
	var b strings.Builder
	for _, role := range model.Roles {
		var names []string
		for _, d := range p.Devices {
			if d.Role == role {
				names = append(names, d.Name)
			}
		}
		if len(names) == 0 {
			continue
		}
		line := fmt.Sprintf("%d %s: %s", len(names), role.Key(), names[0])
		if len(names) > 1 {
			line += " to " + names[len(names)-1]
		}
		if room := width - 4; len([]rune(line)) > room && room > 0 {
			line = string([]rune(line)[:room])
		}
		edge := strings.Repeat("─", len([]rune(line))+2)
		fmt.Fprintf(&b, "┌%s┐\n│ %s │\n└%s┘\n", edge, line, edge)
	}
	fmt.Fprintf(&b, "%d links\n", len(p.Links))
	return b.String()
}
