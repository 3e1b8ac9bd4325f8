package ui

import (
	"fmt"
	"strconv"
	"strings"

	"closup/model"
	"closup/ui/work"
)

// deviceKey is one key that a device may say for itself.
type deviceKey struct {
	field
	list  bool
	own   bool                  // brackets in it are its own, not a range over the row's devices
	wrap  string                // the pair that its YAML stands in, "{}"
	roles func(model.Role) bool // nil: all
}

func onlyNodes(r model.Role) bool { return r == model.Node }
func notNodes(r model.Role) bool  { return r != model.Node }

// deviceKeys is the form of a row, in order.
var deviceKeys = []deviceKey{
	{field: field{name: "name", label: "Name", rule: "letters, digits, - and ., a range makes several", example: "leaf[01-04]"}},
	{field: field{name: "mgmt", label: "Management", about: "Where SSH reaches it: an address, a host name, or a range as long as the name's.", example: "192.168.200.[11-14]"}},
	{field: field{name: "roles", label: "Roles", about: "What Kubernetes runs there.", rule: "control-plane, worker, etcd", example: "control-plane, etcd"}, list: true, roles: onlyNodes},
	{field: field{name: "homes", label: "Homes", about: "How many leafs it hangs on.", rule: "1 to 4", example: "2"}, roles: onlyNodes},
	{field: field{name: "rack", label: "Rack", about: "Nodes hang on the leafs of their rack.", example: "r1"}},
	{field: field{name: "pod", label: "Pod", about: "In three tiers: the pod that it belongs to.", example: "p1"}},
	{field: field{name: "plane", label: "Plane", about: "In three tiers: the superspines that it hangs on.", example: "a"}, roles: notNodes},
	{field: field{name: "n", label: "Number", about: "Decides its ASN and loopback. Left out, it is the number that ends the name.", example: "7"}},
	{field: field{name: "asn", label: "ASN", about: "Its own, instead of the one that follows from its number.", example: "65150"}},
	{field: field{name: "loopback", label: "Loopback", about: "Its own, instead of the one that follows from its number.", example: "10.1.1.50"}, list: true},
	{field: field{name: "platform", label: "Platform", about: "What runs on it, where it differs from its role.", example: "cumulus"}},
	{field: field{name: "release", label: "Release", about: "Which release of its platform it runs, where it differs from its role's.", example: "5.9"}},
	{field: field{name: "network", label: "Interfaces by", about: "What owns its interfaces, where it differs from its role.", example: "ifupdown2"}},
	{field: field{name: "router", label: "BGP by", about: "What speaks BGP on it, where it differs from its role.", example: "frr"}},
	{field: field{name: "pods", label: "Pod network", about: "Its own pod network, where it is known already.", example: "10.233.66.0/24"}, list: true, roles: onlyNodes},
	{field: field{name: "ports.uplinks", label: "Uplink ports", about: "What automatic cabling may use towards the tier above.", rule: "a range, or several separated by commas", example: "swp[49-54]"}, list: true, own: true},
	{field: field{name: "ports.downlinks", label: "Downlink ports", about: "What automatic cabling may use towards the tier below.", rule: "a range, or several separated by commas", example: "swp[1-48]"}, list: true, own: true, roles: notNodes},
	{field: field{name: "breakout", label: "Breakout", about: "Ports that are split into several.", rule: "PORT: COUNTxSPEED, several separated by commas", example: "swp1: 4x25G"}, own: true, wrap: "{}", roles: notNodes},
	{field: field{name: "management.port", label: "Managed by port", about: "The port that closup leaves alone, where it differs from the fabric's.", example: "eth0"}},
	{field: field{name: "management.vrf", label: "Management VRF", about: "Where it differs from the fabric's.", example: "mgmt"}},
	{field: field{name: "management.address", label: "Its address there", about: "Where it differs from the fabric's.", rule: "dhcp, or an address with its mask", example: "192.168.200.7/24"}},
	{field: field{name: "access.user", label: "SSH user", about: "Who logs in, where it differs from the fabric's.", example: "cumulus"}},
	{field: field{name: "access.port", label: "SSH port", about: "Where it differs from the fabric's.", rule: "1 to 65535", example: "22"}},
	{field: field{name: "access.identity", label: "SSH key", about: "The private key's file, where it differs from the fabric's.", example: "~/.ssh/id_ed25519"}},
	{field: field{name: "access.jump", label: "Jump host", about: "Where it differs from the fabric's.", rule: "[user@]host[:port]", example: "admin@oob-server"}},
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
	if k.wrap != "" {
		return k.wrap[:1] + text + k.wrap[1:]
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
		row := "name: x, " + nested(k.name, k.source(v))
		if k.name == "name" {
			row = "name: " + k.source(v)
		}
		if strings.Contains(v, "[") && !k.own && k.name != "name" {
			return nil // its length is checked against the name's, by the trial
		}
		return checkYAML("version: 1\nname: x\n"+role.Key()+":\n  - {"+row+"}\n", role.Key()+"[0]."+k.name)
	}
}

// typedForm is a value of the file as one would type it: a list or a
// mapping without its brackets.
func typedForm(text string) string {
	for _, pair := range []string{"[]", "{}"} {
		if inner, ok := strings.CutPrefix(text, pair[:1]); ok && strings.HasSuffix(inner, pair[1:]) && !strings.Contains(inner, "{") {
			return strings.TrimSpace(strings.TrimSuffix(inner, pair[1:]))
		}
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
		var parts [][2]string
		for i := range deviceKeys {
			k := &deviceKeys[i]
			if v := values[k.name]; v != "" && (k.roles == nil || k.roles(role)) {
				parts = append(parts, [2]string{k.name, k.source(v)})
			}
		}
		return appendRow(p, role.Key(), rowSource(parts))
	})
}

// rowSource is a row of the file on one line. Keys such as ports.uplinks stand
// together under the one that they share.
func rowSource(values [][2]string) string {
	var parts []string
	for i, v := range values {
		top, rest, under := strings.Cut(v[0], ".")
		if !under {
			parts = append(parts, v[0]+": "+v[1])
			continue
		}
		if i > 0 && strings.HasPrefix(values[i-1][0], top+".") {
			last := &parts[len(parts)-1]
			*last = strings.TrimSuffix(*last, "}") + ", " + rest + ": " + v[1] + "}"
			continue
		}
		parts = append(parts, nested(v[0], v[1]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// nested is "ports: {uplinks: x}" for ports.uplinks.
func nested(name, source string) string {
	top, rest, under := strings.Cut(name, ".")
	if !under {
		return name + ": " + source
	}
	return top + ": {" + rest + ": " + source + "}"
}
