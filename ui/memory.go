package ui

import (
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// Never lost: what is accepted is in fabric.yaml at once, and what is typed and
// not accepted yet, with the place where one is, is in a file of its own.

// keeper is a screen with something to be remembered: the row under the cursor
// and what is typed.
type keeper interface {
	Draft() map[string]string
	Restore(map[string]string)
}

// memory is what is to be remembered now.
func (a *app) memory() work.Memory {
	m := work.Memory{Path: a.desk.path, Step: steps[a.at].name, PID: a.desk.pid, Drafts: make(map[string]map[string]string)}
	for i, s := range a.screens {
		if k, ok := s.(keeper); ok {
			if d := k.Draft(); len(d) > 0 {
				m.Drafts[steps[i].name] = d
			}
		}
	}
	return m
}

// remember writes what differs from what was written last; while a write is
// under way the next one waits.
func (a *app) remember() tea.Cmd {
	if a.desk.pid == 0 || a.desk.project == nil || a.writing {
		return nil
	}
	m := a.memory()
	if sameMemory(m, a.remembered) {
		return nil
	}
	a.remembered, a.writing = m, true
	return remember(m)
}

func sameMemory(a, b work.Memory) bool {
	return a.Path == b.Path && a.Step == b.Step && maps.EqualFunc(a.Drafts, b.Drafts, maps.Equal)
}

// recall goes on where the last wizard was: at once where that one was killed,
// otherwise on request, from the first screen.
func (a *app) recall(m *work.Memory) tea.Cmd {
	a.desk.last, a.desk.lastLabel = "", ""
	if m == nil {
		return nil
	}
	for i, s := range a.screens {
		if k, ok := s.(keeper); ok {
			k.Restore(m.Drafts[steps[i].name])
		}
	}
	switch {
	case m.Elsewhere():
		return say(warn, "another closup has this fabric open: process %d", m.PID)
	case m.Died():
		return tea.Batch(a.follow(Nav{Step: m.Step}), say(warn, "the last session ended without being closed; this is where you were"))
	}
	if i := stepIndex(m.Step); i > 0 {
		a.desk.last, a.desk.lastLabel = m.Step, steps[i].label
		a.screens[0].(*openScreen).fill()
	}
	return nil
}

// Draft implements keeper.
func (s *fabricScreen) Draft() map[string]string {
	d := make(map[string]string)
	for path, text := range s.drafts {
		d["draft."+path] = text
	}
	if k := s.current(); k != nil {
		d["at"] = k.path
		if s.edit != nil && s.edit.value() != s.text[k.path] {
			d["draft."+k.path] = s.edit.value()
		}
	}
	return d
}

// Restore implements keeper.
func (s *fabricScreen) Restore(d map[string]string) {
	for key, text := range d {
		if path, ok := strings.CutPrefix(key, "draft."); ok {
			s.drafts[path] = text
		}
	}
	s.show(d["at"])
}

// Draft implements keeper.
func (s *deviceScreen) Draft() map[string]string {
	d := make(map[string]string)
	if spec := s.current(); spec != nil {
		d["at"] = spec.Name
	}
	form := s.form
	if !form.open || s.target != "" {
		form = s.adding
	}
	d = form.keep(d)
	var lines []string
	for i := range s.bulk.lines {
		lines = append(lines, s.bulk.lines[i].text)
	}
	if text := strings.Join(lines, "\n"); text != "" {
		d["many"] = text
	}
	return d
}

// Restore implements keeper.
func (s *deviceScreen) Restore(d map[string]string) {
	for i := range s.specs {
		if s.specs[i].Name == d["at"] {
			s.table.at = i
		}
	}
	if form := deviceForm(s.roles, s.roles[0], s.w); form.put(d) {
		form.title, form.open = "Add "+strings.ToLower(s.title), false
		s.adding = form
	}
	if text := d["many"]; text != "" {
		s.bulk.lines = nil
		for line := range strings.SplitSeq(text, "\n") {
			s.bulk.lines = append(s.bulk.lines, bulkLine{text: line})
		}
	}
}

// Draft implements keeper.
func (s *cablingScreen) Draft() map[string]string {
	form := s.form
	if !form.open || s.target >= 0 {
		form = s.adding
	}
	return form.keep(make(map[string]string))
}

// Restore implements keeper.
func (s *cablingScreen) Restore(d map[string]string) {
	if form := linkForm("Add a cable", "", "", ""); form.put(d) {
		form.open = false
		s.adding = form
	}
}

// keep puts what is typed into a draft.
func (d *dialog) keep(draft map[string]string) map[string]string {
	for i := range d.fields {
		if v := d.fields[i].value(); v != "" {
			draft["add."+d.fields[i].name] = v
		}
	}
	return draft
}

// put fills the fields from a draft, and says whether it has any of them.
func (d *dialog) put(draft map[string]string) bool {
	var names []string
	for i := range d.fields {
		f := &d.fields[i]
		if v, ok := draft["add."+f.name]; ok && (len(f.choices) == 0 || slices.Contains(f.choices, v)) {
			f.set(v)
			names = append(names, f.name)
		}
	}
	return len(names) > 0
}
