package render_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"closup/render"
)

// told is what a device is told, whatever the dialect: a set of facts. Each
// dialect has a reader that fills it, written from its grammar and not from
// what closup prints; two dialects say the same if the facts are the same.
type told struct {
	facts  map[string]bool
	active map[string]bool   // "v4 GROUP", "v6 PEER": the family is on
	noV4   bool              // FRR: IPv4 is not on by itself
	groups []string          // in order
	peers  map[string]string // peer to group
	peerV4 map[string]bool   // NVUE: a neighbor says for itself whether IPv4 is on
	ownV4  bool              // NVUE: it is on with a neighbor that does not say

	asn    string // of the BGP that there is
	bgp    bool   // FRR: below router bgp
	family string // FRR: "v4" or "v6" below an address-family
	entry  string // FRR: below a route-map entry, its name and number
}

func newTold() *told {
	return &told{facts: map[string]bool{}, active: map[string]bool{}, peers: map[string]string{}, peerV4: map[string]bool{}}
}

func (m *told) fact(form string, args ...any) { m.facts[fmt.Sprintf(form, args...)] = true }

func (m *told) group(name string) {
	m.fact("group %s", name)
	m.groups = append(m.groups, name)
}

func (m *told) peer(name, group string) {
	m.fact("peer %s in %s", name, group)
	m.peers[name] = group
}

// done adds what follows from all lines together: which family is exchanged
// with whom.
func (m *told) done() map[string]bool {
	out := maps.Clone(m.facts)
	for _, g := range m.groups {
		for _, family := range []string{"v4", "v6"} {
			out[fmt.Sprintf("%s %s active: %v", family, g, m.active[family+" "+g])] = true
		}
	}
	for p, g := range m.peers {
		on, said := m.peerV4[p]
		on = on || m.ownV4 && !said || m.active["v4 "+g]
		out[fmt.Sprintf("v4 peer %s active: %v", p, on)] = true
	}
	return out
}

// row is one form of a grammar, and what it says.
type row struct {
	form string
	say  func(m *told, w []string) // w[0] is the line, then what is in brackets
	re   *regexp.Regexp
}

// forms compiles a table of rows. {x} stands for what there is of x in words.
func forms(words map[string]string, rows []row) []row {
	for i := range rows {
		form := rows[i].form
		for name, pattern := range words {
			form = strings.ReplaceAll(form, "{"+name+"}", pattern)
		}
		if strings.ContainsAny(form, "{}") && strings.Contains(form, "{") {
			panic("an unknown word in " + form)
		}
		rows[i].re = regexp.MustCompile("^" + form + "$")
	}
	return rows
}

// say finds the form of a line; that there is none is an error.
func (m *told) say(rows []row, line string) error {
	for _, r := range rows {
		if w := r.re.FindStringSubmatch(line); w != nil {
			r.say(m, w)
			return nil
		}
	}
	return fmt.Errorf("the grammar has no %q", line)
}

// words are the values that all dialects have in common.
func words(more map[string]string) map[string]string {
	out := map[string]string{
		"name":    `([A-Za-z][A-Za-z0-9._-]*)`,
		"host":    `([A-Za-z0-9][A-Za-z0-9-]*)`,
		"port":    `([A-Za-z][A-Za-z0-9._]*)`,
		"addr":    `([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f:]*:[0-9a-f:]*)`,
		"prefix":  `((?:[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-f:]*:[0-9a-f:]*)/[0-9]+)`,
		"v4":      `([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)`,
		"n":       `([0-9]+)`,
		"action":  `(permit|deny)`,
		"text":    `([A-Za-z0-9_.:/-][A-Za-z0-9_.:/ -]*)`,
		"regex":   `([0-9^$\[\]_.*+-]+)`,
		"source":  `(connected|kernel|static)`,
		"dir":     `(in|out)`,
		"remote":  `([0-9]+|external|internal)`,
		"v4or6":   `(ipv4|ipv6)`,
		"ip":      `(ip|ipv6)`,
		"mapname": `([A-Za-z][A-Za-z0-9_-]*)`,
	}
	maps.Copy(out, more)
	return out
}

func short(family string) string {
	if family == "ipv6" || family == "ipv6 unicast" {
		return "v6"
	}
	return "v4"
}

// frrForms is frr.conf, by the FRR manual.
var frrForms = forms(words(nil), []row{
	{form: `(?:!.*|exit|end)?`, say: func(m *told, w []string) {
		if w[0] == "exit" || w[0] == "end" {
			m.bgp, m.family, m.entry = false, "", ""
		}
	}},
	{form: `frr defaults (datacenter|traditional)`, say: func(m *told, w []string) { m.fact("defaults %s", w[1]) }},
	{form: `hostname {host}`, say: func(m *told, w []string) { m.fact("hostname %s", w[1]) }},
	{form: `log syslog informational`, say: func(m *told, w []string) { m.fact("%s", w[0]) }},
	{form: `service integrated-vtysh-config`, say: func(m *told, w []string) { m.fact("%s", w[0]) }},
	{form: `{ip} prefix-list {name} seq {n} {action} {prefix}(?: ge {n})?(?: le {n})?`, say: func(m *told, w []string) {
		m.rule(short(w[1]), w[2], w[3], w[4], w[5], w[6], w[7])
	}},
	{form: `bgp as-path access-list {mapname} {action} {regex}`, say: func(m *told, w []string) { m.fact("as-path %s %s %s", w[1], w[2], w[3]) }},
	{form: `route-map {mapname} {action} {n}`, say: func(m *told, w []string) {
		m.entry = w[1] + " " + w[3]
		m.fact("map %s %s", m.entry, w[2])
	}},
	{form: `match {ip} address prefix-list {name}`, say: func(m *told, w []string) { m.match(m.entry, short(w[1]), w[2]) }},
	{form: `router bgp {n}`, say: func(m *told, w []string) {
		m.bgp = true
		m.fact("asn %s", w[1])
	}},
	{form: `bgp router-id {v4}`, say: func(m *told, w []string) { m.fact("router-id %s", w[1]) }},
	{form: `no bgp default ipv4-unicast`, say: func(m *told, w []string) { m.noV4 = true }},
	{form: `bgp bestpath (as-path multipath-relax|compare-routerid)`, say: func(m *told, w []string) { m.fact("bestpath %s", w[1]) }},
	{form: `neighbor {name} peer-group`, say: func(m *told, w []string) {
		m.group(w[1])
		m.active["v4 "+w[1]] = !m.noV4
	}},
	{form: `neighbor {port} interface peer-group {name}`, say: func(m *told, w []string) { m.peer(w[1], w[2]); m.fact("peer %s unnumbered", w[1]) }},
	{form: `neighbor {addr} peer-group {name}`, say: func(m *told, w []string) { m.peer(w[1], w[2]); m.fact("peer %s numbered", w[1]) }},
	{form: `neighbor (\S+) remote-as {remote}`, say: func(m *told, w []string) { m.fact("%s remote-as %s", w[1], w[2]) }},
	{form: `neighbor (\S+) description {text}`, say: func(m *told, w []string) { m.fact("%s description %s", w[1], w[2]) }},
	{form: `neighbor (\S+) bfd`, say: func(m *told, w []string) { m.fact("%s bfd", w[1]) }},
	{form: `neighbor (\S+) timers {n} {n}`, say: func(m *told, w []string) {
		m.fact("%s keepalive %s", w[1], w[2])
		m.fact("%s hold %s", w[1], w[3])
	}},
	{form: `neighbor (\S+) timers connect {n}`, say: func(m *told, w []string) { m.fact("%s connect %s", w[1], w[2]) }},
	{form: `address-family (ipv[46] unicast)`, say: func(m *told, w []string) {
		m.family = short(w[1])
		m.fact("family %s", m.family)
	}},
	{form: `exit-address-family`, say: func(m *told, w []string) { m.family = "" }},
	{form: `aggregate-address {prefix}`, say: func(m *told, w []string) { m.fact("%s aggregate %s", m.family, w[1]) }},
	{form: `redistribute {source} route-map {mapname}`, say: func(m *told, w []string) { m.redistribute(m.family, w[1], w[2]) }},
	{form: `neighbor (\S+) activate`, say: func(m *told, w []string) { m.active[m.family+" "+w[1]] = true }},
	{form: `no neighbor (\S+) activate`, say: func(m *told, w []string) { m.active[m.family+" "+w[1]] = false }},
	{form: `neighbor (\S+) remove-private-AS all`, say: func(m *told, w []string) { m.fact("%s %s remove private", m.family, w[1]) }},
	{form: `neighbor (\S+) default-originate`, say: func(m *told, w []string) { m.fact("%s %s default", m.family, w[1]) }},
	{form: `neighbor (\S+) allowas-in {n}`, say: func(m *told, w []string) {
		m.fact("%s %s allowas", m.family, w[1])
		m.fact("%s %s allowas %s", m.family, w[1], w[2])
	}},
	{form: `neighbor (\S+) maximum-prefix {n} {n} restart {n}`, say: func(m *told, w []string) {
		m.limit(m.family, w[1], w[2], w[3], w[4])
	}},
	{form: `neighbor (\S+) prefix-list {name} {dir}`, say: func(m *told, w []string) { m.filter(m.family, w[1], "prefixes", w[3], w[2]) }},
	{form: `neighbor (\S+) filter-list {mapname} {dir}`, say: func(m *told, w []string) { m.filter(m.family, w[1], "paths", w[3], w[2]) }},
})

// renamed is a list's name where no dot may be in one.
func renamed(list string) string { return strings.ReplaceAll(list, ".", "_") }

func (m *told) rule(family, list, seq, action, prefix, ge, le string) {
	m.fact("list %s is %s", renamed(list), family)
	m.fact("list %s %s %s %s", renamed(list), seq, action, prefix)
	for name, bits := range map[string]string{"ge": ge, "le": le} {
		if bits != "" {
			m.fact("list %s %s %s %s", renamed(list), seq, name, bits)
		}
	}
}

func (m *told) match(entry, family, list string) {
	m.fact("map %s family %s", entry, family)
	m.fact("map %s list %s", entry, renamed(list))
}

func (m *told) redistribute(family, source, routeMap string) {
	m.fact("%s redistribute %s", family, source)
	m.fact("%s redistribute %s by %s", family, source, routeMap)
}

func (m *told) limit(family, key, most, percent, minutes string) {
	m.fact("%s %s at most %s", family, key, most)
	m.fact("%s %s warns at %s", family, key, percent)
	m.fact("%s %s down for %s", family, key, minutes)
}

func (m *told) filter(family, key, what, direction, list string) {
	m.fact("%s %s %s %s %s", family, key, what, direction, renamed(list))
}

func (m *told) readFRR(text string) error {
	for _, line := range strings.Split(text, "\n") {
		if err := m.say(frrForms, strings.TrimSpace(line)); err != nil {
			return err
		}
	}
	return nil
}

// readInterfaces reads /etc/network/interfaces.
func (m *told) readInterfaces(text string) error {
	name := ""
	for _, line := range strings.Split(text, "\n") {
		switch w := strings.Fields(line); {
		case len(w) == 0 || w[0] == "#" || w[0] == "auto":
		case w[0] == "iface":
			name = w[1]
			m.iface(name)
		case w[0] == "address" || w[0] == "mtu":
			m.fact("iface %s %s %s", name, w[0], w[1])
		default:
			return fmt.Errorf("interfaces: %q", line)
		}
	}
	return nil
}

// iface is an interface by its name, as Linux switches call them.
func (m *told) iface(name string) {
	base, vlan, dotted := strings.Cut(name, ".")
	switch {
	case name == "lo":
		m.fact("iface lo is a loopback")
	case dotted:
		m.fact("iface %s is a VLAN", name)
		m.fact("iface %s on %s", name, base)
		m.fact("iface %s has the VLAN %s", name, vlan)
	default:
		m.fact("iface %s is a port", name)
	}
}

// differs says what one was told and the other not.
func differs(want, got map[string]bool) string {
	lines := func(m map[string]bool) []byte {
		return []byte(strings.Join(slices.Sorted(maps.Keys(m)), "\n") + "\n")
	}
	if maps.Equal(want, got) {
		return ""
	}
	return render.Diff("frr.conf and interfaces", "the dialect", lines(want), lines(got), 0)
}
