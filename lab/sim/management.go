package sim

import (
	"context"
	"net"
	"sync/atomic"
)

// The management port is where SSH comes in, though the simulator's servers
// are on the loopback: without its link nothing gets through, in either
// direction, until it is back. The chassis is not of the network.

// reachable notes whether the management port has its link. The world's lock
// is held.
func (d *device) reachable(p *port) {
	linked := p != nil && p.carrier()
	switch was := d.cut.Load(); {
	case linked && was != nil:
		d.cut.Store(nil)
		close(*was)
	case !linked && was == nil && !d.off:
		wait := make(chan struct{})
		d.cut.Store(&wait)
	}
}

// linked waits until the management port has its link.
func (d *device) linked(ctx context.Context) error {
	for {
		wait := d.cut.Load()
		if wait == nil {
			return nil
		}
		select {
		case <-*wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// gate is a connection that comes in by the management port.
type gate struct {
	net.Conn
	d    *device
	ctx  context.Context // ends with the connection
	free atomic.Bool     // it does not come by that port
}

func (g *gate) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	return n, g.through(err)
}

func (g *gate) Write(p []byte) (int, error) {
	if err := g.through(nil); err != nil {
		return 0, err
	}
	return g.Conn.Write(p)
}

func (g *gate) through(err error) error {
	if err != nil || g.free.Load() {
		return err
	}
	return g.d.linked(g.ctx)
}
