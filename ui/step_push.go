package ui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision"
	"closup/provision/push"
)

// pushScreen brings the devices to their files. First every device is asked
// what would change there; then the fabric's name has to be typed; then a row
// for each device tells how far it is, and at the end what is pending is kept
// or taken back.
type pushScreen struct {
	base
	table   grid
	stage   pushStage
	run     *run
	now     time.Time
	only    map[string]bool   // the devices that were asked for; nil: all
	trusted map[string]string // fingerprints that were accepted, by host
	confirm dialog
	save    dialog // the file of a summary
	sure    sure
	stop    context.CancelFunc // lets what has begun finish, and begins no more; nil: said already
	control *push.Control      // of the run: pauses and aborts it
	byHand  int                // devices that the run leaves as somebody made them
	logOnly bool
	log     scroll
	ahead   bool    // the log is read at its end, and follows it
	inLab   bool    // the run is on the lab's devices
	labUp   bool    // a lab of this fabric's name runs
	past    pastMsg // how the last push from this machine ended
	pre     *preflightRun
	seen    grid // of the look at the devices
	inPre   bool // that is shown, though what would change is known
	unknown []*provision.HostKeyError

	folder    dialog // of the packages to install
	debs      string // as it was typed last
	doing     string // what is done about what was found
	mendID    int
	patience  time.Duration // with LLDP, in the look after it
	lldpUntil time.Time
	onlyWrong bool // devices that are as they should be are not listed

	stale bool // the fabric changed after the check
	why   error
}

// pushStage is where a push stands.
type pushStage uint8

const (
	idle     pushStage = iota
	looking            // before anything else, at what would stand in its way
	mending            // doing something about what was found
	refused            // a device would refuse a push
	checking           // asking the devices; nothing is written
	strange            // host keys wait to be accepted
	ready              // what would change is known
	pushing
	settling // what is pending is kept, or taken back
	over
)

// sure is a question that y answers.
type sure struct {
	text string // empty: nothing is asked
	more []string
	do   func() tea.Cmd
}

func newPushScreen(b base) Screen {
	s := &pushScreen{base: b, trusted: make(map[string]string), seen: newPreflightTable()}
	s.table.cols = []column{
		{title: "", keep: 8, close: true},
		{title: "device", keep: 9},
		{title: "wave", keep: 2, right: true},
		{title: "phase", keep: 6},
		{title: "time", keep: 4, right: true},
		{title: "about", keep: 3, right: true},
		{title: "result", keep: 7, least: 24},
	}
	return s
}

func (s *pushScreen) Title() string { return "Push" }
func (s *pushScreen) Typing() bool {
	return s.confirm.open || s.save.open || s.folder.open || s.sure.text != ""
}

// moving says whether something is under way on the devices.
func (s *pushScreen) moving() bool {
	switch s.stage {
	case looking, mending, checking, pushing, settling:
		return true
	}
	return false
}

// Focus looks whether a lab of this fabric runs, and how the last push ended,
// in their state on disk.
func (s *pushScreen) Focus() tea.Cmd {
	if s.project == nil {
		return nil
	}
	return tea.Batch(findLab(s.project), findPast(s.project))
}

// Busy says what leaving now would cut off; "": nothing.
func (s *pushScreen) Busy() string {
	switch {
	case s.stage == mending:
		return s.doing + " Leaving now stops it in the middle."
	case s.stage == pushing:
		return "A push is running. Leaving now stops it: each device ends with its old files or the new ones, complete."
	case s.stage == over && s.waits() > 0:
		return count(s.waits(), "device") + " still pending: left alone, they take their old configuration back. `closup confirm` keeps the change."
	}
	return ""
}

// Drain lets the devices that have begun finish and begins no other. It is
// false where nothing runs, or where that was said already.
func (s *pushScreen) Drain() bool {
	if !s.moving() || s.stage == settling || s.stop == nil {
		return false
	}
	s.stop()
	s.stop = nil
	return true
}

// waits is how many devices of the last run wait to be confirmed.
func (s *pushScreen) waits() int {
	if s.run == nil || s.run.dry {
		return 0
	}
	return s.run.tally()[push.Pending]
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
	case pastMsg:
		if msg.project == s.project {
			s.past = msg
		}
	case savedMsg:
		return Nav{}, s.saved(msg)
	case preflightMsg:
		return Nav{}, s.looked(msg)
	case mendedMsg:
		return Nav{}, s.mended(msg)
	case debsMsg:
		s.chosenDebs(msg)
	case pushStartedMsg:
		return Nav{}, s.started(msg)
	case pushEventsMsg:
		if s.run != nil && msg.run == s.run.id {
			s.events(msg)
		}
	case tickMsg:
		if msg.of == "push" {
			return Nav{}, s.tick(msg.at)
		}
	case clickMsg:
		switch {
		case s.Typing() || s.logOnly:
		case s.preflighting():
			s.seen.click(msg.y, s.h-2)
		case s.table.click(msg.y, s.tableHeight()):
			s.log = scroll{}
		}
	case tea.KeyPressMsg, tea.PasteMsg:
		if s.Typing() {
			return Nav{}, s.typed(msg)
		}
		if k, ok := msg.(tea.KeyPressMsg); ok {
			return s.key(k)
		}
	}
	return Nav{}, nil
}

func (s *pushScreen) arrived(msg projectMsg) {
	switch {
	case s.moving():
		s.stale = true
	case msg.opened:
		s.stage, s.run, s.pre, s.why, s.stale, s.past = idle, nil, nil, nil, false, pastMsg{}
	case s.stage == ready || s.stage == strange || s.stage == refused:
		s.stage, s.stale = idle, true
	case s.stage == over:
		s.stale = true // what it did stays to be read
	}
	s.confirm.open, s.folder.open = false, false
	s.refill()
}

// tick keeps the clock going while anything is counted on the screen.
func (s *pushScreen) tick(at time.Time) tea.Cmd {
	s.now = at
	s.refill()
	switch {
	case s.moving():
		return tick("push", 125*time.Millisecond)
	case s.stage == over && s.run.left(at) > 0:
		return tick("push", time.Second)
	}
	return nil
}

func (s *pushScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.stage == strange && !s.logOnly && s.log.key(k, len(s.keyLines()), max(1, s.h-3)):
	case s.logOnly && s.preflighting() && s.log.key(k, len(s.preflightChecks(preflightStates...)), s.h-2):
	case s.logOnly && !s.preflighting() && s.log.key(k, len(s.logLines()), s.h-2):
		s.ahead = s.log.top >= len(s.logLines())-(s.h-2)
	case s.preflighting() && !s.logOnly && s.seen.update(k, s.h-2):
		s.log = scroll{}
	case !s.logOnly && !s.preflighting() && s.table.update(k, s.tableHeight()):
		s.log = scroll{}
	case key.Matches(k, keys.back) && s.logOnly:
		s.logOnly = false
	case key.Matches(k, keys.back) && (s.stage == strange || s.stage == refused):
		s.stage = idle
		s.refill()
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.log) && s.preflighting():
		s.logOnly, s.log = !s.logOnly, scroll{}
	case key.Matches(k, keys.log) && s.run != nil:
		s.logOnly, s.log = !s.logOnly, scroll{}
		s.ahead = !s.run.dry || s.run.ended.IsZero() // a difference is read from its beginning
	case key.Matches(k, keys.wrong) && s.preflighting():
		s.toggleWrong()
	case key.Matches(k, keys.lab) && !s.desk.simulated && !s.moving():
		s.desk.lab = !s.desk.lab
		s.stage, s.why = idle, nil
		s.refill()
	default:
		return s.act(k)
	}
	return Nav{}, nil
}

// act does what a key means at the stage.
func (s *pushScreen) act(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	if s.preflighting() && !s.moving() {
		if cmd, ok := s.takeOffer(k); ok {
			return Nav{}, cmd
		}
	}
	for _, a := range pushActs {
		if a.at == s.stage && key.Matches(k, *a.key) {
			return a.do(s)
		}
	}
	return Nav{}, nil
}

// pushActs is what the keys do at each stage.
var pushActs = []struct {
	at  pushStage
	key *key.Binding
	do  func(*pushScreen) (Nav, tea.Cmd)
}{
	{idle, &keys.check, (*pushScreen).checkAll},
	{idle, &keys.keep, settler(true)},
	{idle, &keys.takeBack, settler(false)},
	{strange, &keys.trust, (*pushScreen).trust},
	{refused, &keys.check, func(s *pushScreen) (Nav, tea.Cmd) { return Nav{}, s.lookAt(s.only) }},
	{refused, &keys.without, (*pushScreen).goWithout},
	{ready, &keys.section, (*pushScreen).showPreflight},
	{ready, &keys.apply, (*pushScreen).ask},
	{ready, &keys.check, (*pushScreen).checkAll},
	{pushing, &keys.pause, (*pushScreen).pause},
	{pushing, &keys.abort, (*pushScreen).abort},
	{over, &keys.keep, settler(true)},
	{over, &keys.takeBack, settler(false)},
	{over, &keys.retry, (*pushScreen).retry},
	{over, &keys.reload, (*pushScreen).checkAll},
	{over, &keys.export, (*pushScreen).askFile},
	{over, &keys.yank, (*pushScreen).copySummary},
	{over, &keys.watch, func(s *pushScreen) (Nav, tea.Cmd) {
		if s.stale && s.waits() == 0 {
			return s.checkAll()
		}
		return Nav{Move: 1}, watch(s.desk.ctx, s.project, s.inLab)
	}},
}

// trust takes the fingerprints that were shown, and asks again.
func (s *pushScreen) trust() (Nav, tea.Cmd) {
	if n := s.unseen(); n > 0 {
		return Nav{}, say(warn, "%d more below: they are accepted when all have been seen", n)
	}
	for _, e := range s.unknown {
		s.trusted[e.Host] = e.SHA256
	}
	return Nav{}, s.lookAt(s.only)
}
