package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"closup/lab"
	"closup/lab/netns"
	"closup/model"
)

// chassis is the user of every device's SSH server that is nobody on it, but
// the hand at its power switch and at its plugs: of this device and of others,
// since one that is off answers nobody.
const chassis = "closup-chassis"

// operate does "off DEVICE", "on DEVICE", "pull DEVICE PORT" and "plug DEVICE PORT".
func (w *world) operate(command string) error {
	words := strings.Fields(command)
	if len(words) < 2 {
		return errors.New("what is to be done, and where?")
	}
	for _, d := range w.devices {
		if d.name != words[1] {
			continue
		}
		switch {
		case words[0] == "off":
			d.powerOff()
			return nil
		case words[0] == "on":
			return d.powerOn()
		case len(words) > 2 && (words[0] == "pull" || words[0] == "plug"):
			return w.plug(d, words[2], words[0] == "plug")
		}
		return fmt.Errorf("a chassis cannot %q", words[0])
	}
	return fmt.Errorf("there is no device %q", words[1])
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
	d.router.daemons = map[string]int{}
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
	d.firewall = map[drop]bool{}
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

// Exec runs a command as root in a device, by the lab's own key, and answers
// its exit status.
func (r *Remote) Exec(ctx context.Context, device string, argv []string, in io.Reader, out, stderr io.Writer) (int, error) {
	e, err := r.Endpoint(device)
	if err != nil {
		return 0, err
	}
	var words []string
	for _, a := range argv {
		words = append(words, quote(a))
	}
	return r.as(ctx, "root", e, strings.Join(words, " "), in, out, stderr)
}

// PowerOff cuts a device's power.
func (r *Remote) PowerOff(ctx context.Context, device string) error {
	return r.operate(ctx, "off "+device)
}

// PowerOn boots a device that is off.
func (r *Remote) PowerOn(ctx context.Context, device string) error {
	return r.operate(ctx, "on "+device)
}

// SetPlug pulls the plug of a cable's end, or puts it back.
func (r *Remote) SetPlug(ctx context.Context, at model.End, in bool) error {
	verb := "pull "
	if in {
		verb = "plug "
	}
	return r.operate(ctx, verb+at.Device+" "+at.Port)
}

// operate asks whichever device answers first.
func (r *Remote) operate(ctx context.Context, command string) error {
	var last error
	for _, d := range r.Devices {
		e, err := r.Endpoint(d.Name)
		if err != nil {
			return err
		}
		var said bytes.Buffer
		status, err := r.as(ctx, chassis, e, command, nil, &said, &said)
		switch {
		case err != nil:
			last = err
		case status != 0:
			return errors.New(strings.TrimSpace(said.String()))
		default:
			return nil
		}
	}
	return fmt.Errorf("no device of the lab of %s answers: %w", r.Name, last)
}
