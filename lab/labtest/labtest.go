// Package labtest is what tests of real devices have in common: a turn, a lab
// that is gone afterwards, and a process of tests that leaves nothing behind
// however it ends.
package labtest

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"closup/lab/netns"
	"closup/model"
	"closup/provision/push"
	"closup/render"
)

// Skip skips the test, or fails it if CLOSUP_NO_SKIP=1.
func Skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CLOSUP_NO_SKIP") == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// turns is how many labs run at once on this machine, whatever packages are
// tested side by side: with more of them than cores, each waits for the others,
// and what is a second elsewhere is a minute here.
const turns = 2

// Turn waits until the test may have labs, and skips where none can run. It is
// for all labs of a test.
func Turn(t testing.TB) {
	t.Helper()
	if err := netns.Check(); err != nil {
		Skip(t, "the lab cannot run here: "+err.Error())
	}
	for {
		for i := range turns {
			f, err := os.OpenFile(filepath.Join("/run/lock", "closup-labtest-"+strconv.Itoa(i)), os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
				t.Cleanup(func() { _ = f.Close() })
				return
			}
			_ = f.Close()
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Up brings a lab of the plan up, by the plan's name, when its turn has come. It
// is gone when the test ends.
func Up(t testing.TB, plan *model.Plan, o netns.Options) *netns.Lab {
	t.Helper()
	Turn(t)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		if err := netns.Down(ctx, plan.Name); err != nil {
			t.Error(err)
		}
	})
	lab, err := netns.Up(t.Context(), plan, o)
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// Targets are the plan's devices where the lab has them, with their files.
func Targets(t testing.TB, plan *model.Plan, lab *netns.Lab) []push.Target {
	t.Helper()
	var out []push.Target
	for i := range plan.Devices {
		d := &plan.Devices[i]
		e, err := lab.Endpoint(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		files, err := render.Device(plan, d)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, push.Target{Device: *d, Endpoint: e, Artifacts: files})
	}
	return out
}
