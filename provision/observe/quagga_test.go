package observe

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/model"
	"closup/provision/fake"
)

// What routers print for people. The columns are those of the sources of Quagga
// (bgpd/bgp_vty.c: bgp_show_summary; bgpd/bgp_route.c: route_vty_out), with a
// peer's port and host name as Cumulus's documentation shows them.
func TestSummaryText(t *testing.T) {
	const head = "BGP router identifier 10.1.3.1, local AS number 65801\nRIB entries 11, using 1232 bytes of memory\nPeers 2, using 9136 bytes of memory\n\n"
	tests := []struct {
		name, text string
		want       BGP
	}{
		{
			"Quagga 0.99.24",
			head + "Neighbor        V    AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n" +
				"203.0.113.0     4 65254      12      13        0    0    0 00:08:21        7\n" +
				"203.0.113.2     4 65255       0       0        0    0    0 never    Active\n" +
				"203.0.113.4     4 65256      11       9        0    0    0 1d02h03m Idle (Admin)\n\nTotal number of neighbors 3\n",
			BGP{Peers: []Peer{
				{Key: "203.0.113.0", State: "Established", ASN: 65254, Received: 7, Uptime: 8*time.Minute + 21*time.Second},
				{Key: "203.0.113.2", State: "Active", ASN: 65255},
				{Key: "203.0.113.4", State: "Idle (Admin)", ASN: 65256, Uptime: 26*time.Hour + 3*time.Minute},
			}},
		},
		{
			"Cumulus's, by host name and port",
			"BGP router identifier 10.1.3.1, local AS number 65801 vrf-id 0\nBGP table version 88\nRIB entries 25, using 4800 bytes of memory\n\n" +
				"Neighbor        V         AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd\n" +
				"leaf1(eth1)     4      65101   31122   31194        0    0    0 02w3d04h            7\n" +
				"eth2            4      65102       0       0        0    0    0    never         Idle\n\nTotal number of neighbors 2\n",
			BGP{Version: 88, Peers: []Peer{
				{Key: "eth1", Hostname: "leaf1", State: "Established", ASN: 65101, Received: 7, Uptime: (17*24 + 4) * time.Hour},
				{Key: "eth2", State: "Idle", ASN: 65102},
			}},
		},
		{
			"a long name breaks the line; what is sent stands behind",
			head + "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt\n" +
				"fe80::4638:39ff:fe00:5c\n                4      65101       100       101        0    0    0 00:01:00            7        9\n",
			BGP{Peers: []Peer{{Key: "fe80::4638:39ff:fe00:5c", State: "Established", ASN: 65101, Received: 7, Sent: 9, Uptime: time.Minute}}},
		},
		{"no neighbor", head + "No IPv4 neighbor is configured\n", BGP{}},
	}
	for _, tt := range tests {
		got, err := ParseSummary([]byte(tt.text))
		tt.want.ASN, tt.want.RouterID = 65801, netip.MustParseAddr("10.1.3.1")
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if d := cmp.Diff(tt.want, got, addresses); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	for _, bad := range []string{"% Unknown command.\n", "bgpd is not running\n", strings.Replace(tests[0].text, " 4 65254 ", " 4 x ", 1), strings.Replace(tests[0].text, "        7\n", "\n", 1)} {
		if got, err := ParseSummary([]byte(bad)); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

const tableTop = "BGP table version is 0, local router ID is 10.1.3.1\nStatus codes: s suppressed, d damped, h history, * valid, > best, = multipath,\n" +
	"              i internal, r RIB-failure, S Stale, R Removed\nOrigin codes: i - IGP, e - EGP, ? - incomplete\n\n" +
	"   Network          Next Hop            Metric LocPrf Weight Path\n"

func TestTableText(t *testing.T) {
	kernel, err := ParseKernel([]byte("10.9.0.0/16 via 203.0.113.0 dev eth9 proto zebra metric 20\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := tableTop +
		"*> 10.1.1.1/32      eth1                     0             0 65101 ?\n" +
		"*> 10.1.1.2/32      eth1                                   0 65101 65501 65102 ?\n" +
		"*=                  eth2                                   0 65103 65501 65102 ?\n" +
		"*  10.1.1.3/32      eth2                                   0 65103 ?\n" +
		"*>                  eth1                                   0 65101 ?\n" +
		"*> 10.1.3.1/32      0.0.0.0                  0         32768 ?\n" +
		"*> 10.0.0.0         203.0.113.0              0             0 65254 i\n" +
		"*> 10.9.0.0/16      203.0.113.0              0    100      0 65254 {65001,65002} e\n" +
		"   10.8.0.0/16      203.0.113.0              0             0 65254 i\n" +
		"*> 192.168.7.0      fe80::4638:39ff:fe00:5c\n" +
		"                                             0             0 65101 i\n" +
		"*> 2001:db8:1234:5678::/64\n" +
		"                    eth1                                   0 65101 i\n" +
		"\nTotal number of prefixes 9\n"
	got, err := ParseTable([]byte(text), kernel)
	if err != nil {
		t.Fatal(err)
	}
	via := func(port string, as ...uint32) model.Path { return model.Path{Port: port, AS: as} }
	prefix := netip.MustParsePrefix
	want := []Route{
		{Prefix: prefix("10.0.0.0/8"), Paths: []model.Path{via("eth9", 65254)}},
		{Prefix: prefix("10.1.1.1/32"), Paths: []model.Path{via("eth1", 65101)}},
		{Prefix: prefix("10.1.1.2/32"), Paths: []model.Path{via("eth1", 65101, 65501, 65102), via("eth2", 65103, 65501, 65102)}},
		{Prefix: prefix("10.1.1.3/32"), Paths: []model.Path{via("eth1", 65101)}},
		{Prefix: prefix("10.1.3.1/32"), Local: true, Paths: []model.Path{{}}},
		{Prefix: prefix("10.9.0.0/16"), Paths: []model.Path{via("eth9", 65254, 65001, 65002)}},
		{Prefix: prefix("192.168.7.0/24"), Paths: []model.Path{via("fe80::4638:39ff:fe00:5c", 65101)}},
		{Prefix: prefix("2001:db8:1234:5678::/64"), Paths: []model.Path{via("eth1", 65101)}},
	}
	if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
	if got, err := ParseTable([]byte("No BGP network exists\n"), nil); err != nil || len(got) != 0 {
		t.Errorf("an empty table: %+v, %v", got, err)
	}
	for _, bad := range []string{"% Unknown command.\n", tableTop + "*> 10.1.1.300/32    eth1                     0             0 65101 ?\n", tableTop + "*> 10.1.1.1/32      eth1                     0             0 x ?\n", tableTop + "*>\n"} {
		if got, err := ParseTable([]byte(bad), nil); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

// Cumulus's Quagga names the path otherwise, and no peer.
func TestTableQuagga(t *testing.T) {
	got, err := ParseTable([]byte(`{"routerId":"10.1.3.1","routes":{
"10.1.1.1/32":[{"valid":true,"bestpath":true,"pathFrom":"external","aspath":"65101","nexthops":[{"ip":"fe80::1","used":true}]}],
"10.1.3.1/32":[{"valid":true,"bestpath":true,"aspath":"","nexthops":[{"ip":"0.0.0.0","used":true}]}]}}`),
		[]KernelRoute{{Prefix: netip.MustParsePrefix("10.1.1.1/32"), Protocol: "zebra", Hops: []Hop{{Via: netip.MustParseAddr("fe80::1"), Port: "eth1"}}}})
	want := []Route{
		{Prefix: netip.MustParsePrefix("10.1.1.1/32"), Paths: []model.Path{{Port: "eth1", AS: []uint32{65101}}}},
		{Prefix: netip.MustParsePrefix("10.1.3.1/32"), Local: true, Paths: []model.Path{{}}},
	}
	if err != nil {
		t.Error(err)
	} else if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
}

// An ip without JSON: iproute2 before 4.14.
func TestKernelText(t *testing.T) {
	got, err := ParseKernel([]byte("default via 192.168.200.254 dev eth0 \n" +
		"10.1.1.1 via 169.254.0.1 dev eth1  proto zebra  metric 20 onlink \n" +
		"10.1.1.2  proto zebra  metric 20 \n\tnexthop via 169.254.0.1  dev eth1 weight 1 onlink\n\tnexthop via 169.254.0.1  dev eth2 weight 1 onlink\n" +
		"blackhole 10.233.64.0/24  proto static \n10.233.65.0/24 dev cbr0  proto kernel  scope link  src 10.233.65.1 \n"))
	if err != nil {
		t.Fatal(err)
	}
	near := func(port string) Hop { return Hop{Via: netip.MustParseAddr("169.254.0.1"), Port: port} }
	prefix := netip.MustParsePrefix
	want := []KernelRoute{
		{Prefix: prefix("0.0.0.0/0"), Protocol: "boot", Port: "eth0", Hops: []Hop{{Via: netip.MustParseAddr("192.168.200.254"), Port: "eth0"}}},
		{Prefix: prefix("10.1.1.1/32"), Protocol: "zebra", Port: "eth1", Hops: []Hop{near("eth1")}},
		{Prefix: prefix("10.1.1.2/32"), Protocol: "zebra", Hops: []Hop{near("eth1"), near("eth2")}},
		{Prefix: prefix("10.233.64.0/24"), Protocol: "static", Blackhole: true},
		{Prefix: prefix("10.233.65.0/24"), Protocol: "kernel", Port: "cbr0", Hops: []Hop{{Port: "cbr0"}}},
	}
	if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"blackhole\n", "Cannot open netlink socket\n"} {
		if got, err := ParseKernel([]byte(bad)); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

// Families have other names in older routers, which are no other families.
func TestFamilies(t *testing.T) {
	for _, name := range []string{"IPv4Unicast", "ipv4Unicast", "ipv4 unicast", "IPv4 Unicast"} {
		got, err := ParseSessions([]byte(`{"swp1":{"bgpState":"Idle","lastResetDueTo":"Interface down","addressFamilyInfo":{"` + name + `":{"prefixAllowedMax":300}}}}`))
		if err != nil || len(got) != 1 || got[0].Code != 0 || got[0].Limit != 300 || len(got[0].Families) != 1 || got[0].Families[0] != "ipv4Unicast" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A Quagga is found out, and asked in its own words from then on: by scripts,
// and over what is held.
func TestQuagga(t *testing.T) {
	const version = "Quagga 1.2.4 (k8s1).\n"
	summary := "BGP router identifier 10.1.3.1, local AS number 65801\nRIB entries 3, using 336 bytes of memory\n\n" +
		"Neighbor        V         AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\neth1            4      65101     100     101        0    0    0 01:02:03        7\n"
	table := tableTop + "*> 10.1.1.1/32      eth1                     0             0 65101 ?\n"
	kinds := map[string]map[string]string{
		"Debian's": {showVersion: version, "show ip bgp summary": summary, "show ip bgp": table, "show bgp": "No BGP network exists\n"},
		"Cumulus's": {
			showVersion:                "Quagga 1.0.0+cl3u10 (k8s1).\n",
			showSummary:                "{}\n", // of IPv6
			"show ip bgp summary json": `{"routerId":"10.1.3.1","as":65801,"tableVersion":0,"peers":{"eth1":{"remoteAs":65101,"peerUptimeMsec":3723000,"state":"Established","prefixReceivedCount":7}}}` + "\n",
			"show ip bgp json":         `{"routes":{"10.1.1.1/32":[{"valid":true,"bestpath":true,"aspath":"65101","nexthops":[{"ip":"eth1"}]}]}}` + "\n",
			"show bgp json":            "{}\n",
		},
	}
	for name, answers := range kinds {
		for _, c := range []dialect{frr, quaggaJSON, quaggaText} {
			for _, command := range c.commands() {
				if _, known := answers[command]; !known {
					answers[command] = "% Unknown command.\n"
				}
			}
		}
		for _, command := range systemCommands {
			answers[command] = "[]\n"
		}
		for _, forward := range []bool{false, true} {
			b := newBox(t, "k8s1")
			b.answers, b.forward = answers, forward
			var tr fake.Transport
			b.on(&tr)
			o := observer(t, &tr, "k8s1")
			for range 3 {
				d := o.Round(t.Context()).Devices[0]
				if !d.Reachable || d.Err != nil || d.ASN != 65801 || len(d.Peers) != 1 || d.Peers[0].State != Established || d.Peers[0].Received != 7 ||
					d.Peers[0].Uptime != time.Hour+2*time.Minute+3*time.Second || len(d.Routes) != 1 {
					t.Errorf("%s: %+v", name, d)
				}
			}
			if n := b.count(showSummary); n > 1 {
				t.Errorf("%s: asked %d times in FRR's words", name, n)
			}
			o.Close()
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(tableTop + "*> 10.1.1.1/32      eth1                     0             0 65101 ?\n"))
	f.Add([]byte("BGP router identifier 10.1.3.1, local AS number 65801\n\nNeighbor V AS MsgRcvd MsgSent TblVer InQ OutQ Up/Down State/PfxRcd\neth1 4 65101 1 1 0 0 0 never Idle\n"))
	f.Add([]byte("10.1.1.2 proto zebra\n\tnexthop via 169.254.0.1 dev eth1\n"))
	f.Add([]byte(`{"swp51":{"state":"idle","up-time":"0:04:06","address-family":{"ipv4-unicast":{"rx-prefix":1}}}}`))
	f.Add([]byte(`{"10.1.1.1/32":{"path":{"1":{"bestpath":{"overall":"on"},"valid":"on"}}}}`))
	f.Fuzz(func(_ *testing.T, text []byte) { // whatever it is: no panic
		_, _ = ParseSummary(text)
		_, _ = ParseTable(text, nil)
		_, _ = ParseKernel(text)
		_, _ = ParseNVUE(text, text, time.Time{})
		_, _ = ParseNVUETable(text, nil)
	})
}
