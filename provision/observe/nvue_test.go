package observe

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/model"
	"closup/provision"
	"closup/provision/fake"
)

const nvRouterSays = `{"enable":"on","autonomous-system":65101,"router-id":"10.1.1.1","queue-limit":{"input":10000}}`

var nvNow = time.Date(2025, 6, 15, 10, 0, 11, 0, time.UTC)

// The names are those that Cumulus's documentation shows: of the detailed view, of
// the tables that `nv show` makes of the rest.
func TestParseNVUE(t *testing.T) {
	tests := []struct {
		name, neighbors string
		want            []Peer
	}{
		{
			"5.15, in detail: state is another thing there",
			`{"swp51":{"state":"enabled","type":"unnumbered","remote-as":65199,"local-as":{"asn":65101},"remote-hostname":"spine1","session-state":"established",
"uptime":4443000,"connections-dropped":3,"connections-established":4,"address-family":{"ipv4-unicast":{"rx-prefix":12,"tx-prefix":13,"capabilities":{}},"ipv6-unicast":{"rx-prefix":2,"tx-prefix":1}}},
"swp52":{"state":"enabled","remote-as":"external","session-state":"idle","connections-dropped":1,"last-reset-reason":"Interface down","address-family":{"ipv4-unicast":{"rx-prefix":0,"tx-prefix":0}}}}`,
			[]Peer{
				{Key: "swp51", State: Established, Hostname: "spine1", ASN: 65199, Uptime: 74*time.Minute + 3*time.Second, Received: 14, Sent: 14, Flaps: 3},
				{Key: "swp52", State: "Idle", Flaps: 1},
			},
		},
		{
			"5.11, times as text",
			`{"swp51":{"enable":"on","remote-as":65199,"session-state":"established","uptime":"1 day, 2:34:17","address-family":{"ipv4-unicast":{"rx-prefix":7,"tx-prefix":3}}},
"10.0.0.1":{"remote-as":"65002","session-state":"opensent","uptime":"never"}}`,
			[]Peer{
				{Key: "10.0.0.1", State: "OpenSent", ASN: 65002},
				{Key: "swp51", State: Established, ASN: 65199, Uptime: 26*time.Hour + 34*time.Minute + 17*time.Second, Received: 7, Sent: 3},
			},
		},
		{
			"the short view",
			`{"swp51":{"remote-as":65199,"state":"established","up-time":2136000,"afi-safi":{"ipv4-unicast":{"rx-prefix":8,"tx-prefix":13}}},
"swp52":{"remote-as":65198,"state":"connect","up-time":"2025-06-15T09:45:11Z"}}`,
			[]Peer{
				{Key: "swp51", State: Established, ASN: 65199, Uptime: 2136 * time.Second, Received: 8, Sent: 13},
				{Key: "swp52", State: "Connect", ASN: 65198, Uptime: 15 * time.Minute},
			},
		},
		{"none", "{}", nil},
	}
	for _, tt := range tests {
		got, err := ParseNVUE([]byte(nvRouterSays), []byte(tt.neighbors), nvNow)
		want := BGP{ASN: 65101, RouterID: netip.MustParseAddr("10.1.1.1"), Peers: tt.want}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if d := cmp.Diff(want, got, addresses); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	for _, bad := range [][2]string{
		{"Error: You do not have permission to execute that command.", "{}"},
		{nvRouterSays, "Error: GET /vrf/default/router/bgp/neighbor responded with 500"},
		{nvRouterSays, `{"swp51":{"state":"enabled","remote-as":65199}}`}, // not a session's state
		{"", ""},
	} {
		if got, err := ParseNVUE([]byte(bad[0]), []byte(bad[1]), nvNow); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
	// A switch without BGP need not have neighbors to tell of.
	if got, err := ParseNVUE([]byte(`{"enable":"off"}`), []byte("Error: The requested item does not exist."), nvNow); err != nil || got.ASN != 0 || got.Peers != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParseNVUETable(t *testing.T) {
	prefix := netip.MustParsePrefix
	fib, err := ParseKernel([]byte(`[{"dst":"10.1.2.1","protocol":"bgp","nexthops":[{"gateway":"169.254.0.1","dev":"swp51"},{"gateway":"169.254.0.1","dev":"swp52"}]},
{"dst":"10.1.2.2","protocol":"bgp","gateway":"169.254.0.1","dev":"swp51"},{"dst":"10.1.2.3","protocol":"bgp","gateway":"169.254.0.1","dev":"swp51"},
{"dst":"10.9.0.0/24","protocol":"kernel","dev":"swp1"}]`))
	if err != nil {
		t.Fatal(err)
	}
	via := func(ports ...string) (out []model.Path) {
		for _, p := range ports {
			out = append(out, model.Path{Port: p})
		}
		return out
	}
	want := []Route{
		{Prefix: prefix("10.1.1.1/32"), Local: true, Paths: via("")},
		{Prefix: prefix("10.1.2.1/32"), Paths: via("swp51", "swp52")},
		{Prefix: prefix("10.1.2.2/32"), Paths: via("swp51")},
		{Prefix: prefix("10.1.2.3/32"), Paths: via("", "")}, // the kernel has one way yet
		{Prefix: prefix("10.9.0.0/24"), Local: true, Paths: via("")},
	}
	path := func(as, peer, rest string) string {
		return fmt.Sprintf(`{"aspath":{%s},"peer":{"id":%q,"router-id":"10.10.10.1"},"valid":"on","nexthop-count":1%s}`, as, peer, rest)
	}
	const best, multi = `,"bestpath":{"overall":"on","selection-reason":"Router ID"},"flags":{}`, `,"flags":{"multipath":{}}`
	for name, text := range map[string]string{
		"counted": `{"10.1.1.1/32":{"path-count":1,"multipath-count":1},"10.1.2.1/32":{"path-count":3,"multipath-count":2},"10.1.2.2/32":{"path-count":2,"multipath-count":1},
"10.1.2.3/32":{"path-count":2,"multipath-count":2},"10.9.0.0/24":{"path-count":1,"multipath-count":1},"10.8.0.0/24":{"path-count":1,"multipath-count":0}}`,
		"whole": `{"10.1.1.1/32":{"path":{"1":` + path("", "0.0.0.0", best+`,"sourced":"on"`) + `}},
"10.1.2.1/32":{"path":{"1":` + path(`"65001":{},"65199":{}`, "swp51", best+`,"x":1`) + `,"2":` + path(`"65001":{},"65199":{}`, "swp52", multi) + `,"3":` + path(`"65002":{}`, "swp53", "") + `}},
"10.1.2.2/32":{"path":{"1":` + path(`"65001":{}`, "swp51", best) + `,"2":` + path(`"65001":{}`, "swp52", `,"flags":{"multipath":"off"}`) + `}},
"10.1.2.3/32":{"path":{"1":` + path(`"65001":{}`, "swp51", best) + `,"2":` + path(`"65001":{}`, "swp52", `,"flags":{"multipath":"on"}`) + `}},
"10.9.0.0/24":{"path":{"1":` + path("", "0.0.0.0", best) + `}},"10.8.0.0/24":{"path":{"1":` + strings.Replace(path(`"65001":{}`, "swp51", best), `"valid":"on"`, `"valid":"off"`, 1) + `}}}`,
	} {
		got, err := ParseNVUETable([]byte(text), fib)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got, addresses); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, bad := range []string{"No Data\n", `{"10.1.1.300/32":{"multipath-count":1}}`, `{"10.1.1.1/32":{"multipath-count":"x"}}`} {
		if got, err := ParseNVUETable([]byte(bad), nil); err == nil {
			t.Errorf("%q gives %+v", bad, got)
		}
	}
}

// nvSwitch is a switch whose login may run nv and not be root: the script runs in
// this machine's sh, with an nv of its own.
type nvSwitch struct {
	path string
	root int // how often somebody wanted to be root
}

func (s *nvSwitch) run(c fake.Command) int {
	if strings.Contains(c.Line, "sudo") {
		s.root++
		fmt.Fprintln(c.Stderr, "sudo: a password is required")
		return 1
	}
	return fake.Shell("/", s.path)(c)
}

func (s *nvSwitch) tool(t *testing.T, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.path, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestThroughNVUE(t *testing.T) {
	const older = `case "$*" in *--view=detail*|*"unicast route"*) echo "Error: Invalid command" >&2; exit 2;; esac` + "\n"
	const answers = `case "$*" in
"show router bgp -o json") echo '` + nvRouterSays + `';;
"show vrf default router bgp neighbor"*) echo '{"swp51":{"remote-as":65199,"session-state":"established","remote-hostname":"spine1","address-family":{"ipv4-unicast":{"rx-prefix":8,"tx-prefix":13}}}}';;
*ipv4-unicast*) echo '{"10.1.2.1/32":{"path-count":2,"multipath-count":1}}';;
*) echo "Error: The requested item does not exist." >&2; exit 1;;
esac
`
	tests := []struct{ name, nv, platform, err string }{
		{name: "of now", nv: answers, platform: "nvue"},
		{name: "older", nv: older + answers, platform: "nvue"},
		{name: "nothing is let see", nv: "echo 'Error: You do not have permission to execute that command.'; exit 1", platform: "nvue", err: "do not have permission"},
		{name: "hidden table", nv: strings.Replace(answers, "*ipv4-unicast*", "never", 1), platform: "nvue", err: "does not tell the BGP table"},
		{name: "another platform", nv: answers, platform: "cumulus", err: "sudo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &nvSwitch{path: t.TempDir()}
			s.tool(t, "nv", tt.nv)
			s.tool(t, "ip", "echo '[]'")
			s.tool(t, "dpkg-query", "echo 'FRRouting 8.4.3-0+cl5.9.1u1'")
			var tr fake.Transport
			tr.Set("leaf1", s.run)
			plan := &model.Plan{Devices: []model.Device{{Name: "leaf1", Platform: tt.platform}}}
			o := New(&tr, plan, map[string]model.Endpoint{"leaf1": {Device: "leaf1", Host: "192.0.2.1"}})
			defer o.Close()
			d := o.Round(t.Context()).Devices[0]
			if tt.err != "" {
				if d.Err == nil || !strings.Contains(d.Err.Error(), tt.err) || len(d.Routes) > 0 {
					t.Errorf("%+v", d)
				}
				if tables := strings.Contains(tt.err, "table"); d.Reachable != tables || tables != (len(d.Peers) == 1) || !tables && !errors.Is(d.Err, provision.ErrSudo) {
					t.Errorf("%+v", d)
				}
				return
			}
			asked := s.root
			o.Round(t.Context())
			deep := o.Examine(t.Context()).Devices[0]
			for _, d := range []Device{d, deep} {
				if !d.Reachable || d.Err != nil || d.ASN != 65101 || d.RouterVersion != "8.4.3-0+cl5.9.1u1" || len(d.Peers) != 1 || d.Peers[0].Received != 8 || len(d.Routes) != 1 || d.Read.System.IsZero() {
					t.Errorf("%+v", d)
				}
			}
			if e := deep.Evidence; e == nil || len(e.Sysctls) == 0 || len(e.Config.Lines) > 0 || len(e.Silent) > 0 {
				t.Errorf("%+v", e)
			}
			if s.root != asked {
				t.Errorf("who may not be root asked for it %d times more", s.root-asked)
			}
		})
	}
}
