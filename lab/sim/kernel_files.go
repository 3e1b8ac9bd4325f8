package sim

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// virtual is what the kernel shows as files: /proc and /sys.
func (d *device) virtual(name string) *node {
	file := func(text string) *node { return &node{mode: 0o444, body: []byte(text), changed: d.run.Load().started} }
	switch {
	case name == "/proc/uptime":
		return file(fmt.Sprintf("%.2f %.2f\n", d.clock(), d.clock()))
	case name == "/proc/1/comm":
		return file("closup-sim\n")
	case strings.HasPrefix(name, "/proc/") && strings.HasSuffix(name, "/comm"):
		return d.virtualComm(strings.TrimSuffix(strings.TrimPrefix(name, "/proc/"), "/comm"))
	case name == "/proc/loadavg":
		return file("0.00 0.00 0.00 1/50 100\n")
	case name == "/proc/sys":
		return d.virtualSysctl("net")
	case strings.HasPrefix(name, "/proc/sys/"):
		return d.virtualSysctl(strings.TrimPrefix(name, "/proc/sys/"))
	case name == "/sys/class/net" || strings.HasPrefix(name, "/sys/class/net/"):
		return d.virtualPort(strings.TrimPrefix(name, "/sys/class/net"))
	case strings.HasPrefix(name, "/run/frr/"):
		return d.virtualRun(strings.TrimPrefix(name, "/run/frr/"))
	}
	return nil
}

func (d *device) virtualSysctl(key string) *node {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	v, ok := d.getSysctl(key)
	if !ok {
		return d.sysctlDir(key)
	}
	return &node{mode: 0o644, body: []byte(v + "\n"), changed: d.run.Load().started, write: func(b []byte) error {
		if text := strings.TrimSpace(string(b)); text != "" {
			d.world.mu.Lock()
			defer d.world.mu.Unlock()
			d.setSysctl(key, text)
		}
		return nil
	}}
}

// sysctlDir is a directory of settings: one of interfaces has their names, and
// of what is deeper it is enough that it is there.
func (d *device) sysctlDir(key string) *node {
	dir := func() *node {
		return &node{mode: 0o755 | fs.ModeDir, changed: d.run.Load().started, children: map[string]*node{}}
	}
	n := dir()
	switch key {
	case "net/ipv4/conf", "net/ipv6/conf":
		for _, name := range append([]string{"all", "default"}, portNames(d.ports)...) {
			n.children[name] = dir()
		}
		return n
	case "net", "net/ipv4", "net/ipv6":
		return n
	}
	above, name, _ := strings.Cut(key, "/conf/")
	if (above == "net/ipv4" || above == "net/ipv6") && (name == "all" || name == "default" || d.port(name) != nil) {
		return n
	}
	return nil
}

// virtualPort is a port's directory, or a file in it.
func (d *device) virtualPort(rest string) *node {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	dir := func() *node {
		return &node{mode: 0o755 | fs.ModeDir, changed: d.run.Load().started, children: map[string]*node{}}
	}
	name, key, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	if name == "" {
		all := dir()
		for _, p := range d.ports {
			all.children[p.name] = dir()
		}
		return all
	}
	p := d.port(name)
	if p == nil {
		return nil
	}
	flags := 0x1002
	if p.lo {
		flags = 8
	}
	if p.up {
		flags |= 1
	}
	carrier := "0"
	if p.carrier() {
		carrier = "1"
	}
	values := map[string]string{
		"mtu": strconv.Itoa(p.mtu), "flags": fmt.Sprintf("0x%x", flags), "ifindex": strconv.Itoa(p.index),
		"address": p.hardware(), "operstate": strings.ToLower(p.state()), "carrier": carrier,
		"carrier_changes": strconv.Itoa(2*p.downs + 1), "speed": "10000",
	}
	if key == "" {
		n := dir()
		for k, v := range values {
			n.children[k] = &node{mode: 0o444, body: []byte(v + "\n"), changed: d.run.Load().started}
		}
		return n
	}
	if v, ok := values[key]; ok {
		return &node{mode: 0o444, body: []byte(v + "\n"), changed: d.run.Load().started}
	}
	return nil
}

// virtualRun are the files by which FRR's daemons say that they run.
func (d *device) virtualRun(name string) *node {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	daemon, isPid := strings.CutSuffix(name, ".pid")
	if p, runs := d.router.daemons[daemon]; isPid && runs && d.router.home == nil {
		return &node{mode: 0o644, uid: frrID, gid: frrID, body: []byte(strconv.Itoa(p.pid) + "\n"), changed: d.run.Load().started}
	}
	return nil
}

// virtualComm is the name of a daemon, by its process.
func (d *device) virtualComm(pid string) *node {
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	for name, p := range d.router.daemons {
		if d.router.home == nil && strconv.Itoa(p.pid) == pid {
			return &node{mode: 0o444, body: []byte(name + "\n"), changed: d.run.Load().started}
		}
	}
	return nil
}
