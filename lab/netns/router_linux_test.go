package netns

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// configure gives a device a small frr.conf and starts FRR, by hand: what
// closup itself would write is not what is tested here.
func configure(t testing.TB, l *Lab, device string, asn int, id, body string) {
	t.Helper()
	put(t, l, device, "/etc/frr/frr.conf", fmt.Sprintf(`frr defaults datacenter
hostname %s
ip prefix-list ANY seq 5 permit 0.0.0.0/0 le 32
router bgp %d
 bgp router-id %s
%s`, strings.TrimSpace(run(t, l, device, "hostname")), asn, id, body))
	run(t, l, device, `chown frr:frr /etc/frr/frr.conf && chmod 640 /etc/frr/frr.conf
sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons
/usr/lib/frr/frrinit.sh start >/var/log/start.log 2>&1`)
}

const unnumbered = ` neighbor %s interface remote-as external
 address-family ipv4 unicast
  redistribute connected
  redistribute kernel
 exit-address-family
`

func established(port string) string {
	return `vtysh -c 'show bgp neighbors ` + port + ` json' | grep -q '"bgpState":"Established"'`
}

// TestRouters: two devices form a session over their cable, unnumbered, and
// exchange routes, the stand-in for the pods among them. Then one loses its
// power and comes back as its disk says.
func TestRouters(t *testing.T) {
	l := up(t, pair(t))
	for device, port := range map[string]string{"leaf1": "swp1", "k8s1": "eth1"} {
		run(t, l, device, fmt.Sprintf(`printf 'auto %[1]s\niface %[1]s\n    mtu 9216\n' > /etc/network/interfaces.d/%[1]s.intf; ifreload -a`, port))
	}
	put(t, l, "leaf1", "/etc/network/interfaces.d/lo.intf", "auto lo\niface lo inet loopback\n    address 10.1.1.1/32\n")
	run(t, l, "leaf1", "ifreload -a; echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/90-closup.conf")
	configure(t, l, "leaf1", 65101, "10.1.1.1", fmt.Sprintf(unnumbered, "swp1"))
	configure(t, l, "k8s1", 65801, "10.1.3.1", fmt.Sprintf(unnumbered, "eth1"))
	waitFor(t, l, "leaf1", established("swp1"))
	waitFor(t, l, "k8s1", established("eth1"))
	waitFor(t, l, "leaf1", "ip route show 10.233.1.0/24 | grep -q 'proto bgp'")
	waitFor(t, l, "k8s1", "ip route show 10.1.1.1 | grep -q 'proto bgp'")
	waitFor(t, l, "k8s1", "ping -c 1 -W 1 10.1.1.1")

	t.Run("FRR stops and starts", func(t *testing.T) {
		run(t, l, "k8s1", "/usr/lib/frr/frrinit.sh restart >/var/log/start.log 2>&1")
		waitFor(t, l, "k8s1", established("eth1"))
	})

	t.Run("power", func(t *testing.T) {
		ctx := t.Context()
		put(t, l, "leaf1", "/var/lib/mark", "kept")
		put(t, l, "leaf1", "/run/mark", "lost")
		before := must(l.Status(ctx))
		if err := l.PowerOff(ctx, "leaf1"); err != nil {
			t.Fatal(err)
		}
		rows := must(l.Status(ctx))
		if rows[0].PID != 0 || rows[0].SSH || rows[1].PID != before[1].PID {
			t.Errorf("%+v", rows)
		}
		// The cable is still in the other end's port, without a carrier.
		waitFor(t, l, "k8s1", "grep -qx 0 /sys/class/net/eth1/carrier")
		if err := l.PowerOn(ctx, "leaf1"); err != nil {
			t.Fatal(err)
		}
		if err := l.PowerOn(ctx, "leaf1"); err == nil || !strings.Contains(err.Error(), errOn.Error()) {
			t.Errorf("%v, want %v", err, errOn)
		}
		waitFor(t, l, "k8s1", established("eth1"))
		waitFor(t, l, "k8s1", "ping -c 1 -W 1 10.1.1.1")
		if got := run(t, l, "leaf1", "hostname; cat /var/lib/mark; ls /run/mark 2>&1 | grep -c 'No such'; cat /proc/sys/net/ipv4/ip_forward /sys/class/net/swp1/mtu"); got != "cumulus\nkept1\n1\n9216\n" {
			t.Errorf("after a cut of power: %q", got)
		}
	})

	t.Run("reboot from inside", func(t *testing.T) {
		before := must(l.pid("k8s1"))
		// reboot(2) in a PID namespace ends it; nothing answers any more.
		_, _ = l.Exec(t.Context(), "k8s1", []string{"python3", "-c", "import ctypes; ctypes.CDLL(None).reboot(0x01234567)"}, nil, nil, nil)
		waitFor(t, l, "leaf1", established("swp1"))
		if after := must(l.pid("k8s1")); after == before {
			t.Error("it did not reboot")
		}
		run(t, l, "k8s1", "ip route show type blackhole | grep 10.233.1.0/24")
	})
}

// TestOutsideRouter: a border leaf hears from each of its outside peers what
// it agreed to accept, whatever the kind of session, and from the AS that it
// expects.
func TestOutsideRouter(t *testing.T) {
	l := up(t, load(t, borders))
	put(t, l, "border1", "/etc/network/interfaces.d/peers.intf", `auto swp43
iface swp43
auto swp44
iface swp44
    address 203.0.113.1/31
auto swp45
iface swp45
auto swp45.100
iface swp45.100
    address 203.0.113.9/30
auto swp45.200
iface swp45.200
`)
	run(t, l, "border1", "ifreload -a; sed -i s/^bfdd=no/bfdd=yes/ /etc/frr/daemons")
	configure(t, l, "border1", 65041, "10.0.0.41", ` no bgp network import-check
 neighbor swp43 interface remote-as 65250
 neighbor 203.0.113.0 remote-as 65254
 neighbor 203.0.113.0 bfd
 neighbor 203.0.113.10 remote-as external
 neighbor swp45.200 interface remote-as 65255
 address-family ipv4 unicast
  network 10.0.0.0/24
 exit-address-family
`)
	for _, row := range []struct {
		peer string
		asn  string
		told []string
	}{
		{"swp43", "65250", []string{"0.0.0.0/0"}},
		{"203.0.113.0", "65254", []string{"0.0.0.0/0", "198.51.100.0/24"}},
		{"203.0.113.10", "64999", []string{"192.0.2.0/24"}},
		{"swp45.200", "65255", []string{"0.0.0.0/0"}},
	} {
		waitFor(t, l, "border1", established(row.peer))
		// Whatever it tells: no more, no less, and from the AS that the border
		// expects, with no other in between.
		waitFor(t, l, "border1", "vtysh -c 'show bgp ipv4 unicast neighbors "+row.peer+" routes json' | grep -q '"+row.told[len(row.told)-1]+"'")
		var table struct {
			Routes map[string][]struct{ Path string }
		}
		out := run(t, l, "border1", "vtysh -c 'show bgp ipv4 unicast neighbors "+row.peer+" routes json'")
		if err := json.Unmarshal([]byte(out), &table); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		got := map[string][]string{}
		for prefix, paths := range table.Routes {
			for _, p := range paths {
				got[prefix] = append(got[prefix], p.Path)
			}
		}
		want := map[string][]string{}
		for _, prefix := range row.told {
			want[prefix] = []string{row.asn}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s tells %v, want %v", row.peer, got, want)
		}
		waitFor(t, l, "external", "vtysh -c 'show bgp ipv4 unicast 10.0.0.0/24 json' | grep -q 65041")
	}
	waitFor(t, l, "border1", "vtysh -c 'show bfd peers' | grep -q 'Status: up'")
	if err := l.Reboot(t.Context(), "external"); err != nil {
		t.Fatal(err)
	}
	for _, peer := range []string{"peer1", "203.0.113.9", "peer3.200"} {
		waitFor(t, l, "external", established(peer))
	}
	if _, err := netip.ParseAddr(must(l.Endpoint("external")).Host); err != nil {
		t.Error(err)
	}
}
