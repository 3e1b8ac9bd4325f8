package ui

import (
	"fmt"
	"net/netip"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// Editing in the table itself: one cell, a duplicate, the order of the rows.

// cellKeys is the key of fabric.yaml that stands in each column of the table;
// empty: what follows from others and cannot be typed.
var cellKeys = []string{"name", "n", "asn", "loopback", "mgmt", "rack", "roles", "", "platform", ""}

// editable says whether a column can be typed into for these devices.
func (s *deviceScreen) editable(column int) bool {
	k := deviceKeyNamed(cellKeys[column])
	spec := s.current()
	return k != nil && spec != nil && (k.roles == nil || k.roles(spec.Role))
}

func deviceKeyNamed(name string) *deviceKey {
	for i := range deviceKeys {
		if deviceKeys[i].name == name {
			return &deviceKeys[i]
		}
	}
	return nil
}

// beginCell opens the cell under the cursor with what the row of the file says:
// for a row that makes several devices, the range.
func (s *deviceScreen) beginCell(spec *model.Spec) {
	k := deviceKeyNamed(cellKeys[s.table.cell-1])
	if k == nil {
		return
	}
	f := k.field
	f.check = k.checker(spec.Role)
	text, _ := s.project.Doc.Get(spec.Path + "." + k.name)
	f.begin(typedForm(text))
	s.table.edit = &f
	s.trial.forget()
}

func (s *deviceScreen) typedCell(msg tea.Msg) tea.Cmd {
	f, spec := s.table.edit, s.current()
	if spec == nil {
		s.table.edit = nil
		return nil
	}
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(k, keys.cancel):
			s.table.edit = nil
			return nil
		case key.Matches(k, keys.accept):
			return s.acceptCell(spec)
		case key.Matches(k, keys.next):
			if f.err != nil {
				return nil
			}
			cmd := s.acceptCell(spec)
			s.table.across(1, s.editable)
			if s.table.cell == 0 {
				s.table.across(1, s.editable)
			}
			return cmd
		}
	}
	before := f.value()
	f.update(msg)
	if f.value() == before || f.err != nil {
		return nil
	}
	return s.trial.ask(&s.base, s.writeCell(spec, strings.TrimSpace(f.value())))
}

// acceptCell writes what was typed; the cell closes when it is made, or at
// once where nothing differs.
func (s *deviceScreen) acceptCell(spec *model.Spec) tea.Cmd {
	f := s.table.edit
	value := strings.TrimSpace(f.value())
	if f.verify(); f.err != nil {
		return nil
	}
	s.table.edit = nil
	old, _ := s.project.Doc.Get(spec.Path + "." + f.name)
	if value == typedForm(old) {
		return nil
	}
	return s.desk.change(change{said: fmt.Sprintf("%s: %s is %s", spec.Name, strings.ToLower(f.label), orText(value, "the default")), make: s.writeCell(spec, value)})
}

func (s *deviceScreen) writeCell(spec *model.Spec, value string) func(*work.Project) error {
	path, name := spec.Path, cellKeys[s.table.cell-1]
	return recabled(func(p *work.Project) error {
		values := map[string]string{name: value}
		if name != "name" {
			values["name"], _ = p.Doc.Get(path + ".name")
		}
		return rewriteRow(p, path, values)
	})
}

// cellHint is what stands under the table while a cell is chosen or edited.
func (s *deviceScreen) cellHint() []string {
	l, spec := s.look, s.current()
	if spec == nil || s.table.cell == 0 || s.h < 10 {
		return nil
	}
	k := deviceKeyNamed(cellKeys[s.table.cell-1])
	if k == nil {
		return nil
	}
	lines := []string{l.in(faint, strings.Repeat(l.rule, s.w))}
	f := s.table.edit
	if f == nil {
		where := "not given"
		if text, ok := s.project.Doc.Get(spec.Path + "." + k.name); ok {
			where = fmt.Sprintf("line %d: %s", s.project.Fabric.Line(spec.Path+"."+k.name), text)
		} else if _, from := follow(s.project, []model.Spec{*spec}, k.name); from != "" {
			where = from
		}
		if n := s.sharing(spec.Path); n > 1 {
			where += fmt.Sprintf("; one row for %d devices", n)
		}
		for i, part := range firstOf(wrap(k.label+"  "+where+". enter edits it.", s.w), 2) {
			if i == 0 {
				part = l.in(strong, k.label) + l.in(dim, strings.TrimPrefix(part, k.label))
			} else {
				part = l.in(dim, part)
			}
			lines = append(lines, part)
		}
		return lines
	}
	switch {
	case f.err != nil:
		return append(lines, l.trouble(f.err.Error(), s.w)...)
	case s.trial.err != nil:
		return append(lines, clipped(l, wrap(l.fail+" "+printable(s.trial.err.Error()), s.w), bad, 3)...)
	}
	if moved := consequences(s.project, s.trial.seen); len(moved) > 0 {
		return append(lines, clipped(l, wrapped(moved, s.w), warn, 3)...)
	}
	said := f.hint(l, s.w)
	if f.about != "" {
		said = append(wrap(f.about, s.w), said...)
	}
	return append(lines, firstOf(said, 3)...)
}

// twin opens the form for one more of the same: with the next name and the next
// free address, and everything else as it is on this one.
func (s *deviceScreen) twin(spec *model.Spec) tea.Cmd {
	s.edit(spec)
	s.target = ""
	own := map[string]string{
		"name": nextName(s.specs, spec.Role), "mgmt": s.nextMgmt(spec.Mgmt),
		"n": "", "asn": "", "loopback": "", "serial": "", "pods": "",
	}
	for i := range s.form.fields {
		f := &s.form.fields[i]
		if v, ok := own[f.name]; ok {
			f.set(v)
		}
	}
	s.form.title = "Add one like " + spec.Name
	if len(s.roles) > 1 {
		f := field{name: "role", label: "Role", choices: []string{spec.Role.String()}}
		f.begin(spec.Role.String())
		s.form.fields = append(s.form.fields, f)
	}
	return s.tryForm()
}

// nextMgmt is the first address after this one that no device has.
func (s *deviceScreen) nextMgmt(mgmt string) string {
	a, err := netip.ParseAddr(mgmt)
	if err != nil {
		return ""
	}
	used := make(map[string]bool)
	for i := range s.project.Fabric.Devices {
		used[s.project.Fabric.Devices[i].Mgmt] = true
	}
	for a = a.Next(); a.IsValid() && used[a.String()]; {
		a = a.Next()
	}
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// move puts the row of a device before or behind its neighbour in the file.
func (s *deviceScreen) move(spec *model.Spec, by int) tea.Cmd {
	list, i := rowOf(spec.Path)
	j := i + by
	if j < 0 || j >= s.project.Doc.Len(list) {
		return nil
	}
	name := spec.Name
	cmd := s.proposal.ask(&s.base, change{said: name + " moved; u undoes it", make: recabled(func(p *work.Project) error {
		a, okA := p.Doc.Source(fmt.Sprintf("%s[%d]", list, i))
		b, okB := p.Doc.Source(fmt.Sprintf("%s[%d]", list, j))
		if !okA || !okB {
			return fmt.Errorf("%s cannot move further", name)
		}
		if err := p.Doc.Set(fmt.Sprintf("%s[%d]", list, i), dedented(b)); err != nil {
			return err
		}
		return p.Doc.Set(fmt.Sprintf("%s[%d]", list, j), dedented(a))
	})})
	s.follow = name
	return cmd
}

// dedented is a row of the file as a value of its own: what its other lines
// are indented by goes.
func dedented(source string) string {
	lines := strings.Split(source, "\n")
	least := -1
	for _, line := range lines[1:] {
		if n := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && (least < 0 || n < least) {
			least = n
		}
	}
	for i := 1; i < len(lines) && least > 0; i++ {
		lines[i] = lines[i][min(least, len(lines[i])):]
	}
	return strings.Join(lines, "\n")
}
