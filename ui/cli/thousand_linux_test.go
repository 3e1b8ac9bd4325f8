package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sized is a fabric of 8 spines, a leaf for every rack and so many nodes.
func sized(leafs, nodes int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `version: 1
name: sized
asn: {spines: 4200000001+, leafs: 4200001001+, nodes: 4200002001+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.4.0/22, nodes: 10.1.8.0/21}
pods: 10.240.0.0/12
services: 10.233.0.0/18
ports: {spines: {downlinks: "swp[1-192]"}}
network: {nodes: ifupdown2}
spines: [{name: "spine[1-8]"}]
leafs: [{name: "leaf[001-%03d]", rack: "r[001-%03[1]d]"}]
nodes:
`, leafs)
	for i := range nodes {
		fmt.Fprintf(&b, "  - {name: node%04d, rack: r%03d}\n", i+1, i%leafs+1)
	}
	return b.String()
}

// BenchmarkSimulated does with a simulated lab what its user does, the lab in a
// process of its own: it starts it, pushes to all, pushes again, and asks for
// the status twice. Beside the seconds of each it prints the most memory that
// the lab's process had until then.
func BenchmarkSimulated(b *testing.B) {
	for _, n := range []struct{ leafs, nodes int }{{10, 80}, {192, 800}} {
		b.Run(fmt.Sprint(8+n.leafs+n.nodes), func(b *testing.B) {
			for b.Loop() {
				simulated(b, sized(n.leafs, n.nodes))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func simulated(b *testing.B, fabric string) {
	f := newBench(b, "article")
	f.name = "sized"
	f.write("fabric.yaml", fabric)
	errs, err := os.Create(filepath.Join(f.dir, "lab.err"))
	if err != nil {
		b.Fatal(err)
	}
	defer errs.Close()
	cmd := f.command("lab", "up", "--backend", "sim")
	cmd.Stderr = errs
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	said := func() string {
		data, _ := os.ReadFile(errs.Name())
		return string(data)
	}
	for !strings.Contains(said(), "leave it running") {
		if time.Since(begin) > time.Minute {
			b.Fatalf("the lab does not start: %s", said())
		}
		time.Sleep(10 * time.Millisecond)
	}
	step := func(name string, args ...string) {
		if len(args) > 0 {
			begin = time.Now()
			f.ok(args...)
		}
		b.ReportMetric(time.Since(begin).Seconds(), name+"-s")
		b.ReportMetric(float64(peak(b, cmd.Process.Pid)), name+"-MiB")
	}
	step("up")
	step("push", "push", "--lab", "--yes")
	for deadline := time.Now().Add(10 * time.Minute); ; {
		out, told, status := f.run("status", "--lab", "-o", "json")
		if status == statusOK {
			break
		}
		if time.Now().After(deadline) {
			b.Fatalf("the status is not as expected: %s%s", told, out[max(0, len(out)-500):])
		}
	}
	step("unchanged", "push", "--lab", "--yes")
	step("status", "status", "--lab")
}

// peak is the most memory that a process ever had in use, in MiB (VmHWM of
// proc_pid_status(5)).
func peak(b *testing.B, pid int) (mib int) {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "VmHWM:")
	if _, err := fmt.Sscanf(after, "%d kB", &mib); err != nil {
		b.Fatalf("%s: %v", data, err)
	}
	return mib >> 10
}
