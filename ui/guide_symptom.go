package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/provision/diagnose"
)

// symptomPane takes a complaint in words: it is read while it is typed, or
// chosen from those there are, and what it lacks is asked for.
type symptomPane struct {
	open  bool
	input field
	list  list
	form  dialog // asks for the names; not open: the sentence is typed
	row   diagnose.Symptom
}

func (p *symptomPane) begin() {
	*p = symptomPane{open: true}
	p.input.begin("")
	p.list.size(len(diagnose.Symptoms))
}

// read is what the words say.
func (p *symptomPane) read(plan *model.Plan) (s diagnose.Symptom, from, to string, ok bool) {
	if strings.TrimSpace(p.input.value()) == "" {
		return s, "", "", false
	}
	return diagnose.ReadSymptom(plan, p.input.value())
}

func (p *symptomPane) keys() []key.Binding {
	if p.form.open {
		return p.form.keys()
	}
	return []key.Binding{called(keys.accept, "find out"), bind("↑ ↓", "choose"), called(keys.cancel, "close")}
}

func (p *symptomPane) typed(s *liveScreen, msg tea.Msg) tea.Cmd {
	if p.form.open {
		return p.ask(s, msg)
	}
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(k, keys.cancel):
			p.open = false
			return nil
		case k.String() == "up" || k.String() == "down":
			p.list.key(k, 1)
			return nil
		case key.Matches(k, keys.accept):
			if row, from, to, ok := p.read(s.project.Plan); ok {
				return p.start(s, row, from, to)
			}
			return p.choose(s, diagnose.Symptoms[p.list.at])
		}
	}
	p.input.update(msg)
	return nil
}

// slotAbout is what may be named, and an example's beginning.
var slotAbout = map[diagnose.Slot]string{
	diagnose.PlaceSlot:   "A node, a leaf (the nodes on it), or a rack.",
	diagnose.DeviceSlot:  "A device of the fabric.",
	diagnose.SessionSlot: "DEVICE:PORT, as the table of sessions has it.",
}

// choose begins with a row, or asks for the names that it needs.
func (p *symptomPane) choose(s *liveScreen, row diagnose.Symptom) tea.Cmd {
	if row.From == diagnose.NoSlot {
		return p.start(s, row, "", "")
	}
	p.row = row
	p.form = dialog{title: capital(row.Sentence("...", "...")), open: true}
	plan := s.project.Plan
	for _, f := range []struct {
		name, label string
		slot        diagnose.Slot
	}{{"from", "Where", row.From}, {"to", "To where", row.To}} {
		if f.slot == diagnose.NoSlot {
			continue
		}
		example := exampleOf(plan, f.slot, f.name == "to")
		p.form.fields = append(p.form.fields, field{name: f.name, label: f.label, rule: strings.ToLower(slotAbout[f.slot][:1]) + strings.TrimSuffix(slotAbout[f.slot][1:], "."), example: example, check: func(v string) error {
			if v == "" {
				return nil
			}
			return diagnose.Names(plan, f.slot, v)
		}})
	}
	for i := range p.form.fields {
		p.form.fields[i].begin("")
	}
	return nil
}

// exampleOf is something of the fabric that fits: its first node, or its last.
func exampleOf(plan *model.Plan, slot diagnose.Slot, last bool) (name string) {
	if slot == diagnose.SessionSlot {
		for _, n := range plan.Sessions {
			return n.Device + ":" + n.Port
		}
	}
	for i := range plan.Devices {
		if d := &plan.Devices[i]; d.Role == model.Node && (last || name == "") {
			name = d.Name
		}
	}
	if name == "" && len(plan.Devices) > 0 {
		name = plan.Devices[0].Name
	}
	return name
}

// ask takes a key of the form.
func (p *symptomPane) ask(s *liveScreen, msg tea.Msg) tea.Cmd {
	if p.form.update(msg) != accepted {
		return nil
	}
	from, to := p.form.value("from"), p.form.value("to")
	for i := range p.form.fields {
		if p.form.fields[i].value() == "" {
			p.form.at, p.form.err = i, "name one, such as "+p.form.fields[i].example
			return nil
		}
	}
	return p.start(s, p.row, from, to)
}

// start hands the complaint to the guide.
func (p *symptomPane) start(s *liveScreen, row diagnose.Symptom, from, to string) tea.Cmd {
	p.open = false
	return s.guide.begin(s, row.Sentence(from, to), func(plan *model.Plan) (diagnose.Scope, error) { return row.Scope(plan, from, to) })
}

func (p *symptomPane) view(s *liveScreen) string {
	l := s.look
	if p.form.open {
		return strings.Join(p.form.lines(l, s.w, s.h), "\n")
	}
	out := []string{l.in(strong, "What is wrong?") + l.in(dim, "  say it, or choose"), "", l.in(accent, "> ") + p.input.view(l, min(64, s.w-2), true), ""}
	row, from, to, ok := p.read(s.project.Plan)
	switch {
	case ok:
		out = append(out, l.in(good, l.done+" ")+capital(row.Sentence(l.in(strong, from), l.in(strong, to))), l.in(dim, "enter walks through it."))
	case strings.TrimSpace(p.input.value()) != "":
		out = append(out, l.in(warn, l.fail+" ")+"Name what cannot do what, as the fabric calls it.", l.in(dim, cut("Or choose one below; enter asks for the names.", s.w, l.ellipsis)))
	default:
		out = append(out, l.in(dim, cut("Such as: "+example(s.project.Plan), s.w, l.ellipsis)), "")
	}
	out = append(out, "")
	from1, to1 := p.list.window(max(0, s.h-len(out)))
	for i := from1; i < to1; i++ {
		text := capital(diagnose.Symptoms[i].Sentence("...", "..."))
		if i == p.list.at && !ok {
			out = append(out, l.on(l.selected, accent, l.cursor+" ")+l.on(l.selected, strong, fit(text, min(60, s.w-2), l.ellipsis)))
			continue
		}
		out = append(out, "  "+l.in(dim, cut(text, s.w-2, l.ellipsis)))
	}
	return strings.Join(out, "\n")
}

// example is a complaint about this fabric.
func example(plan *model.Plan) string {
	a, b := exampleOf(plan, diagnose.PlaceSlot, false), exampleOf(plan, diagnose.PlaceSlot, true)
	return a + " cannot reach pods in " + b
}
