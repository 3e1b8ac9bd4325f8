package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"closup/lab"
	"closup/lab/netns"
	"closup/model"
)

// chassis is the user of every device's SSH server that is nobody on it, but
// the hand at its power switch and at its plugs: of this device and of others,
// since one that is off answers nobody.
const chassis = "closup-chassis"

// operate does "off DEVICE", "on DEVICE", "pull DEVICE PORT", "plug DEVICE PORT"
// and, as from its console, "exec DEVICE COMMAND...".
func (c *call) operate(command string) int {
	verb, rest, _ := strings.Cut(command, " ")
	name, rest, _ := strings.Cut(rest, " ")
	c.world.mu.Lock()
	d := c.world.device(name)
	c.world.mu.Unlock()
	if d == nil {
		return c.fail(1, "there is no device %q", name)
	}
	var err error
	switch verb {
	case "off":
		d.powerOff()
	case "on":
		err = d.powerOn()
	case "pull", "plug":
		err = c.world.plug(d, rest, verb == "plug")
	case "exec":
		return d.console(c, rest)
	default:
		err = fmt.Errorf("a chassis cannot %q", verb)
	}
	if err != nil {
		return c.fail(1, "%v", err)
	}
	return 0
}

// console runs a command as root, for who stands before the device.
func (d *device) console(from *call, command string) int {
	d.world.mu.Lock()
	off := d.off
	d.world.mu.Unlock()
	if off {
		return from.fail(1, "%s is off", d.name)
	}
	ctx, l := newLogin(d.powered(), from.ctx)
	defer l.finished()
	c := d.call(ctx, rootUser)
	c.in, c.out, c.err = from.in, from.out, from.err
	return c.script("sh", strings.NewReader(command+"\n"), nil)
}

func (w *world) plug(d *device, name string, in bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := d.port(name)
	if p == nil || p.cable == nil {
		return fmt.Errorf("there is no cable at %s:%s", d.name, name)
	}
	if p.out == in {
		p.out = !in
		w.linkChanged(p)
	}
	return nil
}

// powerOff cuts the power: all but the disk is lost.
func (d *device) powerOff() {
	d.world.mu.Lock()
	if d.off {
		d.world.mu.Unlock()
		return
	}
	d.off = true
	d.router.daemons, d.router.home, d.containers = map[string]daemon{}, nil, map[string]*container{}
	d.router.load(newConf())
	for _, p := range d.ports {
		if !p.lo {
			d.world.linkChanged(p)
			p.up, p.addrs = p.name == d.mgmt, nil
		} else {
			p.addrs = p.addrs[:2]
		}
	}
	d.kernel = d.pods()
	d.firewall, d.nft = map[drop]bool{}, nil
	for _, j := range d.jobs {
		d.endJob(j)
	}
	for key, value := range factorySysctl() {
		d.sysctl[key] = value
	}
	d.world.mu.Unlock()
	_ = d.listener.Close()
	d.run.Load().cancel()
}

// powerOn boots from the disk.
func (d *device) powerOn() error {
	d.world.mu.Lock()
	on := !d.off
	d.world.mu.Unlock()
	if on {
		return nil
	}
	listener, err := net.Listen("tcp", d.listener.Addr().String())
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	name, _ := d.disk.read("/etc/hostname")
	d.world.mu.Lock()
	if d.world.closed {
		d.world.mu.Unlock()
		return errors.Join(errors.New("the lab has ended"), listener.Close())
	}
	d.off, d.listener = false, listener
	d.hostname = strings.TrimSpace(string(name))
	d.power()
	d.world.mu.Unlock()
	ctx := d.powered()
	d.background(func() { d.serve(ctx, listener) })
	d.boot()
	return nil
}

// Remote is a lab that another process serves, or this one.
type Remote struct{ *lab.Record }

// Open finds the running lab of that name.
func Open(name string) (*Remote, error) {
	r, err := lab.Open(name)
	if err != nil {
		return nil, err
	}
	if r.Backend != Backend {
		return nil, fmt.Errorf("the lab of %s runs on the backend %s", name, r.Backend)
	}
	return &Remote{r}, nil
}

// Status says which devices answer.
func (r *Remote) Status(ctx context.Context) ([]netns.Status, error) {
	return status(ctx, r.Record), nil
}

// Exec runs a command as root in a device, by its console, and answers its exit
// status.
func (r *Remote) Exec(ctx context.Context, device string, argv []string, in io.Reader, out, stderr io.Writer) (int, error) {
	if _, err := r.Endpoint(device); err != nil {
		return 0, err
	}
	var words []string
	for _, a := range argv {
		words = append(words, quote(a))
	}
	return r.chassis(ctx, device, "exec "+device+" "+strings.Join(words, " "), in, out, stderr)
}

// PowerOff cuts a device's power.
func (r *Remote) PowerOff(ctx context.Context, device string) error {
	return r.operate(ctx, device, "off "+device)
}

// PowerOn boots a device that is off.
func (r *Remote) PowerOn(ctx context.Context, device string) error {
	return r.operate(ctx, device, "on "+device)
}

// SetPlug pulls the plug of a cable's end, or puts it back.
func (r *Remote) SetPlug(ctx context.Context, at model.End, in bool) error {
	verb := "pull "
	if in {
		verb = "plug "
	}
	return r.operate(ctx, at.Device, verb+at.Device+" "+at.Port)
}

// operate has the chassis do something to a device.
func (r *Remote) operate(ctx context.Context, device, command string) error {
	var said bytes.Buffer
	status, err := r.chassis(ctx, device, command, nil, &said, &said)
	if err == nil && status != 0 {
		err = errors.New(strings.TrimSpace(said.String()))
	}
	return err
}

// chassis asks whichever device answers first. The one that it is about comes
// last: it may be off, or out of reach.
func (r *Remote) chassis(ctx context.Context, about, command string, in io.Reader, out, stderr io.Writer) (int, error) {
	ways := slices.Clone(r.Devices)
	slices.SortStableFunc(ways, func(a, b lab.Device) int {
		return boolRank(a.Name == about) - boolRank(b.Name == about)
	})
	last := errors.New("it has no devices")
	for _, d := range ways {
		e, err := r.Endpoint(d.Name)
		if err != nil {
			return 0, err
		}
		client, err := dial(r.Record, e, chassis)
		if err != nil {
			last = err
			continue
		}
		return runOver(ctx, client, command, in, out, stderr)
	}
	return 0, fmt.Errorf("no device of the lab of %s answers: %w", r.Name, last)
}
