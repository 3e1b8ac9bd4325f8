package push

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"closup/provision"
	"closup/provision/observe"
)

// settlePause is how long a running state must stand still to be believed: from
// one look at it to the next.
const settlePause = 300 * time.Millisecond

// verify looks at the device from a new connection, until all is as asked and
// the sessions that must be up are (see sessions.go). If not, it has the old
// configuration put back.
func verify(ctx context.Context, d *device) error {
	d.close()
	deadline := time.Now().Add(d.push.settle + d.slow)
	var before *seen
	for {
		v := laid
		if before != nil { // what runs is what ran, so it is as asked as that was
			v = still
		}
		begin := time.Now()
		now, err := d.inspect(ctx, v)
		pause := settlePause
		switch {
		case err == nil && before == nil:
			before = now // once more: it may still be reading
			pause -= time.Since(begin)
		case err == nil && sameRunning(before, now):
			if err := d.agreed(ctx, now.router); err != nil {
				return d.abort(ctx, err)
			}
			d.now = now
			return nil
		case err == nil:
			before = nil
		case provision.Retryable(err) && time.Now().Before(later(deadline, d.until)): // it still waits
			d.retried(err)
		case time.Now().After(deadline):
			return d.abort(ctx, err)
		}
		time.Sleep(pause)
	}
}

// inspect says whether the device runs what was asked, and whether its files
// are the new ones, or still the old ones where they are put down last.
func (d *device) inspect(ctx context.Context, v view) (*seen, error) {
	if err := d.connected(ctx); err != nil {
		return nil, err
	}
	found, err := d.look(ctx, v)
	if err != nil {
		d.close()
		return nil, err
	}
	for i, f := range d.files {
		got := found.files[i]
		if f.changed && d.class == "live" {
			// The new one is there where whoever was cut off had confirmed it already.
			if !bytes.Equal(got.body, f.was.body) && got.differs(f) {
				return nil, d.errorf(nil, "", "%s was changed by somebody meanwhile", f.Path)
			}
		} else if got.differs(f) {
			return nil, d.errorf(nil, "", "%s is not what was installed", f.Path)
		}
	}
	for i, u := range d.units {
		switch r := found.units[i]; {
		case d.target.Restore && !d.target.Sound[u.Name]:
		case !r.shown:
			return nil, d.errorf(nil, string(r.text), "the state of %s cannot be seen: %s", u.Name, firstOf(string(r.text)))
		case r.fault != "":
			return nil, d.errorf(nil, "", "%s is not live: %s", u.Name, r.fault)
		}
	}
	return found, d.routes(found.router)
}

// routes says whether the router runs as the ASN that was asked, and knows
// every peer. Whether they answer is for later.
func (d *device) routes(now observe.Device) error {
	r := d.target.Device.Routing
	if !d.routed() {
		return nil
	}
	switch {
	case now.Err != nil:
		return d.errorf(nil, "", "its router does not run: %v", now.Err)
	case now.ASN != r.ASN && len(r.Peers) > 0:
		return d.errorf(nil, "", "its router has ASN %d, not %d", now.ASN, r.ASN)
	}
	for _, p := range r.Peers {
		if _, ok := now.Peer(p.Key()); !ok {
			return d.errorf(nil, "", "its router does not know the peer on %s (%s)", p.Key(), p.Device)
		}
	}
	return nil
}

// askRouter adds the question for the router's sessions to a script: the answer
// is the block "router".
func (d *device) askRouter(s, calls *script) {
	s.function("router", d.asking())
	calls.WriteString("look_unit router router\n")
}

// asking is the question.
func (d *device) asking() string {
	if d.said != d.phase { // once a phase; it may ask many times
		d.said = d.phase
		d.log("$ %s", strings.Join(d.asks.Asked(), "\n$ "))
	}
	return d.asks.Script()
}

// answered reads what the router said. One that speaks another dialect is asked
// once more, in that.
func (d *device) answered(ctx context.Context, out []byte, sent time.Time) (observe.Device, error) {
	now, again, err := d.asks.Read(d.target.Device.Name, out, sent)
	if again {
		return d.ask(ctx)
	}
	return now, err
}

// ask asks the router alone.
func (d *device) ask(ctx context.Context) (observe.Device, error) {
	limited, cancel := provision.WithTimeout(ctx, verbTimeout)
	defer cancel()
	sent := time.Now()
	out, err := provision.RunRoot(limited, d.session, d.asking()+"exit 0\n")
	if err != nil {
		return observe.Device{}, err
	}
	return d.answered(ctx, out, sent)
}

// askAgain is ask, from a new connection where the one there was broke, until
// the device takes its old configuration back.
func (d *device) askAgain(ctx context.Context) (now observe.Device, err error) {
	for {
		if err = d.connected(ctx); err == nil {
			if now, err = d.ask(ctx); err == nil {
				return now, nil
			}
			d.close()
		}
		if !provision.Retryable(err) || time.Now().After(d.until) {
			return now, err
		}
		d.retried(err)
		time.Sleep(settlePause)
	}
}

func sameRunning(a, b *seen) bool {
	for i := range a.units {
		if !bytes.Equal(a.units[i].text, b.units[i].text) {
			return false
		}
	}
	return true
}

// keep confirms: the device puts the new files down for good, with what is live
// now beside them. Where the operator wants to confirm himself, it only gets
// what it will need then, and the time until which it waits.
func keep(ctx context.Context, d *device) error {
	s := d.script()
	s.WriteString("umask 077\nif [ -e \"$T/pending\" ]; then\nmkdir -p \"$T/record\" || exit 65\n")
	for i, u := range d.units {
		s.unpack("/record/"+u.Name, recordOf(u, d.now.units[i].text))
	}
	s.WriteString("fi\n")
	d.log("confirm %s: its new files go to the disk, and the job there ends", d.push.home+"/push/"+d.id)
	if d.push.Confirm > 0 {
		// Until the others are through it waits longer; see `sessions`.
		s.line("deadline %s; follow applying", int((d.push.Confirm+pendingSlack)/time.Second))
		j, err := d.follow(ctx, s, "active")
		if err != nil || j.state != "active" {
			return d.refused(ctx, err)
		}
		d.report.Result = Pending
		d.until = time.Now().Add(d.push.Confirm + pendingSlack)
		return nil
	}
	if err := d.journal("confirm", ""); err != nil {
		return d.abort(ctx, d.errorf(err, "", "the journal cannot be written: %v", err))
	}
	// Asked twice, because the answer was lost, it has confirmed already.
	s.WriteString("mv \"$T/pending\" \"$T/confirmed\" 2>/dev/null\nfollow active committing undoing\n")
	if _, err := d.follow(ctx, s, "done"); err != nil {
		return d.refused(ctx, err)
	}
	d.until = time.Time{}
	return nil
}

// refused takes back a change that the device could be asked to keep, but said
// no: its disk is full, say. It would wait for the time to run out.
func (d *device) refused(ctx context.Context, err error) error {
	var exit *provision.ExitError
	if errors.As(err, &exit) && !d.rolledBack {
		return d.abort(ctx, err)
	}
	return err
}

// pendingSlack is what a push may take after a device of it is pending.
const pendingSlack = 10 * time.Minute

// trialGrace is how much longer than the job a unit that commits by itself waits.
const trialGrace = 60 * time.Second

// errKept is a device that cannot be taken back any more: somebody confirmed it.
var errKept = errors.New("it was confirmed already")

// What a job that turned back says of why: it was told to, or it could not say.
const (
	tookBack = "the push took it back"
	noReason = "it could not write down why (a full disk?)"
)

// abort has the old files put back, because of what verify found.
func (d *device) abort(ctx context.Context, found error) error {
	if d.rolledBack { // by itself, and it said so
		return found
	}
	s := d.script()
	d.log("take back %s", d.push.home+"/push/"+d.id)
	s.WriteString("mv \"$T/pending\" \"$T/aborted\" 2>/dev/null\nfollow active committing undoing\n")
	j, err := d.follow(ctx, s, "done")
	if !d.rolledBack {
		if err == nil {
			return d.errorf(errors.Join(errKept, found), "", "%s; it was confirmed already, and keeps the new files", without(d, found))
		}
		return d.errorf(found, "", "%s; and then: %s", without(d, found), without(d, err))
	}
	if j.reason != tookBack && j.reason != noReason { // it had turned back before: what was found follows from that
		return d.errorf(found, "", "%s; the old files are back", j.reason)
	}
	return d.errorf(found, "", "%s; the old files are back", without(d, found))
}

// without is an error's text without the device's name before it.
func without(d *device, err error) string {
	return strings.TrimPrefix(err.Error(), d.target.Device.Name+": ")
}
