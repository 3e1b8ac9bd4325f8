package sim

import (
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"closup/lab"
	"closup/lab/netns"
	"closup/model"
)

// Follow makes a running lab that of a changed plan, as hands would: new devices
// stand there bare, those that are gone are taken away, and cables run as they
// are planned now. What stays keeps its configuration and, where its cable does,
// its sessions.
func (l *Lab) Follow(plan *model.Plan) error {
	boxes, cables, err := netns.Layout(plan)
	if err != nil {
		return fmt.Errorf("the lab of %s: %w", plan.Name, err)
	}
	l.growing.Lock()
	defer l.growing.Unlock()
	l.removeGone(boxes)
	added, err := l.add(boxes)
	if err != nil {
		return err
	}
	l.world.mu.Lock()
	l.podsOf(boxes)
	l.recable(boxes, cables)
	l.world.mu.Unlock()
	for _, d := range added {
		if d.box.Boot {
			d.boot() // now that it has its cables
		}
	}
	return l.register(plan.Name, boxes)
}

// hardware is what a device cannot be given while it runs.
func hardware(b netns.Box) netns.Box {
	b.Pods = nil
	return b
}

// removeGone takes away what is not planned any more, or would be another device.
func (l *Lab) removeGone(boxes []netns.Box) {
	stays := map[string]netns.Box{}
	for _, b := range boxes {
		stays[b.Name] = b
	}
	for _, d := range slices.Clone(l.world.devices) {
		if b, ok := stays[d.name]; ok && reflect.DeepEqual(hardware(b), hardware(d.box)) {
			continue
		}
		d.powerOff()
		l.world.mu.Lock()
		for _, p := range d.ports {
			l.world.unplug(p)
		}
		l.world.devices = slices.DeleteFunc(slices.Clone(l.world.devices), func(o *device) bool { return o == d })
		l.world.mu.Unlock()
	}
}

// add makes the devices that are not there yet, and serves them.
func (l *Lab) add(boxes []netns.Box) (added []*device, err error) {
	for _, b := range boxes {
		if l.world.device(b.Name) != nil {
			continue
		}
		d := newDevice(l.life, l.world, b)
		d.furnish(b, l.made)
		l.made++
		if err := d.listen(l.login); err != nil {
			return nil, fmt.Errorf("%s: %w", d.name, err)
		}
		l.world.mu.Lock()
		if l.world.closed {
			l.world.mu.Unlock()
			return nil, errors.Join(errors.New("the lab has ended"), d.listener.Close())
		}
		l.world.devices = append(slices.Clone(l.world.devices), d)
		ctx, listener := d.powered(), d.listener
		d.background(func() { d.serve(ctx, listener) })
		l.world.mu.Unlock()
		added = append(added, d)
	}
	return added, nil
}

// podsOf has a node's CNI follow what pods it is to have. The world's lock is
// held.
func (l *Lab) podsOf(boxes []netns.Box) {
	for _, b := range boxes {
		d := l.world.device(b.Name)
		if slices.Equal(d.cni, b.Pods) {
			continue
		}
		old := d.pods()
		d.kernel = slices.DeleteFunc(slices.Clone(d.kernel), func(r kernelRoute) bool { return slices.Contains(old, r) })
		d.box, d.cni = b, b.Pods
		d.kernel = append(d.kernel, d.pods()...)
		d.router.changed()
	}
	l.world.converge()
}

// recable pulls the cables that are not planned, and then lays those that are
// missing. The world's lock is held.
func (l *Lab) recable(boxes []netns.Box, cables []netns.Cable) {
	at := func(box int, name string) *port {
		d := l.world.device(boxes[box].Name)
		if p := d.port(name); p != nil {
			return p
		}
		return d.newPort(name)
	}
	planned := map[*port]*port{}
	for _, c := range cables {
		a, b := at(c.A, c.APort), at(c.B, c.BPort)
		planned[a], planned[b] = b, a
	}
	for _, d := range l.world.devices {
		for _, p := range d.ports {
			if far := p.cable; far != nil && far.dev != d && planned[p] != far {
				l.world.unplug(p)
			}
		}
	}
	for _, c := range cables {
		if a, b := at(c.A, c.APort), at(c.B, c.BPort); a.cable != b {
			a.cable, b.cable = b, a
			l.world.linkChanged(a)
		}
	}
}

// unplug takes a cable away. The lock is held.
func (w *world) unplug(p *port) {
	q := p.cable
	if q == nil {
		return
	}
	p.cable, q.cable = nil, nil
	w.linkChanged(p)
	w.linkChanged(q)
}

// device finds one by its name; nil: there is none.
func (w *world) device(name string) *device {
	for _, d := range w.devices {
		if d.name == name {
			return d
		}
	}
	return nil
}

// register writes down who is there now, under the plan's name.
func (l *Lab) register(name string, boxes []netns.Box) error {
	l.Devices = make([]lab.Device, 0, len(boxes))
	var known strings.Builder
	for _, b := range boxes {
		d := l.world.device(b.Name)
		at := d.listener.Addr().(*net.TCPAddr)
		fmt.Fprintf(&known, "[%s]:%d %s", at.IP, at.Port, ssh.MarshalAuthorizedKey(d.public))
		l.Devices = append(l.Devices, lab.Device{Name: d.name, Host: at.IP.String(), Port: at.Port, User: d.login})
	}
	l.Known = []byte(known.String())
	before := l.dir
	if l.Name = name; before == "" {
		return nil
	}
	dir, err := lab.Dir(name)
	if err != nil {
		return err
	}
	if err := l.leaveIn(dir); err != nil || before == dir {
		return err
	}
	return clearState(before)
}
