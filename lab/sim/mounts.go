package sim

import "context"

// binds are the files that lie over others, for those who share a mount
// namespace: the name that is asked for to the one that is meant.
type binds map[string]string

type bindsKey struct{}

func (c *call) binds() binds {
	b, _ := c.ctx.Value(bindsKey{}).(binds)
	return b
}

// unshare -m gives a command mounts of its own.
func unshare(c *call) int {
	_, argv := c.flagsUntilCommand("")
	own := binds{}
	for k, v := range c.binds() {
		own[k] = v
	}
	return c.run(context.WithValue(c.ctx, bindsKey{}, own), c.who, argv)
}

// mount --bind FROM TO is the only one.
func mount(c *call) int {
	opts, names := c.flags("ot")
	switch {
	case c.who.uid != 0:
		return c.fail(32, "mount: must be superuser to use mount.")
	case has(opts, "--make-rprivate", "--make-private", "--make-slave", "--make-rslave"):
		return 0
	case !has(opts, "--bind", "-B") && opts["-o"] != "bind" || len(names) != 2:
		return c.fail(32, "mount: this simulator knows `mount --bind FROM TO` alone")
	case c.binds() == nil:
		return c.fail(32, "mount: this simulator mounts in a namespace of its own alone: unshare -m first")
	}
	from, to := c.path(names[0]), absolute(c.dir, names[1])
	if !c.disk.exists(from) || !c.disk.exists(to) {
		return c.fail(32, "mount: %s: mount point does not exist.", names[1])
	}
	c.binds()[to] = from
	return 0
}
