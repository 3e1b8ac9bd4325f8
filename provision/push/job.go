package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"closup/provision"
)

// stage sends the files, and the job that will install them, into the
// directory of this push, and has them checked there. Nothing else on the device
// is touched.
func stage(ctx context.Context, d *device) error {
	s := d.script()
	s.WriteString("umask 077; mkdir -p \"$B/push\" \"$T/new\" \"$T/old\" \"$T/unit\" && chmod 700 \"$B\" \"$B/push\" \"$T\" || exit 65\n")
	for _, f := range d.changed() {
		if f.want != nil {
			d.log("stage %s (%d bytes)", f.Path, len(f.want))
		}
	}
	limited, cancel := provision.WithTimeout(ctx, 2*verbTimeout)
	defer cancel()
	_, err := provision.RunRootWritten(limited, d.session, func(w io.Writer) {
		s.send(w)
		d.send(w)
		_, _ = io.WriteString(w, d.checks())
	})
	var exit *provision.ExitError
	if errors.As(err, &exit) && exit.Status == 66 {
		d.checked = exit
		return nil
	}
	if err != nil {
		d.unstage(ctx)
		return d.errorf(err, stderrOf(err), "the new files could not be put aside: %s", reasonOf(err))
	}
	return nil
}

// send writes all that the directory of this push gets.
func (d *device) send(w io.Writer) {
	for _, f := range d.changed() {
		if f.trial != nil {
			unpack(w, "/old"+f.Path, f.was.body)
			unpack(w, "/delta"+f.Path, f.delta)
		}
		if f.want != nil {
			unpack(w, "/new"+f.Path, f.want)
		}
	}
	for _, u := range d.units {
		for _, way := range []struct{ name, commands string }{
			{"apply", u.Apply}, {"restart", u.Restart}, {"show", u.Show}, {"verify", u.Verify},
		} {
			if way.commands != "" {
				unpack(w, "/unit/"+u.Name+"."+way.name, []byte(way.commands+"\n"))
			}
		}
		if t := u.Trial; t != nil {
			for name, commands := range map[string]string{"check": u.Check, "read": t.Read, "free": t.Free, "begin": t.Begin, "keep": t.Keep, "back": t.Back} {
				unpack(w, "/unit/"+u.Name+"."+name, []byte(commands+"\n"))
			}
			if again := d.target.Again[u.Name]; len(again) > 0 {
				unpack(w, "/unit/"+u.Name+".again", again)
			}
		}
	}
	var files strings.Builder
	for _, f := range d.changed() {
		fmt.Fprintf(&files, "%s %s\n", f.Unit, f.Path)
	}
	unpack(w, "/files", []byte(files.String()))
	unpack(w, "/owner", []byte(d.push.owner()+"\n"))
	unpack(w, "/lay", []byte(d.lay()))
	unpack(w, "/job", []byte(d.job()))
}

// owner is what another push is told that finds the device locked.
func (p *push) owner() string {
	who := p.Who
	if who == "" {
		who = "somebody"
	}
	return fmt.Sprintf("%s since %s", provision.Plain(who), p.begun.UTC().Format("2006-01-02 15:04:05 MST"))
}

// room is how many bytes the device must have free for as long as it is pending:
// for its log, and to write each file twice.
func (d *device) room() int {
	n := 32 << 10
	for _, f := range d.changed() {
		n += 2 * (len(f.was.body) + len(f.want))
	}
	return n
}

// limit is how long one unit may take: far longer than it is likely to.
func (d *device) limit() time.Duration {
	return d.push.limit + 3*max(d.report.Estimate.Apply, d.report.Estimate.Undo)
}

// lay is the view of the device with the new files in place.
func (d *device) lay() string {
	s := &script{}
	s.line("T=%s", d.push.home+"/push/"+d.id)
	for _, f := range d.changed() {
		if f.want != nil && f.was.exists && f.trial == nil {
			path := provision.Quote(f.Path)
			fmt.Fprintf(s, "mount --bind \"$T/new\"%s \"$(readlink -f %s)\" || exit 78\n", path, path)
		}
	}
	s.WriteString("CLOSUP_LAID=yes; export CLOSUP_LAID\nexec \"$@\"\n")
	return s.String()
}

// live says whether the change can be made in the running state alone, before
// anything is on the disk. What is new or goes cannot be laid over anything,
// and some units are read by others than those who make them live.
func (d *device) live() bool {
	for _, f := range d.changed() {
		if f.want == nil || !f.was.exists || f.trial != nil {
			return false
		}
	}
	for _, u := range d.due() {
		if u.Disk && anyChanged(u.files) {
			return false
		}
	}
	return true
}

// trial is how long a unit that commits by itself waits for the job to keep the
// change or to take it back: longer than any job does, since it is what is left
// when that is dead.
func (p *push) trial() time.Duration {
	if p.Confirm > 0 {
		return p.Undo + p.Confirm + pendingSlack + trialGrace
	}
	return p.Undo + trialGrace
}

// job is what applies, waits to be confirmed, and commits or undoes, detached
// from any connection.
func (d *device) job() string {
	s := detached(d.push, d.id)
	s.WriteString(jobLibrary)
	laid := ""
	if d.live() {
		laid = "yes"
	}
	s.line("LAY=%s UNDO=%s LIMIT=%s ROOM=%s TRIAL=%s", laid, int(d.push.Undo/time.Second), int(d.limit()/time.Second), d.room()>>10, int(d.push.trial()/time.Second))
	var keep, put, ready, swap, back, note, live, sound, stay, take strings.Builder
	hook := false
	for _, f := range d.changed() {
		if f.trial != nil {
			unit := provision.Quote(f.Unit)
			fmt.Fprintf(&keep, "keep_trial %s %s || return\n", unit, f.was.sum)
			fmt.Fprintf(&swap, "keep_on %s || return\n", unit)
			fmt.Fprintf(&back, "end_trial %s || bad=yes\n", unit)
			fmt.Fprintf(&note, "note %s || return\n", provision.Quote(f.Path))
			continue
		}
		hook = true
		before, mode := "none", f.mode()
		if f.was.exists {
			before = sumOf(f.was.body)
		}
		if f.want == nil {
			mode = "gone"
		}
		path, owner := provision.Quote(f.Path), provision.Quote(f.owner())
		fmt.Fprintf(&keep, "keep %s %s || return\n", path, before)
		fmt.Fprintf(&put, "install_file %s %s %s || return\n", path, mode, owner)
		fmt.Fprintf(&ready, "ready_file %s %s %s || return\n", path, mode, owner)
		fmt.Fprintf(&swap, "swap_file %s %s || return\n", path, mode)
		fmt.Fprintf(&back, "put_back %s || bad=yes\n", path)
		fmt.Fprintf(&note, "note %s || return\n", path)
	}
	for _, u := range d.due() {
		if u.Trial != nil {
			fmt.Fprintf(&live, "begin_trial %s %s || return\n", provision.Quote(u.Name), provision.Quote(u.files[0].Path))
			continue
		}
		if u.Apply+u.Restart != "" {
			args := provision.Quote(u.Name) + " " + provision.Quote(u.files[0].Path)
			fmt.Fprintf(&live, "activate %s || return\n", args)
			fmt.Fprintf(&sound, "sound %s || return\n", args)
			if !d.target.Restore || d.target.Sound[u.Name] {
				fmt.Fprintf(&stay, "stay %s\n", args)
			}
			fmt.Fprintf(&take, "take_back %s || all=no\n", args)
		}
	}
	for _, f := range []struct{ name, body string }{
		{"keep_all", keep.String() + "true"},
		{"install_all", put.String() + "true"},
		{"ready_all", ready.String() + "true"},
		{"swap_all", swap.String() + "true"},
		{"restore_all", "bad=\n" + back.String() + "[ -z \"$bad\" ]"},
		{"note_all", note.String() + "true"},
		{"activate_all", live.String() + "true"},
		{"sound_all", sound.String() + "true"},
		{"stay_all", stay.String() + "true"},
		{"take_back_all", "all=yes\n" + take.String() + "[ $all = yes ]"},
	} {
		s.function(f.name, f.body)
	}
	if !hook {
		s.WriteString("HOOK=\n") // what boots is no file of ours
	}
	s.WriteString("main \"$1\"\n")
	return s.String()
}

// unstage removes what stage sent, where that is still possible, and lets go of
// the lock.
func (d *device) unstage(ctx context.Context) {
	if d.session == nil {
		return
	}
	s := d.script()
	s.WriteString("if mv \"$T/ready\" \"$T/left\" 2>/dev/null && [ -f \"$T/state\" ]; then follow staged ready >/dev/null; fi\nrm -rf \"$T\"\n")
	_, _ = d.root(context.WithoutCancel(ctx), s)
}
