package render

import (
	"strings"

	"closup/model"
)

const quaggaManual = "Quagga manual"

// quaggaLines are the lines of Quagga.conf: those that frr.conf does not have,
// or has for another reason, and then frr.conf's own, which Quagga.conf has
// without their indentation.
var quaggaLines = append([]explanation{
	{form: `interface (\S+)`, why: "The port to ", find: portWhy, source: "RFC 4291 2.5.6; " + quaggaManual, key: keyLink},
	{form: `no ipv6 nd suppress-ra`, why: "Sends router advertisements on the port, from which the neighbor learns this end's address; FRR does so by itself.", source: "RFC 4861 6; " + quaggaManual},
	{form: `ipv6 nd ra-interval (\d+)`, why: "Sends one every ${1} s, so that a session comes up soon after its link.", source: "RFC 4861 6.2.1; " + quaggaManual},
	{form: `no bgp default ipv4-unicast`, why: "Exchanges a family only where a group is activated for it.", source: quaggaManual},
	{form: `bgp default show-hostname`, why: "Shows the peers' names beside their addresses.", source: quaggaManual},
	{form: `maximum-paths (\d+)`, why: "Uses up to ${1} equal paths together; by itself Quagga would use one.", source: "RFC 7938 6.2; " + quaggaManual},
	{form: `neighbor (\S+) advertisement-interval 0`, why: "On {whom}, tells a change at once and does not gather several first.", source: "RFC 4271 9.2.1.1; " + quaggaManual},
	{form: `neighbor (\S+) capability extended-nexthop`, why: "On {whom}, lets IPv4 routes take an IPv6 next hop, which is all that a port without an address has.", source: "RFC 8950; " + quaggaManual},
	{form: `(access-list|ipv6 access-list) (\S+) (permit|deny) (\S+)`, find: accessWhy, source: quaggaManual},
	{form: `ip as-path access-list (\S+) permit (.+)`, find: pathWhy, source: quaggaManual},
	{form: `match (?:ip|ipv6) address (\S+)`, why: "The entry takes the addresses that the access-list ${1} permits.", source: quaggaManual},
}, unindented(frrLines)...)

func unindented(lines []explanation) []explanation {
	out := make([]explanation, len(lines))
	for i, l := range lines {
		l.form = strings.TrimLeft(strings.TrimPrefix(l.form, " ?"), " ")
		out[i] = l
	}
	return out
}

// accessWhy is the reason of an access-list's entry, which permits all that is
// longer inside it too.
func accessWhy(x *explainer, m []string) (string, bool) {
	i, ok := x.accessRule(m)
	if !ok || i.Why == "" {
		return "", false
	}
	return "Permits " + i.Prefix.String() + " and all inside it: " + i.Why + ".", true
}

func (x *explainer) accessRule(m []string) (model.PrefixRule, bool) {
	for _, l := range x.d.Routing.PrefixLists {
		for _, r := range l.Rules {
			if l.Access && l.Name == m[2] && r.Prefix.String() == m[4] && r.Deny == (m[3] == "deny") {
				return r, true
			}
		}
	}
	return model.PrefixRule{}, false
}
