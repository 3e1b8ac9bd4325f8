package netns

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"closup/model"
)

const borders = `version: 1
name: outside
asn: {spines: 65020, leafs: 65011+, borders: 65041+, nodes: 65031+}
loopbacks: {spines: 10.0.0.21/24, leafs: 10.0.0.11/24, borders: 10.0.0.41/24, nodes: 10.0.0.31/24}
pods: 10.233.64.0/18
services: 10.233.0.0/18
spines: [{name: spine1}]
leafs: [{name: leaf1}]
borders:
  - name: border1
    peers:
      - {port: swp43, asn: 65250, advertise: [10.0.0.0/24]}
      - {port: swp44, asn: 65254, local: 203.0.113.1/31, remote: 203.0.113.0, accept: [0.0.0.0/0, 198.51.100.0/24], advertise: [10.0.0.0/24], bfd: true}
      - {port: swp45, vlan: 100, asn: external, local: 203.0.113.9/30, remote: 203.0.113.10, accept: [192.0.2.0/24], advertise: [10.0.0.0/24]}
      - {port: swp45, vlan: 200, asn: 65255, accept: [0.0.0.0/0], advertise: [10.0.0.0/24]}
nodes: [{name: k8s1}]
`

func load(t testing.TB, source string) *model.Plan {
	t.Helper()
	f, err := model.Load("fabric.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	return p
}

func prefixes(s ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func TestOutsidePeers(t *testing.T) {
	p := load(t, borders)
	s, err := layout(p)
	if err != nil {
		t.Fatal(err)
	}
	router := s.Devices[len(s.Devices)-1]
	if router.Name != "external" || len(s.Devices) != len(p.Devices)+1 {
		t.Fatalf("no router: %v", s.Devices)
	}
	border := slices.IndexFunc(s.Devices, func(b box) bool { return b.Name == "border1" })
	var cables []cable
	for _, c := range s.Cables {
		if c.A == len(s.Devices)-1 {
			cables = append(cables, c)
		}
	}
	want := []cable{
		{len(p.Devices), border, "peer1", "swp43"},
		{len(p.Devices), border, "peer2", "swp44"},
		{len(p.Devices), border, "peer3", "swp45"}, // one for both VLANs
	}
	if !slices.Equal(cables, want) {
		t.Errorf("cables %v, want %v", cables, want)
	}
	peers := outsidePeers(p)
	if len(peers) != 4 {
		t.Fatalf("%d peers, want 4: %+v", len(peers), peers)
	}
	for i, want := range []outsidePeer{
		{border: border, port: "swp43", asn: 65250, announce: prefixes("0.0.0.0/0")},
		{border: border, port: "swp44", asn: 65254, announce: prefixes("0.0.0.0/0", "198.51.100.0/24"), bfd: true, own: netip.MustParsePrefix("203.0.113.0/31"), remote: netip.MustParseAddr("203.0.113.1")},
		{border: border, port: "swp45", vlan: 100, announce: prefixes("192.0.2.0/24"), own: netip.MustParsePrefix("203.0.113.10/30"), remote: netip.MustParseAddr("203.0.113.9")},
		{border: border, port: "swp45", vlan: 200, asn: 65255, announce: prefixes("0.0.0.0/0")},
	} {
		got := peers[i]
		if !slices.Equal(got.announce, want.announce) {
			t.Errorf("%s announces %v, want %v", want.port, got.announce, want.announce)
		}
		got.announce, want.announce, got.mtu = nil, nil, 0
		if got.border != want.border || got.port != want.port || got.vlan != want.vlan || got.asn != want.asn || got.own != want.own || got.remote != want.remote || got.bfd != want.bfd {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestOutsideInterfaces(t *testing.T) {
	own := netip.MustParsePrefix
	got := outsideInterfaces([]outsidePeer{
		{here: "peer1", own: own("203.0.113.0/31"), mtu: 9216},
		{here: "peer1", own: own("203.0.113.4/31"), mtu: 9216},
		{here: "peer2", vlan: 100, own: own("203.0.113.10/30")},
	})
	want := `auto peer1
iface peer1
    mtu 9216
    address 203.0.113.0/31
    address 203.0.113.4/31

auto peer2
iface peer2

auto peer2.100
iface peer2.100
    address 203.0.113.10/30

`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestOutsideConfigIsAccepted asks FRR's own parser, which must refuse a line
// that is wrong.
func TestOutsideConfigIsAccepted(t *testing.T) {
	vtysh, err := exec.LookPath("vtysh")
	if err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatal("FRR is not installed")
		}
		t.Skip("FRR is not installed: its parser is what this test asks")
	}
	p := load(t, borders)
	s, err := layout(p)
	if err != nil {
		t.Fatal(err)
	}
	var config string
	for _, f := range s.Devices[len(s.Devices)-1].Files {
		if f.Path == "/etc/frr/frr.conf" {
			config = f.Body
		}
	}
	check := func(config string) (string, error) {
		path := filepath.Join(t.TempDir(), "frr.conf")
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(vtysh, "-C", "-f", path).CombinedOutput()
		return string(out), err
	}
	if out, err := check(config); err != nil {
		t.Errorf("%v: %s\n%s", err, out, config)
	}
	if _, err := check(strings.Replace(config, "router bgp", "router bgpp", 1)); err == nil {
		t.Error("a wrong line is accepted: this test finds nothing")
	}
}
