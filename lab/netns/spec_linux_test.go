package netns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"closup/model"
)

func TestLayoutRefuses(t *testing.T) {
	end := func(d, p string) model.End { return model.End{Device: d, Port: p} }
	for _, row := range []struct {
		name, want string
		change     func(*model.Plan)
	}{
		{"no device", "no devices", func(p *model.Plan) { p.Devices, p.Links = nil, nil }},
		{"twice the name", `two devices are named "k8s1"`, func(p *model.Plan) { p.Devices[0].Name = "k8s1" }},
		{"a path", `"../k8s1" cannot be a host name`, func(p *model.Plan) { p.Devices[1].Name = "../k8s1" }},
		{"a user", `"a:b" cannot be the name of a user`, func(p *model.Plan) { p.Devices[0].Access.User = "a:b" }},
		{"a missing device", "leaf9:swp1", func(p *model.Plan) { p.Links[0].A.Device = "leaf9" }},
		{"a port twice", "leaf1: the port swp1 is used twice", func(p *model.Plan) {
			p.Links = append(p.Links, model.Link{A: end("leaf1", "swp1"), B: end("k8s1", "eth2")})
		}},
		{"the management port", "k8s1: the port eth0 is used twice", func(p *model.Plan) { p.Links[0].B.Port = "eth0" }},
		{"a long port", `"a-port-of-16-let" cannot be a port's name`, func(p *model.Plan) { p.Links[0].B.Port = "a-port-of-16-let" }},
		{"a slash", `"a/b" cannot be a port's name`, func(p *model.Plan) { p.Links[0].B.Port = "a/b" }},
	} {
		p := pair(t)
		row.change(p)
		if _, err := layout(p); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
	if _, err := layout(pair(t)); err != nil {
		t.Errorf("the pair itself: %v", err)
	}
}

func TestFreeSubnet(t *testing.T) {
	for _, row := range []struct {
		hosts int
		taken []netip.Prefix
		want  string
	}{
		{7, nil, "198.18.0.0/24"},
		{254, nil, "198.18.0.0/24"},
		{255, nil, "198.18.0.0/23"},
		{7, prefixes("198.18.0.0/24", "192.0.2.0/24"), "198.18.1.0/24"},
		{7, prefixes("198.18.0.77/32"), "198.18.1.0/24"},
		{300, prefixes("198.18.1.0/24"), "198.18.2.0/23"},
		{7, prefixes("198.18.0.0/16"), "198.19.0.0/24"},
		{7, prefixes("198.18.0.0/15"), "100.64.0.0/24"},
		{7, prefixes("::/0"), "198.18.0.0/24"}, // another family
	} {
		got, err := freeSubnet(row.hosts, row.taken)
		if err != nil || got.String() != row.want {
			t.Errorf("%d hosts beside %v: %v, %v, want %s", row.hosts, row.taken, got, err, row.want)
		}
	}
	if got, err := freeSubnet(7, prefixes("0.0.0.0/0")); err == nil {
		t.Errorf("%v where all is taken", got)
	}
	if got, err := freeSubnet(1<<23, nil); err == nil {
		t.Errorf("%v for half of IPv4", got)
	}
}

// TestSubnetAvoidsTheFabric: not its loopbacks, pods, services, management
// addresses, nor its networks outside.
func TestSubnetAvoidsTheFabric(t *testing.T) {
	p := &model.Plan{
		Pods: prefixes("198.18.0.0/24"), Services: prefixes("198.18.1.0/24"),
		Devices: []model.Device{{
			Loopbacks: prefixes("198.18.2.1/32"), Mgmt: "198.18.3.4", PodCIDRs: prefixes("198.18.4.0/24"),
			Ports: []model.Port{{Addresses: prefixes("198.18.5.1/31")}},
		}, {Mgmt: "leaf1.example"}},
	}
	if got, err := freeSubnet(7, fabricPrefixes(p)); err != nil || got.String() != "198.18.6.0/24" {
		t.Errorf("%v, %v", got, err)
	}
}

// TestWhole: a list that changes while it is read is read again, and one that
// never holds still is an error, not half a list that passes for all.
func TestWhole(t *testing.T) {
	for _, row := range []struct{ cut, tries int }{{0, 1}, {3, 4}, {dumpTries - 1, dumpTries}, {dumpTries, dumpTries}} {
		tries := 0
		got, err := whole(func() (int, error) {
			if tries++; tries <= row.cut {
				return tries, netlink.ErrDumpInterrupted
			}
			return tries, nil
		})
		if tries != row.tries || (err == nil) != (row.cut < dumpTries) || err == nil && got != tries {
			t.Errorf("cut %d times: %d after %d tries, %v", row.cut, got, tries, err)
		}
	}
}
