package sim_test

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"closup/lab/sim"
	"closup/model"
	"closup/model/modeltest"
	"closup/provision/observe"
	"closup/provision/push"
)

// thousand is a fabric of 8 spines, 192 leafs and 800 nodes.
func thousand(t testing.TB) *model.Plan { return modeltest.Plan(t, 8, 192, 800) }

// TestThousand: 1,000 devices start in 3 s and stay below 1 GiB.
func TestThousand(t *testing.T) {
	plan := thousand(t)
	begin, before := time.Now(), cpuTime(t)
	l, err := sim.Start(t.Context(), plan, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begin)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("1000 devices in %v, %d MiB from the system", took, m.Sys>>20)
	if m.Sys > 1<<30 {
		t.Errorf("%d MiB are more than 1 GiB", m.Sys>>20)
	}
	// What others do on this machine counts in no clock but the wall's.
	if used := cpuTime(t) - before; used > 15*time.Second { // less than 1 s without the race detector
		t.Errorf("it took %v of CPU time", used)
	}
}

// cpuTime is what this process has used of processors.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkStart starts and ends 1,000 devices.
func BenchmarkStart(b *testing.B) {
	plan := thousand(b)
	for b.Loop() {
		l, err := sim.Start(b.Context(), plan, sim.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// sizes of the benchmarks: what a device costs should not grow with the fabric.
var sizes = []struct{ spines, leafs, nodes int }{{2, 4, 4}, {4, 16, 80}, {8, 64, 300}, {8, 192, 800}}

// BenchmarkPush brings bare devices to their files, and asks them once more
// when nothing differs; both with the CPU time for each device, that of the
// simulated devices included, and what is in memory at the end.
func BenchmarkPush(b *testing.B) {
	for _, n := range sizes {
		devices := n.spines + n.leafs + n.nodes
		for _, want := range []push.Result{push.Changed, push.Unchanged} {
			b.Run(fmt.Sprintf("%d/%s", devices, want), func(b *testing.B) {
				s := newSite(b, modeltest.Plan(b, n.spines, n.leafs, n.nodes))
				s.routes = nil // what is predicted is not the devices'
				if want == push.Unchanged {
					s.push(push.Changed)
				}
				before := cpuTime(b)
				b.ResetTimer()
				for range b.N {
					s.push(want)
				}
				b.ReportMetric((cpuTime(b)-before).Seconds()*1000/float64(b.N*devices), "cpu-ms/device")
				b.ReportMetric(float64(live()>>20), "MiB")
			})
		}
	}
}

// live is what is in use of the heap, in bytes: the devices with their tables,
// and the plan.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkStatus asks all devices: for all they have over new connections, and
// once more over held ones when nothing changed.
func BenchmarkStatus(b *testing.B) {
	for _, n := range sizes {
		devices := n.spines + n.leafs + n.nodes
		b.Run(fmt.Sprint(devices), func(b *testing.B) {
			s := newSite(b, modeltest.Plan(b, n.spines, n.leafs, n.nodes))
			s.push(push.Changed)
			round := func(b *testing.B, o *observe.Observer) {
				snap := o.Round(b.Context())
				sum := observe.Compare(s.plan, s.routes, snap).Summary
				if sum.DevicesUnreachable > 0 || sum.RoutesOK < sum.RoutesExpected {
					for _, d := range snap.Devices {
						if d.Err != nil {
							b.Error(d.Err)
						}
					}
					b.Fatalf("%+v", sum)
				}
			}
			for _, first := range []bool{true, false} {
				b.Run(map[bool]string{true: "first", false: "again"}[first], func(b *testing.B) {
					o := observe.New(s.transport, s.plan, s.endpoints)
					defer func() { o.Close() }()
					for range 2 { // what is held open is, and has been read over
						if !first {
							round(b, o)
						}
					}
					before := cpuTime(b)
					for b.Loop() {
						if first {
							o.Close()
							o = observe.New(s.transport, s.plan, s.endpoints)
						}
						round(b, o)
					}
					b.ReportMetric((cpuTime(b)-before).Seconds()*1000/float64(b.N*devices), "cpu-ms/device")
				})
			}
		})
	}
}
