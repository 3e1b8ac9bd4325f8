package observe

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/assets"
	"closup/model"
)

func preset(t *testing.T, name string) *model.Plan {
	t.Helper()
	data, err := assets.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := model.ParseDocument(name, data).Fabric()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(fabric)
	return p
}

func TestTrace(t *testing.T) {
	p := preset(t, "article")
	routes := p.Routes()
	pods := netip.MustParsePrefix("10.233.65.0/24")
	s := Snapshot{Devices: []Device{
		{Name: "spine1", Reachable: true, Routes: []Route{{Prefix: pods, Paths: []model.Path{{Port: "swp2", AS: []uint32{65102, 65802}}}}}},
		{Name: "leaf1", Reachable: true, Routes: []Route{{Prefix: pods, Paths: []model.Path{{Port: "swp32", AS: []uint32{65501, 65999}}}}}},
		{Name: "k8s1", Reachable: false, Routes: []Route{{Prefix: pods, Paths: []model.Path{{Port: "eth1", AS: []uint32{65101, 65501, 65102, 65802}}}}}},
	}}
	got, err := TraceTo(p, routes, s, netip.MustParseAddr("10.233.65.7"))
	if err != nil {
		t.Fatal(err)
	}
	want := Trace{
		Address: netip.MustParseAddr("10.233.65.7"), Prefix: pods, Owner: TraceOwner{Device: "k8s2", Leafs: []string{"leaf2"}},
		From: []TracePath{
			{"spine1", "swp2", []uint32{65102, 65802}, []string{"leaf2", "k8s2"}, true, true},
			{"leaf1", "swp32", []uint32{65501, 65102, 65802}, []string{"spine1", "leaf2", "k8s2"}, true, false},
			{"leaf1", "swp32", []uint32{65501, 65999}, []string{"spine1", "AS65999"}, false, true},
			{"leaf2", "swp1", []uint32{65802}, []string{"k8s2"}, true, false},
			{"k8s1", "eth1", []uint32{65101, 65501, 65102, 65802}, []string{"leaf1", "spine1", "leaf2", "k8s2"}, true, false},
			{"k8s3", "eth1", []uint32{65102, 65802}, []string{"leaf2", "k8s2"}, true, false},
		},
	}
	if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
	if _, err := TraceTo(p, routes, Snapshot{}, netip.MustParseAddr("192.0.2.1")); err == nil {
		t.Error("an address that nobody announces has an owner")
	}
}

// Spines that share an ASN cannot be told apart by the path alone.
func TestTraceShared(t *testing.T) {
	p := preset(t, "reference")
	got, err := TraceTo(p, p.Routes(), Snapshot{}, netip.MustParseAddr("10.0.0.33"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(TraceOwner{Device: "server03", Rack: "rack2", Leafs: []string{"leaf03", "leaf04"}}, got.Owner); d != "" {
		t.Error(d)
	}
	found := false
	for _, row := range got.From {
		if row.Device == "server01" && row.Port == "eth1" {
			found = true
			if d := cmp.Diff([]string{"leaf01", "spine01|spine02", "leaf03|leaf04", "server03"}, row.Devices); d != "" && row.Devices[1] != "spine01|spine02" {
				t.Error(d)
			}
		}
	}
	if !found {
		t.Error("no path from server01")
	}
	outside, err := TraceTo(p, p.Routes(), Snapshot{}, netip.MustParseAddr("192.0.2.1"))
	if err != nil || outside.Owner.Device != "external" || outside.Prefix.Bits() != 0 {
		t.Errorf("%+v, %v", outside.Owner, err)
	}
}
