package render

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"closup/assets"
	"closup/model"
)

// The play does what push does, with what push has: the same files, and of each
// unit the same commands. Of what a plan says, nothing becomes YAML but through
// quoted, and nothing becomes a template of Ansible's: the characters of names
// and of access have neither braces nor quotes.

// pair is one variable; Value is YAML, on one line.
type pair struct{ Key, Value string }

// inventoryHost is one device of an inventory.
type inventoryHost struct {
	Name string
	Vars []pair
}

// inventoryGroup are the devices of one role.
type inventoryGroup struct {
	Name  string
	Hosts []inventoryHost
}

// playFile is one row of a device's closup_files.
type playFile struct {
	Path, Unit, Owner, Group, Mode string
	Merge                          string // how newfiles.py makes it; empty: as it is
	Words                          []pair
}

// playSession is one row of closup_sessions.
type playSession struct{ Port, Peer string }

// playStatic are the files of the play that are the same for every fabric.
var playStatic = []struct{ path, asset string }{
	{"ansible.cfg", "ansible.cfg"},
	{"site.yml", "site.yml"},
	{"roles/closup/tasks/main.yml", "tasks.yml"},
	{"roles/closup/files/newfiles.py", "newfiles.py"},
}

// ansibleFiles are an inventory and a play. A fabric's devices are streamed one
// after another.
func ansibleFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		ok := true
		put := func(path string, body []byte, err error) bool {
			if !ok {
				return false
			}
			if err != nil {
				ok = false
				yield(File{}, err)
				return false
			}
			ok = yield(File{path, 0o644, body}, nil)
			return ok
		}
		for _, s := range playStatic {
			body, err := fs.ReadFile(assets.FS, "templates/ansible/"+s.asset)
			if !put(s.path, body, err) {
				return
			}
		}
		inventory, err := inventoryOf(p, devices)
		if err == nil {
			var body []byte
			body, err = execute("ansible/inventory.yml.tmpl", inventory)
			put("inventory.yml", body, err)
		} else {
			put("", nil, err)
		}
		units := playUnits()
		body, err := execute("ansible/units.yml.tmpl", units)
		put("roles/closup/vars/main.yml", body, err)
		body, err = execute("ansible/handlers.yml.tmpl", units)
		put("roles/closup/handlers/main.yml", body, err)
		for d := range chosen(p, devices) {
			if !ok {
				return
			}
			artifacts, err := Device(p, d)
			if _, native := nativeOf(d); native && err == nil {
				err = fmt.Errorf("%s runs %s, which takes no files: `closup push` pushes to it, and --device names the others", d.Name, d.Platform)
			}
			if err != nil {
				put("", nil, err)
				return
			}
			body, err := hostVars(d, artifacts)
			put("host_vars/"+d.Name+".yml", body, err)
			for _, a := range artifacts {
				put("files/"+d.Name+a.Path, a.Body, nil)
			}
		}
	}
}

// inventoryOf lists the chosen devices by role, with what it takes to reach
// each.
func inventoryOf(p *model.Plan, devices []string) (any, error) {
	var groups []inventoryGroup
	for d := range chosen(p, devices) {
		h := inventoryHost{Name: d.Name}
		if err := safe(d); err != nil {
			return nil, err
		}
		vars, err := accessVars(d)
		if err != nil {
			return nil, err
		}
		h.Vars = vars
		i := slices.IndexFunc(groups, func(g inventoryGroup) bool { return g.Name == d.Role.Key() })
		if i < 0 {
			i = len(groups)
			groups = append(groups, inventoryGroup{Name: d.Role.Key()})
		}
		groups[i].Hosts = append(groups[i].Hosts, h)
	}
	common := sharedVars(groups)
	return struct {
		Access []pair
		Groups []inventoryGroup
	}{common, groups}, nil
}

// sharedVars takes what all hosts have alike out of them, but for the address.
func sharedVars(groups []inventoryGroup) []pair {
	if len(groups) == 0 {
		return nil
	}
	var common []pair
	for _, v := range groups[0].Hosts[0].Vars {
		shared := true
		for _, g := range groups {
			for _, h := range g.Hosts {
				shared = shared && slices.Contains(h.Vars, v)
			}
		}
		if shared && v.Key != "ansible_host" {
			common = append(common, v)
		}
	}
	for _, g := range groups {
		for i := range g.Hosts {
			g.Hosts[i].Vars = slices.DeleteFunc(g.Hosts[i].Vars, func(v pair) bool { return slices.Contains(common, v) })
		}
	}
	return common
}

// accessVars are Ansible's names for how a device is reached.
func accessVars(d *model.Device) ([]pair, error) {
	for _, text := range []string{d.Mgmt, d.Access.User, d.Access.Identity, d.Access.Jump} {
		if !model.SafeAccess(text) || strings.Contains(text, " ") && text != d.Access.Identity {
			return nil, fmt.Errorf("%s: %q cannot be part of how a device is reached", d.Name, text)
		}
	}
	var out []pair
	if d.Mgmt != "" {
		out = append(out, pair{"ansible_host", quoted(d.Mgmt)})
	}
	if d.Access.User != "" {
		out = append(out, pair{"ansible_user", quoted(d.Access.User)})
	}
	if d.Access.Port != 0 {
		out = append(out, pair{"ansible_port", fmt.Sprint(d.Access.Port)})
	}
	if d.Access.Identity != "" {
		out = append(out, pair{"ansible_ssh_private_key_file", quoted(d.Access.Identity)})
	}
	if d.Access.Jump != "" {
		out = append(out, pair{"ansible_ssh_common_args", quoted("-o ProxyJump=" + d.Access.Jump)})
	}
	return out, nil
}

// hostVars are the files and the sessions of one device.
func hostVars(d *model.Device, artifacts []Artifact) ([]byte, error) {
	view := struct {
		Name     string
		Files    []playFile
		Sessions []playSession
	}{Name: d.Name}
	for _, a := range artifacts {
		owner, group, ok := strings.Cut(a.Owner, ":")
		if !ok {
			owner, group = "root", "root"
		}
		f := playFile{Path: a.Path, Unit: a.Unit, Owner: owner, Group: group, Mode: fmt.Sprintf("%04o", a.Mode)}
		if a.Merge != nil {
			merge, ok := playMerges[a.Path]
			if !ok {
				return nil, fmt.Errorf("%s: the play cannot share %s with others; leave the device out with --device", d.Name, a.Path)
			}
			words, err := merge.words(d)
			if err != nil {
				return nil, err
			}
			f.Merge, f.Words = merge.name, words
		}
		view.Files = append(view.Files, f)
	}
	for _, s := range d.Routing.Peers {
		if s.Device != "external" {
			view.Sessions = append(view.Sessions, playSession{s.Key(), s.Device})
		}
	}
	return execute("ansible/host_vars.yml.tmpl", view)
}

// playMerges are the files that are shared with others: how newfiles.py makes
// each, and what it has to know.
var playMerges = map[string]struct {
	name  string
	words func(*model.Device) ([]pair, error)
}{
	"/etc/hosts": {"hosts", func(d *model.Device) ([]pair, error) { return []pair{{"name", quoted(d.Name)}}, nil }},
	"/etc/network/interfaces": {"interfaces", func(d *model.Device) ([]pair, error) {
		all, err := interfacesOf(d)
		var owned []string
		for _, i := range all {
			owned = append(owned, i.Name)
		}
		return []pair{{"owned", quoted(owned)}, {"managed", quoted(d.Management.Port)}}, err
	}},
	"/etc/frr/daemons": {"daemons", func(d *model.Device) ([]pair, error) {
		needs := []string{"bgpd", "vtysh_enable"}
		if d.Routing.BFD {
			needs = append(needs, "bfdd")
		}
		return []pair{{"needs", quoted(needs)}}, nil
	}},
}

// playUnits are the units that files make live, each command as an indented
// block of YAML. Where applying fails, the rough way is tried, as push does.
func playUnits() []Unit {
	out := slices.DeleteFunc(slices.Clone(Units), func(u Unit) bool { return u.Trial != nil })
	for i := range out {
		u := &out[i]
		if u.Restart != "" {
			u.Apply = orElse(u.Apply, u.Restart)
		}
		u.Check, u.Apply, u.Verify = literal(u.Check), literal(u.Apply), literal(u.Verify)
	}
	return out
}

// literal is a script as a literal block that Ansible takes for no template.
func literal(script string) string {
	script = strings.Trim(script, "\n")
	if script == "" {
		return `""`
	}
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "      " + line
		}
	}
	return "!unsafe |-\n" + strings.Join(lines, "\n")
}

// quoted is a value as JSON, which is YAML on one line.
func quoted(v any) string {
	out, err := json.Marshal(v)
	if err != nil { // only for types that JSON has not
		panic(err)
	}
	return string(out)
}
