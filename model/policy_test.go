package model_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"closup/model"
)

// small is a fabric whose lines the cases replace.
const small = `version: 1
name: small
asn: {spines: "65020", leafs: 65101+, borders: 65141+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, borders: 10.1.4.0/24, nodes: 10.1.3.0/24}
pods: 10.233.64.0/18
services: 10.233.0.0/18
spines: [{name: "spine[1-2]"}]
leafs: [{name: "leaf[1-2]"}]
borders: [{name: border1, peers: [{port: swp44, asn: 65254, accept: [0.0.0.0/0], advertise: [10.1.3.0/24, 10.233.64.0/18]}]}]
nodes: [{name: "node[1-3]"}]
`

// routingOf plans small, changed by pairs of old and new text, and gives the
// routing of one device.
func routingOf(t testing.TB, device string, changes ...string) model.Routing {
	t.Helper()
	text := small
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("%q is not there", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	f, err := model.Load("fabric.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	d, ok := p.Device(device)
	if !ok {
		t.Fatalf("no device %s", device)
	}
	return d.Routing
}

// rules spells a prefix-list as frr.conf does, without its name.
func rules(r model.Routing, name string) string {
	for _, l := range r.PrefixLists {
		if l.Name != name {
			continue
		}
		var out []string
		for _, rule := range l.Rules {
			s := "permit "
			if rule.Deny {
				s = "deny "
			}
			s += rule.Prefix.String()
			if rule.Ge > 0 {
				s += fmt.Sprint(" ge ", rule.Ge)
			}
			if rule.Le > 0 {
				s += fmt.Sprint(" le ", rule.Le)
			}
			out = append(out, s)
			if rule.Why == "" || rule.Seq == 0 {
				out = append(out, "without a reason or a number")
			}
		}
		return strings.Join(out, ", ")
	}
	return "no such list"
}

func TestPolicyLists(t *testing.T) {
	const pinned = "kubernetes: {cni: {name: bridge, ipam: host-local}}\nservices"
	for _, c := range []struct {
		name, device, list, want string
		changes                  []string
	}{
		{"a switch announces its loopback", "spine2", "LOOPBACK", "permit 10.1.2.2/32", nil},
		{"hosts may announce single addresses and pods", "leaf1", "HOSTS-IN", "permit 10.1.3.0/24 ge 32, permit 10.233.64.0/18 ge 24", nil},
		{
			"ranges that overlap: exact addresses of the nodes here", "leaf1", "HOSTS-IN", "permit 10.1.3.1/32, permit 10.1.3.3/32, permit 10.233.64.0/18 ge 24",
			[]string{"leafs: 10.1.1.0/24", "leafs: 10.1.3.101/24"},
		},
		{
			"a switch that takes an address of the nodes' range by itself", "leaf1", "HOSTS-IN", "permit 10.1.3.1/32, permit 10.1.3.3/32, permit 10.233.64.0/18 ge 24",
			[]string{`{name: "spine[1-2]"}`, `{name: spine1, loopback: 10.1.3.200}, {name: spine2}`},
		},
		{
			"a node with an address outside the range", "leaf1", "HOSTS-IN", "permit 10.1.3.0/24 ge 32, permit 192.0.2.9/32, permit 10.233.64.0/18 ge 24",
			[]string{`{name: "node[1-3]"}`, `{name: node1, loopback: 192.0.2.9}, {name: "node[2-3]"}`},
		},
		{
			"pinned pods, one by one, of the nodes here", "leaf1", "HOSTS-IN", "permit 10.1.3.0/24 ge 32, permit 10.233.64.0/24 le 32, permit 10.233.66.0/24 le 32",
			[]string{"services", pinned},
		},
		{
			"one node's own pods beside the others'", "leaf1", "HOSTS-IN", "permit 10.1.3.0/24 ge 32, permit 10.233.99.0/24 le 32, permit 10.233.64.0/18 ge 24",
			[]string{`{name: "node[1-3]"}`, `{name: node1, pods: 10.233.99.0/24}, {name: "node[2-3]"}`},
		},
		{
			"blocks of Calico's are longer than a short node mask, never shorter", "leaf1", "HOSTS-IN", "permit 10.1.3.0/24 ge 32, permit 10.233.64.0/18 ge 26",
			[]string{"services", "kubernetes: {node_mask: 28}\nservices"},
		},
		{"pods that are one node's", "node1", "PODS", "permit 10.233.64.0/24 le 32", []string{"pods: 10.233.64.0/18", "pods: 10.233.64.0/24"}},
		{"a node tells its own", "node2", "FABRIC-OUT", "permit 10.1.3.2/32, permit 10.233.64.0/18 ge 24", nil},
		{"a pinned node tells its own pods", "node2", "FABRIC-OUT", "permit 10.1.3.2/32, permit 10.233.65.0/24 le 32", []string{"services", pinned}},
		{"no list out where hosts are told all", "leaf1", "HOSTS-OUT", "no such list", nil},
		{"a list that lets nothing out beside the default", "leaf1", "HOSTS-OUT", "deny 0.0.0.0/0 le 32", []string{"services", "hosts: {advertise: default}\nservices"}},
		{"accepted exactly", "border1", "OUTSIDE-swp44-IN", "permit 0.0.0.0/0", nil},
		{"advertised exactly", "border1", "OUTSIDE-swp44-OUT", "permit 10.1.3.0/24, permit 10.233.64.0/18", nil},
		{"aggregates stay outside", "border1", "UPLINKS-OUT", "deny 10.1.3.0/24, deny 10.233.64.0/18, permit 0.0.0.0/0 le 32", nil},
		{"nothing agreed, nothing accepted", "border1", "OUTSIDE-swp44-IN", "deny 0.0.0.0/0 le 32", []string{"accept: [0.0.0.0/0]", "accept: []"}},
		{
			"a VLAN in the list's name", "border1", "OUTSIDE-swp44.7-OUT", "permit 10.1.3.0/24, permit 10.233.64.0/18",
			[]string{"{port: swp44,", "{port: swp44, vlan: 7,"},
		},
		{"IPv6 alone", "leaf1", "HOSTS-IN6", "permit fd00:3::/64 ge 128, permit fd10::/48 ge 64", []string{
			"spines: 10.1.2.0/24, leafs: 10.1.1.0/24, borders: 10.1.4.0/24, nodes: 10.1.3.0/24",
			`spines: "fd00:2::/64", leafs: "fd00:1::/64", borders: "fd00:4::/64", nodes: "fd00:3::/64"`,
			"10.233.64.0/18", `"fd10::/48"`, "services: 10.233.0.0/18", `services: "fd11::/112"`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := rules(routingOf(t, c.device, c.changes...), c.list); got != c.want {
				t.Errorf("%s of %s:\ngot  %s\nwant %s", c.list, c.device, got, c.want)
			}
		})
	}
}

// TestPolicyShare: who tolerates its own ASN, and who must not.
func TestPolicyShare(t *testing.T) {
	const oneLeafASN, oneNodeASN = `leafs: "65101"`, `nodes: "64512"`
	for _, c := range []struct {
		name, device, group string
		want                int
		changes             []string
	}{
		{"ASNs of their own", "node1", "fabric", 0, nil},
		{"nodes that share one", "node1", "fabric", 1, []string{"nodes: 65801+", oneNodeASN}},
		{"leafs with ASNs of their own", "leaf1", "uplinks", 0, nil},
		{"leafs that share one and have different nodes", "leaf1", "uplinks", 1, []string{"leafs: 65101+", oneLeafASN}},
		{"leafs that share one and have the same nodes", "leaf1", "uplinks", 0, []string{"leafs: 65101+", oneLeafASN, `"node[1-3]"`, `"node[1-3]", homes: 2`}},
		{"spines that share one", "spine1", "downlinks", 0, nil},
		{"the leafs' side toward nodes that share one", "leaf1", "hosts", 0, []string{"nodes: 65801+", oneNodeASN}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := routingOf(t, c.device, c.changes...)
			i := slices.IndexFunc(r.Groups, func(g model.PeerGroup) bool { return g.Name == c.group })
			if i < 0 {
				t.Fatalf("no group %s in %+v", c.group, r.Groups)
			}
			if got := r.Groups[i].AllowASIn; got != c.want {
				t.Errorf("allowas-in %d, want %d", got, c.want)
			}
		})
	}
}

// TestPolicyOutside: the kinds of outside peers, and what each exchanges.
func TestPolicyOutside(t *testing.T) {
	for _, c := range []struct {
		name, peer string
		want       model.Peer
		v4, v6     bool
	}{
		{"unnumbered", "asn: 65254", model.Peer{Port: "swp44", Group: "outside", ASN: 65254}, true, false},
		{"any ASN", "asn: external", model.Peer{Port: "swp44", Group: "outside"}, true, false},
		{
			"numbered", "asn: 65254, local: 203.0.113.1/31, remote: 203.0.113.0, maximum_prefix: 9, bfd: true",
			model.Peer{Port: "swp44", Address: netip.MustParseAddr("203.0.113.0"), Group: "outside-v4", ASN: 65254, MaxPrefix: 9, BFD: true},
			true, false,
		},
		{
			"numbered with IPv6", "asn: 65254, local: 2001:db8::1/127, remote: '2001:db8::'",
			model.Peer{Port: "swp44", Address: netip.MustParseAddr("2001:db8::"), Group: "outside-v6", ASN: 65254},
			false, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := routingOf(t, "border1", "asn: 65254", c.peer)
			got := r.Peers[len(r.Peers)-1]
			g := r.Groups[len(r.Groups)-1]
			if g.Name != got.Group || g.V4 != c.v4 || g.V6 != c.v6 || !g.RemovePrivAS || g.External {
				t.Errorf("group %+v", g)
			}
			if families := len(got.In); families != 1 || len(got.Out) != 1 || got.In[0].V6 != c.v6 {
				t.Errorf("in %v, out %v", got.In, got.Out)
			}
			if got.Device != "external" || r.BFD != c.want.BFD {
				t.Errorf("device %s, BFD %v", got.Device, r.BFD)
			}
			got.In, got.Out, got.Device, got.Description = nil, nil, "", ""
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// TestPolicyNodesAreHarmless: whatever a fabric looks like, a node never
// announces a default route or what it heard from others.
func TestPolicyNodesAreHarmless(t *testing.T) {
	for _, changes := range [][]string{
		nil,
		{"services", "hosts: {advertise: default}\nservices"},
		{"services", "kubernetes: {cni: {name: bridge, ipam: host-local}}\nservices"},
		{"pods: 10.233.64.0/18", `pods: [10.233.64.0/18, "fd10::/48"]`},
	} {
		r := routingOf(t, "node1", changes...)
		for _, l := range r.PrefixLists {
			for _, p := range []string{"0.0.0.0/0", "::/0", "10.1.3.2/32", "10.1.1.1/32", "192.168.200.0/24", "10.0.0.0/8"} {
				if l.Permits(netip.MustParsePrefix(p)) {
					t.Errorf("%v: %s permits %s", changes, l.Name, p)
				}
			}
		}
		for _, g := range r.Groups {
			if g.PathOut != "LOCAL-ONLY" || len(g.Out) == 0 {
				t.Errorf("%v: group %+v lets pass what it heard", changes, g)
			}
		}
		for _, l := range r.PathLists {
			if l.Name == "LOCAL-ONLY" && !slices.Equal(l.Regex, []string{"^$"}) {
				t.Errorf("%v: %v", changes, l.Regex)
			}
		}
	}
}

// TestPolicyNamesResolve: every list that a group, a peer or a redistribution
// names is there, in the right family; a missing one denies everything in FRR.
func TestPolicyNamesResolve(t *testing.T) {
	for _, device := range []string{"spine1", "leaf1", "border1", "node1"} {
		r := routingOf(t, device,
			"spines: 10.1.2.0/24, leafs: 10.1.1.0/24, borders: 10.1.4.0/24, nodes: 10.1.3.0/24",
			`spines: [10.1.2.0/24, "fd00:2::/64"], leafs: [10.1.1.0/24, "fd00:1::/64"], borders: [10.1.4.0/24, "fd00:4::/64"], nodes: [10.1.3.0/24, "fd00:3::/64"]`,
			"pods: 10.233.64.0/18", `pods: [10.233.64.0/18, "fd10::/48"]`, "services: 10.233.0.0/18", `services: [10.233.0.0/18, "fd11::/112"]`,
			"services", "hosts: {advertise: default}\nservices")
		var refs []model.PolicyRef
		for _, g := range r.Groups {
			refs = append(append(refs, g.In...), g.Out...)
			for _, name := range []string{g.PathIn, g.PathOut} {
				if name != "" && !slices.ContainsFunc(r.PathLists, func(l model.PathList) bool { return l.Name == name }) {
					t.Errorf("%s: no as-path list %s", device, name)
				}
			}
		}
		for _, p := range r.Peers {
			refs = append(append(refs, p.In...), p.Out...)
			if !slices.ContainsFunc(r.Groups, func(g model.PeerGroup) bool { return g.Name == p.Group }) {
				t.Errorf("%s: no group %s", device, p.Group)
			}
		}
		for _, o := range r.Originate {
			for _, l := range o.Lists {
				refs = append(refs, model.PolicyRef{V6: o.V6, List: l})
			}
		}
		if len(refs) == 0 {
			t.Errorf("%s names no list", device)
		}
		for _, ref := range refs {
			i := slices.IndexFunc(r.PrefixLists, func(l model.PrefixList) bool { return l.Name == ref.List && l.V6 == ref.V6 })
			if i < 0 {
				t.Errorf("%s: no prefix-list %+v", device, ref)
				continue
			}
			for _, rule := range r.PrefixLists[i].Rules {
				low := max(rule.Ge, rule.Prefix.Bits())
				if rule.Prefix.Addr().Is6() != ref.V6 || rule.Ge > 0 && rule.Ge <= rule.Prefix.Bits() || rule.Le > 0 && rule.Le < low {
					t.Errorf("%s: FRR refuses %+v in %s", device, rule, ref.List)
				}
			}
		}
	}
}

// TestPrefixRuleMatches compares with the definition, address by address.
func TestPrefixRuleMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := func(label string) netip.Prefix {
			a := netip.AddrFrom4([4]byte{10, byte(rapid.IntRange(0, 3).Draw(t, label+"2")), byte(rapid.IntRange(0, 3).Draw(t, label+"3")), 0})
			return netip.PrefixFrom(a, rapid.IntRange(0, 32).Draw(t, label+"bits")).Masked()
		}
		r := model.PrefixRule{Prefix: prefix("r")}
		low, high := r.Prefix.Bits(), r.Prefix.Bits()
		if rapid.Bool().Draw(t, "ge") && r.Prefix.Bits() < 32 {
			r.Ge = rapid.IntRange(r.Prefix.Bits()+1, 32).Draw(t, "ge bits")
			low, high = r.Ge, 32
		}
		if rapid.Bool().Draw(t, "le") && low < 32 {
			r.Le = rapid.IntRange(low+1, 32).Draw(t, "le bits")
			high = r.Le
		}
		p := prefix("p")
		inside := true
		a, b := r.Prefix.Addr().As4(), p.Addr().As4()
		for i := range r.Prefix.Bits() {
			inside = inside && a[i/8]>>(7-i%8)&1 == b[i/8]>>(7-i%8)&1
		}
		want := inside && p.Bits() >= max(low, r.Prefix.Bits()) && p.Bits() <= high
		if got := r.Matches(p); got != want {
			t.Fatalf("%+v matches %s: %v", r, p, got)
		}
	})
}
