package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ipFlags are what stands before the object of an ip(8) command.
type ipFlags struct{ json, one, v4, v6 bool }

// ip is ip(8): link, address, route, as far as a router's operator uses them.
func ip(c *call) int {
	var f ipFlags
	args := c.args
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		switch args[0] {
		case "-j", "-json":
			f.json = true
		case "-o", "-oneline":
			f.one = true
		case "-4":
			f.v4 = true
		case "-6":
			f.v6 = true
		case "-br", "-brief", "-p", "-d", "-s", "-c", "-color=never":
		default:
			return c.fail(255, "Option \"%s\" is unknown, try \"ip -help\".", args[0])
		}
		args = args[1:]
	}
	if len(args) == 0 {
		return c.fail(255, "Usage: ip [ OPTIONS ] OBJECT { COMMAND }")
	}
	object, args := args[0], args[1:]
	if object == "vrf" && len(args) > 2 && args[0] == "exec" {
		return c.run(c.ctx, c.who, args[2:])
	}
	if object == "monitor" {
		return c.ipMonitor()
	}
	return c.inWorld(func() int { return c.ipObject(f, object, args) })
}

// inWorld runs f under the lock of what the devices share. What f prints is
// written afterwards: whoever reads it may need the lock.
func (c *call) inWorld(f func() int) int {
	to := c.out
	var said pages
	c.out = &said
	c.world.mu.Lock()
	status := f()
	c.world.mu.Unlock()
	c.out = to
	_, _ = said.WriteTo(to)
	return status
}

func (c *call) ipObject(f ipFlags, object string, args []string) int {
	switch {
	case short(object, "address"):
		return c.ipAddress(f, args)
	case short(object, "link"):
		return c.ipLink(f, args)
	case short(object, "route"):
		return c.ipRoute(f, args)
	case short(object, "neighbor") || object == "neighbour":
		return c.ipNeighbor(f, args)
	case object == "netconf":
		return c.ipNetconf(f)
	}
	return c.fail(1, "Object \"%s\" is unknown, try \"ip help\".", object)
}

// short says that a word is the beginning of what it stands for.
func short(word, full string) bool { return strings.HasPrefix(full, word) }

// words reads "dev X scope global up" as keys with values.
func words(args []string, single ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(args); i++ {
		if i+1 < len(args) && !slices.Contains(single, args[i]) {
			m[args[i]] = args[i+1]
			i++
			continue
		}
		m[args[i]] = ""
	}
	return m
}

func (c *call) ports2show(args []string) ([]*port, map[string]string, int) {
	if len(args) > 0 && (short(args[0], "show") || args[0] == "list" || args[0] == "ls") {
		args = args[1:]
	}
	if len(args) > 0 && !slices.Contains([]string{"dev", "scope", "up", "type"}, args[0]) {
		args = append([]string{"dev"}, args...)
	}
	k := words(args, "up")
	if name, ok := k["dev"]; ok {
		p := c.seen(name)
		if p == nil {
			return nil, k, c.fail(1, "Device \"%s\" does not exist.", name)
		}
		return []*port{p}, k, 0
	}
	return c.visible(), k, 0
}

func scopeOf(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "host"
	case a.IsLinkLocalUnicast():
		return "link"
	}
	return "global"
}

func (p *port) title() string {
	name := p.name
	if p.base != nil {
		name += "@" + p.base.name
	}
	return fmt.Sprintf("%d: %s: <%s> mtu %d qdisc noqueue state %s", p.index, name, strings.Join(p.flags(), ","), p.mtu, p.state())
}

// properties are the fields that ip -j shows of every port.
func (p *port) properties() map[string]any {
	kind := "ether"
	if p.lo {
		kind = "loopback"
	}
	m := map[string]any{
		"ifindex": p.index, "ifname": p.name, "flags": p.flags(), "mtu": p.mtu, "qdisc": "noqueue", "operstate": p.state(),
		"group": "default", "txqlen": 1000, "link_type": kind, "address": p.hardware(), "broadcast": "ff:ff:ff:ff:ff:ff",
	}
	if p.base != nil {
		m["link"] = p.base.name
	}
	return m
}

const forever = 4294967295

func (c *call) ipAddress(f ipFlags, args []string) int {
	if len(args) > 0 && slices.Contains([]string{"add", "del", "delete", "replace", "flush"}, args[0]) {
		return c.ipAddressSet(args[0], args[1:])
	}
	ports, k, status := c.ports2show(args)
	if status != 0 {
		return status
	}
	var list []map[string]any
	for _, p := range ports {
		m := p.properties()
		infos := []map[string]any{}
		var lines []string
		for _, a := range p.all() {
			v6 := a.Addr().Is6()
			scope := scopeOf(a.Addr())
			if f.v4 && v6 || f.v6 && !v6 || k["scope"] != "" && k["scope"] != scope {
				continue
			}
			family := "inet"
			if v6 {
				family = "inet6"
			}
			entry := map[string]any{
				"family": family, "local": a.Addr().String(), "prefixlen": a.Bits(), "scope": scope,
				"valid_life_time": forever, "preferred_life_time": forever,
			}
			label := ""
			if !v6 {
				entry["label"] = p.name
				label = " " + p.name
			}
			infos = append(infos, entry)
			lines = append(lines, fmt.Sprintf("%s %s scope %s%s", family, a, scope, label))
		}
		m["addr_info"] = infos
		list = append(list, m)
		switch {
		case f.json:
		case f.one:
			for _, l := range lines {
				c.printf("%d: %s    %s\\       valid_lft forever preferred_lft forever\n", p.index, p.name, l)
			}
		default:
			c.printf("%s group default qlen 1000\n    link/%s %s brd ff:ff:ff:ff:ff:ff\n", p.title(), m["link_type"], p.hardware())
			for _, l := range lines {
				c.printf("    %s\n       valid_lft forever preferred_lft forever\n", l)
			}
		}
	}
	if f.json {
		return c.json(list)
	}
	return 0
}

func (c *call) json(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return c.fail(1, "%v", err)
	}
	_, _ = c.out.Write(append(data, '\n'))
	return 0
}

func (c *call) ipAddressSet(verb string, args []string) int {
	if c.who.uid != 0 {
		return c.fail(2, "RTNETLINK answers: Operation not permitted")
	}
	if len(args) == 0 {
		return c.fail(255, "Command line is not complete. Try option \"help\"")
	}
	k := words(args[1:])
	if verb == "flush" {
		if k = words(args); args[0] != "dev" {
			k = words(append([]string{"dev"}, args...))
		}
	}
	p := c.port(k["dev"])
	if p == nil {
		return c.fail(1, "Cannot find device \"%s\"", k["dev"])
	}
	if verb == "flush" {
		p.addrs = slices.DeleteFunc(slices.Clone(p.addrs), func(a netip.Prefix) bool {
			return k["scope"] == "" || k["scope"] == scopeOf(a.Addr())
		})
		p.bare = p.bare || k["scope"] == "" || k["scope"] == "link"
		c.router.changed()
		c.world.converge()
		return 0
	}
	a, err := parseAddress(args[0])
	if err != nil {
		return c.fail(1, "Error: any valid prefix is expected rather than \"%s\".", args[0])
	}
	at := slices.Index(p.addrs, a)
	switch {
	case verb == "add" && at >= 0:
		return c.fail(2, "RTNETLINK answers: File exists")
	case at < 0 && (verb == "add" || verb == "replace"):
		p.addrs = append(p.addrs, a)
	case at < 0:
		return c.fail(2, "RTNETLINK answers: Cannot assign requested address")
	case verb != "replace":
		p.addrs = slices.Delete(p.addrs, at, at+1)
	}
	c.router.changed()
	c.world.converge()
	return 0
}

// parseAddress reads an address with or without its length.
func parseAddress(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
