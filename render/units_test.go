package render_test

import (
	"bytes"
	"strings"
	"testing"

	"closup/render"
)

// running brings one device of a preset up in a box.
func running(t *testing.T, name, dev string) (*box, []render.Artifact) {
	t.Helper()
	need(t, true, "vtysh", "ifup", "unshare", "nsenter", "sysctl")
	t.Parallel()
	b, all := newBox(t), device(t, name, dev)
	b.run(`rm -f /etc/frr/frr.conf`)
	b.wire(all)
	b.install(all)
	b.activate(all)
	return b, all
}

// changed renders a device of a preset after a change of its fabric.yaml.
func changed(t *testing.T, name, dev, old, now string) []render.Artifact {
	t.Helper()
	text := cases(t)[name]
	edited := bytes.Replace(text, []byte(old), []byte(now), 1)
	if bytes.Equal(text, edited) {
		t.Fatalf("%q is not in %s", old, name)
	}
	return artifactsOf(t, planOf(t, name, edited), dev)
}

func unit(t *testing.T, name string) render.Unit {
	t.Helper()
	u, ok := render.UnitNamed(name)
	if !ok {
		t.Fatalf("no unit %s", name)
	}
	return u
}

// TestVerifyAndMend: what FRR runs beside the file is noticed, and Apply makes
// it what the file says.
func TestVerifyAndMend(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	frr := unit(t, "frr")
	for _, c := range []struct{ what, spoil, says string }{
		{"a neighbor is gone", `vtysh -c 'conf t' -c 'router bgp 65101' -c 'no neighbor swp1 interface'`, "neighbor swp1 interface peer-group hosts"},
		{"a list has one more entry", `vtysh -c 'conf t' -c 'ip prefix-list HOSTS-IN seq 50 permit 0.0.0.0/0'`, "runs, but was not asked for: ip prefix-list HOSTS-IN seq 50"},
		{"another ASN", `vtysh -c 'conf t' -c 'no router bgp 65101' -c 'router bgp 65999' -c 'bgp router-id 1.1.1.1'`, "router bgp 65999"},
		{"bgpd is dead", `kill -9 $(cat /run/frr/watchfrr.pid); kill -9 $(cat /run/frr/bgpd.pid); while kill -0 $(cat /run/frr/bgpd.pid) 2>/dev/null; do sleep 0.1; done`, "bgpd"},
		{"all of FRR is dead", `kill -9 $(cat /run/frr/*.pid) || true`, "zebra"},
	} {
		b.run(c.spoil)
		out, err := b.try(frr.Verify, "/etc/frr/frr.conf")
		if err == nil || !strings.Contains(out, c.says) {
			t.Errorf("%s: Verify says %q, %v", c.what, out, err)
		}
		if out, err := b.try(frr.Apply); err != nil {
			t.Errorf("%s: Apply: %v\n%s", c.what, err, out)
		}
		if out, err := b.try(frr.Verify, "/etc/frr/frr.conf"); err != nil {
			t.Errorf("%s: after Apply: %v\n%s", c.what, err, out)
		}
	}
}

// TestByHand: what somebody added by hand goes, whatever it is.
func TestByHand(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	show := func() string { return b.run(`vtysh -c 'show running-config no-header'`) }
	before := show()
	for _, spoil := range []string{
		`-c 'router bgp 65101' -c 'bgp ebgp-requires-policy'`,
		`-c 'router bgp 65101' -c 'timers bgp 5 15'`,
		`-c 'router bgp 65101' -c 'address-family ipv4 unicast' -c 'network 192.0.2.0/24'`,
		`-c 'ip route 192.0.2.0/24 Null0'`,
		`-c 'zebra nexthop kernel enable' -c 'no zebra nexthop kernel enable'`,
	} {
		b.run("vtysh -c 'configure terminal' " + spoil)
		if show() == before {
			t.Errorf("%s is not seen", spoil)
		}
		b.run(unit(t, "frr").Apply)
		if now := show(); now != before {
			t.Errorf("%s is left:\n%s", spoil, render.Diff("before", "now", []byte(before), []byte(now), 1))
		}
	}
}

// TestReloadLeavesPathListsAlone: frr.conf holds its as-path lists without
// numbers, FRR prints them with, and a change of something else must not take
// them away for a moment.
func TestReloadLeavesPathListsAlone(t *testing.T) {
	b, all := running(t, "article", "leaf1")
	if got := b.run(`vtysh -c 'show running-config'`); !strings.Contains(got, "bgp as-path access-list HOST-PATH seq 5 permit ^[0-9]+$") {
		t.Fatalf("FRR prints its as-path lists in another way:\n%s", got)
	}
	now := changed(t, "article", "leaf1", "pods:", "hosts: {advertise: default}\npods:")
	b.install(now)
	said := b.activate(now)
	b.install(all)
	said += b.activate(all)
	if !strings.Contains(said, "no neighbor hosts default-originate") {
		t.Errorf("the reload does not say what it took away: %q", said)
	}
	if strings.Contains(said, "as-path") {
		t.Errorf("the as-path list was touched:\n%s", said)
	}
}

// TestProfileChangeRestarts: a machine whose FRR runs the traditional profile
// gets the datacenter one for good.
func TestProfileChangeRestarts(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	b.run(`cp -p /etc/frr/frr.conf /etc/frr/ours; sed -i 's/^frr defaults .*/frr defaults traditional/' /etc/frr/frr.conf`)
	b.run(unit(t, "frr").Apply)
	if got := b.run(`vtysh -c 'show running-config'`); !strings.Contains(got, "frr defaults traditional") {
		t.Fatalf("the test did not get FRR to run the other profile:\n%s", got)
	}
	b.run(`cp -p /etc/frr/ours /etc/frr/frr.conf`)
	b.run(unit(t, "frr").Apply)
	if got := b.run(`vtysh -c 'show running-config'`); !strings.Contains(got, "frr defaults datacenter") || strings.Contains(got, "ebgp-requires-policy") {
		t.Errorf("still a mixture:\n%s", got)
	}
}

// TestBFDStartsBesideBGP: turning BFD on starts bfdd, and bgpd stays.
func TestBFDStartsBesideBGP(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	pid := b.run(`cat /run/frr/bgpd.pid`)
	now := changed(t, "article", "leaf1", "bfd: false", "bfd: true")
	b.install(now)
	b.activate(now)
	if again := b.run(`cat /run/frr/bgpd.pid`); again != pid {
		t.Errorf("bgpd was restarted: %s, %s", pid, again)
	}
	if got := b.run(`vtysh -c 'show running-config'`); !strings.Contains(got, "neighbor uplinks bfd") {
		t.Errorf("no BFD:\n%s", got)
	}
}

// TestWatchfrrStartsBesideBGP: who would start a dead daemon again is missed,
// and comes back without a session lost.
func TestWatchfrrStartsBesideBGP(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	bgpd := b.run(`cat /run/frr/bgpd.pid`)
	b.run(`pid=$(cat /run/frr/watchfrr.pid); kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.1; done`)
	for _, name := range []string{"frr-daemons", "frr"} {
		if out, err := b.try(unit(t, name).Verify, "/etc/frr/frr.conf"); err == nil || !strings.Contains(out, "does not run: watchfrr") {
			t.Errorf("%s: Verify says %q, %v", name, out, err)
		}
	}
	b.run(unit(t, "frr").Apply)
	if out, err := b.try(unit(t, "frr").Verify, "/etc/frr/frr.conf"); err != nil {
		t.Errorf("after Apply: %v\n%s", err, out)
	}
	if now := b.run(`cat /run/frr/bgpd.pid`); now != bgpd {
		t.Errorf("bgpd was restarted: %s, not %s", now, bgpd)
	}
}

// TestRefusedFileChangesNothing: a file that FRR does not parse fails Check,
// and if it got past that, Apply fails too and what ran still runs.
func TestRefusedFileChangesNothing(t *testing.T) {
	b, _ := running(t, "article", "leaf1")
	frr := unit(t, "frr")
	b.run(`cp -p /etc/frr/frr.conf /etc/frr/ours; echo 'router bgp nonsense' >>/etc/frr/frr.conf`)
	if out, err := b.try(frr.Check, "/etc/frr/frr.conf"); err == nil {
		t.Errorf("Check takes it: %s", out)
	}
	if out, err := b.try(frr.Apply); err == nil {
		t.Errorf("Apply takes it: %s", out)
	}
	b.run(`cp -p /etc/frr/ours /etc/frr/frr.conf`)
	b.run(frr.Verify, "/etc/frr/frr.conf")
}

// TestInterfacesOnlyOurs: a change of addresses, MTU and ports is made live,
// and what is not ours is not touched for a moment.
func TestInterfacesOnlyOurs(t *testing.T) {
	need(t, true, "ifup", "unshare", "nsenter")
	t.Parallel()
	b, all := newBox(t), only(device(t, "article", "leaf1"), "ifupdown2")
	b.run(`ip link add eth0 type veth peer name far0 && ip link set far0 up
ip link add cali1 type veth peer name pod1 && ip link set cali1 up && ip link set pod1 up
printf '# by hand\nauto eth0\niface eth0\n    address 192.168.200.1/24\n\nauto lo\niface lo inet loopback\n' >/etc/network/interfaces
ifup -a && ip addr add 192.168.200.99/24 dev eth0
while ip -6 addr show | grep -q tentative; do sleep 0.1; done`)
	b.wire(all)
	theirs := func() string { return b.run(`ip addr show eth0; ip addr show cali1; ip route`) }
	was := theirs()
	b.run(`ip -o monitor link addr >/var/log/monitor 2>&1 & echo $! >/var/log/monitor.pid; until grep -qa . /proc/$!/cmdline; do :; done`)
	b.install(all)
	b.activate(all)
	if again := theirs(); again != was {
		t.Errorf("what is not ours changed:\n%s\n%s", was, again)
	}

	now := only(changed(t, "article", "leaf1", "  - leaf1:swp1 k8s1:eth1\n", "  - leaf2:swp3 k8s1:eth1\n"), "ifupdown2")
	b.install(now)
	said := b.activate(now)
	if !strings.Contains(said, "swp1 is no longer planned") {
		t.Errorf("it does not say that swp1 goes: %q", said)
	}
	if got := b.run(`cat /sys/class/net/swp1/flags /sys/class/net/swp32/flags`); got != "0x1002\n0x1003\n" {
		t.Errorf("swp1 should be down and swp32 up: %s", got)
	}

	now = only(changed(t, "article", "leaf1", "leafs: 10.1.1.0/24", "leafs: 10.9.1.0/24"), "ifupdown2")
	b.install(now)
	b.activate(now)
	if got := b.run(`ip -o -4 addr show dev lo`); strings.Contains(got, "10.1.1.1/32") || !strings.Contains(got, "10.9.1.1/32") || !strings.Contains(got, "127.0.0.1/8") {
		t.Errorf("lo has %s", got)
	}

	now = only(changed(t, "article", "leaf1", "nodes: 9000", "nodes: 1600"), "ifupdown2")
	b.install(now)
	b.activate(now)
	if got := b.run(`cat /sys/class/net/swp1/mtu`); got != "1600\n" {
		t.Errorf("the MTU of swp1 is %s", got)
	}
	if again := theirs(); again != was {
		t.Errorf("what is not ours changed:\n%s\n%s", was, again)
	}
	for _, line := range strings.Split(b.run(`kill $(cat /var/log/monitor.pid); cat /var/log/monitor`), "\n") {
		if strings.Contains(line, "eth0") || strings.Contains(line, "cali1") {
			t.Errorf("what is not ours was touched: %s", line)
		}
	}
	if got := b.run(`wc -c </var/log/monitor`); got == "0\n" {
		t.Error("the monitor saw nothing, so it proves nothing")
	}
}

// TestInterfacesVerify notices an address, an MTU and a state that are not as
// the file says.
func TestInterfacesVerify(t *testing.T) {
	need(t, true, "ifup", "unshare", "nsenter")
	t.Parallel()
	b, all := newBox(t), only(device(t, "article", "leaf1"), "ifupdown2")
	b.run(`printf 'auto lo\niface lo inet loopback\n' >/etc/network/interfaces`)
	b.wire(all)
	b.install(all)
	u := unit(t, "ifupdown2")
	b.run(u.Apply)
	for spoil, says := range map[string]string{
		`ip addr del 10.1.1.1/32 dev lo`: "lo: address 10.1.1.1/32 is missing",
		`ip link set swp1 mtu 1500`:      "swp1: MTU is 1500, not 9000",
		`ip link set swp32 down`:         "swp32: is not up",
	} {
		b.run(u.Verify, "/etc/network/interfaces")
		b.run(spoil)
		if out, err := b.try(u.Verify, "/etc/network/interfaces"); err == nil || !strings.Contains(out, says) {
			t.Errorf("%s: Verify says %q, %v", spoil, out, err)
		}
		b.run(u.Apply)
	}
}

// TestBackToTheFactory: with the old files in place again, the units make a
// machine what it was, as a push that turns back needs it.
func TestBackToTheFactory(t *testing.T) {
	need(t, true, "vtysh", "ifup", "unshare", "nsenter", "sysctl")
	t.Parallel()
	b, all := newBox(t), device(t, "article", "leaf1")
	b.run(`rm -f /etc/frr/frr.conf; hostname cumulus; echo cumulus >/etc/hostname
sed -i 's/^bgpd=.*/bgpd=no/' /etc/frr/daemons; /usr/lib/frr/frrinit.sh start >/dev/null 2>&1
sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.ipv4.conf.all.rp_filter=2`)
	b.wire(all)
	look := func() string {
		return b.run(`hostname; ip -o addr show lo | sed 's/ *valid.*//'; sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.all.rp_filter
vtysh -d bgpd -c 'show version' >/dev/null 2>&1 && echo bgpd runs; cat /sys/class/net/swp1/flags; cat /etc/frr/daemons; true`)
	}
	was := look()
	b.install(all)
	b.activate(all)
	if look() == was {
		t.Fatal("nothing changed, so there is nothing to take back")
	}
	for _, a := range all {
		b.run(`cp "$1" "$1.new"; if [ -e "$1.before" ]; then cp "$1.before" "$1"; else rm "$1"; fi`, a.Path)
	}
	for _, u := range render.Units {
		for _, a := range all {
			if a.Unit == u.Name && u.Apply != "" {
				b.run(u.Apply, a.Path+".new")
			}
		}
	}
	if again := look(); again != was {
		t.Errorf("it was:\n%s\nit is:\n%s", was, again)
	}
}

func only(all []render.Artifact, unit string) []render.Artifact {
	var out []render.Artifact
	for _, a := range all {
		if a.Unit == unit {
			out = append(out, a)
		}
	}
	return out
}

// TestIfupdown2AcceptsGoldens: its parser takes what we write, and refuses a
// bad address and a line that is none.
func TestIfupdown2AcceptsGoldens(t *testing.T) {
	need(t, true, "ifup", "unshare", "nsenter")
	t.Parallel()
	b := newBox(t)
	check := unit(t, "ifupdown2").Check
	for name, text := range cases(t) {
		for _, f := range filesOf(t, planOf(t, name, text), "devices") {
			if !strings.HasSuffix(f.Path, "/etc/network/interfaces") {
				continue
			}
			b.run(`cat >/run/staged <<'EOF'` + "\n" + string(f.Body) + "EOF\n")
			b.run(check, "/run/staged")
		}
	}
	// ifreload says the same of the device's own file.
	b.install(only(device(t, "article", "leaf1"), "ifupdown2"))
	b.run(`ifreload -a -s`)
	for _, bad := range []string{"    address 10.1.1.300/32", "nonsense"} {
		b.run(`printf 'auto lo\niface lo inet loopback\n%s\n' "$1" >/run/staged`, bad)
		if out, err := b.try(check, "/run/staged"); err == nil {
			t.Errorf("%q is accepted: %s", bad, out)
		}
		b.run(`cp /run/staged /etc/network/interfaces`)
		if out, err := b.try(`ifreload -a -s`); err == nil {
			t.Errorf("ifreload accepts %q: %s", bad, out)
		}
	}
}

// TestSysctl applies the file and notices a key that changed.
func TestSysctl(t *testing.T) {
	need(t, true, "unshare", "nsenter", "sysctl")
	t.Parallel()
	b, all := newBox(t), only(device(t, "article", "leaf1"), "sysctl")
	b.install(all)
	b.activate(all) // its ports do not exist here: their keys are passed over
	u := unit(t, "sysctl")
	b.run(`sysctl -qw net.ipv4.conf.all.rp_filter=1`)
	if out, err := b.try(u.Verify, all[0].Path); err == nil || !strings.Contains(out, "net.ipv4.conf.all.rp_filter is 1, not 0") {
		t.Errorf("Verify says %q, %v", out, err)
	}
	b.run(u.Apply)
	b.run(u.Verify, all[0].Path)
	if got := b.run(u.Show); !strings.Contains(got, "net.ipv4.ip_forward = 1") {
		t.Errorf("Show: %s", got)
	}
}
