package render_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestNetplanReads: the file means, to a reader of YAML, what the plan says.
func TestNetplanReads(t *testing.T) {
	type port struct {
		DHCP4, DHCP6 *bool
		AcceptRA     *bool    `yaml:"accept-ra"`
		LinkLocal    []string `yaml:"link-local"`
		MTU, ID      int
		Link         string
		Addresses    []string
	}
	var file struct {
		Network struct {
			Version   int
			Ethernets map[string]port
			VLANs     map[string]port
		}
	}
	text, err := os.ReadFile("testdata/netplan/devices/border1/etc/netplan/90-closup.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	n := file.Network
	if n.Version != 2 || len(n.Ethernets) != 3 || len(n.VLANs) != 1 {
		t.Fatalf("%+v", n)
	}
	lo := n.Ethernets["lo"]
	if !slices.Equal(lo.Addresses, []string{"10.1.4.1/32", "fd00:4::1/128"}) || lo.DHCP4 != nil || lo.MTU != 0 {
		t.Errorf("lo: %+v", lo)
	}
	up := n.Ethernets["swp51"]
	if up.DHCP4 == nil || *up.DHCP4 || up.AcceptRA == nil || *up.AcceptRA || !slices.Equal(up.LinkLocal, []string{"ipv6"}) || up.MTU != 9216 || len(up.Addresses) > 0 {
		t.Errorf("swp51: %+v", up)
	}
	vlan := n.VLANs["swp44.100"]
	if vlan.ID != 100 || vlan.Link != "swp44" || !slices.Equal(vlan.Addresses, []string{"203.0.113.1/31"}) {
		t.Errorf("swp44.100: %+v", vlan)
	}
}

// TestNetplanVerify reads the file as its unit does, on real interfaces.
func TestNetplanVerify(t *testing.T) {
	need(t, true, "unshare", "nsenter")
	t.Parallel()
	b := newBox(t)
	u := unit(t, "netplan")
	b.install(only(device(t, "netplan", "node1"), "netplan"))
	b.run(`ip link add eth1 mtu 9000 type veth peer name far1; ip addr add 10.1.3.1/32 dev lo; ip addr add fd00:3::1/128 dev lo`)
	const file = "/etc/netplan/90-closup.yaml"
	b.run(u.Verify, file)
	if got := b.run(u.Show); !strings.Contains(got, "eth1 mtu 9000\n") || !strings.Contains(got, "10.1.3.1/32") {
		t.Errorf("Show: %s", got)
	}
	b.run(`ip addr del 10.1.3.1/32 dev lo; ip link set eth1 mtu 1500`)
	out, err := b.try(u.Verify, file)
	if err == nil || !strings.Contains(out, "lo: address 10.1.3.1/32 is missing") || !strings.Contains(out, "eth1: MTU is 1500, not 9000") {
		t.Errorf("Verify says %q, %v", out, err)
	}
}
