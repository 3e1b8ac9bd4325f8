package sim

import (
	"net/netip"
	"slices"
	"strings"
)

// portSetting is a sysctl that each interface has.
type portSetting struct{ family, key string }

func (k portSetting) of(port string) string { return "net." + k.family + ".conf." + port + "." + k.key }

// portKeys are the sysctls that each port has.
var portKeys = []string{
	"ipv4 rp_filter", "ipv4 forwarding", "ipv4 ignore_routes_with_linkdown", "ipv4 arp_ignore", "ipv4 accept_redirects",
	"ipv6 disable_ipv6", "ipv6 accept_ra", "ipv6 forwarding", "ipv6 ignore_routes_with_linkdown", "ipv6 autoconf", "ipv6 keep_addr_on_down",
}

func portSettings() []portSetting {
	out := make([]portSetting, 0, len(portKeys))
	for _, key := range portKeys {
		family, key, _ := strings.Cut(key, " ")
		out = append(out, portSetting{family, key})
	}
	return out
}

// factorySysctl is what a kernel starts with.
func factorySysctl() map[string]string {
	m := map[string]string{
		"net.ipv4.ip_forward": "0", "net.ipv4.fib_multipath_hash_policy": "0", "net.ipv6.fib_multipath_hash_policy": "0",
		"net.ipv4.fib_multipath_use_neigh": "0", "kernel.hostname": "",
	}
	for _, place := range []string{"all", "default"} {
		for _, key := range portKeys {
			family, key, _ := strings.Cut(key, " ")
			m["net."+family+".conf."+place+"."+key] = "0"
		}
		m["net.ipv6.conf."+place+".accept_ra"] = "1"
		m["net.ipv6.conf."+place+".autoconf"] = "1"
	}
	return m
}

// getSysctl reads a key; dots and slashes are the same.
func (d *device) getSysctl(key string) (string, bool) {
	key = sysctlKey(key)
	if key == "kernel.hostname" {
		return d.hostname, true
	}
	v, ok := d.sysctl[key]
	return v, ok
}

// sysctlKey is a key with dots. A port's name may have dots of its own, which
// are slashes then (sysctl(8)).
func sysctlKey(key string) string {
	dot, slash := strings.IndexByte(key, '.'), strings.IndexByte(key, '/')
	if slash >= 0 && (dot < 0 || slash < dot) {
		return strings.ReplaceAll(key, "/", ".")
	}
	return strings.ReplaceAll(key, "/", ".")
}

func (d *device) setSysctl(key, value string) bool {
	key = sysctlKey(key)
	if _, ok := d.getSysctl(key); !ok {
		return false
	}
	if key == "kernel.hostname" {
		d.hostname = value
		return true
	}
	was := d.sysctl[key]
	d.sysctl[key] = value
	switch {
	case key == "net.ipv4.ip_forward":
		d.sysctl["net.ipv4.conf.all.forwarding"] = value
	case strings.Contains(key, ".conf.all.") && !strings.HasSuffix(key, "rp_filter") && was != value:
		// Most keys of `all` are given to every port when they change.
		at := strings.LastIndexByte(key, '.')
		for _, p := range d.ports {
			if k := strings.TrimSuffix(key[:at], "all") + p.name + key[at:]; d.sysctl[k] != "" {
				d.sysctl[k] = value
			}
		}
	}
	if strings.HasSuffix(key, "disable_ipv6") && was != value {
		for _, p := range d.ports {
			p.bare = false
			if value == "1" && !p.lo && d.sysctl["net.ipv6.conf."+p.name+".disable_ipv6"] == "1" {
				p.addrs = slices.DeleteFunc(slices.Clone(p.addrs), func(a netip.Prefix) bool { return a.Addr().Is6() })
			}
		}
		d.router.changed()
		d.world.converge()
	}
	return true
}
