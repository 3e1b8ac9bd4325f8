//go:build linux

package observe_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/assets"
	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/provision/ssh"
)

func TestMain(m *testing.M) {
	os.Exit(labtest.Main(m))
}

// site is a lab of real FRR that is configured.
type site struct {
	testing.TB
	plan      *model.Plan
	routes    []model.Route
	lab       *netns.Lab
	transport *ssh.Transport
	endpoints map[string]model.Endpoint
}

func preset(t testing.TB, name string) []byte {
	t.Helper()
	data, err := assets.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// newSite brings a lab up and pushes to it.
func newSite(t testing.TB, name string, data []byte) *site {
	t.Helper()
	fabric, err := model.Load(name, data)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{TB: t, transport: ssh.New(ssh.Config{}), endpoints: map[string]model.Endpoint{}}
	s.plan, _ = model.NewPlan(fabric)
	s.plan.Name = "observe-test"
	s.routes = s.plan.Routes()
	s.lab = labtest.Up(t, s.plan, netns.Options{})
	targets := labtest.Targets(t, s.plan, s.lab)
	for _, target := range targets {
		s.endpoints[target.Device.Name] = target.Endpoint
	}
	// A busy machine may drop a login of many at once: who was left out has
	// another go.
	for try := 1; len(targets) > 0; try++ {
		failed := map[string]string{}
		for e := range push.Run(t.Context(), s.transport, targets, push.Options{Sessions: 3 * time.Minute, Parallel: 10}) {
			if e.Kind == push.Done && e.Report.Result != push.Changed && e.Report.Result != push.Unchanged {
				failed[e.Device] = string(e.Report.Result) + " " + e.Report.Error
			}
		}
		targets = slices.DeleteFunc(targets, func(g push.Target) bool { return failed[g.Device.Name] == "" })
		if len(targets) > 0 && try == 3 {
			t.Fatalf("not configured: %v", failed)
		}
	}
	return s
}

const sudoPassword = "sudopass-KV81"

// sudoAsks makes sudo of a device want a password, which the transport has.
func (s *site) sudoAsks(device string) {
	s.Helper()
	user := s.endpoints[device].User
	s.run(device, "sh", "-c", fmt.Sprintf("echo '%[1]s:%[2]s' | chpasswd && printf '%%s\\n' '%[1]s ALL=(ALL:ALL) ALL' 'Defaults logfile=/var/log/sudo.log' >/etc/sudoers.d/closup-lab", user, sudoPassword))
	s.transport = ssh.New(ssh.Config{Secrets: &provision.Secrets{Ask: func(context.Context, provision.Question) (provision.Secret, error) {
		return provision.NewSecret(sudoPassword), nil
	}}})
}

// run executes in a device, as root and not through SSH.
func (s *site) run(device string, argv ...string) string {
	s.Helper()
	var out, stderr bytes.Buffer
	if status, err := s.lab.Exec(s.Context(), device, argv, nil, &out, &stderr); err != nil || status != 0 {
		s.Fatalf("%s: %s: status %d, %v: %s%s", device, strings.Join(argv, " "), status, err, out.String(), stderr.String())
	}
	return out.String()
}

// watch begins one; until waits for a snapshot that is as asked for.
func (s *site) watch() (o *observe.Observer, until func(what string, good func(observe.Status) bool) observe.Status) {
	s.Helper()
	o = observe.New(s.transport, s.plan, s.endpoints)
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(func() {
		cancel()
		o.Close()
	})
	rounds := o.Watch(ctx, time.Second)
	return o, func(what string, good func(observe.Status) bool) observe.Status {
		s.Helper()
		var last observe.Status
		limit := time.After(2 * time.Minute)
		for {
			select {
			case snapshot := <-rounds:
				if last = observe.Compare(s.plan, s.routes, snapshot); good(last) {
					return last
				}
			case <-limit:
				s.Fatalf("never %s: %+v, %+v", what, last.Summary, last.Devices)
			}
		}
	}
}

func ends(n int) func(observe.Status) bool {
	return func(st observe.Status) bool { return st.Summary.SessionsEstablished == n }
}

// device finds one in a status.
func device(st observe.Status, name string) observe.DeviceStatus {
	i := slices.IndexFunc(st.Devices, func(d observe.DeviceStatus) bool { return d.Name == name })
	return st.Devices[i]
}

// What really happens to devices shows, and none hides the others.
func TestLabWatch(t *testing.T) {
	s := newSite(t, "article", preset(t, "article"))
	s.sudoAsks("leaf2")
	o, until := s.watch()
	all := until("as expected", observe.Status.AsExpected).Summary.SessionsEstablished

	t.Run("what a router of many paths is asked tells the same", func(t *testing.T) {
		for _, d := range s.plan.Devices {
			fib, err := observe.ParseKernel([]byte(s.run(d.Name, "ip", "-j", "-4", "route", "show")))
			if err != nil {
				t.Fatal(err)
			}
			whole, err := observe.ParseTable([]byte(s.run(d.Name, "vtysh", "-c", "show bgp ipv4 unicast json")), fib)
			if err != nil {
				t.Fatal(err)
			}
			own, err := observe.ParseTable([]byte(s.run(d.Name, "vtysh", "-c", observe.ShowOwn4)), fib)
			if err != nil || len(own) == 0 {
				t.Fatalf("%s begins no route: %v", d.Name, err)
			}
			brief := map[string]int{}
			for _, r := range append(own, observe.Kernels(fib, own)...) {
				brief[fmt.Sprint(r.Prefix, r.Local)] = len(r.Paths)
			}
			for _, r := range whole {
				if n := brief[fmt.Sprint(r.Prefix, r.Local)]; n != len(r.Paths) {
					t.Errorf("%s: %v has %d paths of %d", d.Name, r.Prefix, n, len(r.Paths))
				}
			}
			if len(brief) != len(whole) {
				t.Errorf("%s: %d routes of %d", d.Name, len(brief), len(whole))
			}
		}
	})
	t.Run("a link", func(t *testing.T) {
		s.run("leaf1", "ip", "link", "set", "swp1", "down")
		begin := time.Now()
		until("down at both ends", ends(all-2))
		t.Logf("shown after %v", time.Since(begin))
		s.run("leaf1", "ip", "link", "set", "swp1", "up")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("sudo wants a password", func(t *testing.T) {
		// A vtysh is held there as well, so that what happens shows as soon.
		for end := time.Now().Add(time.Minute); s.run("leaf2", "sh", "-c", "pgrep -x vtysh; true") == ""; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("leaf2 holds no vtysh")
			}
		}
		s.run("leaf2", "ip", "link", "set", "swp1", "down")
		begin := time.Now()
		until("down at both ends", ends(all-2))
		t.Logf("shown after %v", time.Since(begin))
		s.run("leaf2", "ip", "link", "set", "swp1", "up")
		until("as expected", observe.Status.AsExpected)
		if log := s.run("leaf2", "cat", "/var/log/sudo.log"); strings.Contains(log, "incorrect") || strings.Contains(log, sudoPassword) {
			t.Errorf("sudo's log:\n%s", log)
		}
		if args := s.run("leaf2", "sh", "-c", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"); strings.Contains(args, sudoPassword) {
			t.Errorf("a process of leaf2 shows the password:\n%s", args)
		}
	})
	t.Run("a held vtysh is killed", func(t *testing.T) {
		s.run("leaf1", "pkill", "-9", "-x", "vtysh")
		s.run("leaf1", "ip", "link", "set", "swp1", "down")
		until("down at both ends", ends(all-2))
		s.run("leaf1", "ip", "link", "set", "swp1", "up")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("bgpd vanishes", func(t *testing.T) {
		s.run("leaf1", "pkill", "-9", "-x", "watchfrr")
		s.run("leaf1", "pkill", "-9", "-x", "bgpd")
		st := until("said", func(st observe.Status) bool {
			d := device(st, "leaf1")
			return d.Reachable && strings.Contains(d.Error, "bgpd is not running")
		})
		if d := device(st, "leaf2"); !d.Reachable {
			t.Errorf("%+v", d)
		}
		s.run("leaf1", "sh", "-c", "/usr/lib/frr/frrinit.sh restart >/dev/null 2>&1 </dev/null")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("bgpd hangs", func(t *testing.T) {
		s.run("leaf1", "pkill", "-9", "-x", "watchfrr") // it would start another
		s.run("leaf1", "pkill", "-STOP", "-x", "bgpd")
		st := until("said", func(st observe.Status) bool {
			d := device(st, "leaf1")
			return d.Reachable && strings.Contains(d.Error, "hangs")
		})
		if d := device(st, "leaf2"); !d.Reachable || d.Age > 10 {
			t.Errorf("%+v", d)
		}
		s.run("leaf1", "pkill", "-CONT", "-x", "bgpd")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("sshd is killed", func(t *testing.T) {
		s.run("leaf1", "pkill", "-9", "-x", "sshd")
		st := until("unreachable, with its last figures' age", func(st observe.Status) bool {
			d := device(st, "leaf1")
			return !d.Reachable && d.Age >= 0 && d.Error != ""
		})
		if d := device(st, "leaf2"); !d.Reachable {
			t.Errorf("%+v", d)
		}
		s.run("leaf1", "/usr/sbin/sshd")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("the device freezes", func(t *testing.T) {
		s.run("leaf1", "sh", "-c", "pkill -STOP -x sshd; pkill -STOP -x sshd-session; true")
		st := until("overdue", func(st observe.Status) bool { return !device(st, "leaf1").Reachable })
		if d := device(st, "leaf2"); !d.Reachable || d.Age > 10 {
			t.Errorf("%+v", d)
		}
		s.run("leaf1", "sh", "-c", "pkill -CONT -x sshd; pkill -CONT -x sshd-session; true")
		until("as expected", observe.Status.AsExpected)
	})
	t.Run("nothing is left", func(t *testing.T) {
		o.Close()
		s.nothingLeft()
	})
}

// nothingLeft waits until no device runs anything of a watch.
func (s *site) nothingLeft() {
	s.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		left := ""
		for _, d := range s.plan.Devices {
			for _, name := range []string{"vtysh", "sudo", "ip", "cat", "sh"} {
				if out := s.run(d.Name, "sh", "-c", fmt.Sprintf("pgrep -x %s | grep -vx $$; true", name)); out != "" {
					left += d.Name + " " + name + " " + strings.TrimSpace(out) + "\n"
				}
			}
		}
		switch {
		case left == "":
			return
		case time.Now().After(end):
			s.Fatalf("left on the devices:\n%s", left)
		}
	}
}
