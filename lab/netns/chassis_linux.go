package netns

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// chassis is what remains of a device while it is off: its ports, cabled, in a
// network namespace that the hub holds, and its disk.
type chassis struct {
	box
	hub   *hub
	index int // in spec.Devices; names its disk and its end on the bridge

	mu  sync.Mutex // held while it is switched on or off
	ns  netns.NsHandle
	cmd *exec.Cmd     // its PID 1; nil: off
	off chan struct{} // closed when cmd ended and the ports are parked
}

// newChassis makes the namespace and cables the management port.
func newChassis(h *hub, i int, b box) (*chassis, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	c := &chassis{box: b, hub: h, index: i, ns: ns}
	here, err := netns.Get()
	if err != nil {
		return nil, err
	}
	defer here.Close()
	port := "port" + strconv.Itoa(i)
	if err := connect(here, port, ns, b.Mgmt); err != nil {
		return nil, fmt.Errorf("the management port: %w", err)
	}
	return c, plugIn(port)
}

// order is what a device's PID 1 reads first.
type order struct {
	Box   box
	Parts []layer // of the disk
	Fresh bool    // the first boot: the disk is blank
}

var errOn = errors.New("is on already")

// powerOn starts the device's PID 1 and waits until it has its disk and starts
// its programs. At the first boot the hub sets the management address; later
// the device does, from its own files.
func (c *chassis) powerOn(fresh bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil {
		return fmt.Errorf("%s %w", c.Name, errOn)
	}
	if err := c.start(fresh); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

func (c *chassis) start(fresh bool) error {
	if fresh {
		at, err := netlink.NewHandleAt(c.ns)
		if err != nil {
			return err
		}
		defer at.Close()
		if err := address(at, c.Mgmt, c.Address); err != nil {
			return err
		}
	}
	orders, err := json.Marshal(order{Box: c.box, Parts: c.box.layers(c.hub.parts), Fresh: fresh})
	if err != nil {
		return err
	}
	ready, told, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: deviceArgs(c.hub.spec.Dir, c.Name), Env: []string{"GOMAXPROCS=1"},
		Dir: strconv.Itoa(c.index), Stdin: bytes.NewReader(orders), Stderr: os.Stderr,
		ExtraFiles: []*os.File{told},
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			Setsid:     true,
		},
	}
	err = within(c.ns, cmd.Start)
	told.Close()
	if err != nil {
		return fmt.Errorf("starting its PID 1: %w", err)
	}
	c.cmd, c.off = cmd, make(chan struct{})
	go c.watch(cmd, c.off)
	answer, _ := bufio.NewReader(ready).ReadString('\n')
	if answer = strings.TrimSpace(answer); answer != readyAnswer {
		return fmt.Errorf("its PID 1 failed: %s", answer)
	}
	return nil
}

// watch waits for the end of a PID 1 and parks the ports. A device that asked
// the kernel for a reboot gets one: its PID 1 then ends by SIGHUP (reboot(2),
// "Behavior inside PID namespaces").
func (c *chassis) watch(cmd *exec.Cmd, off chan struct{}) {
	_ = cmd.Wait() // how it ended is in its state
	c.mu.Lock()
	if err := c.park(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: parking its ports: %v\n", c.Name, err)
	}
	c.cmd = nil
	c.mu.Unlock()
	close(off)
	ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && ws.Signaled() && ws.Signal() == syscall.SIGHUP {
		if err := c.powerOn(false); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// powerOff ends the device as a cut of its power does. It answers when nothing
// of it runs any more.
func (c *chassis) powerOff() error {
	c.mu.Lock()
	cmd, off := c.cmd, c.off
	c.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-off
	return nil
}

// park moves the ports to a new namespace, so that the old one, with its
// addresses and routes, goes, but not the cables: at their other ends the
// ports stay, without a carrier.
func (c *chassis) park() error {
	fresh, err := newNamespace()
	if err != nil {
		return err
	}
	old := c.ns
	defer old.Close()
	c.ns = fresh
	from, err := netlink.NewHandleAt(old)
	if err != nil {
		return err
	}
	defer from.Close()
	var errs []error
	for _, port := range c.ports() {
		link, err := from.LinkByName(port)
		if err != nil {
			continue // somebody removed it
		}
		errs = append(errs, from.LinkSetDown(link), from.LinkSetMTU(link, defaultMTU), from.LinkSetNsFd(link, int(fresh)))
	}
	return errors.Join(errs...)
}

const defaultMTU = 1500 // of a veth (veth(4)), as it was made

// ports are the names of all its ports, management first.
func (c *chassis) ports() []string {
	names := []string{c.Mgmt}
	for _, cable := range c.hub.spec.Cables {
		if cable.A == c.index {
			names = append(names, cable.APort)
		}
		if cable.B == c.index {
			names = append(names, cable.BPort)
		}
	}
	return names
}
