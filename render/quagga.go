package render

import (
	"slices"
	"strings"

	"closup/model"
)

// quaggaFile is what Quagga.conf.tmpl prints: the same routing as frrFile, in
// the article's words and order.
type quaggaFile struct {
	frrFile
	Ports    []string // unnumbered: they send router advertisements
	Lists    []quaggaList
	Families []quaggaFamily
}

type quaggaList struct {
	frrList
	Access bool
	Word   string // how an access-list of its family begins
}

type quaggaFamily struct {
	frrFamily
	V6        bool // for which `maximum-paths` has to be said once more
	Neighbors []quaggaNeighbor
}

type quaggaNeighbor struct {
	frrNeighbor
	Active bool // the group exchanges the family: nothing does so by itself
}

// quaggaView puts a device's routing into the shape of a Quagga.conf. What FRR
// does by itself is said: advertisements, extended next hops, activation.
func quaggaView(p *model.Plan, d *model.Device) (any, error) {
	view, err := frrView(p, d)
	if err != nil {
		return nil, err
	}
	r, q := &d.Routing, quaggaFile{frrFile: view.(frrFile)}
	for _, peer := range r.Peers {
		if !peer.Address.IsValid() && !slices.Contains(q.Ports, peer.Port) {
			q.Ports = append(q.Ports, peer.Port)
		}
	}
	q.Maps = slices.Clone(q.Maps)
	for i, l := range r.PrefixLists {
		word := "access-list"
		if l.V6 {
			word = "ipv6 access-list"
		}
		q.Lists = append(q.Lists, quaggaList{q.frrFile.Lists[i], l.Access, word})
		for i := range q.Maps {
			if l.Access && strings.HasSuffix(q.Maps[i].Line, " address prefix-list "+l.Name) {
				q.Maps[i].Line = "match " + ipWord(l.V6) + " address " + l.Name
			}
		}
	}
	for _, f := range q.frrFile.Families {
		family := quaggaFamily{frrFamily: f, V6: f.Name == "ipv6 unicast"}
		for _, n := range f.Neighbors {
			i := slices.IndexFunc(r.Groups, func(g model.PeerGroup) bool { return g.Name == n.Key })
			active := i >= 0 && (r.Groups[i].V4 && !family.V6 || r.Groups[i].V6 && family.V6)
			family.Neighbors = append(family.Neighbors, quaggaNeighbor{n, active})
		}
		q.Families = append(q.Families, family)
	}
	return q, nil
}
