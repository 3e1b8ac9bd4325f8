package model

import (
	"cmp"
	"slices"
)

// SinglePoint is a device or a link that has no second: while it is down, the
// fabric loses others.
type SinglePoint struct {
	Device string `json:"device,omitempty"`
	Link   *Link  `json:"link,omitempty"` // instead of a device; to the outside, B is {external, ""}
	// Cut names the devices that most switches lose, and "external" where they
	// lose what the outside tells.
	Cut []string `json:"cut"`
}

// SinglePoints lists what has no second way: devices, then links, in the order
// of the plan. It follows the prediction: a way that a policy or the loop check
// closes is none.
//
// Looked at is what leafs, borders and the outside announce. Whatever stands
// before most switches in the graph of the paths that are used (a dominator)
// is under suspicion, and is taken down and predicted anew. Leafs that hang on
// the same devices are alike: if one has no suspect, none has. Nodes pass
// nothing on, so one is lost with all of its leafs, or with its last cable.
func (p *Plan) SinglePoints() []SinglePoint {
	s := newSingles(newGraph(p))
	s.switches()
	s.outside()
	s.nodes()
	return s.sorted()
}

// element is a device, or, where session is not -1, a link by one of its ends.
type element struct{ device, session int }

type singles struct {
	g     *graph
	w     *walk
	on    []int                    // the switches
	lost  map[element]map[int]bool // devices, -1: the outside
	idom  []int                    // in the dominator tree of the prefix last spread
	depth []int
	below []int // switches that it dominates, itself among them
}

func newSingles(g *graph) *singles {
	s := &singles{g: g, lost: map[element]map[int]bool{}}
	for d := range g.speakers {
		if g.device(d).Role.Switch() {
			s.on = append(s.on, d)
		}
	}
	s.w = newWalk(g, s.on)
	n := len(g.speakers)
	s.idom, s.depth, s.below = make([]int, n), make([]int, n), make([]int, n)
	return s
}

// switches looks at what each leaf and border announces.
func (s *singles) switches() {
	clean := map[string]bool{}
	for _, o := range s.first() {
		d := o.seeds[0].device
		alike := s.signature(d)
		if clean[alike] {
			continue
		}
		suspects := s.suspects(o, d)
		clean[alike] = len(suspects) == 0
		s.confirm(o, d, suspects)
	}
}

// first is one prefix of each leaf and border.
func (s *singles) first() []origination {
	var out []origination
	plain, _ := s.g.originated()
	seen := map[int]bool{}
	for _, o := range plain {
		d := o.seeds[0].device
		role := s.g.device(d).Role
		if len(o.seeds) == 1 && o.seeds[0].session < 0 && !seen[d] && (role == Leaf || role == Border) {
			seen[d] = true
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b origination) int { return cmp.Compare(a.seeds[0].device, b.seeds[0].device) })
	return out
}

// signature spells what a leaf hangs on. A shared ASN closes ways to those that
// share it, so it belongs to the signature.
func (s *singles) signature(d int) string {
	var key []byte
	for i := range s.g.speakers[d].sessions {
		if a := &s.g.speakers[d].sessions[i]; !a.outside && s.g.device(a.peer).Role.Switch() {
			key = append(key, s.g.device(a.peer).Name...)
			key = append(key, ' ')
		}
	}
	for _, other := range s.on {
		if other != d && s.g.speakers[other].asn == s.g.speakers[d].asn {
			return string(key) + s.g.device(d).Name
		}
	}
	return string(key)
}

// outside looks at what the outside tells.
func (s *singles) outside() {
	plain, aggregates := s.g.originated()
	for _, o := range slices.Concat(plain, aggregates) {
		told := slices.DeleteFunc(slices.Clone(o.seeds), func(x seed) bool { return x.session < 0 || x.told })
		if len(told) > 0 {
			o.seeds = told
			s.confirm(o, -1, s.suspects(o, -1))
		}
	}
}

// suspects spreads a prefix and lists what stands before most switches. The
// origin, a device or -1 for the outside, is none itself.
func (s *singles) suspects(o origination, origin int) []element {
	s.w.spread(o)
	var held []int
	for _, d := range s.on {
		if s.w.holds(d) {
			held = append(held, d)
		}
	}
	slices.SortStableFunc(held, func(a, b int) int { return cmp.Compare(s.w.entries[a].ring, s.w.entries[b].ring) })
	for _, d := range held {
		s.idom[d], s.depth[d], s.below[d] = s.dominator(d), 0, 1
		if s.idom[d] >= 0 {
			s.depth[d] = s.depth[s.idom[d]] + 1
		}
	}
	for _, d := range slices.Backward(held) {
		if s.idom[d] >= 0 {
			s.below[s.idom[d]] += s.below[d]
		}
	}
	others := len(held)
	if origin >= 0 {
		others--
	}
	var out []element
	for _, d := range held {
		if d == origin {
			continue
		}
		if most(s.below[d]-1, others-1) {
			out = append(out, element{d, -1})
		}
		if ways := s.w.entries[d].ways; len(ways) == 1 && ways[0].session >= 0 && most(s.below[d], others) {
			out = append(out, element{d, ways[0].session})
		}
	}
	return out
}

// most says whether a part is more than half.
func most(part, all int) bool { return part > 0 && 2*part > all }

// dominator is the last device that all paths to d have in common, -1 where
// there is none.
func (s *singles) dominator(d int) int {
	common := -2
	for _, y := range s.w.entries[d].ways {
		parent := -1
		if y.session >= 0 && !s.g.speakers[d].sessions[y.session].outside {
			parent = s.g.speakers[d].sessions[y.session].peer
		}
		for common != -2 && common != parent {
			if parent < 0 || common >= 0 && s.depth[common] > s.depth[parent] {
				common, parent = parent, common
			}
			if common < 0 {
				return -1
			}
			parent = s.idom[parent]
		}
		common = parent
	}
	return max(common, -1)
}

// confirm takes each suspect down and notes those that most switches miss.
func (s *singles) confirm(o origination, origin int, suspects []element) {
	s.w.spread(o)
	held := s.holders(origin)
	for _, x := range suspects {
		s.down(x, true)
		s.w.spread(o)
		left := s.holders(origin)
		s.down(x, false)
		lost, all := 0, 0
		for d := range held {
			if d != x.device || x.session >= 0 {
				all++
				if !left[d] {
					lost++
				}
			}
		}
		if most(lost, all) {
			s.note(x, origin)
		}
	}
}

// holders are the switches that hold the prefix last spread, but its origin.
func (s *singles) holders(origin int) map[int]bool {
	out := map[int]bool{}
	for _, d := range s.on {
		if d != origin && s.w.holds(d) {
			out[d] = true
		}
	}
	return out
}

func (s *singles) down(x element, down bool) {
	if x.session < 0 {
		s.g.speakers[x.device].down = down
		return
	}
	s.g.cut(x.device, x.session, down)
}

// note notes a device, or -1 for the outside, as lost with x.
func (s *singles) note(x element, device int) {
	if x.session >= 0 { // always by the same end
		if a := &s.g.speakers[x.device].sessions[x.session]; !a.outside && a.peer < x.device {
			x = element{a.peer, a.far}
		}
	}
	if s.lost[x] == nil {
		s.lost[x] = map[int]bool{}
	}
	s.lost[x][device] = true
}
