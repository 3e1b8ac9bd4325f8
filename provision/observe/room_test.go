package observe

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"closup/model"
	"closup/provision/fake"
)

var received = regexp.MustCompile(`"pfxRcd":\d+`)

// many makes a box a router of that many paths from each peer, which would tell
// its own routes as asked.
func many(b *box, paths int) func(command, text string) string {
	return func(command, text string) string {
		switch command {
		case showSummary:
			return received.ReplaceAllString(text, fmt.Sprintf(`"pfxRcd":%d`, paths))
		case showOwn4:
			return `{"routes":{"10.1.2.1/32":[{"valid":true,"bestpath":true,"peerId":"(unspec)","path":"","nexthops":[{"ip":"0.0.0.0","used":true}]}]}}` + "\n"
		case showOwn6:
			return "{\"routes\":{}}\n"
		}
		return text
	}
}

// A router of very many paths is asked for its own alone, in whatever way it is
// asked, and the kernel has the others.
func TestLarge(t *testing.T) {
	whole := newBox(t, "leaf1")
	var tr fake.Transport
	whole.on(&tr)
	want := observer(t, &tr, "leaf1").Round(t.Context()).Devices[0]
	for _, way := range []string{"script", "vtysh", "socket"} {
		t.Run(way, func(t *testing.T) {
			b := newBox(t, "leaf1")
			b.forward = way == "socket"
			b.edit = many(b, large)
			var tr fake.Transport
			b.on(&tr)
			o := observer(t, &tr, "leaf1")
			d := o.Round(t.Context()).Devices[0]
			if way == "vtysh" { // what is asked twice is held
				d = o.Round(t.Context()).Devices[0]
			}
			if d.Err != nil || !d.Reachable {
				t.Fatal(d.Err)
			}
			if n := b.count(showTable4); n > 1 || n == 1 && way != "script" && b.count("script") == 0 {
				t.Errorf("all paths were asked for %d times", n)
			}
			if len(d.Routes) != len(want.Routes) {
				t.Errorf("%d routes, want %d", len(d.Routes), len(want.Routes))
			}
			for i, r := range d.Routes {
				w := want.Routes[i]
				if r.Prefix != w.Prefix || r.Local != w.Local || !slices.Equal(portsOfPaths(r), portsOfPaths(w)) {
					t.Errorf("%+v, want %+v", r, w)
				}
			}

			b.set(func() { b.edit = nil })
			if d := o.Round(t.Context()).Devices[0]; d.Err != nil || len(d.Routes) != len(want.Routes) || d.Routes[1].Paths[0].AS == nil {
				t.Errorf("of few paths: %v, %+v", d.Err, d.Routes)
			}
		})
	}
}

func portsOfPaths(r Route) []string {
	var all []string
	for _, p := range r.Paths {
		all = append(all, p.Port)
	}
	return all
}

// A device that by the plan has very many paths is not asked for them first.
func TestLargeAsPlanned(t *testing.T) {
	b := newBox(t, "leaf1")
	b.edit = many(b, large)
	var tr fake.Transport
	b.on(&tr)
	plan := &model.Plan{Devices: []model.Device{{Name: "leaf1", Ports: make([]model.Port, 200)}}}
	plan.Devices[0].PodCIDRs = make([]netip.Prefix, large/200+1)
	o := New(&tr, plan, map[string]model.Endpoint{"leaf1": {Device: "leaf1"}})
	defer o.Close()
	if d := o.Round(t.Context()).Devices[0]; d.Err != nil || b.count(showTable4) > 0 || len(d.Routes) == 0 {
		t.Errorf("%v, asked for all paths %d times, %d routes", d.Err, b.count(showTable4), len(d.Routes))
	}
}

// Where there is no room for tables, a round waits; what is watched goes on to
// show sessions, and nobody is overdue for waiting.
func TestNoRoom(t *testing.T) {
	b := newBox(t, "leaf1")
	b.forward = true
	var tr fake.Transport
	b.on(&tr)
	o := observer(t, &tr, "leaf1")
	o.room = semaphore.NewWeighted(1)
	if err := o.room.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	rounds := o.Watch(t.Context(), 10*time.Millisecond)
	for s := range rounds {
		if d := s.Devices[0]; d.Reachable && len(d.Peers) == 4 {
			if len(d.Routes) > 0 {
				t.Errorf("%d routes were read without room", len(d.Routes))
			}
			break
		}
	}
	waits := func() bool {
		a := o.devices[0]
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.waits
	}
	for !waits() { // the poll itself, in the end
		<-rounds
	}
	if d := o.snapshotAt(time.Now().Add(time.Hour)).Devices[0]; !d.Reachable {
		t.Errorf("who waits for room is %v", d.Err)
	}
	o.room.Release(1)
	for s := range rounds {
		if len(s.Devices[0].Routes) == 7 {
			return
		}
	}
}

// However many devices there are, all answer, though tables are read one after
// another.
func TestOneByOne(t *testing.T) {
	var tr fake.Transport
	var names []string
	for i := range 40 {
		name := fmt.Sprintf("leaf%d", i)
		b := newBox(t, name)
		b.answers = map[string]string{}
		for _, c := range slices.Concat(frr.commands(), systemCommands) {
			b.answers[c] = sectionOf(t, "leaf1", c)
		}
		b.forward = i%2 == 0
		b.on(&tr)
		names = append(names, name)
	}
	o := observer(t, &tr, names...)
	o.room, o.works = semaphore.NewWeighted(1), semaphore.NewWeighted(1)
	for range 3 {
		for _, d := range o.Round(t.Context()).Devices {
			if !wellDevice(d) {
				t.Errorf("%s: %v, %d routes", d.Name, d.Err, len(d.Routes))
			}
		}
	}
}
