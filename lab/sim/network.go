package sim

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// world is all that the devices have in common: the cables between them, and
// time. Its lock holds for everything that a cable can carry over to another
// device: ports, kernel routes, routing. A disk's lock may be held when it is
// taken, never the other way round.
type world struct {
	mu      sync.Mutex
	pace    float64 // how long a second of the protocol takes, in seconds
	closed  bool
	devices []*device
	work    []decision     // routes to be looked at again
	wait    sync.WaitGroup // what the lab waits for when it ends

	prefixes prefixes // that any router has heard of
}

// later runs f under the lock, after so much of the protocol's time.
func (w *world) later(after time.Duration, f func()) *time.Timer {
	return time.AfterFunc(time.Duration(float64(after)*w.pace), func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.closed {
			f()
			w.converge()
		}
	})
}

// port is an interface of a device.
type port struct {
	dev   *device
	name  string
	index int
	mac   [6]byte
	lo    bool
	up    bool // as the administrator wants
	out   bool // the plug is pulled
	mtu   int
	addrs []netip.Prefix
	cable *port // the far end; nil: none
	base  *port // of a VLAN
	vlan  int
	ready bool // it had its carrier since it was set up: before, the kernel makes no link-local address
	bare  bool // that was taken away

	advertises bool       // zebra sends router advertisements
	heard      netip.Addr // whose came in since the link came up

	running bool // it had its carrier when that was looked at last
	downs   int  // times it lost it since the router started, as zebra counts
	down    time.Time
}

// newPort adds an interface. Its hardware address follows from its name.
func (d *device) newPort(name string) *port {
	p := d.makePort(name)
	d.attach(p)
	return p
}

// makePort makes an interface that is in no namespace yet.
func (d *device) makePort(name string) *port {
	d.interfaces++
	salt := ""
	if d.port(name) != nil || d.interfaces > 1<<12 {
		salt = fmt.Sprint(d.interfaces)
	}
	sum := sha256.Sum256([]byte(d.name + ":" + name + salt))
	p := &port{dev: d, name: name, index: d.interfaces, mtu: 1500}
	copy(p.mac[:], sum[:6])
	p.mac[0] = p.mac[0]&^1 | 2 // one that no vendor has (RFC 9542, section 2.1)
	if name == "lo" {
		p.lo, p.up, p.mtu, p.mac = true, true, 65536, [6]byte{}
		p.addrs = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("::1/128")}
	}
	return p
}

// attach puts an interface into the device's own namespace, with the settings
// that are the default there.
func (d *device) attach(p *port) {
	d.ports = append(slices.Clone(d.ports), p)
	for _, key := range portSettings() {
		d.sysctl[key.of(p.name)] = d.sysctl[key.of("default")]
	}
}

func (d *device) port(name string) *port {
	for _, p := range d.ports {
		if p.name == name {
			return p
		}
	}
	return nil
}

// far is the interface at the other end.
func (p *port) far() *port {
	if p.base == nil {
		return p.cable
	}
	if p.base.cable == nil {
		return nil
	}
	for _, q := range p.base.cable.dev.ports {
		if q.base == p.base.cable && q.vlan == p.vlan {
			return q
		}
	}
	return nil
}

// carrier is as a veth has it: where both ends are up.
func (p *port) carrier() bool {
	switch {
	case !p.up || p.out || p.dev.off:
		return false
	case p.lo:
		return true
	case p.base != nil:
		return p.base.carrier()
	case p.name == p.dev.mgmt:
		return true
	}
	return p.cable != nil && p.cable.up && !p.cable.out && !p.cable.dev.off
}

// linkLocal is the address that IPv6 makes of the hardware's (RFC 4291,
// appendix A); invalid where the port is down or has no IPv6.
func (p *port) linkLocal() netip.Addr {
	if p.lo || !p.up || !p.ready || p.bare || p.dev.sysctl["net.ipv6.conf."+p.name+".disable_ipv6"] == "1" || p.dev.sysctl["net.ipv6.conf.all.disable_ipv6"] == "1" {
		return netip.Addr{}
	}
	m := p.mac
	if p.base != nil {
		m = p.base.mac
	}
	return netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]})
}

// all are the port's addresses, the link-local one last.
func (p *port) all() []netip.Prefix {
	out := slices.Clone(p.addrs)
	if a := p.linkLocal(); a.IsValid() {
		out = append(out, netip.PrefixFrom(a, 64))
	}
	return out
}

func (p *port) flags() []string {
	flags := []string{"BROADCAST", "MULTICAST"}
	if p.lo {
		flags = []string{"LOOPBACK"}
	}
	if p.up && !p.carrier() {
		flags = append([]string{"NO-CARRIER"}, flags...)
	}
	if p.up {
		flags = append(flags, "UP")
	}
	if p.carrier() {
		flags = append(flags, "LOWER_UP")
	}
	return flags
}

func (p *port) state() string {
	switch {
	case p.lo:
		return "UNKNOWN"
	case p.carrier():
		return "UP"
	case p.up && p.cable != nil && !p.out:
		return "LOWERLAYERDOWN"
	}
	return "DOWN"
}

func (p *port) hardware() string {
	var parts []string
	for _, b := range p.mac {
		parts = append(parts, fmt.Sprintf("%02x", b))
	}
	return strings.Join(parts, ":")
}

// setUp is `ip link set up` and its opposite.
func (p *port) setUp(up bool) {
	if p.up == up {
		return
	}
	p.up = up
	if up {
		p.bare = false // the kernel makes a new one
	} else {
		p.ready = false
		p.addrs = slices.DeleteFunc(slices.Clone(p.addrs), func(a netip.Prefix) bool {
			return a.Addr().Is6() && !a.Addr().IsLoopback() && p.dev.sysctl["net.ipv6.conf."+p.name+".keep_addr_on_down"] != "1"
		})
	}
	p.dev.world.linkChanged(p)
}

// linkChanged tells both ends that the cable between them may be another now.
func (w *world) linkChanged(p *port) {
	devices := []*device{p.dev}
	if p.cable != nil && p.cable.dev != p.dev {
		devices = append(devices, p.cable.dev)
	}
	for _, d := range devices {
		d.countLinks()
		d.reachable(d.port(d.mgmt))
		d.router.changed()
	}
	w.converge()
}

// countLinks notes which interfaces lost their carrier.
func (d *device) countLinks() {
	for _, p := range d.ports {
		on := p.carrier()
		if p.running && !on && d.router.runs("zebra") {
			p.downs++
			p.down = time.Now()
		}
		if !on {
			p.heard = netip.Addr{}
		}
		p.running, p.ready = on, p.up && (p.ready || on)
	}
}

// kernelRoute is a route that somebody else than the router made.
type kernelRoute struct {
	prefix netip.Prefix
	kind   string // "blackhole", "unreachable"; "": unicast
	via    netip.Addr
	dev    string
	proto  string
}

// protocols are the names of /etc/iproute2/rt_protos, by number.
var protocols = map[string]string{
	"1": "redirect", "2": "kernel", "3": "boot", "4": "static", "9": "ra", "11": "zebra", "12": "bird",
	"16": "dhcp", "18": "keepalived", "42": "babel", "186": "bgp", "187": "isis", "188": "ospf", "189": "rip", "192": "eigrp",
}

// redistributed says whether zebra 8.4 takes a route of this protocol for a
// kernel route (its own ones and those of other routers it does not).
func (k kernelRoute) redistributed() bool {
	return !slices.Contains([]string{"kernel", "redirect", "zebra", "babel", "bgp", "isis", "ospf", "rip", "eigrp"}, k.proto)
}

// connected are the prefixes on the links of the device, with their ports.
func (d *device) connected() []kernelRoute {
	var out []kernelRoute
	for _, p := range d.ports {
		if !p.up || !p.lo && !p.carrier() {
			continue
		}
		for _, a := range p.addrs {
			if !a.Addr().IsLoopback() {
				out = append(out, kernelRoute{prefix: a.Masked(), dev: p.name, proto: "kernel", via: a.Addr()})
			}
		}
	}
	return out
}
