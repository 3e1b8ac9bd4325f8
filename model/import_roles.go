package model

import "regexp"

// roleWord tells a role by a word in a device's name, or in what the other tool
// says of its function.
type roleWord struct {
	words   *regexp.Regexp
	role    Role
	outside bool
	why     string // why it is no device of the fabric
}

// roleWords is looked through in order: "oob-mgmt-server" is no server, and a
// "superspine" no spine.
var roleWords = []roleWord{
	{words: regexp.MustCompile(`(?i)\b(oob|mgmt|management|jump|bastion|ztp)`), why: "it belongs to the management network"},
	{words: regexp.MustCompile(`(?i)(super-?spine|\bss[0-9]|\bcore)`), role: Superspine},
	{words: regexp.MustCompile(`(?i)(spine|\bsp[0-9]|\bagg)`), role: Spine},
	{words: regexp.MustCompile(`(?i)(border|exit|\bbl[0-9]|gateway)`), role: Border},
	{words: regexp.MustCompile(`(?i)(leaf|\btor|\blf[0-9])`), role: Leaf},
	{words: regexp.MustCompile(`(?i)(internet|\bedge|\bisp|\bwan|\bfirewall|\bfw[0-9]|external|\brouter)`), outside: true},
	{words: regexp.MustCompile(`(?i)(server|host|node|k8s|kube|worker|master|control|\bvm|compute|client|\bpc[0-9]|etcd|\bcp[0-9])`), role: Node},
}

// roles gives every device its role: by what is said of it, by its name, or by
// what it is cabled to.
func (t *topology) roles() {
	for _, d := range t.devices {
		d.peers = nil
	}
	for _, c := range t.cables {
		t.byName[c.a.Device].peers = append(t.byName[c.a.Device].peers, c.b.Device)
		t.byName[c.b.Device].peers = append(t.byName[c.b.Device].peers, c.a.Device)
	}
	for _, d := range t.devices {
		t.role(d)
	}
	for range Roles { // a guess helps the next tier; there are no more of them
		for _, d := range t.devices {
			if !d.known && !d.outside && d.why == "" && t.byNeighbors(d) {
				t.remark("%s was taken for a %s, by what it is cabled to; its name does not say", d.name, d.role)
			}
		}
	}
}

// role takes the role that a device's hint or name tells. A hint that says no
// more than host gives way to a name such as edge01.
func (t *topology) role(d *imported) {
	if d.known || d.why != "" {
		return
	}
	hint, hinted := wordOf(d.hint)
	word, named := wordOf(d.name)
	if d.hint != "" && !hinted {
		t.drop("role "+quote(d.hint), d.name)
	}
	switch {
	case hinted && !(named && hint.host()):
		word = hint
	case !named:
		return
	}
	d.role, d.outside, d.why = word.role, word.outside, word.why
	d.known = !word.outside && word.why == ""
}

// host says whether the word means no more than a machine.
func (w roleWord) host() bool { return w.role == Node && !w.outside && w.why == "" }

func wordOf(text string) (roleWord, bool) {
	for _, w := range roleWords {
		if text != "" && w.words.MatchString(text) {
			return w, true
		}
	}
	return roleWord{}, false
}

// byNeighbors guesses a role: below leafs are nodes, between spines and nodes
// leafs, above leafs spines.
func (t *topology) byNeighbors(d *imported) bool {
	has := map[Role]int{}
	for _, name := range d.peers {
		if p := t.byName[name]; p.known {
			has[p.role]++
		}
	}
	switch {
	case has[Spine] > 0 && has[Leaf] == 0 && has[Superspine] == 0, has[Node] > 0:
		d.role = Leaf
	case has[Leaf] > 1 && len(d.peers) > 2 && has[Leaf] == len(d.peers):
		d.role = Spine
	case has[Leaf] > 0:
		d.role = Node
	case has[Superspine] > 0:
		d.role = Spine
	default:
		return false
	}
	d.known = true
	return true
}
