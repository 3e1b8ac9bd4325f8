package cli

import (
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// table prints rows in columns that fit a width. A cell holds one line; the
// last column is not padded. Where the rows are too wide the widest columns
// give way, and what they lose ends in an ellipsis.
type table struct {
	head []string
	rows [][]string
	// right are the columns that hold figures.
	right map[int]bool
}

const (
	gap      = 2 // spaces between columns
	narrow   = 6 // no column is cut below this
	ellipsis = "…"
)

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table; width 0 means that nothing is cut.
func (t *table) write(w io.Writer, width int) error {
	all := append([][]string{t.head}, t.rows...)
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
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > width; total-- {
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
