package render

import (
	"fmt"
	"regexp"
	"strconv"

	"closup/model"
)

// NCLU, the CLI of Cumulus Linux 3 and 4: `net add` gathers changes, and
// `net commit` writes them into interfaces and frr.conf. Only commands that
// Cumulus's published guides show are used. For the rest of a frr.conf (AS path
// lists, maximum-prefix) they send the reader to vtysh, which writes the same
// frr.conf, and so does the script. Policy is live before a neighbor refers to
// it, so that no session sees half of it.

// ncluReleases: FRR came with 3.4, and NCLU went with 5.0.
var ncluReleases = releases{tool: "NCLU with FRR", first: "3.4", below: model.FirstNVUE, instead: "NCLU is in 3.4 to 4.4, and `closup render --target nvue` writes what later ones take"}

var cumulusPort = regexp.MustCompile(`^swp[0-9]+(s[0-9]+)?$`)

// cumulusNotes are what neither of Cumulus's CLIs is told.
func cumulusNotes(d *model.Device, interfaces []iface) []string {
	notes := []string{"Forwarding, reverse path filters and /etc/hosts stay as Cumulus Linux has them."}
	notes = append(notes, foreignPorts(interfaces, cumulusPort, "Cumulus Linux", "swp1")...)
	return append(notes, brokenOut(d)...)
}

// ncluDevice is a switch's script, DEVICE/nclu.sh.
func ncluDevice(_ *model.Plan, d *model.Device) ([]File, error) {
	interfaces, err := spoken(d)
	if err != nil {
		return nil, err
	}
	s := script{Device: d.Name, For: "Cumulus Linux 3.4 to 4.4", Notes: cumulusNotes(d, interfaces)}
	if onCumulus(d) {
		s.For = "Cumulus Linux " + d.Release
	}
	if why := ncluReleases.unfit(d); why != "" {
		s.Unfit = shellWord(why)
	} else {
		s.Steps = ncluSteps(d, interfaces)
	}
	body, err := execute("nclu/script.sh.tmpl", s)
	return []File{{d.Name + "/nclu.sh", 0o755, body}}, err
}

func ncluSteps(d *model.Device, interfaces []iface) []scriptStep {
	r := &d.Routing
	steps := []scriptStep{
		{Note: "The system.", Commands: []string{"hostname " + d.Name}},
		{Note: "Loopback and ports.", Commands: ncluInterfaces(interfaces)},
		{Note: "What routes are taken and told.", Commands: ncluPolicy(r)},
		{Note: "BGP, without neighbors yet.", Commands: ncluBGP(r), Commit: true},
		{Note: "NCLU has no commands for this; vtysh writes the same frr.conf.", Vtysh: ncluFirst(r)},
		{Note: "Groups of neighbors.", Commands: ncluGroups(r), Commit: true},
		{Note: "NCLU has no commands for this either.", Vtysh: ncluLimits(r, true)},
		{Note: "Neighbors.", Commands: ncluPeers(r), Commit: true},
		{Note: "And none for this.", Vtysh: ncluLimits(r, false)},
	}
	var out []scriptStep
	for _, s := range steps {
		if len(s.Commands)+len(s.Vtysh) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func ncluInterfaces(interfaces []iface) []string {
	var out []string
	for _, i := range interfaces {
		name := "interface " + i.Name
		if !i.Port {
			name = "loopback " + i.Name
		}
		n := len(out)
		for _, a := range i.Addresses {
			out = append(out, fmt.Sprintf("%s %s address %s", name, ipWord(a.Addr().Is6()), a))
		}
		if i.MTU > 0 {
			out = append(out, fmt.Sprintf("%s mtu %d", name, i.MTU))
		}
		if len(out) == n {
			out = append(out, name)
		}
	}
	return out
}

func ncluPolicy(r *model.Routing) []string {
	var out []string
	for _, l := range r.PrefixLists {
		for _, rule := range l.Rules {
			line := fmt.Sprintf("routing prefix-list %s %s seq %d %s %s", familyWord(l.V6), l.Name, rule.Seq, action(rule.Deny), rule.Prefix)
			if rule.Ge > 0 {
				line += " ge " + strconv.Itoa(rule.Ge)
			}
			if rule.Le > 0 {
				line += " le " + strconv.Itoa(rule.Le)
			}
			out = append(out, line)
		}
	}
	for _, m := range originMaps(r.Originate) {
		out = append(out, fmt.Sprintf("routing route-map %s permit %d %s", m.Name, m.Seq, m.Line))
	}
	return out
}

func ncluBGP(r *model.Routing) []string {
	out := []string{
		"routing defaults datacenter",
		"routing log syslog informational",
		"routing service integrated-vtysh-config",
		fmt.Sprintf("bgp autonomous-system %d", r.ASN),
		fmt.Sprintf("bgp router-id %s", r.RouterID),
		"bgp bestpath as-path multipath-relax",
		"bgp bestpath compare-routerid",
	}
	for _, a := range r.Aggregates {
		out = append(out, fmt.Sprintf("bgp %s unicast aggregate-address %s", familyWord(a.Addr().Is6()), a))
	}
	for _, o := range r.Originate {
		out = append(out, fmt.Sprintf("bgp %s unicast redistribute %s route-map %s", familyWord(o.V6), o.Source, o.RouteMap))
	}
	return out
}

// ncluFirst is what has to be there before the first group: lists that groups
// refer to, and that IPv4 is not for everyone.
func ncluFirst(r *model.Routing) []string {
	var out []string
	for _, l := range r.PathLists {
		for _, regex := range l.Regex {
			out = append(out, "bgp as-path access-list "+l.Name+" permit "+regex)
		}
	}
	if !r.V4 {
		out = append(out, fmt.Sprintf("router bgp %d", r.ASN), "no bgp default ipv4-unicast")
	}
	return out
}

func ncluGroups(r *model.Routing) []string {
	var out []string
	for _, g := range r.Groups {
		n := "bgp neighbor " + g.Name + " "
		out = append(out, n+"peer-group")
		if g.External {
			out = append(out, n+"remote-as external")
		}
		if g.Description != "" {
			out = append(out, n+"description "+g.Description)
		}
		if g.BFD {
			out = append(out, n+"bfd")
		}
		out = append(out, fmt.Sprintf("%stimers %d %d", n, r.Timers.Keepalive, r.Timers.Hold), fmt.Sprintf("%stimers connect %d", n, r.Timers.Connect))
		for _, v6 := range unicastFamilies(r) {
			if v6 && g.V6 {
				out = append(out, ncluNeighbor(v6, g.Name, "activate"))
			}
			if v6 && !g.V6 || !v6 && !g.V4 {
				continue
			}
			if g.AllowASIn > 0 {
				out = append(out, ncluNeighbor(v6, g.Name, fmt.Sprintf("allowas-in %d", g.AllowASIn)))
			}
			out = append(out, ncluLists(v6, g.Name, g.In, g.Out)...)
		}
	}
	return out
}

func ncluNeighbor(v6 bool, key, what string) string {
	return fmt.Sprintf("bgp %s unicast neighbor %s %s", familyWord(v6), key, what)
}

func ncluLists(v6 bool, key string, in, out []model.PolicyRef) []string {
	var lines []string
	if list := listFor(in, v6); list != "" {
		lines = append(lines, ncluNeighbor(v6, key, "prefix-list "+list+" in"))
	}
	if list := listFor(out, v6); list != "" {
		lines = append(lines, ncluNeighbor(v6, key, "prefix-list "+list+" out"))
	}
	return lines
}

func ncluPeers(r *model.Routing) []string {
	var out []string
	for _, p := range r.Peers {
		n, as := "bgp neighbor "+p.Key()+" ", remoteAS(r, p)
		if p.Address.IsValid() {
			// A group that says no ASN takes only neighbors that have one.
			out = append(out, n+"remote-as "+as, n+"peer-group "+p.Group)
		} else {
			out = append(out, n+"interface peer-group "+p.Group)
			if as != "" {
				out = append(out, n+"remote-as "+as)
			}
		}
		if p.Description != "" {
			out = append(out, n+"description "+p.Description)
		}
		if p.BFD {
			out = append(out, n+"bfd")
		}
		g := groupOf(r, p)
		for _, v6 := range unicastFamilies(r) {
			if v6 && g.V6 || !v6 && g.V4 {
				out = append(out, ncluLists(v6, p.Key(), p.In, p.Out)...)
			}
		}
	}
	return out
}

// ncluLimits is what vtysh adds to groups, or to single neighbors: the lines of
// frr.conf that NCLU has no command for.
func ncluLimits(r *model.Routing, groups bool) []string {
	named := map[string]bool{}
	for _, g := range r.Groups {
		named[g.Name] = true
	}
	var out []string
	for _, v6 := range unicastFamilies(r) {
		f := family(r, v6)
		var lines []string
		for _, n := range f.Neighbors {
			if named[n.Key] == groups {
				lines = append(lines, ncluLimitsOf(n)...)
			}
		}
		if len(lines) > 0 {
			out = append(append(append(out, "address-family "+f.Name), lines...), "exit-address-family")
		}
	}
	if len(out) > 0 {
		out = append([]string{fmt.Sprintf("router bgp %d", r.ASN)}, out...)
	}
	return out
}

func ncluLimitsOf(n frrNeighbor) []string {
	var out []string
	add := func(is bool, line string) {
		if is {
			out = append(out, line)
		}
	}
	key := "neighbor " + n.Key + " "
	add(n.Activate == "no "+key+"activate", n.Activate)
	add(n.RemovePrivAS, key+"remove-private-AS all")
	add(n.Default, key+"default-originate")
	add(n.MaxPrefix > 0, fmt.Sprintf("%smaximum-prefix %d 80 restart 5", key, n.MaxPrefix))
	add(n.PathIn != "", key+"filter-list "+n.PathIn+" in")
	add(n.PathOut != "", key+"filter-list "+n.PathOut+" out")
	return out
}

// familyWord is how the dialects call a family.
func familyWord(v6 bool) string {
	if v6 {
		return "ipv6"
	}
	return "ipv4"
}

func action(deny bool) string {
	if deny {
		return "deny"
	}
	return "permit"
}
