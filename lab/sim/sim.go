// Package sim is a lab of simulated devices inside the process: no root, no
// FRR, nothing installed. It is a simulator, and what it shows of itself says
// so; the truth is lab/netns, and where the two differ sim is wrong.
//
// Each device is
//
//	an SSH server   on 127.0.0.1, on a port and with a host key of its own
//	a disk          in memory, with users, modes and links
//	a shell         a POSIX interpreter, whose commands are functions here
//	a router        that reads its frr.conf as FRR does, forms sessions with
//	                those at the other ends of its cables by the protocol's
//	                conditions, and prints what vtysh prints
//
// What crosses a cable is decided under one lock, the world's; nothing else is
// shared. No process is started, no port is opened but on the loopback.
package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"closup/lab"
	"closup/lab/netns"
	"closup/model"
)

// Backend is this backend's name in lab.json.
const Backend = "sim"

// Options of Start.
type Options struct {
	Progress func(string) // told what is being done, in short sentences; may be nil
	// Pace is how many seconds a second of the protocol's timers takes: less
	// than 1 is faster than life. 0: 1.
	Pace float64
}

// Lab is a running lab of this backend.
type Lab struct {
	lab.Record
	Key   []byte // the private key that every device accepts, PEM
	Known []byte // known_hosts of all devices

	dir    string // its place in the state directory; "": none
	world  *world
	cancel context.CancelFunc
	once   sync.Once
}

// device is one simulated machine.
type device struct {
	name     string
	world    *world
	disk     *disk
	life     context.Context // ends with the lab
	run      atomic.Pointer[uptimeOf]
	cni      []netip.Prefix // prefixes of pods, to which something made a route
	login    string         // the access user
	hostname string
	mgmt     string
	off      bool
	stirs    stirs

	ports      []*port
	interfaces int // that were ever made
	jobs       map[int]*job
	cut        atomic.Pointer[chan struct{}] // closed when the management port has its link again; nil: it has
	nft        []*nftTable
	sysctl     map[string]string
	kernel     []kernelRoute
	firewall   map[drop]bool
	router     *router
	locks      *locks
	containers map[string]*container
	images     map[string]string // name to number

	server   *ssh.ServerConfig
	listener net.Listener
}

// uptimeOf is the time from one boot to the next.
type uptimeOf struct {
	ctx     context.Context // ends when the device is switched off
	cancel  context.CancelFunc
	started time.Time
}

// powered ends when the device is switched off.
func (d *device) powered() context.Context { return d.run.Load().ctx }

var fill sync.Once

// fillCommands joins the programs of all directories, once.
func fillCommands() {
	fill.Do(func() {
		commands = map[string]command{}
		for _, list := range programs() {
			for name, f := range list {
				commands[name] = f
			}
		}
	})
}

// Start makes the devices of the plan, bare and cabled, and serves them until
// Close or until ctx ends.
func Start(ctx context.Context, plan *model.Plan, o Options) (*Lab, error) {
	fillCommands()
	boxes, cables, err := netns.Layout(plan)
	if err != nil {
		return nil, fmt.Errorf("the lab of %s: %w", plan.Name, err)
	}
	if o.Pace <= 0 {
		o.Pace = 1
	}
	if o.Progress != nil {
		o.Progress(fmt.Sprintf("making %d devices", len(boxes)))
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &Lab{world: &world{pace: o.Pace}, cancel: cancel}
	if err := l.build(ctx, plan, boxes, cables); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	return l, nil
}

func (l *Lab) build(ctx context.Context, plan *model.Plan, boxes []netns.Box, cables []netns.Cable) error {
	key, login, err := newKey("closup lab " + plan.Name)
	if err != nil {
		return err
	}
	l.Key = key
	l.Record = lab.Record{Name: plan.Name, Backend: Backend}
	for _, b := range boxes {
		d := newDevice(ctx, l.world, b)
		l.world.devices = append(l.world.devices, d)
	}
	l.world.mu.Lock()
	for _, c := range cables {
		a, b := l.world.devices[c.A].newPort(c.APort), l.world.devices[c.B].newPort(c.BPort)
		a.cable, b.cable = b, a
	}
	l.world.mu.Unlock()
	var known strings.Builder
	for i, d := range l.world.devices {
		d.furnish(boxes[i], uint32(i))
		public, err := d.listen(login)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		at := d.listener.Addr().(*net.TCPAddr)
		fmt.Fprintf(&known, "[%s]:%d %s", at.IP, at.Port, ssh.MarshalAuthorizedKey(public))
		l.Devices = append(l.Devices, lab.Device{Name: d.name, Host: at.IP.String(), Port: at.Port, User: d.login})
	}
	l.Known = []byte(known.String())
	for i, d := range l.world.devices {
		if boxes[i].Boot {
			d.boot()
		}
		l.world.wait.Add(1)
		go func() {
			defer l.world.wait.Done()
			d.serve(d.powered(), d.listener)
		}()
	}
	return nil
}

// Close ends every device and waits until nothing of them is left.
func (l *Lab) Close() (err error) {
	l.once.Do(func() {
		l.cancel()
		for _, d := range l.world.devices {
			if d.listener != nil {
				_ = d.listener.Close()
			}
		}
		l.world.mu.Lock()
		l.world.closed = true
		for _, d := range l.world.devices {
			for _, s := range d.router.sessions {
				stop(&s.pending)
				stop(&s.hold)
			}
		}
		l.world.mu.Unlock()
		l.world.wait.Wait()
		if l.dir != "" {
			err = clearState(l.dir)
		}
	})
	return err
}
