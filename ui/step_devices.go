package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
)

// deviceScreen is the table of the devices of one tier: spines with the
// superspines above them, leafs with the border leafs beside them, or nodes.
// A row of the file may stand for several devices; editing changes the row.
type deviceScreen struct {
	base
	title  string
	roles  []model.Role
	table  grid
	specs  []model.Spec // of the table's rows
	form   dialog
	target string // path of the row that the form edits; empty: it adds one
	trial  trial
	adding dialog // an addition that was left, so that it is there again
	follow string // the device that the cursor goes with when its row moves

	proposal proposal // a change by one key that moves something else
	bulk     bulkPane
	peers    peersPane
}

// devicesScreen makes the screen of one tier; the first role is the one that
// is added unless another is chosen.
func devicesScreen(title string, roles ...model.Role) func(base) Screen {
	return func(b base) Screen {
		s := &deviceScreen{base: b, title: title, roles: roles}
		s.table.cols = []column{
			{title: "name", keep: 9},
			{title: "n", keep: 2, right: true},
			{title: "ASN", keep: 8, right: true},
			{title: "loopback", keep: 7},
			{title: "management", keep: 6},
			{title: "rack", keep: 4},
			{title: "roles", keep: 3},
			{title: "links", keep: 5, right: true},
			{title: "runs", keep: 1},
			{title: "row", keep: 0},
		}
		return s
	}
}

func (s *deviceScreen) Title() string { return s.title }

// Typing implements Screen: a form, a cell, many lines or a question has the
// keys.
func (s *deviceScreen) Typing() bool {
	return s.form.open || s.table.edit != nil || s.proposal.open || s.bulk.open || s.peers.typing()
}

func (s *deviceScreen) Keys() []key.Binding {
	switch {
	case s.form.open:
		return s.form.keys()
	case s.table.edit != nil:
		return []key.Binding{keys.accept, bind("tab", "accept, next cell"), keys.cancel}
	case s.proposal.open:
		return s.proposal.keys()
	case s.bulk.open:
		return s.bulk.keys()
	case s.peers.open:
		return s.peers.keys()
	case s.project == nil || s.project.Fabric == nil:
		return nil
	case len(s.specs) == 0:
		return []key.Binding{keys.add, keys.paste}
	}
	all := []key.Binding{keys.add, keys.edit}
	if spec := s.current(); spec.Role == model.Border {
		all = append(all, keys.peers)
	}
	all = append(all, keys.cells, keys.paste, keys.twin, keys.remove)
	if s.sharing(s.current().Path) > 1 {
		all = append(all, keys.split)
	}
	return append(all, keys.rowUp, keys.rowDown)
}

func (s *deviceScreen) State() (state, string) {
	if s.project == nil || s.project.Fabric == nil {
		return open, ""
	}
	under := make([]string, len(s.roles))
	for i, r := range s.roles {
		under[i] = r.Key()
	}
	if st, note := findingState(s.project.Findings, under...); st == failed {
		return st, note
	}
	if len(s.specs) == 0 {
		return open, "0"
	}
	return done, fmt.Sprint(len(s.specs))
}

// Update implements Screen.
func (s *deviceScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		s.arrived(msg.(projectMsg))
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case triedMsg:
		return Nav{}, tea.Batch(s.trial.take(&s.base, msg), s.bulk.trial.take(&s.base, msg), s.peers.trial.take(&s.base, msg), s.proposal.take(&s.base, msg))
	case refusedMsg:
		s.refused(msg)
	case placeMsg:
		s.show(msg.path)
	case clickMsg:
		if !s.Typing() && !s.peers.open {
			s.table.click(msg.y, s.h-s.table.y)
		}
	case tea.PasteMsg:
		if strings.Contains(strings.TrimSpace(msg.Content), "\n") && !s.Typing() && !s.peers.open && s.project != nil && s.project.Fabric != nil {
			s.bulk.begin(s)
		}
		return Nav{}, s.typed(msg)
	case tea.KeyPressMsg:
		if s.Typing() {
			return Nav{}, s.typed(msg)
		}
		return s.key(msg)
	}
	return Nav{}, nil
}

// refused keeps why a change was not made, beside what was typed.
func (s *deviceScreen) refused(msg refusedMsg) {
	switch {
	case msg.id == 0:
	case msg.id == s.form.sent:
		s.form.sent, s.form.err = 0, msg.err.Error()
	case msg.id == s.bulk.sent:
		s.bulk.sent, s.bulk.err = 0, msg.err.Error()
	case msg.id == s.peers.form.sent:
		s.peers.form.sent, s.peers.form.err = 0, msg.err.Error()
	}
}

func (s *deviceScreen) arrived(msg projectMsg) {
	if msg.opened {
		s.form, s.adding = dialog{}, dialog{}
		s.bulk, s.peers = bulkPane{}, peersPane{}
		s.table.cell = 0
	}
	s.table.edit, s.proposal.open = nil, false
	if msg.id != 0 && msg.id == s.peers.form.sent {
		s.peers.form = dialog{}
	}
	if msg.id != 0 && msg.id == s.bulk.sent {
		s.bulk = bulkPane{}
	}
	if msg.id != 0 && msg.id == s.form.sent {
		s.form = dialog{}
		if s.target == "" {
			s.adding = dialog{}
		}
		s.trial.forget()
	}
	s.refill()
}

// refill reads the table from a new state of the fabric.
func (s *deviceScreen) refill() {
	s.specs = s.specs[:0]
	var rows [][]cell
	if f := s.project.Fabric; f != nil {
		for i := range f.Devices {
			for _, r := range s.roles {
				if f.Devices[i].Role == r {
					s.specs = append(s.specs, f.Devices[i])
					rows = append(rows, s.row(&f.Devices[i]))
				}
			}
		}
	}
	s.table.set(rows)
	for i := range s.specs {
		if s.specs[i].Name == s.follow {
			s.table.at, s.follow = i, ""
		}
	}
	s.peers.refill(s)
}

// row is one device: what the file says, and beside it what follows.
func (s *deviceScreen) row(spec *model.Spec) []cell {
	d, ok := s.project.Plan.Device(spec.Name)
	if !ok {
		d = &model.Device{}
	}
	as := ""
	if d.ASN != 0 {
		as = model.FormatASN(d.ASN, s.project.Fabric.ASN[spec.Role].Dotted)
	}
	entry := ""
	if name, _ := s.project.Doc.Get(spec.Path + ".name"); strings.Contains(name, "[") {
		entry = name
	}
	rack := spec.Rack
	if spec.Pod != "" {
		rack = strings.TrimSpace(rack + " pod " + spec.Pod)
	}
	roles := strings.Join(spec.Roles, ", ")
	if spec.Role == model.Border || spec.Role == model.Superspine {
		roles = spec.Role.String()
	}
	return []cell{
		{spec.Name, roleTone(spec.Role)},
		{fmt.Sprint(spec.N), faint},
		{as, plain},
		{joined(bareAddresses(d)), plain},
		{spec.Mgmt, dim},
		{rack, dim},
		{roles, dim},
		{fmt.Sprint(len(d.Ports)), dim},
		{d.Platform, dim},
		{entry, faint},
	}
}

// bareAddresses is a device's loopbacks without their /32.
func bareAddresses(d *model.Device) []fmt.Stringer {
	all := make([]fmt.Stringer, len(d.Loopbacks))
	for i, p := range d.Loopbacks {
		all[i] = p.Addr()
	}
	return all
}

// show puts the cursor on the device of a path, and on the cell where the path
// leads to one.
func (s *deviceScreen) show(path string) {
	for i := range s.specs {
		p := s.specs[i].Path
		if path != p && !strings.HasPrefix(path, p+".") && !strings.HasPrefix(path, p+"[") {
			continue
		}
		s.table.at, s.table.cell = i, 0
		for c, name := range cellKeys {
			if path == p+"."+name {
				s.table.cell = c + 1
			}
		}
		return
	}
}

func (s *deviceScreen) current() *model.Spec {
	if s.table.at >= len(s.specs) {
		return nil
	}
	return &s.specs[s.table.at]
}

func (s *deviceScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	if s.peers.open {
		return Nav{}, s.peers.key(s, k)
	}
	spec := s.current()
	switch {
	case s.table.update(k, s.h-s.table.y):
	case key.Matches(k, keys.back) && s.table.cell > 0:
		s.table.cell = 0
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.add):
		return Nav{}, s.add()
	case key.Matches(k, keys.paste):
		s.bulk.begin(s)
	case spec == nil:
	case key.Matches(k, keys.right):
		s.table.across(1, s.editable)
	case key.Matches(k, keys.left):
		s.table.across(-1, s.editable)
	case key.Matches(k, keys.accept) && s.table.cell > 0:
		s.beginCell(spec)
	case key.Matches(k, keys.edit):
		s.edit(spec)
	case key.Matches(k, keys.twin):
		return Nav{}, s.twin(spec)
	case key.Matches(k, keys.rowUp):
		return Nav{}, s.move(spec, -1)
	case key.Matches(k, keys.rowDown):
		return Nav{}, s.move(spec, 1)
	case key.Matches(k, keys.peers) && spec.Role == model.Border:
		s.peers.begin(s, *spec)
	case key.Matches(k, keys.remove):
		return Nav{}, s.proposal.ask(&s.base, change{said: spec.Name + " deleted; u undoes it", make: removeDevice(*spec)})
	case key.Matches(k, keys.split):
		return Nav{}, s.desk.change(change{said: "the range is split into one row for each device", make: splitRow(*spec)})
	}
	return Nav{}, nil
}

// add opens the form for a new row, as it was left.
func (s *deviceScreen) add() tea.Cmd {
	s.target = ""
	s.trial.forget()
	if len(s.adding.fields) > 0 {
		s.form = s.adding
		s.form.open, s.form.sent = true, 0
		return s.tryForm()
	}
	s.form = deviceForm(s.roles, s.roles[0], s.w)
	s.form.title = "Add " + strings.ToLower(s.title)
	s.form.fields[0].propose(nextName(s.specs, s.roles[0]))
	return s.tryForm()
}

// edit opens the form with what the row of a device says.
func (s *deviceScreen) edit(spec *model.Spec) {
	s.target = spec.Path
	s.trial.forget()
	s.form = deviceForm([]model.Role{spec.Role}, spec.Role, s.w)
	for i := range s.form.fields {
		f := &s.form.fields[i]
		text, _ := s.project.Doc.Get(spec.Path + "." + f.name)
		f.begin(typedForm(text))
	}
	s.form.title = "Edit " + s.form.value("name")
	if n := s.sharing(spec.Path); n > 1 {
		s.form.title += fmt.Sprintf(", one row for %d devices", n)
	}
}

// sharing is how many devices one row of the file stands for.
func (s *deviceScreen) sharing(path string) (n int) {
	for i := range s.specs {
		if s.specs[i].Path == path {
			n++
		}
	}
	return n
}

// typed takes a key or a paste where something is typed.
func (s *deviceScreen) typed(msg tea.Msg) tea.Cmd {
	switch {
	case s.proposal.open:
		if k, ok := msg.(tea.KeyPressMsg); ok {
			return s.proposal.key(&s.base, k)
		}
	case s.bulk.open:
		return s.bulk.typed(s, msg)
	case s.peers.typing():
		return s.peers.typed(s, msg)
	case s.table.edit != nil:
		return s.typedCell(msg)
	case s.form.open:
		return s.typedForm(msg)
	}
	return nil
}

// typedForm takes a key or a paste while the form is open.
func (s *deviceScreen) typedForm(msg tea.Msg) tea.Cmd {
	switch s.form.update(msg) {
	case edited:
		return s.tryForm()
	case closed:
		if s.target == "" {
			s.adding = s.form
		}
	case accepted:
		said := s.form.value("name") + " changed"
		if s.target == "" {
			said = s.form.value("name") + " added"
		}
		s.form.sent = s.desk.newID()
		return s.desk.change(change{id: s.form.sent, said: said, make: s.write()})
	}
	return nil
}

func (s *deviceScreen) tryForm() tea.Cmd {
	for i := range s.form.fields {
		if s.form.fields[i].err != nil {
			s.trial.forget()
			return nil
		}
	}
	return s.trial.ask(&s.base, s.write())
}
