package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"closup/provision"
	"closup/provision/observe"
	"closup/provision/preflight"
	"closup/render"
)

// device is one target on its way through the phases.
type device struct {
	push   *push
	target Target
	report DeviceReport
	phase  string

	id      string // names the push in closup's directory on the device
	session provision.Session
	found   *seen            // before
	judged  bool             // the preflight had its say
	facts   *preflight.Facts // what it read; nil: nothing
	now     *seen            // verified
	files   []*file
	units   []*unit              // that the files name, each after those it needs
	drift   []string             // what was changed by hand
	checked *provision.ExitError // what the device's own checks found; nil: nothing
	class   string               // how the job makes the change: "live" or "disk"
	ups     map[string]int       // prefixes that each peer brought whose session was Established before
	knew    map[string]bool      // peers that the router had before
	loose   map[string]bool      // peers behind a port without a link
	waiting map[string]string    // peers whose session comes up once that device is changed too
	seen    map[string]time.Time // peers whose session was seen up since the change
	expects map[string]int       // prefixes that each peer is predicted to bring
	spent   time.Duration
	slow    time.Duration    // how long the change itself took, to wait as much longer; at most Undo
	asks    observe.Sessions // how its router is asked
	said    string           // the phase that told that

	busy        sync.Mutex // its turn is there, or its lock is renewed
	until       time.Time  // when it takes its old configuration back unless confirmed
	tries       int        // to lock it
	blocked     error      // another push holds its lock
	locked      bool       // its lock is held for this push
	holder      string     // the push that holds it instead
	holderState string
	resumed     bool // an earlier push made the change, and has it in the journal
	touched     bool // from here on the device is not what it was
	rolledBack  bool
	done        bool
}

// file is one artifact beside what the device holds.
type file struct {
	render.Artifact
	was     state  // as it was found
	kept    []byte // as it was confirmed last, where it is not the one that was found
	want    []byte // as it shall be; nil: not there
	delta   []byte // where its unit commits by itself: what brings it there
	trial   *render.Trial
	changed bool
}

// state is a file on the device.
type state struct {
	exists bool
	odd    bool   // what is there is not a file
	mode   string // octal: "640"
	owner  string // "frr:frr"
	body   []byte
	sum    string // where its unit commits by itself: of all that is applied
}

// unit is what makes some of the files live.
type unit struct {
	render.Unit
	files []*file
	was   running
	due   bool // it must be activated
}

// running is what a device says of a unit.
type running struct {
	text    []byte // its running state; empty where the unit shows none
	shown   bool   // that could be had
	fault   string // what is not as the files ask; empty: nothing
	stopped bool   // the fault is that it does not run at all
	record  []byte // what was written down when it was confirmed last
}

func newDevice(p *push, t Target) *device {
	return &device{push: p, id: p.id, target: t, loose: map[string]bool{}, waiting: map[string]string{}, seen: map[string]time.Time{}, report: DeviceReport{Name: t.Device.Name, Files: []File{}}}
}

func (f *file) owner() string {
	if f.Owner == "" {
		return "root:root"
	}
	return f.Owner
}

func (f *file) mode() string { return fmt.Sprintf("%o", f.Mode.Perm()) }

// errorf is a failure of the phase under way.
func (d *device) errorf(err error, output, format string, args ...any) error {
	return &Error{d.target.Device.Name, d.phase, Redacted(provision.Plain(fmt.Sprintf(format, args...))), Redacted(provision.Plain(output)), err}
}

// script begins a script for the device, which answers in blocks.
func (d *device) script() *script {
	s := newScript(d.push, d.id)
	s.line("M=%s", d.push.mark)
	return s
}

// log tells what is done on the device, where somebody wants to know.
func (d *device) log(format string, args ...any) {
	if d.push.Verbose {
		d.tell(Event{Kind: Log, Text: strings.TrimRight(Redacted(provision.Plain(fmt.Sprintf(format, args...))), "\n")})
	}
}

const (
	verbTimeout = 60 * time.Second // one round trip
	jobTimeout  = 15 * time.Minute // install and activate, undo included
)

// root runs a script as root on the device.
func (d *device) root(ctx context.Context, s *script) ([]byte, error) {
	ctx, cancel := provision.WithTimeout(ctx, verbTimeout)
	defer cancel()
	return provision.RunRootWritten(ctx, d.session, s.send)
}

// persist is root for a device that is being changed: a connection that breaks
// is made anew, for as long as the device may need to undo; so is one whose
// answer read does not understand, because it stops in the middle.
func (d *device) persist(ctx context.Context, s *script, read func([]byte) error) ([]byte, error) {
	deadline := time.Now().Add(d.push.Undo + d.slow + 30*time.Second)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 3*time.Second) {
		err := d.connected(ctx)
		if err == nil {
			var out []byte
			if out, err = d.root(ctx, s); err == nil {
				err = read(out)
			}
			if err == nil || !provision.Retryable(err) && !errors.Is(err, provision.ErrOutput) {
				return out, err
			}
			d.close()
		}
		if !provision.Retryable(err) && !errors.Is(err, provision.ErrOutput) || time.Now().After(deadline) {
			return nil, err
		}
		d.retried(err)
		time.Sleep(pause)
	}
}

// retried tells that a connection is made once more.
func (d *device) retried(why error) {
	d.report.Retries++
	d.tell(Event{Kind: Retried, Text: Redacted(provision.Plain(fmt.Sprintf("trying again: %v", why))), Err: why, Retries: d.report.Retries})
}

func (d *device) connected(ctx context.Context) (err error) {
	if d.session == nil {
		ctx, cancel := provision.WithTimeout(ctx, verbTimeout)
		defer cancel()
		d.session, err = d.push.transport.Dial(ctx, d.target.Endpoint)
		if err != nil {
			d.session = nil
		}
	}
	return err
}

func (d *device) close() {
	if d.session != nil {
		_ = d.session.Close()
		d.session = nil
	}
}

// plan sorts the artifacts by unit, and the units so that each comes after
// those it needs.
func (d *device) plan() error {
	d.files, d.units = nil, nil
	for _, a := range d.target.Artifacts {
		d.files = append(d.files, &file{Artifact: a})
	}
	units := map[string]*unit{}
	for _, row := range d.push.Units {
		u := &unit{Unit: row}
		for _, f := range d.files {
			if f.Unit == row.Name {
				u.files = append(u.files, f)
			}
		}
		if len(u.files) > 0 {
			units[row.Name] = u
			d.units = append(d.units, u)
		}
	}
	for _, f := range d.files {
		u := units[f.Unit]
		if u == nil {
			return d.errorf(nil, "", "nothing says how %s is made live (unit %q)", f.Path, f.Unit)
		}
		f.trial = u.Trial
	}
	d.units = ordered(d.units, units)
	return nil
}

// ordered is a depth-first walk: the table's order, but for what must come
// before.
func ordered(list []*unit, byName map[string]*unit) []*unit {
	var out []*unit
	seen := map[string]bool{}
	var visit func(*unit)
	visit = func(u *unit) {
		if u == nil || seen[u.Name] {
			return
		}
		seen[u.Name] = true
		for _, name := range u.After {
			visit(byName[name])
		}
		out = append(out, u)
	}
	for _, u := range list {
		visit(u)
	}
	return out
}

func (d *device) changed() []*file {
	return slices.DeleteFunc(slices.Clone(d.files), func(f *file) bool { return !f.changed })
}

func (d *device) due() []*unit {
	return slices.DeleteFunc(slices.Clone(d.units), func(u *unit) bool { return !u.due })
}
