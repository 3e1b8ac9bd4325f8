package model

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// specField is one key of a device, for the roles that have it.
type specField struct {
	field[Spec]
	only []Role // empty: every role
	each bool   // may differ within an entry that makes several devices
}

// specKeys is every key of a device.
var specKeys = []specField{
	{field[Spec]{"name", scalar(parseDeviceName, func(s *Spec) *string { return &s.Name })}, nil, true},
	{field[Spec]{"n", whole(1, 1<<30, func(s *Spec) *int { return &s.N })}, nil, true},
	{field[Spec]{"asn", scalar(ParseASN, func(s *Spec) *uint32 { return &s.ASN })}, nil, true},
	{field[Spec]{"loopback", readOwnLoopbacks}, nil, true},
	{field[Spec]{"platform", word(platforms, func(s *Spec) *string { return &s.Platform })}, nil, true},
	{field[Spec]{"release", scalar(parseRelease, func(s *Spec) *string { return &s.Release })}, nil, true},
	{field[Spec]{"network", word(networks, func(s *Spec) *string { return &s.Network })}, nil, true},
	{field[Spec]{"router", word(routers, func(s *Spec) *string { return &s.Router })}, nil, true},
	{field[Spec]{"container", sub(containerKeys, func(s *Spec) *ContainerKeys { return &s.Container })}, nil, true},
	{field[Spec]{"mgmt", scalar(parseHost, func(s *Spec) *string { return &s.Mgmt })}, nil, true},
	{field[Spec]{"management", sub(managementKeys, func(s *Spec) *Management { return &s.Management })}, nil, true},
	{field[Spec]{"ports", sub(portKeys, func(s *Spec) *PortRanges { return &s.Ports })}, nil, false},
	{field[Spec]{"breakout", readBreakout}, nil, false},
	{field[Spec]{"rack", scalar(parseText, func(s *Spec) *string { return &s.Rack })}, nil, true},
	{field[Spec]{"serial", scalar(parseText, func(s *Spec) *string { return &s.Serial })}, nil, true},
	{field[Spec]{"pod", scalar(parseText, func(s *Spec) *string { return &s.Pod })}, []Role{Spine, Leaf, Border, Node}, true},
	{field[Spec]{"plane", scalar(parseText, func(s *Spec) *string { return &s.Plane })}, []Role{Superspine, Spine}, true},
	{field[Spec]{"access", sub(accessKeys, func(s *Spec) *Access { return &s.Access })}, nil, true},
	{field[Spec]{"pods", onePerFamily(func(s *Spec) *[]netip.Prefix { return &s.Pods })}, []Role{Node}, true},
	{field[Spec]{"roles", readRoles}, []Role{Node}, false},
	{field[Spec]{"homes", whole(1, 64, func(s *Spec) *int { return &s.Homes })}, []Role{Node}, true},
	{field[Spec]{"peers", readPeers}, []Role{Border}, true},
}

// specObjects is specKeys for each role, as a table of its own.
var specObjects = func() (all PerRole[object[Spec]]) {
	for _, role := range Roles {
		for _, f := range specKeys {
			if len(f.only) == 0 || slices.Contains(f.only, role) {
				all[role] = append(all[role], f.field)
			}
		}
	}
	return all
}()

// devices makes a reader of a role's list of devices.
func devices(role Role) func(*reader, value, *Fabric) {
	return func(r *reader, v value, f *Fabric) {
		var specs []Spec
		r.items(v, func(_ int, entry value) {
			if len(specs) <= maxRange {
				specs = append(specs, r.entry(role, entry)...)
			}
		})
		if len(f.Devices)+len(specs) > maxRange {
			r.fail(v, fmt.Sprintf("the fabric has more than %d devices", maxRange), "")
			return
		}
		f.Devices = append(f.Devices, specs...)
		slices.SortStableFunc(f.Devices, func(a, b Spec) int { return int(a.Role) - int(b.Role) })
	}
}

// entry reads one entry of a list of devices, which makes as many of them as
// its name's range has.
func (r *reader) entry(role Role, v value) []Spec {
	first := Spec{Role: role, Path: v.path, Line: v.Line}
	if role == Node {
		first.Homes = 1
	}
	if v.Kind != yaml.MappingNode {
		r.fail(v, "a device is keys and values, such as {name: "+role.String()+"1}, not "+kindOf(v.Node), "")
		return nil
	}
	name := step{key: "name"}.child(v.Node)
	if name == nil {
		r.fail(v, v.path+" has no name", "add one, such as name: "+role.String()+"1")
		r.readSpec(role, v, &first)
		return nil
	}
	r.i, r.count, r.ranges = 0, 1, map[*yaml.Node][]string{}
	defer func() { r.i, r.count, r.ranges = 0, 1, nil }()
	if name.Kind == yaml.ScalarNode {
		if all, err := expand(name.Value); err == nil {
			r.count = len(all)
		}
	}
	r.readSpec(role, v, &first)
	varying, weight := r.varying(v), first.weight()
	for _, p := range varying {
		weight += size(p.value.Node)
	}
	if weight*r.count > maxWeight {
		r.fail(v, v.path+" makes too much of a short text", "split it, or shorten its lists")
		return nil
	}
	specs := make([]Spec, r.count)
	specs[0] = first
	for r.i = 1; r.i < r.count; r.i++ {
		specs[r.i] = first
		for _, p := range varying {
			p.field.read(r, p.value, &specs[r.i])
		}
	}
	return specs
}

func (r *reader) readSpec(role Role, v value, into *Spec) {
	for p := range r.pairs(v) {
		i := slices.IndexFunc(specKeys, func(f specField) bool { return f.key == p.key })
		switch {
		case i < 0:
			r.fail(value{p.name, p.path}, "unknown key "+quote(p.key)+in(v.path), didYouMean(p.key, specObjects[role].keys()))
		case len(specKeys[i].only) > 0 && !slices.Contains(specKeys[i].only, role):
			r.fail(value{p.name, p.path}, quote(p.key)+" is not a key of "+role.Key()+in(v.path), "it is for "+roleKeys(specKeys[i].only))
		default:
			specKeys[i].read(r, p.value, into)
		}
	}
}

func roleKeys(roles []Role) string {
	keys := make([]string, len(roles))
	for i, role := range roles {
		keys[i] = role.Key()
	}
	return strings.Join(keys, ", ")
}

// varyingKey is a key of an entry whose value has a range in it.
type varyingKey struct {
	field specField
	value value
}

// varying is the keys of an entry that differ among its devices.
func (r *reader) varying(v value) []varyingKey {
	if r.count == 1 {
		return nil
	}
	var all []varyingKey
	for i := 0; i+1 < len(v.Content); i += 2 {
		k := slices.IndexFunc(specKeys, func(f specField) bool { return f.each && f.key == v.Content[i].Value })
		if k >= 0 && hasRange(v.Content[i+1]) {
			all = append(all, varyingKey{specKeys[k], value{v.Content[i+1], joinPath(v.path, specKeys[k].key)}})
		}
	}
	return all
}

// maxWeight bounds what the devices of one entry hold together, so that no
// short text makes a program large.
const maxWeight = 1 << 20

// weight counts what a device holds in lists.
func (s *Spec) weight() int {
	n := 1 + len(s.Breakout)
	for _, o := range s.Peers {
		n += 1 + len(o.Accept) + len(o.Advertise)
	}
	return n
}

// size counts the values under a node.
func size(n *yaml.Node) int {
	total := 1
	for _, c := range n.Content {
		total += size(c)
	}
	return total
}

func hasRange(n *yaml.Node) bool {
	return strings.Contains(n.Value, "[") || slices.ContainsFunc(n.Content, hasRange)
}

// A device's name becomes a host name and part of paths, a port's name stands
// in configuration; neither may hold more than these.
var (
	deviceName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	portName   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$`)
	hostName   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
)

func parseDeviceName(s string) (string, error) {
	if !deviceName.MatchString(s) || len(s) > 253 || strings.Contains(s, "..") {
		return "", wrong{quote(s) + " is not a device's name", "use letters, digits and hyphens"}
	}
	return s, nil
}

func parsePort(s string) (string, error) {
	if !portName.MatchString(s) || len(s) > 64 || strings.Contains(s, "..") {
		return "", wrong{quote(s) + " is not a port's name", "write one such as swp1"}
	}
	return s, nil
}

// parseHost reads where a device is managed: an address or a host name.
func parseHost(s string) (string, error) {
	_, err := netip.ParseAddr(s)
	number := strings.Trim(s, "0123456789.") == "" // looks like an address, so it has to be one
	if err == nil || hostName.MatchString(s) && !number {
		return s, nil
	}
	return "", wrong{quote(s) + " is neither an address nor a host name", ""}
}

func readOwnLoopbacks(r *reader, v value, s *Spec) {
	list(parseOwnLoopback, func(s *Spec) *[]netip.Addr { return &s.Loopbacks })(r, v, s)
	familiesDiffer(r, v, s.Loopbacks, netip.Addr.Is4)
}

// parseOwnLoopback reads an address, with or without its /32 or /128.
func parseOwnLoopback(s string) (netip.Addr, error) {
	if p, err := netip.ParsePrefix(s); err == nil && p.IsSingleIP() {
		return parseAddress(p.Addr().String())
	}
	return parseAddress(s)
}

func readRoles(r *reader, v value, s *Spec) {
	s.Roles = nil
	r.oneOrMore(v, func(item value) {
		var role string
		if word(nodeRoles, same[string])(r, item, &role); role != "" {
			s.Roles = append(s.Roles, role)
		}
	})
}
