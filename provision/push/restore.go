package push

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
	"closup/render"
)

// Open is a device on which an earlier push has begun.
type Open struct {
	Device   string
	Endpoint model.Endpoint
	Push     string // its id
}

// Keep confirms what pushes left pending: the new files go to the disk for
// good. A device that has taken its old configuration back is `rolled-back`.
func Keep(ctx context.Context, t provision.Transport, pending []Open, o Options) <-chan Event {
	return settle(ctx, t, pending, o, onDevice)
}

// TakeBack takes back at once what pushes left pending. A device that has its
// old configuration again is `rolled-back`, and that is no failure.
func TakeBack(ctx context.Context, t provision.Transport, pending []Open, o Options) <-chan Event {
	return resolve(ctx, t, pending, o, onDevice, "take back", (*device).leavePending)
}

func settle(ctx context.Context, t provision.Transport, pending []Open, o Options, at place) <-chan Event {
	return resolve(ctx, t, pending, o, at, "confirm", (*device).keepPending)
}

// resolve ends what is pending, one way or the other.
func resolve(ctx context.Context, t provision.Transport, pending []Open, o Options, at place, phase string, end func(*device, context.Context) error) <-chan Event {
	p := newPush(t, o, at)
	var devices []*device
	for _, open := range pending {
		d := newDevice(p, Target{Device: model.Device{Name: open.Device}, Endpoint: open.Endpoint})
		d.id, d.phase, d.touched = open.Push, phase, true
		devices = append(devices, d)
	}
	go func() {
		defer close(p.events)
		p.each(devices, p.Parallel, func(d *device) {
			begin := time.Now()
			d.tell(Event{Kind: Started})
			if err := end(d, ctx); err != nil {
				d.fail(ctx, err, time.Since(begin))
			} else {
				d.tell(Event{Kind: Finished, Took: time.Since(begin)})
			}
			d.report.Seconds = time.Since(begin).Seconds()
			d.through()
		})
	}()
	return p.events
}

func (d *device) keepPending(ctx context.Context) error {
	if err := d.connected(ctx); err != nil {
		return err
	}
	if err := d.journal("confirm", ""); err != nil {
		return d.errorf(err, "", "the journal cannot be written: %v", err)
	}
	s := d.script()
	s.WriteString("mv \"$T/pending\" \"$T/confirmed\" 2>/dev/null\nfollow active committing undoing\n")
	_, err := d.follow(context.WithoutCancel(ctx), s, "done")
	d.report.Result = Changed
	return err
}

func (d *device) leavePending(ctx context.Context) error {
	if err := d.connected(ctx); err != nil {
		return err
	}
	s := d.script()
	s.WriteString("mv \"$T/pending\" \"$T/aborted\" 2>/dev/null\nfollow active committing undoing\n")
	_, err := d.follow(context.WithoutCancel(ctx), s, "done")
	switch {
	case d.rolledBack:
		d.report.Result = RolledBack
		return nil
	case err == nil:
		return d.errorf(nil, "", "it was confirmed already; `closup rollback` brings the old configuration back")
	}
	return err
}

// Replaced is what a push of that id replaced on a device, as a target that
// brings it back. What did not run as its files asked before that push is not
// asked to now.
func Replaced(ctx context.Context, t provision.Transport, device model.Device, e model.Endpoint, id string) (Target, error) {
	return replaced(ctx, t, device, e, id, onDevice)
}

func replaced(ctx context.Context, t provision.Transport, device model.Device, e model.Endpoint, id string, at place) (Target, error) {
	out := Target{Device: device, Endpoint: e, Restore: true, Sound: map[string]bool{}, Again: map[string][]byte{}}
	d := newDevice(newPush(t, Options{}, at), out)
	d.id, d.phase = id, "read what was replaced"
	if !safeID(id) {
		return out, d.errorf(nil, "", "%q is no push", id)
	}
	if err := d.connected(ctx); err != nil {
		return out, err
	}
	defer d.close()
	s := d.script()
	s.WriteString("again() {\nblock again \"$1\"\ncase $1 in\n")
	for _, u := range d.push.Units {
		if u.Trial != nil {
			s.WriteString(provision.Quote(u.Name) + ") (set -- \"$T/notes/$1\"\n" + u.Trial.Again + "\n) ;;\n")
		}
	}
	s.WriteString("esac\n}\n")
	s.WriteString(`[ -f "$T/files" ] || { echo "it does not have any more what push ${T##*/} replaced" >&2; exit 1; }
set --
while read -r unit path; do
	block unit "$unit $path"
	set -- "$@" "$T/old$path"
	[ ! -d "$T/notes/$unit" ] || again "$unit"
done <"$T/files"
look_files "$@" "$T/sound"
exit 0
`)
	answer, err := d.root(ctx, s)
	if err != nil {
		return out, d.errorf(err, stderrOf(err), "%s", reasonOf(err))
	}
	all, err := d.push.blocks(answer)
	if err != nil {
		return out, d.errorf(err, "", "its answer cannot be understood: %v", err)
	}
	var there map[string]state
	for _, b := range all {
		switch b.kind {
		case "unit":
			unit, path, _ := strings.Cut(b.rest, " ")
			out.Artifacts = append(out.Artifacts, render.Artifact{Device: device.Name, Unit: unit, Path: path})
		case "again":
			out.Again[b.rest] = b.data
		case "files":
			if there, err = states(b.data); err != nil {
				return out, d.errorf(err, "", "its answer cannot be understood: %v", err)
			}
		}
	}
	of := d.push.home + "/push/" + id
	for i := range out.Artifacts {
		a := &out.Artifacts[i]
		was := there[of+"/old"+a.Path]
		if a.Absent = !was.exists; a.Absent {
			continue
		}
		bits, err := strconv.ParseUint(was.mode, 8, 12)
		if err != nil {
			return out, d.errorf(provision.ErrOutput, "", "its answer cannot be understood: mode %q", was.mode)
		}
		a.Mode, a.Owner, a.Body = fs.FileMode(bits), was.owner, was.body
	}
	for unit := range strings.FieldsSeq(string(there[of+"/sound"].body)) {
		out.Sound[unit] = true
	}
	return out, nil
}

// resume ends what an earlier push of this operator has begun on the device.
// What waits to be confirmed is verified and confirmed, where it is what is
// asked now; otherwise it is taken back. Then the device is done, or this push
// goes on with it as with any other.
func (d *device) resume(ctx context.Context, id string) error {
	own := d.id
	d.id = id
	defer func() { d.id = own }()
	s := d.script()
	s.WriteString("mv \"$T/ready\" \"$T/left\" 2>/dev/null\nactive=\n[ ! -e \"$T/confirmed\" ] || active=active\nfollow staged ready applying $active committing undoing\nfor f in $(find \"$T/new\" -type f 2>/dev/null); do block new \"$(sum \"$f\") ${f#\"$T/new\"}\"; done\n")
	out, err := d.root(ctx, s)
	if err != nil {
		return d.errorf(err, "", "the earlier push cannot be asked: %v", err)
	}
	j, err := d.push.parseJob(out)
	if err != nil {
		return d.errorf(err, "", "the earlier push cannot be asked: %v", err)
	}
	if j.state != "active" {
		return nil // it changed nothing, or has ended: what it did is seen next
	}
	staged := map[string]string{}
	all, _ := d.push.blocks(out)
	for _, b := range all {
		if b.kind == "new" {
			sum, path, _ := strings.Cut(b.rest, " ")
			staged[path] = sum
		}
	}
	d.class, d.touched, d.until = j.class, true, time.Now().Add(j.left)
	if d.found, err = d.look(ctx, asFound); err != nil {
		return err
	}
	asked := true
	for i, f := range d.files {
		f.was = d.found.files[i]
		if f.want, err = f.desired(); err != nil {
			return d.errorf(err, "", "%s as it stands cannot be read: %v", f.Path, err)
		}
		f.changed = f.was.differs(f)
		sum, is := staged[f.Path]
		if f.trial != nil && f.changed {
			asked = false // its unit has taken it back already
		}
		asked = asked && (!f.changed || is) && (!is || sum == sumOf(f.want))
		delete(staged, f.Path)
		d.report.Files = append(d.report.Files, File{Path: f.Path, Changed: is, Change: d.change(f)})
	}
	if !asked || len(staged) > 0 {
		_ = d.abort(ctx, fmt.Errorf("what the earlier push asked is not asked any more"))
		d.touched, d.rolledBack, d.report.Files = false, false, nil
		d.note("what the earlier push had begun was taken back")
		return nil
	}
	switch err := verify(ctx, d); {
	case errors.Is(err, errKept): // by whoever was cut off: what it did is seen next
		d.touched, d.report.Files, d.until = false, nil, time.Time{}
		return nil
	case err != nil:
		return err
	}
	d.report.Result = Changed
	if err := keep(ctx, d); err != nil {
		return err
	}
	_ = d.journal("result", "")
	d.resumed = true
	d.note("the earlier push was verified and confirmed")
	return errEnough
}

// ReplacedAll is Replaced for many devices at once. The error tells all that
// could not be had.
func ReplacedAll(ctx context.Context, t provision.Transport, earlier []Open, devices map[string]model.Device) ([]Target, error) {
	out, errs := make([]Target, len(earlier)), make([]error, len(earlier))
	var work sync.WaitGroup
	slots := make(chan struct{}, defaultParallel)
	for i, e := range earlier {
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i], errs[i] = Replaced(ctx, t, devices[e.Device], e.Endpoint, e.Push)
		})
	}
	work.Wait()
	return out, errors.Join(errs...)
}
