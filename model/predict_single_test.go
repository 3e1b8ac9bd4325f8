package model_test

import (
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"closup/model"
)

// points spells single points: "spine1" or "spine1:swp1 leaf1:swp51", and whom
// they cut.
func points(p *model.Plan) map[string]string {
	out := map[string]string{}
	for _, s := range p.SinglePoints() {
		name := s.Device
		if s.Link != nil {
			name = s.Link.A.String() + " " + s.Link.B.String()
		}
		out[name] = fmt.Sprint(s.Cut)
	}
	return out
}

// takenDown finds single points the long way: everything is taken down once. A
// leaf is cut when most other switches lose its loopback, a node when each of
// its cables is down or leads to a leaf that is down or cut.
func takenDown(p *model.Plan) map[string]string {
	out := map[string]string{}
	healthy := p.Routes()
	try := func(name string, f model.Failure) {
		left := map[model.RouteKey]bool{}
		for _, r := range p.RoutesWithout(f) {
			left[model.RouteKey{Device: r.Device, Prefix: r.Prefix}] = true
		}
		gone := map[string]bool{}
		for _, d := range f.Devices {
			gone[d] = true
		}
		var cut []string
		for _, d := range p.Devices {
			if gone[d.Name] || d.Role == model.Superspine || d.Role == model.Spine {
				continue
			}
			if d.Role == model.Leaf && leafCut(p, d, healthy, left, f) || d.Role == model.Node && nodeCut(d, gone, f) {
				gone[d.Name] = true
				cut = append(cut, d.Name)
			}
		}
		if len(cut) > 0 {
			out[name] = fmt.Sprint(cut)
		}
	}
	for _, d := range p.Devices {
		try(d.Name, model.Failure{Devices: []string{d.Name}})
	}
	for _, l := range p.Links {
		try(l.A.String()+" "+l.B.String(), model.Failure{Links: []model.End{l.A}})
	}
	return out
}

func leafCut(p *model.Plan, d model.Device, healthy []model.Route, left map[model.RouteKey]bool, f model.Failure) bool {
	lost, all := 0, 0
	for _, r := range healthy {
		holder, _ := p.Device(r.Device)
		if r.Prefix != d.Loopbacks[0] || r.Device == d.Name || !holder.Role.Switch() || slices.Contains(f.Devices, r.Device) {
			continue
		}
		all++
		if !left[model.RouteKey{Device: r.Device, Prefix: r.Prefix}] {
			lost++
		}
	}
	return 2*lost > all
}

func nodeCut(d model.Device, gone map[string]bool, f model.Failure) bool {
	return len(d.Ports) > 0 && !slices.ContainsFunc(d.Ports, func(port model.Port) bool {
		return !gone[port.Peer] && !slices.Contains(f.Links, model.End{Device: port.Peer, Port: port.PeerPort})
	})
}

func TestSinglePointsAgainstTakingDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := anyFabric(t)
		f, err := model.Load("any.yaml", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		p, _ := model.NewPlan(f)
		if diff := gocmp.Diff(takenDown(p), points(p)); diff != "" {
			t.Fatalf("taken down one by one (-) and found (+):\n%s\n%s", diff, data)
		}
	})
}

// TestSinglePointsOfPresets: the article has one of everything; of the
// reference nothing is single.
func TestSinglePointsOfPresets(t *testing.T) {
	want := map[string]string{
		"spine1": "[leaf1 leaf2 k8s1 k8s2 k8s3]", "leaf1": "[k8s1]", "leaf2": "[k8s2 k8s3]",
		"spine1:swp1 leaf1:swp32": "[leaf1 k8s1]", "spine1:swp2 leaf2:swp32": "[leaf2 k8s2 k8s3]",
		"leaf1:swp1 k8s1:eth1": "[k8s1]", "leaf2:swp1 k8s2:eth1": "[k8s2]", "leaf2:swp2 k8s3:eth1": "[k8s3]",
	}
	if diff := gocmp.Diff(want, points(preset(t, "article"))); diff != "" {
		t.Errorf("article (-want +got):\n%s", diff)
	}
	if got := points(preset(t, "reference")); len(got) != 0 {
		t.Errorf("reference: %v", got)
	}
}
