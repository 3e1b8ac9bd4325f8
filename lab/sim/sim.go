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
	life   context.Context // of its devices
	cancel context.CancelFunc
	once   sync.Once

	growing sync.Mutex // held while devices come and go
	made    uint32     // devices so far
	login   ssh.PublicKey
}

// device is one simulated machine.
type device struct {
	name     string
	box      netns.Box // what it was made of
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
	public   ssh.PublicKey // its host key
	listener net.Listener
}

// uptimeOf is the time from one boot to the next.
type uptimeOf struct {
	ctx     context.Context // ends when the device is switched off
	cancel  context.CancelFunc
	started time.Time
}

// Memory is how much a lab of so many devices gets along with, in bytes, both
// while it stands there and while all of it is pushed to or asked: 1,000 MiB for
// 1,000 devices. It grows by their square, as each of them knows the way to all
// others. It is meant as the collector's limit (debug.SetMemoryLimit): without
// one, what answers leave behind comes to as much again.
func Memory(devices int) int64 { return max(1000, int64(devices)*int64(devices)/1000) << 20 }

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
	l := &Lab{world: &world{pace: o.Pace}, life: ctx, cancel: cancel}
	if err := l.build(plan.Name, boxes, cables); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	return l, nil
}

func (l *Lab) build(name string, boxes []netns.Box, cables []netns.Cable) error {
	key, login, err := newKey("closup lab " + name)
	if err != nil {
		return err
	}
	l.Key, l.login = key, login
	l.Record = lab.Record{Name: name, Backend: Backend}
	for i, b := range boxes {
		d := newDevice(l.life, l.world, b)
		l.world.devices = append(l.world.devices, d)
		d.furnish(b, uint32(i))
	}
	l.made = uint32(len(boxes))
	l.world.mu.Lock()
	for _, c := range cables {
		a, b := l.world.devices[c.A].newPort(c.APort), l.world.devices[c.B].newPort(c.BPort)
		a.cable, b.cable = b, a
	}
	l.world.mu.Unlock()
	for _, d := range l.world.devices {
		if err := d.listen(login); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
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
	return l.register(name, boxes)
}

// Close ends every device and waits until nothing of them is left.
func (l *Lab) Close() (err error) {
	l.once.Do(func() {
		l.cancel()
		l.growing.Lock()
		defer l.growing.Unlock()
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
