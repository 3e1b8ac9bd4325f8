package ui

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"closup/model"
	"closup/ui/work"
)

// Edits of the rows of devices in the text of fabric.yaml.

// recabled is an edit of devices after which no cable leads elsewhere than
// before.
func recabled(edit func(*work.Project) error) func(*work.Project) error {
	return func(p *work.Project) error {
		before, doubled := p.Plan, doubles(p)
		if err := edit(p); err != nil {
			return err
		}
		p.Restore(p.Doc.Bytes())
		for name := range doubles(p) {
			if !doubled[name] {
				return fmt.Errorf("there is a device %s already; names differ in the whole fabric", name)
			}
		}
		_, err := p.Recable(before)
		return err
	}
}

// doubles is the names that several devices have. A file may have them, and
// then they are findings; here none is made.
func doubles(p *work.Project) map[string]bool {
	seen, twice := make(map[string]bool), make(map[string]bool)
	if p.Err != nil {
		return twice
	}
	for i := range p.Fabric.Devices {
		name := p.Fabric.Devices[i].Name
		twice[name] = seen[name]
		seen[name] = true
	}
	maps.DeleteFunc(twice, func(_ string, is bool) bool { return !is })
	return twice
}

// appendRow puts a row at the end of a list that may not be there yet.
func appendRow(p *work.Project, key, row string) error {
	n := p.Doc.Len(key)
	if n == 0 {
		return p.Doc.Set(key, "\n  - "+row)
	}
	return p.Doc.Insert(key, n, row)
}

// rewriteRow sets those keys of a row that differ. Cables that name a device
// of the row follow its new name.
func rewriteRow(p *work.Project, path string, values map[string]string) error {
	var before []string
	for i := range p.Fabric.Devices {
		if p.Fabric.Devices[i].Path == path {
			before = append(before, p.Fabric.Devices[i].Name)
		}
	}
	for i := range deviceKeys {
		k := &deviceKeys[i]
		value, shown := values[k.name]
		old, there := p.Doc.Get(path + "." + k.name)
		if !shown || value == typedForm(old) {
			continue
		}
		var err error
		switch {
		case value != "":
			err = p.Doc.Set(path+"."+k.name, k.source(value))
		case there:
			err = p.Doc.Delete(path + "." + k.name)
		}
		if err != nil {
			return err
		}
	}
	after, err := model.ExpandRange(values["name"])
	if err != nil || len(after) != len(before) {
		return err
	}
	return renameInLinks(p, before, after)
}

// renameInLinks gives devices their new names in `links`.
func renameInLinks(p *work.Project, before, after []string) error {
	now := make(map[string]string)
	for i := range before {
		if before[i] != after[i] {
			now[before[i]] = after[i]
		}
	}
	if len(now) == 0 || !p.Fabric.Cabled {
		return nil
	}
	for i, c := range p.Fabric.Links {
		a, b := c.A, c.B
		if to, ok := now[a.Device]; ok {
			a.Device = to
		}
		if to, ok := now[b.Device]; ok {
			b.Device = to
		}
		if a == c.A && b == c.B {
			continue
		}
		if err := setLink(p, i, a, b, c.Speed); err != nil {
			return err
		}
	}
	return nil
}

// removeDevice takes one device out: its row, or its place in a range. Cables
// that lead to it go with it.
func removeDevice(spec model.Spec) func(*work.Project) error {
	return recabled(func(p *work.Project) error {
		at, n := 0, 0
		for i := range p.Fabric.Devices {
			if d := &p.Fabric.Devices[i]; d.Path == spec.Path {
				if d.Name == spec.Name {
					at = n
				}
				n++
			}
		}
		if p.Fabric.Cabled {
			for i := len(p.Fabric.Links) - 1; i >= 0; i-- {
				if c := p.Fabric.Links[i]; c.A.Device == spec.Name || c.B.Device == spec.Name {
					if err := p.Doc.Delete(fmt.Sprintf("links[%d]", i)); err != nil {
						return err
					}
				}
			}
		}
		path := spec.Path
		if n > 1 {
			if err := splitRow(spec)(p); err != nil {
				return err
			}
			key, index := rowOf(path)
			path = fmt.Sprintf("%s[%d]", key, index+at)
		}
		return p.Doc.Delete(path)
	})
}

// rowOf is the list and the place of a path such as "leafs[2]".
func rowOf(path string) (key string, index int) {
	key, rest, _ := strings.Cut(path, "[")
	index, _ = strconv.Atoi(strings.TrimSuffix(rest, "]"))
	return key, index
}

// splitRow turns a row that stands for several devices into one for each.
func splitRow(spec model.Spec) func(*work.Project) error {
	return func(p *work.Project) error {
		name, _ := p.Doc.Get(spec.Path + ".name")
		names, err := model.ExpandRange(name)
		if err != nil || len(names) < 2 {
			return err
		}
		key, index := rowOf(spec.Path)
		rows := make([][]string, len(names))
		for _, k := range p.Doc.Keys(spec.Path) {
			text, _ := p.Doc.Get(spec.Path + "." + k)
			each, err := model.ExpandRange(text)
			scalar := !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{")
			for i := range rows {
				switch {
				case scalar && err == nil && len(each) == len(rows):
					rows[i] = append(rows[i], k+": "+yamlValue(each[i], false))
				case scalar:
					rows[i] = append(rows[i], k+": "+yamlValue(text, false))
				default:
					rows[i] = append(rows[i], k+": "+text)
				}
			}
		}
		for i := len(rows) - 1; i >= 0; i-- {
			if err := p.Doc.Insert(key, index+1, "{"+strings.Join(rows[i], ", ")+"}"); err != nil {
				return err
			}
		}
		return p.Doc.Delete(spec.Path)
	}
}
