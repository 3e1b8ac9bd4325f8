package ui

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"closup/model"
)

// The steps of the linear wizard that define the fabric.

// open chooses the fabric: one that is there, or a new one.
func (l *linear) open() error {
	s := screenOf[*openScreen](l, "open")
	var labels, names, presets []string
	var files []string
	add := func(label, name, file, preset string) {
		labels, names, files, presets = append(labels, label), append(names, name), append(files, file), append(presets, preset)
	}
	if p := l.project(); p != nil {
		add("go on with "+p.Path, path.Base(p.Path), p.Path, "")
	}
	for _, n := range s.nearby {
		add("open "+n.Path+", the fabric "+n.Name, path.Base(n.Path), n.Path, "")
	}
	for _, p := range s.presets {
		add("begin from the preset "+p.Name+": "+p.About, p.Name, "", p.Name)
	}
	add("begin with an empty fabric", "empty", "", "")
	l.numbered(labels)
	i, err := l.pick(question{text: "Fabric", now: names[0]}, names, nil)
	if err != nil {
		return err
	}
	if files[i] != "" {
		if l.opened(openProject(files[i], nil)()) {
			return nil
		}
		return errSteps
	}
	file := l.app.desk.path
	if l.project() != nil {
		file = path.Join(path.Dir(file), orText(presets[i], "new")+".yaml")
	}
	for {
		if file, err = l.ask(question{text: "File, which is not there yet", now: file}); err != nil {
			return err
		}
		if l.opened(createProject(file, presets[i], nil)()) {
			return nil
		}
	}
}

// fabric asks for the settings of one section after the other.
func (l *linear) fabric() error {
	s := screenOf[*fabricScreen](l, "fabric")
	for listed := false; ; {
		names := []string{"Go on"}
		for _, k := range s.shown {
			if !slices.Contains(names, k.section) {
				names = append(names, k.section)
			}
		}
		labels := []string{"Go on to the spines"}
		for _, name := range names[1:] {
			var values []string
			for _, k := range s.shown {
				if v := s.text[k.path]; k.section == name && v != "" {
					values = append(values, k.label+" "+v)
				}
			}
			labels = append(labels, name+": "+strings.Join(values, "; "))
		}
		if !listed {
			l.numbered(labels)
			listed = true
		}
		i, err := l.pick(question{text: "Section", now: names[0]}, names, map[string]func(){"?": func() {
			l.numbered(labels)
			l.say("The number or the name of a section asks for its settings one by one.")
		}})
		switch {
		case err != nil || i == 0:
			return err
		case i < 0:
			continue
		}
		if err := l.section(s, names[i]); err != nil && !errors.Is(err, errBack) {
			return err
		}
	}
}

func (l *linear) section(s *fabricScreen, section string) error {
	var all []*setting
	for _, k := range s.shown {
		if k.section == section {
			all = append(all, k)
		}
	}
	for i := 0; i < len(all); {
		switch err := l.setting(s, all[i]); {
		case errors.Is(err, errBack) && i > 0:
			i--
		case err != nil:
			return err
		default:
			i++
		}
	}
	return nil
}

// setting asks for one setting until its value is taken.
func (l *linear) setting(s *fabricScreen, k *setting) error {
	f := k.field()
	now := s.text[k.path]
	from, _ := s.source(k)
	for {
		value, err := l.ask(question{text: fmt.Sprintf("%s (%s)", k.label, from), now: now, help: k.help(), one: k.choices, check: f.check})
		if err != nil || value == now {
			return err
		}
		taken, err := l.change(change{said: fmt.Sprintf("%s is %s", k.name(), orText(value, "the default again")), make: k.set(value)})
		if taken || err != nil {
			return err
		}
	}
}

// help is all that there is to say of a setting.
func (k *setting) help() string {
	text := k.about
	for _, more := range [][2]string{{"", capital(k.rule)}, {"For example ", k.example}, {"The default: ", k.why}} {
		if more[1] != "" {
			text += " " + more[0] + strings.TrimSuffix(more[1], ".") + "."
		}
	}
	return strings.TrimSpace(text) + " In fabric.yaml it is " + k.path + "."
}

// devicesOf is the dialogue of one tier.
func devicesOf(step string) func(*linear) error {
	return func(l *linear) error {
		s := screenOf[*deviceScreen](l, step)
		for {
			l.devices(s)
			now, actions := "go on", []string{"add", "many", "change", "delete", "go on"}
			if len(s.specs) == 0 {
				now, actions = "add", []string{"add", "many", "go on"}
			}
			action, err := l.ask(question{text: s.title, now: now, one: actions, help: "add asks for one row, which a range makes several devices; many takes lines or CSV; change and delete ask for a device."})
			if err != nil {
				return err
			}
			switch action {
			case "add":
				err = l.add(s)
			case "many":
				err = l.many(s)
			case "change":
				err = l.withDevice(s, l.edit)
			case "delete":
				err = l.withDevice(s, func(s *deviceScreen, spec model.Spec) error {
					_, err := l.change(change{said: spec.Name + " deleted", make: removeDevice(spec)})
					return err
				})
			case "go on":
				return nil
			}
			if err != nil && !errors.Is(err, errBack) {
				return err
			}
		}
	}
}

// devices lists the tier, each device with what follows for it.
func (l *linear) devices(s *deviceScreen) {
	if len(s.specs) == 0 {
		l.say("There are none yet.")
		return
	}
	var lines []string
	for i := range s.specs {
		line := s.specs[i].Name
		for c, name := range []string{"", "", "ASN ", "loopback ", "managed at ", "rack ", ""} {
			if text := s.table.rows[i][c].text; c > 1 && text != "" {
				line += ", " + name + text
			}
		}
		lines = append(lines, line)
	}
	for _, line := range firstOf(lines, 40) {
		l.say("  %s", line)
	}
}

// few are the keys of a device that are asked for; the others by their names.
var few = []string{"name", "role", "mgmt", "roles", "homes", "rack"}

func (l *linear) add(s *deviceScreen) error {
	s.target, s.adding = "", dialog{}
	s.add()
	return l.fill(s, "added")
}

func (l *linear) edit(s *deviceScreen, spec model.Spec) error {
	s.edit(&spec)
	l.say("%s.", s.form.title)
	return l.fill(s, "changed")
}

// fill asks for the fields of the form, and makes the change. What was answered
// stays for the next try.
func (l *linear) fill(s *deviceScreen, done string) error {
	defer func() { s.form = dialog{} }()
	var asked []*field
	for i := range s.form.fields {
		if f := &s.form.fields[i]; slices.Contains(few, f.name) || f.value() != "" {
			asked = append(asked, f)
		}
	}
	for {
		if err := l.fields(asked); err != nil {
			return err
		}
		if err := l.others(s); err != nil {
			return err
		}
		taken, err := l.change(change{said: s.form.value("name") + " " + done, make: s.write()})
		if taken || err != nil {
			return err
		}
	}
}

// fields asks for one after the other; from the first, back leaves them.
func (l *linear) fields(all []*field) error {
	for i := 0; i < len(all); {
		f := all[i]
		v, err := l.ask(question{text: f.label, now: f.value(), help: f.help(), one: f.choices, check: f.check})
		switch {
		case errors.Is(err, errBack) && i > 0:
			i--
			continue
		case err != nil:
			return err
		}
		if f.set(v); f.name == "name" {
			if names, err := model.ExpandRange(v); err == nil && len(names) > 1 {
				l.say("%s: %s.", count(len(names), "device"), span(names, ", "))
			}
		}
		i++
	}
	return nil
}

func (f *field) help() string {
	text := f.about
	if f.rule != "" {
		text += " " + capital(f.rule) + "."
	}
	if f.example != "" {
		text += " For example " + f.example + "."
	}
	return strings.TrimSpace(text)
}

// others asks for keys that few devices have.
func (l *linear) others(s *deviceScreen) error {
	var names []string
	for i := range s.form.fields {
		if f := &s.form.fields[i]; !slices.Contains(few, f.name) {
			names = append(names, f.name)
		}
	}
	for {
		name, err := l.ask(question{text: "Another key, empty for none", help: "One of " + strings.Join(names, ", ") + ".", check: func(v string) error {
			if v != "" && !slices.Contains(names, v) {
				return fmt.Errorf("%q is none of %s", v, strings.Join(names, ", "))
			}
			return nil
		}})
		if err != nil || name == "" {
			return err
		}
		for i := range s.form.fields {
			if f := &s.form.fields[i]; f.name == name {
				if err := l.fields([]*field{f}); err != nil && !errors.Is(err, errBack) {
					return err
				}
			}
		}
	}
}

// withDevice asks for a device of the tier.
func (l *linear) withDevice(s *deviceScreen, do func(*deviceScreen, model.Spec) error) error {
	var names []string
	for i := range s.specs {
		names = append(names, s.specs[i].Name)
	}
	name, err := l.ask(question{text: "Device", check: func(v string) error {
		if !slices.Contains(names, v) {
			return fmt.Errorf("there is no %q; there are %s", v, span(names, ", "))
		}
		return nil
	}})
	if err != nil {
		return err
	}
	return do(s, s.specs[slices.Index(names, name)])
}

// many takes lines until an empty one; each that is wrong is asked for again.
func (l *linear) many(s *deviceScreen) error {
	l.say("Lines of name, management address, rack and serial, by spaces, commas or tabs; or CSV that begins with a line of names. An empty line ends them.")
	b := &s.bulk
	*b = bulkPane{}
	for {
		text, err := l.ask(question{text: fmt.Sprintf("Line %d", len(b.lines)+1)})
		if err != nil {
			return err
		}
		if text == "" {
			break
		}
		b.lines = append(b.lines, bulkLine{text: keepTabs(text)})
		b.check(s)
		for line := &b.lines[len(b.lines)-1]; line.err != nil; {
			l.trouble(line.err)
			text, err := l.ask(question{text: fmt.Sprintf("Line %d again, - leaves it out", len(b.lines)), now: line.text})
			if err != nil {
				return err
			}
			line.text = keepTabs(text)
			b.check(s)
		}
	}
	if b.count() == 0 {
		l.say("No line makes a device.")
		return nil
	}
	_, err := l.change(change{said: count(b.count(), "device") + " added", make: b.write(s.roles[0])})
	*b = bulkPane{}
	return err
}
