package observe

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
)

// says is a device that answers every script with out.
func says(out func() string) fake.Device {
	return fake.Root(func(string) (stdout, stderr string, status int) { return out(), "", 0 })
}

func always(text string) func() string { return func() string { return text } }

func observer(t *testing.T, tr *fake.Transport, names ...string) *Observer {
	t.Helper()
	plan := &model.Plan{}
	endpoints := map[string]model.Endpoint{}
	for _, name := range names {
		plan.Devices = append(plan.Devices, model.Device{Name: name})
		if name != "nowhere" {
			endpoints[name] = model.Endpoint{Device: name, Host: "192.0.2.1"}
		}
	}
	o := New(tr, plan, endpoints)
	t.Cleanup(o.Close)
	return o
}

func TestRound(t *testing.T) {
	before := runtime.NumGoroutine()
	var tr fake.Transport
	b := newBox(t, "leaf1").on(&tr)
	tr.Set("noisy", says(always("garbage")))
	o := observer(t, &tr, "leaf1", "dead", "nowhere", "noisy")
	s := o.Round(t.Context())
	if len(s.Devices) != 4 {
		t.Fatalf("%d devices, and none may be missing", len(s.Devices))
	}
	if d := s.Devices[0]; !d.Reachable || len(d.Peers) != 4 || d.At.IsZero() {
		t.Errorf("%+v", d)
	}
	if d := s.Devices[1]; d.Reachable || !errors.Is(d.Err, provision.ErrUnreachable) {
		t.Errorf("%+v", d)
	}
	if d := s.Devices[2]; d.Reachable || !strings.Contains(d.Err.Error(), "mgmt") {
		t.Errorf("%+v", d)
	}
	if d := s.Devices[3]; d.Reachable || d.Err == nil {
		t.Errorf("%+v", d)
	}

	// One script is what a single round takes; with the second the connection
	// and a vtysh are held.
	for range 3 {
		if d := o.Round(t.Context()).Devices[0]; !d.Reachable || len(d.Peers) != 4 || len(d.Routes) != 7 {
			t.Errorf("%+v", d)
		}
	}
	if n := tr.Dials("leaf1"); n != 1 {
		t.Errorf("%d dials", n)
	}
	if script, vtysh, asked := b.count("script"), b.count("vtysh"), b.count(showSummary); script != 1 || vtysh != 1 || asked != 4 {
		t.Errorf("in 4 rounds %d scripts, %d vtysh, %d summaries", script, vtysh, asked)
	}
	o.Close()
	if tr.Open() != 0 {
		t.Errorf("%d sessions are still open", tr.Open())
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	if s := o.Round(t.Context()); len(s.Devices) != 4 { // after the end: what was known
		t.Errorf("%d devices", len(s.Devices))
	}
}

// A device that dies keeps its last figures, marked; when it is back it is
// asked again.
func TestDeviceDies(t *testing.T) {
	var tr fake.Transport
	b := newBox(t, "leaf1").on(&tr)
	o := observer(t, &tr, "leaf1")
	first := o.Round(t.Context()).Devices[0]

	tr.Set("leaf1", func(fake.Command) int { return -1 })
	tr.Refuse("leaf1", &provision.DeviceError{Device: "leaf1", Kind: provision.ErrUnreachable})
	d := o.Round(t.Context()).Devices[0]
	if d.Reachable || d.Err == nil || len(d.Peers) != 4 || !d.At.Equal(first.At) {
		t.Errorf("%+v", d)
	}
	b.on(&tr)
	tr.Refuse("leaf1", nil)
	if d = o.Round(t.Context()).Devices[0]; !d.Reachable || d.Err != nil || !d.At.After(first.At) {
		t.Errorf("%+v", d)
	}
}

// A connection that broke between two rounds, and an answer that was garbled
// once, do not show.
func TestHiccups(t *testing.T) {
	var tr fake.Transport
	n := 0
	newBox(t, "leaf1").on(&tr).edit = func(command, text string) string {
		if command == showSummary {
			if n++; n%2 == 0 {
				return strings.Replace(text, `"peers":{`, `"pee`, 1)
			}
		}
		return text
	}
	o := observer(t, &tr, "leaf1")
	for range 3 {
		if d := o.Round(t.Context()).Devices[0]; !d.Reachable || len(d.Peers) != 4 {
			t.Errorf("%+v", d)
		}
	}
	_ = o.devices[0].poll.session.Close()
	if d := o.Round(t.Context()).Devices[0]; !d.Reachable {
		t.Errorf("%+v", d)
	}
}

// One device that never answers holds none of the others up.
func TestWatchWithOneFrozen(t *testing.T) {
	var tr fake.Transport
	newBox(t, "leaf1").on(&tr)
	tr.Set("frozen", fake.Hangs)
	o := observer(t, &tr, "frozen", "leaf1")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rounds := o.Watch(ctx, 20*time.Millisecond)
	for i := range 20 {
		s := <-rounds
		if s.Devices[0].Reachable {
			t.Fatal("a device that never answered is shown as reachable")
		}
		// The first round may have been over before even a healthy one answered.
		if i > 10 && (!s.Devices[1].Reachable || s.At.Sub(s.Devices[1].At) > time.Second) {
			t.Fatalf("round %d: %+v", i, s.Devices[1])
		}
	}
	cancel()
	for range rounds { // it is closed
	}
}

// A device that hangs after it answered is marked before the question is given
// up.
func TestOverdue(t *testing.T) {
	var tr fake.Transport
	tr.Set("leaf1", says(always(answer(t, "leaf1"))))
	o := observer(t, &tr, "leaf1")
	o.Round(t.Context())
	tr.Set("leaf1", fake.Hangs)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if d := o.Round(ctx).Devices[0]; !d.Reachable {
		t.Errorf("given up after 20 ms: %+v", d)
	}
	o.now = func() time.Time { return time.Now().Add(2 * overdue) }
	if d := o.snapshot().Devices[0]; d.Reachable || !errors.Is(d.Err, provision.ErrTimeout) || len(d.Peers) != 4 {
		t.Errorf("%+v", d)
	}
}

// A device that stays dead is dialled ever less often by Watch.
func TestBackoff(t *testing.T) {
	var tr fake.Transport
	o := observer(t, &tr, "dead")
	at := noon
	o.now = func() time.Time { return at }
	ask := func() {
		await(t.Context(), o.ask(how{}, everyone))
	}
	ask()
	var dials []int
	for range 60 { // a minute, second by second
		at = at.Add(time.Second)
		ask()
		dials = append(dials, tr.Dials("dead"))
	}
	if n := dials[59]; n < 5 || n > 12 {
		t.Errorf("%d dials in a minute", n)
	}
}

// Devices that failed together are not dialled again together.
func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		d := jitter(firstPause)
		if d < firstPause || d > firstPause*3/2 {
			t.Fatalf("%v after a pause of %v", d, firstPause)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Errorf("only %d different pauses of 100", len(seen))
	}
}
