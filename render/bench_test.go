package render_test

import (
	"testing"

	"closup/render"
)

// BenchmarkRender renders every file of 32 spines, 1,000 leafs and 10,000
// dual-homed nodes.
func BenchmarkRender(b *testing.B) {
	p := planOf(b, "large", []byte(`version: 1
name: large
asn: {spines: "65000", leafs: 4200000001+, nodes: 4210000001+}
loopbacks: {spines: 10.0.0.0/24, leafs: 10.1.0.0/16, nodes: 10.2.0.0/16}
pods: 100.64.0.0/10
services: 10.96.0.0/12
platform: {spines: debian, leafs: debian, nodes: debian}
ports: {spines: {downlinks: "swp[1-1000]"}, leafs: {uplinks: "swp[101-132]", downlinks: "swp[1-100]"}}
spines: [{name: "spine[1-32]"}]
leafs: [{name: "leaf[1-1000]"}]
nodes: [{name: "node[1-10000]", homes: 2}]
`))
	b.ReportAllocs()
	for b.Loop() {
		bytes, files := 0, 0
		for i := range p.Devices {
			all, err := render.Device(p, &p.Devices[i])
			if err != nil {
				b.Fatal(err)
			}
			for _, a := range all {
				bytes += len(a.Body)
				files++
			}
		}
		b.ReportMetric(float64(files), "files")
		b.ReportMetric(float64(bytes)/(1<<20), "MiB")
	}
}
