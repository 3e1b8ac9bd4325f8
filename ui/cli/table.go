package cli

import (
	"io"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// table prints rows in columns that fit a width. A cell holds one line; the
// last column is not padded. Where the rows are too wide the widest columns
// give way, and what they lose ends in an ellipsis; then whole columns go.
type table struct {
	head []string
	rows [][]string
	// right are the columns that hold figures.
	right map[int]bool
	// drop are the columns that may go where there is no room for all, the
	// least important first.
	drop []int
}

const (
	gap      = 2 // spaces between columns
	narrow   = 6 // no column is cut below this
	ellipsis = "…"
)

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table; width 0 means that nothing is cut.
func (t *table) write(w io.Writer, width int) error {
	t = t.dropped(width)
	all := t.all()
	widths := fit(natural(all), width)
	var b strings.Builder
	for _, row := range all {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(strings.Repeat(" ", gap))
			}
			cell = ansi.Truncate(cell, widths[i], ellipsis)
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(cell))
			if t.right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// dropped is the table without the columns that find no room: those in which
// nothing stands go before others are cut, the rest only when cutting is not
// enough.
func (t *table) dropped(width int) *table {
	gone := map[int]bool{}
	if width <= 0 {
		return t
	}
	for i := range t.head {
		empty := !slices.ContainsFunc(t.rows, func(row []string) bool { return i < len(row) && row[i] != "" })
		if empty && len(t.rows) > 0 && sum(natural(t.without(gone).all())) > width {
			gone[i] = true
		}
	}
	for _, i := range t.drop {
		if len(gone)+1 < len(t.head) && sum(fit(natural(t.without(gone).all()), width)) > width {
			gone[i] = true
		}
	}
	return t.without(gone)
}

func (t *table) all() [][]string { return append([][]string{t.head}, t.rows...) }

// without is the table without some of its columns.
func (t *table) without(gone map[int]bool) *table {
	if len(gone) == 0 {
		return t
	}
	part := func(row []string) (out []string) {
		for i, cell := range row {
			if !gone[i] {
				out = append(out, cell)
			}
		}
		return out
	}
	less := &table{head: part(t.head), right: map[int]bool{}}
	for _, row := range t.rows {
		less.rows = append(less.rows, part(row))
	}
	at := 0
	for i := range t.head {
		if !gone[i] {
			less.right[at] = t.right[i]
			at++
		}
	}
	return less
}

// sum is the width of a row.
func sum(widths []int) int {
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	return total
}

// natural is the width each column would like.
func natural(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	return widths
}

// fit takes from the widest column, cell by cell, until the row fits.
func fit(widths []int, width int) []int {
	if width <= 0 {
		return widths
	}
	for total := sum(widths); total > width; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrow {
			break
		}
		widths[widest]--
	}
	return widths
}
