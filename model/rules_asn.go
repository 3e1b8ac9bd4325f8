package model

import (
	"fmt"
)

var asnRules = []Rule{
	{"asn-range", Error, "An ASN is at most 4294967294; a rule that counts up does not get beyond.", nil},
	{"asn-group", Error, "Where ASNs go by rack or pod, every device of the role is in one.", nil},
	{"asn-trans", Error, "AS 23456 stands for ASNs that do not fit into two bytes (RFC 6793); bgpd refuses a peer that has it.", asnIn("asn-trans")},
	{"asn-reserved", Warning, "Reserved ASNs work between one's own routers, and nobody else should ever see them.", asnIn("asn-reserved")},
	{"asn-documentation", Warning, "ASNs for documentation (RFC 5398) work between one's own routers, but filters of others drop them.", asnIn("asn-documentation")},
	{"asn-public", Info, "An ASN outside the private ranges (RFC 6996) belongs to somebody.", asnIn("asn-public")},
}

// asnRange is a range of special ASNs and the rule that speaks of it.
type asnRange struct {
	rule        string
	first, last uint32
	what        string
}

// asnRanges is the special ones of the IANA registry, in order. What is in no
// row is in public use.
var asnRanges = []asnRange{
	{"asn-trans", 23456, 23456, "a stand-in for what does not fit into two bytes (RFC 6793)"},
	{"asn-documentation", 64496, 64511, "for documentation (RFC 5398)"},
	{"", 64512, 65534, "private (RFC 6996)"},
	{"asn-reserved", 65535, 65535, "reserved (RFC 7300)"},
	{"asn-documentation", 65536, 65551, "for documentation (RFC 5398)"},
	{"asn-reserved", 65552, 131071, "reserved by IANA"},
	{"", 4200000000, 4294967294, "private (RFC 6996)"},
}

const privateRemedy = "private ASNs are 64512 to 65534 and 4200000000 to 4294967294"

// asnIn makes the check of one rule about ranges: one finding for each range
// and role that has devices in it, not one for each device.
func asnIn(rule string) func(*view, say) {
	return func(v *view, found say) {
		for _, role := range Roles {
			for _, g := range groupBy(v.byRole[role], func(i int) (asnRange, bool) {
				r := rangeOf(v.p.Devices[i].ASN)
				return r, r.rule == rule && v.p.Devices[i].ASN != 0
			}) {
				at := row("asn", role)
				if v.f.Devices[g.devices[0]].ASN != 0 {
					at = v.key(g.devices[0], "asn")
				}
				found(at, asnMessage(v, g), privateRemedy)
			}
		}
	}
}

func asnMessage(v *view, g group[asnRange]) string {
	low, high := v.p.Devices[g.devices[0]].ASN, uint32(0)
	for _, i := range g.devices {
		low, high = min(low, v.p.Devices[i].ASN), max(high, v.p.Devices[i].ASN)
	}
	number := fmt.Sprint(low)
	if low != high {
		number += fmt.Sprintf(" to %d", high)
	}
	return fmt.Sprintf("%s %s AS %s: %s", some(v.names(g.devices)), has(len(g.devices)), number, g.key.what)
}

// rangeOf is the special range that an ASN is in.
func rangeOf(asn uint32) asnRange {
	for _, r := range asnRanges {
		if r.first <= asn && asn <= r.last {
			return r
		}
	}
	return asnRange{rule: "asn-public", what: "in public use, so it belongs to somebody"}
}
