package push

import (
	"fmt"
	"strings"
	"time"
)

// Estimate is how long a device is likely to take: measured means of its units,
// by the lines that come and go. Taking lines away is what costs, since a router
// is told each one by itself; so an undo may take far longer than the change.
type Estimate struct {
	Apply time.Duration // until the new configuration runs
	Undo  time.Duration // until the old one runs again
}

// slowUndo is an undo that is worth a word beforehand.
const slowUndo = 60 * time.Second

// estimate adds up what the device's due units cost.
func (d *device) estimate() Estimate {
	var e Estimate
	for _, u := range d.due() {
		c := u.Cost
		plus, minus, whole := 0, 0, false
		for _, f := range u.files {
			if !f.changed {
				continue
			}
			for _, n := range added(f.was.body, f.want) {
				plus += n
			}
			for _, n := range added(f.want, f.was.body) {
				minus += n
			}
			whole = whole || f.want == nil || !f.was.exists
		}
		if c.Restart > 0 && (whole || u.Disk) {
			e.Apply, e.Undo = e.Apply+c.Restart, e.Undo+c.Restart
			continue
		}
		e.Apply += c.Base + time.Duration(plus)*c.Added + time.Duration(minus)*c.Removed
		e.Undo += c.Base + time.Duration(minus)*c.Added + time.Duration(plus)*c.Removed
	}
	return e
}

// estimated tells how long the device is likely to take, once that is known.
func (d *device) estimated() {
	e := d.estimate()
	d.report.Estimate = e
	if e.Undo > slowUndo {
		d.note(fmt.Sprintf("taking this back would need about %v", e.Undo.Round(time.Second)))
	}
	d.tell(Event{Kind: Estimated, Text: strings.TrimSpace(fmt.Sprintf("about %v, and %v to take it back", e.Apply.Round(100*time.Millisecond), e.Undo.Round(100*time.Millisecond))), Estimate: &e})
}
