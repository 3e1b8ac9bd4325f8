package push

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"closup/provision"
)

// stage sends the files, and the job that will install them, into the
// directory of this push. Nothing else on the device is touched.
func stage(ctx context.Context, d *device) error {
	s := d.script()
	s.WriteString("umask 077; mkdir -p \"$B/push\" \"$T/new\" \"$T/old\" \"$T/unit\" && chmod 700 \"$B\" \"$B/push\" \"$T\" || exit 65\n")
	for _, f := range d.changed() {
		s.unpack("/new"+f.Path, f.want)
		d.log("stage %s (%d bytes)", f.Path, len(f.want))
	}
	for _, u := range d.due() {
		for _, way := range []struct{ name, commands string }{{"apply", u.Apply}, {"restart", u.Restart}} {
			if way.commands != "" {
				s.unpack("/unit/"+u.Name+"."+way.name, []byte(way.commands+"\n"))
			}
		}
	}
	s.unpack("/job", []byte(d.job()))
	if _, err := d.root(ctx, s); err != nil {
		d.unstage(ctx)
		return d.errorf(err, stderrOf(err), "the new files could not be put aside: %s", reasonOf(err))
	}
	return nil
}

// job is what installs and activates, detached from any connection.
func (d *device) job() string {
	s := d.script()
	files, units := d.changed(), d.due()
	var keep, put, back, live strings.Builder
	for _, f := range files {
		before := "none"
		if f.was.exists {
			before = sumOf(f.was.body)
		}
		path := provision.Quote(f.Path)
		fmt.Fprintf(&keep, "keep %s %s || return\n", path, before)
		fmt.Fprintf(&put, "install_file %s %s %s || return\n", path, f.mode(), provision.Quote(f.owner()))
		fmt.Fprintf(&back, "put_back %s || bad=yes\n", path)
	}
	for _, u := range units {
		if u.Apply+u.Restart != "" {
			fmt.Fprintf(&live, "activate %s %s || return\n", provision.Quote(u.Name), provision.Quote(u.files[0].Path))
		}
	}
	s.function("keep_all", keep.String()+"true")
	s.function("install_all", put.String()+"true")
	s.function("restore_all", "bad=\n"+back.String()+"[ -z \"$bad\" ]")
	s.function("activate_all", live.String()+"true")
	s.WriteString("umask 077; live=\n")
	s.WriteString("say installing; keep_all || { say refused; exit 0; }\n")
	s.WriteString("install_all || undo\nflush; say installed\n")
	s.WriteString("activate_all || undo\nsay active\n")
	s.line("await %s", int(d.push.Undo/time.Second))
	return s.String()
}

// check has every staged file checked by its unit. $1 is the staged path,
// which ends as the real one does.
func check(ctx context.Context, d *device) error {
	s := d.script()
	for _, u := range d.due() {
		if u.Check == "" {
			continue
		}
		for _, f := range u.files {
			if !f.changed {
				continue
			}
			d.log("$ %s  # %s", u.Check, f.Path)
			s.WriteString("(\n")
			s.WriteString("set -- \"$T/new\"" + provision.Quote(f.Path) + "\n")
			s.WriteString(u.Check + "\n) >\"$T/said\" 2>&1 || {\n")
			s.line("printf '%%s\\n' %s >&2; cat \"$T/said\" >&2; exit 66; }", f.Path)
		}
	}
	s.WriteString("exit 0\n")
	_, err := d.root(ctx, s)
	var exit *provision.ExitError
	if errors.As(err, &exit) && exit.Status == 66 {
		path, said, _ := strings.Cut(exit.Stderr, "\n")
		d.unstage(ctx)
		return d.errorf(err, said, "%s does not pass the device's check: %s", path, firstOf(said))
	}
	if err != nil {
		d.unstage(ctx)
		return d.errorf(err, stderrOf(err), "the check did not run: %s", reasonOf(err))
	}
	return nil
}

// unstage removes what stage sent, where that is still possible.
func (d *device) unstage(ctx context.Context) {
	if d.session == nil {
		return
	}
	s := d.script()
	s.WriteString("rm -rf \"$T\"\n")
	_, _ = d.root(context.WithoutCancel(ctx), s)
}

// install starts the job and follows it until the files are in place.
func install(ctx context.Context, d *device) error {
	d.touched = true
	s := d.script()
	// Asked twice, because the answer was lost, it must not start twice.
	s.WriteString("[ -e \"$T/state\" ] || start || exit 65\nfollow staged installing\n")
	for _, f := range d.changed() {
		d.log("install %s %s %s", f.Path, f.mode(), f.owner())
	}
	return d.follow(ctx, s, "installed", "active", "undoing", "done")
}

// activate follows the job until the units are live.
func activate(ctx context.Context, d *device) error {
	for _, u := range d.due() {
		d.log("$ %s", u.Apply)
	}
	s := d.script()
	s.WriteString("follow staged installing installed undoing\n")
	return d.follow(ctx, s, "active", "done")
}

// follow asks until the job is in one of the states named. A job that turned
// back is the error.
func (d *device) follow(ctx context.Context, s *script, until ...string) error {
	deadline := time.Now().Add(jobTimeout)
	for {
		// Each round the device waits as long as it may, so this does not spin.
		out, err := d.persist(ctx, s)
		if err != nil {
			return d.lost(err)
		}
		j, err := parseJob(out)
		if err != nil {
			return d.lost(err)
		}
		for _, state := range until {
			if j.state == state {
				return nil
			}
		}
		switch j.state {
		case "locked":
			d.touched = false
			d.unstage(ctx)
			return d.errorf(nil, "", "another push to it is under way; nothing was changed")
		case "refused":
			d.touched = false
			d.unstage(ctx)
			return d.errorf(nil, j.log, "%s; nothing was changed", j.reason)
		case "rolled-back":
			d.rolledBack = true
			return d.errorf(nil, j.log, "%s; the old files are back", j.reason)
		case "rollback-failed":
			return d.errorf(nil, j.log, "%s; the old files are back, but they could not be made live again: see %s/push/%s/log on the device", j.reason, d.push.home, d.push.id)
		case "staged dead", "installing dead", "installed dead", "active dead", "undoing dead":
			return d.errorf(nil, j.log, "its own part of the push was ended while it was %s; push again, or look at %s/push/%s/old for the old files",
				strings.TrimSuffix(j.state, " dead"), d.push.home, d.push.id)
		case "staged", "installing", "installed", "active", "undoing":
			if time.Now().Before(deadline) {
				continue
			}
		}
		return d.errorf(provision.ErrTimeout, j.log, "it is still %s after %v; it goes on by itself", j.state, jobTimeout)
	}
}

// lost is a device that cannot be asked any more while its job runs.
func (d *device) lost(err error) error {
	return d.errorf(err, "", "it cannot be reached since it was changed, and puts its old files back %v after that: %v", d.push.Undo, err)
}

// jobState is what the job says of itself.
type jobState struct{ state, reason, log string }

func parseJob(out []byte) (jobState, error) {
	var j jobState
	all, err := blocks(out)
	for _, b := range all {
		switch b.kind {
		case "state":
			j.state = b.rest
		case "reason":
			j.reason = strings.TrimSpace(string(b.data))
		case "log":
			j.log = string(b.data)
		}
	}
	if err == nil && j.state == "" {
		err = fmt.Errorf("%w: the job says nothing", provision.ErrOutput)
	}
	return j, err
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
