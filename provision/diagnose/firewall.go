package diagnose

import (
	"fmt"
	"regexp"
	"strings"

	"closup/provision/observe"
)

// Firewalls: rules in the way of what a session needs.

// need is something that a firewall must let through. about finds a rule that
// speaks of it; alone is what is left of one that says nothing else, without its
// port and its counter.
type need struct {
	what         string
	about, alone *regexp.Regexp
}

var (
	needBGP = need{
		"TCP port 179",
		regexp.MustCompile(`(?i)\b(dport|sport|--dport|--sport|--dports)\b.*\b(179|bgp)\b`),
		regexp.MustCompile(`^(?:-A \S+ -p tcp (?:-m tcp )?--[ds]port 179 -j|(?:meta l4proto tcp )?tcp [ds]port (?:179|bgp)) (?i:drop|reject)\b[^{}]*$`),
	}
	needRA = need{
		"router advertisements (ICMPv6 134)",
		regexp.MustCompile(`(?i)nd-router-advert|router-advertisement|icmpv6(-type)? (type )?134\b`),
		regexp.MustCompile(`^(?:-A \S+ -p (?:ipv6-icmp|icmpv6) (?:-m icmp6 )?--icmpv6-type (?:134|router-advertisement) -j|(?:meta l4proto ipv6-icmp )?icmpv6 type (?:134|nd-router-advert)) (?i:drop|reject)\b[^{}]*$`),
	}
	rulePort    = regexp.MustCompile(`(?:^| )(! )?(?:[io]if(?:name)?|-[io]) (!= )?(\{[^}]*\}|"[^"]*"|[^" ]+)`)
	ruleCounter = regexp.MustCompile(`counter packets \d+ bytes \d+ `)
)

// onPort says whether a rule is for a port, as all are that name none; only
// says that it is for that port and no other. Names may end in * or +.
func onPort(rule, port string) (is, only bool) {
	m := rulePort.FindStringSubmatch(rule)
	if m == nil {
		return true, false
	}
	for name := range strings.SplitSeq(strings.Trim(m[3], "{} "), ",") {
		name = strings.Trim(name, `" `)
		if open := strings.TrimRight(name, "*+"); name == port || open != name && strings.HasPrefix(port, open) {
			is = true
		}
	}
	not := m[1]+m[2] != ""
	return is != not, is && !not && strings.Trim(m[3], `"`) == port
}

// inTheWay are the rules that drop what a port needs.
func inTheWay(e *observe.Evidence, n need, port string) (rules []observe.Rule) {
	for _, r := range e.Firewall {
		if is, _ := onPort(r.Text, port); is && n.about.MatchString(r.Text) {
			rules = append(rules, r)
		}
	}
	return rules
}

// removal takes rules out. closup does so itself where each is about the planned
// port and what the session needs there, and nothing else: it protects nothing
// then, and nothing but the session hangs on it. Any other may be somebody's
// intention, and what of it to change he must know.
func removal(device, port string, n need, rules []observe.Rule) Remedy {
	var commands []Command
	ours := true
	for _, r := range rules {
		_, only := onPort(r.Text, port)
		plain := ruleCounter.ReplaceAllString(rulePort.ReplaceAllString(r.Text, " "), "")
		ours = ours && r.Remove != "" && only && n.alone.MatchString(strings.Join(strings.Fields(plain), " "))
	}
	for _, r := range rules {
		switch {
		case ours:
			commands = append(commands, on(device, "%s", r.Remove))
		case r.Remove != "":
			commands = append(commands, byHand(device, "%s", r.Remove))
		}
	}
	if ours {
		return do("take the rule out, here and in what loads it (/etc/nftables.conf, /etc/iptables), or it is back after the next start", commands...)
	}
	return do("take the rule out, or accept "+n.what+" on "+port+" before it", append(commands, look(device, "nft -a list ruleset; iptables-save; ip6tables-save"))...)
}

// filtered is a firewall rule on either end that eats what a session needs.
func filtered(n need) func(*view) []Finding {
	return func(v *view) []Finding {
		return v.sessions(func(e end) *Finding {
			if e.evidence == nil {
				return nil
			}
			rules := inTheWay(e.evidence, n, e.Port)
			if len(rules) == 0 {
				return nil
			}
			// Another rule may accept before one that names no port.
			if _, only := onPort(rules[0].Text, e.Port); e.up() && !only {
				return nil
			}
			f := &Finding{
				Confidence: Certain, Message: fmt.Sprintf("a firewall rule on %s drops %s on %s, so the session with %s cannot stay or come up", e.Device, n.what, e.Port, e.Peer),
				Evidence: []Evidence{seen(e.Device, "nft list ruleset; iptables-save; ip6tables-save", "%s", rules[0].Text)},
				Remedy:   removal(e.Device, e.Port, n, rules),
			}
			if e.up() {
				f.Confidence = Likely
			}
			if e.peer != nil {
				f.Evidence = append(f.Evidence, seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is %s", e.Port, e.peer.State))
			}
			return f
		})
	}
}

// drops are the first few rules of a device's firewall that drop anything.
func (v *view) drops(device string) (out []Evidence) {
	if e := v.evidence(device); e != nil && len(e.Firewall) > 0 {
		out = append(out, firewall(device, e))
	}
	return out
}

// firewall is the beginning of what a device's firewall drops.
func firewall(device string, e *observe.Evidence) Evidence {
	var rules []string
	for _, r := range e.Firewall[:min(3, len(e.Firewall))] {
		rules = append(rules, r.Text)
	}
	return seen(device, "nft list ruleset; iptables-save; ip6tables-save", "%s", strings.Join(rules, "\n"))
}
