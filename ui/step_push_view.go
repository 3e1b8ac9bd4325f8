package ui

import (
	"errors"
	"fmt"
	"strings"

	"closup/provision/preflight"
	"closup/provision/push"
	"closup/ui/work"
)

// The push screen's view: a line that says how it stands, the devices, and the
// log of the one under the cursor.

// tableHeight leaves a third of the screen to the log, where there is one.
func (s *pushScreen) tableHeight() int {
	h := s.h - s.headHeight()
	if s.run != nil && h >= 12 {
		return min(s.table.n+1, h*2/3)
	}
	return h
}

// headHeight is the lines above the table: how it stands, the waves, and the
// Clos where there is room.
func (s *pushScreen) headHeight() int { return len(s.verdict()) + 1 + s.drawingHeight() }

func (s *pushScreen) drawingHeight() int {
	if (s.run == nil || s.run.dry) && s.stage != idle || s.h < 26 || s.w < 60 {
		return 0
	}
	return planClos(s.project.Plan).height(8) + 1
}

func (s *pushScreen) View() string {
	l := s.look
	switch {
	case s.project == nil || s.project.Fabric == nil:
		return l.nothing(s.project)
	case s.sure.text != "":
		lines := append(wrap(l.in(warn, l.fail+" ")+s.sure.text, s.w), "")
		for _, line := range firstOf(s.sure.more, max(1, s.h-len(lines)-2)) {
			lines = append(lines, "  "+cut(line, s.w-2, l.ellipsis))
		}
		if len(s.sure.more) > 0 {
			lines = append(lines, "")
		}
		return strings.Join(append(lines, l.in(dim, "y does it, n leaves everything as it is.")), "\n")
	case s.save.open:
		return strings.Join(s.save.lines(l, s.w, s.h), "\n")
	case s.folder.open:
		lines := s.folder.lines(l, s.w, s.h)
		if s.folder.sent != 0 {
			lines = append(lines, "", l.in(accent, "Reading the folder, and asking the devices what they have."))
		}
		return strings.Join(lines, "\n")
	case s.confirm.open:
		return strings.Join(append(s.confirm.lines(l, s.w, s.h-6), s.changing()...), "\n")
	case s.stage == strange && !s.logOnly:
		return s.keyReview()
	case s.preflighting():
		return s.preflightView()
	}
	head := strings.Join(s.verdict(), "\n") + "\n"
	if s.logOnly && s.run != nil && len(s.run.rows) > 0 {
		return s.verdict()[0] + "\n" + s.logHead() + "\n" + s.logView(s.h-2)
	}
	if lines := s.blocked(); len(lines) > 0 {
		return strings.Join(lines, "\n")
	}
	head += s.waves() + "\n"
	if n := s.drawingHeight(); n > 0 {
		head += block(s.drawing().draw(l, s.w, n-1), s.w, n) + "\n"
	}
	th := s.tableHeight()
	s.table.y = s.headHeight()
	view := head + s.table.view(l, s.w, th, true)
	if rest := s.h - s.headHeight() - th; s.run != nil && rest > 2 {
		view = block(view, s.w, th+s.headHeight()) + "\n" + s.logHead() + "\n" + s.logView(rest-1)
	}
	return view
}

// verdict is how the push stands, and what to do now.
func (s *pushScreen) verdict() []string { return inLines(s.look, s.w)(s.stands()) }

// inLines puts what is said and what to do next into one line of w cells where
// there is room, else into two.
func inLines(l *look, w int) func(said, next string) []string {
	return func(said, next string) []string {
		if said == "" || next == "" || width(said)+1+width(next) <= w {
			return []string{cut(strings.TrimSpace(said+" "+next), w, l.ellipsis)}
		}
		return []string{cut(said, w, l.ellipsis), cut(next, w, l.ellipsis)}
	}
}

// stands is the verdict in its two parts.
func (s *pushScreen) stands() (said, next string) {
	l := s.look
	switch s.stage {
	case checking:
		return l.in(accent, "Asking the devices what would change."), l.in(dim, "Nothing is written.")
	case ready:
		return s.found()
	case pushing:
		switch {
		case s.control.Aborted():
			return l.in(warn, "Aborting. ") + s.progress(), l.in(dim, "What has begun ends complete; what is pending is taken back.")
		case s.stop == nil:
			return l.in(warn, "Stopping: ") + "the devices that have begun finish.", l.in(dim, "ctrl+c again aborts.")
		case s.control.Paused():
			return l.in(warn, "Paused. ") + s.progress(), l.in(dim, "No other device is begun; space goes on.")
		}
		return l.in(accent, "Pushing to "+s.desk.target(s.inLab)+". ") + s.progress(), ""
	case settling:
		return l.in(accent, "Settling what is pending."), ""
	case over:
		return s.summary()
	}
	if s.stale {
		return l.in(warn, "The fabric changed since the check."), l.in(dim, "enter checks again.")
	}
	switch left := s.left(); {
	case s.labUp && !s.desk.lab:
		return l.in(warn, "A lab of this fabric runs:"), "t uses it instead of the real devices."
	case len(left.pending) > 0:
		return l.in(warn, "On trial on "+count(len(left.pending), "device")+" since the last push."), "c keeps it, x takes it back."
	case left.cut:
		return l.in(warn, "The last push was cut off.") + " The next one ends first what it had begun.", l.in(dim, "enter checks.")
	}
	return l.in(plain, capital(s.desk.target(s.desk.lab))+":"), l.in(dim, "enter looks at them, and checks what would change there.")
}

// found is what a check found, and what to do about it.
func (s *pushScreen) found() (said, next string) {
	l, n := s.look, s.run.tally()
	next = l.in(dim, "p pushes.")
	if s.desk.readOnly {
		next = l.in(dim, "Nothing is pushed: this is read-only.")
	}
	if s.pre != nil && s.pre.in(preflight.Warning) > 0 {
		next += l.in(warn, " "+count(s.pre.in(preflight.Warning), "warning")) + l.in(dim, ": v.")
	}
	switch hand := s.run.drifted(); {
	case n[push.Failed] > 0 && n[push.Changed] > 0:
		return l.in(bad, fmt.Sprintf("%s %d failed, ", l.fail, n[push.Failed])) + fmt.Sprintf("%d would change.", n[push.Changed]), l.in(dim, "p pushes to those alone.")
	case n[push.Failed] > 0:
		return l.in(bad, fmt.Sprintf("%s %s failed the check.", l.fail, count(n[push.Failed], "device"))), l.in(dim, "enter checks again.")
	case n[push.Changed] == 0:
		return l.in(good, l.done+" Every device has its files already."), l.in(dim, "A push would change nothing.")
	case hand > 0:
		next = l.in(warn, fmt.Sprintf("%d by hand. ", hand)) + next
	}
	if all := len(s.run.rows); all > 1 && n[push.Changed] == all {
		return l.in(warn, fmt.Sprintf("All %d devices would change.", all)), next
	}
	return l.in(warn, count(n[push.Changed], "device")+" would change,") + fmt.Sprintf(" %d would not.", n[push.Unchanged]), next
}

// progress is a bar of the devices that are through.
func (s *pushScreen) progress() string {
	l, through := s.look, 0
	for i := range s.run.rows {
		if s.run.rows[i].report != nil || s.run.rows[i].kept {
			through++
		}
	}
	return l.meter(through, len(s.run.rows), 16, good) + fmt.Sprintf(" %d of %d", through, len(s.run.rows))
}

// meter is a bar of w cells of which n of all are full.
func (l *look) meter(n, all, w int, t tone) string {
	full := 0
	if all > 0 {
		full = max(0, min(w, n*w/all))
	}
	on, off := "━", "─"
	if l.ascii {
		on, off = "=", "-"
	}
	return l.in(t, strings.Repeat(on, full)) + l.in(faint, strings.Repeat(off, w-full))
}

// summary is how a push ended, and what to do now.
func (s *pushScreen) summary() (said, next string) {
	l, r := s.look, s.run
	lead, t, next := l.done+" Done: ", good, l.in(dim, "enter watches the sessions.")
	if s.stale && s.waits() == 0 {
		return l.in(warn, "The fabric changed since this push."), l.in(dim, "enter checks what would change now.")
	}
	if len(r.failed()) > 0 {
		lead, t, next = l.fail+" In part: ", bad, l.in(dim, "f checks again what did not get through; the log says why.")
		if s.control != nil && s.control.Aborted() {
			lead, t = l.fail+" Aborted: ", warn
		}
	}
	line := l.in(t, lead) + r.counts()
	if s.byHand > 0 {
		line += l.in(warn, fmt.Sprintf(", %d left as by hand", s.byHand))
	}
	if s.waits() == 0 {
		return line + l.in(dim, fmt.Sprintf(", in %.1f s.", r.ended.Sub(r.first()).Seconds())), next
	}
	wait := r.left(s.now)
	switch {
	case wait < 0: // of an earlier session: nobody wrote down until when
		return l.in(warn, "On trial on "+count(s.waits(), "device")+"."), "c keeps the change, x takes it back."
	case wait == 0:
		return l.in(warn, "The trial is over."), "The devices have their old configuration back. " + l.in(dim, "r checks.")
	}
	left := fmt.Sprintf("%d:%02d", int(wait.Minutes()), int(wait.Seconds())%60)
	return l.in(warn, "On trial on "+count(s.waits(), "device")+", ") + l.in(strong, left) + l.in(warn, " left."),
		"c keeps it, x takes it back; so does the end of the trial."
}

// blocked is why no push can begin.
func (s *pushScreen) blocked() []string {
	l, err := s.look, s.why
	if err == nil && s.stage == idle {
		err = s.project.Blocked()
	}
	if err == nil {
		return nil
	}
	lines := []string{l.in(bad, l.fail+" The push waits."), ""}
	add := func(text string) {
		lines = append(lines, l.led("  "+l.in(bad, l.dot)+" ", plain, text, s.w)...)
	}
	var broken *work.RuleErrors
	if !errors.As(err, &broken) {
		add(err.Error())
		return lines
	}
	for _, f := range broken.Findings {
		add(f.Message)
	}
	return append(lines, "", l.in(dim, "Step 7 leads to each place."))
}

// keyReview is every fingerprint that is not known yet, to be accepted at once
// when all have been seen.
func (s *pushScreen) keyReview() string {
	l := s.look
	head := []string{
		l.in(warn, count(len(s.unknown), "host key")+" not known yet.") + " a accepts them all.",
		l.in(dim, "Compare them with what the devices show on their consoles."), "",
	}
	lines, h := s.keyLines(), max(1, s.h-len(head))
	from, to := s.log.window(len(lines), h)
	for i := from; i < to; i++ {
		line := lines[i]
		if len(lines) > h {
			line = fit(line, s.w-1, l.ellipsis) + l.scrollbar(i-from, h, from, len(lines))
		}
		head = append(head, line)
	}
	return strings.Join(head, "\n")
}

// unseen is how many lines of the key review are still below the screen.
func (s *pushScreen) unseen() int {
	_, to := s.log.window(len(s.keyLines()), max(1, s.h-3))
	return len(s.keyLines()) - to
}

// keyLines is the fingerprints, on one line each where there is room.
func (s *pushScreen) keyLines() []string {
	l := s.look
	var lines []string
	for _, e := range s.unknown {
		host, print := printable(e.Host), l.in(accent, printable(e.SHA256))
		if s.w >= 90 {
			lines = append(lines, l.in(strong, fit(host, 34, l.ellipsis))+" "+print)
			continue
		}
		lines = append(lines, l.in(strong, host), "  "+print)
	}
	return lines
}
