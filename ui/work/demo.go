package work

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"closup/assets"
	"closup/lab/sim"
)

// Demo is a built-in fabric with its simulated devices, in a temporary folder
// that goes with it. State that would outlive a run lies there too.
type Demo struct {
	Path string // of fabric.yaml
	dir  string
	lab  *sim.Lab
}

// StartDemo makes the devices of a preset inside this process.
func StartDemo(ctx context.Context, preset string) (*Demo, error) {
	data, err := assets.Preset(preset)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "closup-demo-")
	if err != nil {
		return nil, fmt.Errorf("a temporary folder for the demo: %w", err)
	}
	d := &Demo{dir: dir, Path: filepath.Join(dir, DefaultPath)}
	if err := d.start(ctx, data); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
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

// Save copies the fabric as it is now to a file that must not be there yet.
func (d *Demo) Save(to string) error {
	data, err := os.ReadFile(d.Path)
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
	return errors.Join(err, os.RemoveAll(d.dir))
}
