package draw

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"closup/model"
)

func fabric(spines, leafs, nodes, homes int) *model.Plan {
	p := &model.Plan{}
	add := func(role model.Role, n, asn int) {
		for i := range n {
			p.Devices = append(p.Devices, model.Device{
				Name: fmt.Sprintf("%s%d", role, i+1), Role: role, ASN: uint32(asn + i + 1),
			})
		}
	}
	link := func(a, b string) {
		p.Links = append(p.Links, model.Link{A: model.End{Device: a}, B: model.End{Device: b}})
	}
	add(model.Spine, spines, 65500)
	add(model.Leaf, leafs, 65100)
	add(model.Node, nodes, 65800)
	for l := range leafs {
		for s := range spines {
			link(fmt.Sprintf("spine%d", s+1), fmt.Sprintf("leaf%d", l+1))
		}
	}
	for n := range nodes {
		for h := range homes {
			link(fmt.Sprintf("leaf%d", (n+h)%leafs+1), fmt.Sprintf("node%d", n+1))
		}
	}
	return p
}

func TestClos(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  *model.Plan
		width int
		want  string
	}{
		{"single homed", fabric(1, 2, 3, 1), 80, `
              ┌──────────┐
              │ spine1   │
              │ AS 65501 │
              └────┬─────┘
            ┌──────┴──────┐
       ┌────┴─────┐  ┌────┴─────┐
       │ leaf1    │  │ leaf2    │
       │ AS 65101 │  │ AS 65102 │
       └────┬─────┘  └────┬─────┘
     ┌──────┴─────────────│──────┐
     │             ┌──────┘      │
┌────┴─────┐  ┌────┴─────┐  ┌────┴─────┐
│ node1    │  │ node2    │  │ node3    │
│ AS 65801 │  │ AS 65802 │  │ AS 65803 │
└──────────┘  └──────────┘  └──────────┘
`},
		{"dual homed in pairs", pairs(), 60, `
              ┌──────────┐  ┌──────────┐
              │ spine1   │  │ spine2   │
              │ AS 65501 │  │ AS 65502 │
              └────┬─────┘  └────┬─────┘
     ┌─────────────┼─────────────┼─────────────┐
┌────┴─────┐  ┌────┴─────┐  ┌────┴─────┐  ┌────┴─────┐
│ leaf1    │  │ leaf2    │  │ leaf3    │  │ leaf4    │
│ AS 65101 │  │ AS 65102 │  │ AS 65103 │  │ AS 65104 │
└────┬─────┘  └────┬─────┘  └────┬─────┘  └────┬─────┘
     ├─────────────┤             ├─────────────┤
┌────┴─────┐  ┌────┴─────┐  ┌────┴─────┐  ┌────┴─────┐
│ node1    │  │ node2    │  │ node3    │  │ node4    │
│ AS 65801 │  │ AS 65802 │  │ AS 65803 │  │ AS 65804 │
└──────────┘  └──────────┘  └──────────┘  └──────────┘
`},
		{"too wide", fabric(2, 20, 1, 1), 80, `
┌────────────────────────────┐
│ 2 spines: spine1 to spine2 │
└────────────────────────────┘
┌───────────────────────────┐
│ 20 leafs: leaf1 to leaf20 │
└───────────────────────────┘
┌────────────────┐
│ 1 nodes: node1 │
└────────────────┘
41 links
`},
		{"nothing", &model.Plan{}, 80, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), Clos(c.plan, c.width)); diff != "" {
				t.Errorf("-want +got:\n%s\n%s", diff, Clos(c.plan, c.width))
			}
		})
	}
}

// pairs is 2 spines and 4 leafs with 2 nodes on each pair of leafs.
func pairs() *model.Plan {
	p := fabric(2, 4, 4, 0)
	for n := range 4 {
		for h := range 2 {
			p.Links = append(p.Links, model.Link{
				A: model.End{Device: fmt.Sprintf("leaf%d", n/2*2+h+1)},
				B: model.End{Device: fmt.Sprintf("node%d", n+1)},
			})
		}
	}
	return p
}

// TestWires follows the lines of drawings with the eye of a reader: whoever is
// reached from a box are those that it is cabled to, no more and no fewer.
func TestWires(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		uppers, lowers := rapid.IntRange(1, 4).Draw(t, "leafs"), rapid.IntRange(1, 5).Draw(t, "nodes")
		p := fabric(0, uppers, lowers, 0)
		want := map[string][]string{}
		for n := range lowers {
			node := fmt.Sprintf("node%d", n+1)
			for l := range uppers {
				if leaf := fmt.Sprintf("leaf%d", l+1); rapid.Bool().Draw(t, node+leaf) {
					p.Links = append(p.Links, model.Link{A: model.End{Device: leaf}, B: model.End{Device: node}})
					want[node] = append(want[node], leaf)
				}
			}
		}
		drawing := Clos(p, 100)
		if diff := cmp.Diff(want, read(drawing)); diff != "" {
			t.Errorf("-want +got:\n%s\n%s", diff, drawing)
		}
	})
}

// read follows every line up from the lower row of boxes.
func read(drawing string) map[string][]string {
	var grid [][]rune
	for line := range strings.Lines(drawing) {
		grid = append(grid, []rune(line))
	}
	at := func(row, column int) rune {
		if row < 0 || row >= len(grid) || column < 0 || column >= len(grid[row]) {
			return ' '
		}
		return grid[row][column]
	}
	const upper, first = 1, 4 // rows: the upper names, the first of the lines
	last := first
	for !strings.ContainsRune(string(grid[last]), 'n') {
		last++
	}
	name := func(row, column int) string {
		for at(row, column) != '│' {
			column--
		}
		word, _, _ := strings.Cut(strings.TrimSpace(string(grid[row][column+1:])), " ")
		return word
	}
	found := map[string][]string{}
	for column, joint := range grid[last-1] {
		if joint != '┴' {
			continue
		}
		seen := map[[3]int]bool{}
		var leafs []string
		var follow func(row, column, down, right int)
		follow = func(row, column, down, right int) {
			if row < first {
				leafs = append(leafs, name(upper, column))
				return
			}
			key := [3]int{row*1000 + column, down, right}
			if row >= last-1 || seen[key] {
				return
			}
			seen[key] = true
			sign := at(row, column)
			if sign == '│' || sign == '─' && right != 0 { // straight on, also under a crossing
				follow(row+down, column+right, down, right)
				return
			}
			for ways, s := range joints {
				if s != sign {
					continue
				}
				for i, step := range [4][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
					if ways[i] && (step[0] != -down || step[1] != -right) {
						follow(row+step[0], column+step[1], step[0], step[1])
					}
				}
			}
		}
		follow(last-2, column, -1, 0)
		slices.Sort(leafs)
		found[name(last, column)] = slices.Compact(leafs)
	}
	return found
}
