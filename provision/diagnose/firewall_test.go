package diagnose

import (
	"slices"
	"testing"

	"closup/provision/observe"
)

// A rule in the way is taken out by closup where it is about the planned port
// and the session alone, and by hand where it may be meant so.
func TestFirewall(t *testing.T) {
	for _, c := range []struct {
		rule, port string
		cause      string // "" : it is no cause
		kind       Kind
	}{
		{`iifname "swp1" tcp dport 179 drop`, "swp1", "bgp-filtered", Run},
		{`iif "swp1" tcp sport bgp counter packets 12 bytes 720 reject with tcp reset`, "swp1", "bgp-filtered", Run},
		{`-A INPUT -i swp1 -p tcp -m tcp --dport 179 -j DROP`, "swp1", "bgp-filtered", Run},
		{`oifname "swp1" icmpv6 type nd-router-advert drop`, "swp1", "ra-filtered", Run},
		{`-A INPUT -i swp1 -p ipv6-icmp -m icmp6 --icmpv6-type 134 -j DROP`, "swp1", "ra-filtered", Run},
		{`tcp dport 179 drop`, "swp1", "bgp-filtered", Hand},
		{`iifname "swp*" tcp dport 179 drop`, "swp1", "bgp-filtered", Hand},
		{`iifname { "swp1", "swp2" } tcp dport 179 drop`, "swp1", "bgp-filtered", Hand},
		{`iifname "swp1" tcp dport { 22, 179 } drop`, "swp1", "bgp-filtered", Hand},
		{`iifname "swp1" ip saddr 10.0.0.0/8 tcp dport 179 drop`, "swp1", "bgp-filtered", Hand},
		{`iifname != "eth0" tcp dport 179 drop`, "swp1", "bgp-filtered", Hand},
		{`-A INPUT ! -i eth0 -p tcp -m tcp --dport 179 -j DROP`, "swp1", "bgp-filtered", Hand},
		{`-A INPUT ! -i swp1 -p tcp -m tcp --dport 179 -j DROP`, "swp1", "", ""},
		{`iifname "swp2" tcp dport 179 drop`, "swp1", "", ""},
		{`iifname "swp11" tcp dport 179 drop`, "swp1", "", ""},
		{`iifname != "swp1" tcp dport 179 drop`, "swp1", "", ""},
		{`iifname "swp1" tcp dport 1790 drop`, "swp1", "", ""},
		{`iifname "swp1" icmpv6 type nd-router-solicit drop`, "swp1", "", ""},
	} {
		s := scene(t, "fw179")
		s.Devices[0].Evidence.Firewall = []observe.Rule{{Text: c.rule, Remove: "take it out"}}
		found := Find(pair(), s)
		i := slices.IndexFunc(found, func(f Finding) bool { return f.Cause == "bgp-filtered" || f.Cause == "ra-filtered" })
		switch {
		case c.cause == "" && i >= 0:
			t.Errorf("%s: %+v", c.rule, found[i])
		case c.cause == "":
		case i != 0 || found[0].Cause != c.cause || found[0].Port != c.port || found[0].Confidence != Certain:
			t.Errorf("%s: %s", c.rule, first(found))
		case found[0].Remedy.Commands[0].Kind != c.kind || found[0].Remedy.Applicable() != (c.kind == Run):
			t.Errorf("%s: %+v", c.rule, found[0].Remedy)
		}
	}
}

// While the session is up, only a rule for its own port is told, and not as
// certain.
func TestFirewallUp(t *testing.T) {
	for rule, want := range map[string]string{
		`iifname "swp1" tcp dport 179 drop`: "likely x-b:swp1 bgp-filtered",
		`tcp dport 179 drop`:                "",
		`iifname "swp*" tcp dport 179 drop`: "",
	} {
		s := scene(t, "ok")
		s.Devices[0].Evidence.Firewall = []observe.Rule{{Text: rule}}
		if got := first(Find(pair(), s)); got != want {
			t.Errorf("%s: %q, want %q", rule, got, want)
		}
	}
}
