package diagnose

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Policy: what the running configuration lets through, beside what the planned
// one would.

// references is how a line of FRR names a list or map, and how that one is
// defined where it is.
var references = []struct {
	use    *regexp.Regexp
	kind   string
	define string // %s: the name
}{
	{regexp.MustCompile(`^(?:redistribute \S+|neighbor \S+|network \S+|ip protocol \S+|ipv6 protocol \S+).* route-map (\S+)(?: (in|out))?$`), "route-map", `^route-map %s (permit|deny)`},
	{regexp.MustCompile(`^neighbor \S+ prefix-list (\S+) (in|out)$`), "prefix-list", `^(ip|ipv6) prefix-list %s `},
	{regexp.MustCompile(`^neighbor \S+ filter-list (\S+) (in|out)$`), "as-path access-list", `^bgp as-path access-list %s `},
	{regexp.MustCompile(`^match (?:ip|ipv6) address prefix-list (\S+)$`), "prefix-list", `^(ip|ipv6) prefix-list %s `},
	{regexp.MustCompile(`^match as-path (\S+)$`), "as-path access-list", `^bgp as-path access-list %s `},
}

// undefined is a list or map that is used and not there: it denies everything,
// without a word.
func undefined(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		var out []Finding
		told := map[string]bool{}
		for _, l := range e.Config.Lines {
			for _, r := range references {
				m := r.use.FindStringSubmatch(l.Text)
				if m == nil || told[r.kind+m[1]] {
					continue
				}
				if len(e.Config.Find("", regexp.MustCompile(fmt.Sprintf(r.define, regexp.QuoteMeta(m[1]))))) > 0 {
					continue
				}
				told[r.kind+m[1]] = true
				out = append(out, Finding{
					Device: d.Name, Confidence: Certain,
					Message:  fmt.Sprintf("%s uses the %s %s, which is not defined: it denies everything", d.Name, r.kind, m[1]),
					Evidence: []Evidence{seen(d.Name, "vtysh -c 'show running-config'", "%s", strings.TrimSpace(l.Block+": "+l.Text))},
					Remedy:   pushed(d.Name),
				})
			}
		}
		return out
	})
}

// differences is what a device's configuration lacks and what it has beyond
// the plan, of the lines that a rule speaks of.
func (v *view) differences(device string, e *observe.Evidence, about *regexp.Regexp) (lacks, extra []observe.ConfigLine) {
	want := v.wanted[device]
	if want == nil || len(e.Config.Lines) == 0 || len(e.Silent) > 0 {
		return nil, nil
	}
	pick := func(from, other observe.Config) (out []observe.ConfigLine) {
		for _, l := range from.Lines {
			if about.MatchString(l.Text) && !other.Has(l.Block, l.Text) {
				out = append(out, l)
			}
		}
		return out
	}
	return pick(*want, e.Config), pick(e.Config, *want)
}

func shown(device string, lacks, extra []observe.ConfigLine) []Evidence {
	var out []Evidence
	for _, l := range lacks {
		out = append(out, seen(device, "vtysh -c 'show running-config'", "missing: %s", strings.TrimPrefix(l.Block+": "+l.Text, ": ")))
	}
	for _, l := range extra {
		out = append(out, seen(device, "vtysh -c 'show running-config'", "not planned: %s", strings.TrimPrefix(l.Block+": "+l.Text, ": ")))
	}
	return out
}

var redistribute = regexp.MustCompile(`^redistribute `)

func notRedistributed(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		lacks, extra := v.differences(d.Name, e, redistribute)
		if len(lacks) == 0 || said.ASN == 0 {
			return nil
		}
		what := "its loopback"
		if !strings.Contains(lacks[0].Text, "connected") {
			what = "the pods behind it"
		}
		return []Finding{{
			Device: d.Name, Confidence: Certain, Message: fmt.Sprintf("%s does not announce %s: `%s` is not in its BGP", d.Name, what, lacks[0].Text),
			Evidence: shown(d.Name, lacks, extra), Remedy: do("add it", vty(d.Name, fmt.Sprintf("router bgp %d", d.ASN), strings.TrimPrefix(lacks[0].Block, "router bgp/"), lacks[0].Text)),
		}}
	})
}

var outbound = regexp.MustCompile(`^neighbor (\S+) (prefix-list|filter-list|route-map) \S+ out$`)

func hostTransit(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		lacks, _ := v.differences(d.Name, e, outbound)
		if d.Role != model.Node || len(lacks) == 0 || said.ASN == 0 {
			return nil
		}
		return []Finding{{
			Device: d.Name, Confidence: Certain, Message: d.Name + " announces what it learned, not only what is its own: it would carry the fabric's traffic between its leafs",
			Evidence: shown(d.Name, lacks, nil), Remedy: pushed(d.Name),
		}}
	})
}

var filters = regexp.MustCompile(`^neighbor (\S+) .*(prefix-list|filter-list|route-map|maximum-prefix|distribute-list|allowas-in|as-override|default-originate|remove-private-AS)\b|^(ip|ipv6) prefix-list|^bgp as-path access-list|^route-map|^match |^set |^(ip|ipv6) protocol`)

// policyChanged is any other filter that is not the planned one.
func policyChanged(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		lacks, extra := v.differences(d.Name, e, filters)
		type changes struct{ lacks, extra []observe.ConfigLine }
		var places []string // a port, or "" where it concerns several
		byPlace := map[string]*changes{}
		at := func(l observe.ConfigLine) *changes {
			port := ""
			if m := filters.FindStringSubmatch(l.Text); m != nil && slices.ContainsFunc(d.Ports, func(p model.Port) bool { return p.Name == m[1] }) {
				port = m[1]
			}
			if byPlace[port] == nil {
				byPlace[port] = &changes{}
				places = append(places, port)
			}
			return byPlace[port]
		}
		for _, l := range lacks {
			c := at(l)
			c.lacks = append(c.lacks, l)
		}
		for _, l := range extra {
			c := at(l)
			c.extra = append(c.extra, l)
		}
		slices.SortFunc(places, func(a, b string) int { return strings.Compare(b, a) })
		var out []Finding
		for _, port := range places {
			if port == "" && (len(places) > 1 || v.has(d.Name, "list-undefined", "host-transit")) {
				continue // the list that the port's line speaks of, or that is known already
			}
			c := byPlace[port]
			f := Finding{
				Device: d.Name, Port: port, Confidence: Certain, Evidence: shown(d.Name, c.lacks, c.extra),
				Message: d.Name + "'s filters are not the planned ones",
				Remedy:  pushed(d.Name),
			}
			if port != "" {
				f.Message = fmt.Sprintf("the filters of %s on %s are not the planned ones", d.Name, port)
			}
			out = append(out, f)
		}
		return out
	})
}

func loopbackMissing(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		lo, there := e.Link("lo")
		if !there {
			return nil
		}
		var out []Finding
		for _, p := range d.Loopbacks {
			if !slices.Contains(lo.Addrs, p) {
				out = append(out, Finding{
					Device: d.Name, Port: "lo", Confidence: Certain, Message: fmt.Sprintf("%s does not have its address %s on lo, so nobody reaches it", d.Name, p),
					Evidence: []Evidence{seen(d.Name, "ip addr show dev lo", "%s", addresses(lo))},
					Remedy:   do("add it, and see that it stands in the stanza of lo", on(d.Name, "ip addr add %s dev lo", p)),
				})
			}
		}
		return out
	})
}

func addresses(l observe.Link) string {
	var all []string
	for _, a := range l.Addrs {
		all = append(all, a.String())
	}
	return strings.Join(all, " ")
}

func duplicateLoopback(v *view) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		var out []Finding
		for _, l := range e.Links {
			for _, a := range l.Addrs {
				owner := v.owner(netip.PrefixFrom(a.Addr(), a.Addr().BitLen()))
				if owner == nil || owner.Name == d.Name {
					continue
				}
				out = append(out, Finding{
					Device: d.Name, Port: l.Name, Peer: owner.Name, Confidence: Certain,
					Message:  fmt.Sprintf("%s has %s on %s, which is the loopback of %s: traffic to it ends here", d.Name, a.Addr(), l.Name, owner.Name),
					Evidence: []Evidence{seen(d.Name, "ip addr show dev "+l.Name, "%s", addresses(l))},
					Remedy:   do("remove it", line(v.sparing(d.Name, l.Name), d.Name, "ip addr del %s dev %s", []any{a, l.Name})),
				})
			}
		}
		return out
	})
}

var anyLine = regexp.MustCompile(`^(neighbor|bgp|redistribute|network|aggregate-address|timers|maximum-paths|ip route|ipv6 route|ip prefix-list|ipv6 prefix-list|route-map|match|set|no ) ?`)

// configChanged is what else is not as planned: a change by hand, or a push
// that is due. It explains nothing by itself.
func configChanged(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		lacks, extra := v.differences(d.Name, e, anyLine)
		if len(lacks)+len(extra) == 0 || said.ASN == 0 || v.whole[d.Name] || v.changed[d.Name] {
			return nil
		}
		return []Finding{{
			Device: d.Name, Confidence: Possible, Message: "the configuration that runs on " + d.Name + " is not the planned one",
			Evidence: shown(d.Name, lacks, extra), Remedy: pushedAnd(" (`closup diff` shows what would change), or take the change into fabric.yaml", []string{d.Name}),
		}}
	})
}
