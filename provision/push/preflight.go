package push

import (
	"context"
	"errors"
	"strings"
	"time"

	"closup/model"
	"closup/provision/preflight"
)

// Preflight is what devices are held beside before anything on them is touched.
// It costs no round trip: they are asked in the one that reads their files.
type Preflight struct {
	Plan *model.Plan
	Lab  bool // the devices stand in for the real ones
	// Lenient reports what fails as a warning, and goes on: for a difference
	// that is only looked at.
	Lenient bool
}

// asked is what a look found for the preflight.
type asked struct {
	answer         []byte
	sent, received time.Time
}

// askFacts adds the preflight's questions to a look, once.
func (d *device) askFacts(s, calls *script, v view) {
	if d.push.Preflight == nil || v != asFound || d.judged {
		return
	}
	s.function("look_facts", preflight.Brief(preflight.WritesOf(d.target.Artifacts)))
	calls.WriteString("block facts\n( look_facts ) 2>/dev/null\n")
}

// judge holds a device beside the plan. A check that fails ends its push; what
// only is to be known goes into the report.
func (d *device) judge(found *seen) error {
	if found.asked == nil || d.judged {
		return nil
	}
	d.judged = true
	v := preflight.View{
		Plan: d.push.Preflight.Plan, Lab: d.push.Preflight.Lab, Device: d.target.Device, Endpoint: d.target.Endpoint,
		Writes: preflight.WritesOf(d.target.Artifacts), Sent: found.asked.sent, Received: found.asked.received,
	}
	v.Facts, v.RootErr = preflight.Parse(found.asked.answer)
	d.facts = v.Facts
	if d.target.Restore {
		return nil // it keeps the files of that very push, so it is the device
	}
	r := preflight.Judge(v)
	for _, c := range r.Checks {
		if c.State == preflight.Warning || c.State == preflight.Failed && d.push.Preflight.Lenient || c.State == preflight.Unknown && c.Check == "identity" {
			d.report.Warnings = append(d.report.Warnings, c)
		}
	}
	var refused *preflight.RefusedError
	if errors.As(r.Refusal(), &refused) && !d.push.Preflight.Lenient {
		return d.errorf(refused, "", "%s", strings.TrimPrefix(refused.Error(), d.target.Device.Name+": "))
	}
	return nil
}

// read is one look, and the preflight with the first.
func (d *device) read(ctx context.Context) (*seen, error) {
	found, err := d.look(ctx, asFound)
	if err == nil {
		err = d.judge(found)
	}
	return found, err
}

// Refused says whether the preflight kept the push from a device, and which
// check did.
func Refused(err error) (check string, refused bool) {
	var r *preflight.RefusedError
	if errors.As(err, &r) {
		return r.Result.Check, true
	}
	return "", false
}
