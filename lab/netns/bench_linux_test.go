package netns

import (
	"fmt"
	"testing"

	"closup/model"
)

// BenchmarkLabUp is `lab up` of article's six devices, and of a Clos of 70,
// until every sshd answers; down is not counted.
func BenchmarkLabUp(b *testing.B) {
	for _, row := range []struct {
		name string
		plan *model.Plan
	}{
		{"article", article(b)},
		{"70-devices", clos(b, 4, 16, 50)},
	} {
		b.Run(row.name, func(b *testing.B) {
			needLab(b)
			isolate(b)
			b.Cleanup(func() { down(b, row.plan.Name) })
			for b.Loop() {
				if _, err := Up(b.Context(), row.plan, Options{}); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				down(b, row.plan.Name)
				b.StartTimer()
			}
		})
	}
}

// clos is a plan of spines, leafs with a link to each, and nodes on one leaf.
func clos(t testing.TB, spines, leafs, nodes int) *model.Plan {
	t.Helper()
	var links, devices []string
	for s := 1; s <= spines; s++ {
		devices = append(devices, fmt.Sprintf("spine%d", s))
		for l := 1; l <= leafs; l++ {
			links = append(links, fmt.Sprintf("spine%d:swp%d leaf%d:swp%d", s, l, l, 50+s))
		}
	}
	for l := 1; l <= leafs; l++ {
		devices = append(devices, fmt.Sprintf("leaf%d", l))
	}
	for n := range nodes {
		devices = append(devices, fmt.Sprintf("k8s%d", n+1))
		links = append(links, fmt.Sprintf("leaf%d:swp%d k8s%d:eth1", n%leafs+1, n/leafs+1, n+1))
	}
	return fabric(t, "clos", links, devices...)
}
