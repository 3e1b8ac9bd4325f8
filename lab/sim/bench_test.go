package sim_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/lab/sim"
	"closup/model"
)

// thousand is a fabric of 8 spines, 192 leafs and 800 nodes.
func thousand(t testing.TB) *model.Plan {
	t.Helper()
	text := `version: 1
name: thousand
asn: {spines: 4200000001+, leafs: 4200001001+, nodes: 4200002001+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.4.0/22, nodes: 10.1.8.0/21}
pods: 10.240.0.0/12
services: 10.233.0.0/18
ports: {spines: {downlinks: "swp[1-192]"}}
spines: [{name: "spine[1-8]"}]
leafs: [{name: "leaf[001-192]", rack: "r[001-192]"}]
nodes:
`
	var b strings.Builder
	for i := range 800 {
		fmt.Fprintf(&b, "  - {name: node%04d, rack: r%03d}\n", i+1, i%192+1)
	}
	f, err := model.Load("thousand.yaml", []byte(text+b.String()))
	if err != nil {
		t.Fatal(err)
	}
	plan, _ := model.NewPlan(f)
	return plan
}

// TestThousand: 1,000 devices start in 3 s and stay below 1 GiB.
func TestThousand(t *testing.T) {
	plan := thousand(t)
	if len(plan.Devices) != 1000 {
		t.Fatalf("%d devices", len(plan.Devices))
	}
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
