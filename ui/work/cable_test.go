package work

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `version: 1
name: small
asn: {spines: 65501+, leafs: 65101+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}
spines: [{name: spine1}]
leafs:
  - {name: leaf1}
  - {name: leaf2}
nodes:
  - {name: k1}
  - {name: k2}
  - {name: k3}
`

// edited is a project after one more row of leafs.
func edited(t *testing.T, text, row string) (before, after *Project) {
	t.Helper()
	before, after = parse("small.yaml", []byte(text)), parse("small.yaml", []byte(text))
	if before.Err != nil {
		t.Fatal(before.Err)
	}
	if err := after.Insert("leafs", after.Doc.Len("leafs"), row); err != nil {
		t.Fatal(err)
	}
	return before, after
}

func links(p *Project) (all []string) {
	for _, l := range p.Plan.Links {
		all = append(all, l.A.String()+" "+l.B.String())
	}
	return all
}

// TestRecable adds a leaf to two that have all the nodes: the automatic cabling
// would move a node to it.
func TestRecable(t *testing.T) {
	before, after := edited(t, small, "{name: leaf3}")
	if !moves(before.Plan, after.Plan) {
		t.Fatal("the case is none: nothing moves without Recable")
	}
	n, err := after.Recable(before.Plan)
	if err != nil || n == 0 {
		t.Fatalf("%d, %v", n, err)
	}
	want := append(links(before), "spine1:swp3 leaf3:swp51")
	got := links(after)
	for _, l := range want {
		if !strings.Contains(strings.Join(got, "\n"), l) {
			t.Errorf("%s is gone: %v", l, got)
		}
	}
	if len(got) != len(want) || !after.Fabric.Cabled {
		t.Errorf("links are %v, want %v", got, want)
	}
	for _, c := range Renumbered(before.Plan, after.Plan) {
		if c.Before != "" && c.After != "" {
			t.Errorf("%+v", c)
		}
	}
}

// TestRecablePinned adds a leaf where the cables stand in the file: it gets its
// own, the others stay.
func TestRecablePinned(t *testing.T) {
	p := parse("small.yaml", []byte(small))
	if _, err := p.Pin(); err != nil {
		t.Fatal(err)
	}
	before, after := edited(t, string(p.Doc.Bytes()), "{name: leaf7}")
	if n, err := after.Recable(before.Plan); err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	if diff := cmp.Diff(append(links(before), "spine1:swp7 leaf7:swp51"), sortedLike(links(before), links(after))); diff != "" {
		t.Error(diff)
	}
}

// sortedLike puts those of got that are in first before the others.
func sortedLike(first, got []string) []string {
	var known, others []string
	for _, g := range got {
		if strings.Contains(strings.Join(first, "\n"), g) {
			known = append(known, g)
		} else {
			others = append(others, g)
		}
	}
	return append(known, others...)
}

// TestRecableStays adds a leaf in a rack of its own: nothing moves, so nothing
// is written.
func TestRecableStays(t *testing.T) {
	text := strings.ReplaceAll(strings.ReplaceAll(small, "{name: leaf", "{rack: a, name: leaf"), "{name: k", "{rack: a, name: k")
	before, after := edited(t, text, "{name: leaf3, rack: b}")
	n, err := after.Recable(before.Plan)
	if err != nil || n != 0 || after.Fabric.Cabled {
		t.Errorf("%d, %v, cabled %v", n, err, after.Fabric.Cabled)
	}
}
