package model_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"closup/model"
)

// TestBad loads fabrics that do not load: testdata/bad/<case>/fabric.yaml, with
// what is said of each in errors.txt.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*/fabric.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		folder := filepath.Dir(file)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f, err := model.Load("fabric.yaml", text)
			var problems model.Errors
			if f != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("it loads: %v, %v", f, err)
			}
			golden(t, filepath.Join(folder, "errors.txt"), []byte(err.Error()+"\n"))
			lines := strings.Count(string(text), "\n") + 1
			for i, p := range problems {
				if p.Line < 0 || p.Line > lines || p.Message == "" {
					t.Errorf("%+v stands nowhere", p)
				}
				if i > 0 && p.Line < problems[i-1].Line {
					t.Errorf("line %d is told after line %d", p.Line, problems[i-1].Line)
				}
			}
		})
	}
}

// TestLoadsAlone: every line of these is right, also on its own.
func TestLoadsAlone(t *testing.T) {
	for _, text := range []string{
		"", "# nothing", "{}", "version: 1", "name: a-1", "mtu: 9000", "mtu: {fabric: 1500}", "pods: []",
		`asn: {leafs: "65101+", nodes: 65020, spines: 1.10+rack}`, "spines: []\nleafs: []\nnodes: []\nlinks: []",
		"leafs: [{name: l1, ports: {}}]", "nodes: [{name: n1, roles: worker}]", "\ufeffname: x\r\nbfd: true\r\n",
		"ports: {leafs: {uplinks: swp51}}", "leafs: [{name: 7}]", "---\nname: x\n...\n",
	} {
		if _, err := model.Load("f", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLoadFields reads every key once and looks at what became of it.
func TestLoadFields(t *testing.T) {
	const text = `version: 1
name: every-key
asn: {superspines: 65000, spines: "65020+pod", leafs: 1.10+rack, borders: 65141+, nodes: 65801}
loopbacks: {superspines: 10.1.0.5/24, borders: [10.1.4.0/24, "fd00::/64"]}
pods: [10.233.64.0/18, "fd01::/48"]
services: 10.96.0.0/12
timers: {keepalive: 1, hold: 3, connect: 5}
bfd: true
mtu: {fabric: 9100, nodes: 1500}
management: {port: eno1, vrf: oob, address: 192.0.2.1/24}
access: {user: me, port: 2222, identity: ~/k, jump: "j@h:22"}
platform: {nodes: flatcar}
release: {nodes: 3975.2, leafs: "5.9"}
network: {spines: netplan}
router: {nodes: frr-container}
ports: {spines: {uplinks: "swp[31-32]", downlinks: [swp1, "swp[3-4]"]}}
hosts: {advertise: default}
kubernetes: {deployer: kubeadm, cni: {name: cilium, ipam: cilium}, node_mask: 25, domain: k.local, dns: 10.96.0.10, api: 10.0.0.1}
superspines: [{name: t1, plane: a}]
spines: [{name: s1, pod: p, plane: a, breakout: {"swp[1-2]": 4x25G}}]
leafs: [{name: l1, n: 5, asn: 1.1, loopback: 10.9.9.9, platform: debian, release: 5.10, network: ifupdown2, router: frr, mgmt: host.example, management: {vrf: x}, ports: {uplinks: a1}, rack: r, serial: S1, access: {user: you}, pod: p}]
borders: [{name: b1, peers: [{port: swp44, asn: external, local: 203.0.113.1/31, remote: 203.0.113.0, accept: 0.0.0.0/0, advertise: [10.1.3.0/24], vlan: 7, bfd: true, maximum_prefix: 9}]}]
nodes: [{name: n1, pods: 10.234.0.0/24, roles: [control-plane, etcd], homes: 2, rack: r, pod: p}]
links: [t1:swp1 s1:swp31, {a: s1:swp3, b: l1:a1, speed: 100G}]
`
	f, err := model.Load("fabric.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	spec := func(i int) model.Spec { s := f.Devices[i]; s.Line = 0; return s }
	for i, got := range []any{
		f.Version, f.Name, f.ASN, f.Loopbacks, f.Pods, f.Services, f.Timers, f.BFD, f.MTU, f.Management, f.Access,
		f.Platform, f.Release, f.Network, f.Router, f.Ports, f.Hosts, f.Kubernetes, spec(0), spec(1), spec(2), spec(3), spec(4), f.Links, f.Cabled,
	} {
		want := []string{
			`1`, `every-key`, `[65000 65020+pod 1.10+rack 65141+ 65801]`, `[[10.1.0.5/24] [10.1.2.0/24] [10.1.1.0/24] [10.1.4.0/24 fd00::/64] [10.1.3.0/24]]`,
			`[10.233.64.0/18 fd01::/48]`, `[10.96.0.0/12]`, `{Keepalive:1 Hold:3 Connect:5}`, `true`, `{Fabric:9100 Nodes:1500}`,
			`{Port:eno1 VRF:oob Address:192.0.2.1/24}`, `{User:me Port:2222 Identity:~/k Jump:j@h:22}`,
			`[cumulus cumulus cumulus cumulus flatcar]`, `[  5.9  3975.2]`, `[ifupdown2 netplan ifupdown2 ifupdown2 networkd]`, `[frr frr frr frr frr-container]`,
			`[{Uplinks:[] Downlinks:[]} {Uplinks:[swp31 swp32] Downlinks:[swp1 swp3 swp4]} {Uplinks:[] Downlinks:[]} {Uplinks:[] Downlinks:[]} {Uplinks:[] Downlinks:[]}]`,
			`default`, `{Deployer:kubeadm CNI:cilium IPAM:cilium NodeMask:25 Domain:k.local DNS:10.96.0.10 API:10.0.0.1}`,
			`{Role:superspine Name:t1 N:1 ASN:0 Loopbacks:[] Platform: Release: Network: Router: Mgmt: Management:{Port: VRF: Address:} Ports:{Uplinks:[] Downlinks:[]} Breakout:[] Rack: Serial: Pod: Plane:a Access:{User: Port:0 Identity: Jump:} Container:{Engine: Image: Privileged:<nil>} Pods:[] Roles:[] Homes:0 Peers:[] Path:superspines[0] Line:0}`,
			`{Role:spine Name:s1 N:1 ASN:0 Loopbacks:[] Platform: Release: Network: Router: Mgmt: Management:{Port: VRF: Address:} Ports:{Uplinks:[] Downlinks:[]} Breakout:[{Port:swp1 Count:4 Speed:25G} {Port:swp2 Count:4 Speed:25G}] Rack: Serial: Pod:p Plane:a Access:{User: Port:0 Identity: Jump:} Container:{Engine: Image: Privileged:<nil>} Pods:[] Roles:[] Homes:0 Peers:[] Path:spines[0] Line:0}`,
			`{Role:leaf Name:l1 N:5 ASN:65537 Loopbacks:[10.9.9.9] Platform:debian Release:5.10 Network:ifupdown2 Router:frr Mgmt:host.example Management:{Port: VRF:x Address:} Ports:{Uplinks:[a1] Downlinks:[]} Breakout:[] Rack:r Serial:S1 Pod:p Plane: Access:{User:you Port:0 Identity: Jump:} Container:{Engine: Image: Privileged:<nil>} Pods:[] Roles:[] Homes:0 Peers:[] Path:leafs[0] Line:0}`,
			`{Role:border Name:b1 N:1 ASN:0 Loopbacks:[] Platform: Release: Network: Router: Mgmt: Management:{Port: VRF: Address:} Ports:{Uplinks:[] Downlinks:[]} Breakout:[] Rack: Serial: Pod: Plane: Access:{User: Port:0 Identity: Jump:} Container:{Engine: Image: Privileged:<nil>} Pods:[] Roles:[] Homes:0 Peers:[{Port:swp44 ASN:0 Local:203.0.113.1/31 Remote:203.0.113.0 Accept:[0.0.0.0/0] Advertise:[10.1.3.0/24] VLAN:7 BFD:true MaximumPrefix:9 Line:22}] Path:borders[0] Line:0}`,
			`{Role:node Name:n1 N:1 ASN:0 Loopbacks:[] Platform: Release: Network: Router: Mgmt: Management:{Port: VRF: Address:} Ports:{Uplinks:[] Downlinks:[]} Breakout:[] Rack:r Serial: Pod:p Plane: Access:{User: Port:0 Identity: Jump:} Container:{Engine: Image: Privileged:<nil>} Pods:[10.234.0.0/24] Roles:[control-plane etcd] Homes:2 Peers:[] Path:nodes[0] Line:0}`,
			`[{A:t1:swp1 B:s1:swp31 Speed: Line:24} {A:s1:swp3 B:l1:a1 Speed:100G Line:24}]`, `true`,
		}[i]
		if got := fmt.Sprintf("%+v", got); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for path, want := range map[string]int{
		"": 1, "name": 2, "borders[0].peers[0].vlan": 22, "links[1]": 24, "leafs[0].nothing": 21, "leafs[9]": 21, "nothing": 1, "a[": 1,
	} {
		if got := f.Line(path); got != want {
			t.Errorf("%q is on line %d, not %d", path, got, want)
		}
	}
}
