package sim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"net/netip"
	"path"
	"strings"
	"time"

	"closup/lab/netns"
)

// newDevice is a machine with its ports lo and management, and nothing on its disk.
func newDevice(ctx context.Context, w *world, b netns.Box) *device {
	now := time.Now()
	d := &device{
		name: b.Name, box: b, world: w, disk: newDisk(now), life: ctx, cni: b.Pods, login: b.User, hostname: b.Hostname, mgmt: b.Mgmt,
		sysctl: factorySysctl(), firewall: map[drop]bool{}, jobs: map[int]*job{}, containers: map[string]*container{}, images: map[string]string{}, locks: &locks{held: map[string]chan struct{}{}},
	}
	d.router = newRouter(d)
	d.disk.virtual = d.virtual
	d.newPort("lo")
	d.newPort(b.Mgmt)
	d.kernel = d.pods()
	d.power()
	return d
}

// power begins a device's time from one boot to the next.
func (d *device) power() {
	ctx, cancel := context.WithCancel(d.life)
	d.run.Store(&uptimeOf{ctx, cancel, time.Now()})
}

// pods are the kernel routes that a CNI would make for a node's pods.
func (d *device) pods() []kernelRoute {
	var out []kernelRoute
	for _, p := range d.cni {
		out = append(out, kernelRoute{prefix: p, kind: "blackhole", proto: "static"})
	}
	return out
}

// managementNet is where the simulated management ports have their addresses:
// of the block for benchmarks (RFC 2544), which no network carries. They
// answer nowhere; the SSH servers are on the loopback.
var managementNet = netip.MustParsePrefix("198.18.0.0/15")

func managementAddress(i uint32) netip.Prefix {
	a := managementNet.Addr().As4()
	n := binary.BigEndian.Uint32(a[:]) + i + 2
	binary.BigEndian.PutUint32(a[:], n)
	return netip.PrefixFrom(netip.AddrFrom4(a), managementNet.Bits())
}

// furnish puts on the disk what a device has when it is unpacked: a name, a
// management address, a user, FRR installed and not configured.
func (d *device) furnish(b netns.Box, i uint32) {
	d.install()
	address := managementAddress(i)
	for _, dir := range []string{
		"/etc/network/interfaces.d", "/etc/sysctl.d", "/etc/frr", "/var/lib", "/var/log/frr", "/tmp", "/run/frr", "/root", "/home/" + d.login, "/proc", "/sys", "/dev",
	} {
		_ = d.disk.mkdirs(dir, 0o755, rootUser)
	}
	for _, f := range []struct{ path, body string }{
		{"/etc/hostname", b.Hostname + "\n"},
		{"/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\t" + b.Hostname + "\n\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"},
		{"/etc/os-release", "PRETTY_NAME=\"closup's simulator, after Debian GNU/Linux 12\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n"},
		{"/etc/sysctl.conf", ""},
		{interfacesFile, fmt.Sprintf("# This file describes the network interfaces of this system and how to\n# activate them. See interfaces(5), ifup(8).\n\nsource /etc/network/interfaces.d/*.intf\n\nauto lo\niface lo inet loopback\n\n# The management interface\nauto %[1]s\niface %[1]s inet static\n    address %[2]s\n", b.Mgmt, address)},
		{daemonsFile, "bgpd=no\nbfdd=no\nvtysh_enable=yes\nzebra_options=\"  -A 127.0.0.1 -s 90000000\"\nbgpd_options=\"   -A 127.0.0.1\"\nbfdd_options=\"   -A 127.0.0.1\"\n"},
		{"/etc/frr/vtysh.conf", "service integrated-vtysh-config\n"},
	} {
		d.place(f.path, f.body)
	}
	for _, f := range b.Files {
		d.place(f.Path, f.Body)
	}
	if b.Engine != "" {
		_ = d.disk.save("/usr/bin/"+b.Engine, programBody, 0o755, rootUser, false)
		d.images[b.Image] = fmt.Sprintf("%x", sha256.Sum256([]byte(b.Image)))
	}
	_ = d.disk.change("/tmp", rootUser, func(n *node) { n.mode |= 0o777 })
	_ = d.disk.change("/etc/frr", rootUser, func(n *node) { n.mode, n.uid, n.gid = n.mode&^0o777|0o750, frrID, frrID })
	if d.login != "root" {
		_ = d.disk.change("/home/"+d.login, rootUser, func(n *node) { n.uid, n.gid = loginID, loginID })
	}
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	p := d.port(b.Mgmt)
	p.up, p.addrs = true, []netip.Prefix{address}
}

func (d *device) place(name, body string) {
	_ = d.disk.mkdirs(path.Dir(name), 0o755, rootUser)
	mode, uid := fs.FileMode(0o644), 0
	if strings.HasPrefix(name, "/etc/frr/") {
		mode, uid = 0o640, frrID
	}
	_ = d.disk.save(name, []byte(body), 0o644, rootUser, false)
	_ = d.disk.change(name, rootUser, func(n *node) { n.mode, n.uid, n.gid = n.mode&^0o777|mode, uid, uid })
}

// bootScript is lab/netns's: what the services of a real device do.
const bootScript = `[ ! -x /etc/rcS.d/S00closup-recover ] || /etc/rcS.d/S00closup-recover start
ifup -a
for f in /etc/sysctl.d/*.conf; do [ ! -e "$f" ] || sysctl -e -q -p "$f"; done
for f in /etc/systemd/system/*-container.service; do
	[ -r "$f" ] || continue
	setsid sh -c "exec $(sed -n 's/^ExecStart=//p' "$f")" </dev/null >/dev/null 2>&1 &
	exit
done
[ ! -r /etc/frr/frr.conf ] || /usr/lib/frr/frrinit.sh start
`

// boot brings up what the disk says: interfaces, kernel keys, the router.
func (d *device) boot() {
	d.call(d.powered(), rootUser).exec([]string{"sh", "-c", bootScript})
}
