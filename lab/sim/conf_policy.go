package sim

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type listRule struct {
	seq    int
	deny   bool
	prefix netip.Prefix
	ge, le int
	any    bool
}

type pathRule struct {
	deny bool
	re   *regexp.Regexp
}

type mapEntry struct {
	number int
	deny   bool
	lines  []string
}

// readPolicy reads lists and maps. Names of IPv4, IPv6 and access lists are
// apart: "ip X", "ipv6 X", "access X".
func (b *bgpConf) readPolicy(c *conf) {
	for _, l := range c.top().lines {
		w := strings.Fields(l.text)
		at := slices.IndexFunc(w, func(s string) bool { return s == "permit" || s == "deny" })
		if i := slices.Index(w, "protocol"); i == 1 && len(w) > 4 {
			b.src[map[string]int{"ip": 0, "ipv6": 1}[w[0]]] = w[4]
		}
		if at < 0 {
			continue
		}
		switch {
		case strings.HasPrefix(l.text, "bgp as-path"):
			// "_" is an end, a blank or a brace (FRR manual, "AS Path Regular Expressions").
			re, err := regexp.Compile(strings.ReplaceAll(strings.Join(w[at+1:], " "), "_", `(?:^|[,{}() ]|$)`))
			if err == nil {
				b.paths[w[3]] = append(b.paths[w[3]], pathRule{w[at] == "deny", re})
			}
		case w[0] == "access-list":
			r := listRule{deny: w[at] == "deny", any: w[at+1] == "any"}
			if !r.any {
				r.prefix, _ = netip.ParsePrefix(w[at+1])
				r.le = r.prefix.Addr().BitLen() // an access-list takes all that is longer
			}
			b.lists["access "+w[1]] = append(b.lists["access "+w[1]], r)
		case w[1] == "prefix-list":
			r := listRule{deny: w[at] == "deny", any: w[at+1] == "any"}
			if !r.any {
				r.prefix, _ = netip.ParsePrefix(w[at+1])
				r.prefix = r.prefix.Masked()
			}
			for i := at + 2; i+1 < len(w); i += 2 {
				n, _ := strconv.Atoi(w[i+1])
				if w[i] == "ge" {
					r.ge = n
				} else {
					r.le = n
				}
			}
			r.seq, _ = strconv.Atoi(w[4])
			name := w[0] + " " + w[2]
			b.lists[name] = append(b.lists[name], r)
		}
	}
	for _, rules := range b.lists {
		slices.SortStableFunc(rules, func(a, b listRule) int { return a.seq - b.seq })
	}
	for _, o := range c.blocks {
		if o.place != atMap {
			continue
		}
		w := strings.Fields(o.head)
		n, _ := strconv.Atoi(w[3])
		e := mapEntry{number: n, deny: w[2] == "deny"}
		for _, l := range o.lines {
			e.lines = append(e.lines, l.text)
		}
		b.maps[w[1]] = append(b.maps[w[1]], e)
	}
	for _, m := range b.maps {
		slices.SortFunc(m, func(a, b mapEntry) int { return a.number - b.number })
	}
}
