package observe

import (
	"regexp"
	"slices"
	"strings"
)

// Rule is a rule of a firewall that drops or rejects, or a policy that does.
type Rule struct {
	Text string // as the tool prints it

	// Remove takes this one rule out, and no other; empty where that cannot be
	// told: a policy, or a table of nft that iptables looks after.
	Remove string
}

var (
	nftTable  = regexp.MustCompile(`^table (\S+ \S+) \{`)
	nftChain  = regexp.MustCompile(`^chain (\S+) \{`)
	nftHandle = regexp.MustCompile(` # handle (\d+)$`)
)

// ParseFirewall keeps the rules of `nft -a list ruleset`, iptables-save and
// ip6tables-save, one after the other with "# closup TOOL" before each, that
// drop or reject, and policies that do.
func ParseFirewall(data []byte) []Rule {
	var out []Rule
	tool, table, chain := "nft", "", ""
	managed := false // by iptables-nft, which says so above its table
	for line := range strings.Lines(string(data)) {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "# closup "):
			tool, table, chain, managed = strings.TrimPrefix(text, "# closup "), "", "", false
		case strings.HasPrefix(text, "# Warning: table"):
			managed = true
		case strings.HasPrefix(text, "*"):
			table = text[1:]
		}
		if m := nftTable.FindStringSubmatch(text); m != nil {
			table, chain = m[1], ""
		}
		if m := nftChain.FindStringSubmatch(text); m != nil {
			chain = m[1]
		}
		switch {
		case strings.HasPrefix(line, "}"):
			table, managed = "", false
		case text == "}":
			chain = ""
		}
		if !drops(text) {
			continue
		}
		r := Rule{Text: nftHandle.ReplaceAllString(text, "")}
		handle := nftHandle.FindStringSubmatch(text)
		switch {
		case tool == "nft" && handle != nil && table != "" && chain != "" && !managed:
			r.Remove = "nft delete rule " + table + " " + chain + " handle " + handle[1]
		case tool != "nft" && table != "" && strings.HasPrefix(text, "-A "):
			r.Remove = strings.TrimSuffix(tool, "-save") + " -t " + table + " -D " + strings.TrimPrefix(text, "-A ")
		}
		if !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func drops(rule string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(strings.ToLower(rule), func(r rune) bool { return strings.ContainsRune(" ;", r) }),
		func(word string) bool { return word == "drop" || word == "reject" })
}
