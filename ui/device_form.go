package ui

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"closup/model"
	"closup/ui/work"
)

// deviceKey is one key that a device may say for itself.
type deviceKey struct {
	field
	list  bool
	raw   bool                  // typed as YAML
	roles func(model.Role) bool // nil: all
}

func onlyNodes(r model.Role) bool   { return r == model.Node }
func onlyBorders(r model.Role) bool { return r == model.Border }
func notNodes(r model.Role) bool    { return r != model.Node }

// deviceKeys is the form of a row, in order.
var deviceKeys = []deviceKey{
	{field: field{name: "name", label: "Name", rule: "letters, digits, - and ., a range makes several", example: "leaf[01-04]"}},
	{field: field{name: "mgmt", label: "Management", about: "Where SSH reaches it: an address, a host name, or a range as long as the name's.", example: "192.168.200.[11-14]"}},
	{field: field{name: "roles", label: "Roles", about: "What Kubernetes runs there.", rule: "control-plane, worker, etcd", example: "control-plane, etcd"}, list: true, roles: onlyNodes},
	{field: field{name: "homes", label: "Homes", about: "How many leafs it hangs on.", rule: "1 to 4", example: "2"}, roles: onlyNodes},
	{field: field{name: "rack", label: "Rack", about: "Nodes hang on the leafs of their rack.", example: "r1"}},
	{field: field{name: "pod", label: "Pod", about: "In three tiers: the pod that it belongs to.", example: "p1"}},
	{field: field{name: "plane", label: "Plane", about: "In three tiers: the superspines that it hangs on.", example: "a"}, roles: notNodes},
	{field: field{name: "peers", label: "Peers", about: "Sessions to the outside, as YAML.", example: "[{port: swp44, asn: 65254, accept: [0.0.0.0/0]}]"}, raw: true, roles: onlyBorders},
	{field: field{name: "n", label: "Number", about: "Decides its ASN and loopback. Left out, it is the number that ends the name.", example: "7"}},
	{field: field{name: "asn", label: "ASN", about: "Its own, instead of the one that follows from its number.", example: "65150"}},
	{field: field{name: "loopback", label: "Loopback", about: "Its own, instead of the one that follows from its number.", example: "10.1.1.50"}, list: true},
	{field: field{name: "platform", label: "Platform", about: "What runs on it, where it differs from its role.", example: "cumulus"}},
	{field: field{name: "serial", label: "Serial", about: "Proves before a push that it is the right box.", example: "CN0ABC1234"}},
}

// deviceForm is an empty form for a row of one of the roles.
func deviceForm(roles []model.Role, role model.Role, _ int) dialog {
	d := dialog{open: true}
	for i := range deviceKeys {
		k := &deviceKeys[i]
		if k.roles != nil && !anyRole(roles, k.roles) {
			continue
		}
		f := k.field
		f.check = k.checker(role)
		f.begin("")
		d.fields = append(d.fields, f)
	}
	if len(roles) > 1 {
		f := field{name: "role", label: "Role", about: "Which of the two it is.", rule: "space and the arrows choose"}
		for _, r := range roles {
			f.choices = append(f.choices, r.String())
		}
		f.begin(roles[0].String())
		d.fields = append(d.fields[:1], append([]field{f}, d.fields[1:]...)...)
	}
	return d
}

func anyRole(roles []model.Role, ok func(model.Role) bool) bool {
	for _, r := range roles {
		if ok(r) {
			return true
		}
	}
	return false
}

// source is what was typed as YAML.
func (k *deviceKey) source(text string) string {
	if k.raw {
		return text
	}
	if k.name == "roles" && text != "" {
		return "[" + text + "]"
	}
	return yamlValue(text, k.list)
}

// checker loads a fabric that has only this device, so the rule is the
// loader's own.
func (k *deviceKey) checker(role model.Role) func(string) error {
	return func(v string) error {
		if v == "" {
			if k.name == "name" {
				return errEmpty
			}
			return nil
		}
		row := "name: x, " + k.name + ": " + k.source(v)
		if k.name == "name" {
			row = "name: " + k.source(v)
		}
		if strings.Contains(v, "[") && !k.raw && k.name != "name" {
			return nil // its length is checked against the name's, by the trial
		}
		return checkYAML("version: 1\nname: x\n"+role.Key()+":\n  - {"+row+"}\n", role.Key()+"[0]."+k.name)
	}
}

// typedForm is a value of the file as one would type it: a list without its
// brackets.
func typedForm(text string) string {
	if inner, ok := strings.CutPrefix(text, "["); ok && !strings.Contains(text, "{") {
		return strings.TrimSpace(strings.TrimSuffix(inner, "]"))
	}
	return text
}

// nextName proposes the name that follows the last one of a role.
func nextName(specs []model.Spec, role model.Role) string {
	prefix, n, digits := role.String(), 0, 1
	if role == model.Node {
		prefix = "node"
	}
	for i := range specs {
		if specs[i].Role != role {
			continue
		}
		if tail := number(specs[i].Name); tail != "" {
			prefix = strings.TrimSuffix(specs[i].Name, tail)
			if v, err := strconv.Atoi(tail); err == nil && v >= n {
				n, digits = v, len(tail)
			}
		}
	}
	if n == 0 {
		return prefix + "[1-4]"
	}
	return fmt.Sprintf("%s%0*d", prefix, digits, n+1)
}

// write is the edit that the form stands for.
func (s *deviceScreen) write() func(*work.Project) error {
	role, target := s.roles[0], s.target
	values := make(map[string]string)
	for i := range s.form.fields {
		f := &s.form.fields[i]
		values[f.name] = strings.TrimSpace(f.value())
	}
	for _, r := range s.roles {
		if values["role"] == r.String() {
			role = r
		}
	}
	return recabled(func(p *work.Project) error {
		if target != "" {
			return rewriteRow(p, target, values)
		}
		var parts []string
		for i := range deviceKeys {
			k := &deviceKeys[i]
			if v := values[k.name]; v != "" && (k.roles == nil || k.roles(role)) {
				parts = append(parts, k.name+": "+k.source(v))
			}
		}
		return appendRow(p, role.Key(), "{"+strings.Join(parts, ", ")+"}")
	})
}

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
