package provision

import (
	"context"
	"sync"
	"time"
)

// WithTimeout is context.WithTimeout with a clock that stands still while
// somebody is asked for a secret: who types slowly is no slow device. The cause
// of its end is context.DeadlineExceeded.
func WithTimeout(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	outer, _ := parent.Value(clockKey{}).(*clock)
	c := &clock{outer: outer, left: d, end: func() { cancel(context.DeadlineExceeded) }}
	c.run()
	return context.WithValue(ctx, clockKey{}, c), func() {
		c.stop()
		cancel(nil)
	}
}

type clockKey struct{}

// clock is one timeout that can pause.
type clock struct {
	outer *clock // of the context around it; may be nil
	end   func()

	mu     sync.Mutex
	timer  *time.Timer
	since  time.Time
	left   time.Duration
	pauses int // questions that it waits for
}

func (c *clock) run() {
	c.since, c.timer = time.Now(), time.AfterFunc(c.left, c.end)
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer.Stop()
}

// Pause stops every clock of ctx until the answer is called.
func Pause(ctx context.Context) (resume func()) {
	first, _ := ctx.Value(clockKey{}).(*clock)
	for c := first; c != nil; c = c.outer {
		c.mu.Lock()
		if c.pauses++; c.pauses == 1 && c.timer.Stop() {
			c.left -= time.Since(c.since)
		}
		c.mu.Unlock()
	}
	return func() {
		for c := first; c != nil; c = c.outer {
			c.mu.Lock()
			if c.pauses--; c.pauses == 0 {
				c.run()
			}
			c.mu.Unlock()
		}
	}
}
