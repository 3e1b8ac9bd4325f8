package model

import "fmt"

// cabler hands out the ports of one device.
type cabler struct {
	up, down portList
	used     map[string]bool
	nextUp   int
	nextDown int
}

// cabler is a device's ports, without those that are for something else.
func (c *cabling) cabler(s *Spec, d *Device) cabler {
	platform, role := systemOf(d.Platform), c.f.Ports[s.Role]
	up := platform.uplinks
	if s.Role == Node {
		up = platform.nodePort
	}
	out := cabler{
		up:   c.list(first(s.Ports.Uplinks, role.Uplinks), up, s.Breakout),
		down: c.list(first(s.Ports.Downlinks, role.Downlinks), platform.down, s.Breakout),
		used: map[string]bool{d.Management.Port: true},
	}
	for _, o := range s.Peers {
		out.used[o.Port] = true
	}
	if s.Role == Leaf { // what is down ends where up begins, so that a spine more moves no node
		out.down.limit = (up.first - platform.down.first) / up.step
	}
	return out
}

// portsKey tells apart what lists of ports are made of; the devices of one
// entry share it.
type portsKey struct {
	given    *string
	breakout *Breakout
	row      portRow
}

func (c *cabling) list(given []string, row portRow, breakouts []Breakout) portList {
	if len(breakouts) == 0 {
		return newPortList(given, row, nil)
	}
	key := portsKey{head(given), head(breakouts), row}
	l, known := c.lists[key]
	if !known {
		l = newPortList(given, row, breakouts)
		c.lists[key] = l
	}
	return l
}

// head is the place of a list's first item, by which lists that are the same
// one are known.
func head[T any](list []T) *T {
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

// upward takes the next uplink that is free.
func (c *cabler) upward() (string, bool) { return c.next(&c.up, &c.nextUp) }

// downward takes the next downlink that is free.
func (c *cabler) downward() (string, bool) { return c.next(&c.down, &c.nextDown) }

func (c *cabler) next(l *portList, i *int) (string, bool) {
	for {
		port, ok := l.at(*i)
		if !ok {
			return "", false
		}
		if *i++; !c.used[port] {
			c.used[port] = true
			return port, true
		}
	}
}

// fixed takes the i-th (0-based) downlink, if it is there and free.
func (c *cabler) fixed(i int) (string, bool) {
	port, ok := c.down.at(i)
	if !ok || c.used[port] {
		return "", false
	}
	c.used[port] = true
	return port, true
}

// shortage is a device whose ports of a kind did not reach.
type shortage struct {
	device int
	kind   string
}

// shortfall is who went without.
type shortfall struct {
	first string
	more  int
}

// lacks notes that a device has no port for another.
func (c *cabling) lacks(device int, kind string, other int) {
	key := shortage{device, kind}
	if s, known := c.short[key]; known {
		s.more++
		return
	}
	c.short[key] = &shortfall{first: c.f.Devices[other].Name}
	c.order = append(c.order, key)
}

// report tells which ports ran out, one finding for each device.
func (c *cabling) report() {
	for _, key := range c.order {
		s, gone := &c.f.Devices[key.device], c.short[key]
		who := gone.first
		if gone.more > 0 {
			who = fmt.Sprintf("%s and %d more", who, gone.more)
		}
		c.find("cabling-ports", s, fmt.Sprintf("%s has no free %s for %s", s.Name, key.kind, who),
			fmt.Sprintf("give it more in ports.%s.%ss, or write the cables in links", s.Role.Key(), key.kind))
	}
}
