package work

import (
	"fmt"
	"strings"

	"closup/model"
)

// Recable follows an edit of the devices, so that no cable that was there
// moves: before is the plan of before the edit. As long as the automatic
// cabling keeps every cable where it was, nothing is written. Otherwise the
// cables are written into `links`: those of before whose devices are still
// there, and for devices that are new those that the automatic cabling gives
// them on ports that are free. It says how many rows `links` got.
func (p *Project) Recable(before *model.Plan) (int, error) {
	if p.Err != nil {
		return 0, nil
	}
	automatic := *p.Fabric
	automatic.Cabled, automatic.Links = false, nil
	plan, _ := model.NewPlan(&automatic)
	if !p.Fabric.Cabled {
		if !moves(before, plan) {
			return 0, nil
		}
		kept := p.kept(before)
		return len(kept), p.Set("links", rows(append(kept, fresh(before, plan, kept)...)))
	}
	added := fresh(before, plan, p.kept(p.Plan))
	if len(added) == 0 {
		return 0, nil
	}
	for _, l := range added {
		if err := p.Doc.Insert("links", p.Doc.Len("links"), l.A.String()+" "+l.B.String()); err != nil {
			return 0, err
		}
	}
	p.replan()
	return len(added), nil
}

// moves says whether a cable between devices of both plans leads elsewhere.
func moves(before, after *model.Plan) bool {
	for _, c := range Renumbered(before, after) {
		if strings.HasPrefix(c.What, "cable") && c.Before != "" && c.After != "" {
			return true
		}
	}
	return false
}

// kept is the links of a plan between devices that the fabric still has.
func (p *Project) kept(plan *model.Plan) []model.Link {
	var kept []model.Link
	for _, l := range plan.Links {
		_, a := p.Plan.Device(l.A.Device)
		_, b := p.Plan.Device(l.B.Device)
		if a && b {
			kept = append(kept, l)
		}
	}
	return kept
}

// fresh is the links of after that have a device which before has not, where
// their ports are free beside the links that stay.
func fresh(before, after *model.Plan, stay []model.Link) []model.Link {
	used := make(map[model.End]bool)
	for _, l := range stay {
		used[l.A], used[l.B] = true, true
	}
	var added []model.Link
	for _, l := range after.Links {
		_, a := before.Device(l.A.Device)
		_, b := before.Device(l.B.Device)
		if (!a || !b) && !used[l.A] && !used[l.B] {
			added = append(added, l)
		}
	}
	return added
}

// rows writes links as a list of YAML.
func rows(links []model.Link) string {
	var b strings.Builder
	for _, l := range links {
		fmt.Fprintf(&b, "- %s %s\n", l.A, l.B)
	}
	return b.String()
}
