package push

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// connect logs in, and reads in the same round trip what the device holds: so
// one that is as desired is known by one answer. What a push that died left
// there is finished or undone first.
func connect(ctx context.Context, d *device) error {
	if err := d.connected(ctx); err != nil {
		return err
	}
	if err := d.plan(); err != nil {
		return err
	}
	for _, id := range d.target.Open {
		if err := d.resume(ctx, id); err != nil {
			return err
		}
	}
	var err error
	for range 2 {
		if d.found, err = d.read(ctx); err != nil {
			return err
		}
		if len(d.found.dead) == 0 {
			break
		}
		s := d.script()
		for _, id := range d.found.dead {
			s.line("revive %s", d.push.home+"/push/"+id)
		}
		s.WriteString("exit 0\n")
		if _, err := d.root(ctx, s); err != nil {
			return d.errorf(err, "", "a push that died there could not be ended: %v", err)
		}
		d.report.Note = "a push that had died there was ended first"
	}
	return nil
}

// knows says that the unit of a file has all that an earlier push replaced, and
// nothing was applied since.
func (d *device) knows(f *file) bool {
	lines := strings.Fields(string(d.target.Again[f.Unit]))
	return len(lines) > 1 && lines[len(lines)-1] == f.was.sum
}

// compare decides what is to be done. A unit is left alone only where the
// desired files are the ones that were confirmed last, the disk holds them, and
// what runs is what ran then. A device whose units are all left alone is done
// here, and so is one that somebody changed by hand meanwhile.
func compare(ctx context.Context, d *device) error {
	for i, f := range d.files {
		var err error
		f.was, f.kept = d.found.files[i], d.found.kept[i]
		if f.want, err = f.desired(); err != nil {
			return d.errorf(err, "", "%s as it stands cannot be read: %v", f.Path, err)
		}
		f.changed = f.was.differs(f)
		if f.trial != nil && f.changed {
			if f.delta, err = f.trial.Delta(f.was.body, f.want, d.knows(f)); err != nil {
				return d.errorf(err, "", "%v", err)
			}
		}
		d.report.Files = append(d.report.Files, File{Path: f.Path, Changed: f.changed, Change: d.change(f)})
	}
	var stale []*unit
	for i, u := range d.units {
		u.was = d.found.units[i]
		u.due = anyChanged(u.files) || !u.was.shown || !bytes.Equal(u.was.record, recordOf(u, u.was.text))
		if u.due && !anyChanged(u.files) && len(u.was.record) > 0 {
			stale = append(stale, u)
		}
	}
	if err := d.drifted(ctx, stale); err != nil {
		return err
	}
	if len(d.due()) == 0 {
		d.report.Result = Unchanged
		d.holds(false)
		return errEnough
	}
	d.report.Result = Changed
	d.foresee()
	d.estimated()
	if d.push.DryRun {
		return errEnough
	}
	if d.report.Drift != "" && !d.push.OverwriteDrift {
		return d.errorf(ErrDrift, d.report.Drift, "it was changed by hand since the last push (%s); look at the difference, then push with --overwrite-drift or take the change into fabric.yaml", strings.Join(d.drift, ", "))
	}
	return nil
}

func anyChanged(files []*file) bool {
	for _, f := range files {
		if f.changed {
			return true
		}
	}
	return false
}

// desired is the file as it shall be, given the one that is there; nil: it
// shall not be there.
func (f *file) desired() ([]byte, error) {
	switch {
	case f.Absent:
		return nil, nil
	case f.Merge != nil:
		return f.Merge(f.was.body)
	case f.Body == nil:
		return []byte{}, nil
	}
	return f.Body, nil
}

// differs says whether the device's file is not the desired one.
func (s state) differs(f *file) bool {
	if f.want == nil || !s.exists {
		return s.exists != (f.want != nil)
	}
	return !bytes.Equal(s.body, f.want) || s.mode != f.mode() || s.owner != f.owner()
}

func (d *device) change(f *file) Change {
	if !f.changed {
		return Change{}
	}
	name := d.target.Device.Name + f.Path
	c := Change{From: name, To: name, Was: f.was.body, Want: f.want}
	switch {
	case !f.was.exists:
		c.From = "/dev/null"
	case f.want == nil:
		c.To = "/dev/null"
	case f.was.mode != f.mode() || f.was.owner != f.owner():
		c.Note = fmt.Sprintf("%s: mode %s %s becomes %s %s\n", name, f.was.mode, f.was.owner, f.mode(), f.owner())
	}
	return c
}
