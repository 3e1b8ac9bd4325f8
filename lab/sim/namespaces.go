package sim

import (
	"context"
	"slices"
	"strconv"
)

// Network namespaces, as far as a cable is pulled with them: an interface is
// put into that of a process, and taken back. A namespace goes with its process.

type spaceKey struct{}

// space is the process in whose namespace a command runs; nil: the device's.
func (c *call) space() *job {
	j, _ := c.ctx.Value(spaceKey{}).(*job)
	return j
}

// visible are the interfaces of the namespace that the command runs in.
func (c *call) visible() []*port {
	if j := c.space(); j != nil {
		return j.away
	}
	return c.ports
}

// seen is the interface of that name there.
func (c *call) seen(name string) *port {
	for _, p := range c.visible() {
		if p.name == name {
			return p
		}
	}
	return nil
}

// nsenter -t PID -n COMMAND.
func nsenter(c *call) int {
	opts, argv := c.flagsUntilCommand("t")
	pid, err := strconv.Atoi(opts["-t"])
	if err != nil || !has(opts, "-n") || len(argv) == 0 {
		return c.fail(1, "nsenter: this simulator knows -t PID -n COMMAND alone")
	}
	c.world.mu.Lock()
	j := c.jobs[pid]
	c.world.mu.Unlock()
	if j == nil {
		return c.fail(1, "nsenter: cannot open /proc/%d/ns/net: No such file or directory", pid)
	}
	return c.run(context.WithValue(c.ctx, spaceKey{}, j), c.who, argv)
}

// moveTo puts an interface into the namespace of a process; "1" is the
// device's own. It arrives down and without addresses (dev_change_net_namespace
// in the kernel).
func (c *call) moveTo(p *port, where string) int {
	pid, err := strconv.Atoi(where)
	to := c.jobs[pid]
	if err != nil || to == nil && pid != 1 {
		return c.fail(255, "Error: argument \"%s\" is wrong: Invalid \"netns\" value", where)
	}
	p.setUp(false)
	p.addrs = nil
	without := func(list []*port) []*port {
		return slices.DeleteFunc(slices.Clone(list), func(o *port) bool { return o == p })
	}
	if from := c.space(); from != nil {
		from.away = without(from.away)
	} else {
		c.device.ports = without(c.device.ports)
	}
	if to != nil {
		to.away = append(to.away, p)
	} else {
		c.attach(p)
	}
	c.router.changed()
	c.world.converge()
	return 0
}

// ipLinkAdd is `ip link add NAME type veth peer name FAR netns PID`.
func (c *call) ipLinkAdd(args []string) int {
	k := words(args, "type", "veth", "peer")
	pid, err := strconv.Atoi(k["netns"])
	to := c.jobs[pid]
	if len(args) < 4 || args[1] != "type" || args[2] != "veth" || err != nil || to == nil {
		return c.fail(2, "Error: this simulator knows `ip link add NAME type veth peer name NAME netns PID` alone.")
	}
	if c.port(args[0]) != nil {
		return c.fail(2, "RTNETLINK answers: File exists")
	}
	here := c.newPort(args[0])
	there := c.makePort(k["name"])
	to.away = append(to.away, there)
	here.cable, there.cable = there, here
	c.router.changed()
	return 0
}

func (c *call) ipLinkDel(args []string) int {
	if len(args) > 0 && args[0] == "dev" {
		args = args[1:]
	}
	if len(args) == 0 || c.seen(args[0]) == nil {
		return c.fail(1, "Cannot find device \"%s\"", args)
	}
	p := c.seen(args[0])
	if p.lo || p.name == c.mgmt || c.space() != nil {
		return c.fail(2, "RTNETLINK answers: Operation not supported")
	}
	p.setUp(false)
	c.device.ports = slices.DeleteFunc(slices.Clone(c.device.ports), func(o *port) bool { return o == p || o.base == p })
	if p.cable != nil {
		p.cable.cable = nil
		c.world.linkChanged(p.cable)
	}
	c.router.changed()
	c.world.converge()
	return 0
}

// rename gives an interface that is down another name. Its settings stay.
func (c *call) rename(p *port, name string) int {
	switch {
	case p.up:
		return c.fail(2, "RTNETLINK answers: Device or resource busy")
	case name == "" || len(name) > 15 || c.seen(name) != nil:
		return c.fail(2, "RTNETLINK answers: File exists")
	}
	for _, key := range portSettings() {
		value := c.sysctl[key.of(p.name)]
		delete(c.sysctl, key.of(p.name))
		c.sysctl[key.of(name)] = value
	}
	p.name = name
	c.router.changed()
	c.world.converge()
	return 0
}
