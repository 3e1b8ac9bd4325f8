package model

import (
	"cmp"
	"maps"
	"slices"
)

// nodes are lost with all of their leafs, or with their last cable.
func (s *singles) nodes() {
	for x, lost := range s.lost {
		for d := range lost {
			if d < 0 {
				continue
			}
			for i := range s.g.speakers[d].sessions {
				if a := &s.g.speakers[d].sessions[i]; !a.outside && s.g.device(a.peer).Role == Node && s.alone(a.peer, x, lost) {
					lost[a.peer] = true
				}
			}
		}
	}
	for d := range s.g.speakers {
		sessions := s.g.speakers[d].sessions
		if s.g.device(d).Role != Node || len(sessions) == 0 {
			continue
		}
		if len(sessions) == 1 {
			s.note(element{d, 0}, d)
		}
		if x := (element{sessions[0].peer, -1}); s.alone(d, x, nil) {
			s.note(x, d)
		}
	}
}

// alone says whether all of a node's leafs are lost or are x itself.
func (s *singles) alone(node int, x element, lost map[int]bool) bool {
	return !slices.ContainsFunc(s.g.speakers[node].sessions, func(a adjacency) bool {
		return !lost[a.peer] && (x.session >= 0 || a.peer != x.device)
	})
}

// sorted is what was found, in the order of the plan.
func (s *singles) sorted() []SinglePoint {
	links := make(map[End]int, 2*len(s.g.plan.Links))
	for i, l := range s.g.plan.Links {
		links[l.A], links[l.B] = i, i
	}
	type ranked struct {
		rank  [2]int
		point SinglePoint
	}
	var all []ranked
	for x, lost := range s.lost {
		dev := s.g.device(x.device)
		r := ranked{rank: [2]int{0, x.device}}
		if x.session < 0 {
			r.point.Device = dev.Name
		} else {
			end := End{dev.Name, s.g.speakers[x.device].sessions[x.session].port}
			if i, ours := links[end]; ours {
				r.rank, r.point.Link = [2]int{1, i}, &s.g.plan.Links[i]
			} else {
				r.rank, r.point.Link = [2]int{2, x.device}, &Link{A: end, B: End{Device: External}}
			}
		}
		r.point.Cut = s.cutNames(lost)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.rank[0], b.rank[0]), cmp.Compare(a.rank[1], b.rank[1]), pointPort(a.point, b.point))
	})
	out := make([]SinglePoint, len(all))
	for i := range all {
		out[i] = all[i].point
	}
	return out
}

// pointPort orders links to the outside that one border has.
func pointPort(a, b SinglePoint) int {
	if a.Link == nil || b.Link == nil {
		return 0
	}
	return CompareNatural(a.Link.A.Port, b.Link.A.Port)
}

func (s *singles) cutNames(lost map[int]bool) []string {
	devices := slices.Sorted(maps.Keys(lost))
	var out []string
	for _, d := range devices {
		if d >= 0 {
			out = append(out, s.g.device(d).Name)
		}
	}
	if lost[-1] {
		out = append(out, External)
	}
	return out
}
