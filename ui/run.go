package ui

import (
	"errors"
	"fmt"
	"strings"
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

	waves []push.WaveInfo // those that have begun
	held  bool            // a device waits, because the push is paused
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

	kept     bool // its new configuration is confirmed; it waits for the others
	retries  int  // connections that had to be made once more
	wave     int  // in which it is changed; 0: not known yet
	estimate push.Estimate
	until    time.Time // when it takes its old configuration back; zero: it does not
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
	switch e.Kind {
	case push.Waved:
		r.waves = append(r.waves, *e.Wave)
		for _, name := range e.Wave.Names {
			if i, ok := r.index[name]; ok {
				r.rows[i].wave = e.Wave.Number
			}
		}
	case push.Paused, push.Resumed:
		r.held = e.Kind == push.Paused
	}
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
	case push.Finished:
		row.until = e.Until
		row.kept = row.kept || e.Phase == "confirm"
		if e.Phase == "lock" { // its wave comes
			row.phase = ""
		}
		row.say(faint, strings.TrimSpace(fmt.Sprintf("%s took %.1f s. %s", e.Phase, e.Took.Seconds(), e.Text)))
	case push.Estimated:
		row.estimate = *e.Estimate
	case push.Log:
		row.say(dim, e.Text)
	case push.Retried:
		row.retries = e.Retries
		row.say(warn, e.Text)
	case push.Fault:
		text := e.Text
		if text == "" && e.Err != nil {
			text = e.Err.Error()
		}
		row.say(bad, text)
	case push.Done:
		row.done(*e.Report, e.At)
	}
}

// done keeps how the device ended. What settles a pending one knows nothing of
// its files: those of the push stay.
func (row *runRow) done(report push.DeviceReport, at time.Time) {
	if row.report != nil && len(report.Files) == 0 {
		report.Files = row.report.Files
	}
	row.report, row.ended, row.until = &report, at, report.Until
	row.retries = max(row.retries, report.Retries)
	if report.Estimate != (push.Estimate{}) {
		row.estimate = report.Estimate
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

// with are the devices that ended like that.
func (r *run) with(result push.Result) map[string]bool {
	names := make(map[string]bool)
	for i := range r.rows {
		if rep := r.rows[i].report; rep != nil && rep.Result == result {
			names[r.rows[i].name] = true
		}
	}
	return names
}

// reports are those that there are, in the order of the plan.
func (r *run) reports() []push.DeviceReport {
	var all []push.DeviceReport
	for i := range r.rows {
		if rep := r.rows[i].report; rep != nil {
			all = append(all, *rep)
		}
	}
	return all
}

// left is how long the pending devices wait to be confirmed: the one that waits
// least. It is negative where none waits any more.
func (r *run) left(now time.Time) time.Duration {
	least := time.Duration(-1)
	for i := range r.rows {
		row := &r.rows[i]
		if row.report == nil || row.report.Result != push.Pending || row.until.IsZero() {
			continue
		}
		if d := row.until.Sub(now); least < 0 || d < least {
			least = max(0, d)
		}
	}
	return least
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
