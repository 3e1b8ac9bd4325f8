package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"closup/model"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sketch is a fabric of numbered names, drawn at random. Racks have two leafs
// each, and are numbered like them: leafs 2r-1 and 2r stand in rack r.
type sketch struct {
	spines, borders []int
	racks           []int
	nodes           map[int][]int // rack to its nodes
	homes           int
}

func (s sketch) text() []byte {
	var b strings.Builder
	b.WriteString("asn: {spines: 65020, leafs: 65101+, borders: 65341+, nodes: 4200000001+}\n" +
		"loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, borders: 10.1.4.0/24, nodes: 10.2.0.0/16}\npods: 10.128.0.0/9\nservices: 10.96.0.0/16\n")
	list := func(role, name string, numbers []int, more func(n int) string) {
		fmt.Fprintf(&b, "%s:\n", role)
		for _, n := range numbers {
			fmt.Fprintf(&b, "  - {name: %s%d%s}\n", name, n, more(n))
		}
		if len(numbers) == 0 {
			b.WriteString("  []\n")
		}
	}
	nothing := func(int) string { return "" }
	list("spines", "spine", s.spines, nothing)
	list("borders", "border", s.borders, nothing)
	var leafs, nodes []int
	rack := map[int]int{}
	for _, r := range s.racks {
		leafs = append(leafs, 2*r-1, 2*r)
		nodes = append(nodes, s.nodes[r]...)
		for _, n := range s.nodes[r] {
			rack[n] = r
		}
	}
	list("leafs", "leaf", leafs, func(n int) string { return fmt.Sprintf(", rack: rack%d", (n+1)/2) })
	list("nodes", "node", nodes, func(n int) string { return fmt.Sprintf(", rack: rack%d, homes: %d", rack[n], s.homes) })
	return []byte(b.String())
}

func drawSketch(t *rapid.T) sketch {
	numbers := func(label string, low, high, most int) []int {
		return rapid.SliceOfNDistinct(rapid.IntRange(low, high), 0, most, rapid.ID[int]).Draw(t, label)
	}
	s := sketch{
		spines: numbers("spines", 1, 40, 6), borders: numbers("borders", 1, 3, 3), racks: numbers("racks", 1, 12, 6),
		nodes: map[int][]int{}, homes: rapid.IntRange(1, 2).Draw(t, "homes"),
	}
	taken := numbers("nodes", 1, 200, 40)
	for i, n := range taken {
		if len(s.racks) > 0 {
			r := s.racks[i%len(s.racks)]
			s.nodes[r] = append(s.nodes[r], n)
		}
	}
	return s
}

// grow adds a device somewhere in the file and says which.
func (s *sketch) grow(t *rapid.T) []string {
	insert := func(list []int, n int) []int {
		return slices.Insert(slices.Clone(list), rapid.IntRange(0, len(list)).Draw(t, "place"), n)
	}
	highest := func(list []int) int { return max(0, slices.Max(append([]int{0}, list...))) }
	switch kind := rapid.SampledFrom([]string{"rack", "spine", "node", "border"}).Draw(t, "what"); {
	case kind == "rack":
		r := rapid.IntRange(1, 13).Filter(func(r int) bool { return !slices.Contains(s.racks, r) }).Draw(t, "rack")
		s.racks = insert(s.racks, r)
		return []string{fmt.Sprint("leaf", 2*r-1), fmt.Sprint("leaf", 2*r)}
	case kind == "node" && len(s.racks) > 0:
		r := rapid.SampledFrom(s.racks).Draw(t, "rack")
		var all []int
		for _, nodes := range s.nodes {
			all = append(all, nodes...)
		}
		n := highest(all) + 1
		s.nodes[r] = insert(s.nodes[r], n)
		return []string{fmt.Sprint("node", n)}
	case kind == "border" && len(s.borders) < 3:
		n := rapid.IntRange(1, 3).Filter(func(n int) bool { return !slices.Contains(s.borders, n) }).Draw(t, "border")
		s.borders = insert(s.borders, n)
		return []string{fmt.Sprint("border", n)}
	}
	n := highest(s.spines) + 1
	s.spines = insert(s.spines, n)
	return []string{fmt.Sprint("spine", n)}
}

// TestGrowth: a numbered device more, wherever it stands in the file, changes
// no ASN, no address and no cable of the others.
func TestGrowth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSketch(t)
		before := planText(t, s.text())
		added := s.grow(t)
		after := planText(t, s.text())
		for _, c := range model.Changes(before, after) {
			end, _, _ := strings.Cut(c.After, ":")
			if slices.Contains(added, c.Device) || c.Before == "" && slices.Contains(added, end) {
				continue
			}
			t.Errorf("adding %v changes %+v\n%s", added, c, s.text())
		}
	})
}

// TestCabled: in an automatic cabling every leaf and border is on every spine,
// and every node on as many different leafs of its rack as it has homes.
func TestCabled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSketch(t)
		p := planText(t, s.text())
		for _, d := range p.Devices {
			up := map[string]bool{}
			for _, port := range d.Ports {
				if port.Up {
					up[port.Peer] = true
					if peer, _ := p.Device(port.Peer); d.Role == model.Node && peer.Rack != d.Rack {
						t.Errorf("%s of %s hangs on %s of %s", d.Name, d.Rack, peer.Name, peer.Rack)
					}
				}
			}
			want := map[model.Role]int{model.Leaf: len(s.spines), model.Border: len(s.spines), model.Node: s.homes}[d.Role]
			if len(up) != want {
				t.Errorf("%s goes up to %d devices, not %d\n%s", d.Name, len(up), want, s.text())
			}
		}
	})
}

func planText(t interface{ Fatal(...any) }, text []byte) *model.Plan {
	f, err := model.Load("fabric.yaml", text)
	if err != nil {
		t.Fatal(string(text), err)
	}
	p, findings := model.NewPlan(f)
	if len(findings) > 0 {
		t.Fatal(string(text), findings)
	}
	return p
}

func TestChanges(t *testing.T) {
	const common = "spines: [{name: s1}]\nborders: [{name: b1, peers: [%s]}]\nasn: {borders: 65141+}\nloopbacks: {borders: 10.1.4.0/24}\n"
	before := planText(t, fmt.Appendf(nil, common, "{port: swp1, asn: 65254}")) // no leafs
	after := planText(t, fmt.Appendf(nil, common+"leafs: [{name: l1}]\nnodes: [{name: n1}]\n", "{port: swp1, asn: 65254, local: 192.0.2.1/31, remote: 192.0.2.0}"))
	renumbered := planText(t, fmt.Appendf(nil, common+"leafs: [{name: l1, n: 2}]\nnodes: [{name: n1, n: 3}]\n", "{port: swp1, asn: 65254}"))
	for _, c := range []struct {
		name string
		old  *model.Plan
		new  *model.Plan
		want []model.Change
	}{
		{"same", before, before, nil},
		{"new", before, after, []model.Change{
			{Device: "l1", What: "device", After: "leaf"},
			{Device: "b1", What: "cable of swp1", Before: "external", After: "external 192.0.2.1/31"},
			{Device: "n1", What: "device", After: "node"},
		}},
		{"gone", after, before, []model.Change{
			{Device: "b1", What: "cable of swp1", Before: "external 192.0.2.1/31", After: "external"},
			{Device: "l1", What: "device", Before: "leaf"},
			{Device: "n1", What: "device", Before: "node"},
		}},
		{"renumbered", after, renumbered, []model.Change{
			{Device: "l1", What: "asn", Before: "65101", After: "65102"},
			{Device: "l1", What: "loopback", Before: "10.1.1.1/32", After: "10.1.1.2/32"},
			{Device: "l1", What: "cable of swp51", Before: "s1:swp1", After: "s1:swp2"},
			{Device: "b1", What: "cable of swp1", Before: "external 192.0.2.1/31", After: "external"},
			{Device: "n1", What: "asn", Before: "65801", After: "65803"},
			{Device: "n1", What: "loopback", Before: "10.1.3.1/32", After: "10.1.3.3/32"},
			{Device: "n1", What: "pods", Before: "10.233.64.0/24", After: "10.233.66.0/24"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, model.Changes(c.old, c.new)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
