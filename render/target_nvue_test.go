package render_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"closup/model"
)

// nvueRow is one command of NVUE, with the releases that have it: from since to
// before until.
type nvueRow struct {
	since, until string
	row
}

// nvueGrammar is what NVIDIA's command reference and its lists of what changed
// show, as far as a Clos needs it, for one release. {enable}, {on} and {off} are
// the words that changed with 5.15.
func nvueGrammar(release string) []row {
	if known, ok := nvueGrammars[release]; ok {
		return known
	}
	enable, on, off := "enable", "on", "off"
	if model.CompareReleases(release, "5.15") >= 0 {
		enable, on, off = "state", "enabled", "disabled"
	}
	more := words(map[string]string{
		"enable": enable, "on": on, "onoff": "(" + on + "|" + off + ")",
		"bgp": `vrf default router bgp`, "af": `address-family (ipv4|ipv6)-unicast`, "key": `(peer-group|neighbor) (\S+)`,
	})
	var out []row
	for _, r := range nvueRows {
		if (r.since == "" || model.CompareReleases(release, r.since) >= 0) && (r.until == "" || model.CompareReleases(release, r.until) < 0) {
			out = append(out, r.row)
		}
	}
	nvueGrammars[release] = forms(more, out)
	return nvueGrammars[release]
}

var nvueGrammars = map[string][]row{} // compiled once

func nvueForm(since, until, form string, say func(m *told, w []string)) nvueRow {
	return nvueRow{since, until, row{form: form, say: say}}
}

// turned is said of what is on; what is off is not said, and has to be off.
func turned(word string) bool { return word == "on" || word == "enabled" }

var nvueRows = []nvueRow{
	nvueForm("5.0", "", `system hostname {host}`, func(m *told, w []string) { m.fact("hostname %s", w[1]) }),
	nvueForm("5.0", "", `interface {port} type (swp|loopback|sub|eth)`, func(m *told, w []string) {
		m.fact("iface %s is a %s", w[1], map[string]string{"swp": "port", "loopback": "loopback", "sub": "VLAN", "eth": "management port"}[w[2]])
	}),
	nvueForm("5.0", "", `interface {port} base-interface {port}`, func(m *told, w []string) { m.fact("iface %s on %s", w[1], w[2]) }),
	nvueForm("5.0", "", `interface {port} vlan {n}`, func(m *told, w []string) { m.fact("iface %s has the VLAN %s", w[1], w[2]) }),
	nvueForm("5.0", "", `interface {port} link mtu {n}`, func(m *told, w []string) { m.fact("iface %s mtu %s", w[1], w[2]) }),
	nvueForm("5.0", "5.15", `interface {port} ip address (?:{prefix}|(dhcp))`, func(m *told, w []string) { m.fact("iface %s address %s%s", w[1], w[2], w[3]) }),
	nvueForm("5.15", "", `interface {port} ipv4 address ([0-9.]+/[0-9]+)`, func(m *told, w []string) { m.fact("iface %s address %s", w[1], w[2]) }),
	nvueForm("5.15", "", `interface {port} ipv6 address ([0-9a-f]*:[0-9a-f:]*/[0-9]+)`, func(m *told, w []string) { m.fact("iface %s address %s", w[1], w[2]) }),
	nvueForm("5.0", "5.15", `interface {port} ip vrf {name}`, func(m *told, w []string) { m.fact("iface %s in %s", w[1], w[2]) }),
	nvueForm("5.15", "", `interface {port} vrf {name}`, func(m *told, w []string) { m.fact("iface %s in %s", w[1], w[2]) }),
	nvueForm("5.15", "", `interface {port} ipv4 dhcp-client state enabled`, func(m *told, w []string) { m.fact("iface %s address dhcp", w[1]) }),

	nvueForm("5.0", "", `router policy prefix-list {mapname} type {v4or6}`, func(m *told, w []string) { m.fact("list %s is %s", w[1], short(w[2])) }),
	nvueForm("5.0", "", `router policy prefix-list {mapname} rule {n} action {action}`, func(m *told, w []string) { m.fact("rule %s %s %s", w[1], w[2], w[3]) }),
	nvueForm("5.0", "", `router policy prefix-list {mapname} rule {n} match {prefix}`, func(m *told, w []string) { m.fact("rule %s %s prefix %s", w[1], w[2], w[3]) }),
	nvueForm("5.0", "", `router policy prefix-list {mapname} rule {n} match {prefix} min-prefix-len {n}`, func(m *told, w []string) {
		m.fact("rule %s %s prefix %s", w[1], w[2], w[3])
		m.fact("list %s %s ge %s", w[1], w[2], w[4])
	}),
	nvueForm("5.0", "", `router policy prefix-list {mapname} rule {n} match {prefix} max-prefix-len {n}`, func(m *told, w []string) {
		m.fact("rule %s %s prefix %s", w[1], w[2], w[3])
		m.fact("list %s %s le %s", w[1], w[2], w[4])
	}),
	nvueForm("5.0", "", `router policy as-path-list {mapname} rule {n} action {action}`, func(m *told, w []string) { m.fact("path %s %s %s", w[1], w[2], w[3]) }),
	nvueForm("5.0", "", `router policy as-path-list {mapname} rule {n} aspath-exp {regex}`, func(m *told, w []string) { m.fact("path %s %s regex %s", w[1], w[2], w[3]) }),
	nvueForm("5.0", "", `router policy route-map {mapname} rule {n} match type {v4or6}`, func(m *told, w []string) { m.fact("map %s %s family %s", w[1], w[2], short(w[3])) }),
	nvueForm("5.0", "", `router policy route-map {mapname} rule {n} match ip-prefix-list {mapname}`, func(m *told, w []string) { m.fact("map %s %s list %s", w[1], w[2], w[3]) }),
	nvueForm("5.0", "", `router policy route-map {mapname} rule {n} action {action}`, func(m *told, w []string) { m.fact("map %s %s %s", w[1], w[2], w[3]) }),

	nvueForm("5.0", "", `router bgp {enable} {on}`, func(m *told, _ []string) { m.fact("router bgp on") }),
	nvueForm("5.0", "", `router bgp autonomous-system {n}`, func(m *told, w []string) { m.fact("asn %s", w[1]) }),
	nvueForm("5.0", "", `router bgp router-id {v4}`, func(m *told, w []string) { m.fact("router-id %s", w[1]) }),
	nvueForm("5.0", "", `{bgp} {enable} {on}`, func(m *told, _ []string) { m.fact("vrf bgp on") }),
	nvueForm("5.0", "", `{bgp} path-selection multipath aspath-ignore {on}`, func(m *told, _ []string) { m.fact("bestpath as-path multipath-relax") }),
	nvueForm("5.0", "", `{bgp} path-selection routerid-compare {on}`, func(m *told, _ []string) { m.fact("bestpath compare-routerid") }),
	nvueForm("5.0", "", `{bgp} {af} {enable} {onoff}`, func(m *told, w []string) {
		m.fact("said of %s", short(w[1]))
		if turned(w[2]) {
			m.fact("family %s", short(w[1]))
		}
	}),
	nvueForm("5.0", "", `{bgp} {af} aggregate-route {prefix}`, func(m *told, w []string) { m.fact("%s aggregate %s", short(w[1]), w[2]) }),
	nvueForm("5.0", "", `{bgp} {af} redistribute {source} {enable} {on}`, func(m *told, w []string) { m.fact("%s redistribute %s", short(w[1]), w[2]) }),
	nvueForm("5.0", "", `{bgp} {af} redistribute {source} route-map {mapname}`, func(m *told, w []string) { m.fact("%s redistribute %s by %s", short(w[1]), w[2], w[3]) }),

	nvueForm("5.0", "", `{bgp} {key} remote-as {remote}`, func(m *told, w []string) { m.named(w[1], w[2]).fact("%s remote-as %s", w[2], w[3]) }),
	nvueForm("5.1", "", `{bgp} {key} description {text}`, func(m *told, w []string) { m.named(w[1], w[2]).fact("%s description %s", w[2], w[3]) }),
	nvueForm("5.0", "", `{bgp} {key} bfd {enable} {on}`, func(m *told, w []string) { m.named(w[1], w[2]).fact("%s bfd", w[2]) }),
	nvueForm("5.0", "", `{bgp} {key} timers (keepalive|hold) {n}`, func(m *told, w []string) { m.named(w[1], w[2]).fact("%s %s %s", w[2], w[3], w[4]) }),
	nvueForm("5.0", "", `{bgp} {key} timers connection-retry {n}`, func(m *told, w []string) { m.named(w[1], w[2]).fact("%s connect %s", w[2], w[3]) }),
	nvueForm("5.0", "", `{bgp} neighbor (\S+) type (numbered|unnumbered)`, func(m *told, w []string) { m.fact("peer %s %s", w[1], w[2]) }),
	nvueForm("5.0", "", `{bgp} neighbor (\S+) peer-group {mapname}`, func(m *told, w []string) { m.peer(w[1], w[2]) }),
	nvueForm("5.0", "", `{bgp} peer-group (\S+) {af} {enable} {onoff}`, func(m *told, w []string) {
		m.named("peer-group", w[1]).fact("said of %s %s", w[1], short(w[2]))
		m.active[short(w[2])+" "+w[1]] = turned(w[3])
	}),
	nvueForm("5.0", "", `{bgp} neighbor (\S+) {af} {enable} {onoff}`, func(m *told, w []string) {
		if w[2] == "ipv4" {
			m.peerV4[w[1]] = turned(w[3])
		}
	}),
	nvueForm("5.0", "", `{bgp} {key} {af} aspath allow-my-asn {enable} {on}`, func(m *told, w []string) { m.fact("%s %s allowas", short(w[3]), w[2]) }),
	nvueForm("5.0", "", `{bgp} {key} {af} aspath allow-my-asn occurrences ([1-9]|10)`, func(m *told, w []string) {
		m.fact("%s %s allowas %s", short(w[3]), w[2], w[4])
	}),
	nvueForm("5.0", "", `{bgp} {key} {af} aspath private-as remove`, func(m *told, w []string) { m.fact("%s %s remove private", short(w[3]), w[2]) }),
	nvueForm("5.0", "", `{bgp} {key} {af} default-route-origination {enable} {on}`, func(m *told, w []string) { m.fact("%s %s default", short(w[3]), w[2]) }),
	nvueForm("5.0", "", `{bgp} {key} {af} prefix-limits inbound maximum {n}`, func(m *told, w []string) { m.fact("%s %s at most %s", short(w[3]), w[2], w[4]) }),
	nvueForm("5.0", "", `{bgp} {key} {af} prefix-limits inbound warning-threshold ([1-9][0-9]?|100)`, func(m *told, w []string) {
		m.fact("%s %s warns at %s", short(w[3]), w[2], w[4])
	}),
	nvueForm("5.0", "", `{bgp} {key} {af} prefix-limits inbound reestablish-wait {n}`, func(m *told, w []string) {
		minutes := map[string]string{"300": "5"}[w[4]] // seconds here, minutes in frr.conf
		m.fact("%s %s down for %s", short(w[3]), w[2], minutes)
	}),
	nvueForm("5.0", "", `{bgp} {key} {af} policy (inbound|outbound) (prefix|aspath)-list {mapname}`, func(m *told, w []string) {
		what := map[string]string{"prefix": "prefixes", "aspath": "paths"}[w[5]]
		m.filter(short(w[3]), w[2], what, strings.TrimSuffix(w[4], "bound"), w[6])
	}),
}

// named notes that there is a group, by being told anything of it.
func (m *told) named(kind, name string) *told {
	if kind == "peer-group" && !slices.Contains(m.groups, name) {
		m.group(name)
	}
	return m
}

// readNVUE reads what follows `nv set`, for a release.
func (m *told) readNVUE(release string, lines []string) error {
	grammar := nvueGrammar(release)
	m.ownV4 = true
	for _, line := range lines {
		if err := m.say(grammar, line); err != nil {
			return err
		}
	}
	return nil
}

// nvueFacts brings both sides to one form: a rule is one thing in frr.conf and
// several here, and NVUE is silent of what it writes by itself. missing are the
// things that the release has no words for.
func nvueFacts(frr, nvue map[string]bool, release string) (want, got map[string]bool) {
	want, got = map[string]bool{}, maps.Clone(nvue)
	for f := range frr {
		w := strings.Fields(f)
		switch {
		case strings.HasPrefix(f, "defaults ") || strings.HasPrefix(f, "log ") || strings.HasPrefix(f, "service "):
		case strings.Contains(f, " description ") && model.CompareReleases(release, "5.1") < 0:
		case w[0] == "list" && len(w) == 5 && (w[3] == "permit" || w[3] == "deny"):
			want[fmt.Sprintf("rule %s %s %s", w[1], w[2], w[3])] = true
			want[fmt.Sprintf("rule %s %s prefix %s", w[1], w[2], w[4])] = true
		case w[0] == "as-path":
			want[fmt.Sprintf("path %s 10 %s", w[1], w[2])] = true
			want[fmt.Sprintf("path %s 10 regex %s", w[1], w[3])] = true
		case w[0] == "group":
			want[f] = true
			want["said of "+w[1]+" v4"], want["said of "+w[1]+" v6"] = true, true
		default:
			want[f] = true
		}
	}
	for _, f := range []string{"router bgp on", "vrf bgp on", "said of v4", "said of v6"} {
		want[f] = true
	}
	return want, got
}

// releaseOf is the release that a device's commands are for.
func releaseOf(d *model.Device) string {
	if d.Release == "" || d.Platform != "nvue" && d.Platform != "cumulus" {
		return "5.9"
	}
	return d.Release
}

// nvueLines are a script's commands, without `nv set`.
func nvueLines(t testing.TB, script []byte) []string {
	t.Helper()
	commands, status := commandsOf(t, script)
	n := len(commands)
	if status != 0 || n < 3 || strings.Join(commands[n-2], " ") != "nv config apply -y" || strings.Join(commands[n-1], " ") != "nv config save" {
		t.Fatalf("status %d, and it ends with %q", status, commands[max(0, n-2):])
	}
	var lines []string
	for _, c := range commands[:n-2] {
		line, ok := strings.CutPrefix(strings.Join(c, " "), "nv set ")
		if !ok {
			t.Fatalf("%q among the settings", c)
		}
		lines = append(lines, line)
	}
	return lines
}

// nvueDiffers compares a device's frr.conf and interfaces with commands.
func nvueDiffers(frr map[string]bool, release string, lines []string) (string, error) {
	m := newTold()
	if err := m.readNVUE(release, lines); err != nil {
		return "", err
	}
	want, got := nvueFacts(frr, m.done(), release)
	return differs(want, got), nil
}

// TestNVUE: each switch's commands say what its frr.conf and interfaces say.
func TestNVUE(t *testing.T) {
	for name, p := range dialectPlans(t) {
		for device, script := range scriptsOf(t, p, "nvue") {
			d, _ := p.Device(device)
			if diff, err := nvueDiffers(reference(t, p, d).done(), releaseOf(d), nvueLines(t, script)); err != nil || diff != "" {
				t.Errorf("%s, %s: %v\n%s", name, device, err, diff)
			}
		}
	}
}

// TestNVUEControl: without any one of its commands, or with another last word,
// or in another generation, the script says something else, or is refused.
func TestNVUEControl(t *testing.T) {
	for name, text := range map[string][]byte{"everything": cases(t)["everything"], "releases": dialectCases(t)["releases"]} {
		p := planOf(t, name, text)
		for device, script := range scriptsOf(t, p, "nvue") {
			d, _ := p.Device(device)
			frr, release, lines := reference(t, p, d).done(), releaseOf(d), nvueLines(t, script)
			for i, line := range lines {
				if diff, err := nvueDiffers(frr, release, slices.Delete(slices.Clone(lines), i, i+1)); err == nil && diff == "" {
					t.Errorf("%s: without %q all is as it was", device, line)
				}
				spoilt := slices.Clone(lines)
				spoilt[i] += "1"
				if diff, err := nvueDiffers(frr, release, spoilt); err == nil && diff == "" {
					t.Errorf("%s: with %q all is as it was", device, spoilt[i])
				}
			}
			other := "5.15"
			if model.CompareReleases(release, other) >= 0 {
				other = "5.14"
			}
			if _, err := nvueDiffers(frr, other, lines); err == nil {
				t.Errorf("%s: what is for %s is taken by %s", device, release, other)
			}
		}
	}
}

// TestNVUEGrammar: what a release does not have is refused.
func TestNVUEGrammar(t *testing.T) {
	for _, c := range []struct{ release, line string }{
		{"5.9", "router bgp state enabled"},
		{"5.15", "router bgp enable on"},
		{"5.9", "interface swp1 ipv4 address 10.0.0.1/31"},
		{"5.15", "interface swp1 ip address 10.0.0.1/31"},
		{"5.15", "interface swp1 ipv4 address fd00::1/64"},
		{"5.0", "vrf default router bgp neighbor swp1 description a"},
		{"5.9", "vrf default router bgp peer swp1 type unnumbered"},
		{"5.9", "router policy prefix-list OUTSIDE-swp1.4-IN type ipv4"},
		{"5.9", "vrf default router bgp neighbor swp1 description a'b"},
	} {
		if err := newTold().readNVUE(c.release, []string{c.line}); err == nil {
			t.Errorf("%s takes %q", c.release, c.line)
		}
	}
}

// TestNVUETakes: the forms that the vendor's references show, whatever closup
// prints of them.
func TestNVUETakes(t *testing.T) {
	for _, c := range []struct{ release, line, fact string }{
		{"5.0", "interface lo ip address 192.0.2.1/32", "iface lo address 192.0.2.1/32"},
		{"5.0", "router bgp autonomous-system 65199", "asn 65199"},
		{"5.9", "vrf default router bgp path-selection multipath aspath-ignore on", "bestpath as-path multipath-relax"},
		{"5.9", "vrf default router bgp neighbor swp51 remote-as external", "swp51 remote-as external"},
		{"5.9", "vrf default router bgp neighbor swp51 address-family ipv4-unicast aspath allow-my-asn occurrences 5", "v4 swp51 allowas 5"},
		{"5.9", "vrf default router bgp peer-group SPINES address-family ipv6-unicast prefix-limits inbound maximum 3000", "v6 SPINES at most 3000"},
		{"5.9", "vrf default router bgp peer-group SPINES timers connection-retry 30", "SPINES connect 30"},
		{"5.14", "vrf default router bgp address-family ipv4-unicast redistribute static enable on", "v4 redistribute static"},
		{"5.15", "vrf default router bgp address-family ipv4-unicast redistribute connected state enabled", "v4 redistribute connected"},
		{"5.15", "vrf default router bgp peer-group SPINES bfd state enabled", "SPINES bfd"},
		{"5.15", "interface swp1 ipv6 address 2001:db8::1/64", "iface swp1 address 2001:db8::1/64"},
		{"5.1", "router policy as-path-list LIST1 rule 100 aspath-exp _65102_", "path LIST1 100 regex _65102_"},
		{"5.1", "router policy prefix-list LIST1 rule 1 match 198.51.100.0/24 max-prefix-len 30", "list LIST1 1 le 30"},
	} {
		m := newTold()
		if err := m.readNVUE(c.release, []string{c.line}); err != nil || !m.facts[c.fact] {
			t.Errorf("%s, %q: %v, %v", c.release, c.line, err, m.facts)
		}
	}
}

// flatten is a YAML tree as the words of `nv set`.
func flatten(n *yaml.Node, path string) []string {
	var out []string
	if n.Kind != yaml.MappingNode {
		return []string{path + " " + n.Value}
	}
	if len(n.Content) == 0 {
		return []string{path}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, flatten(n.Content[i+1], strings.TrimSpace(path+" "+n.Content[i].Value))...)
	}
	return out
}

// TestStartup: startup.yaml holds what the script says, and the management port
// as fabric.yaml has it.
func TestStartup(t *testing.T) {
	for name, p := range dialectPlans(t) {
		scripts := scriptsOf(t, p, "nvue")
		n := 0
		for _, f := range filesOf(t, p, "nvue") {
			device, path, _ := strings.Cut(f.Path, "/")
			if path != "etc/nvue.d/startup.yaml" {
				continue
			}
			n++
			var doc []map[string]yaml.Node
			if err := yaml.Unmarshal(f.Body, &doc); err != nil || len(doc) != 1 {
				t.Fatalf("%s, %s: %v, %d parts", name, device, err, len(doc))
			}
			set := doc[0]["set"]
			d, _ := p.Device(device)
			port := "interface " + d.Management.Port + " "
			var lines, management []string
			for _, line := range flatten(&set, "") {
				if strings.HasPrefix(line, port) {
					management = append(management, line)
				} else {
					lines = append(lines, line)
				}
			}
			m := newTold()
			if err := m.readNVUE(releaseOf(d), append(management, lines...)); err != nil {
				t.Errorf("%s, %s: %v", name, device, err)
			}
			for _, fact := range []string{"is a management port", "in " + d.Management.VRF, "address " + d.Management.Address} {
				if !m.facts["iface "+d.Management.Port+" "+fact] {
					t.Errorf("%s, %s: nothing says that the management port %s: %q", name, device, fact, management)
				}
			}
			want := nvueLines(t, scripts[device])
			slices.Sort(want)
			slices.Sort(lines)
			if !slices.Equal(want, lines) {
				t.Errorf("%s, %s: startup.yaml and script differ:\n%q\n%q", name, device, want, lines)
			}
		}
		if n != len(scripts) {
			t.Errorf("%s: %d startup.yaml for %d scripts", name, n, len(scripts))
		}
	}
}
