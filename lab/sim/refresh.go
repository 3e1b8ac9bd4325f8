package sim

import (
	"net/netip"
	"slices"
	"strings"
)

// What a change of policy does to routes that were told already. bgpd takes
// them anew when a neighbor's policy changes, or a route-map, or a list that a
// route-map asks. A list that a neighbor names by itself works on what comes
// from then on only (bgpd 8.4, bgp_prefix_list_update).

// stale says, for each direction, whether the routes of a neighbor have to go
// through its policy once more.
func stale(was, now *bgpConf, before, after *peerConf) (dirs [2]bool) {
	for dir := range dirs {
		dirs[dir] = before.families != after.families || was.needPolicy != now.needPolicy
		for f := range after.families {
			dirs[dir] = dirs[dir] || !sameMap(was, now, after.families[f].maps[dir])
		}
	}
	return dirs
}

func sameMap(was, now *bgpConf, name string) bool {
	return slices.EqualFunc(was.maps[name], now.maps[name], func(a, b mapEntry) bool {
		return a.number == b.number && a.deny == b.deny && slices.Equal(a.lines, b.lines) &&
			!slices.ContainsFunc(b.lines, func(l string) bool { return !sameList(was, now, l) })
	})
}

// sameList compares the lists that a line of a route-map asks.
func sameList(was, now *bgpConf, line string) bool {
	w := strings.Fields(line)
	if w[0] != "match" {
		return true
	}
	name := w[len(w)-1]
	for _, family := range []string{"ip ", "ipv6 ", "access "} {
		if !slices.Equal(was.lists[family+name], now.lists[family+name]) {
			return false
		}
	}
	return slices.EqualFunc(was.paths[name], now.paths[name], func(a, b pathRule) bool {
		return a.deny == b.deny && a.re.String() == b.re.String()
	})
}

// refresh takes routes anew where a session's policy changed.
func (r *router) refresh() {
	for _, s := range r.sessions {
		dirs, t := s.stale, s.mirror
		s.stale = [2]bool{}
		if !s.up() || t == nil {
			continue
		}
		if dirs[out] {
			retell(s, t)
		}
		if dirs[in] && s.up() {
			retell(t, s)
		}
	}
}

// retell tells a peer the whole table, and takes back what is not in it.
func retell(from, to *session) {
	from.tellAll()
	gone := []netip.Prefix{}
	for p, e := range to.r.entries() {
		if from.r.entry(p) == nil && e.from(to) >= 0 {
			gone = append(gone, p)
		}
	}
	for _, p := range gone {
		from.tell(p, nil)
	}
}
