package sim

import (
	"net/netip"
	"strconv"
	"strings"
)

// The grammar of frr.conf, as far as routers of a Clos need it: what is no row
// here is an unknown command, for the check as for the router.
//
// A word in capitals stands for a value: NAME, N, ASN, IP, PREFIX, PEER; LINE
// takes all that is left. [..] may be missing. The number of words that make a
// setting what it is stands in key: two lines that agree in them are one
// setting, the later counts. 0: the whole line. With no, the setting is on
// unless "no ..." says otherwise, and that is what is kept.

// place is a part of the configuration.
type place string

const (
	atTop    place = "top"
	atBGP    place = "bgp"
	atFamily place = "family"
	atMap    place = "map"
	atPort   place = "port"
)

type grammarRow struct {
	in     place
	text   string
	key    int
	enters place
	no     bool
}

var grammar = []grammarRow{
	{in: atTop, text: "frr version LINE", key: 2},
	{in: atTop, text: "frr defaults NAME", key: 2},
	{in: atTop, text: "hostname NAME", key: 1},
	{in: atTop, text: "domainname NAME", key: 1},
	{in: atTop, text: "log LINE", key: 2},
	{in: atTop, text: "debug LINE"},
	{in: atTop, text: "password LINE", key: 1},
	{in: atTop, text: "enable password LINE", key: 2},
	{in: atTop, text: "service integrated-vtysh-config"},
	{in: atTop, text: "service password-encryption"},
	{in: atTop, text: "zebra nexthop kernel enable", no: true},
	{in: atTop, text: "ip forwarding", no: true},
	{in: atTop, text: "ipv6 forwarding", no: true},
	{in: atTop, text: "ip nht resolve-via-default"},
	{in: atTop, text: "ipv6 nht resolve-via-default"},
	{in: atTop, text: "ip prefix-list NAME [seq N] ACTION PREFIX4 [ge N] [le N]", key: 5},
	{in: atTop, text: "ip prefix-list NAME [seq N] ACTION any", key: 5},
	{in: atTop, text: "ipv6 prefix-list NAME [seq N] ACTION PREFIX6 [ge N] [le N]", key: 5},
	{in: atTop, text: "ipv6 prefix-list NAME [seq N] ACTION any", key: 5},
	{in: atTop, text: "ip prefix-list NAME description LINE", key: 4},
	{in: atTop, text: "access-list NAME [seq N] ACTION PREFIX4"},
	{in: atTop, text: "access-list NAME [seq N] ACTION any"},
	{in: atTop, text: "bgp as-path access-list NAME [seq N] ACTION LINE"},
	{in: atTop, text: "ip as-path access-list NAME ACTION LINE"},
	{in: atTop, text: "ip protocol bgp route-map NAME", key: 4},
	{in: atTop, text: "ipv6 protocol bgp route-map NAME", key: 4},
	{in: atTop, text: "ip route PREFIX4 NAME [NAME]"},
	{in: atTop, text: "ipv6 route PREFIX6 NAME [NAME]"},
	{in: atTop, text: "route-map NAME ACTION N", enters: atMap, key: 4},
	{in: atTop, text: "router bgp ASN", enters: atBGP},
	{in: atTop, text: "interface NAME", enters: atPort},
	{in: atTop, text: "line vty", enters: atPort},

	{in: atPort, text: "description LINE", key: 1},
	{in: atPort, text: "ip address PREFIX4"},
	{in: atPort, text: "ipv6 address PREFIX6"},
	{in: atPort, text: "ipv6 nd suppress-ra", no: true},
	{in: atPort, text: "ipv6 nd ra-interval LINE", key: 3},
	{in: atPort, text: "shutdown"},
	{in: atPort, text: "exec-timeout LINE"},

	{in: atMap, text: "match ip address prefix-list NAME", key: 3},
	{in: atMap, text: "match ipv6 address prefix-list NAME", key: 3},
	{in: atMap, text: "match ip address NAME", key: 3},
	{in: atMap, text: "match as-path NAME", key: 2},
	{in: atMap, text: "match interface NAME", key: 2},
	{in: atMap, text: "match source-protocol NAME", key: 2},
	{in: atMap, text: "set src IP", key: 2},
	{in: atMap, text: "set metric N", key: 2},
	{in: atMap, text: "set weight N", key: 2},
	{in: atMap, text: "set local-preference N", key: 2},
	{in: atMap, text: "set as-path prepend LINE", key: 3},
	{in: atMap, text: "set community LINE", key: 2},
	{in: atMap, text: "description LINE", key: 1},
	{in: atMap, text: "on-match next"},

	{in: atBGP, text: "bgp router-id IP4", key: 2},
	{in: atBGP, text: "bgp bestpath as-path multipath-relax"},
	{in: atBGP, text: "bgp bestpath compare-routerid"},
	{in: atBGP, text: "bgp default ipv4-unicast", no: true},
	{in: atBGP, text: "bgp ebgp-requires-policy", no: true},
	{in: atBGP, text: "bgp network import-check", no: true},
	{in: atBGP, text: "bgp enforce-first-as", no: true},
	{in: atBGP, text: "bgp log-neighbor-changes", no: true},
	{in: atBGP, text: "bgp deterministic-med", no: true},
	{in: atBGP, text: "bgp always-compare-med"},
	{in: atBGP, text: "bgp graceful-restart"},
	{in: atBGP, text: "bgp default show-hostname", no: true},
	{in: atBGP, text: "timers bgp N N", key: 2},
	{in: atBGP, text: "neighbor NAME peer-group", key: 3},
	{in: atBGP, text: "neighbor PEER peer-group NAME", key: 3},
	{in: atBGP, text: "neighbor NAME interface [v6only] [peer-group NAME]", key: 3},
	{in: atBGP, text: "neighbor NAME interface [v6only] remote-as AS", key: 3},
	{in: atBGP, text: "neighbor PEER remote-as AS", key: 3},
	{in: atBGP, text: "neighbor PEER local-as ASN [no-prepend] [replace-as]", key: 3},
	{in: atBGP, text: "neighbor PEER description LINE", key: 3},
	{in: atBGP, text: "neighbor PEER bfd", key: 3},
	{in: atBGP, text: "neighbor PEER timers N N", key: 4},
	{in: atBGP, text: "neighbor PEER timers connect N", key: 4},
	{in: atBGP, text: "neighbor PEER advertisement-interval N", key: 3},
	{in: atBGP, text: "neighbor PEER shutdown", key: 3},
	{in: atBGP, text: "neighbor PEER password LINE", key: 3},
	{in: atBGP, text: "neighbor PEER capability extended-nexthop", no: true},
	{in: atBGP, text: "neighbor PEER ebgp-multihop [N]", key: 3},
	{in: atBGP, text: "neighbor PEER update-source NAME", key: 3},
	{in: atBGP, text: "address-family ipv4 unicast", enters: atFamily},
	{in: atBGP, text: "address-family ipv6 unicast", enters: atFamily},

	{in: atFamily, text: "neighbor PEER activate", no: true},
	{in: atFamily, text: "neighbor PEER prefix-list NAME DIRECTION", key: -1},
	{in: atFamily, text: "neighbor PEER filter-list NAME DIRECTION", key: -1},
	{in: atFamily, text: "neighbor PEER route-map NAME DIRECTION", key: -1},
	{in: atFamily, text: "neighbor PEER distribute-list NAME DIRECTION", key: -1},
	{in: atFamily, text: "neighbor PEER maximum-prefix N [N] [restart N]", key: 3},
	{in: atFamily, text: "neighbor PEER maximum-prefix N [N] warning-only", key: 3},
	{in: atFamily, text: "neighbor PEER allowas-in [N]", key: 3},
	{in: atFamily, text: "neighbor PEER as-override", key: 3},
	{in: atFamily, text: "neighbor PEER default-originate", key: 3},
	{in: atFamily, text: "neighbor PEER remove-private-AS [all] [replace-AS]", key: 3},
	{in: atFamily, text: "neighbor PEER next-hop-self", key: 3},
	{in: atFamily, text: "neighbor PEER soft-reconfiguration inbound", key: 3},
	{in: atFamily, text: "neighbor PEER send-community [NAME]", key: 3},
	{in: atFamily, text: "redistribute NAME [route-map NAME]", key: 2},
	{in: atFamily, text: "network PREFIX [route-map NAME]", key: 2},
	{in: atFamily, text: "aggregate-address PREFIX [as-set] [summary-only]", key: 2},
	{in: atFamily, text: "maximum-paths N", key: 1},
}

// values are the words in capitals.
var values = map[string]func(string) bool{
	"NAME": func(string) bool { return true },
	"PEER": func(string) bool { return true },
	"N": func(s string) bool {
		_, err := strconv.ParseUint(s, 10, 32)
		return err == nil
	},
	"ASN": func(s string) bool {
		n, ok := parseASN(s)
		return ok && n != 0
	},
	"AS": func(s string) bool {
		n, ok := parseASN(s)
		return ok && n != 0 || s == "external" || s == "internal"
	},
	"IP":        func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Zone() == "" },
	"IP4":       func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() },
	"PREFIX":    func(s string) bool { _, err := netip.ParsePrefix(s); return err == nil },
	"PREFIX4":   func(s string) bool { p, err := netip.ParsePrefix(s); return err == nil && p.Addr().Is4() },
	"PREFIX6":   func(s string) bool { p, err := netip.ParsePrefix(s); return err == nil && p.Addr().Is6() },
	"ACTION":    func(s string) bool { return s == "permit" || s == "deny" },
	"DIRECTION": func(s string) bool { return s == "in" || s == "out" },
}

func parseASN(s string) (uint32, bool) {
	high, low, dotted := strings.Cut(s, ".")
	if !dotted {
		n, err := strconv.ParseUint(s, 10, 32)
		return uint32(n), err == nil
	}
	h, err1 := strconv.ParseUint(high, 10, 16)
	l, err2 := strconv.ParseUint(low, 10, 16)
	return uint32(h<<16 | l), err1 == nil && err2 == nil
}

// fits matches words with a row's pattern.
func fits(pattern, words []string) bool {
	if len(pattern) == 0 {
		return len(words) == 0
	}
	p := pattern[0]
	if strings.HasPrefix(p, "[") {
		end := 0
		for !strings.HasSuffix(pattern[end], "]") {
			end++
		}
		group := append([]string{}, pattern[:end+1]...)
		group[0], group[end] = strings.TrimPrefix(group[0], "["), strings.TrimSuffix(group[end], "]")
		if end == 0 {
			group[0] = strings.Trim(p, "[]")
		}
		return fits(append(group, pattern[end+1:]...), words) || fits(pattern[end+1:], words)
	}
	switch {
	case len(words) == 0:
		return false
	case p == "LINE":
		return true
	case values[p] != nil && strings.ToUpper(p) == p:
		return values[p](words[0]) && fits(pattern[1:], words[1:])
	}
	return p == words[0] && fits(pattern[1:], words[1:])
}

// row finds the row of a line in a place.
func row(in place, words []string) *grammarRow {
	for i := range grammar {
		if g := &grammar[i]; g.in == in && fits(strings.Fields(g.text), words) {
			return g
		}
	}
	return nil
}
