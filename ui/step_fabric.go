package ui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// fabricScreen is what all devices share: a form of every key, each with its
// value and where that comes from. A value is checked while it is typed, and
// what it would renumber is shown before it is taken.
type fabricScreen struct {
	base
	list
	shown  []*setting // those that this fabric has a use for
	text   map[string]string
	drafts map[string]string // typed, not accepted
	edit   *field            // of the setting under the cursor; nil: none
	sent   int
	trial  trial
}

func newFabricScreen(b base) Screen {
	return &fabricScreen{base: b, drafts: make(map[string]string)}
}

func (s *fabricScreen) Title() string { return "Fabric" }
func (s *fabricScreen) Typing() bool  { return s.edit != nil }

func (s *fabricScreen) Keys() []key.Binding {
	if s.edit != nil {
		all := []key.Binding{keys.accept}
		if len(s.edit.choices) > 0 {
			all = append(all, bind("space ← →", "choose"))
		}
		return append(all, keys.cancel, bind("tab", "accept, next"))
	}
	if s.current() == nil {
		return nil
	}
	return []key.Binding{keys.edit, keys.reset}
}

func (s *fabricScreen) State() (state, string) {
	if s.project == nil {
		return open, ""
	}
	keys := make([]string, 0, len(settings))
	for i := range settings {
		keys = append(keys, settings[i].path)
	}
	return findingState(s.project.Findings, keys...)
}

func (s *fabricScreen) current() *setting {
	if s.at >= len(s.shown) {
		return nil
	}
	return s.shown[s.at]
}

func (s *fabricScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		return Nav{}, s.refill(msg.(projectMsg))
	}
	switch msg := msg.(type) {
	case triedMsg:
		return Nav{}, s.trial.take(&s.base, msg)
	case refusedMsg:
		if s.edit != nil && msg.id == s.sent {
			s.edit.err, s.sent = msg.err, 0
		}
	case placeMsg:
		s.show(msg.path)
	case tea.KeyPressMsg:
		if s.edit != nil {
			return Nav{}, s.typed(msg)
		}
		return s.key(msg)
	case tea.PasteMsg:
		if s.edit != nil {
			return Nav{}, s.typed(msg)
		}
	}
	return Nav{}, nil
}

// refill reads the settings from a new state of the fabric.
func (s *fabricScreen) refill(msg projectMsg) tea.Cmd {
	if msg.opened {
		s.edit, s.drafts = nil, make(map[string]string)
	}
	if msg.id != 0 && msg.id == s.sent {
		s.sent, s.edit = 0, nil
		s.trial.forget()
	}
	f := s.project.Fabric
	if f == nil {
		s.shown = nil
		return nil
	}
	at := s.current()
	s.shown, s.text = s.shown[:0], make(map[string]string)
	for i := range settings {
		if k := &settings[i]; k.shown == nil || k.shown(f) {
			s.shown = append(s.shown, k)
			s.text[k.path] = k.get(f)
		}
	}
	s.size(len(s.shown))
	if at != nil {
		s.show(at.path)
	}
	return nil
}

// show puts the cursor on the setting of a path.
func (s *fabricScreen) show(path string) {
	for i, k := range s.shown {
		if path == k.path || strings.HasPrefix(path, k.path+"[") || strings.HasPrefix(k.path, path+".") {
			s.at = i
			return
		}
	}
}

func (s *fabricScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.list.key(k, s.formHeight()):
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.current() == nil:
	case key.Matches(k, keys.edit):
		s.begin()
	case key.Matches(k, keys.reset):
		return Nav{}, s.reset()
	}
	return Nav{}, nil
}

func (s *fabricScreen) begin() {
	k := s.current()
	s.edit = k.field()
	value := s.text[k.path]
	if draft, ok := s.drafts[k.path]; ok {
		value = draft
	}
	s.edit.begin(value)
	s.trial.forget()
}

// typed takes a key or a paste while a value is edited.
func (s *fabricScreen) typed(msg tea.Msg) tea.Cmd {
	k := s.current()
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(press, keys.cancel):
			if s.edit.value() != s.text[k.path] {
				s.drafts[k.path] = s.edit.value()
			}
			s.edit = nil
			return nil
		case key.Matches(press, keys.accept):
			return s.accept()
		case key.Matches(press, keys.next):
			cmd := s.accept()
			if s.edit == nil || s.sent != 0 {
				s.at = min(s.at+1, s.n-1)
				s.edit = nil
				s.begin()
			}
			return cmd
		}
	}
	before := s.edit.value()
	s.edit.update(msg)
	if s.edit.value() == before || s.edit.err != nil {
		return nil
	}
	return s.trial.ask(&s.base, k.set(strings.TrimSpace(s.edit.value())))
}

func (s *fabricScreen) accept() tea.Cmd {
	k, value := s.current(), strings.TrimSpace(s.edit.value())
	if s.edit.err != nil || s.sent != 0 {
		return nil
	}
	delete(s.drafts, k.path)
	if value == s.text[k.path] {
		s.edit = nil
		return nil
	}
	s.sent = s.desk.newID()
	return s.desk.change(change{id: s.sent, said: fmt.Sprintf("%s is %s", k.name(), value), make: k.set(value)})
}

func (s *fabricScreen) reset() tea.Cmd {
	k := s.current()
	delete(s.drafts, k.path)
	if !s.given(k) || k.path == "name" {
		return nil
	}
	return s.desk.change(change{said: k.name() + " is the default again", make: func(p *work.Project) error {
		if err := spreadMTU(p, k.path); err != nil {
			return err
		}
		if err := p.Doc.Delete(k.path); err != nil {
			return err
		}
		if parent := parentOf(k.path); parent != "" && empty(p, parent) {
			return p.Doc.Delete(parent)
		}
		return nil
	}})
}

// given says whether the file has the key.
func (s *fabricScreen) given(k *setting) bool {
	if _, ok := s.project.Doc.Get(k.path); ok {
		return true
	}
	// One value may stand for all that are under a key: mtu: 9000.
	parent := parentOf(k.path)
	_, ok := s.project.Doc.Get(parent)
	return ok && parent != "" && s.project.Doc.Keys(parent) == nil && !empty(s.project, parent)
}

// parentOf is the key that a key stands under; "": none.
func parentOf(path string) string { return path[:max(0, strings.LastIndexByte(path, '.'))] }

// empty says that nothing stands under a key.
func empty(p *work.Project, path string) bool {
	text, ok := p.Doc.Get(path)
	return ok && text == "{}"
}

// source says where a value comes from.
func (s *fabricScreen) source(k *setting) (string, tone) {
	if _, ok := s.drafts[k.path]; ok {
		return "draft", warn
	}
	if s.given(k) {
		return fmt.Sprintf("line %d", s.project.Fabric.Line(k.path)), dim
	}
	if s.text[k.path] == "" {
		return "not set", faint
	}
	return "default", faint
}

func (s *fabricScreen) wide() bool { return s.w >= 84 }

func (s *fabricScreen) formHeight() int {
	if s.wide() {
		return s.h
	}
	return max(3, s.h-6)
}

// firstOf is the first n of a list, the last of them saying how many follow.
func firstOf(all []string, n int) []string {
	switch {
	case n <= 0:
		return nil
	case len(all) <= n:
		return all
	}
	return append(append([]string(nil), all[:n-1]...), fmt.Sprintf("and %d more", len(all)-n+1))
}

// nothing is what a screen shows without a fabric to show.
func (l *look) nothing(p any) string {
	return l.in(dim, "No fabric is open yet. Choose one in step 1.")
}

// isUnder says whether a place in fabric.yaml is a key or inside it.
func isUnder(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '[' || rest[0] == '.')
}

// findingState is the state of a step from the findings under its keys.
func findingState(all []model.Finding, under ...string) (state, string) {
	n := 0
	for i := range all {
		if all[i].Severity == model.Error && slices.ContainsFunc(under, func(k string) bool { return isUnder(all[i].Path, k) }) {
			n++
		}
	}
	if n > 0 {
		return failed, count(n, "error")
	}
	return done, ""
}

var errEmpty = errors.New("a value is needed")
