package draw

import (
	"slices"
	"strings"

	"closup/model"
)

// track is one group: every device of lower hangs on every device of upper.
type track struct {
	upper, lower []*box
	links        int
	stems        []int // columns where upper's lines come down, lower's go up
	rises        []int
	row          int // which of the rows between the tiers it runs in
}

// group finds the devices of the lower row that hang on the same ones above.
func group(p *model.Plan, upper, lower []*box) []*track {
	var tracks []*track
	for _, low := range lower {
		links := 0
		var above []*box
		for _, up := range upper {
			if n := cables(p, up.name, low.name); n > 0 {
				above = append(above, up)
				links += n
			}
		}
		if len(above) == 0 {
			continue
		}
		i := slices.IndexFunc(tracks, func(t *track) bool { return slices.Equal(t.upper, above) })
		if i < 0 {
			i = len(tracks)
			tracks = append(tracks, &track{upper: above})
		}
		tracks[i].lower = append(tracks[i].lower, low)
		tracks[i].links += links
	}
	return tracks
}

func cables(p *model.Plan, a, b string) (n int) {
	for _, l := range p.Links {
		if l.A.Device == a && l.B.Device == b || l.A.Device == b && l.B.Device == a {
			n++
		}
	}
	return n
}

// wires draws the rows between two tiers.
func wires(upper, lower []*box, tracks []*track) []string {
	for _, low := range lower {
		for _, t := range tracks {
			if slices.Contains(t.lower, low) {
				low.up = []int{low.center()}
				t.rises = append(t.rises, low.center())
			}
		}
	}
	for _, up := range upper {
		stems(up, tracks)
	}
	height := stack(tracks)
	if height == 0 {
		return nil
	}
	grid := make([][]rune, height)
	for row := range grid {
		grid[row] = []rune(strings.Repeat(" ", edge(upper, lower)))
	}
	for _, t := range tracks {
		t.across(grid[t.row])
	}
	for _, t := range tracks { // after all the horizontals, which they interrupt
		for _, column := range t.stems {
			for row := range t.row {
				grid[row][column] = '│'
			}
		}
		for _, column := range t.rises {
			for row := t.row + 1; row < height; row++ {
				grid[row][column] = '│'
			}
		}
	}
	lines := make([]string, height)
	for row := range grid {
		lines[row] = string(grid[row])
	}
	return lines
}

// stems gives a box one line down for each group that it is in, side by side,
// and none where a line of another group goes up.
func stems(up *box, tracks []*track) {
	var mine []*track
	for _, t := range tracks {
		if slices.Contains(t.upper, up) {
			mine = append(mine, t)
		}
	}
	for i, t := range mine {
		want := up.left + (i+1)*(up.inner+1)/(len(mine)+1)
		column := free(up, want, t, tracks)
		up.down = append(up.down, column)
		t.stems = append(t.stems, column)
	}
}

// free is the column nearest to want, under the box, that no other group uses.
func free(up *box, want int, t *track, tracks []*track) int {
	for distance := range up.inner {
		for _, column := range []int{want - distance, want + distance} {
			if column <= up.left || column > up.left+up.inner || slices.Contains(up.down, column) {
				continue
			}
			taken := slices.ContainsFunc(tracks, func(other *track) bool {
				return other != t && slices.Contains(other.rises, column)
			})
			if !taken {
				return column
			}
		}
	}
	return want
}

// stack gives each group a row in which nobody else runs across its columns.
func stack(tracks []*track) (height int) {
	var rows [][]*track
	for _, t := range tracks {
		row := slices.IndexFunc(rows, func(row []*track) bool {
			return !slices.ContainsFunc(row, t.overlaps)
		})
		if row < 0 {
			row = len(rows)
			rows = append(rows, nil)
		}
		t.row = row
		rows[row] = append(rows[row], t)
	}
	return len(rows)
}

func (t *track) span() (from, to int) {
	all := slices.Concat(t.stems, t.rises)
	return slices.Min(all), slices.Max(all)
}

func (t *track) overlaps(other *track) bool {
	from, to := t.span()
	otherFrom, otherTo := other.span()
	return from <= otherTo && otherFrom <= to
}

// joints is the sign for a place on a horizontal by where lines go from it.
var joints = map[[4]bool]rune{ // up, down, left, right
	{false, false, true, true}:  '─',
	{true, false, true, true}:   '┴',
	{false, true, true, true}:   '┬',
	{true, true, true, true}:    '┼',
	{true, false, false, true}:  '└',
	{true, false, true, false}:  '┘',
	{false, true, false, true}:  '┌',
	{false, true, true, false}:  '┐',
	{true, true, false, true}:   '├',
	{true, true, true, false}:   '┤',
	{true, true, false, false}:  '│',
	{true, false, false, false}: '│',
	{false, true, false, false}: '│',
}

// across draws the group's horizontal.
func (t *track) across(line []rune) {
	from, to := t.span()
	for column := from; column <= to; column++ {
		line[column] = joints[[4]bool{
			slices.Contains(t.stems, column), slices.Contains(t.rises, column),
			column > from, column < to,
		}]
	}
}

// edge is the first column right of both rows.
func edge(upper, lower []*box) int {
	last := 0
	for _, row := range [][]*box{upper, lower} {
		if n := len(row); n > 0 {
			last = max(last, row[n-1].left+row[n-1].inner+2)
		}
	}
	return last
}
