package cli

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"closup/model"
)

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name  string
		width int
		want  string
	}{
		{"as wide as it likes", 0, `
NAME   COUNT  NOTE
leaf1      2  a note that is rather long
k8s1      12
`},
		{"cut to the terminal", 30, `
NAME   COUNT  NOTE
leaf1      2  a note that is …
k8s1      12
`},
		{"never below what says something", 5, `
NAME   COUNT  NOTE
leaf1      2  a not…
k8s1      12
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab := table{head: []string{"NAME", "COUNT", "NOTE"}, right: map[int]bool{1: true}}
			tab.add("leaf1", "2", "a note that is rather long")
			tab.add("k8s1", "12", "")
			var b strings.Builder
			if err := tab.write(&b, c.width); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(c.want, "\n"), b.String()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestTableDrops leaves columns out where there is no room for all: empty ones
// first, then by their importance, and never all of them.
func TestTableDrops(t *testing.T) {
	tab := table{head: []string{"DEVICE", "NUMBER", "STATE-OF", "NOTE"}, right: map[int]bool{1: true}, drop: []int{1}}
	tab.add("leafleaf1", "12345678", "abcdefgh", "")
	for _, c := range []struct {
		width int
		heads string
	}{{0, "DEVICE NUMBER STATE-OF NOTE"}, {30, "DEVICE NUMBER STATE-OF"}, {17, "DEVICE STATE-OF"}} {
		var b strings.Builder
		_ = tab.write(&b, c.width)
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		for _, line := range lines {
			if n := ansi.StringWidth(line); c.width > 0 && n > c.width {
				t.Errorf("%d cells in %d: %q", n, c.width, line)
			}
		}
		if got := strings.Join(strings.Fields(lines[0]), " "); got != c.heads {
			t.Errorf("in %d cells: %s, want %s", c.width, got, c.heads)
		}
	}
	if tab.write(&strings.Builder{}, 1) != nil || len(tab.head) != 4 {
		t.Error("the table itself was changed")
	}
}

// TestTableColours sees that colours cost no column.
func TestTableColours(t *testing.T) {
	plain, coloured := &table{head: []string{"A", "B"}}, &table{head: []string{"A", "B"}}
	plain.add("Established", "x")
	coloured.add(paints.good.Render("Established"), "x")
	var want, got strings.Builder
	_ = plain.write(&want, 9)
	_ = coloured.write(&got, 9)
	if diff := cmp.Diff(want.String(), ansi.Strip(got.String())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{
		0: "0s", 41.9: "41s", 60: "1m00s", 3661: "1h01m", 90061: "1d01h",
	} {
		if got := span(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

func TestFinding(t *testing.T) {
	f := model.Finding{Severity: model.Error, Line: 7, Message: "it overlaps", Remedy: "choose another"}
	if got := ansi.Strip(paints.finding("f.yaml", f)); got != "f.yaml:7: error: it overlaps; choose another" {
		t.Error(got)
	}
}
