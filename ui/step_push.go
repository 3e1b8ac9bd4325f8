package ui

import (
	"context"
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/push"
	"closup/ui/work"
)

// pushScreen brings the devices to their files. First every device is asked
// what would change there; then the fabric's name has to be typed; then a row
// for each device tells how far it is.
type pushScreen struct {
	base
	table   grid
	stage   pushStage
	run     *run
	now     time.Time
	trusted map[string]string // fingerprints that were accepted, by host
	confirm dialog
	stop    context.CancelFunc // lets what has begun finish, and begins no more; nil: said already
	logOnly bool
	log     scroll
	inLab   bool // the run is on the lab's devices
	labUp   bool // a lab of this fabric's name runs
	stale   bool // the fabric changed after the check
	why     error
}

// pushStage is where a push stands.
type pushStage uint8

const (
	idle     pushStage = iota
	checking           // asking the devices; nothing is written
	strange            // host keys wait to be accepted
	ready              // what would change is known
	pushing
	over
)

func newPushScreen(b base) Screen {
	s := &pushScreen{base: b, trusted: make(map[string]string)}
	s.table.cols = []column{
		{title: "", keep: 8, close: true}, {title: "device", keep: 9}, {title: "phase", keep: 6}, {title: "time", keep: 4, right: true}, {title: "result", keep: 7, least: 24},
	}
	return s
}

func (s *pushScreen) Title() string { return "Push" }
func (s *pushScreen) Typing() bool  { return s.confirm.open }

func (s *pushScreen) Keys() []key.Binding {
	if s.confirm.open {
		return []key.Binding{called(keys.accept, "push"), keys.cancel}
	}
	toggle := called(keys.lab, "use the lab")
	if s.desk.lab {
		toggle = called(keys.lab, "use the real devices")
	}
	switch s.stage {
	case checking, pushing:
		return []key.Binding{keys.log, keys.drain}
	case strange:
		return []key.Binding{keys.trust, called(keys.back, "leave them"), keys.log}
	case ready:
		return []key.Binding{keys.apply, called(keys.check, "check again"), keys.log, toggle}
	case over:
		return []key.Binding{called(keys.watch, "watch it live"), called(keys.reload, "once more"), keys.log}
	}
	if s.project == nil || s.project.Fabric == nil || s.project.Blocked() != nil {
		return []key.Binding{toggle}
	}
	return []key.Binding{keys.check, toggle}
}

func (s *pushScreen) State() (state, string) {
	switch s.stage {
	case checking:
		return open, "asks"
	case strange:
		return open, "keys"
	case ready:
		return open, "ready"
	case pushing:
		return open, "runs"
	case over:
		if n := len(s.run.failed()); n > 0 {
			return failed, fmt.Sprintf("%d failed", n)
		}
		return done, "done"
	}
	if s.project != nil && s.project.Blocked() != nil {
		return open, "waits"
	}
	return open, ""
}

// Focus looks whether a lab of this fabric runs, in its state on disk.
func (s *pushScreen) Focus() tea.Cmd {
	if s.project == nil {
		return nil
	}
	return findLab(s.project)
}

// Busy says what leaving now would cut off; "": nothing.
func (s *pushScreen) Busy() string {
	if s.stage != pushing {
		return ""
	}
	return "A push is running. Leaving now stops it: each device ends with its old files or the new ones, complete."
}

// Drain lets the devices that have begun finish and begins no other. It is
// false where nothing runs, or where that was said already.
func (s *pushScreen) Drain() bool {
	if s.stage != pushing && s.stage != checking || s.stop == nil {
		return false
	}
	s.stop()
	s.stop = nil
	return true
}

func (s *pushScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		s.arrived(msg.(projectMsg))
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case *look:
		s.refill()
	case labMsg:
		if msg.project == s.project {
			s.labUp = msg.running
		}
	case pushStartedMsg:
		if s.run != nil && msg.run == s.run.id && msg.err != nil {
			s.stage, s.why = idle, msg.err
			s.Drain()
		}
	case pushEventsMsg:
		if s.run != nil && msg.run == s.run.id {
			s.events(msg)
		}
	case tickMsg:
		if msg.of == "push" {
			return Nav{}, s.tick(msg.at)
		}
	case tea.KeyPressMsg, tea.PasteMsg:
		if s.confirm.open {
			return Nav{}, s.confirmed(msg)
		}
		if k, ok := msg.(tea.KeyPressMsg); ok {
			return s.key(k)
		}
	}
	return Nav{}, nil
}

func (s *pushScreen) arrived(msg projectMsg) {
	switch {
	case s.stage == pushing || s.stage == checking:
		s.stale = true
	case msg.opened:
		s.stage, s.run, s.why, s.stale = idle, nil, nil, false
	case s.stage == ready || s.stage == strange:
		s.stage, s.stale = idle, true
	}
	s.confirm.open = false
	s.refill()
}

func (s *pushScreen) tick(at time.Time) tea.Cmd {
	s.now = at
	s.refill()
	if s.stage != pushing && s.stage != checking {
		return nil
	}
	return tick("push", 125*time.Millisecond)
}

func (s *pushScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.stage == strange && !s.logOnly && s.log.key(k, len(s.keyLines()), max(1, s.h-3)):
	case s.logOnly && s.log.key(k, len(s.logLines()), s.h-2):
	case !s.logOnly && s.table.update(k, s.tableHeight()):
		s.log = scroll{}
	case key.Matches(k, keys.back) && s.logOnly:
		s.logOnly = false
	case key.Matches(k, keys.back) && s.stage == strange:
		s.stage = idle
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.log) && s.run != nil:
		s.logOnly, s.log = !s.logOnly, scroll{top: 1 << 30}
		if s.run.dry && !s.run.ended.IsZero() {
			s.log = scroll{} // a difference is read from its beginning
		}
	case key.Matches(k, keys.lab) && s.stage != checking && s.stage != pushing:
		s.desk.lab = !s.desk.lab
		s.stage, s.why = idle, nil
		s.refill()
	case key.Matches(k, keys.trust) && s.stage == strange && s.unseen() > 0:
		return Nav{}, say(warn, "%d more below: they are accepted when all have been seen", s.unseen())
	case key.Matches(k, keys.trust) && s.stage == strange:
		for _, e := range s.run.strangers() {
			s.trusted[e.Host] = e.SHA256
		}
		return Nav{}, s.begin(true, nil)
	case key.Matches(k, keys.apply) && s.stage == ready:
		s.ask()
	case key.Matches(k, keys.reload) && s.stage == over:
		return Nav{}, s.begin(true, nil)
	case key.Matches(k, keys.watch) && s.stage == over:
		return Nav{Move: 1}, watch(s.desk.ctx, s.project, s.inLab)
	case key.Matches(k, keys.check) && (s.stage == idle || s.stage == ready):
		return Nav{}, s.begin(true, nil)
	}
	return Nav{}, nil
}

// begin starts a run; only are the devices of it, nil: all.
func (s *pushScreen) begin(dry bool, only map[string]bool) tea.Cmd {
	if s.project == nil || s.project.Fabric == nil {
		return nil
	}
	if err := s.project.Blocked(); err != nil {
		s.why = err
		return nil
	}
	// The confirmation told of what was changed by hand.
	overwrite := !dry && s.run != nil && s.run.drifted() > 0
	s.run = newRun(s.desk.newID(), dry, s.project.Plan, only, time.Time{})
	s.stage, s.why, s.stale = pushing, nil, false
	if dry {
		s.stage = checking
	}
	s.inLab = s.desk.lab
	ctx, stop := context.WithCancel(s.desk.ctx)
	s.stop = stop
	s.refill()
	o := work.PushOptions{Lab: s.inLab, DryRun: dry, Verbose: true, OverwriteDrift: overwrite}
	for name := range only {
		o.Only = append(o.Only, name)
	}
	return tea.Batch(startPush(ctx, s.project, s.run.id, o, s.trusted), tick("push", 0))
}

// events follows the run, and goes to the next stage at its end.
func (s *pushScreen) events(msg pushEventsMsg) {
	for _, e := range msg.events {
		s.run.take(e)
	}
	if !msg.over {
		return
	}
	if s.stop != nil {
		s.stop()
	}
	s.run.ended, s.stop = msg.at, nil
	switch {
	case !s.run.dry:
		s.stage = over
	case len(s.run.strangers()) > 0:
		s.stage, s.log = strange, scroll{}
	case s.stale:
		s.stage = idle
	default:
		s.stage = ready
	}
	s.refill()
}

// ask opens the confirmation: the fabric's name has to be typed.
func (s *pushScreen) ask() {
	name := s.project.Fabric.Name
	where := "real device"
	if s.desk.lab {
		where = "device of the lab"
	}
	about := "Sessions of these devices may go down for a moment. To confirm, type the fabric's name."
	if n := s.run.drifted(); n > 0 {
		about = count(n, "device") + " changed by hand since the last push: that is overwritten. " + about
	}
	s.confirm = dialog{
		title: "Change " + counted(s.run.tally()[push.Changed], where) + "?", open: true,
		fields: []field{{
			name: "name", label: "Fabric", about: about, rule: "its name is " + name,
			check: func(v string) error {
				if v != name {
					return fmt.Errorf("type %s", name)
				}
				return nil
			},
		}},
	}
	s.confirm.fields[0].begin("")
	s.confirm.fields[0].err = nil
}

func (s *pushScreen) confirmed(msg tea.Msg) tea.Cmd {
	if s.confirm.update(msg) != accepted {
		return nil
	}
	s.confirm.open = false
	if s.stage != ready {
		return nil
	}
	return s.begin(false, nil)
}

// refill draws the table's rows anew.
func (s *pushScreen) refill() {
	if s.project == nil {
		return
	}
	var rows [][]cell
	if s.run == nil || s.stage == idle {
		for i := range s.project.Plan.Devices {
			d := &s.project.Plan.Devices[i]
			rows = append(rows, []cell{{}, {d.Name, roleTone(d.Role)}, {}, {}, {s.where(d.Name, d.Mgmt), dim}})
		}
		s.table.set(rows)
		return
	}
	for i := range s.run.rows {
		rows = append(rows, s.runCells(&s.run.rows[i]))
	}
	s.table.set(rows)
}

// where says how a device will be reached.
func (s *pushScreen) where(name, mgmt string) string {
	if s.desk.lab {
		return "in the lab"
	}
	return orText(mgmt, name+", by DNS or ~/.ssh/config")
}

func (s *pushScreen) runCells(row *runRow) []cell {
	l := s.look
	took := ""
	if d := row.elapsed(s.now); d > 0 {
		took = fmt.Sprintf("%.1fs", d.Seconds())
	}
	if row.report == nil {
		glyph, phase := cell{l.open, faint}, cell{"waits", faint}
		if row.phase != "" {
			glyph = cell{l.spin[int(s.now.UnixMilli()/125)%len(l.spin)], accent}
			phase = cell{row.phase, accent}
		}
		return []cell{glyph, {row.name, roleTone(row.role)}, phase, {took, dim}, {}}
	}
	t := row.resultTone()
	result := string(row.report.Result)
	switch {
	case row.report.Error != "":
		result += ": " + printable(row.report.Error)
	case row.report.Result == push.Changed && s.run.dry:
		result, t = count(row.changes(), "file")+" would change", warn
		if row.changes() == 0 {
			result = "what runs would change"
		}
	case row.report.Result == push.Changed:
		result = count(row.changes(), "file") + " changed"
	}
	if row.report.Note != "" {
		result += ", " + printable(row.report.Note)
	}
	return []cell{{l.resultGlyph(t), t}, {row.name, roleTone(row.role)}, {row.phase, faint}, {took, dim}, {result, t}}
}
