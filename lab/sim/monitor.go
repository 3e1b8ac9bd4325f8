package sim

import (
	"bufio"
	"bytes"
	"slices"
	"strings"
	"time"
)

// What runs on a device until its input or the connection ends: `ip monitor`,
// and a vtysh that reads commands.

// stirs are those who want to know that a device's kernel may have changed.
type stirs map[chan struct{}]bool

// stir tells them. The world's lock is held.
func (d *device) stir() {
	for ch := range d.stirs {
		select {
		case ch <- struct{}{}:
		default: // it is told already
		}
	}
}

// calm is how long `ip monitor` lets changes gather.
const calm = 20 * time.Millisecond

// ipMonitor prints what changes of links, addresses and routes, as
// `ip -o monitor` does.
func (c *call) ipMonitor() int {
	told := make(chan struct{}, 1)
	c.world.mu.Lock()
	if c.stirs == nil {
		c.device.stirs = stirs{}
	}
	c.device.stirs[told] = true
	c.world.mu.Unlock()
	defer func() {
		c.world.mu.Lock()
		delete(c.device.stirs, told)
		c.world.mu.Unlock()
	}()
	was := c.kernelLines()
	for {
		select {
		case <-c.ctx.Done():
			return 143
		case <-told:
		}
		select {
		case <-c.ctx.Done():
			return 143
		case <-time.After(calm):
		}
		is := c.kernelLines()
		var b bytes.Buffer
		for _, l := range was {
			if _, there := slices.BinarySearch(is, l); !there {
				b.WriteString("Deleted " + l + "\n")
			}
		}
		for _, l := range is {
			if _, there := slices.BinarySearch(was, l); !there {
				b.WriteString(l + "\n")
			}
		}
		was = is
		if _, err := c.out.Write(b.Bytes()); err != nil {
			return 1
		}
	}
}

// kernelLines is what ip shows, sorted.
func (c *call) kernelLines() []string {
	var b bytes.Buffer
	quiet := *c
	quiet.out, quiet.err = &b, &b
	quiet.inWorld(func() int {
		_ = quiet.ipLink(ipFlags{one: true}, nil)
		_ = quiet.ipAddress(ipFlags{one: true}, nil)
		_ = quiet.ipRoute(ipFlags{v4: true}, nil)
		return quiet.ipRoute(ipFlags{v6: true}, nil)
	})
	lines := linesOf(b.Bytes())
	slices.Sort(lines)
	return lines
}

// vtyTalk is vtysh without a command: a line of input each, repeated behind
// the prompt as readline does where there is no terminal.
func (c *call) vtyTalk() int {
	if c.in == nil {
		return 0
	}
	c.world.mu.Lock()
	runs, v := len(c.router.daemons) > 0, newVty(c.device)
	prompt := v.r.hostName() + "# "
	c.world.mu.Unlock()
	if !runs {
		return c.fail(1, "Exiting: failed to connect to any daemons.")
	}
	c.printf("\nHello, this is FRRouting (version %s), simulated by closup.\n\n%s", frrVersion, prompt)
	in := bufio.NewScanner(c.in)
	for in.Scan() {
		line := strings.Join(strings.Fields(in.Text()), " ")
		if line == "exit" && v.at == nil || line == "quit" {
			return 0
		}
		if !c.awake("") {
			return 143
		}
		c.inWorld(func() int {
			out, _ := v.run(line)
			v.apply()
			prompt = v.r.hostName() + "# "
			c.printf("%s\n%s%s", in.Text(), out, prompt)
			return 0
		})
	}
	c.printf("\n")
	return 0
}
