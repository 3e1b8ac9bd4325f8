package render_test

import (
	"slices"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// explained are the ends of the paths whose lines have reasons.
var explained = []string{"frr.conf", "Quagga.conf", "interfaces", "netplan/90-closup.yaml", ".network", ".netdev", "networkd.conf.d/90-closup-networkd.conf", "sysctl.d/90-closup.conf", "frr/daemons", "/etc/hosts", "/etc/hostname", "kubelet.service.d/90-closup-kubelet.conf"}

// TestEveryLineHasAReason: each line of each of these files of every case has a sentence and a source, and a key of fabric.yaml stands in the line
// that is named.
func TestEveryLineHasAReason(t *testing.T) {
	for name, text := range cases(t) {
		f, err := model.Load(name, text)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := model.NewPlan(f)
		source := strings.Split(string(text), "\n")
		for i := range p.Devices {
			d := &p.Devices[i]
			files, err := render.Device(p, d)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range files {
				reasons := render.Explain(f, p, d, a.Path, a.Body)
				if known := slices.ContainsFunc(explained, func(end string) bool { return strings.HasSuffix(a.Path, end) }); known != (reasons != nil) {
					t.Errorf("%s: reasons for %s: %t, want %t", name, a.Path, reasons != nil, known)
				}
				lines := strings.Split(strings.TrimSuffix(string(a.Body), "\n"), "\n")
				if reasons != nil && len(reasons) != len(lines) {
					t.Fatalf("%s %s %s: %d reasons for %d lines", name, d.Name, a.Path, len(reasons), len(lines))
				}
				for n, r := range reasons {
					if r.Why == "" || r.Source == "" || strings.ContainsAny(r.Why, "${}") || !strings.HasSuffix(r.Why, ".") {
						t.Errorf("%s %s %s:%d %q: %q", name, d.Name, a.Path, n+1, lines[n], r)
					}
					if r.Line > len(source) || r.Line > 0 && strings.TrimSpace(source[r.Line-1]) == "" {
						t.Errorf("%s %s %q: %s does not stand in line %d", name, d.Name, lines[n], r.Key, r.Line)
					}
				}
			}
		}
	}
}

// TestReasons: what some lines say, and that lines which are not the plan's
// have none.
func TestReasons(t *testing.T) {
	const text = `version: 1
name: why
asn:
  spines: 65020
  leafs: 65101+
loopbacks:
  spines: 10.1.2.0/24
  leafs: 10.1.1.0/24
spines: [{name: spine1}]
leafs:
  - {name: leaf1}
  - {name: leaf2, asn: 65999}
links:
  - spine1:swp1 leaf1:swp51
  - spine1:swp2 leaf2:swp51
`
	f, err := model.Load("fabric.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	for _, c := range []struct{ device, path, before, line, want string }{
		{"leaf1", "/etc/frr/frr.conf", "", "router bgp 65101", "fabric.yaml:5 asn.leafs"},
		{"leaf2", "/etc/frr/frr.conf", "", "router bgp 65999", "fabric.yaml:12 leafs[1].asn"},
		{"leaf1", "/etc/frr/frr.conf", "", " neighbor swp51 interface peer-group uplinks", "fabric.yaml:14 links; RFC 8950"},
		{"leaf2", "/etc/frr/frr.conf", "", " neighbor uplinks timers 3 9", "timers is left out; RFC 4271"},
		{"leaf1", "/etc/frr/frr.conf", "", "ip prefix-list LOOPBACK seq 5 permit 10.1.1.1/32", "fabric.yaml:8 loopbacks.leafs"},
		{"leaf1", "/etc/network/interfaces", "auto lo\niface lo inet loopback\n", "    address 10.1.1.1/32", "fabric.yaml:8 loopbacks.leafs"},
		{"spine1", "/etc/network/interfaces", "", "iface swp2", "fabric.yaml:15 links"},

		{"leaf1", "/etc/frr/frr.conf", "", "ip prefix-list LOOPBACK seq 5 permit 10.1.1.2/32", ""},
		{"leaf1", "/etc/frr/frr.conf", "", "ip prefix-list LOOPBACK seq 5 deny 10.1.1.1/32", ""},
		{"leaf1", "/etc/frr/frr.conf", "", " neighbor swp99 interface peer-group uplinks", ""},
		{"leaf1", "/etc/frr/frr.conf", "", " neighbor strangers peer-group", ""},
		{"leaf1", "/etc/frr/frr.conf", "", "router ospf", ""},
		{"leaf1", "/etc/frr/frr.conf", "", " neighbor uplinks password secret", ""},
		{"leaf1", "/etc/frr/frr.conf", "", "router bgp 65101 as-notation plain", ""},
		{"leaf1", "/etc/network/interfaces", "auto swp51\niface swp51\n", "    address 10.1.1.1/32", ""},
		{"leaf1", "/etc/network/interfaces", "", "iface swp99", ""},
		{"leaf1", "/etc/network/interfaces", "", "    post-up reboot", ""},

		{"leaf1", "/etc/sysctl.d/90-closup.conf", "", "net.ipv6.conf.swp51.accept_ra = 0", "fabric.yaml:14 links"},
		{"leaf1", "/etc/sysctl.d/90-closup.conf", "", "net.ipv6.conf.swp99.accept_ra = 0", ""},
		{"leaf1", "/etc/sysctl.d/90-closup.conf", "", "net.ipv6.conf.swp51.accept_ra = 1", ""},
		{"leaf1", "/etc/hosts", "", "10.1.1.1 leaf1", "own name leads to its loopback"},
		{"leaf1", "/etc/hosts", "", "10.1.1.2 leaf2", "fabric.yaml:8 loopbacks.leafs"},
		{"leaf1", "/etc/hosts", "", "10.1.1.2 leaf1", ""},
		{"leaf1", "/etc/hosts", "", "10.1.1.1 strangers", ""},
		{"leaf1", "/etc/hostname", "", "leaf2", ""},
		{"leaf1", "/etc/frr/daemons", "", "bfdd=no", "bfd is left out"},
		{"leaf1", "/etc/frr/daemons", "", "ospfd=yes", ""},
		{"leaf1", "/etc/netplan/90-closup.yaml", "    swp51:\n", "      mtu: 9216", "mtu is left out"},
		{"leaf1", "/etc/netplan/90-closup.yaml", "", "    swp99:", ""},
		{"leaf1", "/etc/netplan/90-closup.yaml", "    lo:\n", `        - "10.1.1.1/32"`, "fabric.yaml:8 loopbacks.leafs"},
		{"leaf1", "/etc/netplan/90-closup.yaml", "    swp51:\n", `        - "10.1.1.1/32"`, ""},
		{"leaf1", "/etc/systemd/network/10-closup-lo.network", "Name=lo\n", "Address=10.1.1.1/32", "fabric.yaml:8 loopbacks.leafs"},
		{"leaf1", "/etc/systemd/network/10-closup-fabric.network", "", "Name=swp99", ""},
		{"leaf1", "/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf", "", "Environment=KUBELET_EXTRA_ARGS=--node-ip=10.1.1.1", "fabric.yaml:8"},
		{"leaf1", "/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf", "", "Environment=KUBELET_EXTRA_ARGS=--node-ip=10.1.1.2", ""},
	} {
		d, _ := p.Device(c.device)
		reasons := render.Explain(f, p, d, c.path, []byte(c.before+c.line+"\n"))
		got := reasons[len(reasons)-1].String()
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.device, c.line, got, c.want)
		}
	}
}
