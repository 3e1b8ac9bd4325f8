package ui

import (
	"path"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// previewScreen is every file of every device: devices at the left, one file
// at the right. After what runs now was fetched, a file can be read as the
// difference to it.
type previewScreen struct {
	base
	devices list
	file    int    // of the device's files
	name    string // of the file that was read last
	reading bool   // the keys scroll the file
	scroll  scroll // in the file
	diffing bool
	context int  // of render.Contexts
	why     bool // a cursor in the file, and the reason for its line
	cursor  list
	search  field
	finding bool
	found   int     // the line of the last match; -1: none
	other   outputs // of another target than the devices
	export  dialog  // asks where to write the target in view

	of      *work.Project // whose files these are
	files   []render.Artifact
	reasons map[string][]render.Reason // by path
	wanted  string                     // the device whose files were asked for
	err     error
	run     int // of the fetch that is under way; 0: none
	running map[string]fetched
	looked  bool
}

// fetched is what a device has now, beside what it is to get.
type fetched struct {
	at    time.Time
	files []push.File
	err   string
}

func newPreviewScreen(b base) Screen {
	return &previewScreen{base: b, name: "frr.conf", running: make(map[string]fetched)}
}

func (s *previewScreen) Title() string { return "Preview" }
func (s *previewScreen) Typing() bool  { return s.finding || s.export.open }

func (s *previewScreen) Keys() []key.Binding {
	if s.finding {
		return []key.Binding{called(keys.accept, "find"), keys.cancel}
	}
	if s.export.open {
		return s.export.keys()
	}
	if s.device() == "" {
		return nil
	}
	next := called(keys.section, render.Targets[(s.other.target+1)%len(render.Targets)].Name)
	files := []key.Binding{keys.export, keys.yank, keys.find, keys.again}
	if s.other.target > 0 {
		if s.reading {
			return append([]key.Binding{called(keys.back, "files"), next}, files...)
		}
		return append([]key.Binding{keys.pane, next}, files...)
	}
	d := called(keys.diff, "what changes")
	if s.diffing {
		d = called(keys.diff, "whole file")
	}
	file := called(keys.right, "file")
	explain := keys.explain
	if s.diffing {
		explain = keys.context
	}
	if s.reading {
		return append([]key.Binding{called(keys.back, "devices"), file, next, explain, d, keys.fetch}, files...)
	}
	return append([]key.Binding{keys.pane, next, explain, file, d, keys.fetch}, files...)
}

func (s *previewScreen) State() (state, string) {
	switch {
	case s.err != nil:
		return failed, "error"
	case s.looked:
		return done, ""
	}
	return open, ""
}

// Focus renders the device in view. It asks no device anything.
func (s *previewScreen) Focus() tea.Cmd {
	s.looked = s.project != nil && s.devices.n > 0
	return s.load()
}

func (s *previewScreen) device() string {
	if s.project == nil || s.devices.at >= len(s.project.Plan.Devices) {
		return ""
	}
	return s.project.Plan.Devices[s.devices.at].Name
}

func (s *previewScreen) load() tea.Cmd {
	name := s.device()
	if name == "" {
		return nil
	}
	s.wanted = name
	return renderDevice(s.project, name)
}

func (s *previewScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		s.devices.size(len(s.project.Plan.Devices))
		if msg.(projectMsg).opened {
			s.devices, s.looked = list{n: s.devices.n}, false
		}
		s.running, s.export.open = make(map[string]fetched), false
		if s.looked {
			return Nav{}, tea.Batch(s.load(), s.loadTarget())
		}
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case filesMsg:
		if msg.device == s.wanted && msg.project == s.project {
			s.of, s.files, s.reasons, s.err = msg.project, msg.files, msg.reasons, msg.err
			s.file = s.indexOf(s.name)
		}
	case outputsMsg:
		s.took(msg)
	case exportedMsg:
		return Nav{}, s.exported(msg)
	case clickMsg:
		return Nav{}, s.click(msg)
	case pushStartedMsg:
		if msg.run == s.run && msg.err != nil {
			s.run = 0
			return Nav{}, say(bad, "%v", msg.err)
		}
	case pushEventsMsg:
		if msg.run == s.run {
			return Nav{}, s.fetched(msg)
		}
	case tea.PasteMsg:
		if s.finding {
			s.search.update(msg)
		}
		if s.export.open {
			return Nav{}, s.typedExport(msg)
		}
	case tea.KeyPressMsg:
		if s.export.open {
			return Nav{}, s.typedExport(msg)
		}
		if s.finding {
			s.find(msg)
			return Nav{}, nil
		}
		return s.key(msg)
	}
	return Nav{}, nil
}

// indexOf finds the file that was read last, on another device too.
func (s *previewScreen) indexOf(name string) int {
	for i := range s.files {
		if path.Base(s.files[i].Path) == name {
			return i
		}
	}
	return 0
}

// turn goes to another file of the device.
func (s *previewScreen) turn(by int) {
	s.file, s.scroll, s.cursor = (s.file+by+len(s.files))%len(s.files), scroll{}, list{}
	s.name = path.Base(s.files[s.file].Path)
}

// fetched keeps what the devices said of their files.
func (s *previewScreen) fetched(msg pushEventsMsg) tea.Cmd {
	for _, e := range msg.events {
		if e.Kind == push.Done && e.Report != nil {
			s.running[e.Device] = fetched{at: e.At, files: e.Report.Files, err: e.Report.Error}
		}
	}
	if !msg.over {
		return nil
	}
	s.run = 0
	s.diffing, s.why = true, false
	if f := s.running[s.device()]; f.err != "" {
		return say(bad, "%s: %s", s.device(), f.err)
	}
	return say(good, "fetched what runs on %s", s.device())
}

func (s *previewScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.device() == "":
		if key.Matches(k, keys.back) {
			return Nav{Move: -1}, nil
		}
	case key.Matches(k, keys.section):
		return Nav{}, s.nextTarget(1)
	case key.Matches(k, keys.sectionBack):
		return Nav{}, s.nextTarget(-1)
	case key.Matches(k, keys.export):
		s.beginExport()
	case key.Matches(k, keys.yank):
		return Nav{}, s.copied()
	case key.Matches(k, keys.find):
		s.finding = true
		s.search = field{label: "Search"}
		s.search.begin("")
	case key.Matches(k, keys.again) && s.search.value() != "":
		s.toMatch()
	case s.other.target > 0:
		return s.keyOther(k)
	case s.reading && s.why && s.moveCursor(k):
	case s.reading && !s.why && s.scroll.key(k, len(s.lines()), s.page()):
	case !s.reading && s.devices.key(k, s.page()):
		s.scroll, s.cursor = scroll{}, list{}
		return Nav{}, s.load()
	case key.Matches(k, keys.back) && s.reading:
		s.reading = false
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case key.Matches(k, keys.right) && len(s.files) > 0:
		s.turn(1)
	case key.Matches(k, keys.left) && len(s.files) > 0:
		s.turn(-1)
	case key.Matches(k, keys.pane):
		s.reading = !s.reading && len(s.files) > 0
	case key.Matches(k, keys.diff):
		if _, ok := s.running[s.device()]; !ok && !s.diffing {
			return Nav{}, s.fetch() // and the difference comes with it
		}
		s.diffing, s.why, s.scroll = !s.diffing, false, scroll{}
	case key.Matches(k, keys.context) && s.diffing:
		s.context, s.scroll = (s.context+1)%len(render.Contexts), scroll{}
	case key.Matches(k, keys.explain):
		return Nav{}, s.explain()
	case key.Matches(k, keys.fetch):
		return Nav{}, s.fetch()
	}
	return Nav{}, nil
}

// fetch asks the device in view what it has: a push that writes nothing.
func (s *previewScreen) fetch() tea.Cmd {
	if s.run != 0 || s.device() == "" {
		return nil
	}
	s.run = s.desk.newID()
	return tea.Batch(
		say(dim, "asking %s", s.device()),
		startPush(s.desk.ctx, s.project, s.run, work.PushOptions{Lab: s.desk.lab, Only: []string{s.device()}, DryRun: true}, nil),
	)
}

// find goes to the next line that has the words.
func (s *previewScreen) find(msg tea.KeyPressMsg) {
	switch {
	case key.Matches(msg, keys.cancel):
		s.finding = false
	case key.Matches(msg, keys.accept):
		s.finding, s.reading = false, true
		s.toMatch()
	default:
		s.search.update(msg)
	}
}

// toMatch goes to the next line that has the words, round the end.
func (s *previewScreen) toMatch() {
	lines, want := s.lines(), strings.ToLower(s.search.value())
	for i := range lines {
		at := (s.place() + 1 + i) % len(lines)
		if strings.Contains(strings.ToLower(lines[at].text), want) {
			s.scroll.top, s.cursor.at = at, at
			s.found = at
			return
		}
	}
	s.found = -1
}
