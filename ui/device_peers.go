package ui

import (
	"fmt"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// peersPane is the sessions of a border leaf to the outside: a table, and a
// form for each.
type peersPane struct {
	open   bool
	path   string // of the border's row, "borders[0]"
	name   string // of the border, or the range that the row stands for
	table  grid
	form   dialog
	target int // the session that the form edits; -1: it adds one
	trial  trial
}

// peerKey is one key of a session to the outside.
type peerKey struct {
	field
	list bool
}

// peerKeys is the form, in order.
var peerKeys = []peerKey{
	{field: field{name: "port", label: "Port", rule: "the port that leads outside", example: "swp54"}},
	{field: field{name: "asn", label: "Its AS", about: "The AS number of the router outside.", rule: "a number, or external for any", example: "65254"}},
	{field: field{name: "local", label: "Our address", about: "Left out together with the next one, the session needs no addresses (unnumbered).", rule: "with its mask", example: "203.0.113.1/31"}},
	{field: field{name: "remote", label: "Its address", rule: "without a mask", example: "203.0.113.0"}},
	{field: field{name: "accept", label: "Take", about: "What is taken from it, and nothing else.", rule: "prefixes separated by commas", example: "0.0.0.0/0"}, list: true},
	{field: field{name: "advertise", label: "Tell", about: "What it is told: whole networks, never a single device.", rule: "prefixes separated by commas", example: "10.1.3.0/24, 10.233.64.0/18"}, list: true},
	{field: field{name: "vlan", label: "VLAN", about: "Where the session runs in one.", rule: "1 to 4094", example: "4001"}},
	{field: field{name: "bfd", label: "BFD", about: "See a dead link within a second.", choices: []string{"false", "true"}}},
	{field: field{name: "maximum_prefix", label: "At most", about: "How many routes it may send before the session is taken down.", example: "1000"}},
}

func (k *peerKey) source(v string) string {
	if k.list {
		parts := strings.Split(v, ",")
		for i := range parts {
			parts[i] = yamlValue(strings.TrimSpace(parts[i]), false)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return yamlValue(v, false)
}

func (k *peerKey) check(v string) error {
	if v == "" {
		if k.name == "port" || k.name == "asn" {
			return errEmpty
		}
		return nil
	}
	row := "port: swp1, asn: 65000, "
	if k.name == "port" || k.name == "asn" {
		row = map[string]string{"port": "asn: 65000, ", "asn": "port: swp1, "}[k.name]
	}
	return checkYAML("version: 1\nname: x\nborders:\n  - {name: x, peers: [{"+row+k.name+": "+k.source(v)+"}]}\n", "borders[0].peers[0]."+k.name)
}

func (p *peersPane) typing() bool { return p.open && p.form.open }

func (p *peersPane) keys() []key.Binding {
	switch {
	case p.form.open:
		return p.form.keys()
	case p.table.n == 0:
		return []key.Binding{keys.add, called(keys.back, "back to the leafs")}
	}
	return []key.Binding{keys.add, keys.edit, keys.remove, called(keys.back, "back to the leafs")}
}

// begin opens the sessions of a border.
func (p *peersPane) begin(s *deviceScreen, spec model.Spec) {
	*p = peersPane{open: true, path: spec.Path, table: grid{cols: []column{
		{title: "port", keep: 9}, {title: "AS", keep: 8, right: true}, {title: "our address", keep: 6}, {title: "its address", keep: 5}, {title: "take", keep: 4, least: 12}, {title: "tell", keep: 7, least: 12}, {title: "VLAN", keep: 2, right: true}, {title: "BFD", keep: 1},
	}}}
	p.refill(s)
}

// refill reads the table from a new state of the fabric.
func (p *peersPane) refill(s *deviceScreen) {
	if !p.open || s.project == nil {
		return
	}
	p.name, _ = s.project.Doc.Get(p.path + ".name")
	var rows [][]cell
	for i := range s.project.Doc.Len(p.path + ".peers") {
		at := fmt.Sprintf("%s.peers[%d].", p.path, i)
		get := func(name, other string) string {
			if v, ok := s.project.Doc.Get(at + name); ok {
				return typedForm(v)
			}
			return other
		}
		rows = append(rows, []cell{
			{get("port", "none"), accent},
			{get("asn", "none"), plain},
			{get("local", "unnumbered"), dim},
			{get("remote", ""), dim},
			{get("accept", "nothing"), plain},
			{get("advertise", "nothing"), plain},
			{get("vlan", ""), dim},
			{get("bfd", ""), dim},
		})
	}
	p.table.set(rows)
	if !s.project.Fabric.Given(p.path) {
		p.open = false
	}
}

func (p *peersPane) key(s *deviceScreen, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case p.table.update(k, s.h-3):
	case key.Matches(k, keys.back):
		p.open = false
	case key.Matches(k, keys.add):
		p.edit(s, -1)
	case p.table.n == 0:
	case key.Matches(k, keys.edit):
		p.edit(s, p.table.at)
	case key.Matches(k, keys.remove):
		path := fmt.Sprintf("%s.peers[%d]", p.path, p.table.at)
		return s.desk.change(change{said: "the session on " + p.table.rows[p.table.at][0].text + " is deleted; u undoes it", make: func(w *work.Project) error {
			return w.Doc.Delete(path)
		}})
	}
	return nil
}

// edit opens the form of the i-th session; -1: of a new one.
func (p *peersPane) edit(s *deviceScreen, i int) {
	p.target = i
	p.trial.forget()
	p.form = dialog{title: "A session of " + p.name + " to the outside", open: true}
	for n := range peerKeys {
		k := &peerKeys[n]
		f := k.field
		f.check = k.check
		text := ""
		if i >= 0 {
			text, _ = s.project.Doc.Get(fmt.Sprintf("%s.peers[%d].%s", p.path, i, k.name))
		}
		if text == "" && len(f.choices) > 0 {
			text = f.choices[0]
		}
		f.begin(typedForm(text))
		p.form.fields = append(p.form.fields, f)
	}
	if i < 0 {
		p.form.fields[4].set("0.0.0.0/0")
		p.form.fields[5].set(p.networks(s))
	}
}

// networks is what a new session is proposed to tell: the nodes' loopbacks and
// the pods.
func (p *peersPane) networks(s *deviceScreen) string {
	f := s.project.Fabric
	var all []string
	for _, a := range f.Loopbacks[model.Node] {
		all = append(all, a.Prefix.Masked().String())
	}
	for _, pod := range f.Pods {
		all = append(all, pod.String())
	}
	return strings.Join(all, ", ")
}

func (p *peersPane) typed(s *deviceScreen, msg tea.Msg) tea.Cmd {
	switch p.form.update(msg) {
	case edited:
		for i := range p.form.fields {
			if p.form.fields[i].verify(); p.form.fields[i].err != nil {
				p.trial.forget()
				return nil
			}
		}
		return p.trial.ask(&s.base, p.write())
	case accepted:
		p.form.sent = s.desk.newID()
		return s.desk.change(change{id: p.form.sent, said: "the session on " + p.form.value("port") + " is written", make: p.write()})
	}
	return nil
}

// write is the edit that the form stands for: a new session on one line, and of
// one that is there only the keys that differ.
func (p *peersPane) write() func(*work.Project) error {
	values := make(map[string]string)
	for i := range p.form.fields {
		values[p.form.fields[i].name] = p.form.value(p.form.fields[i].name)
	}
	list, target := p.path+".peers", p.target
	return func(w *work.Project) error {
		var parts [][2]string
		for i := range peerKeys {
			k := &peerKeys[i]
			v := values[k.name]
			if k.name == "bfd" && v == "false" {
				v = ""
			}
			at := fmt.Sprintf("%s[%d].%s", list, target, k.name)
			old, there := "", false
			if target >= 0 {
				old, there = w.Doc.Get(at)
			}
			switch {
			case target < 0 && v != "":
				parts = append(parts, [2]string{k.name, k.source(v)})
			case target < 0 || v == typedForm(old):
			case v != "":
				if err := w.Doc.Set(at, k.source(v)); err != nil {
					return err
				}
			case there:
				if err := w.Doc.Delete(at); err != nil {
					return err
				}
			}
		}
		if target >= 0 {
			return nil
		}
		if n := w.Doc.Len(list); n > 0 {
			return w.Doc.Insert(list, n, rowSource(parts))
		}
		return w.Doc.Set(list, "["+rowSource(parts)+"]")
	}
}

func (p *peersPane) view(s *deviceScreen) string {
	l := s.look
	if p.form.open {
		lines := p.form.lines(l, s.w, s.h)
		h := max(1, s.h-len(lines))
		if p.trial.err != nil {
			lines = append(lines, clipped(l, wrap(l.fail+" "+printable(p.trial.err.Error()), s.w), bad, h)...)
		} else {
			lines = append(lines, clipped(l, wrapped(consequences(s.project, p.trial.seen), s.w), warn, h)...)
		}
		return strings.Join(lines, "\n")
	}
	head := l.in(accent, p.name) + l.in(dim, "  its sessions to the outside") + "\n\n"
	if p.table.n == 0 {
		return head + l.in(dim, "None yet. a adds one.")
	}
	p.table.y = 2
	return head + p.table.view(l, s.w, s.h-2, true)
}
