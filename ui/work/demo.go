package work

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"closup/assets"
	"closup/lab/sim"
)

// Demo is a built-in fabric with its simulated devices, in a temporary folder
// that goes with it; that of a demo which was killed goes with the next one.
// State that would outlive a run lies there too.
type Demo struct {
	Path string // of fabric.yaml
	dir  string
	lock *os.File // held as long as the folder is in use
	lab  *sim.Lab

	mu     sync.Mutex
	latest string // the fabric that was followed last
}

const (
	demoFolders = "closup-demo-*"
	demoLock    = "in-use"
)

// StartDemo makes the devices of a preset inside this process.
func StartDemo(ctx context.Context, preset string) (*Demo, error) {
	data, err := assets.Preset(preset)
	if err != nil {
		return nil, err
	}
	sweepDemos(os.TempDir())
	dir, err := os.MkdirTemp("", demoFolders)
	if err != nil {
		return nil, fmt.Errorf("a temporary folder for the demo: %w", err)
	}
	d := &Demo{dir: dir, Path: filepath.Join(dir, DefaultPath)}
	if d.lock, err = os.OpenFile(filepath.Join(dir, demoLock), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err == nil {
		err = syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = d.start(ctx, data)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// sweepDemos removes the folders of demos that were killed: those of ours whose
// lock nobody holds. One that has no lock yet is just being made.
func sweepDemos(in string) {
	dirs, _ := filepath.Glob(filepath.Join(in, demoFolders))
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, demoLock), os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue // somebody else's, or none of a demo
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			_ = os.RemoveAll(dir)
		}
		f.Close()
	}
}

func (d *Demo) start(ctx context.Context, fabric []byte) error {
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(d.dir, "state")); err != nil {
		return err
	}
	if err := os.WriteFile(d.Path, fabric, 0o600); err != nil {
		return err
	}
	p, err := Open(d.Path)
	if err == nil {
		err = p.Err
	}
	if err != nil {
		return err
	}
	d.lab, err = sim.Up(ctx, p.Plan, sim.Options{})
	return err
}

// Follow has the devices become those of the fabric as it is now, or of another
// one: what stays keeps its configuration, what is new is bare.
func (d *Demo) Follow(p *Project) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.latest = p.Path
	return d.lab.Follow(p.Plan)
}

// Save copies the fabric that was worked on last, as it is now, to a file that
// must not be there yet.
func (d *Demo) Save(to string) error {
	d.mu.Lock()
	path := cmp.Or(d.latest, d.Path)
	d.mu.Unlock()
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("the fabric is not saved: %w", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// Close ends the devices and removes the folder.
func (d *Demo) Close() error {
	var err error
	if d.lab != nil {
		err = d.lab.Close()
	}
	err = errors.Join(err, os.RemoveAll(d.dir))
	if d.lock != nil {
		d.lock.Close()
	}
	return err
}
