package work

import (
	"context"
	"math"
	"runtime/debug"
	"testing"

	"closup/lab/sim"
)

// A simulated lab keeps within what it gets along with, and the process is as it
// was when the lab has ended.
func TestLabServeMemory(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ before, meanwhile int64 }{
		{math.MaxInt64, sim.Memory(len(p.Plan.Devices))},
		{8 << 30, 8 << 30}, // the operator has said so
	} {
		debug.SetMemoryLimit(c.before)
		ctx, cancel := context.WithCancel(t.Context())
		var meanwhile int64
		err := p.LabServe(ctx, nil, func() {
			meanwhile = debug.SetMemoryLimit(-1)
			cancel()
		})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if meanwhile != c.meanwhile {
			t.Errorf("the limit is %d while the lab runs, not %d", meanwhile, c.meanwhile)
		}
		if after := debug.SetMemoryLimit(-1); after != c.before {
			t.Errorf("the limit is %d afterwards, not %d", after, c.before)
		}
	}
	for devices, mib := range map[int]int64{6: 1000, 1000: 1000, 2000: 4000} {
		if got := sim.Memory(devices) >> 20; got != mib {
			t.Errorf("%d devices get along with %d MiB, not %d", devices, got, mib)
		}
	}
}
