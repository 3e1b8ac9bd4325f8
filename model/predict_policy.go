package model

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// filter is the policy of one direction of a session. Its zero value permits
// everything.
type filter struct {
	v4, v6 listFilter
	path   *pathFilter
}

func (f *filter) family(v6 bool) *listFilter {
	if v6 {
		return &f.v6
	}
	return &f.v4
}

// permits applies the prefix-list of the prefix's family, then the as-path
// list, as bgp_input_filter and bgp_output_filter do.
func (f *filter) permits(prefix netip.Prefix, as []uint32) bool {
	return f.family(prefix.Addr().Is6()).permits(prefix) && f.path.permits(as)
}

// announced is what an outside peer behind this filter is taken to announce:
// each prefix that the list names, or the default route where none is named.
func (f *filter) announced() []netip.Prefix {
	var out []netip.Prefix
	for _, l := range []*listFilter{&f.v4, &f.v6} {
		if l.list == nil {
			continue
		}
		for _, rule := range l.list.Rules {
			if !rule.Deny {
				out = append(out, rule.Prefix.Masked())
			}
		}
	}
	if !f.v4.set {
		out = append(out, universe(false))
	}
	return out
}

// listFilter is a prefix-list where one is set. One that is set and missing
// denies everything, as in bgpd.
type listFilter struct {
	set  bool
	list *PrefixList
}

func (l *listFilter) use(list *PrefixList) { l.set, l.list = true, list }

func (l *listFilter) permits(prefix netip.Prefix) bool {
	return !l.set || l.list != nil && l.list.Permits(prefix)
}

// list finds a device's prefix-list by name; nil if there is none.
func (g *graph) list(d int, name string, v6 bool) *PrefixList {
	lists := g.plan.Devices[d].Routing.PrefixLists
	for i := range lists {
		if lists[i].Name == name && lists[i].V6 == v6 {
			return &lists[i]
		}
	}
	return nil
}

// pathFilter is an as-path access-list: permits only.
type pathFilter struct {
	regexes []*regexp.Regexp
	local   bool // `^$` alone: what the device originates itself
}

// pathCache holds each distinct regex once.
type pathCache map[string]*regexp.Regexp

// pathFilter finds a device's as-path list; nil where no name is given.
func (g *graph) pathFilter(d int, name string, cache pathCache) *pathFilter {
	if name == "" {
		return nil
	}
	f := &pathFilter{}
	for _, l := range g.plan.Devices[d].Routing.PathLists {
		if l.Name != name {
			continue
		}
		f.local = len(l.Regex) == 1 && l.Regex[0] == "^$"
		for _, source := range l.Regex {
			re, ok := cache[source]
			if !ok {
				re = compilePath(source)
				cache[source] = re
			}
			if re != nil {
				f.regexes = append(f.regexes, re)
			}
		}
	}
	return f
}

// compilePath reads an as-path regex of FRR's kind, where `_` is the start,
// the end or a delimiter. One that does not compile is nil: bgpd refuses that
// line.
func compilePath(source string) *regexp.Regexp {
	re, err := regexp.Compile(strings.ReplaceAll(source, "_", `(?:^|[,{}() ]|$)`))
	if err != nil {
		return nil
	}
	return re
}

func (f *pathFilter) localOnly() bool { return f != nil && f.local }

// permits matches the path as bgpd prints it: "65001 65101".
func (f *pathFilter) permits(as []uint32) bool {
	switch {
	case f == nil:
		return true
	case f.local:
		return len(as) == 0
	}
	text := make([]byte, 0, 64)
	for i, n := range as {
		if i > 0 {
			text = append(text, ' ')
		}
		text = strconv.AppendUint(text, uint64(n), 10)
	}
	for _, re := range f.regexes {
		if re.Match(text) {
			return true
		}
	}
	return false
}
