package push

import (
	"context"
	"slices"
	"strings"
	"time"
)

// contention is how long the older of two pushes waits for the younger to let
// go.
const contention = 15 * time.Second

// patienceWith is how long to wait for a push that holds a device and is in that
// state there. One that has ended, or is not known, is about to let go.
func patienceWith(younger bool, state string) time.Duration {
	switch state {
	case "", "done", "rolled-back", "released":
		return 2 * time.Second
	case "staged", "ready":
		if younger {
			return contention
		}
	}
	return 0
}

// lock takes the locks of all devices before anything starts on one: the first
// by name alone, and then the others at once. So of two pushes that want the same
// devices one is stopped at the first and has held none, and a thousand locks
// take two round trips. Where the devices are others, and two pushes each hold
// what the other wants, the younger lets everything go and the older waits for
// that: so one of them wins whole. Who finds a push that has begun to change
// devices lets go.
func (p *push) lock(ctx context.Context, devices []*device) {
	begun := time.Now()
	for {
		first, others := byName(devices)
		for _, now := range [][]*device{first, others} {
			p.each(now, p.Parallel, func(d *device) {
				if !d.locked {
					d.phases(ctx, locks)
				}
			})
			if len(first) > 0 && first[0].blocked != nil {
				break
			}
		}
		var waits bool
		var lost []*device
		for _, d := range devices {
			if d.blocked == nil {
				continue
			}
			if time.Since(begun) < patienceWith(d.holder > p.id, d.holderState) {
				waits = true
			} else {
				lost = append(lost, d)
			}
		}
		switch {
		case len(lost) > 0:
			p.surrender(devices)
			return
		case !waits:
			return
		}
		for _, d := range devices {
			d.blocked = nil
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// byName parts the devices that go on into the first by name and the others.
func byName(devices []*device) (first, others []*device) {
	for _, d := range devices {
		if !d.done {
			others = append(others, d)
		}
	}
	slices.SortFunc(others, func(a, b *device) int { return strings.Compare(a.target.Device.Name, b.target.Device.Name) })
	n := min(1, len(others))
	return others[:n], others[n:]
}

// surrender lets all devices go, because some are locked by another push.
func (p *push) surrender(devices []*device) {
	var names []string
	var first error
	for _, d := range devices {
		if d.blocked != nil {
			names = append(names, d.target.Device.Name)
			if first == nil {
				first = d.blocked
			}
		}
	}
	p.each(devices, p.Parallel, func(d *device) {
		if d.blocked == nil {
			d.skip("lock", "not touched, since another push holds "+strings.Join(names, ", "), first)
			return
		}
		d.unstage(context.Background())
		d.phase = "lock"
		d.finish(Failed, d.blocked)
		d.tell(Event{Kind: Fault, Text: d.report.Error, Err: d.blocked})
		d.through()
	})
}
