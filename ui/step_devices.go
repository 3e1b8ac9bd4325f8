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
func (s *deviceScreen) Typing() bool  { return s.form.open }

func (s *deviceScreen) Keys() []key.Binding {
	if s.form.open {
		return s.form.keys()
	}
	switch {
	case s.project == nil || s.project.Fabric == nil:
		return nil
	case len(s.specs) == 0:
		return []key.Binding{keys.add}
	}
	return []key.Binding{keys.add, keys.edit, keys.remove, keys.split}
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
		return open, "none"
	}
	return done, fmt.Sprint(len(s.specs))
}

func (s *deviceScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if s.take(msg) {
		s.arrived(msg.(projectMsg))
		return Nav{}, nil
	}
	switch msg := msg.(type) {
	case triedMsg:
		return Nav{}, s.trial.take(&s.base, msg)
	case refusedMsg:
		if s.form.sent != 0 && msg.id == s.form.sent {
			s.form.sent, s.form.err = 0, msg.err.Error()
		}
	case placeMsg:
		s.show(msg.path)
	case tea.KeyPressMsg, tea.PasteMsg:
		if s.form.open {
			return Nav{}, s.typed(msg)
		}
		if k, ok := msg.(tea.KeyPressMsg); ok {
			return s.key(k)
		}
	}
	return Nav{}, nil
}

func (s *deviceScreen) arrived(msg projectMsg) {
	if msg.opened {
		s.form, s.adding = dialog{}, dialog{}
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

// show puts the cursor on the device of a path.
func (s *deviceScreen) show(path string) {
	for i := range s.specs {
		if p := s.specs[i].Path; path == p || strings.HasPrefix(path, p+".") || strings.HasPrefix(path, p+"[") {
			s.table.at = i
			return
		}
	}
}

func (s *deviceScreen) current() *model.Spec {
	if s.table.at >= len(s.specs) {
		return nil
	}
	return &s.specs[s.table.at]
}

func (s *deviceScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	spec := s.current()
	switch {
	case s.table.update(k, s.h):
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.add):
		return Nav{}, s.add()
	case spec == nil:
	case key.Matches(k, keys.edit):
		s.edit(spec)
	case key.Matches(k, keys.remove):
		return Nav{}, s.desk.change(change{said: spec.Name + " deleted; u undoes it", make: removeDevice(*spec)})
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
	s.form.fields[0].begin(nextName(s.specs, s.roles[0]))
	return nil
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

// typed takes a key or a paste while the form is open.
func (s *deviceScreen) typed(msg tea.Msg) tea.Cmd {
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

func (s *deviceScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.form.open {
		lines := s.form.lines(l, s.w, s.h)
		lines = append(lines, s.preview(max(2, min(6, s.h-len(lines))))...)
		if rest := s.h - len(lines) - 1; rest > 4 && s.trial.seen != nil {
			lines = append(lines, "", planClos(s.trial.seen.Plan).draw(l, s.w, min(rest, 13)))
		}
		return strings.Join(lines, "\n")
	}
	drawing := planClos(s.project.Plan)
	h := drawing.height(max(0, min(s.h/2, s.h-6)))
	var parts []string
	if h > 0 {
		parts = append(parts, drawing.draw(l, s.w, h), "")
		h++
	}
	if len(s.specs) == 0 {
		return strings.Join(append(parts, l.in(dim, "None yet. a adds some, by a range such as ")+nextName(nil, s.roles[0])), "\n")
	}
	return strings.Join(append(parts, s.table.view(l, s.w, s.h-h, true)), "\n")
}

// preview says what the form would do: which devices, with which numbers, and
// what it changes elsewhere.
func (s *deviceScreen) preview(h int) []string {
	l := s.look
	if s.trial.err != nil {
		return clipped(l, wrap(l.fail+" "+printable(s.trial.err.Error()), s.w), bad, h)
	}
	if s.trial.seen == nil || s.trial.seen.Fabric == nil {
		return nil
	}
	var lines []string
	lines = append(lines, clipped(l, wrap(s.made(), s.w), good, 3)...)
	return append(lines, clipped(l, consequences(s.project, s.trial.seen), warn, max(1, h-len(lines)))...)
}

// clipped is at most h lines in a tone.
func clipped(l *look, lines []string, t tone, h int) []string {
	out := make([]string, 0, h)
	for _, s := range firstOf(lines, h) {
		out = append(out, l.in(t, s))
	}
	return out
}

// made is the devices that the form makes, with what follows for them.
func (s *deviceScreen) made() string {
	before, after := s.project, s.trial.seen
	var names, asns, addresses []string
	for i := range after.Fabric.Devices {
		spec := &after.Fabric.Devices[i]
		_, known := before.Plan.Device(spec.Name)
		if known != (s.target != "") || s.target != "" && spec.Path != s.target {
			continue
		}
		names = append(names, spec.Name)
		if d, ok := after.Plan.Device(spec.Name); ok {
			asns = append(asns, fmt.Sprint(d.ASN))
			addresses = append(addresses, joined(bareAddresses(d)))
		}
	}
	if len(names) == 0 {
		return ""
	}
	text := count(len(names), "device") + ": " + span(names, ", ")
	if len(asns) > 0 && asns[0] != "0" {
		text += "   ASN " + span(asns, ", ")
	}
	if len(addresses) > 0 && addresses[0] != "" {
		text += "   loopback " + span(addresses, ", ")
	}
	return text
}

// span is a list, from its first to its last where it is long.
func span(all []string, sep string) string {
	if len(all) > 3 {
		return all[0] + " to " + all[len(all)-1]
	}
	return strings.Join(all, sep)
}
