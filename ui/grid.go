package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// cell is one field of a table and what it means.
type cell struct {
	text string
	tone tone
}

// column is one column of a table. Where it is too narrow for all of them, the
// one with the lowest keep goes first.
type column struct {
	title string
	right bool // numbers
	keep  int
	least int  // it may be shortened to so many cells; 0: never
	close bool // one space after it, not two
	prose bool // sentences, that may be longer than a line
}

// gap is the cells after the column.
func (c column) gap() int {
	if c.close {
		return 1
	}
	return 2
}

// grid is an aligned table with a cursor. Only rows on the screen are drawn.
type grid struct {
	list
	cols   []column
	rows   [][]cell
	widest []int
	cell   int    // 1-based: the column under the cursor; 0: the whole row
	edit   *field // is typed in that cell; nil: nothing
	y      int    // the line of the screen that view's first one stands on
}

// set replaces the rows; the cursor stays where it is.
func (g *grid) set(rows [][]cell) {
	g.rows = rows
	g.size(len(rows))
	g.widest = make([]int, len(g.cols))
	for _, r := range rows {
		for i, c := range r {
			g.widest[i] = max(g.widest[i], width(c.text))
		}
	}
	for i, c := range g.cols {
		if g.widest[i] > 0 { // a column without a word is not shown
			g.widest[i] = max(g.widest[i], width(c.title))
		}
	}
}

// keep replaces the rows; a cursor that was moved stays on its row, which is
// known by the texts of two columns. On the first row it stays there.
func (g *grid) keep(rows [][]cell, same [2]int) {
	at := g.at
	if at > 0 && at < len(g.rows) {
		was := g.rows[at]
		if i := slices.IndexFunc(rows, func(r []cell) bool {
			return r[same[0]].text == was[same[0]].text && r[same[1]].text == was[same[1]].text
		}); i >= 0 {
			at = i
		}
	}
	g.set(rows)
	g.at = max(0, min(at, g.n-1))
}

// layout says which columns are shown in w cells, and how wide: first those
// that may be are shortened, then the least important ones leave.
func (g *grid) layout(w int) (shown []int, widths []int) {
	widths = append([]int(nil), g.widest...)
	if i := g.cell - 1; i >= 0 && i < len(widths) {
		widths[i] = max(widths[i], width(g.cols[i].title), 2)
		if g.edit != nil {
			widths[i] = max(widths[i], min(28, width(g.edit.value())+3), 14)
		}
	}
	whole := append([]int(nil), widths...)
	for {
		over := g.needs(widths) - w
		for i, c := range g.cols {
			if over > 0 && c.least > 0 && widths[i] > c.least {
				less := min(over, widths[i]-c.least)
				widths[i] -= less
				over -= less
			}
		}
		if over <= 0 {
			break
		}
		last, left := -1, 0
		for i, c := range g.cols {
			if widths[i] == 0 || i == g.cell-1 && left > 0 {
				continue
			}
			if left++; last < 0 || c.keep < g.cols[last].keep {
				last = i
			}
		}
		if left <= 1 {
			if last >= 0 {
				widths[last] = max(1, w)
			}
			break
		}
		if widths[last]-over >= 8 { // a little shorter is better than gone
			widths[last] -= over
			break
		}
		widths[last] = 0
		for i, n := range widths { // what was shortened has room again
			if n > 0 {
				widths[i] = whole[i]
			}
		}
	}
	for i, n := range widths {
		if n > 0 {
			shown = append(shown, i)
		}
	}
	return shown, widths
}

// needs is the cells that columns of these widths take.
func (g *grid) needs(widths []int) int {
	sum, gap := 0, 0
	for i, n := range widths {
		if n > 0 {
			sum += gap + n
			gap = g.cols[i].gap()
		}
	}
	return sum
}

// view draws the title row and as many rows as fit into h lines. The cursor's
// row is marked where the table has the keys.
func (g *grid) view(l *look, w, h int, focused bool) string {
	if h < 2 || w < 4 {
		return ""
	}
	bar := g.n > h-1 // a scrollbar takes two cells
	if bar {
		w -= 2
	}
	shown, widths := g.layout(w - 2)
	head := ""
	for _, i := range shown {
		head += aligned(g.cols[i].title, widths[i], g.cols[i].right, l) + strings.Repeat(" ", g.cols[i].gap())
	}
	lines := []string{"  " + l.in(faint, strings.TrimRight(head, " "))}
	from, to := g.window(h - 1)
	for r := from; r < to; r++ {
		line := g.row(l, r, shown, widths, w, focused && r == g.at)
		if bar {
			line = fill(line, w+1) + l.scrollbar(r-from, h-1, from, g.n)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// scrollbar is one cell of a bar of h lines that shows where in n rows the
// window that begins at top stands.
func (l *look) scrollbar(line, h, top, n int) string {
	size := max(1, h*h/n)
	at := 0
	if n > h {
		at = (h - size) * top / (n - h)
	}
	if line >= at && line < at+size {
		return l.in(dim, l.thumb)
	}
	return l.in(faint, l.track)
}

func (g *grid) row(l *look, r int, shown, widths []int, w int, marked bool) string {
	var b strings.Builder
	under := l.selected
	if marked {
		b.WriteString(l.on(under, accent, l.cursor+" "))
	} else {
		b.WriteString("  ")
	}
	used := 2
	for k, i := range shown {
		c := g.rows[r][i]
		text := aligned(c.text, widths[i], g.cols[i].right, l)
		if k < len(shown)-1 {
			text += strings.Repeat(" ", g.cols[i].gap())
		}
		used += width(text)
		switch {
		case marked && i == g.cell-1:
			b.WriteString(g.chosen(l, text, widths[i], c.tone))
		case marked:
			b.WriteString(l.on(under, c.tone, text))
		default:
			b.WriteString(l.in(c.tone, text))
		}
	}
	if marked && used < w {
		b.WriteString(under.Render(strings.Repeat(" ", w-used)))
	}
	return b.String()
}

// chosen draws the cell under the cursor: with what is typed in it.
func (g *grid) chosen(l *look, text string, w int, t tone) string {
	if g.edit != nil {
		return g.edit.view(l, w, true) + l.selected.Render(strings.Repeat(" ", max(0, width(text)-w)))
	}
	return l.on(l.selected, t, "") + l.styles[t].Reverse(true).Render(cut(text, w, "")) + l.selected.Render(strings.Repeat(" ", max(0, width(text)-w)))
}

// across moves the cursor to the next cell that may be edited; 0 is the whole
// row.
func (g *grid) across(by int, may func(int) bool) {
	for i := g.cell + by; i >= 0 && i <= len(g.cols); i += by {
		if i == 0 || may(i-1) {
			g.cell = i
			return
		}
	}
}

// shortened is the sentence that the row under the cursor ends in, where w by h
// cells do not show the whole of it.
func (g *grid) shortened(w, h int) string {
	if g.at >= len(g.rows) || !g.cols[len(g.cols)-1].prose {
		return ""
	}
	if g.n > h-1 {
		w -= 2
	}
	last := len(g.cols) - 1
	_, widths := g.layout(w - 2)
	if text := g.rows[g.at][last].text; width(text) > widths[last] {
		return text
	}
	return ""
}

// click puts the cursor on the row that stands on line y of the screen.
func (g *grid) click(y, h int) bool {
	i := y - g.y - 1
	if i < 0 || i >= h-1 || g.top+i >= g.n {
		return false
	}
	g.at = g.top + i
	return true
}

func aligned(s string, w int, right bool, l *look) string {
	s = cut(s, w, l.ellipsis)
	if right {
		return strings.Repeat(" ", max(0, w-width(s))) + s
	}
	return fill(s, w)
}

// update moves the cursor; h is the height that view was given.
func (g *grid) update(msg tea.KeyPressMsg, h int) bool { return g.key(msg, h-1) }
