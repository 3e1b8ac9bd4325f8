package push

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"closup/provision"
)

// connect logs in and proves that root can be had.
func connect(ctx context.Context, d *device) error {
	if err := d.connected(ctx); err != nil {
		return err
	}
	if _, err := d.root(ctx, d.script()); err != nil {
		return d.errorf(err, "", "%v", err)
	}
	return nil
}

// compare reads what the device holds, in one round trip, and decides what is
// to be done. A unit is left alone only where the desired files are the ones
// that were confirmed last, the disk holds them, and what runs is what ran
// then. A device whose units are all left alone is done here.
func compare(ctx context.Context, d *device) error {
	if err := d.plan(); err != nil {
		return err
	}
	seen, err := d.look(ctx, false)
	if err != nil {
		return err
	}
	for i, f := range d.files {
		f.was = seen.files[i]
		if f.want, err = f.desired(); err != nil {
			return d.errorf(err, "", "%s as it stands cannot be read: %v", f.Path, err)
		}
		f.changed = !f.was.exists || !bytes.Equal(f.was.body, f.want) || f.was.mode != f.mode() || f.was.owner != f.owner()
		d.report.Files = append(d.report.Files, File{Path: f.Path, Changed: f.changed, Change: d.change(f)})
	}
	var stale []string
	for i, u := range d.units {
		u.was = seen.units[i]
		u.due = anyChanged(u.files) || !u.was.shown || !bytes.Equal(u.was.record, recordOf(u, u.was.text))
		if u.due && !anyChanged(u.files) && len(u.was.record) > 0 {
			stale = append(stale, u.Name)
		}
	}
	if len(stale) > 0 {
		d.report.Note = fmt.Sprintf("the running state of %s is not what was confirmed last; it is made live again", strings.Join(stale, ", "))
	}
	if len(d.due()) == 0 {
		d.report.Result = Unchanged
		d.holds()
		return errEnough
	}
	d.report.Result = Changed
	if d.push.DryRun {
		return errEnough
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

// desired is the file as it shall be, given the one that is there.
func (f *file) desired() ([]byte, error) {
	if f.Merge == nil {
		return f.Body, nil
	}
	return f.Merge(f.was.body)
}

func (d *device) change(f *file) Change {
	if !f.changed {
		return Change{}
	}
	name := d.target.Device.Name + f.Path
	was := name
	if !f.was.exists {
		was = "/dev/null"
	}
	c := Change{From: was, To: name, Was: f.was.body, Want: f.want}
	if f.was.exists && (f.was.mode != f.mode() || f.was.owner != f.owner()) {
		c.Note = fmt.Sprintf("%s: mode %s %s becomes %s %s\n", name, f.was.mode, f.was.owner, f.mode(), f.owner())
	}
	return c
}

// seen is what a look found: a state for each file, and for each unit.
type seen struct {
	files []state
	units []running
}

// look reads files, running state and records in one round trip. With verify
// it also has the units say whether what runs is what the files ask for.
func (d *device) look(ctx context.Context, verify bool) (*seen, error) {
	s := d.script()
	for _, f := range d.files {
		s.line("look_file %s", f.Path)
		d.log("read %s", f.Path)
	}
	for i, u := range d.units {
		if u.Show != "" {
			s.function(fmt.Sprintf("show_%d", i), u.Show)
			s.line("look_unit show %s ''", fmt.Sprintf("show_%d", i))
			d.log("$ %s", u.Show)
		}
		if verify && u.Verify != "" {
			s.function(fmt.Sprintf("verify_%d", i), u.Verify)
			for _, f := range u.files {
				s.line("look_unit verify %s %s", fmt.Sprintf("verify_%d", i), f.Path)
			}
		}
		s.line("look_record %s", u.Name)
	}
	s.line("exit 0")
	out, err := d.root(ctx, s)
	if err != nil {
		return nil, d.errorf(err, "", "its files could not be read: %v", err)
	}
	all, err := blocks(out)
	if err != nil {
		return nil, d.errorf(err, string(out), "its files could not be read: %v", err)
	}
	return d.parseLook(all, verify)
}

func (d *device) parseLook(all []block, verify bool) (*seen, error) {
	next := func(kinds ...string) (block, error) {
		if len(all) > 0 {
			b := all[0]
			for _, kind := range kinds {
				if b.kind == kind {
					all = all[1:]
					return b, nil
				}
			}
		}
		return block{}, d.errorf(provision.ErrOutput, "", "its answer cannot be understood")
	}
	var found seen
	for _, f := range d.files {
		b, err := next("file", "none", "odd")
		switch {
		case err != nil:
			return nil, err
		case b.kind == "odd":
			return nil, d.errorf(nil, "", "%s is there, but is not a file", f.Path)
		case b.kind == "none":
			found.files = append(found.files, state{})
			continue
		}
		mode, owner, _ := strings.Cut(b.rest, " ")
		found.files = append(found.files, state{exists: true, mode: mode, owner: owner, body: b.data})
	}
	for _, u := range d.units {
		r := running{shown: true}
		if u.Show != "" {
			b, err := next("show")
			if err != nil {
				return nil, err
			}
			r.text, r.shown = b.ended()
		}
		for i := 0; verify && u.Verify != "" && i < len(u.files); i++ {
			b, err := next("verify")
			if err != nil {
				return nil, err
			}
			if text, good := b.ended(); !good && r.fault == "" {
				r.fault = firstOf(string(text))
			}
		}
		b, err := next("record")
		if err != nil {
			return nil, err
		}
		r.record = b.data
		found.units = append(found.units, r)
	}
	return &found, nil
}

// holds notes that the device is as asked, so that sessions with it count.
func (d *device) holds() {
	d.push.mu.Lock()
	defer d.push.mu.Unlock()
	if d.push.live == nil {
		d.push.live = map[string]bool{}
	}
	d.push.live[d.target.Device.Name] = true
}
