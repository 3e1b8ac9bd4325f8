package work

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSweepDemos: the folder of a demo that was killed goes, that of one which
// runs stays, and so does whatever else has such a name.
func TestSweepDemos(t *testing.T) {
	in := t.TempDir()
	locked := func(name string, hold bool) string {
		dir := filepath.Join(in, name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(dir, demoLock))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		if hold {
			if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	killed, runs, other := locked("closup-demo-1", false), locked("closup-demo-2", true), filepath.Join(in, "closup-demo-3")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	outside := locked("elsewhere", false)
	if err := os.Symlink(outside, filepath.Join(in, "closup-demo-4")); err != nil {
		t.Fatal(err)
	}
	sweepDemos(in)
	if _, err := os.Stat(killed); !os.IsNotExist(err) {
		t.Errorf("the folder of a demo that was killed is still there: %v", err)
	}
	for _, dir := range []string{runs, other, outside} {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
}
