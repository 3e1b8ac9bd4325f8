package render_test

import (
	"strings"
	"testing"

	"closup/render"
)

// networkd is systemd-networkd in a box, with a bus for networkctl and without
// udev: with /sys read-only it takes every port as it finds it, as in a
// container.
type networkd struct {
	*box
	pid string
}

func (n *networkd) start() {
	n.t.Helper()
	n.pid = strings.TrimSpace(n.run(`rm -rf /run/systemd/netif; mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network:systemd-network /run/systemd/netif
SYSTEMD_LOG_TARGET=console SYSTEMD_LOG_LEVEL=info /lib/systemd/systemd-networkd >/run/networkd.log 2>&1 </dev/null & echo $!
tries=0; until networkctl list >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 100 ] || { cat /run/networkd.log >&2; exit 1; }; sleep 0.1; done`))
}

func (n *networkd) stop() {
	n.run(`kill "$1"; while kill -0 "$1" 2>/dev/null; do sleep 0.05; done`, n.pid)
}

// ignored are the lines of its files that networkd did not understand. The key
// ManageForeignNextHops is of systemd 256; that a stand-in for a VLAN is none is
// the test's doing.
func (n *networkd) ignored() string {
	return n.run(`grep -i 'ignoring\|failed to parse\|invalid' /run/networkd.log | grep -v 'ManageForeignNextHops\|new link message' || true`)
}

func newNetworkd(t *testing.T) (*networkd, []render.Artifact) {
	t.Helper()
	need(t, true, "unshare", "nsenter", "networkctl", "dbus-daemon")
	t.Parallel()
	n := &networkd{box: newBox(t)}
	n.run(`mount -o remount,bind,ro /sys; mkdir -p /run/dbus; dbus-daemon --system --fork
for i in swp51 swp52 swp44; do ip link add $i type veth peer name far$i && ip link set far$i mtu 9216 up; done`)
	all := device(t, "networkd", "border1")
	return n, append(only(all, "networkd"), only(all, "networkd-links")...)
}

// TestNetworkdTakesFiles: systemd-networkd makes of the files what the plan
// says, a VLAN among it, and understands each line of them.
func TestNetworkdTakesFiles(t *testing.T) {
	n, all := newNetworkd(t)
	n.start()
	n.install(all)
	// A kernel without VLANs gets a port of that name, and its carrier no line
	// that asks for one.
	vlan, err := n.try(`ip link add link swp44 name swp44.9 type vlan id 9 && ip link del swp44.9`)
	if err != nil {
		t.Logf("the kernel makes no VLANs: %s", vlan)
		n.run(`ip link add swp44.100 type veth peer name faraway && ip link set faraway mtu 9216 up; sed -i /^VLAN=/d /etc/systemd/network/10-closup-outside-swp44.network`)
	}
	u := unit(t, "networkd-links")
	n.run(u.Apply)
	verify := u.Verify
	for _, a := range only(all, "networkd-links") {
		if out, err := n.try(verify, a.Path); err != nil {
			t.Errorf("%v: %s\n%s", err, out, n.run("cat /run/networkd.log"))
		}
	}
	if got := n.ignored(); got != "" {
		t.Errorf("networkd does not understand:\n%s", got)
	}
	if got := n.run(`cat /proc/sys/net/ipv6/conf/swp51/accept_ra; ip -o -6 addr show dev swp51 scope link | wc -l; ip -o -4 addr show dev lo`); !strings.HasPrefix(got, "0\n1\n") || !strings.Contains(got, "127.0.0.1/8") {
		t.Errorf("the ports are otherwise:\n%s", got)
	}
	if got := n.run(unit(t, "networkd-links").Show); !strings.Contains(got, "swp44.100 mtu 9216\n") || !strings.Contains(got, "203.0.113.1/31") {
		t.Errorf("Show: %s", got)
	}

	// What is amiss on the device, and in a file, is seen.
	n.stop()
	n.run(`ip addr del 10.1.4.1/32 dev lo; ip link set swp51 mtu 1500`)
	for path, says := range map[string]string{"lo": "lo: address 10.1.4.1/32 is missing", "fabric": "swp51: MTU is 1500, not 9216"} {
		if out, err := n.try(verify, "/etc/systemd/network/10-closup-"+path+".network"); err == nil || !strings.Contains(out, says) {
			t.Errorf("Verify says %q, %v; want %q", out, err, says)
		}
	}
	n.run(`sed -i 's/^LinkLocalAddressing=/LinkLocalAdressing=/' /etc/systemd/network/10-closup-fabric.network
sed -i 's,^Address=10.1.4.1/32,Address=10.1.4.1/99,' /etc/systemd/network/10-closup-lo.network
sed -i 's/^Id=100/Id=10000/' /etc/systemd/network/*.netdev`)
	n.start()
	for _, want := range []string{"LinkLocalAdressing", "10.1.4.1/99", "netdev"} {
		n.run(`tries=0; until grep -q "$1" /run/networkd.log; do tries=$((tries + 1)); [ $tries -lt 100 ] || { cat /run/networkd.log; exit 1; }; sleep 0.1; done`, want)
		if got := n.ignored(); !strings.Contains(got, want) {
			t.Errorf("a spoilt %s is taken: %s", want, got)
		}
	}
}

// TestNetworkdKeepsRoutes: without our networkd.conf, systemd-networkd takes the
// routes of FRR and of the container network away whenever it takes up a
// changed port; with it they stay.
func TestNetworkdKeepsRoutes(t *testing.T) {
	n, all := newNetworkd(t)
	links, conf := only(all, "networkd-links"), only(all, "networkd")
	n.start()
	u := unit(t, "networkd-links")
	for _, c := range []struct {
		name string
		conf []render.Artifact
		want string
	}{
		{"without the file", nil, ""},
		{"with it", conf, "192.0.2.0/24 dev swp51 scope link blackhole 10.233.64.0/24"},
	} {
		n.stop()
		n.install(c.conf)
		n.install(links)
		n.start()
		n.run(u.Verify, "/etc/systemd/network/10-closup-fabric.network")
		n.run(`ip route replace 192.0.2.0/24 dev swp51 proto bgp; ip route replace blackhole 10.233.64.0/24 proto static`)
		n.run(`sed -i s/9216/9000/ /etc/systemd/network/10-closup-fabric.network`)
		n.run(u.Apply)
		n.run(u.Verify, "/etc/systemd/network/10-closup-fabric.network")
		if got := n.run(`ip route show proto bgp; ip route show proto static`); strings.Join(strings.Fields(got), " ") != c.want {
			t.Errorf("%s FRR's and the container network's routes are now:\n%s", c.name, got)
		}
	}
}

// TestNetplanGenerates: netplan itself takes every netplan file of the goldens,
// makes of it what the plan says, and refuses what is spoilt.
func TestNetplanGenerates(t *testing.T) {
	need(t, true, "unshare", "nsenter", "netplan")
	t.Parallel()
	b := newBox(t)
	check := unit(t, "netplan").Check
	seen := 0
	for name, text := range cases(t) {
		for _, f := range filesOf(t, planOf(t, name, text), "devices") {
			if strings.HasSuffix(f.Path, "/etc/netplan/90-closup.yaml") {
				b.run(`cat >/run/staged.yaml <<'EOF'` + "\n" + string(f.Body) + "EOF\n")
				b.run(check, "/run/staged.yaml")
				seen++
			}
		}
	}
	if seen < 2 {
		t.Errorf("only %d files of netplan in the goldens", seen)
	}
	b.install(only(device(t, "netplan", "border1"), "netplan"))
	got := b.run(`mkdir -p /run/tree/etc/netplan && cp -p /etc/netplan/90-closup.yaml /run/tree/etc/netplan/ && netplan generate --root-dir /run/tree && cd /run/tree/run/systemd/network && for f in *; do echo "== $f"; cat $f; done`)
	for _, want := range []string{
		"Name=lo\n", "Address=10.1.4.1/32\n", "Address=fd00:4::1/128\n",
		"Name=swp51\n", "LinkLocalAddressing=ipv6\n", "MTUBytes=9216\n", "IPv6AcceptRA=no\n", "RequiredForOnline=no\n",
		"VLAN=swp44.100\n", "Kind=vlan\n", "Id=100\n", "Address=203.0.113.1/31\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("netplan makes no %q:\n%s", want, got)
		}
	}
	for _, change := range []string{
		`s/link-local:/link-lokal:/`, `s,10.1.4.1/32,10.1.4.1/99,`, `s/mtu: 9216/mtu: big/`, `s/link: swp44/link: swp45/`,
	} {
		b.run(`sed "$1" /etc/netplan/90-closup.yaml >/run/staged.yaml; ! cmp -s /run/staged.yaml /etc/netplan/90-closup.yaml`, change)
		if out, err := b.try(check, "/run/staged.yaml"); err == nil {
			t.Errorf("netplan takes %s: %s", change, out)
		}
	}
}

// TestKubeletDropIn: systemd takes every drop-in of the goldens, beside the
// unit of a device and where there is none, and a spoilt one is refused.
func TestKubeletDropIn(t *testing.T) {
	need(t, true, "unshare", "nsenter", "systemd-analyze")
	t.Parallel()
	b := newBox(t)
	u := unit(t, "kubelet")
	all := only(device(t, "dual-stack", "node1"), "kubelet")
	if len(all) != 1 || len(only(device(t, "dual-stack", "leaf1"), "kubelet")) > 0 {
		t.Fatalf("%d drop-ins for a node, or some for a leaf", len(all))
	}
	b.install(all)
	path := all[0].Path
	b.run(u.Check, path)
	if out := b.run(u.Apply, ""); out != "" {
		t.Errorf("without a kubelet there is nothing to say: %q", out)
	}
	// As the package has it (10-kubeadm.conf).
	b.run(`printf '[Service]\nExecStart=/bin/echo $KUBELET_EXTRA_ARGS\nRestart=always\n' >/etc/systemd/system/kubelet.service
mkdir -p /etc/systemd/system/kubelet.service.d && printf '[Service]\nEnvironmentFile=-/etc/default/kubelet\n' >/etc/systemd/system/kubelet.service.d/10-kubeadm.conf`)
	b.run(u.Check, path)
	if out := b.run(u.Apply, ""); out != "" {
		t.Errorf("Apply says %q", out)
	}
	b.run(`echo 'KUBELET_EXTRA_ARGS=--v=2' >/etc/default/kubelet`)
	if out := b.run(u.Apply, ""); !strings.Contains(out, "/etc/default/kubelet sets KUBELET_EXTRA_ARGS") || !strings.Contains(out, "add --node-ip=10.3.3.1,") {
		t.Errorf("it does not say that the line is hidden: %q", out)
	}
	for name, text := range cases(t) {
		for _, f := range filesOf(t, planOf(t, name, text), "devices") {
			if strings.HasSuffix(f.Path, "/kubelet.service.d/90-closup-kubelet.conf") && strings.Contains(f.Path, "1/") {
				b.run(`cat >/run/staged <<'EOF'` + "\n" + string(f.Body) + "EOF\n")
				b.run(u.Check, "/run/staged")
			}
		}
	}
	for change, says := range map[string]string{
		`s/^After=/Aftre=/`:                "Aftre",
		`s/^Environment=/Environment==/`:   "Invalid environment",
		`s/^\[Service\]/[Servise]/`:        "Servise",
		`s/network-online.target/, ;;/`:    "90-closup-kubelet.conf",
		`s/^Environment=.*/no assignment/`: "Missing '='",
	} {
		b.run(`sed "$1" "$2" >/run/staged; ! cmp -s "$2" /run/staged`, change, path)
		if out, err := b.try(u.Check, "/run/staged"); err == nil || !strings.Contains(out, says) {
			t.Errorf("%s: Check says %q, %v", change, out, err)
		}
	}
}
