//go:build linux

package push_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/render"
)

func TestMain(m *testing.M) {
	netns.Init()
	if text := os.Getenv(operating); text != "" {
		os.Exit(operate(text))
	}
	// Most tests wait most of the time, so more of them than there are cores run
	// side by side.
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(strconv.Itoa(max(4, runtime.GOMAXPROCS(0))))
	}
	status := labtest.Main(m)
	// Without the lab a part of them cannot be tried.
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.list").Value.String() == "" && !testing.Short()
	if rows := push.Uncompared(); status == 0 && whole && flag.Lookup("test.fuzz").Value.String() == "" && netns.Check() == nil && len(rows) > 0 {
		fmt.Printf("after the faults %v of docs/push.md no test compared a device with old and new\n", rows)
		status = 1
	}
	os.Exit(status)
}

func TestLabArticle(t *testing.T) {
	t.Parallel()
	s := newSite(t, "article")
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()

	begin := time.Now()
	reports := s.push(t.Context(), s.targets(), push.Options{Sessions: 2 * time.Minute})
	t.Logf("first push with sessions: %v", time.Since(begin))
	s.results(reports, push.Changed)
	for name, r := range reports {
		if r.Note != "" {
			t.Errorf("%s: %s", name, r.Note)
		}
	}

	// Every session, and every predicted route, on real FRR.
	routes := s.plan.Routes()
	var status observe.Status
	for ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute); ; {
		status = observe.Compare(s.plan, routes, o.Round(ctx))
		if status.AsExpected() || ctx.Err() != nil {
			cancel()
			break
		}
	}
	if status.Summary.SessionsEstablished != 10 || !status.AsExpected() {
		t.Fatalf("after the first push: %+v", status)
	}
	if status.Summary.RoutesPending != 0 {
		t.Errorf("%d routes are pending, though every node has a route for its pods", status.Summary.RoutesPending)
	}

	// The paths are the predicted ones, port by port and AS by AS.
	seen := map[model.RouteKey][]model.Path{}
	for _, d := range o.Round(t.Context()).Devices {
		for _, r := range d.Routes {
			seen[model.RouteKey{Device: d.Name, Prefix: r.Prefix}] = r.Paths
		}
	}
	for _, want := range routes {
		got := seen[model.RouteKey{Device: want.Device, Prefix: want.Prefix}]
		byPort := func(a, b model.Path) bool { return a.Port < b.Port }
		if d := cmp.Diff(want.Paths, got, cmpopts.SortSlices(byPort), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s %s: %s", want.Device, want.Prefix, d)
		}
	}

	// Again: nothing to do, and no session noticed.
	before := uptimes(status)
	begin = time.Now()
	s.results(s.push(t.Context(), s.targets(), push.Options{}), push.Unchanged)
	t.Logf("second push: %v", time.Since(begin))
	status = observe.Compare(s.plan, routes, o.Round(t.Context()))
	for key, up := range uptimes(status) {
		if up < before[key] {
			t.Errorf("%v was reset by a push that changed nothing: up %v s, before %v s", key, up, before[key])
		}
	}

	// A change of one line on one device.
	targets := s.targets()
	for i := range targets {
		for j, a := range targets[i].Artifacts {
			if targets[i].Device.Name == "leaf1" && a.Path == "/etc/frr/frr.conf" {
				body := strings.Replace(string(a.Body), "timers connect 10", "timers connect 7", 1)
				if body == string(a.Body) {
					t.Fatal("there is no such line to change")
				}
				targets[i].Artifacts[j].Body = []byte(body)
			}
		}
	}
	before = uptimes(status)
	reports = s.push(t.Context(), targets, push.Options{})
	for name, r := range reports {
		want := push.Unchanged
		if name == "leaf1" {
			want = push.Changed
		}
		if r.Result != want {
			t.Errorf("%s is %q, want %q: %s", name, r.Result, want, r.Error)
		}
	}
	if conf := s.run("leaf1", "vtysh", "-c", "show running-config"); !strings.Contains(conf, "timers connect 7") {
		t.Errorf("the changed line is not live:\n%s", conf)
	}
	status = observe.Compare(s.plan, routes, o.Round(t.Context()))
	for key, up := range uptimes(status) {
		if up < before[key] {
			t.Errorf("%v was reset by a change of a timer: up %v s, before %v s", key, up, before[key])
		}
	}
	s.passwordOfBothEnds(o, targets)
}

// passwordOfBothEnds sets a password by hand on both ends of a link, and takes it
// away again by a push, which neither end can do alone and keep its session.
func (s *site) passwordOfBothEnds(o *observe.Observer, targets []push.Target) {
	s.t.Helper()
	ends := map[string]string{"leaf1": "swp32", "spine1": "swp1"}
	up := func() bool {
		n := 0
		for _, row := range observe.Compare(s.plan, nil, o.Round(s.t.Context())).Sessions {
			if ends[row.Device] == row.Port && row.State == "Established" {
				n++
			}
		}
		return n == 2
	}
	var both []push.Target
	for _, tg := range targets {
		port := ends[tg.Device.Name]
		if port == "" {
			continue
		}
		both = append(both, tg)
		s.run(tg.Device.Name, "vtysh", "-c", "configure terminal", "-c", fmt.Sprint("router bgp ", tg.Device.Routing.ASN), "-c", "neighbor "+port+" password byhand")
	}
	for deadline := time.Now().Add(3 * time.Minute); !up(); {
		if time.Now().After(deadline) {
			s.t.Error("the session does not come up with the password")
			return
		}
	}
	reports := s.push(s.t.Context(), both, push.Options{OverwriteDrift: true, Fabric: s.plan.Devices})
	for device := range ends {
		if r := reports[device]; r.Result != push.Changed {
			s.t.Errorf("%s is %q: %s", device, r.Result, r.Error)
		}
		if conf := s.run(device, "vtysh", "-c", "show running-config"); strings.Contains(conf, "password") {
			s.t.Errorf("%s still has the password", device)
		}
	}
	if !up() {
		s.t.Errorf("the session is not up without the password: %+v", reports)
	}
}

func uptimes(s observe.Status) map[model.SessionKey]float64 {
	out := map[model.SessionKey]float64{}
	for _, row := range s.Sessions {
		out[model.SessionKey{Device: row.Device, Port: row.Port}] = row.Uptime
	}
	return out
}

// A first install that a device does not take leaves it as from the factory.
func TestLabRollback(t *testing.T) {
	t.Parallel()
	s := newSite(t, "article")
	targets := s.targets()[:1]
	name := targets[0].Device.Name
	state := func() string {
		return s.run(name, "sh", "-c", "cat /etc/hostname /etc/network/interfaces; cat /etc/frr/daemons; ls /etc/sysctl.d; cat /etc/frr/frr.conf 2>&1; stat -c '%n %a %U:%G' /etc/hostname /etc/network/interfaces /etc/frr/daemons; hostname; ip -br addr show dev lo; pidof bgpd || echo no bgpd")
	}
	before := state()

	// The router is asked for, and found missing, a peer that no file names.
	broken := targets[0]
	broken.Device.Routing.Peers = append([]model.Peer{{Port: "swp99", Device: "nobody"}}, broken.Device.Routing.Peers...)
	r := s.follow(push.RunSettling(t.Context(), s.transport, []push.Target{broken}, push.Options{}, 2*time.Second))[name]
	if r.Result != push.RolledBack || !strings.Contains(r.Error, "swp99") {
		t.Errorf("%q: %s", r.Result, r.Error)
	}
	if after := state(); after != before {
		t.Errorf("the device is not as it was:\n%s", render.Diff("before", "after", []byte(before), []byte(after), 1))
	}

	// A file that does not pass the device's check changes nothing.
	typo := s.targets()[0]
	for i, a := range typo.Artifacts {
		if a.Path == "/etc/frr/frr.conf" {
			typo.Artifacts[i].Body = append([]byte("ruoter bgp 1\n"), a.Body...)
		}
	}
	r = s.push(t.Context(), []push.Target{typo}, push.Options{})[name]
	if r.Result != push.Failed || !strings.Contains(r.Error, "ruoter") {
		t.Errorf("%q: %s", r.Result, r.Error)
	}
	if after := state(); after != before {
		t.Errorf("a failed check changed the device:\n%s", render.Diff("before", "after", []byte(before), []byte(after), 1))
	}

	// And it can still be pushed to.
	if r = s.push(t.Context(), targets, push.Options{})[name]; r.Result != push.Changed {
		t.Errorf("%q: %s", r.Result, r.Error)
	}
	if left := s.run(name, "sh", "-c", "ls -d /var/lib/closup/push/* | wc -l"); strings.TrimSpace(left) != "1" {
		t.Errorf("%s pushes are kept on the device", strings.TrimSpace(left))
	}
}

// cuttable is a transport whose connections to a device can be cut.
type cuttable struct {
	provision.Transport
	mu   sync.Mutex
	open map[string][]provision.Session
}

func (c *cuttable) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	s, err := c.Transport.Dial(ctx, e)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open == nil {
			c.open = map[string][]provision.Session{}
		}
		c.open[e.Device] = append(c.open[e.Device], s)
	}
	return s, err
}

func (c *cuttable) cut(device string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.open[device] {
		_ = s.Close()
	}
}

// The connection breaks while a real device restarts its router. The device
// goes on by itself, and the push finds it again.
func TestLabCut(t *testing.T) {
	t.Parallel()
	s := newSite(t, "article")
	targets := s.targets()[:3]
	for _, phase := range []string{"lock", "activate", "verify", "confirm"} {
		c := &cuttable{Transport: s.transport}
		for i := range targets { // something to do each time
			for j := range targets[i].Artifacts {
				if a := &targets[i].Artifacts[j]; a.Path == "/etc/frr/frr.conf" {
					a.Body = append([]byte("! "+phase+"\n"), a.Body...)
				}
			}
		}
		for e := range push.Run(t.Context(), c, targets, push.Options{Sessions: -1}) {
			switch {
			case e.Kind == push.Started && e.Phase == phase:
				go c.cut(e.Device)
			case e.Kind == push.Done && e.Report.Result != push.Changed:
				t.Errorf("cut at %s: %s is %q: %s", phase, e.Device, e.Report.Result, e.Report.Error)
			}
		}
	}
	for _, tg := range targets {
		for _, a := range tg.Artifacts {
			if a.Merge == nil && s.run(tg.Device.Name, "cat", a.Path) != string(a.Body) {
				t.Errorf("%s:%s is not what was asked", tg.Device.Name, a.Path)
			}
		}
	}
	s.again(targets, push.Unchanged)
}

// again pushes again and wants that result everywhere.
func (s *site) again(targets []push.Target, want push.Result) {
	s.t.Helper()
	for name, r := range s.push(s.t.Context(), targets, push.Options{Sessions: -1}) {
		if r.Result != want {
			s.t.Errorf("%s is %q, want %q: %s %s", name, r.Result, want, r.Error, r.Note)
		}
	}
}
