package model_test

import (
	"bytes"
	"fmt"
	"testing"

	"closup/model"
)

// writtenOut is the same fabric as clos, with a line for each device and, as
// `plan --pin` writes them, for each cable.
func writtenOut(tb testing.TB, spines, leafs, nodes int) []byte {
	f, err := model.Load("large", clos(spines, leafs, nodes))
	if err != nil {
		tb.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	text := clos(spines, leafs, nodes)
	var b bytes.Buffer
	b.Write(text[:bytes.Index(text, []byte("\nspines:"))+1])
	role := model.Role(99)
	for i, d := range p.Devices {
		if d.Role != role {
			role = d.Role
			fmt.Fprintf(&b, "%s:\n", role.Key())
		}
		fmt.Fprintf(&b, "  - {name: %s, mgmt: 192.168.%d.%d, serial: X%d}  # the box\n", d.Name, i>>8&255, i&255, i)
	}
	b.WriteString("links:\n")
	for _, l := range p.Links {
		fmt.Fprintf(&b, "  - %s %s\n", l.A, l.B)
	}
	return b.Bytes()
}

// BenchmarkLoadAndPlan reads a fabric and plans it, without its routes.
func BenchmarkLoadAndPlan(b *testing.B) {
	for _, form := range []struct {
		name string
		text func(testing.TB, int, int, int) []byte
	}{
		{"ranges", func(_ testing.TB, s, l, n int) []byte { return clos(s, l, n) }},
		{"written", writtenOut},
	} {
		for _, s := range sizes {
			text := form.text(b, s.spines, s.leafs, s.nodes)
			links := s.spines*s.leafs + 2*s.nodes
			b.Run(fmt.Sprintf("%s/links=%d", form.name, links), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					f, err := model.Load("large", text)
					if err != nil {
						b.Fatal(err)
					}
					p, findings := model.NewPlan(f)
					if len(p.Links) != links || len(p.Sessions) != 2*links || len(findings) > 0 {
						b.Fatalf("%d links, %d session ends, %v", len(p.Links), len(p.Sessions), findings)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(links), "ns/link")
			})
		}
	}
}

// BenchmarkSet changes one value of a fabric in which everything is written out.
func BenchmarkSet(b *testing.B) {
	for _, s := range sizes {
		text := writtenOut(b, s.spines, s.leafs, s.nodes)
		links := s.spines*s.leafs + 2*s.nodes
		b.Run(fmt.Sprintf("links=%d", links), func(b *testing.B) {
			d := model.ParseDocument("large", text)
			for b.Loop() {
				if err := d.Set("leafs[7].mgmt", "192.0.2.1"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(links), "ns/link")
		})
	}
}
