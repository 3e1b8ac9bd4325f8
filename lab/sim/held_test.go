package sim_test

import (
	"bufio"
	"context"
	"strings"
	"testing"
	"time"

	"closup/provision"
	"closup/provision/observe"
	"closup/provision/push"
)

// A watch is told of what changes, over what it holds open.
func TestWatch(t *testing.T) {
	s := newSite(t, planOf(t, "article"))
	s.push(push.Changed)
	s.await("all sessions and routes", observe.Status.AsExpected)
	o := observe.New(s.transport, s.plan, s.endpoints)
	defer o.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rounds := o.Watch(ctx, time.Second)
	until := func(what string, good func(observe.Status) bool) {
		t.Helper()
		for snapshot := range rounds {
			if good(observe.Compare(s.plan, s.routes, snapshot)) {
				return
			}
		}
		t.Fatalf("never %s", what)
	}
	until("as expected", observe.Status.AsExpected)
	run := s.runner("leaf1")
	run("ip link set swp1 down")
	begin := time.Now()
	until("a session less at both ends", func(st observe.Status) bool {
		return st.Summary.SessionsEstablished == st.Summary.SessionsExpected-2
	})
	t.Logf("shown after %v", time.Since(begin))
	run("ip link set swp1 up")
	until("as expected again", observe.Status.AsExpected)
}

// `ip monitor` says what changed, and nothing else.
func TestMonitor(t *testing.T) {
	s := newSite(t, planOf(t, "article"))
	run := s.runner("leaf1")
	d, err := s.transport.Dial(t.Context(), s.endpoints["leaf1"])
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p, err := d.Start(t.Context(), "ip -o monitor link address route")
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(p.Stdout)
	said := make(chan string)
	go func() {
		defer close(said)
		for lines.Scan() {
			said <- lines.Text()
		}
	}()
	var came, went bool
	for add := true; !came || !went; add = !add { // it may not listen yet at first
		verb := "add"
		if !add {
			verb = "del"
		}
		run("ip route " + verb + " blackhole 10.99.0.0/24")
		for heard := true; heard; {
			select {
			case l := <-said:
				if !strings.Contains(l, "10.99.0.0/24") {
					t.Fatalf("it says %q", l)
				}
				came, went = came || !strings.HasPrefix(l, "Deleted "), went || strings.HasPrefix(l, "Deleted ")
			case <-time.After(100 * time.Millisecond):
				heard = false
			case <-t.Context().Done():
				t.FailNow()
			}
		}
	}
}

// runner runs scripts on the device as root.
func (s *site) runner(device string) func(script string) {
	s.t.Helper()
	d, err := s.transport.Dial(s.t.Context(), s.endpoints[device])
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = d.Close() })
	return func(script string) {
		s.t.Helper()
		if out, err := provision.RunRoot(s.t.Context(), d, script); err != nil {
			s.t.Fatalf("%s: %v: %s", script, err, out)
		}
	}
}
