package sim

import (
	"iter"
	"net/netip"
	"slices"
)

// A fabric of a thousand devices has two million entries and four million paths:
// what each takes is what the simulator takes.

// bgpPath is one way to a prefix.
type bgpPath struct {
	*attrs
	from *session // nil: from here
}

// entry is one prefix of a router's table.
type entry struct {
	paths  []bgpPath // those that came first stand first
	multi  []int32   // places in paths that are used beside the best
	best   int32     // place in paths; -1: none
	queued bool      // it is to be decided on: until then the places are not to be believed
	told   bgpPath   // the best path when it was decided last, which is what peers know; no attrs: nothing
	out    *outgoing
}

func (e *entry) bestPath() *bgpPath {
	if e == nil || e.best < 0 || int(e.best) >= len(e.paths) {
		return nil
	}
	return &e.paths[e.best]
}

// from is the place of the path of a peer; -1: it has none.
func (e *entry) from(s *session) int {
	return slices.IndexFunc(e.paths, func(x bgpPath) bool { return x.from == s })
}

// add puts a path behind the others, of which there are never more than most.
func (e *entry) add(x bgpPath, most int) {
	if n := len(e.paths); n == cap(e.paths) {
		e.paths = append(make([]bgpPath, 0, max(n+1, min(2*n, most))), e.paths...)
	}
	e.paths = append(e.paths, x)
}

// remove takes a path away. Unless it was in use, the places of those that are
// stay right.
func (e *entry) remove(i int) {
	e.paths = slices.Delete(e.paths, i, i+1)
	if int(e.best) > i {
		e.best--
	}
	for k := range e.multi {
		if int(e.multi[k]) > i {
			e.multi[k]--
		}
	}
}

// prefixes numbers all that any router of a lab has heard of. So a table is a
// list by these numbers: a map for each router would be the larger part of it.
type prefixes struct {
	numbers map[netip.Prefix]int
	all     []netip.Prefix
	sorted  []int // numbers, in the order in which bgpd prints prefixes
}

// number is that of a prefix, a new one where it has none.
func (l *prefixes) number(p netip.Prefix) int {
	n, ok := l.numbers[p]
	if !ok {
		if l.numbers == nil {
			l.numbers = map[netip.Prefix]int{}
		}
		n = len(l.all)
		l.numbers[p], l.all = n, append(l.all, p)
		at, _ := slices.BinarySearchFunc(l.sorted, p, func(n int, p netip.Prefix) int { return l.all[n].Compare(p) })
		l.sorted = slices.Insert(slices.Clone(l.sorted), at, n) // somebody may look through the list
	}
	return n
}

// entry is that of a prefix; nil: there is none.
func (r *router) entry(p netip.Prefix) *entry {
	if n, ok := r.dev.world.prefixes.numbers[p]; ok && n < len(r.rib) {
		return r.rib[n]
	}
	return nil
}

// entries are the whole table, in bgpd's order. It may change meanwhile.
func (r *router) entries() iter.Seq2[netip.Prefix, *entry] {
	return func(yield func(netip.Prefix, *entry) bool) {
		for _, n := range r.dev.world.prefixes.sorted {
			if n < len(r.rib) && r.rib[n] != nil && !yield(r.dev.world.prefixes.all[n], r.rib[n]) {
				return
			}
		}
	}
}

// made is the entry of a prefix, a new one where there was none.
func (r *router) made(n int) *entry {
	if n >= len(r.rib) {
		r.rib = slices.Grow(r.rib, n+1-len(r.rib))[:n+1]
	}
	if r.rib[n] == nil {
		r.rib[n] = &entry{best: -1}
	}
	return r.rib[n]
}
