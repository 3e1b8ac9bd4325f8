package ssh

import (
	"context"
	"testing"
	"time"

	"closup/provision"
)

// Who waits for others to have their turn loses none of its own time.
func TestTurn(t *testing.T) {
	const limit = 2 * time.Second
	ctx, cancel := provision.WithTimeout(t.Context(), limit)
	defer cancel()
	places := make(chan struct{}, 1)
	places <- struct{}{}
	time.AfterFunc(limit+limit/2, func() { <-places })
	if !turn(ctx, places) || ctx.Err() != nil {
		t.Errorf("its turn did not come: %v", context.Cause(ctx))
	}

	ended, end := context.WithCancel(t.Context())
	end()
	if turn(ended, places) {
		t.Error("a context that is over had a turn")
	}
}
