package push

import (
	"context"
	"time"

	"closup/provision"
)

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
