package observe

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"closup/model"
)

var addresses = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

// capture is what a real device printed.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/captures", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every shape says the same of the same router.
func TestSummaryShapes(t *testing.T) {
	for _, host := range []string{"spine1", "leaf1", "k8s1"} {
		all, err := ParseSummary(capture(t, "live/"+host+".show_bgp_summary_json"))
		if err != nil {
			t.Fatal(err)
		}
		vrf, err := ParseSummary(capture(t, "live/"+host+".show_bgp_vrf_all_ipv4_unicast_summary_json"))
		if err != nil {
			t.Fatal(err)
		}
		// They were captured one after the other.
		if d := cmp.Diff(all, vrf, addresses, cmpopts.IgnoreFields(Peer{}, "Uptime")); d != "" {
			t.Errorf("%s: %s", host, d)
		}
	}
	got, err := ParseSummary(capture(t, "live/leaf1.show_bgp_summary_json"))
	if err != nil {
		t.Fatal(err)
	}
	if got.ASN != 65011 || got.RouterID != netip.MustParseAddr("10.1.2.1") || len(got.Peers) != 4 {
		t.Errorf("%+v", got)
	}
	want := Peer{Key: "swp1", State: "Established", Detail: "OK", Hostname: "k8s1", ASN: 65801, Uptime: 3741 * time.Second, Received: 1, Sent: 7}
	if d := cmp.Diff(want, got.Peers[0]); d != "" {
		t.Error(d)
	}
}

func TestSummaryStates(t *testing.T) {
	tests := []struct {
		file   string
		peer   Peer // State, Detail, Hostname and Flaps count
		none   bool
		silent bool // no JSON
	}{
		{file: "ok/x-a.summary.json", peer: Peer{Key: "eth1", State: "Established", Detail: "OK", Hostname: "x-b"}},
		{file: "nbr-shutdown/x-b.summary.json", peer: Peer{Key: "swp1", State: "Idle (Admin)", Detail: "Admin", Hostname: "x-a", Flaps: 1}},
		{file: "maxprefix/x-b.summary.json", peer: Peer{Key: "swp1", State: "Idle (PfxCt)", Detail: "PfxCt", Hostname: "x-a", Flaps: 1}},
		{file: "seed-traditional/x-a.summary.json", peer: Peer{Key: "eth1", State: "Established", Detail: "Policy", Hostname: "x-b"}},
		{file: "no-remote-as/x-a.summary.json", peer: Peer{Key: "eth1", State: "Active", Detail: "OK"}},
		{file: "bgpd-dead/x-a.summary.json", peer: Peer{Key: "eth1", State: "Active", Detail: "OK", Hostname: "x-b", Flaps: 1}},
		{file: "af-not-activated/x-a.summary.json", none: true},
		{file: "bgpd-dead/x-b.summary.json", silent: true},
	}
	for _, tt := range tests {
		got, err := ParseSummary(capture(t, tt.file))
		var said *saidError
		if tt.silent {
			if !errors.As(err, &said) || said.text != "bgpd is not running" {
				t.Errorf("%s: error %v", tt.file, err)
			}
			continue
		}
		switch {
		case err != nil:
			t.Errorf("%s: %v", tt.file, err)
		case tt.none:
			if len(got.Peers) != 0 {
				t.Errorf("%s: %d peers", tt.file, len(got.Peers))
			}
		case len(got.Peers) != 1:
			t.Errorf("%s: %d peers", tt.file, len(got.Peers))
		default:
			p := got.Peers[0]
			if d := cmp.Diff(tt.peer, Peer{Key: p.Key, State: p.State, Detail: p.Detail, Hostname: p.Hostname, Flaps: p.Flaps}); d != "" {
				t.Errorf("%s: %s", tt.file, d)
			}
		}
	}
}

// Older and other routers name things differently.
func TestSummaryDialects(t *testing.T) {
	tests := []struct{ name, text string }{
		{"Quagga, flat", `{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","prefixReceivedCount":4}}}`},
		{"FRR 2", `{"IPv4Unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","prefixReceivedCount":4}}}}`},
		{"NCLU", `{"ipv4 unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","pfxRcd":4}}}}`},
		{"two families", `{"ipv4Unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","pfxRcd":3}}},"ipv6Unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","pfxRcd":1}}}}`},
		{"all VRFs", `{"default":{"ipv4Unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","pfxRcd":4}}}},"mgmt":{"ipv4Unicast":{"as":1,"peers":{"eth0":{"remoteAs":2}}}}}`},
		{"asdot", `{"ipv4Unicast":{"routerId":"10.1.1.1","as":"0.65001","peers":{"swp1":{"remoteAs":"0.65101","state":"Established","pfxRcd":4}}}}`},
		{"extra scalars", `{"ipv4Unicast":{"routerId":"10.1.1.1","as":65001,"peers":{"swp1":{"remoteAs":65101,"state":"Established","pfxRcd":4}}},"totalPeers":1}`},
	}
	want := BGP{ASN: 65001, RouterID: netip.MustParseAddr("10.1.1.1"), Peers: []Peer{{Key: "swp1", State: "Established", ASN: 65101, Received: 4}}}
	for _, tt := range tests {
		got, err := ParseSummary([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if d := cmp.Diff(want, got, addresses); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	if got, err := ParseSummary([]byte("{\n}\n")); err != nil || len(got.Peers) != 0 || got.ASN != 0 {
		t.Errorf("no instance: %+v, %v", got, err)
	}
}

func TestTable(t *testing.T) {
	kernel, err := ParseKernel(capture(t, "live/leaf1.ip_j_route.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTable(capture(t, "live/leaf1.show_bgp_ipv4_unicast_json"), kernel)
	if err != nil {
		t.Fatal(err)
	}
	want := []Route{
		{Prefix: netip.MustParsePrefix("10.1.1.1/32"), Paths: []model.Path{{Port: "swp51", AS: []uint32{65001}}}},
		{Prefix: netip.MustParsePrefix("10.1.1.2/32"), Paths: []model.Path{{Port: "swp52", AS: []uint32{65002}}}},
		{Prefix: netip.MustParsePrefix("10.1.2.1/32"), Local: true, Paths: []model.Path{{}}},
		{Prefix: netip.MustParsePrefix("10.1.2.2/32"), Paths: []model.Path{{Port: "swp51", AS: []uint32{65001, 65012}}, {Port: "swp52", AS: []uint32{65002, 65012}}}},
		{Prefix: netip.MustParsePrefix("10.1.3.1/32"), Paths: []model.Path{{Port: "swp1", AS: []uint32{65801}}}},
		{Prefix: netip.MustParsePrefix("10.1.3.2/32"), Paths: []model.Path{{Port: "swp2", AS: []uint32{65802}}}},
		{Prefix: netip.MustParsePrefix("10.1.3.3/32"), Paths: []model.Path{{Port: "swp51", AS: []uint32{65001, 65012, 65803}}, {Port: "swp52", AS: []uint32{65002, 65012, 65803}}}},
	}
	if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
}

func TestTableCases(t *testing.T) {
	lla := netip.MustParseAddr("fe80::1")
	row := func(fields string) string {
		return `{"routes":{"10.1.1.1/32":[` + fields + `]}}`
	}
	path := func(peer, as, extra string) string {
		return `{"valid":true,` + extra + `"peerId":"` + peer + `","path":"` + as + `","nexthops":[{"ip":"` + peer + `","used":true}]}`
	}
	prefix := netip.MustParsePrefix("10.1.1.1/32")
	tests := []struct {
		name, text string
		fib        []KernelRoute
		want       []model.Path
	}{
		{
			name: "parallel links with one link-local address", text: row(path("fe80::1", "65001", `"bestpath":true,`) + "," + path("fe80::1", "65001", `"multipath":true,`)),
			fib:  []KernelRoute{{Prefix: prefix, Protocol: "bgp", Hops: []Hop{{lla, "swp51"}, {lla, "swp52"}}}},
			want: []model.Path{{Port: "swp51", AS: []uint32{65001}}, {Port: "swp52", AS: []uint32{65001}}},
		},
		{
			name: "not in the kernel, but the address is known", text: row(path("fe80::1", "65001", `"bestpath":true,`)),
			fib:  []KernelRoute{{Prefix: netip.MustParsePrefix("10.9.9.9/32"), Protocol: "bgp", Hops: []Hop{{lla, "swp51"}}}},
			want: []model.Path{{Port: "swp51", AS: []uint32{65001}}},
		},
		{
			name: "not in the kernel, and the address is on two ports", text: row(path("fe80::1", "65001", `"bestpath":true,`)),
			fib: []KernelRoute{
				{Prefix: netip.MustParsePrefix("10.9.9.9/32"), Protocol: "bgp", Hops: []Hop{{lla, "swp51"}}},
				{Prefix: netip.MustParsePrefix("10.9.9.8/32"), Protocol: "bgp", Hops: []Hop{{lla, "swp52"}}},
			},
			want: []model.Path{{Port: "fe80::1", AS: []uint32{65001}}},
		},
		{
			name: "a path that is not used", text: row(path("fe80::1", "65001", `"bestpath":true,`) + "," + path("fe80::2", "65002 65001", "")),
			want: []model.Path{{Port: "fe80::1", AS: []uint32{65001}}},
		},
		{name: "nothing usable", text: row(`{"valid":false,"bestpath":true,"peerId":"fe80::1","path":"65001"}`)},
		{
			name: "best path as an object", text: row(path("fe80::1", "65001", `"bestpath":{"overall":true,"selectionReason":"x"},`)),
			want: []model.Path{{Port: "fe80::1", AS: []uint32{65001}}},
		},
		{
			name: "sets, confederations and asdot", text: row(path("fe80::1", "(65001) 1.10 {65002,65003}", `"bestpath":true,`)),
			want: []model.Path{{Port: "fe80::1", AS: []uint32{65001, 65546, 65002, 65003}}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseTable([]byte(tt.text), tt.fib)
			if err != nil {
				t.Fatal(err)
			}
			var paths []model.Path
			if len(got) > 0 {
				paths = got[0].Paths
			}
			if d := cmp.Diff(tt.want, paths, addresses); d != "" {
				t.Error(d)
			}
		})
	}
	var said *saidError
	if _, err := ParseTable([]byte("bgpd is not running\n"), nil); !errors.As(err, &said) {
		t.Errorf("error %v", err)
	}
	if got, err := ParseTable([]byte(`{"warning":"Default BGP instance not found"}`), nil); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestKernel(t *testing.T) {
	const text = `[{"dst":"default","gateway":"192.0.2.1","dev":"eth0","protocol":"dhcp","flags":[]},
		{"type":"blackhole","dst":"10.233.64.0/26","protocol":"bird","flags":[]},
		{"dst":"10.233.64.5","dev":"cali1","protocol":"boot","scope":"link","flags":[]},
		{"dst":"10.1.1.1","protocol":"bgp","nexthops":[{"via":{"family":"inet6","host":"fe80::1"},"dev":"eth1"},{"gateway":"192.0.2.9","dev":"eth2"}]}]`
	got, err := ParseKernel([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := []KernelRoute{
		{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Protocol: "dhcp", Port: "eth0", Hops: []Hop{{netip.MustParseAddr("192.0.2.1"), "eth0"}}},
		{Prefix: netip.MustParsePrefix("10.1.1.1/32"), Protocol: "bgp", Hops: []Hop{{netip.MustParseAddr("fe80::1"), "eth1"}, {netip.MustParseAddr("192.0.2.9"), "eth2"}}},
		{Prefix: netip.MustParsePrefix("10.233.64.0/26"), Protocol: "bird", Blackhole: true},
		{Prefix: netip.MustParsePrefix("10.233.64.5/32"), Protocol: "boot", Port: "cali1", Hops: []Hop{{Port: "cali1"}}},
	}
	if d := cmp.Diff(want, got, addresses); d != "" {
		t.Error(d)
	}
	v6, err := ParseKernel([]byte(`[{"dst":"default","gateway":"fe80::1","dev":"eth0","protocol":"ra"},{"dst":"fe80::/64","dev":"eth0","protocol":"kernel"}]`))
	if err != nil || len(v6) != 2 || v6[0].Prefix != netip.MustParsePrefix("::/0") {
		t.Errorf("%v, %v", v6, err)
	}
	if none, err := ParseKernel(nil); err != nil || none != nil {
		t.Errorf("%v, %v", none, err)
	}
}

func TestVersion(t *testing.T) {
	for text, want := range map[string]string{
		"FRRouting 8.4.4 (leaf-x) on Linux(6.1).\nCopyright 1996\n": "8.4.4",
		"Quagga 1.0.0+cl3u10 ().\n":                                 "1.0.0+cl3u10",
		"FRRouting 10.3 (leaf1).\n":                                 "10.3",
		"sh: vtysh: not found\n":                                    "",
		"":                                                          "",
	} {
		if got := ParseVersion([]byte(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// answer is what a device says to script, put together from captures.
func answer(t testing.TB, host string) string {
	t.Helper()
	return host + "# show version\nFRRouting 8.4.4 (" + host + ").\n" +
		host + "# show bgp summary json\n" + string(capture(t, "live/"+host+".show_bgp_summary_json")) +
		host + "# show bgp ipv4 unicast json\n" + string(capture(t, "live/"+host+".show_bgp_ipv4_unicast_json")) +
		host + "# show bgp ipv6 unicast json\n{\"routes\":{}}\n" +
		"\nsh# ip -j -4 route show\n" + string(capture(t, "live/"+host+".ip_j_route.json")) +
		"\nsh# ip -j -6 route show\n[]\n\nsh# ip -j addr show\n[]\n\nsh# ip -j -6 neigh show\n[]\n"
}

func TestRead(t *testing.T) {
	tail := "\nsh# ip -j -4 route show\n[]\nsh# ip -j -6 route show\n[]\n"
	tests := []struct {
		name, out string
		peers     int
		routes    int
		says      string // Device.Err
		broken    string // the error of read
	}{
		{name: "healthy", out: answer(t, "leaf1"), peers: 4, routes: 7},
		{name: "bgpd down", out: "x# show version\nFRRouting 8.4.4 (x).\nx# show bgp summary json\nbgpd is not running\n" + tail, says: "bgpd is not running"},
		{name: "no daemon", out: "Exiting: failed to connect to any daemons.\n" + tail, says: "FRR does not run"},
		{name: "no FRR", out: "sh: 9: vtysh: not found\n" + tail, says: "not installed"},
		{name: "no instance", out: "x# show version\nFRRouting 8.4.4 (x).\nx# show bgp summary json\n{\n}\nx# show bgp ipv4 unicast json\n{\"warning\":\"Default BGP instance not found\"}\n" + tail},
		{name: "corrupt JSON", out: "x# show bgp summary json\n{\"ipv4Unicast\":{\"peers\":{\n" + tail, broken: "cannot be read"},
		{name: "cut off", out: answer(t, "leaf1")[:1500], broken: "no answer to"},
		{name: "a description that looks like a prompt", out: strings.Replace(answer(t, "leaf1"), `"hostname":"k8s1",`, "\"desc\":\"x# show version\",\n", 1), peers: 4, routes: 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := read("leaf1", frr, []byte(tt.out), time.Unix(1, 0))
			switch {
			case tt.broken != "":
				if err == nil || !strings.Contains(err.Error(), tt.broken) {
					t.Errorf("error %v", err)
				}
				return
			case err != nil:
				t.Fatal(err)
			case tt.says != "" && (d.Err == nil || !strings.Contains(d.Err.Error(), tt.says)), tt.says == "" && d.Err != nil:
				t.Errorf("it says %v", d.Err)
			}
			if len(d.Peers) != tt.peers || len(d.Routes) != tt.routes || !d.Reachable {
				t.Errorf("%d peers, %d routes", len(d.Peers), len(d.Routes))
			}
		})
	}
}

// A device may send what it likes; what is nested without end is refused before
// anybody follows it.
func TestNested(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("[", 20<<20),
		strings.Repeat(`["]",`, 4<<20),
		`{"routes":` + strings.Repeat(`{"\"]":`, 4<<20),
	} {
		if _, err := ParseTable([]byte(text), nil); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%.20s: %v", text, err)
		}
		if _, err := ParseKernel([]byte(text)); err == nil || !strings.Contains(err.Error(), "cannot be read") {
			t.Errorf("%.20s: %v", text, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(answer(f, "leaf1")))
	f.Add([]byte("x# show bgp summary json\n{\"default\":{\"peers\":{\"a\":{\"remoteAs\":\"1.2\"}}}}\nsh# ip -j -4 route show\n[{\"dst\":\"x\"}]\n"))
	f.Fuzz(func(_ *testing.T, out []byte) {
		_, _ = read("leaf1", frr, out, time.Unix(1, 0)) // whatever it is: no panic
	})
}
