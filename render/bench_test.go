package render_test

import (
	"fmt"
	"iter"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/model"
	"closup/render"
)

// largeFabric is 32 spines, and so many leafs and dual-homed nodes.
func largeFabric(t testing.TB, leafs, nodes int) *model.Plan {
	return planOf(t, "large", fmt.Appendf(nil, `version: 1
name: large
asn: {spines: "65000", leafs: 4200000001+, nodes: 4210000001+}
loopbacks: {spines: 10.0.0.0/24, leafs: 10.1.0.0/16, nodes: 10.2.0.0/16}
pods: 100.64.0.0/10
services: 10.96.0.0/12
platform: {spines: debian, leafs: debian, nodes: debian}
ports: {spines: {downlinks: "swp[1-1000]"}, leafs: {uplinks: "swp[101-132]", downlinks: "swp[1-100]"}}
spines: [{name: "spine[1-32]"}]
leafs: [{name: "leaf[1-%d]"}]
nodes: [{name: "node[1-%d]", homes: 2}]
`, leafs, nodes))
}

// cpu is the processor time that this process has taken. On a machine that
// others use too it says more than the clock.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// heap is what is in use, in MiB, with what is not collected yet.
func heap() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}

// BenchmarkRender streams every file of 32 spines, 1,000 leafs and 10,000
// dual-homed nodes. peak-MiB is how much the heap held at most beside the plan.
func BenchmarkRender(b *testing.B) { benchmarkTarget(b, "devices", largeFabric(b, 1000, 10000)) }

// BenchmarkReport and BenchmarkDiagram are of 1,000 leafs and 3,000 nodes.
func BenchmarkReport(b *testing.B) { benchmarkTarget(b, "report", largeFabric(b, 1000, 3000)) }

func BenchmarkDiagram(b *testing.B) { benchmarkTarget(b, "diagram", largeFabric(b, 1000, 3000)) }

func benchmarkTarget(b *testing.B, name string, p *model.Plan) {
	target, ok := render.TargetNamed(name)
	if !ok {
		b.Fatal(name)
	}
	runtime.GC()
	beside, peak := heap(), 0.0
	bytes, files, start := 0, 0, cpu(b)
	b.ReportAllocs()
	for b.Loop() {
		for f, err := range target.Files(p) {
			if err != nil {
				b.Fatal(err)
			}
			bytes += len(f.Body)
			if files++; files%500 == 0 || len(f.Body) > 1<<20 {
				peak = max(peak, heap()-beside)
			}
		}
	}
	n := float64(b.N)
	b.ReportMetric(float64(files)/n, "files")
	b.ReportMetric(float64(bytes)/n/(1<<20), "MiB")
	b.ReportMetric((cpu(b)-start).Seconds()/n, "cpu-s/op")
	b.ReportMetric(peak, "peak-MiB")
}

// TestStreams: files are made one after another, so that what is held does not
// grow with the fabric; and the first is there before the last is made.
func TestStreams(t *testing.T) {
	p := largeFabric(t, 100, 1000)
	if n := len(p.Devices); n != 1132 {
		t.Fatalf("%d devices", n)
	}
	held := func(target render.Target) (most float64, bytes int) {
		runtime.GC()
		beside, files := heap(), 0
		for f, err := range target.Files(p) {
			if err != nil {
				t.Fatal(err)
			}
			bytes += len(f.Body)
			if files++; files%2000 == 0 {
				runtime.GC()
				most = max(most, heap()-beside)
			}
		}
		return most, bytes
	}
	devices, _ := render.TargetNamed("devices")
	most, bytes := held(devices)
	if bytes < 5<<20 || most > 1 {
		t.Errorf("of %d bytes %.1f MiB are held", bytes, most)
	}
	// The same measure sees a target that keeps all it made.
	keeps := devices
	keeps.Files = func(p *model.Plan, names ...string) iter.Seq2[render.File, error] {
		return func(yield func(render.File, error) bool) {
			var kept []render.File
			for f, err := range devices.Files(p, names...) {
				kept = append(kept, f)
				if !yield(f, err) {
					return
				}
			}
			runtime.KeepAlive(kept)
		}
	}
	if most, _ := held(keeps); most < 2 {
		t.Errorf("a target that keeps everything holds %.1f MiB", most)
	}
	first := ""
	for f := range devices.Files(p) {
		first = f.Path
		break
	}
	if !strings.HasPrefix(first, p.Devices[0].Name+"/") {
		t.Errorf("the first file is %q", first)
	}
}
