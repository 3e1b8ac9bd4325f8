package push

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"closup/provision"
)

// lock makes the device take its lock for this push; its job then waits there
// to be told to go. A device that is locked says by whom.
func lock(ctx context.Context, d *device) error {
	s := d.script()
	// Asked twice, because the answer was lost, it must not start twice.
	d.tries++
	d.log("lock %s, and start the job there that makes the change", d.push.home+"/push/"+d.id)
	s.line("try=%s", d.tries)
	s.WriteString("[ \"$(cat \"$T/try\" 2>/dev/null)\" = $try ] || { rm -f \"$T/reason\"; echo $try >\"$T/try\"; begin || exit 65; }\nfollow staged\n")
	asked := d.routed() && d.push.Sessions >= 0
	if asked { // in the same round trip
		d.askRouter(s, s)
	}
	j, err := d.follow(ctx, s, "ready")
	switch {
	case err != nil:
		d.unstage(ctx)
		return err
	case j.state == "locked":
		who, holder, _ := strings.Cut(j.reason, "\n")
		d.holder, d.holderState, _ = strings.Cut(holder, " ")
		return &lockedError{&Error{d.target.Device.Name, d.phase, provision.Plain("another push to it is under way, by " + who + "; nothing was changed"), "", nil}}
	}
	d.locked = true
	d.ups, d.knew = map[string]int{}, map[string]bool{}
	if asked {
		d.before(ctx, j.router)
	}
	return nil
}

// lockedError is a device that another push holds.
type lockedError struct{ error }

// Unwrap gives the error as it is told.
func (e *lockedError) Unwrap() error { return e.error }

// activate lets the job go, and follows it until the new configuration runs.
func activate(ctx context.Context, d *device) error {
	if err := d.journal("start", ""); err != nil {
		d.unstage(ctx)
		return d.errorf(err, "", "its journal cannot be written, so it was not touched: %v", err)
	}
	d.touched = true
	begun := time.Now()
	for _, f := range d.changed() {
		d.log("install %s %s %s", f.Path, f.mode(), f.owner())
	}
	for _, u := range d.due() {
		d.log("$ %s", u.Apply)
	}
	s := d.script()
	s.WriteString("mv \"$T/ready\" \"$T/go\" 2>/dev/null\nfollow staged ready applying undoing\n")
	if _, err := d.follow(ctx, s, "active", "committing", "done"); err != nil {
		return err
	}
	d.slow = min(time.Since(begun), d.push.Undo)
	d.holds(true)
	return nil
}

// follow asks until the job is in one of the states named. A job that turned
// back is the error; one that died is made to finish first.
func (d *device) follow(ctx context.Context, s *script, until ...string) (jobState, error) {
	begun, revived := time.Now(), 0
	for {
		// Each round the device waits as long as it may, so this does not spin.
		var j jobState
		sent := time.Now()
		_, err := d.persist(ctx, s, func(out []byte) (err error) {
			j, err = d.push.parseJob(out)
			return err
		})
		if err != nil {
			return j, d.lost(err)
		}
		d.class = j.class
		if j.left > 0 {
			d.until = sent.Add(j.left)
		}
		if j.reason == "" {
			j.reason = noReason
		}
		for _, state := range until {
			if j.state == state {
				return j, nil
			}
		}
		switch j.state {
		case "locked":
			return j, nil
		case "gone", "released":
			if d.touched && j.state == "gone" {
				return j, d.errorf(nil, "", "its part of the push is gone; see with `closup diff` what it holds")
			}
			d.touched = false
			return j, d.errorf(nil, j.log, "it let go of its lock before its turn came; nothing was changed")
		case "refused":
			d.touched = false
			d.unstage(ctx)
			return j, d.errorf(nil, j.log, "%s; nothing was changed", j.reason)
		case "rolled-back":
			d.rolledBack = true
			return j, d.errorf(nil, j.log, "%s; the old files are back", j.reason)
		case "rollback-failed":
			return j, d.errorf(nil, j.log, "%s; the old files are back, but they could not be made live again, which the device goes on trying for an hour: see %s/push/%s/log there", j.reason, d.push.home, d.id)
		case "ready dead", "applying dead", "active dead", "committing dead", "undoing dead":
			if revived++; revived > 3 {
				return j, d.errorf(nil, j.log, "its own part of the push was ended again and again while it was %s; look at %s/push/%s/old on the device for the old files",
					strings.TrimSuffix(j.state, " dead"), d.push.home, d.id)
			}
			s = d.script()
			s.WriteString("revive \"$T\"\nfollow ready applying active committing undoing\n")
		}
		wait := jobTimeout + 2*d.limit()
		if j.state == "staged dead" { // it has not even begun
			wait = verbTimeout
		}
		if time.Since(begun) > wait {
			return j, d.errorf(provision.ErrTimeout, j.log, "it is still %s after %v; it goes on by itself", strings.TrimSuffix(j.state, " dead"), wait)
		}
	}
}

// lost is a device that cannot be asked any more while its job runs.
func (d *device) lost(err error) error {
	if text := stderrOf(err); text != "" {
		return d.errorf(err, text, "%s", firstOf(text))
	}
	if !d.touched {
		return d.errorf(err, "", "it cannot be asked any more; nothing was changed: %v", err)
	}
	return d.errorf(err, "", "it cannot be reached since it was changed, and puts its old files back %v after it was last seen: %v", d.push.Undo, err)
}

// jobState is what the job says of itself.
type jobState struct {
	state, class, reason, log string
	router                    []byte        // what the router says, where it was asked
	left                      time.Duration // that it waits to be confirmed; 0: it does not
}

func (p *push) parseJob(out []byte) (jobState, error) {
	var j jobState
	all, err := p.blocks(out)
	for _, b := range all {
		switch b.kind {
		case "state":
			j.state = b.rest
		case "class":
			j.class = b.rest
		case "left":
			j.left = secondsOf(b.rest)
		case "reason":
			j.reason = strings.TrimSpace(string(b.data))
		case "log":
			j.log = string(b.data)
		case "router":
			j.router, _ = b.ended()
		}
	}
	if err == nil && j.state == "" {
		err = fmt.Errorf("%w: the job says nothing", provision.ErrOutput)
	}
	return j, err
}

// secondsOf reads a device's word for a time; 0: it is none.
func secondsOf(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 24)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

// reasonOf is the device's own first line where it gave one.
func reasonOf(err error) string {
	if text := stderrOf(err); text != "" {
		return firstOf(text)
	}
	return err.Error()
}

func stderrOf(err error) string {
	var exit *provision.ExitError
	if errors.As(err, &exit) {
		return strings.TrimSpace(exit.Stderr)
	}
	return ""
}

func firstOf(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return "it gave no reason"
	}
	return line
}
