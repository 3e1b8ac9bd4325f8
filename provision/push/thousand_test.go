package push

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/model"
)

// thousand is a fabric of 8 spines, 192 leafs and 800 nodes.
func thousand(tb testing.TB, connect int) *model.Plan { return planOfSize(tb, 8, 192, 800, connect) }

// planOfSize is one whose routers wait so many seconds before they connect again.
func planOfSize(tb testing.TB, spines, leafs, nodes, connect int) *model.Plan {
	tb.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, `version: 1
name: thousand
timers: {keepalive: 3, hold: 9, connect: %d}
asn: {spines: 4200000001+, leafs: 4200001001+, nodes: 4200002001+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.4.0/22, nodes: 10.1.8.0/21}
pods: 10.240.0.0/12
services: 10.233.0.0/18
ports: {spines: {downlinks: "swp[1-192]"}}
network: {nodes: ifupdown2}
spines: [{name: "spine[1-%d]"}]
leafs: [{name: "leaf[001-%03d]", rack: "r[001-%03[3]d]"}]
nodes:
`, connect, spines, leafs)
	for i := range nodes {
		fmt.Fprintf(&text, "  - {name: node%03d, rack: r%03d}\n", i+1, i%leafs+1)
	}
	fabric, err := model.Load("thousand", []byte(text.String()))
	if err != nil {
		tb.Fatal(err)
	}
	plan, findings := model.NewPlan(fabric)
	if len(plan.Devices) != spines+leafs+nodes {
		tb.Fatalf("%d devices: %v", len(plan.Devices), findings)
	}
	return plan
}

// BenchmarkThousand pushes to 1,000 devices of this process, each command and
// each login of which takes 300 ms: to bare ones, again with nothing to do, and a
// changed line to each while they carry traffic, which takes waves.
func BenchmarkThousand(b *testing.B) {
	first, second := thousand(b, 10), thousand(b, 7)
	for b.Loop() {
		fleetPushes(b, first, second, 300*time.Millisecond, func(step string, f *fleet, push func() (waves int)) {
			peak, begin, used := peakMemory(b), time.Now(), cpuTime(b)
			waves := push()
			took, held := time.Since(begin), peak()>>20
			if held >= 256 {
				b.Errorf("%s: %d MiB, not less than 256", step, held)
			}
			b.ReportMetric(took.Seconds(), step+"-s")
			b.ReportMetric(float64(held), step+"-MiB")
			b.ReportMetric((cpuTime(b) - used).Seconds(), step+"-cpu-s") // the devices' too
			b.ReportMetric(float64(f.steps["leaf100"]), step+"-steps")
			b.Logf("%s: %d waves", step, waves)
		})
	}
}

// TestFleet is the same with 28 devices, so that the benchmark's devices know
// what a push asks of them.
func TestFleet(t *testing.T) {
	fleetPushes(t, planOfSize(t, 2, 6, 20, 10), planOfSize(t, 2, 6, 20, 7), time.Millisecond, func(step string, _ *fleet, push func() (waves int)) {
		if waves := push(); step == "waves" && waves < 4 {
			t.Errorf("all at once, in %d waves, while they carry traffic", waves)
		}
	})
}

// fleetPushes makes the three pushes, around each of which is called what
// measures it.
func fleetPushes(tb testing.TB, first, second *model.Plan, pace time.Duration, around func(step string, f *fleet, push func() (waves int))) {
	before := runtime.NumGoroutine()
	f := newFleet(tb, first, pace)
	for _, step := range []struct {
		name string
		plan *model.Plan
		want Result
	}{{"first", first, Changed}, {"no-op", first, Unchanged}, {"waves", second, Changed}} {
		f.ask(tb, step.plan)
		clear(f.steps)
		done := 0
		around(step.name, f, func() (waves int) {
			for e := range Run(tb.Context(), f, f.targets, Options{Fabric: step.plan.Devices}) {
				switch e.Kind {
				case Waved:
					waves++
				case Done:
					done++
				}
				if e.Kind == Done && (e.Report.Result != step.want || e.Report.Note != "" || e.Report.Retries > 0) {
					tb.Errorf("%s is %s, not %s: %s %s", e.Device, e.Report.Result, step.want, e.Report.Error, e.Report.Note)
				}
			}
			return waves
		})
		if done != len(f.targets) {
			tb.Errorf("%s: %d devices, not %d", step.name, done, len(f.targets))
		}
		f.whole(tb)
	}
	for until := time.Now().Add(time.Second); runtime.NumGoroutine() > before && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	if left := runtime.NumGoroutine() - before; left > 0 || f.Open() > 0 {
		tb.Errorf("%d goroutines and %d connections are left behind", left, f.Open())
	}
}

// cpuTime is what this process has used of processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// whole says that every device holds all its files, byte for byte, and that none
// was told what it does not know.
func (f *fleet) whole(b testing.TB) {
	b.Helper()
	for _, what := range f.strange {
		b.Errorf("a device does not know this: %s", what)
	}
	for i, m := range f.devices {
		for _, a := range f.targets[i].Artifacts {
			want := (&file{Artifact: a}).mode()
			body, err := (&file{Artifact: a}).desired()
			if err != nil {
				b.Fatal(err)
			}
			if got := m.files[a.Path]; !bytes.Equal(got.body, body) || got.mode != want {
				b.Errorf("%s%s is %s, %d bytes, and not %s, %d bytes", m.device.Name, a.Path, got.mode, len(got.body), want, len(body))
			}
		}
	}
}

// peakMemory begins to watch the memory that this process holds, and gives what
// it was at most since then.
func peakMemory(b *testing.B) func() uint64 {
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Logf("the peak is of the whole process: %v", err)
	}
	return func() (kib uint64) {
		status, _ := os.ReadFile("/proc/self/status")
		_, text, _ := bytes.Cut(status, []byte("VmHWM:"))
		_, _ = fmt.Sscan(string(text), &kib)
		return kib << 10
	}
}
