package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ErrDrift is a device that somebody changed by hand since it was confirmed
// last. It is never overwritten unasked.
var ErrDrift = errors.New("changed by hand")

// drifted finds what is not as it was confirmed last, though no push did that:
// files on the disk, and units whose running state is another. A unit that does
// not run at all is mended without a question; so is one whose running state
// differs from what was written down, but is what its files ask.
func (d *device) drifted(ctx context.Context, stale []*unit) error {
	var diff strings.Builder
	for _, u := range d.units {
		for _, f := range u.files {
			if sum, known := recorded(u.was.record, f.Path); known && f.driftedFrom(sum) {
				d.drift = append(d.drift, f.Path)
				was := f.kept
				if was == nil {
					was = f.want
				}
				name := d.target.Device.Name + f.Path
				diff.WriteString(difference(name+" as confirmed", name+" as it is", was, f.was.body, 3))
			}
		}
	}
	if len(stale) > 0 {
		now, err := d.look(ctx, held)
		if err != nil {
			return err
		}
		var mend []string
		for i, u := range d.units {
			if r := now.units[i]; slices.Contains(stale, u) {
				if r.fault == "" || r.stopped {
					mend = append(mend, u.Name)
					continue
				}
				d.drift = append(d.drift, "running "+u.Name)
				_, was, _ := bytes.Cut(u.was.record, []byte("\n\n"))
				name := d.target.Device.Name + ": running " + u.Name
				diff.WriteString(difference(name+" as confirmed", name+" as it is", withEnd(was), withEnd(u.was.text), 3))
			}
		}
		if len(mend) > 0 {
			d.note(fmt.Sprintf("the running state of %s is not what was confirmed last; it is made live again", strings.Join(mend, ", ")))
		}
	}
	if d.report.Drift = diff.String(); d.report.Drift != "" {
		d.note("changed by hand since the last push: " + strings.Join(d.drift, ", "))
	}
	return nil
}

// driftedFrom says whether the file is not the one that was confirmed, nor the
// one that is asked for. Of a file that is ours in part only our part counts.
func (f *file) driftedFrom(sum string) bool {
	if !f.changed || f.was.exists && sumOf(f.was.body) == sum || sum == gone && !f.was.exists {
		return false
	}
	if f.was.exists && f.want != nil && bytes.Equal(f.was.body, f.want) {
		return false // mode and owner alone
	}
	if f.Merge == nil {
		return true
	}
	if f.kept == nil {
		return false
	}
	then, err := f.Merge(f.kept)
	if err != nil {
		return true
	}
	// What was edited beside our part is in both differences; what is in the
	// first alone was edited in ours.
	return !maps.Equal(added(f.kept, f.was.body), added(then, f.want)) || !maps.Equal(added(f.was.body, f.kept), added(f.want, then))
}

// added counts the lines that b has more often than a.
func added(a, b []byte) map[string]int {
	n := map[string]int{}
	for line := range bytes.Lines(b) {
		n[string(line)]++
	}
	for line := range bytes.Lines(a) {
		if n[string(line)]--; n[string(line)] <= 0 {
			delete(n, string(line))
		}
	}
	return n
}

func withEnd(text []byte) []byte {
	if len(text) == 0 || bytes.HasSuffix(text, []byte("\n")) {
		return text
	}
	return append(bytes.Clone(text), '\n')
}

// note adds to what is to be known of the device.
func (d *device) note(text string) {
	if d.report.Note != "" {
		text = d.report.Note + "; " + text
	}
	d.report.Note = text
}

// recordOf is what is written down of a unit once it is confirmed: the sums of
// its files, and its running state.
func recordOf(u *unit, running []byte) []byte {
	var b bytes.Buffer
	for _, f := range u.files {
		sum := gone
		if f.want != nil {
			sum = sumOf(f.want)
		}
		fmt.Fprintf(&b, "%s %s\n", sum, f.Path)
	}
	b.WriteString("\n")
	b.Write(running)
	return b.Bytes()
}

// gone stands in a record for a file that is not there.
const gone = "gone"

// recorded is the sum of a file when it was confirmed last.
func recorded(record []byte, path string) (sum string, known bool) {
	head, _, _ := bytes.Cut(record, []byte("\n\n"))
	for line := range strings.Lines(string(head)) {
		if s, p, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); p == path {
			return s, true
		}
	}
	return "", false
}
