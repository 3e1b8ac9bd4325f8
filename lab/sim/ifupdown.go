package sim

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// stanza is one iface of interfaces(5).
type stanza struct {
	name   string
	method string
	keys   [][2]string
}

// interfaces is an interfaces file with all that it sources.
type interfaces struct {
	auto    []string
	stanzas []*stanza
}

func (f *interfaces) named(name string) []*stanza {
	return slices.DeleteFunc(slices.Clone(f.stanzas), func(s *stanza) bool { return s.name != name })
}

const interfacesFile = "/etc/network/interfaces"

// stanzaKeys are what ifupdown2's addons know. It passes over others with a
// warning, and so a misspelt one does nothing (facts tried on 3.0).
var stanzaKeys = []string{
	"address", "netmask", "gateway", "mtu", "alias", "link-speed", "link-duplex", "link-autoneg", "vrf", "vrf-table", "hwaddress",
	"vlan-id", "vlan-raw-device", "pre-up", "up", "post-up", "down", "pre-down", "post-down", "forward-error-correction", "ipv6-addrgen", "dns-nameservers",
}

func (c *call) readInterfaces(file string, into *interfaces) error {
	data, err := c.open(file)
	if err != nil {
		return err
	}
	var at *stanza
	for i, line := range linesOf(data) {
		w := strings.Fields(line)
		if len(w) == 0 || strings.HasPrefix(w[0], "#") {
			continue
		}
		switch w[0] {
		case "auto", "allow-hotplug":
			into.auto = append(into.auto, w[1:]...)
			at = nil
		case "source", "source-directory":
			if err := c.sourced(w, into); err != nil {
				return err
			}
			at = nil
		case "iface":
			if len(w) < 2 {
				return fmt.Errorf("%s: line%d: iface: invalid syntax '%s'", file, i+1, line)
			}
			at = &stanza{name: w[1]}
			if len(w) > 3 {
				at.method = w[3]
			}
			into.stanzas = append(into.stanzas, at)
		default:
			if at == nil || len(w) < 2 {
				return fmt.Errorf("%s: line%d: error processing line '%s'", file, i+1, line)
			}
			at.keys = append(at.keys, [2]string{w[0], strings.Join(w[1:], " ")})
		}
	}
	return nil
}

func (c *call) sourced(w []string, into *interfaces) error {
	for _, pattern := range w[1:] {
		dir, base := path.Split(pattern)
		if w[0] == "source-directory" {
			dir, base = pattern, "*"
		}
		names, err := c.disk.list(c.path(dir))
		if err != nil {
			continue
		}
		for _, n := range names {
			if ok, _ := path.Match(base, n); ok {
				if err := c.readInterfaces(path.Join(dir, n), into); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// check finds what ifupdown2 finds before it touches anything.
func (s *stanza) check(warn func(string, ...any)) bool {
	good := true
	for _, k := range s.keys {
		switch k[0] {
		case "address":
			if _, err := parseAddress(k[1]); err != nil {
				warn("error: %s: invalid address %s", s.name, k[1])
				good = false
			}
		case "mtu":
			if n, err := strconv.Atoi(k[1]); err != nil || n < 68 || n > 65536 {
				warn("error: %s: invalid mtu %s", s.name, k[1])
				good = false
			}
		default:
			if !slices.Contains(stanzaKeys, k[0]) {
				warn("warning: %s: line: unsupported attribute '%s'", s.name, k[0])
			}
		}
	}
	return good
}

// ifupdown is ifup, ifdown, ifreload and ifquery of ifupdown2.
func ifupdown(verb string) command {
	return func(c *call) int {
		opts, names := c.flags("iXo")
		if verb == "ifquery" && has(opts, "--check", "-c") {
			verb = "check"
		}
		if c.who.uid != 0 && verb != "ifquery" {
			return c.fail(1, "error: must be root to run this command")
		}
		file := interfacesFile
		if f, ok := opts["-i"]; ok {
			file = f
		}
		var f interfaces
		if err := c.readInterfaces(file, &f); err != nil {
			return c.fail(1, "error: %s", why(err))
		}
		if has(opts, "-a", "--all") {
			names = f.auto
		}
		var b strings.Builder
		status := 0
		c.world.mu.Lock()
		warn := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
		for _, name := range names {
			mine := f.named(name)
			if len(mine) == 0 {
				warn("error: %s: interface not found in the interfaces file", name)
				status = 1
				continue
			}
			good := true
			for _, s := range mine {
				good = s.check(warn) && good
			}
			if good && !has(opts, "-s", "--syntax-check") {
				good = c.ifaceDo(verb, name, mine, warn)
			}
			if !good {
				status = 1
			}
		}
		if verb == "ifreload" && !has(opts, "-s", "--syntax-check") {
			c.router.changed()
		}
		c.router.changed()
		c.world.converge()
		c.world.mu.Unlock()
		_, _ = fmt.Fprint(c.err, b.String())
		return status
	}
}

// ifaceDo makes one interface what its stanzas say, or looks whether it is.
func (c *call) ifaceDo(verb, name string, all []*stanza, warn func(string, ...any)) bool {
	p := c.port(name)
	if p == nil {
		if p = c.vlanPort(name, verb); p == nil {
			warn("warning: %s: interface does not exist", name)
			return verb != "check"
		}
	}
	want, mtu := stanzaWant(all)
	switch verb {
	case "ifdown":
		if !p.lo {
			p.addrs = nil
			p.setUp(false)
		}
	case "ifup", "ifreload":
		if mtu != 0 {
			p.mtu = mtu
		}
		keep := slices.DeleteFunc(slices.Clone(p.addrs), func(a netip.Prefix) bool {
			return !slices.Contains(want, a) && !a.Addr().IsLoopback()
		})
		for _, a := range want {
			if !slices.Contains(keep, a) {
				keep = append(keep, a)
			}
		}
		p.addrs = keep
		p.setUp(true)
	case "check":
		good := p.up && (mtu == 0 || p.mtu == mtu)
		for _, a := range want {
			good = good && slices.Contains(p.addrs, a)
		}
		return good
	}
	return true
}

func stanzaWant(all []*stanza) (want []netip.Prefix, mtu int) {
	for _, s := range all {
		for _, k := range s.keys {
			switch k[0] {
			case "address":
				if a, err := parseAddress(k[1]); err == nil {
					want = append(want, a)
				}
			case "mtu":
				mtu, _ = strconv.Atoi(k[1])
			}
		}
	}
	return want, mtu
}

// vlanPort makes the VLAN that a name like swp44.100 asks for.
func (c *call) vlanPort(name, verb string) *port {
	base, id, ok := strings.Cut(name, ".")
	n, err := strconv.Atoi(id)
	if !ok || err != nil || c.port(base) == nil || verb == "ifdown" || verb == "check" {
		return nil
	}
	p := c.newPort(name)
	p.base, p.vlan = c.port(base), n
	return p
}
