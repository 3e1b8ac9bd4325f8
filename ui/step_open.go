package ui

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// openScreen chooses the fabric: the one that is there, or a new one from a
// preset. What is chosen is opened by a command; only its arrival goes on.
type openScreen struct {
	base
	nearby  []work.Nearby
	presets []preset
	offers  []offer
	choices grid
	begin   dialog // the file of a new fabric
	from    string // the preset that it begins with
	waiting bool
	failed  error
}

func newOpenScreen(b base) Screen {
	s := &openScreen{base: b}
	s.choices.cols = []column{{title: "fabric", keep: 3}, {title: "devices", keep: 1}, {title: "", keep: 2}}
	s.fill()
	return s
}

func (s *openScreen) Title() string { return "Open a fabric" }
func (s *openScreen) Typing() bool  { return s.begin.open }

func (s *openScreen) Keys() []key.Binding {
	if s.begin.open {
		return s.begin.keys()
	}
	if s.desk.saveErr != nil {
		return []key.Binding{keys.choose, keys.save, keys.reload}
	}
	return []key.Binding{keys.choose, keys.reload}
}

func (s *openScreen) State() (state, string) {
	switch {
	case s.project == nil:
		return open, ""
	case s.project.Err != nil:
		return failed, "error"
	}
	return done, ""
}

// offer is one row of the list: a fabric that is open, one that lies beside
// it, or a new one.
type offer struct {
	label, note string
	tone        tone
	project     *work.Project // to draw; nil: not known
	about       string
	choose      func() (Nav, tea.Cmd)
}

// fill lists what can be chosen: first the fabric that is open.
func (s *openScreen) fill() {
	s.offers = s.offers[:0]
	if p := s.project; p != nil {
		s.offers = append(s.offers, offer{path.Base(p.Path), s.goOnAt(), strong, p, "", s.goOn})
	}
	for _, n := range s.nearby {
		if s.project != nil && n.Path == s.project.Path {
			continue
		}
		s.offers = append(s.offers, offer{path.Base(n.Path), "open " + n.Name, strong, nil, "Last changed " + n.Changed.Format("2 January 2006, 15:04") + ".", func() (Nav, tea.Cmd) {
			s.waiting = true
			return Nav{}, s.desk.open(openProject(n.Path, s.desk.via))
		}})
	}
	for _, p := range s.presets {
		s.offers = append(s.offers, offer{p.Name, "a preset", accent, p.project, p.About, func() (Nav, tea.Cmd) { return s.ask(p.Name) }})
	}
	s.offers = append(s.offers, offer{"empty", "begin with a name", accent, nil, "", func() (Nav, tea.Cmd) { return s.ask("") }})
	rows := make([][]cell, len(s.offers))
	label, note := 0, 0
	for _, o := range s.offers {
		label, note = max(label, width(o.label)), max(note, width(o.note))
	}
	for i, o := range s.offers {
		size := ""
		if o.project != nil {
			size = clauses(sizeOf(o.project), s.w-label-note-6)
		}
		rows[i] = []cell{{o.label, o.tone}, {size, dim}, {o.note, dim}}
	}
	s.choices.set(rows)
}

func (s *openScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		return s.arrived(msg.(projectMsg))
	}
	switch msg := msg.(type) {
	case sizeMsg:
		s.fill()
	case presetsMsg:
		s.nearby, s.presets = msg.nearby, msg.presets
		s.fill()
	case openFailedMsg:
		if s.waiting || !errors.Is(msg.err, fs.ErrNotExist) {
			s.failed = msg.err
		}
		if s.begin.sent != 0 {
			s.begin.err, s.begin.sent = msg.err.Error(), 0
		}
		s.waiting = false
	case tea.KeyPressMsg, tea.PasteMsg:
		if s.begin.open {
			return Nav{}, s.typed(msg)
		}
		if k, ok := msg.(tea.KeyPressMsg); ok {
			return s.key(k)
		}
	}
	return Nav{}, nil
}

func (s *openScreen) arrived(msg projectMsg) (Nav, tea.Cmd) {
	s.fill()
	if !msg.opened {
		return Nav{}, nil
	}
	s.failed, s.choices.at = nil, 0
	s.begin.open, s.begin.sent = false, 0
	if s.waiting && msg.project.Err == nil {
		s.waiting = false
		return Nav{Move: 1}, nil
	}
	s.waiting = false
	return Nav{}, nil
}

func (s *openScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.choices.update(k, s.h):
	case key.Matches(k, keys.reload):
		return Nav{}, s.desk.open(openProject(s.desk.path, s.desk.via))
	case key.Matches(k, keys.save) && s.desk.saveErr != nil && !s.desk.busy:
		return Nav{}, s.desk.open(overwrite(s.project))
	case key.Matches(k, keys.choose) && !s.waiting:
		return s.offers[s.choices.at].choose()
	}
	return Nav{}, nil
}

func (s *openScreen) goOn() (Nav, tea.Cmd) {
	if s.project.Err != nil {
		return Nav{}, say(bad, "%s does not load yet: mend it in an editor, then press r", s.project.Path)
	}
	if s.desk.last != "" {
		return Nav{Step: s.desk.last}, nil
	}
	return Nav{Move: 1}, nil
}

// goOnAt says where the fabric goes on: at the step where it was left.
func (s *openScreen) goOnAt() string {
	if s.desk.lastLabel != "" {
		return "go on at " + s.desk.lastLabel
	}
	return "go on"
}

// ask asks for the file of a new fabric.
func (s *openScreen) ask(preset string) (Nav, tea.Cmd) {
	file := s.desk.path
	if s.project != nil {
		file = path.Join(path.Dir(file), orText(preset, "new")+".yaml")
	}
	s.from = preset
	s.begin = dialog{title: "Begin " + orText(s.from, "an empty fabric"), open: true, fields: []field{{
		name: "path", label: "File", about: "Every change is saved here at once.",
		rule: "a file that is not there yet", example: "fabric.yaml",
		check: func(v string) error {
			if v == "" {
				return errors.New("a name is needed")
			}
			return nil
		},
	}}}
	s.begin.fields[0].propose(file)
	return Nav{}, nil
}

func (s *openScreen) typed(msg tea.Msg) tea.Cmd {
	if s.begin.update(msg) != accepted {
		return nil
	}
	s.begin.sent, s.waiting = s.desk.newID(), true
	return s.desk.open(createProject(s.begin.value("path"), s.from, s.desk.via))
}

func (s *openScreen) View() string {
	l := s.look
	if s.begin.open {
		return strings.Join(s.begin.lines(l, s.w, s.h), "\n")
	}
	wrong := s.wrong()
	h := min(s.choices.n+1, max(4, s.h-len(wrong)-1))
	lines := append([]string{s.choices.view(l, s.w, h, true), ""}, wrong...)
	if len(wrong) == 0 {
		lines = append(lines, s.portrait(s.h-h-1)...)
	}
	return strings.Join(lines, "\n")
}

// portrait shows the fabric under the cursor: what it is, and its drawing.
func (s *openScreen) portrait(h int) []string {
	o := s.offers[s.choices.at]
	var lines []string
	if s.project == nil && !s.waiting {
		lines = append(clipped(s.look, wrap("Without devices at hand `closup demo` tries all of it on simulated ones.", s.w), dim, h), "")
	}
	if o.about != "" {
		lines = append(append(lines, wrap(o.about, s.w)...), "")
	}
	if o.project != nil {
		lines = append(lines, planClos(o.project.Plan).draw(s.look, s.w, min(h-len(lines), max(10, s.h/3))))
	}
	return lines
}

// wrong is why the file does not load: every problem with its line.
func (s *openScreen) wrong() []string {
	l := s.look
	err := s.failed
	if err == nil && s.project != nil {
		err = s.project.Err
	}
	if err == nil {
		err = s.desk.saveErr
	}
	if err == nil {
		return nil
	}
	var problems model.Errors
	if !errors.As(err, &problems) {
		return l.led(l.in(bad, l.fail+" "), plain, err.Error(), s.w)
	}
	lines := []string{l.in(bad, l.fail+" "+count(len(problems), "problem")+" to mend in an editor; then r reads it again")}
	for _, p := range problems {
		lines = append(lines, l.led(l.in(bad, l.dot+" "), plain, p.Error(), s.w)...)
	}
	return lines
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// sizeOf is a fabric in numbers: "2 spines, 4 leafs, 4 nodes".
func sizeOf(p *work.Project) string {
	var per model.PerRole[int]
	for i := range p.Plan.Devices {
		per[p.Plan.Devices[i].Role]++
	}
	var parts []string
	for _, r := range model.Roles {
		if per[r] > 0 {
			parts = append(parts, count(per[r], r.String()))
		}
	}
	return strings.Join(parts, ", ")
}
