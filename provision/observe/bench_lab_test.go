//go:build linux

package observe_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
	"closup/provision/observe"
)

// These measure, and assert nothing about time: `make bench-observe` runs them
// and prints what they saw.

func needBench(t *testing.T) {
	if os.Getenv("CLOSUP_BENCH") == "" {
		t.Skip("`make bench-observe` runs it")
	}
}

// What a watch costs the devices, and how soon it shows that a link or a session
// is lost, or that a route came.
func TestBenchWatch(t *testing.T) {
	needBench(t)
	s := newSite(t, "reference", preset(t, "reference"))
	span := time.Minute
	idle := s.cost(span)
	_, until := s.watch()
	all := until("as expected", observe.Status.AsExpected).Summary.SessionsEstablished
	// The watch goes on while it is measured: somebody must take what it says.
	watched := s.costWhile(span, func(stop <-chan struct{}) {
		until("over", func(observe.Status) bool {
			select {
			case <-stop:
				return true
			default:
				return false
			}
		})
	})
	var worst string
	for name := range watched {
		if worst == "" || watched[name] > watched[worst] {
			worst = name
		}
	}
	t.Logf("CPU of a device's processes over %v, in %% of a core: %.2f not watched, %.2f watched (mean of %d), at most %.2f (%s)",
		span, mean(idle), mean(watched), len(watched), watched[worst], worst)

	// The clock starts in the device, when the command has returned. A route is
	// told by a node, and looked for at a leaf two hops on.
	node, _ := s.plan.Device("server01")
	pods := node.PodCIDRs[0]
	s.run("server01", "sh", "-c", "ip route del blackhole "+pods.String()+" 2>/dev/null; true")
	known := func(st observe.Status) bool {
		return slices.ContainsFunc(st.Routes, func(r observe.RouteStatus) bool { return r.Device == "leaf04" && r.Prefix == pods && r.ActualPaths > 0 })
	}
	conf := func(asn uint32, lines ...string) []string {
		argv := []string{"vtysh", "-c", "configure terminal", "-c", fmt.Sprintf("router bgp %d", asn)}
		for _, l := range lines {
			argv = append(argv, "-c", l)
		}
		return argv
	}
	leaf, _ := s.plan.Device("leaf01")
	for _, c := range []struct {
		what, device string
		do, undo     []string
		shown        func(observe.Status) bool
	}{
		{"a link that goes down", "leaf01", []string{"ip", "link", "set", "swp51", "down"}, []string{"ip", "link", "set", "swp51", "up"}, ends(all - 2)},
		{"a session that is shut down", "leaf01", conf(leaf.ASN, "neighbor swp52 shutdown"), conf(leaf.ASN, "no neighbor swp52 shutdown"), ends(all - 2)},
		{"a new route", "server01", []string{"ip", "route", "add", "blackhole", pods.String()}, []string{"ip", "route", "del", "blackhole", pods.String()}, known},
	} {
		var took []time.Duration
		for range 20 {
			until("as expected", func(st observe.Status) bool { return st.AsExpected() && !known(st) })
			s.run(c.device, c.do...)
			begin := time.Now()
			st := until("shown", c.shown)
			took = append(took, max(0, st.At.Sub(begin)))
			s.run(c.device, c.undo...)
		}
		slices.Sort(took)
		t.Logf("%s shows, at both ends or two hops on, after %v (median of %d), %v (worst)",
			c.what, took[len(took)/2].Round(time.Millisecond), len(took), took[len(took)-1].Round(time.Millisecond))
	}
}

func mean(of map[string]float64) float64 {
	sum := 0.0
	for _, v := range of {
		sum += v
	}
	return sum / float64(len(of))
}

func (s *site) cost(span time.Duration) map[string]float64 {
	return s.costWhile(span, func(stop <-chan struct{}) { <-stop })
}

// costWhile is what the processes of each device took while do ran, in percent
// of a core.
func (s *site) costWhile(span time.Duration, do func(stop <-chan struct{})) map[string]float64 {
	s.Helper()
	before, begin := s.cpu(), time.Now()
	stop := make(chan struct{})
	time.AfterFunc(span, func() { close(stop) })
	do(stop)
	after, took := s.cpu(), time.Since(begin)
	out := map[string]float64{}
	for name := range after {
		out[name] = 100 * (after[name] - before[name]).Seconds() / took.Seconds()
	}
	return out
}

// cpu is what all processes of each device have taken so far: those that run,
// to the nanosecond, and those that were waited for (proc(5): schedstat, and
// cutime and cstime of stat).
func (s *site) cpu() map[string]time.Duration {
	s.Helper()
	const script = `for p in /proc/[0-9]*; do
	cat $p/task/*/schedstat 2>/dev/null | while read run rest; do echo run $run; done
	sed 's/.*) //' $p/stat 2>/dev/null | while read a b c d e f g h i j k l m n o rest; do echo dead $n $o; done
done`
	out := map[string]time.Duration{}
	for _, d := range s.plan.Devices {
		var sum time.Duration
		for line := range strings.Lines(s.run(d.Name, "sh", "-c", script)) {
			words := strings.Fields(line)
			for _, w := range words[1:] {
				n, _ := strconv.ParseInt(w, 10, 64)
				if words[0] == "dead" {
					n *= int64(time.Second) / 100 // USER_HZ
				}
				sum += time.Duration(n)
			}
		}
		out[d.Name] = sum
	}
	return out
}

// fifty is a fabric of 4 spines, 16 leafs and 30 nodes.
func fifty() []byte {
	return []byte(`version: 1
name: fifty
asn: {spines: 65001+, leafs: 65101+, nodes: 65201+}
loopbacks: {spines: 10.1.1.0/24, leafs: 10.1.2.0/24, nodes: 10.1.3.0/24}
pods: 10.244.0.0/16
services: 10.233.0.0/18
access: {user: admin}
spines: [{name: "spine[1-4]", mgmt: "192.168.200.[1-4]"}]
leafs: [{name: "leaf[01-16]", mgmt: "192.168.200.[11-26]"}]
nodes: [{name: "node[01-30]", mgmt: "192.168.200.[31-60]", roles: [worker]}]
`)
}

// A full refresh of 50 devices, beside Ansible's of the same shows.
func TestBenchAnsible(t *testing.T) {
	needBench(t)
	program, err := exec.LookPath("ansible")
	if err != nil {
		t.Fatalf("%v: `.ci/needs test` installs ansible-core", err)
	}
	s := newSite(t, "fifty", fifty())

	dir := t.TempDir()
	hosts := filepath.Join(dir, "lab.json")
	python := map[string]any{"ansible_python_interpreter": "/usr/bin/python3"}
	if err := os.WriteFile(hosts, labtest.Inventory(t, s.plan, s.lab, python), 0o600); err != nil {
		t.Fatal(err)
	}
	const bgp = "vtysh -c 'show version' -c 'show bgp summary json' -c 'show bgp ipv4 unicast json' -c 'show bgp ipv6 unicast json'"
	const all = bgp + "; ip -j -4 route show; ip -j -6 route show; ip -j addr show; ip -j -6 neigh show"
	theirs := func(module, c string) func() time.Duration {
		return func() time.Duration {
			begin := time.Now()
			cmd := exec.CommandContext(t.Context(), program, "all", "-i", hosts, "-b", "-f", "25", "-T", "60", "-o", "-m", module, "-a", c)
			cmd.Env = append(os.Environ(), "ANSIBLE_PIPELINING=1", "ANSIBLE_HOST_KEY_CHECKING=True", "ANSIBLE_SSH_RETRIES=3",
				"ANSIBLE_LOCAL_TEMP="+dir, "ANSIBLE_SSH_CONTROL_PATH_DIR="+filepath.Join(dir, "cp"), "HOME="+dir)
			out, err := cmd.CombinedOutput()
			if n := strings.Count(string(out), "CHANGED"); err != nil || n != len(s.plan.Devices) {
				for line := range strings.Lines(string(out)) {
					if !strings.Contains(line, "CHANGED") {
						t.Logf("%.300s", line)
					}
				}
				t.Fatalf("ansible: %v, %d of %d devices", err, n, len(s.plan.Devices))
			}
			return time.Since(begin)
		}
	}

	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()
	ours := func() time.Duration {
		begin := time.Now()
		snapshot := o.Examine(t.Context()) // everything, and more
		took := time.Since(begin)
		for _, d := range snapshot.Devices {
			if !d.Reachable || len(d.Routes) == 0 {
				t.Fatalf("%s: %v, %d routes", d.Name, d.Err, len(d.Routes))
			}
		}
		return took
	}
	round := func() time.Duration {
		begin := time.Now()
		snapshot := o.Round(t.Context())
		took := time.Since(begin)
		for _, d := range snapshot.Devices {
			if !d.Reachable || len(d.Routes) == 0 {
				t.Fatalf("%s: %v, %d routes", d.Name, d.Err, len(d.Routes))
			}
		}
		return took
	}
	for _, row := range []struct {
		name string
		a, b func() time.Duration
	}{
		{"the first time, with connections; one shell for all shows", round, theirs("shell", all)},
		{"again, connections held; all read anew, and the evidence of a diagnosis", ours, theirs("shell", all)},
		{"opening what a watch holds; -m command, BGP's shows alone", round, theirs("command", bgp)},
		{"again, as a watch does it; the same", round, theirs("command", bgp)},
	} {
		a, b := row.a(), row.b()
		t.Logf("50 devices: closup %6.2f s, ansible %6.2f s, %5.0f times: %s", a.Seconds(), b.Seconds(), b.Seconds()/a.Seconds(), row.name)
	}
}
