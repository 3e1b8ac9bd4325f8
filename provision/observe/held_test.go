package observe

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"closup/provision/fake"
)

// watched is a watch of one box, which says every snapshot of it that is as
// asked for.
func watched(t *testing.T, b *box, every time.Duration) (o *Observer, until func(what string, good func(Device) bool) Device) {
	t.Helper()
	tr := &fake.Transport{}
	b.on(tr)
	o = observer(t, tr, b.host)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	rounds := o.Watch(ctx, every)
	return o, func(what string, good func(Device) bool) Device {
		t.Helper()
		var last Device
		for s := range rounds {
			if last = s.Devices[0]; good(last) {
				return last
			}
		}
		t.Fatalf("never %s: %+v", what, last)
		return last
	}
}

func wellDevice(d Device) bool {
	return d.Reachable && d.Err == nil && len(d.Peers) == 4 && len(d.Routes) == 7 && d.RouterVersion == "8.4.4"
}

// idle waits until the box was asked for its sessions that many times more.
func (b *box) idle(t *testing.T, times int) {
	t.Helper()
	until := b.count(showSummary) + times
	for end := time.Now().Add(20 * time.Second); b.count(showSummary) < until; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("asked only %d times", b.count(showSummary))
		}
	}
}

// none waits until no vtysh runs.
func (b *box) none(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		b.mu.Lock()
		n := b.held
		b.mu.Unlock()
		switch {
		case n == 0:
			return
		case time.Now().After(end):
			t.Fatalf("%d vtysh are left", n)
		}
	}
}

// While nothing happens only the sessions are asked for, over what is held.
func TestIdle(t *testing.T) {
	for _, forward := range []bool{false, true} {
		b := newBox(t, "leaf1")
		b.forward = forward
		o, until := watched(t, b, 10*time.Millisecond)
		until("healthy", wellDevice)
		b.idle(t, 20)
		want := map[string]int{"vtysh": 1, "socket": 0}
		if forward {
			want = map[string]int{"vtysh": 0, "socket": 1}
		}
		want["script"], want["system"], want["monitor"] = 0, 1, 1
		want[showTable4], want[showVersion] = 1, 1
		for what, n := range want {
			if got := b.count(what); got != n {
				t.Errorf("forwarded %v: %d times %q, want %d", forward, got, what, n)
			}
		}
		o.Close()
		b.none(t)
	}
}

// What changes in the router is read, and the rest is not.
func TestChangeInBGP(t *testing.T) {
	b := newBox(t, "leaf1")
	_, until := watched(t, b, 10*time.Millisecond)
	first := until("healthy", wellDevice)
	b.set(func() {
		b.edit = func(command, text string) string {
			if command == showSummary {
				text = strings.Replace(text, `"state":"Established"`, `"state":"Active"`, 1)
			}
			return text
		}
	})
	d := until("down, with its routes", func(d Device) bool {
		return d.Peers[0].State == "Active" && d.Read.Routes.After(first.Read.Routes)
	})
	if !d.Read.System.Equal(first.Read.System) {
		t.Errorf("routes of %v, system of %v; before: %v", d.Read.Routes, d.Read.System, first.Read)
	}
}

// What changes in the kernel is told, and read at once.
func TestChangeInKernel(t *testing.T) {
	b := newBox(t, "leaf1")
	_, until := watched(t, b, 10*time.Millisecond)
	until("healthy", wellDevice)
	b.set(func() {
		b.edit = func(command, text string) string {
			if command == ipRoute4 {
				return `[{"dst":"10.99.0.0/24","dev":"swp1","protocol":"boot"}]`
			}
			return text
		}
	})
	seen := func(d Device) bool { return len(d.Kernel) == 1 }
	b.idle(t, 5)
	if n := b.count("system"); n != 1 {
		t.Fatalf("nobody told of a change, and the system was asked %d times", n)
	}
	b.event <- struct{}{}
	until("read", seen)
}

// A device whose kernel cannot tell is asked now and then.
func TestNoMonitor(t *testing.T) {
	b := newBox(t, "leaf1")
	b.mute = true
	o, until := watched(t, b, 10*time.Millisecond)
	until("healthy", wellDevice)
	before := b.count("system")
	for end := time.Now().Add(20 * time.Second); b.count("system") == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never asked again")
		}
	}
	o.Close()
}

// A held vtysh that somebody ends, bgpd that ends, bgpd that comes back: each
// shows, and in the end one vtysh is held.
func TestHeldDies(t *testing.T) {
	b := newBox(t, "leaf1")
	o, until := watched(t, b, 10*time.Millisecond)
	until("healthy", wellDevice)
	b.set(func() { close(b.killed); b.killed = make(chan struct{}) })
	b.idle(t, 3)
	until("healthy", wellDevice)
	if n := b.count("vtysh"); n != 2 {
		t.Errorf("%d vtysh were started, want another one", n)
	}
	if n := b.count("script"); n != 0 {
		t.Errorf("%d scripts, though a vtysh could be held", n)
	}

	b.set(func() { b.dead = true })
	d := until("without bgpd", func(d Device) bool { return d.Err != nil })
	if !d.Reachable || len(d.Peers) != 0 || !strings.Contains(d.Err.Error(), "bgpd is not running") {
		t.Errorf("%+v", d)
	}
	b.set(func() { b.dead = false })
	until("back", wellDevice)
	b.idle(t, 3)
	b.mu.Lock()
	if b.held != 1 {
		t.Errorf("%d vtysh are held", b.held)
	}
	b.mu.Unlock()
	o.Close()
}

// bgpd's socket goes away with bgpd, and is used again with the next one.
func TestSocketDies(t *testing.T) {
	b := newBox(t, "leaf1")
	b.forward = true
	_, until := watched(t, b, 10*time.Millisecond)
	until("healthy", wellDevice)
	b.set(func() { b.dead = true })
	d := until("without bgpd", func(d Device) bool { return d.Err != nil })
	if !d.Reachable || !strings.Contains(d.Err.Error(), "bgpd is not running") {
		t.Errorf("%+v", d)
	}
	b.set(func() { b.dead = false })
	until("back", wellDevice)
	b.idle(t, 5)
	if n := b.count("socket"); n < 2 {
		t.Errorf("%d connections to bgpd's socket", n)
	}
}

// A daemon that hangs is said to, the device is still reachable, and when the
// daemon goes on all is well again.
func TestFrozenDaemon(t *testing.T) {
	b := newBox(t, "leaf1")
	_, until := watched(t, b, 10*time.Millisecond)
	until("healthy", wellDevice)
	b.set(func() { b.frozen = true })
	until("overdue, or hanging", func(d Device) bool { return d.Err != nil })
	d := until("hanging", func(d Device) bool { return errors.Is(d.Err, errHangs) })
	if !d.Reachable || len(d.Peers) != 0 {
		t.Errorf("%+v", d)
	}
	b.set(func() { b.frozen = false })
	until("well", wellDevice)
}

// A connection that takes one command at a time, and a vtysh that does not
// repeat what it reads: each is asked by scripts, and seldom.
func TestNothingHeld(t *testing.T) {
	for name, make := range map[string]func(*box){
		"MaxSessions 1": func(b *box) { b.limit = 1 },
		"no echo":       func(b *box) { b.noEcho = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, "leaf1")
			make(b)
			_, until := watched(t, b, 10*time.Millisecond)
			first := until("healthy", wellDevice)
			until("asked again", func(d Device) bool { return wellDevice(d) && d.At.After(first.At) })
			b.mu.Lock()
			defer b.mu.Unlock()
			if n := b.asked["script"]; n < 2 || n > 6 {
				t.Errorf("%d scripts", n)
			}
		})
	}
}

// What a router prints may be cut anywhere.
func TestExchange(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("0123456789", 20_000), "a\x00b", "a\x00\x00b", "show version\n"} {
		b := newBox(t, "leaf1")
		b.forward = true
		b.edit = func(string, string) string { return text }
		var tr fake.Transport
		b.on(&tr)
		s, err := tr.Dial(t.Context(), observer(t, &tr, "leaf1").devices[0].endpoint)
		if err != nil {
			t.Fatal(err)
		}
		socket, err := dialVty(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		defer socket.close()
		shell, said, err := openVtysh(t.Context(), s)
		if err != nil || shell.pid != 4711 {
			t.Fatalf("%v, pid %d, it said %q", err, shell.pid, said)
		}
		defer shell.close()
		for range 3 {
			for name, r := range map[string]router{"socket": socket, "vtysh": shell} {
				got, err := r.ask(t.Context(), showVersion)
				if name == "vtysh" && text != "" && !strings.HasSuffix(text, "\n") {
					continue // FRR ends its lines
				}
				if err != nil || string(got) != text {
					t.Errorf("%s: %d bytes of %q..., %v, want %d", name, len(got), got[:min(len(got), 20)], err, len(text))
				}
			}
		}
	}
}
