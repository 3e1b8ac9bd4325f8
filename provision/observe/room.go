package observe

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"closup/provision"
)

// room is for how many paths of tables are read at once, over all devices: some
// 10 MB. A spine of a large fabric tells of each prefix through each of its
// leafs, 300 bytes a path: were all devices to tell at once, each would take as
// long as all, and none be in time.
const room = 30_000

// tooFull is how many polls a device's tables wait for room, before the poll
// itself does.
const tooFull = 10

// atWork is how many devices start programs at once to answer: what is held open
// answers by itself, as many as there are.
const atWork = 64

// enter waits until there is room for a device's tables. Who is not patient is
// not made to wait, and gets no leave where there is none.
func (o *Observer) enter(ctx context.Context, a *asked, patient bool) (leave func(), err error) {
	weight := int64(min(room, max(1, a.paths)))
	if a.last.Reachable && a.last.Err != nil { // a router that says nothing says little
		weight = 1
	}
	if !patient {
		if !o.room.TryAcquire(weight) {
			return nil, nil
		}
		return func() { o.room.Release(weight) }, nil
	}
	return o.turn(ctx, a, o.room, weight)
}

// turn waits for a place. Meanwhile the device's clock stands still: it is not
// the device that is slow.
func (o *Observer) turn(ctx context.Context, a *asked, places *semaphore.Weighted, n int64) (leave func(), err error) {
	if !places.TryAcquire(n) {
		a.wait(true, o.now())
		resume := provision.Pause(ctx)
		err := places.Acquire(ctx, n)
		resume()
		a.wait(false, o.now())
		if err != nil {
			return nil, context.Cause(ctx)
		}
	}
	return func() { places.Release(n) }, nil
}

// wait notes that the poll waits for its turn, or that its time begins.
func (a *asked) wait(waits bool, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waits, a.since = waits, now
}
