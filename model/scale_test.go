package model_test

import (
	"fmt"
	"testing"

	"closup/model"
)

// clos is a fabric of that size, cabled automatically, each node on two leafs.
func clos(spines, leafs, nodes int) []byte {
	return fmt.Appendf(nil, `name: large
asn: {spines: 4200000001+, leafs: 4200100001+, nodes: 4200200001+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.2.0.0/20, nodes: 10.3.0.0/16}
pods: 10.128.0.0/10
services: 10.96.0.0/12
ports: {spines: {downlinks: "swp[1-%d]"}, leafs: {uplinks: "swp[101-%d]", downlinks: "swp[1-100]"}}
spines: [{name: "spine[1-%d]"}]
leafs: [{name: "leaf[1-%d]"}]
nodes: [{name: "node[1-%d]", homes: 2}]
`, leafs, 100+spines, spines, leafs, nodes)
}

// sizes grow tenfold in links, so that a cost that grows faster shows.
var sizes = []struct{ spines, leafs, nodes int }{{8, 40, 400}, {16, 200, 2000}, {32, 1000, 10000}}

func BenchmarkValidate(b *testing.B) {
	for _, s := range sizes {
		f, err := model.Load("large", clos(s.spines, s.leafs, s.nodes))
		if err != nil {
			b.Fatal(err)
		}
		p, _ := model.NewPlan(f)
		b.Run(fmt.Sprintf("links=%d", len(p.Links)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				model.Validate(f, p)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(p.Links)), "ns/link")
		})
	}
}

// BenchmarkRoutes predicts one device of each tier.
func BenchmarkRoutes(b *testing.B) {
	for _, s := range sizes {
		p := plan(b, "large", clos(s.spines, s.leafs, s.nodes))
		for _, device := range []string{"spine1", "leaf1", "node1"} {
			b.Run(fmt.Sprintf("links=%d/%s", len(p.Links), device), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if len(p.Routes(device)) == 0 {
						b.Fatal("no routes")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(p.Links)), "ns/link")
			})
		}
	}
}

func BenchmarkSinglePoints(b *testing.B) {
	for _, s := range sizes {
		p := plan(b, "large", clos(s.spines, s.leafs, s.nodes))
		b.Run(fmt.Sprintf("links=%d", len(p.Links)), func(b *testing.B) {
			for b.Loop() {
				p.SinglePoints()
			}
		})
	}
}
