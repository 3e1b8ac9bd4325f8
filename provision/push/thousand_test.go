package push

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"closup/model"
	"closup/model/modeltest"
)

// planOfSize is one whose routers wait so many seconds before they connect again.
func planOfSize(tb testing.TB, spines, leafs, nodes, connect int) *model.Plan {
	tb.Helper()
	return modeltest.Plan(tb, spines, leafs, nodes, fmt.Sprintf("timers: {keepalive: 3, hold: 9, connect: %d}", connect))
}

// BenchmarkThousand pushes to 1,000 devices of this process, each command and
// each login of which takes 300 ms: to bare ones, again with nothing to do, and a
// changed line to each while they carry traffic, which takes waves.
func BenchmarkThousand(b *testing.B) {
	first, second := planOfSize(b, 8, 192, 800, 10), planOfSize(b, 8, 192, 800, 7)
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
