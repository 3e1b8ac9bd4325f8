package ui

import (
	"errors"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// cablingScreen is which port leads where: chosen by the plan, or given in
// `links`. Changing one cable first pins them all, so that no other moves.
type cablingScreen struct {
	base
	table  grid
	links  []model.Link // of the table's rows
	form   dialog
	target int // the link that the form edits; -1: it adds one
	adding dialog
	trial  trial
}

func newCablingScreen(b base) Screen {
	s := &cablingScreen{base: b}
	s.table.cols = []column{
		{title: "upper", keep: 9},
		{title: "port", keep: 8},
		{title: "", keep: 0},
		{title: "lower", keep: 7},
		{title: "port", keep: 6},
		{title: "speed", keep: 2},
		{title: "from", keep: 1},
	}
	return s
}

func (s *cablingScreen) Title() string { return "Cabling" }
func (s *cablingScreen) Typing() bool  { return s.form.open }

func (s *cablingScreen) Keys() []key.Binding {
	switch {
	case s.form.open:
		return s.form.keys()
	case s.project == nil || s.project.Fabric == nil:
		return nil
	case s.project.Fabric.Cabled:
		return []key.Binding{keys.add, keys.edit, keys.remove, called(keys.cells, "next device"), keys.auto}
	}
	return []key.Binding{keys.pin, keys.edit, called(keys.cells, "next device"), keys.add, keys.remove}
}

func (s *cablingScreen) State() (state, string) {
	if s.project == nil || s.project.Fabric == nil {
		return open, ""
	}
	if st, note := findingState(s.project.Findings, "links", "ports"); st == failed {
		return st, note
	}
	if len(s.links) == 0 {
		return open, "0"
	}
	return done, fmt.Sprint(len(s.links))
}

func (s *cablingScreen) Update(msg tea.Msg) (Nav, tea.Cmd) {
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
	case *look:
		s.refill()
	case placeMsg:
		s.show(msg.path)
	case clickMsg:
		s.click(msg)
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

func (s *cablingScreen) arrived(msg projectMsg) {
	if msg.opened {
		s.form, s.adding = dialog{}, dialog{}
	}
	if msg.id != 0 && msg.id == s.form.sent {
		s.form = dialog{}
		if s.target < 0 {
			s.adding = dialog{}
		}
		s.trial.forget()
	}
	s.refill()
}

// refill reads the table from a new state of the fabric.
func (s *cablingScreen) refill() {
	if s.project == nil {
		return
	}
	s.links = s.project.Plan.Links
	rows := make([][]cell, len(s.links))
	for i := range s.links {
		k := &s.links[i]
		from := "automatic"
		if k.Line > 0 {
			from = fmt.Sprintf("line %d", k.Line)
		}
		rows[i] = []cell{
			{k.A.Device, s.tone(k.A.Device)},
			{k.A.Port, plain},
			{s.look.rule + s.look.rule, faint},
			{k.B.Device, s.tone(k.B.Device)},
			{k.B.Port, plain},
			{k.Speed, dim},
			{from, faint},
		}
	}
	s.table.set(rows)
}

func (s *cablingScreen) tone(device string) tone {
	if d, ok := s.project.Plan.Device(device); ok {
		return roleTone(d.Role)
	}
	return bad
}

// show puts the cursor on the link of a path such as "links[3]".
func (s *cablingScreen) show(path string) {
	if key, i := rowOf(path); key == "links" {
		s.table.at = max(0, min(i, s.table.n-1))
	}
}

func (s *cablingScreen) key(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.table.update(k, s.h):
	case key.Matches(k, keys.back):
		return Nav{Move: -1}, nil
	case s.project == nil || s.project.Fabric == nil:
	case key.Matches(k, keys.add):
		s.add()
	case key.Matches(k, keys.pin) && !s.project.Fabric.Cabled:
		return Nav{}, s.desk.change(change{said: count(len(s.links), "cable") + " pinned: they stand in the file now", make: pinAll})
	case key.Matches(k, keys.auto) && s.project.Fabric.Cabled:
		return Nav{}, s.desk.change(change{said: "cabled automatically; u brings the given cables back", make: func(p *work.Project) error {
			return p.Doc.Delete("links")
		}})
	case s.table.at >= len(s.links):
	case key.Matches(k, keys.right):
		s.nextDevice(1)
	case key.Matches(k, keys.left):
		s.nextDevice(-1)
	case key.Matches(k, keys.edit):
		s.edit(s.links[s.table.at])
	case key.Matches(k, keys.remove):
		link := s.links[s.table.at]
		return Nav{}, s.desk.change(change{said: link.A.String() + " " + link.B.String() + " deleted; u undoes it", make: removeLink(link)})
	}
	return Nav{}, nil
}

func linkForm(title string, values ...string) dialog {
	d := dialog{title: title, open: true, fields: []field{
		{name: "a", label: "Upper end", rule: "device:port", example: "spine1:swp1", check: checkEnd},
		{name: "b", label: "Lower end", rule: "device:port", example: "leaf1:swp32", check: checkEnd},
		{name: "speed", label: "Speed", about: "Where it is not what the ports choose themselves.", example: "100G"},
	}}
	for i := range d.fields {
		d.fields[i].begin(values[i])
	}
	return d
}

func checkEnd(v string) error {
	if device, port, ok := strings.Cut(v, ":"); !ok || device == "" || port == "" || strings.ContainsAny(v, " \t") {
		return errors.New("write DEVICE:PORT")
	}
	return nil
}

func (s *cablingScreen) add() {
	s.target = -1
	s.trial.forget()
	if len(s.adding.fields) > 0 {
		s.form = s.adding
		s.form.open, s.form.sent = true, 0
		return
	}
	s.form = linkForm("Add a cable", "", "", "")
}

func (s *cablingScreen) edit(link model.Link) {
	s.target = s.table.at
	s.trial.forget()
	s.form = linkForm("Change a cable", link.A.String(), link.B.String(), link.Speed)
}

func (s *cablingScreen) typed(msg tea.Msg) tea.Cmd {
	switch s.form.update(msg) {
	case edited:
		for i := range s.form.fields {
			if s.form.fields[i].err != nil {
				return nil
			}
		}
		return s.trial.ask(&s.base, s.write())
	case closed:
		if s.target < 0 {
			s.adding = s.form
		}
	case accepted:
		s.form.sent = s.desk.newID()
		said := s.form.value("a") + " " + s.form.value("b") + " cabled"
		return s.desk.change(change{id: s.form.sent, said: said, make: s.write()})
	}
	return nil
}

// write is the edit that the form stands for. All cables are pinned first, so
// that this one is the only one that moves.
func (s *cablingScreen) write() func(*work.Project) error {
	a, b, speed := endOf(s.form.value("a")), endOf(s.form.value("b")), s.form.value("speed")
	var old *model.Link
	if s.target >= 0 && s.target < len(s.links) {
		link := s.links[s.target]
		old = &link
	}
	return func(p *work.Project) error {
		if err := pinAll(p); err != nil {
			return err
		}
		if old == nil {
			return appendRow(p, "links", linkSource(a, b, speed))
		}
		i, err := linkIndex(p, *old)
		if err != nil {
			return err
		}
		return setLink(p, i, a, b, speed)
	}
}

// pinAll writes the cables that the plan chose into the text, as `closup plan
// --pin` does.
func pinAll(p *work.Project) error {
	_, err := p.Pin()
	return err
}

func removeLink(link model.Link) func(*work.Project) error {
	return func(p *work.Project) error {
		if err := pinAll(p); err != nil {
			return err
		}
		i, err := linkIndex(p, link)
		if err != nil {
			return err
		}
		return p.Doc.Delete(fmt.Sprintf("links[%d]", i))
	}
}

// linkIndex is the row of `links` that is a cable of the plan.
func linkIndex(p *work.Project, link model.Link) (int, error) {
	for i, c := range p.Fabric.Links {
		if c.A == link.A && c.B == link.B || c.A == link.B && c.B == link.A {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the cable from %s to %s is not in the file any more", link.A, link.B)
}

// setLink writes the i-th row of `links`.
func setLink(p *work.Project, i int, a, b model.End, speed string) error {
	return p.Doc.Set(fmt.Sprintf("links[%d]", i), linkSource(a, b, speed))
}

func linkSource(a, b model.End, speed string) string {
	if speed == "" {
		return a.String() + " " + b.String()
	}
	return fmt.Sprintf("{a: %q, b: %q, speed: %s}", a.String(), b.String(), yamlValue(speed, false))
}

func endOf(text string) model.End {
	device, port, _ := strings.Cut(text, ":")
	return model.End{Device: device, Port: port}
}

func (s *cablingScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.form.open {
		lines := s.form.lines(l, s.w, s.h)
		h := max(1, s.h-len(lines))
		if s.trial.err != nil {
			lines = append(lines, clipped(l, wrap(l.fail+" "+printable(s.trial.err.Error()), s.w), bad, h)...)
		} else {
			lines = append(lines, clipped(l, wrapped(consequences(s.project, s.trial.seen), s.w), warn, h)...)
		}
		if rest := s.h - len(lines) - 1; rest > 4 {
			lines = append(lines, "", s.asTyped().draw(l, s.w, min(rest, 13)))
		}
		return strings.Join(lines, "\n")
	}
	how := "Chosen by the plan. p pins them into the file."
	if s.project.Fabric.Cabled {
		how = "These cables stand in the file and never move."
	}
	if len(s.links) == 0 {
		return l.in(dim, "No cables yet: add spines, leafs and nodes, or press a for one by hand.")
	}
	head := cut(l.in(dim, how), s.w, l.ellipsis)
	drawing := s.drawing()
	h := s.drawingHeight(drawing)
	if h == 0 {
		s.table.y = 2
		return head + "\n\n" + s.table.view(l, s.w, s.h-2, true)
	}
	s.table.y = h + 2
	return drawing.draw(l, s.w, h) + "\n\n" + head + "\n" + s.table.view(l, s.w, s.h-h-2, true)
}
