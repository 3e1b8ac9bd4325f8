package sim

import (
	"slices"
	"strings"
	"testing"
)

// TestConfigurations holds what is printed of a configuration to what bgpd
// 8.4.4 printed of it.
func TestConfigurations(t *testing.T) {
	for _, c := range []struct{ entered, printed string }{
		// A port has the capability of IPv6 next hops by itself, a group and an
		// address have not; that it was taken away is not said.
		{
			`neighbor fabric peer-group
			 neighbor fabric capability extended-nexthop
			 neighbor other peer-group
			 no neighbor other capability extended-nexthop
			 neighbor lo2 interface peer-group fabric
			 neighbor lo3 interface v6only remote-as external
			 no neighbor lo3 capability extended-nexthop
			 neighbor lo4 interface v6only remote-as external
			 neighbor lo4 capability extended-nexthop
			 neighbor 10.0.0.8 remote-as 65009
			 no neighbor 10.0.0.8 capability extended-nexthop
			 neighbor 10.0.0.9 remote-as 65009
			 neighbor 10.0.0.9 capability extended-nexthop`,
			`neighbor fabric peer-group
			 neighbor fabric capability extended-nexthop
			 neighbor other peer-group
			 neighbor lo2 interface peer-group fabric
			 neighbor lo3 interface v6only remote-as external
			 neighbor lo4 interface v6only remote-as external
			 neighbor 10.0.0.8 remote-as 65009
			 neighbor 10.0.0.9 remote-as 65009
			 neighbor 10.0.0.9 capability extended-nexthop`,
		},
		{activations + "address-family ipv4 unicast" + activated, activations +
			`address-family ipv4 unicast
			 no neighbor off activate
			 no neighbor lo3 activate
			 neighbor lo5 activate
			 no neighbor lo7 activate
			 exit-address-family`},
		{"no bgp default ipv4-unicast " + "\n" + activations + "address-family ipv4 unicast" + activated, "no bgp default ipv4-unicast" + activations +
			`address-family ipv4 unicast
			 neighbor fabric activate
			 no neighbor lo3 activate
			 neighbor lo5 activate
			 neighbor lo6 activate
			 exit-address-family`},
		{activations + "address-family ipv6 unicast" + activated, activations +
			`address-family ipv6 unicast
			 neighbor fabric activate
			 no neighbor lo3 activate
			 neighbor lo5 activate
			 neighbor lo6 activate
			 exit-address-family`},
		{activations + "address-family ipv6 unicast\nno neighbor fabric activate", activations},
	} {
		conf, bad := parseConf("frr defaults datacenter\nrouter bgp 65001\n" + c.entered)
		if len(bad) > 0 {
			t.Errorf("%v is no command", bad)
		}
		_, text, _ := strings.Cut(conf.print(), "router bgp 65001\n")
		text, _, _ = strings.Cut(text, "\nexit\n")
		text = strings.ReplaceAll(text, " !\n", "")
		if got, want := strings.Fields(text), strings.Fields(c.printed); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("it prints\n%s", text)
		}
	}
}

// activations and activated are a group that is active in a family and one that
// is not, with ports that agree with them, and ports that do not.
const (
	activations = `
		neighbor fabric peer-group
		neighbor off peer-group
		neighbor lo2 interface peer-group fabric
		neighbor lo3 interface peer-group fabric
		neighbor lo4 interface peer-group off
		neighbor lo5 interface peer-group off
		neighbor lo6 interface remote-as external
		neighbor lo7 interface remote-as external
	`
	activated = `
		neighbor fabric activate
		no neighbor off activate
		no neighbor lo3 activate
		neighbor lo5 activate
		neighbor lo6 activate
		no neighbor lo7 activate`
)

// TestAdvertised: router advertisements that zebra's own configuration asks for
// are sent without bgpd.
func TestAdvertised(t *testing.T) {
	d := bench(t)
	swp1 := d.ports[slices.IndexFunc(d.ports, func(p *port) bool { return p.name == "swp1" })]
	for _, c := range []struct {
		conf string
		want bool
	}{
		{"interface swp1\nno ipv6 nd suppress-ra\n", true},
		{"interface swp1\nno ipv6 nd suppress-ra\nipv6 nd suppress-ra\n", false},
		{"interface swp2\nno ipv6 nd suppress-ra\n", false},
		{"router bgp 65001\nneighbor swp1 interface remote-as external\n", false}, // no bgpd runs
	} {
		conf, _ := parseConf(c.conf)
		d.world.mu.Lock()
		d.router.spawn("zebra")
		d.router.load(conf)
		if got := d.router.advertises(swp1); got != c.want {
			t.Errorf("%q: %t", c.conf, got)
		}
		d.world.mu.Unlock()
	}
}
