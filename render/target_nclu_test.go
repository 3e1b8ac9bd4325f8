package render_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ncluForms are the commands of NCLU that Cumulus Networks' guides for 3.7 and
// 4.3 show, as far as a Clos needs them.
var ncluForms = forms(words(nil), []row{
	{form: `hostname {host}`, say: func(m *told, w []string) { m.fact("hostname %s", w[1]) }},
	{form: `loopback lo {ip} address {prefix}`, say: func(m *told, w []string) {
		m.iface("lo")
		m.fact("iface lo address %s", w[2])
	}},
	{form: `interface {port}`, say: func(m *told, w []string) { m.iface(w[1]) }},
	{form: `interface {port} mtu {n}`, say: func(m *told, w []string) {
		m.iface(w[1])
		m.fact("iface %s mtu %s", w[1], w[2])
	}},
	{form: `interface {port} {ip} address {prefix}`, say: func(m *told, w []string) {
		m.iface(w[1])
		m.fact("iface %s address %s", w[1], w[3])
	}},
	{form: `routing defaults (datacenter|traditional)`, say: func(m *told, w []string) { m.fact("defaults %s", w[1]) }},
	{form: `routing (log syslog informational|service integrated-vtysh-config)`, say: func(m *told, w []string) { m.fact("%s", w[1]) }},
	{form: `routing prefix-list {v4or6} {name} seq {n} {action} {prefix}(?: ge {n})?(?: le {n})?`, say: func(m *told, w []string) {
		m.rule(short(w[1]), w[2], w[3], w[4], w[5], w[6], w[7])
	}},
	{form: `routing route-map {mapname} {action} {n} match {ip} address prefix-list {name}`, say: func(m *told, w []string) {
		m.fact("map %s %s %s", w[1], w[3], w[2])
		m.match(w[1]+" "+w[3], short(w[4]), w[5])
	}},
	{form: `bgp autonomous-system {n}`, say: func(m *told, w []string) {
		m.asn = w[1]
		m.fact("asn %s", w[1])
	}},
	{form: `bgp router-id {v4}`, say: func(m *told, w []string) { m.fact("router-id %s", w[1]) }},
	{form: `bgp bestpath (as-path multipath-relax|compare-routerid)`, say: func(m *told, w []string) { m.fact("bestpath %s", w[1]) }},
	{form: `bgp {v4or6} unicast aggregate-address {prefix}`, say: func(m *told, w []string) { m.inFamily(w[1]).fact("%s aggregate %s", short(w[1]), w[2]) }},
	{form: `bgp {v4or6} unicast redistribute {source} route-map {mapname}`, say: func(m *told, w []string) {
		m.inFamily(w[1]).redistribute(short(w[1]), w[2], w[3])
	}},
	{form: `bgp neighbor {name} peer-group`, say: func(m *told, w []string) {
		m.group(w[1])
		m.active["v4 "+w[1]] = !m.noV4
	}},
	{form: `bgp neighbor {port} interface peer-group {name}`, say: func(m *told, w []string) { m.peer(w[1], w[2]); m.fact("peer %s unnumbered", w[1]) }},
	{form: `bgp neighbor {addr} peer-group {name}`, say: func(m *told, w []string) { m.peer(w[1], w[2]); m.fact("peer %s numbered", w[1]) }},
	{form: `bgp neighbor (\S+) remote-as {remote}`, say: func(m *told, w []string) { m.fact("%s remote-as %s", w[1], w[2]) }},
	{form: `bgp neighbor (\S+) description {text}`, say: func(m *told, w []string) { m.fact("%s description %s", w[1], w[2]) }},
	{form: `bgp neighbor (\S+) bfd`, say: func(m *told, w []string) { m.fact("%s bfd", w[1]) }},
	{form: `bgp neighbor (\S+) timers {n} {n}`, say: func(m *told, w []string) {
		m.fact("%s keepalive %s", w[1], w[2])
		m.fact("%s hold %s", w[1], w[3])
	}},
	{form: `bgp neighbor (\S+) timers connect {n}`, say: func(m *told, w []string) { m.fact("%s connect %s", w[1], w[2]) }},
	{form: `bgp {v4or6} unicast neighbor (\S+) activate`, say: func(m *told, w []string) { m.inFamily(w[1]).active[short(w[1])+" "+w[2]] = true }},
	{form: `bgp {v4or6} unicast neighbor (\S+) allowas-in {n}`, say: func(m *told, w []string) {
		m.inFamily(w[1]).fact("%s %s allowas", short(w[1]), w[2])
		m.fact("%s %s allowas %s", short(w[1]), w[2], w[3])
	}},
	{form: `bgp {v4or6} unicast neighbor (\S+) prefix-list {name} {dir}`, say: func(m *told, w []string) {
		m.inFamily(w[1]).filter(short(w[1]), w[2], "prefixes", w[4], w[3])
	}},
})

// inFamily notes that a family has a part in frr.conf.
func (m *told) inFamily(family string) *told {
	m.fact("family %s", short(family))
	return m
}

// readNCLU reads the commands of a script: net's, and those of vtysh. What
// refers to a list or a group comes after it was made live.
func (m *told) readNCLU(commands [][]string) error {
	pending := 0
	for _, c := range commands {
		line := strings.Join(c, " ")
		switch {
		case strings.HasPrefix(line, "net add "):
			pending++
			if strings.HasPrefix(line, "net add bgp ") && c[3] != "autonomous-system" && m.asn == "" {
				return fmt.Errorf("%q before there is a BGP", line)
			}
			if err := m.say(ncluForms, strings.TrimPrefix(line, "net add ")); err != nil {
				return err
			}
		case line == "net pending":
		case line == "net commit":
			if pending == 0 {
				return fmt.Errorf("a commit of nothing")
			}
			pending = 0
		case c[0] == "sudo" && c[1] == "vtysh":
			if pending > 0 {
				return fmt.Errorf("vtysh while %d changes wait for their commit", pending)
			}
			if err := m.readVtysh(c[2:]); err != nil {
				return err
			}
		default:
			return fmt.Errorf("NCLU has no %q", line)
		}
	}
	if pending > 0 {
		return fmt.Errorf("%d changes wait for their commit", pending)
	}
	return nil
}

// readVtysh reads one run of vtysh, which has to begin and end as it needs.
func (m *told) readVtysh(args []string) error {
	var lines []string
	for i, a := range args {
		if i%2 == 0 != (a == "-c") {
			return fmt.Errorf("vtysh %q", args)
		}
		if i%2 == 1 {
			lines = append(lines, a)
		}
	}
	n := len(lines)
	if n < 4 || lines[0] != "configure terminal" || lines[n-2] != "end" || lines[n-1] != "write memory" {
		return fmt.Errorf("vtysh %q", lines)
	}
	for _, line := range lines[1 : n-1] {
		if !m.bgp && strings.HasPrefix(line, "neighbor ") || m.family == "" && strings.Contains(line, "-list ") && strings.HasPrefix(line, "neighbor ") {
			return fmt.Errorf("%q stands at no place of frr.conf", line)
		}
		if err := m.say(frrForms, line); err != nil {
			return err
		}
	}
	return nil
}

// TestNCLU: each switch's commands say what its frr.conf and interfaces say.
func TestNCLU(t *testing.T) {
	for name, p := range dialectPlans(t) {
		for device, script := range scriptsOf(t, p, "nclu") {
			d, _ := p.Device(device)
			commands, status := commandsOf(t, script)
			m := newTold()
			if err := m.readNCLU(commands); err != nil || status != 0 {
				t.Errorf("%s, %s: status %d, %v", name, device, status, err)
				continue
			}
			if diff := differs(reference(t, p, d).done(), m.done()); diff != "" {
				t.Errorf("%s, %s:\n%s", name, device, diff)
			}
		}
	}
}

// TestNCLUControl: without any one of its commands, or with another last word,
// the script says something else, or is refused.
func TestNCLUControl(t *testing.T) {
	p := planOf(t, "everything", cases(t)["everything"])
	for device, script := range scriptsOf(t, p, "nclu") {
		d, _ := p.Device(device)
		want := reference(t, p, d).done()
		commands, _ := commandsOf(t, script)
		for i, c := range commands {
			if c[1] == "pending" || c[1] == "commit" && i+1 < len(commands) && commands[i+1][1] == "add" {
				continue // the next commit makes it live
			}
			m := newTold()
			if err := m.readNCLU(slices.Delete(slices.Clone(commands), i, i+1)); err == nil && differs(want, m.done()) == "" {
				t.Errorf("%s: without %q all is as it was", device, c)
			}
			if c[1] == "commit" || c[0] == "sudo" {
				continue
			}
			m = newTold()
			spoilt := slices.Clone(commands)
			spoilt[i] = append(slices.Clone(c[:len(c)-1]), c[len(c)-1]+"1")
			if err := m.readNCLU(spoilt); err == nil && differs(want, m.done()) == "" {
				t.Errorf("%s: with %q all is as it was", device, spoilt[i])
			}
		}
	}
}

// TestNCLUTakes: the forms that the vendor's guides show, whatever closup prints
// of them.
func TestNCLUTakes(t *testing.T) {
	for line, fact := range map[string]string{
		"hostname spine07":                                                  "hostname spine07",
		"loopback lo ip address 192.0.2.1/32":                               "iface lo address 192.0.2.1/32",
		"interface swp3 ipv6 address 2001:db8::21/64":                       "iface swp3 address 2001:db8::21/64",
		"interface swp1.300 ip address 198.51.100.254/24":                   "iface swp1.300 has the VLAN 300",
		"interface swp51":                                                   "iface swp51 is a port",
		"routing prefix-list ipv4 DEFAULT seq 5 permit 0.0.0.0/0":           "list DEFAULT 5 permit 0.0.0.0/0",
		"routing route-map NO-LAN deny 10 match ip address prefix-list LAN": "map NO-LAN 10 deny",
		"bgp autonomous-system 65020":                                       "asn 65020",
		"bgp ipv6 unicast redistribute connected route-map LOCAL":           "v6 redistribute connected by LOCAL",
	} {
		m := newTold()
		m.asn = "1"
		if err := m.readNCLU([][]string{append([]string{"net", "add"}, strings.Fields(line)...), {"net", "commit"}}); err != nil || !m.facts[fact] {
			t.Errorf("%q: %v, %v", line, err, m.facts)
		}
	}
}

// TestNCLUGrammar: what NCLU does not have is refused.
func TestNCLUGrammar(t *testing.T) {
	for _, line := range []string{
		"net add bgp neigbor swp1 bfd",
		"net add bgp as-path access-list A permit ^$",
		"net add bgp neighbor hosts maximum-prefix 300",
		"net add bgp neighbor hosts filter-list A in",
		"net add routing prefix-list A seq 5 permit 10.0.0.0/8",
		"net add interface swp1-4 mtu 9216",
		"net add bgp neighbor swp1 interface peer-group",
		"net add bgp neighbor x description a;b",
		"net del bgp",
		"sudo reboot now",
	} {
		if err := newTold().readNCLU([][]string{strings.Fields(line), {"net", "commit"}}); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
	for _, lines := range [][]string{
		{"router bgp 1", "neighbor a filter-list B in"},                     // outside of a family
		{"address-family ipv4 unicast", "neighbor a filter-list B in"},      // outside of BGP
		{"bgp as-path access-list A permit ^$", "reload"},                   // not of frr.conf
		{"bgp as-path access-list A permit ^$; reboot", "router bgp 65001"}, // two commands
	} {
		args := []string{"-c", "configure terminal"}
		for _, line := range lines {
			args = append(args, "-c", line)
		}
		if err := newTold().readVtysh(append(args, "-c", "end", "-c", "write memory")); err == nil {
			t.Errorf("%q is taken", lines)
		}
	}
}
