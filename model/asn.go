package model

import (
	"fmt"
	"strconv"
	"strings"
)

// maxASN is the highest ASN that a router may have: 4294967295 is reserved
// (RFC 7300).
const maxASN = 4294967294

// ParseASN reads an ASN as asplain ("65501") or asdot ("1.10", RFC 5396).
func ParseASN(text string) (uint32, error) {
	high, low, dotted := strings.Cut(text, ".")
	if !dotted {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || n == 0 || n > maxASN {
			return 0, wrong{quote(text) + " is not an ASN", "write a number from 1 to 4294967294, or asdot such as 1.10"}
		}
		return uint32(n), nil
	}
	h, errH := strconv.ParseUint(high, 10, 16)
	l, errL := strconv.ParseUint(low, 10, 16)
	n := h<<16 | l
	if errH != nil || errL != nil || n == 0 || n > maxASN {
		return 0, wrong{quote(text) + " is not an ASN", "in asdot, such as 1.10, both halves are from 0 to 65535"}
	}
	return uint32(n), nil
}

// FormatASN writes an ASN as asplain, or as asdot where dotted and above 65535.
func FormatASN(asn uint32, dotted bool) string {
	if dotted && asn > 65535 {
		return fmt.Sprintf("%d.%d", asn>>16, asn&0xffff)
	}
	return strconv.FormatUint(uint64(asn), 10)
}

// asnModes is what may follow the first ASN of a rule.
var asnModes = []struct {
	suffix string
	mode   ASNMode
}{
	{"+", ASNCount},
	{"+rack", ASNByRack},
	{"+pod", ASNByPod},
	{"", ASNShared},
}

// ParseASNRule reads one row of `asn`: "65020", "65101+", "65101+rack",
// "65020+pod".
func ParseASNRule(text string) (ASNRule, error) {
	number, suffix := text, ""
	if i := strings.IndexByte(text, '+'); i >= 0 {
		number, suffix = text[:i], text[i:]
	}
	for _, m := range asnModes {
		if m.suffix == suffix {
			first, err := ParseASN(number)
			return ASNRule{First: first, Mode: m.mode, Dotted: strings.Contains(number, ".")}, err
		}
	}
	return ASNRule{}, wrong{quote(text) + " is not a rule for ASNs", "write 65101+ to count up, 65020 to share one, 65101+rack or 65020+pod"}
}

// String is the rule as fabric.yaml writes it; empty where there is none.
func (r ASNRule) String() string {
	for _, m := range asnModes {
		if m.mode == r.Mode {
			return FormatASN(r.First, r.Dotted) + m.suffix
		}
	}
	return ""
}

// At is the ASN of the k-th (1-based) of those that the rule tells apart; false
// where it would be above 4294967294.
func (r ASNRule) At(k int) (uint32, bool) {
	if r.Mode == ASNNone || k < 1 {
		return 0, false
	}
	if r.Mode == ASNShared {
		return r.First, true
	}
	asn := uint64(r.First) + uint64(k) - 1
	return uint32(asn), asn <= maxASN
}
