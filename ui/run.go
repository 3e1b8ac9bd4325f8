package ui

import (
	"errors"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/push"
)

// run is one push as its events tell it: a row for each device, in the order
// of the plan.
type run struct {
	id    int
	dry   bool // nothing is written: it says what would be
	rows  []runRow
	index map[string]int
	begun time.Time
	ended time.Time // zero: it goes on
}

// runRow is one device of a run.
type runRow struct {
	name   string
	role   model.Role
	phase  string
	begun  time.Time
	ended  time.Time
	report *push.DeviceReport
	log    []cell
}

const maxLog = 2000 // lines that are kept for one device

func newRun(id int, dry bool, plan *model.Plan, only map[string]bool, at time.Time) *run {
	r := &run{id: id, dry: dry, index: make(map[string]int), begun: at}
	for i := range plan.Devices {
		d := &plan.Devices[i]
		if len(only) > 0 && !only[d.Name] {
			continue
		}
		r.index[d.Name] = len(r.rows)
		r.rows = append(r.rows, runRow{name: d.Name, role: d.Role})
	}
	return r
}

// take follows one event.
func (r *run) take(e push.Event) {
	i, ok := r.index[e.Device]
	if !ok {
		return
	}
	row := &r.rows[i]
	if row.begun.IsZero() {
		row.begun = e.At
	}
	switch e.Kind {
	case push.Started:
		row.phase = e.Phase
		row.say(accent, e.Phase)
	case push.Log:
		row.say(dim, e.Text)
	case push.Fault:
		text := e.Text
		if text == "" && e.Err != nil {
			text = e.Err.Error()
		}
		row.say(bad, text)
	case push.Done:
		row.report, row.ended = e.Report, e.At
	}
}

func (row *runRow) say(t tone, text string) {
	for _, line := range wrapLines(text) {
		row.log = append(row.log, cell{line, t})
	}
	if n := len(row.log) - maxLog; n > 0 {
		row.log = row.log[n:]
	}
}

// elapsed is how long the device has been at it.
func (row *runRow) elapsed(now time.Time) time.Duration {
	switch {
	case row.begun.IsZero():
		return 0
	case !row.ended.IsZero():
		return row.ended.Sub(row.begun)
	}
	return max(0, now.Sub(row.begun))
}

// changes is how many files of the device differ from what it has.
func (row *runRow) changes() (n int) {
	if row.report == nil {
		return 0
	}
	for _, f := range row.report.Files {
		if f.Changed {
			n++
		}
	}
	return n
}

// drifted is how many devices somebody changed by hand.
func (r *run) drifted() (n int) {
	for i := range r.rows {
		if rep := r.rows[i].report; rep != nil && rep.Drift != "" {
			n++
		}
	}
	return n
}

// resultTone and resultGlyph show how a device ended.
func (row *runRow) resultTone() tone {
	if row.report == nil {
		return dim
	}
	switch row.report.Result {
	case push.Changed, push.Unchanged:
		return good
	case push.Skipped, push.Pending:
		return warn
	}
	return bad
}

func (l *look) resultGlyph(t tone) string {
	switch t {
	case good:
		return l.done
	case bad:
		return l.down
	}
	return l.open
}

// tally counts the devices by how they ended.
func (r *run) tally() map[push.Result]int {
	n := make(map[push.Result]int)
	for i := range r.rows {
		if rep := r.rows[i].report; rep != nil {
			n[rep.Result]++
		}
	}
	return n
}

// strangers are the host keys that could be accepted. One that changed is not
// among them: that is never taken by a key press.
func (r *run) strangers() []*provision.HostKeyError {
	var all []*provision.HostKeyError
	for i := range r.rows {
		var e *provision.HostKeyError
		if rep := r.rows[i].report; rep != nil && errors.As(rep.Err, &e) && !e.Changed {
			all = append(all, e)
		}
	}
	return all
}

// failed are the devices that did not get through.
func (r *run) failed() []string {
	var names []string
	for i := range r.rows {
		if rep := r.rows[i].report; rep == nil || rep.Result == push.Failed || rep.Result == push.RolledBack || rep.Result == push.Skipped {
			names = append(names, r.rows[i].name)
		}
	}
	return names
}

// first is when the first device began.
func (r *run) first() time.Time {
	at := r.ended
	for i := range r.rows {
		if b := r.rows[i].begun; !b.IsZero() && b.Before(at) {
			at = b
		}
	}
	return at
}
