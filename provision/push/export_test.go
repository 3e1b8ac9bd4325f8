package push

import (
	"context"
	"time"

	"closup/provision"
)

// Uncompared are the faults of docs/push.md after which no test of this run
// compared a device with old and new.
func Uncompared() (rows []int) {
	faults.Lock()
	defer faults.Unlock()
	for row, n := range faults.compared {
		if row > 0 && n == 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// Compared notes that a test did.
func Compared(rows ...int) { compared(rows...) }

// RunSettling is Run on devices that are given less time to settle, for tests
// where they never do.
func RunSettling(ctx context.Context, t provision.Transport, targets []Target, o Options, settle time.Duration) <-chan Event {
	at := onDevice
	at.settle = settle
	return run(ctx, t, targets, o, at)
}

// RunLimited is Run with less time for a unit to make its files live, for tests
// where one hangs.
func RunLimited(ctx context.Context, t provision.Transport, targets []Target, o Options, limit time.Duration) <-chan Event {
	at := onDevice
	at.limit = limit
	return run(ctx, t, targets, o, at)
}
