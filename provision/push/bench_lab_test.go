//go:build linux

package push_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/model"
	"closup/render"
)

// measured is what one run cost. A device's work is CPU time of all processes in
// it, and on one machine it takes from the operator's.
type measured struct{ wall, operator, devices time.Duration }

// beyond is the time that the devices' own work does not account for.
func (m measured) beyond() time.Duration {
	return max(0, m.wall-m.devices/time.Duration(runtime.NumCPU()))
}

// step is one of the pushes in turn.
type step struct {
	name, only string
	connect    int // the line that it changes: the timer of connections
}

// rival is one of those that push, with a fresh lab.
type rival struct {
	*site
	dir     string
	command func(fabric string, only string) (name string, argv []string)
}

// TestBenchAnsible pushes to 10 and to 50 real devices with closup and with
// Ansible, each to a fresh lab, one step of one of them at a time: the first
// push, one that changes nothing, one line on every device, one line on one.
// After each step both labs must hold the same files and run the same. It
// measures, and asserts nothing about time: `make bench-push` runs it.
func TestBenchAnsible(t *testing.T) {
	if os.Getenv("CLOSUP_BENCH") == "" {
		t.Skip("`make bench-push` runs it")
	}
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		t.Fatalf("%v: `.ci/needs test` installs ansible-core", err)
	}
	closup := program(t)
	for _, n := range []struct{ spines, leafs, nodes int }{{2, 4, 4}, {4, 16, 30}} {
		devices := n.spines + n.leafs + n.nodes
		t.Run(strconv.Itoa(devices), func(t *testing.T) {
			fabric := func(connect int) string {
				return fmt.Sprintf(`version: 1
name: push-bench
asn: {spines: 65001+, leafs: 65101+, nodes: 65201+}
loopbacks: {spines: 10.1.1.0/24, leafs: 10.1.2.0/24, nodes: 10.1.3.0/24}
pods: 10.244.0.0/16
services: 10.233.0.0/18
timers: {keepalive: 3, hold: 9, connect: %d}
access: {user: admin}
network: {nodes: ifupdown2}
spines: [{name: "spine[1-%d]"}]
leafs: [{name: "leaf[01-%02d]"}]
nodes: [{name: "node[01-%02d]"}]
`, connect, n.spines, n.leafs, n.nodes)
			}
			var cost [2]map[string]measured
			var state [2]map[string]string
			steps := []step{{"first push", "", 10}, {"no-op push", "", 10}, {"one line everywhere", "", 7}, {"one line on leaf01", "leaf01", 5}}
			for i, name := range []string{"closup", "ansible"} {
				cost[i], state[i] = map[string]measured{}, map[string]string{}
				t.Run(name, func(t *testing.T) {
					r := newRival(t, name, closup, fabric(steps[0].connect))
					for _, step := range steps {
						m := r.step(fabric(step.connect), step.only)
						cost[i][step.name] = m
						load, _ := os.ReadFile("/proc/loadavg")
						t.Logf("%d devices, %s: %s: %.2f s, operator %.2f CPU-s, devices %.2f CPU-s (load %.4s)",
							devices, step.name, name, m.wall.Seconds(), m.operator.Seconds(), m.devices.Seconds(), load)
						state[i][step.name] = r.all()
					}
				})
			}
			least := floor(t, closup, fabric, steps, state[0])
			for _, step := range steps {
				if m, ok := least[step.name]; ok {
					t.Logf("%d devices, %s: a bare reload: %.2f s, devices %.2f CPU-s, beyond %.2f s", devices, step.name, m.wall.Seconds(), m.devices.Seconds(), m.beyond().Seconds())
				}
				a, b := cost[0][step.name], cost[1][step.name]
				if a.wall == 0 || b.wall == 0 {
					t.Fatal("not both were measured")
				}
				if d := cmp.Diff(state[0][step.name], state[1][step.name]); d != "" {
					t.Errorf("after the %s the two labs differ: %s", step.name, d)
				}
				t.Logf("| %d | %s | %.2f | %.2f | %.0f | %.2f | %.2f | %.0f | %.2f | %.2f | %.2f | %.2f | %.0f |", devices, step.name,
					a.wall.Seconds(), b.wall.Seconds(), b.wall.Seconds()/a.wall.Seconds(),
					a.operator.Seconds(), b.operator.Seconds(), b.operator.Seconds()/a.operator.Seconds(),
					a.devices.Seconds(), b.devices.Seconds(), a.beyond().Seconds(), b.beyond().Seconds(), b.beyond().Seconds()/a.beyond().Seconds())
			}
		})
	}
}

// program is closup, built as its users build it.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "closup")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", path, "closup").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// all is what every device holds and runs.
func (r *rival) all() string {
	var all strings.Builder
	for _, d := range r.plan.Devices {
		fmt.Fprintf(&all, "=== %s\n%s", d.Name, r.portrait(d.Name))
	}
	return all.String()
}

// newRival brings a lab up.
func newRival(t *testing.T, name, closup, text string) *rival {
	t.Helper()
	s := &site{t: t, text: text, endpoints: map[string]model.Endpoint{}}
	r := &rival{site: s, dir: t.TempDir()}
	s.plan = r.planned(text)
	s.lab = labtest.Up(t, s.plan, netns.Options{})
	for _, target := range s.targets() {
		s.endpoints[target.Device.Name] = target.Endpoint
	}
	r.command = map[string]func(string, string) (string, []string){
		"closup": func(fabric, only string) (string, []string) {
			argv := []string{"push", "--lab", "--yes", "-o", "json", "-f", fabric}
			if only != "" {
				argv = append(argv, "--only", only)
			}
			return closup, argv
		},
		"ansible": func(_, only string) (string, []string) {
			argv := []string{"site.yml", "-i", "inventory.yml", "-i", "lab.json", "--forks", strconv.Itoa(min(len(r.plan.Devices), 25)), "-e", `{"closup_serial": ["100%"]}`}
			if only != "" {
				argv = append(argv, "--limit", only)
			}
			return "ansible-playbook", argv
		},
	}[name]
	r.write("lab.json", labtest.Inventory(r.t, r.plan, r.lab, map[string]any{"ansible_python_interpreter": "/usr/bin/python3"}))
	return r
}

func (r *rival) planned(text string) *model.Plan {
	r.t.Helper()
	fabric, err := model.Load("push-bench", []byte(text))
	if err != nil {
		r.t.Fatal(err)
	}
	plan, _ := model.NewPlan(fabric)
	return plan
}

func (r *rival) write(name string, body []byte) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// step writes what the fabric asks, and runs the command once.
func (r *rival) step(text, only string) measured {
	r.t.Helper()
	fabric := r.write("fabric.yaml", []byte(text))
	target, _ := render.TargetNamed("ansible")
	for f, err := range target.Files(r.planned(text)) {
		if err != nil {
			r.t.Fatal(err)
		}
		r.write(f.Path, f.Body)
	}
	time.Sleep(3 * time.Second) // what the step before began comes to rest
	ctx, cancel := context.WithTimeout(r.t.Context(), 15*time.Minute)
	defer cancel()
	name, argv := r.command(fabric, only)
	control := filepath.Join(r.dir, "c")
	cmd := exec.CommandContext(ctx, name, argv...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "ANSIBLE_HOME="+r.dir, "ANSIBLE_LOCAL_TEMP="+r.dir, "ANSIBLE_NOCOLOR=1", "ANSIBLE_NOCOWS=1",
		"ANSIBLE_PIPELINING=1", "ANSIBLE_SSH_CONTROL_PATH_DIR="+control, "ANSIBLE_SSH_ARGS=-F /dev/null -o ControlMaster=auto -o ControlPersist=60s")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second
	before, begin := r.work(), time.Now()
	err := cmd.Run()
	m := measured{wall: time.Since(begin), devices: r.work() - before}
	if err != nil {
		r.t.Fatalf("%s %v: %v\n%s", name, argv, err, out.String())
	}
	m.operator = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime() + cpuOf(masters(control))
	labtest.HangUp(r.t, control)
	return m
}

// work is what all processes of all devices have taken so far, with those that
// ended: whoever waited for them has their time, in the end the device's PID 1.
func (r *rival) work() time.Duration {
	r.t.Helper()
	states, err := r.lab.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	inside := map[string]bool{}
	for _, s := range states {
		if ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", s.PID)); err == nil {
			inside[ns] = true
		}
	}
	if len(inside) != len(r.plan.Devices) {
		r.t.Fatalf("%d devices run, of %d", len(inside), len(r.plan.Devices))
	}
	return cpuOf(processes(func(dir string) bool {
		ns, _ := os.Readlink(dir + "/ns/pid")
		return inside[ns]
	}))
}

// processes are the directories in /proc of which is holds.
func processes(is func(dir string) bool) []string {
	all, _ := filepath.Glob("/proc/[0-9]*")
	return slices.DeleteFunc(all, func(dir string) bool { return !is(dir) })
}

// masters are the processes in which Ansible's ssh holds its connections. They
// are detached, so nobody waits for them.
func masters(control string) []string {
	return processes(func(dir string) bool {
		line, _ := os.ReadFile(dir + "/cmdline")
		return strings.HasPrefix(string(line), "ssh: "+control)
	})
}

// cpuOf adds up what processes took, and what those took that they waited for:
// fields 14 to 17 of proc_pid_stat(5).
func cpuOf(dirs []string) (sum time.Duration) {
	for _, dir := range dirs {
		stat, _ := os.ReadFile(dir + "/stat")
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for i := 11; i < 15 && i < len(fields); i++ {
			n, _ := strconv.ParseInt(fields[i], 10, 64)
			sum += time.Duration(n) * time.Second / 100 // USER_HZ
		}
	}
	return sum
}
