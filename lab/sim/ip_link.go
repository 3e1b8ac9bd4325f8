package sim

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

func (c *call) ipLink(f ipFlags, args []string) int {
	if len(args) > 0 && args[0] == "set" {
		return c.ipLinkSet(args[1:])
	}
	if len(args) > 0 && slices.Contains([]string{"add", "del", "delete"}, args[0]) {
		if c.who.uid != 0 {
			return c.fail(2, "RTNETLINK answers: Operation not permitted")
		}
		if args[0] == "add" {
			return c.ipLinkAdd(args[1:])
		}
		return c.ipLinkDel(args[1:])
	}
	ports, _, status := c.ports2show(args)
	if status != 0 {
		return status
	}
	var list []map[string]any
	for _, p := range ports {
		m := p.properties()
		m["linkmode"] = "DEFAULT"
		list = append(list, m)
		if !f.json {
			sep := "\n"
			if f.one {
				sep = `\`
			}
			c.printf("%s mode DEFAULT group default qlen 1000%s    link/%s %s brd ff:ff:ff:ff:ff:ff\n", p.title(), sep, m["link_type"], p.hardware())
		}
	}
	if f.json {
		return c.json(list)
	}
	return 0
}

func (c *call) ipLinkSet(args []string) int {
	if c.who.uid != 0 {
		return c.fail(2, "RTNETLINK answers: Operation not permitted")
	}
	if len(args) > 0 && args[0] == "dev" {
		args = args[1:]
	}
	if len(args) == 0 || c.seen(args[0]) == nil {
		return c.fail(1, "Cannot find device \"%s\"", strings.Join(args, " "))
	}
	p := c.seen(args[0])
	for i := 1; i < len(args); i++ {
		switch args[i] {
		case "name", "netns":
			if i+1 == len(args) {
				return c.fail(255, "Command line is not complete. Try option \"help\"")
			}
			f := c.rename
			if args[i] == "netns" {
				f = c.moveTo
			}
			if status := f(p, args[i+1]); status != 0 {
				return status
			}
			i++
		case "up":
			p.setUp(true)
		case "down":
			p.setUp(false)
		case "mtu":
			i++
			n, err := strconv.Atoi(strings.Join(args[i:min(i+1, len(args))], ""))
			if err != nil || n < 68 || n > 65536 {
				return c.fail(1, "Error: argument is wrong: Invalid \"mtu\" value")
			}
			p.mtu = n
		case "address":
			i++
			mac, err := net.ParseMAC(strings.Join(args[i:min(i+1, len(args))], ""))
			if err != nil || len(mac) != len(p.mac) {
				return c.fail(1, "\"%s\" is invalid lladdr.", strings.Join(args[i:min(i+1, len(args))], ""))
			}
			copy(p.mac[:], mac)
			c.world.linkChanged(p)
		case "dev":
		default:
			return c.fail(255, "Error: either \"dev\" is duplicate, or \"%s\" is a garbage.", args[i])
		}
	}
	return 0
}

// ipNeighbor shows who was heard on the links.
func (c *call) ipNeighbor(f ipFlags, _ []string) int {
	list := []map[string]any{}
	for _, p := range c.ports {
		q := p.far()
		if q == nil || !p.carrier() || !q.linkLocal().IsValid() || !p.linkLocal().IsValid() || f.v4 {
			continue
		}
		list = append(list, map[string]any{"dst": q.linkLocal().String(), "dev": p.name, "lladdr": q.hardware(), "router": nil, "state": []string{"REACHABLE"}})
		if !f.json {
			c.printf("%s dev %s lladdr %s router REACHABLE\n", q.linkLocal(), p.name, q.hardware())
		}
	}
	if f.json {
		return c.json(list)
	}
	return 0
}

func (c *call) ipNetconf(f ipFlags) int {
	var list []map[string]any
	for _, family := range []string{"inet", "inet6"} {
		v := map[string]string{"inet": "ipv4", "inet6": "ipv6"}[family]
		for _, name := range append([]string{"all", "default"}, portNames(c.ports)...) {
			on := c.sysctl["net."+v+".conf."+name+".forwarding"] == "1"
			m := map[string]any{"family": family, "interface": name, "forwarding": on}
			if family == "inet" {
				m["rp_filter"] = map[string]string{"0": "disable", "1": "strict", "2": "loose"}[c.sysctl["net.ipv4.conf."+name+".rp_filter"]]
			}
			list = append(list, m)
			if !f.json {
				state := "off"
				if on {
					state = "on"
				}
				c.printf("%s %s forwarding %s\n", family, name, state)
			}
		}
	}
	if f.json {
		return c.json(list)
	}
	return 0
}

func portNames(ports []*port) []string {
	var out []string
	for _, p := range ports {
		out = append(out, p.name)
	}
	return out
}
