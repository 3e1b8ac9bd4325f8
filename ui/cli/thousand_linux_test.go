package cli

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/model/modeltest"
)

// BenchmarkSimulated does with a simulated lab what its user does, the lab in a
// process of its own: it starts it, pushes to all, pushes again, and asks for
// the status twice. Beside the seconds of each it prints the most memory that
// the lab's process had until then.
func BenchmarkSimulated(b *testing.B) {
	for _, n := range []struct{ leafs, nodes int }{{10, 80}, {192, 800}} {
		b.Run(fmt.Sprint(8+n.leafs+n.nodes), func(b *testing.B) {
			for b.Loop() {
				simulated(b, modeltest.Fabric(8, n.leafs, n.nodes))
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func simulated(b *testing.B, fabric string) {
	f := newBench(b, "article")
	f.name = "sized"
	f.write("fabric.yaml", fabric)
	cmd := f.command("lab", "up", "--backend", "sim")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	said := bufio.NewScanner(stderr)
	for up := false; !up; up = strings.Contains(said.Text(), "leave it running") {
		if !said.Scan() {
			b.Fatal("the lab does not start")
		}
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
