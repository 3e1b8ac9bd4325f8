package ui

import (
	"fmt"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/observe"
	"closup/ui/work"
)

// liveScreen holds what every device says beside what the plan expects, anew
// each second: sessions, routes, and devices that do not answer.
type liveScreen struct {
	base
	watcher *work.Watcher
	of      *work.Project // whose plan the watch compares with
	asked   bool          // a watch was asked for and has not begun
	err     error
	latest  observe.Status // as it came
	status  observe.Status // as it is shown: older where frozen
	seen    bool
	labUp   bool // a lab of this fabric's name runs
	frozen  bool
	drawn   *clos // the drawing of status; nil: to be made
	faults  bool  // only what is not as expected
	view    int   // of liveViews
	tables  [6]grid
	sorting [6]int // how each table is sorted: faultsFirst, ...
	filter  field
	finding bool // the filter has the keys
	quiet   bool // no bell
	history liveHistory
	now     time.Time

	guide   guide       // why something is as it is
	symptom symptomPane // a complaint in words
	why     causes      // what diagnose found, and the puzzle
	saving  dialog      // where to write the bring-up report
}

func newLiveScreen(b base) Screen {
	s := &liveScreen{base: b}
	for i := range liveViews {
		s.tables[i].cols = liveViews[i].cols
	}
	s.filter.begin("")
	return s
}

func (s *liveScreen) Title() string { return "Live" }
func (s *liveScreen) Typing() bool {
	return s.finding || s.symptom.open || s.saving.open || s.guide.apply.stage == asking
}

// Busy implements runner: a remedy that is being applied.
func (s *liveScreen) Busy() string {
	if s.guide.apply.stage == running {
		return "A remedy is being applied. Leaving now cuts it off; a device that is being pushed to keeps its old configuration or the new one, complete."
	}
	return ""
}

// Drain implements runner: there is nothing to finish early.
func (s *liveScreen) Drain() bool { return false }

func (s *liveScreen) Keys() []key.Binding {
	if all, ok := s.overlaid(); ok {
		return all
	}
	toggle := s.desk.labKey()
	if s.watcher == nil {
		return []key.Binding{keys.watch, keys.symptom, keys.report, toggle}
	}
	if s.finding {
		return []key.Binding{called(keys.accept, "keep it"), called(keys.cancel, "show all")}
	}
	f := keys.freeze
	if s.frozen {
		f = called(keys.freeze, "go on")
	}
	faults := called(keys.faults, "only faults")
	if s.faults {
		faults = called(keys.faults, "all")
	}
	bell := called(keys.bell, "bell off")
	if s.quiet {
		bell = called(keys.bell, "bell on")
	}
	all := []key.Binding{keys.explain, called(keys.section, liveViews[(s.view+1)%len(liveViews)].name), f, faults, keys.symptom, keys.diagnose, called(keys.find, "filter"), keys.sort}
	if s.desk.lab {
		all = append(all, s.why.puzzleKey())
	}
	return append(all, keys.report, bell, called(keys.watch, "watch anew"), toggle)
}

// Focus looks whether a lab of this fabric runs, in its state on disk.
func (s *liveScreen) Focus() tea.Cmd {
	if s.project == nil {
		return nil
	}
	return findLab(s.project)
}

func (s *liveScreen) State() (state, string) {
	if !s.seen {
		return open, ""
	}
	sum := s.latest.Summary
	note := fmt.Sprintf("%d/%d", sum.SessionsEstablished, sum.SessionsExpected)
	if s.asExpected() {
		return done, note
	}
	return failed, note
}

// asExpected says whether all that is expected is there.
func (s *liveScreen) asExpected() bool {
	sum := s.latest.Summary
	return sum.SessionsEstablished == sum.SessionsExpected && sum.RoutesOK == sum.RoutesExpected && sum.DevicesUnreachable == 0
}

func (s *liveScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		if msg.(projectMsg).opened {
			return Nav{}, s.end()
		}
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case sizeMsg, *look:
		if s.seen {
			s.refill()
		}
	case labMsg:
		s.labUp = msg.running && msg.project == s.project
	case watchMsg:
		return Nav{}, s.began(msg)
	case examinedMsg:
		s.examined(msg)
	case previewedMsg, appliedMsg:
		return Nav{}, s.guide.apply.take(s, msg)
	case reportedMsg:
		return Nav{}, s.reported(msg)
	case puzzleMsg:
		return Nav{}, s.puzzled(msg)
	case roundMsg:
		if msg.watcher == s.watcher && !msg.over {
			s.latest, s.seen = msg.status, true
			lost := s.history.take(msg.status)
			if !s.frozen {
				s.status = msg.status
				s.refill()
			}
			asking := s.askWhy()
			if lost && !s.quiet {
				return Nav{}, tea.Batch(tea.Raw("\a"), asking)
			}
			return Nav{}, asking
		}
	case tickMsg:
		if msg.of == "live" && s.watcher != nil {
			s.now = msg.at
			return Nav{}, tick("live", time.Second)
		}
	case clickMsg:
		if s.guide.open {
			s.guide.click(s, msg)
		} else if s.seen && !s.symptom.open && !s.saving.open {
			s.tables[s.view].click(msg.y, s.h-s.tables[s.view].y)
		}
	case tea.PasteMsg:
		if s.saving.open {
			return Nav{}, s.typedReport(msg)
		}
		if s.symptom.open {
			return Nav{}, s.symptom.typed(s, msg)
		}
		if s.guide.apply.stage == asking {
			return Nav{}, s.guide.apply.typed(s, msg)
		}
		if s.finding {
			s.typed(msg)
		}
	case tea.KeyPressMsg:
		switch {
		case s.saving.open:
			return Nav{}, s.typedReport(msg)
		case s.symptom.open:
			return Nav{}, s.symptom.typed(s, msg)
		case s.guide.open:
			return Nav{}, s.guide.key(s, msg)
		case s.finding:
			s.typed(msg)
			return Nav{}, nil
		}
		return s.key(msg)
	}
	return Nav{}, nil
}

// typed takes a key or a paste of the filter, which narrows while it is typed.
func (s *liveScreen) typed(msg tea.Msg) {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(k, keys.cancel):
			s.finding = false
			s.filter.set("")
			s.refill()
			return
		case key.Matches(k, keys.accept):
			s.finding = false
			return
		}
	}
	s.filter.update(msg)
	s.refill()
}

// began takes a watch that has begun; the desk ends the one before.
func (s *liveScreen) began(msg watchMsg) tea.Cmd {
	s.asked, s.err = false, msg.err
	if msg.err != nil {
		return nil
	}
	ticking := s.watcher != nil
	s.watcher, s.of, s.seen, s.frozen = msg.watcher, msg.project, false, false
	s.history, s.why = liveHistory{}, causes{puzzle: s.why.puzzle}
	if ticking {
		return nil
	}
	return tick("live", 0)
}

func (s *liveScreen) end() tea.Cmd {
	if s.watcher == nil {
		return nil
	}
	old := s.watcher
	s.watcher, s.seen, s.err = nil, false, nil
	s.guide, s.symptom, s.why, s.saving = guide{}, symptomPane{}, causes{}, dialog{}
	return endWatch(old)
}

func (s *liveScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.tables[s.view].update(k, max(2, s.h-s.tables[s.view].y)):
	case key.Matches(k, keys.back) && s.filter.value() != "":
		s.filter.set("")
		s.refill()
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.lab) && !s.desk.simulated:
		s.desk.lab = !s.desk.lab
		return Nav{}, s.end()
	case key.Matches(k, keys.watch) && !s.asked:
		s.asked = true
		return Nav{}, watch(s.desk.ctx, s.project, s.desk.lab)
	case key.Matches(k, keys.symptom):
		s.symptom.begin()
	case key.Matches(k, keys.report):
		s.beginReport()
	case s.watcher == nil:
	case key.Matches(k, keys.explain):
		return Nav{}, s.explain()
	case key.Matches(k, keys.diagnose):
		return Nav{}, s.ask()
	case key.Matches(k, keys.puzzle) && s.desk.lab:
		return Nav{}, s.puzzle()
	case key.Matches(k, keys.freeze):
		s.frozen = !s.frozen
		s.status = s.latest
		s.refill()
	case key.Matches(k, keys.section):
		s.view = (s.view + 1) % len(liveViews)
		s.refill()
	case key.Matches(k, keys.sectionBack):
		s.view = (s.view + len(liveViews) - 1) % len(liveViews)
		s.refill()
	case key.Matches(k, keys.find):
		s.finding = true
	case key.Matches(k, keys.sort):
		s.nextSort()
	case key.Matches(k, keys.bell):
		s.quiet = !s.quiet
	case key.Matches(k, keys.faults):
		s.faults = !s.faults
		s.refill()
	}
	return Nav{}, nil
}
