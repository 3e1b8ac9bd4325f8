package observe

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"closup/provision/fake"
)

// evidence is what a device answers to systemEvidence and routerEvidence, put together.
func evidence(bgpd, status string) string {
	return "\n" + partMark + "links\n" +
		`[{"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"address":"00:00:00:00:00:00","addr_info":[{"local":"10.1.1.1","prefixlen":32}]},
		  {"ifname":"swp1","flags":["BROADCAST","UP"],"mtu":9000,"address":"b2:37:f5:49:91:8c","addr_info":[]},
		  {"ifname":"swp2","flags":["BROADCAST","UP","LOWER_UP"],"mtu":9000,"address":"b2:37:f5:49:91:8d","addr_info":[{"local":"fe80::1","prefixlen":64}]}]` +
		"\n" + partMark + "near\n" + `[{"dst":"fe80::2","dev":"swp2","lladdr":"b2:00:00:00:00:01","state":["REACHABLE"]},{"dst":"fe80::3","dev":"swp2","state":["FAILED"]}]` +
		"\n" + partMark + "processes\n    230 Ssl  zebra\n    229 Tsl  bgpd\n      9 S    sh\n      3 Z    bfdd\n" +
		"\n" + partMark + "sysctls\n/proc/sys/net/ipv4/ip_forward:1\n/proc/sys/net/ipv6/conf/swp1/disable_ipv6:1\n" +
		"\n" + partMark + "date\n2026/11/22 10:30:10\n" +
		"\n" + partMark + "firewall\n# closup nft\ntable inet f { # handle 1\n chain c { # handle 1\n  type filter hook input priority filter; policy accept;\n  iifname \"swp1\" tcp dport 179 drop # handle 7\n }\n}\n# closup ip6tables-save\n*filter\n-A INPUT -i swp2 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP\n-A INPUT -j ACCEPT\n" +
		"\n" + partMark + "bgpd\n" + bgpd + "\n" + partMark + "bgpd-status\n" + status + "\n" +
		"\n" + partMark + "zebra\nleaf1# show interface\nInterface swp1 is up, line protocol is down\n  Link ups:       3    last: 2026/11/22 10:30:02.10\n  Link downs:     4    last: 2026/11/22 10:30:05.50\n" +
		"Interface swp2 is up, line protocol is up\n  Link downs:     0    last: (never)\n  ND router advertisements sent: 5 rcvd: 4\n  Neighbor address(s):\n  inet6 fe80::2/128\n" +
		"leaf1# show running-config\nBuilding configuration...\n!\nip protocol bgp route-map SETSRC\n!\nend\n" +
		"\n" + partMark + "zebra-status\n0\n" +
		"\n" + partMark + `lldp` + "\n" + `{"lldp":[{"interface":[{"name":"swp2","chassis":[{"name":[{"value":"spine1"}]}],"port":[{"id":[{"type":"ifname","value":"swp7"}]}]}]}]}` +
		"\n" + partMark + "media swp1\n\tSpeed: Unknown!\n\tLink detected: no\n"
}

const bgpdSaid = "leaf1# show bgp neighbors json\n{\"swp2\":{\"remoteAs\":65501,\"localAs\":65101,\"bgpState\":\"Idle\",\"bgpNeighborAddr\":\"none\",\"lastResetDueTo\":\"BGP Notification send\",\"lastNotificationReason\":\"Hold Timer Expired\",\"messageStats\":{\"opensSent\":2},\"addressFamilyInfo\":{\"ipv4Unicast\":{\"prefixAllowedMax\":300}}},\"vrfId\":0}\n" +
	"leaf1# show running-config\n!\nrouter bgp 65101\n neighbor swp2 interface remote-as external\n !\n address-family ipv4 unicast\n  neighbor swp2 maximum-prefix 300\n exit-address-family\nexit\n!\nend\n"

func TestReadEvidence(t *testing.T) {
	e, err := readEvidence([]byte(evidence(bgpdSaid, "0")), noon)
	if err != nil {
		t.Fatal(err)
	}
	swp1, _ := e.Link("swp1")
	swp2, _ := e.Link("swp2")
	if !swp1.Up || swp1.Carrier || swp1.LinkLocal().IsValid() || swp1.Downs != 4 || swp1.LastDown != 5*time.Second {
		t.Errorf("%+v", swp1)
	}
	if !swp2.Carrier || swp2.LinkLocal() != netip.MustParseAddr("fe80::1") || swp2.RASent != 5 || swp2.RARcvd != 4 || !slices.Equal(swp2.Heard, []string{"fe80::2"}) {
		t.Errorf("%+v", swp2)
	}
	if len(e.Near) != 1 || e.Near[0].MAC != "b2:00:00:00:00:01" {
		t.Errorf("%+v", e.Near)
	}
	if d, runs := e.Daemon("bgpd"); !runs || d.State != "T" || d.Age != 229*time.Second {
		t.Errorf("%+v, %v", d, runs)
	}
	if _, runs := e.Daemon("bfdd"); runs {
		t.Error("a zombie runs")
	}
	rules := []Rule{
		{`iifname "swp1" tcp dport 179 drop`, "nft delete rule inet f c handle 7"},
		{"-A INPUT -i swp2 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP", "ip6tables -t filter -D INPUT -i swp2 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP"},
	}
	if !slices.Equal(e.Firewall, rules) || e.Sysctls["net/ipv6/conf/swp1/disable_ipv6"] != "1" {
		t.Errorf("%q, %v", e.Firewall, e.Sysctls)
	}
	s, _ := e.Session("swp2")
	if s.Address != "" || !s.Sent || s.Limit != 300 || s.RemoteAS != 65501 || s.Opens[0] != 2 || !slices.Equal(s.Families, []string{"ipv4Unicast"}) {
		t.Errorf("%+v", s)
	}
	if !e.Config.Has("router bgp/address-family ipv4 unicast", "neighbor swp2 maximum-prefix 300") || !e.Config.Has("", "ip protocol bgp route-map SETSRC") {
		t.Errorf("%+v", e.Config)
	}
	if len(e.LLDP) != 1 || e.LLDP[0] != (Seen{"swp2", "spine1", "swp7"}) || !strings.Contains(e.Media["swp1"], "Link detected: no") || len(e.Silent) != 0 {
		t.Errorf("%+v, %q, %v", e.LLDP, e.Media, e.Silent)
	}

	frozen, err := readEvidence([]byte(evidence("", "124")), noon)
	if err != nil || !slices.Equal(frozen.Silent, []string{"bgpd"}) || len(frozen.Sessions) != 0 {
		t.Errorf("%+v, %v", frozen, err)
	}
	if _, err := readEvidence([]byte(evidence("x# show bgp neighbors json\n{\"swp2\":{\n", "0")), noon); err == nil {
		t.Error("JSON that is cut off is evidence")
	}
}

// What one version prints and another does not is no difference.
func TestConfig(t *testing.T) {
	old := ParseConfig([]byte("router bgp 65101\n bgp router-id 10.1.1.1\n !\n address-family ipv4 unicast\n  redistribute connected\n exit-address-family\n!\nip as-path access-list X permit ^$\n!\nroute-map M permit 10\n match ip address prefix-list L\n!\nend\n"))
	young := ParseConfig([]byte("router bgp 65101\n bgp router-id 10.1.1.1\n !\n address-family ipv4 unicast\n  redistribute connected\n exit-address-family\nexit\n!\nbgp as-path access-list X seq 5 permit ^$\n!\nroute-map M permit 10\n match ip address prefix-list L\nexit\n!\nend\n"))
	if !slices.Equal(old.Lines, young.Lines) {
		t.Errorf("\n%+v\n%+v", old, young)
	}
	if !old.Has("router bgp/address-family ipv4 unicast", "redistribute connected") || old.Has("", "redistribute connected") {
		t.Errorf("%+v", old)
	}
	if m := old.Find("router bgp", regexp.MustCompile(`^bgp router-id (\S+)$`)); len(m) != 1 || m[0][1] != "10.1.1.1" {
		t.Errorf("%v", m)
	}
	vrf := ParseConfig([]byte("router bgp 65101 vrf red\n bgp router-id 10.9.9.9\nexit\n"))
	if vrf.Has("router bgp", "bgp router-id 10.9.9.9") {
		t.Error("another VRF's BGP is taken for the default one")
	}
}

// Examine brings evidence, a round keeps it with its age, and what went down
// between two of them is counted.
func TestExamine(t *testing.T) {
	var tr fake.Transport
	figures := answer(t, "leaf1")
	var said atomic.Value // a held vtysh may still ask
	said.Store(figures + evidence(bgpdSaid, "0"))
	tr.Set("leaf1", says(func() string { return said.Load().(string) }))
	o := observer(t, &tr, "leaf1", "dead")
	first := o.Examine(t.Context()).Devices[0]
	if first.Evidence == nil || len(first.Peers) != 4 || len(first.Routes) != 7 {
		t.Fatalf("%+v", first)
	}
	said.Store(figures)
	if d := o.Round(t.Context()).Devices[0]; d.Evidence != first.Evidence || !d.Reachable {
		t.Errorf("a round lost the evidence: %+v", d)
	}
	said.Store(figures + strings.Replace(evidence(bgpdSaid, "0"), "Link downs:     4", "Link downs:     6", 1))
	again := o.Examine(t.Context()).Devices[0]
	if l, _ := again.Evidence.Link("swp1"); l.Recent != 2 {
		t.Errorf("%+v", l)
	}
	said.Store(figures) // no evidence in the answer is no answer
	if d := o.Examine(t.Context()).Devices[0]; d.Reachable || d.Err == nil {
		t.Errorf("%+v", d)
	}
}

func FuzzEvidence(f *testing.F) {
	f.Add([]byte(evidence(bgpdSaid, "0")))
	f.Add([]byte(evidence("", "124")))
	f.Fuzz(func(_ *testing.T, out []byte) {
		_, _ = readEvidence(out, noon) // whatever it is: no panic
	})
}

// What one command takes out is one rule, and no policy. What nft tells of
// iptables' own is the same rule once more.
func TestFirewall(t *testing.T) {
	got := ParseFirewall([]byte(`# closup nft
table inet a { # handle 1
	set s { # handle 3
		elements = { 10.0.0.0/8 }
	}
	chain in { # handle 1
		type filter hook input priority filter; policy drop;
		tcp dport { 22, 179 } counter packets 3 bytes 180 reject with tcp reset # handle 4
		accept # handle 5
	}
	chain out { # handle 2
		type filter hook output priority filter; policy accept;
		drop # handle 9
	}
}
table ip filter { # handle 2
	chain INPUT { # handle 1
		tcp dport 179 counter packets 0 bytes 0 drop # handle 4
	}
}
table ip6 b { # handle 3
	chain in { # handle 1
		drop # handle 2
	}
}
# closup iptables-save
# Generated by iptables-save v1.8.9 (nf_tables)
*filter
:INPUT DROP [0:0]
-A INPUT -p tcp -m tcp --dport 179 -j DROP
COMMIT
`))
	want := []Rule{
		{"type filter hook input priority filter; policy drop;", ""},
		{"tcp dport { 22, 179 } counter packets 3 bytes 180 reject with tcp reset", "nft delete rule inet a in handle 4"},
		{"drop", "nft delete rule inet a out handle 9"},
		{"drop", "nft delete rule ip6 b in handle 2"},
		{":INPUT DROP [0:0]", ""},
		{"-A INPUT -p tcp -m tcp --dport 179 -j DROP", "iptables -t filter -D INPUT -p tcp -m tcp --dport 179 -j DROP"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
