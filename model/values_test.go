package model

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestExpand(t *testing.T) {
	for text, want := range map[string]string{
		"leaf":            "leaf",
		"leaf[1-3]":       "leaf1 leaf2 leaf3",
		"leaf[01-03]":     "leaf01 leaf02 leaf03",
		"leaf[08-11]":     "leaf08 leaf09 leaf10 leaf11",
		"leaf[1-2,5]":     "leaf1 leaf2 leaf5",
		"[1,01,001]x":     "1x 01x 001x",
		"[5-5]":           "5",
		"r[1-2]l[1-2]":    "r1l1 r1l2 r2l1 r2l2",
		"10.0.0.[1-2]/24": "10.0.0.1/24 10.0.0.2/24",
		"":                "",
	} {
		got, err := expand(text)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q is %v, %v; want %s", text, got, err, want)
		}
	}
	if all, err := expand("n[1-65536]"); err != nil || len(all) != maxRange || all[65535] != "n65536" {
		t.Errorf("%d values, %v", len(all), err)
	}
	for _, text := range []string{"n[0-65536]", "n[1-256]x[1-257]", "n[1-65536,1]", "[", "]", "[]", "[-1]", "[1-]", "[2-1]", "[1 - 2]", "[[1]]", "[+1]"} {
		if all, err := expand(text); err == nil {
			t.Errorf("%q is %d values", text, len(all))
		}
	}
}

func TestASN(t *testing.T) {
	for text, want := range map[string]uint32{
		"1": 1, "65501": 65501, "4294967294": math.MaxUint32 - 1, "1.10": 65546, "0.65000": 65000, "65535.65534": math.MaxUint32 - 1,
	} {
		if got, err := ParseASN(text); err != nil || got != want {
			t.Errorf("%s is %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "4294967295", "65535.65535", "1.", ".1", "1.65536", "0.0", "1.1.1", "0x1", "1e3", " 1", "+1"} {
		if got, err := ParseASN(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
	for _, text := range []string{"65020", "65101+", "1.10+rack", "4200000000+pod"} {
		r, err := ParseASNRule(text)
		if err != nil || r.String() != text {
			t.Errorf("%s is %v, %v", text, r, err)
		}
	}
	for _, c := range []struct {
		rule string
		k    int
		want uint32
		ok   bool
	}{
		{"65101+", 1, 65101, true},
		{"65101+", 7, 65107, true},
		{"65020", 99, 65020, true},
		{"65101+", 0, 65100, false},
		{"4294967294+", 1, 4294967294, true},
		{"4294967294+", 2, 0, false},
		{"4294967290+", 1 << 40, 0, false},
	} {
		r, err := ParseASNRule(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := r.At(c.k); ok != c.ok || ok && got != c.want {
			t.Errorf("number %d of %s is %d, %v", c.k, c.rule, got, ok)
		}
	}
}

func TestAddressRange(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string // empty: there is none
	}{
		{"10.1.2.0/24", 1, "10.1.2.1"},
		{"10.1.2.0/24", 254, "10.1.2.254"},
		{"10.1.2.0/24", 255, ""}, // the broadcast address
		{"10.1.2.0/24", 0, ""},
		{"10.0.0.11/24", 1, "10.0.0.11"},
		{"10.0.0.11/24", 244, "10.0.0.254"},
		{"10.0.0.11/24", 245, ""},
		{"10.0.0.0/31", 1, "10.0.0.0"},
		{"10.0.0.0/31", 2, "10.0.0.1"},
		{"10.0.0.0/31", 3, ""},
		{"10.0.0.7/32", 1, "10.0.0.7"},
		{"10.0.0.7/32", 2, ""},
		{"255.255.255.0/24", 256, ""},
		{"0.0.0.0/0", 1 << 30, "64.0.0.0"},
		{"fd00::/64", 1, "fd00::1"},
		{"fd00::/64", 65536, "fd00::1:0"},
		{"fd00::ffff:ffff:ffff:ffff/64", 2, ""},
		{"fd00::100/64", 1, "fd00::100"},
		{"fd00::/127", 1, "fd00::"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0", 2, ""},
	} {
		r, err := ParseAddressRange(c.text)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := r.At(c.n)
		if ok != (c.want != "") || ok && got != netip.MustParseAddr(c.want) {
			t.Errorf("number %d of %s is %v, %v; want %q", c.n, c.text, got, ok, c.want)
		}
		if again, err := ParseAddressRange(r.String()); err != nil || again != r {
			t.Errorf("%s is written %s, which is %v, %v", c.text, r, again, err)
		}
	}
}

func TestSubnet(t *testing.T) {
	for _, c := range []struct {
		pods string
		bits int
		n    int
		want string
	}{
		{"10.233.64.0/18", 24, 1, "10.233.64.0/24"},
		{"10.233.64.0/18", 24, 64, "10.233.127.0/24"},
		{"10.233.64.0/18", 24, 65, ""},
		{"10.233.64.0/18", 24, 0, ""},
		{"10.233.64.0/18", 17, 1, ""},
		{"10.233.64.0/18", 33, 1, ""},
		{"10.233.64.0/24", 24, 1, "10.233.64.0/24"},
		{"255.255.255.0/24", 32, 257, ""},
		{"0.0.0.0/1", 8, 1 << 30, ""},
		{"fd00:1::/56", 64, 256, "fd00:1:0:ff::/64"},
		{"fd00:1::/56", 64, 257, ""},
		{"fd00::/112", 120, 2, "fd00::100/120"},
	} {
		got, ok := subnet(netip.MustParsePrefix(c.pods), c.bits, c.n)
		if ok != (c.want != "") || ok && got.String() != c.want {
			t.Errorf("number %d of /%d in %s is %v, %v; want %q", c.n, c.bits, c.pods, got, ok, c.want)
		}
	}
	for pods, want := range map[string]int{
		"10.0.0.0/8": 24, "fd00::/32": 48, "fd00::/48": 64, "fd00::/56": 64, "fd00::/57": 65, "fd00::/64": 72, "fd00::/112": 120, "fd00::/128": 128,
	} {
		if got := nodeBits(netip.MustParsePrefix(pods), 24); got != want {
			t.Errorf("a node has a /%d of %s, not a /%d", got, pods, want)
		}
	}
}

func TestCompareNatural(t *testing.T) {
	want := []string{"", "Ethernet4", "Ethernet12", "eth0", "eth1", "eth01", "eth2", "eth10", "eth10.4", "eth10.20", "swp1", "swp1s0", "swp1s10", "swp2", "swp99999999999999999999", "swp100000000000000000000"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, CompareNatural)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, a := range want {
		for _, b := range want {
			if x, y := CompareNatural(a, b), CompareNatural(b, a); (x < 0) != (y > 0) || (x == 0) != (a == b) {
				t.Errorf("%q against %q is %d, and back %d", a, b, x, y)
			}
		}
	}
}

func TestPortList(t *testing.T) {
	swp := portRow{"swp", 1, 1}
	broken := []Breakout{{"swp2", 2, "50G"}, {"eth9", 4, "10G"}}
	for _, c := range []struct {
		list portList
		want string // the first six
	}{
		{newPortList(nil, swp, nil), "swp1 swp2 swp3 swp4 swp5 swp6"},
		{newPortList(nil, swp, broken), "swp1 swp2s0 swp2s1 swp3 swp4 swp5"},
		{newPortList([]string{"swp2", "x"}, swp, nil), "swp2 x"},
		{newPortList([]string{"swp2", "x"}, swp, broken), "swp2s0 swp2s1 x"},
		{newPortList([]string{}, swp, broken), ""},
		{newPortList(nil, portRow{"Ethernet", 0, 4}, []Breakout{{"Ethernet4", 2, "50G"}}), "Ethernet0 Ethernet4 Ethernet6 Ethernet8 Ethernet12 Ethernet16"},
		{portList{open: true, row: swp, limit: 2}, "swp1 swp2"},
	} {
		var got []string
		for i := range 6 {
			if port, ok := c.list.at(i); ok {
				got = append(got, port)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
	for wanted, want := range map[int]int{0: 31, 32: 31, 33: 63, 65: 127, 1000: 1023} {
		if got := newPortList(nil, swp, nil).last(wanted); got != want {
			t.Errorf("of %d the last port is at %d, not %d", wanted, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	keys := fabricKeys.keys()
	for typed, want := range map[string]string{
		"leaves": "leafs", "leaf": "leafs", "spine": "spines", "super-spines": "superspines", "loopback": "loopbacks", "asns": "asn",
		"NODES": "nodes", "kuberentes": "kubernetes", "vresion": "version", "mtus": "mtu", "xyzzy": "", "": "", "quite-another-thing": "",
	} {
		if got, _ := nearest(typed, keys); got != want {
			t.Errorf("%q is near %q, not %q", typed, got, want)
		}
	}
}
