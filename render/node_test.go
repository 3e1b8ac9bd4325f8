package render_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// What a node's kernel, its container network and its distribution do beside
// us, on a real kernel with a real FRR. The node's pods are pinned to
// 10.233.64.0/24.

// announced are the prefixes that the device originates.
func announced(b *box) []string {
	b.t.Helper()
	var table struct {
		Routes map[string][]struct {
			PathFrom string
			Path     string
		}
	}
	out := b.run(`vtysh -c 'show bgp ipv4 unicast json'`)
	if err := json.Unmarshal([]byte(out), &table); err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
	return slices.Sorted(maps.Keys(table.Routes))
}

// settled waits until a route that is announced for certain, added last, has
// come through zebra and bgpd; what is not there then does not come.
func settled(b *box, prefix string) []string {
	b.t.Helper()
	b.run(`tries=0; until vtysh -c "show bgp ipv4 unicast $1 json" | grep -q paths; do tries=$((tries + 1)); [ $tries -lt 150 ] || { vtysh -c 'show ip route'; exit 1; }; sleep 0.2; done`, prefix)
	return announced(b)
}

// TestNodeKernelRoutes: of what the kernel holds a node announces its own pods,
// by whichever protocol the container network gave them, and nothing else: not
// the default route that DHCP put on the management port, nor what the
// container network knows of other nodes.
func TestNodeKernelRoutes(t *testing.T) {
	need(t, true, "vtysh", "ifup", "unshare", "nsenter", "sysctl")
	t.Parallel()
	all := changed(t, "article", "k8s1", "{name: k8s1,", "{name: k8s1, pods: 10.233.64.0/24,")
	b := newBox(t)
	b.run(`rm -f /etc/frr/frr.conf`)
	b.wire(all)
	b.install(all)
	b.activate(all)
	b.run(`ip link add eth0 type veth peer name far0; ip link set far0 up; ip link set eth0 up; ip addr add 192.168.200.4/24 dev eth0
ip link add cni0 type veth peer name pod0; ip link set pod0 up; ip link set cni0 up
ip route add default via 192.168.200.254 dev eth0 proto dhcp
ip route add blackhole 10.233.65.0/24 proto boot
ip route add 10.233.66.0/24 via 192.168.200.5 dev eth0 proto bird
ip route add 10.233.64.128/26 dev cni0 proto kernel
ip route add 10.233.64.7/32 dev cni0 proto boot
ip route add blackhole 10.233.64.0/24 proto 80`)
	want := []string{"10.1.3.1/32", "10.233.64.0/24", "10.233.64.7/32"}
	if got := settled(b, "10.233.64.0/24"); !slices.Equal(got, want) {
		t.Errorf("announced: %v, want %v (a route of proto kernel is redistributed from FRR 10.2 on)", got, want)
	}
	// A bridge's own network is the kernel's, and connected for FRR.
	b.run(`ip route del blackhole 10.233.64.0/24; ip route del 10.233.64.7/32; ip addr add 10.233.64.1/24 dev cni0; ip route add 10.233.64.9/32 dev cni0 proto boot`)
	if got := settled(b, "10.233.64.9/32"); !slices.Contains(got, "10.233.64.0/24") || slices.Contains(got, "192.168.200.0/24") {
		t.Errorf("with a bridge of its pods it announces %v", got)
	}
	// The map is what holds the rest back.
	b.run(`vtysh -c 'conf t' -c 'router bgp 65801' -c 'address-family ipv4 unicast' -c 'no redistribute kernel' -c 'redistribute kernel'`)
	if got := settled(b, "10.233.65.0/24"); !slices.Contains(got, "0.0.0.0/0") || !slices.Contains(got, "10.233.66.0/24") {
		t.Errorf("without the route-map it announces %v, so the test proves nothing", got)
	}
}

// TestNodeOwnName: a distribution lets a node's own name lead to 127.0.1.1;
// with our lines it leads to the loopback, also where cloud-init wrote its own.
func TestNodeOwnName(t *testing.T) {
	need(t, true, "unshare", "nsenter", "getent")
	t.Parallel()
	b, all := newBox(t), only(device(t, "article", "k8s1"), "hosts")
	b.run(`printf '127.0.0.1 localhost\n127.0.1.1 k8s1.example.net k8s1\n' >/etc/hosts`)
	const ask = `getent hosts k8s1 | head -n1 | cut -d' ' -f1`
	if got := b.run(ask); got != "127.0.1.1\n" {
		t.Fatalf("before, the name leads to %q, so the test proves nothing", got)
	}
	b.install(all)
	if got := b.run(ask); got != "10.1.3.1\n" {
		t.Errorf("the node's own name leads to %q:\n%s", got, b.run(`cat /etc/hosts`))
	}
	if got := b.run(`getent hosts localhost | head -n1; getent hosts k8s2`); !strings.Contains(got, "localhost") || !strings.Contains(got, "10.1.3.2") {
		t.Errorf("other names: %s", got)
	}
}

// TestNodeRouterAdvertisements: a neighbor's router advertisement makes no
// default route on a planned port, and would without our settings.
func TestNodeRouterAdvertisements(t *testing.T) {
	need(t, true, "unshare", "nsenter", "sysctl", "python3")
	t.Parallel()
	b, all := newBox(t), device(t, "article", "k8s1")
	b.run(`ip link add eth1 type veth peer name far1
sysctl -qw net.ipv6.conf.eth1.accept_ra=1 net.ipv6.conf.eth1.accept_ra_defrtr=1 net.ipv6.conf.all.forwarding=0
unshare -n sleep 600 >/dev/null 2>&1 & echo $! >/run/far.pid; until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link set far1 netns $(cat /run/far.pid); nsenter -t $(cat /run/far.pid) -n ip link set far1 up; ip link set eth1 up
until ip -6 -o addr show scope link dev eth1 | grep -v tentative | grep -q fe80; do sleep 0.1; done
until nsenter -t $(cat /run/far.pid) -n ip -6 -o addr show scope link dev far1 | grep -v tentative | grep -q fe80; do sleep 0.1; done`)
	// An advertisement with a lifetime (RFC 4861 4.2), from the far end; an echo
	// after it, answered, says that it was read.
	const advertise = `nsenter -t $(cat /run/far.pid) -n python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
port = socket.if_nametoindex("far1")
s.settimeout(10)
s.sendto(bytes([134, 0, 0, 0, 64, 0, 7, 8]) + bytes(8), ("ff02::1", 0, 0, port))
s.sendto(bytes([128, 0, 0, 0, 0, 7, 0, 1]), ("ff02::1", 0, 0, port))
while s.recv(100)[0] != 129: pass
' && ip -6 route show default`
	if got, err := b.try(`tries=0; until { ` + advertise + "\n" + `} | grep 'proto ra'; do tries=$((tries + 1)); [ $tries -lt 20 ] || exit 1; sleep 0.3; done`); err != nil {
		t.Fatalf("without our settings there is no route either, so the test proves nothing: %v %s", err, got)
	}
	b.run(`ip -6 route flush proto ra`)
	sys := only(all, "sysctl")
	b.install(sys)
	b.activate(sys)
	if got := b.run(advertise + "\n" + advertise + "\n" + advertise); got != "" {
		t.Errorf("a neighbor's advertisement makes a default route: %s", got)
	}
}
