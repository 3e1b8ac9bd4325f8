package netns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// hubProcess is a hub seen by whoever starts it.
type hubProcess struct {
	ctx      context.Context
	pid      int
	stop     func() bool // the end of ctx no longer ends the hub
	orders   *os.File
	answers  *os.File
	events   *json.Decoder
	progress func(string)
}

// connectHub starts the hub and lets it make everything. The management
// network is chosen and claimed under a lock of this network namespace, so
// that two labs that start at once do not choose the same.
func connectHub(ctx context.Context, s *spec, taken []netip.Prefix, authorized string, progress func(string)) (_ *hubProcess, err error) {
	host, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, fmt.Errorf("this machine's network namespace: %w", err)
	}
	defer host.Close() // and with it the lock
	if err := flock(ctx, host, true); err != nil {
		return nil, err
	}
	used, err := usedPrefixes()
	if err != nil {
		return nil, err
	}
	subnet, err := freeSubnet(len(s.Devices)+1, append(used, taken...))
	if err != nil {
		return nil, err
	}
	if err := s.number(subnet, authorized); err != nil {
		return nil, err
	}
	h, err := startHub(ctx, *s, host, progress)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if err := h.expect(uplinkStage); err != nil {
		return nil, err
	}
	if err := claimUplink(s.Uplink); err != nil {
		return nil, err
	}
	if err := unix.Flock(int(host.Fd()), unix.LOCK_UN); err != nil {
		return nil, err
	}
	return h, h.expect(bootedStage)
}

// startHub runs this binary again as PID 1 of new namespaces.
func startHub(ctx context.Context, s spec, host *os.File, progress func(string)) (*hubProcess, error) {
	log, err := os.OpenFile(filepath.Join(s.Dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the lab's files: %w", err)
	}
	defer log.Close()
	ordersIn, orders, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ordersIn.Close()
	answers, answersOut, err := os.Pipe()
	if err != nil {
		orders.Close()
		return nil, err
	}
	defer answersOut.Close()
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: hubArgs(s.Dir), Env: []string{"PATH=" + devicePath}, Dir: "/",
		Stdin: ordersIn, Stdout: answersOut, Stderr: log, ExtraFiles: []*os.File{host},
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			Setsid:     true, // a Ctrl+C at this terminal is not the lab's
		},
	}
	if err := cmd.Start(); err != nil {
		orders.Close()
		answers.Close()
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	// It outlives this call; should this process outlive it, it is waited for.
	go func() { _ = cmd.Wait() }()
	h := &hubProcess{ctx: ctx, pid: cmd.Process.Pid, orders: orders, answers: answers, events: json.NewDecoder(answers), progress: progress}
	h.stop = context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	if err := json.NewEncoder(orders).Encode(s); err != nil {
		return nil, errors.Join(h.failure(err), h.close())
	}
	return h, nil
}

// expect reads events up to a stage.
func (h *hubProcess) expect(want stage) error {
	for {
		var e event
		if err := h.events.Decode(&e); err != nil {
			return h.failure(err)
		}
		switch {
		case e.Error != "":
			return errors.New(e.Error)
		case e.Stage == want:
			return nil
		case e.Progress != "":
			h.progress(e.Progress)
		}
	}
}

// failure is why the hub does not speak any more.
func (h *hubProcess) failure(err error) error {
	if h.ctx.Err() != nil {
		return h.ctx.Err()
	}
	return fmt.Errorf("the lab ended while it started: %w; see %s", err, logFile)
}

// commit makes the hub stay.
func (h *hubProcess) commit() error {
	if !h.stop() {
		return h.ctx.Err()
	}
	if err := json.NewEncoder(h.orders).Encode(commit{Commit: true}); err != nil {
		return h.failure(err)
	}
	return h.expect(doneStage)
}

// close lets go of the hub; one that is not committed ends.
func (h *hubProcess) close() error {
	h.stop()
	return errors.Join(h.orders.Close(), h.answers.Close())
}

// usedPrefixes are the networks that this machine has an address in or a route
// to, the default route apart.
func usedPrefixes() ([]netip.Prefix, error) {
	addrs, err := whole(func() ([]netlink.Addr, error) {
		return netlink.AddrList(nil, netlink.FAMILY_V4)
	})
	if err != nil {
		return nil, fmt.Errorf("this machine's addresses: %w", err)
	}
	var out []netip.Prefix
	for _, a := range addrs {
		if p, ok := fromIPNet(a.IPNet); ok {
			out = append(out, p)
		}
	}
	routes, err := whole(func() ([]netlink.Route, error) {
		return netlink.RouteList(nil, netlink.FAMILY_V4)
	})
	if err != nil {
		return nil, fmt.Errorf("this machine's routes: %w", err)
	}
	for _, r := range routes {
		if p, ok := fromIPNet(r.Dst); ok && p.Bits() > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// dumpTries is how often the kernel is asked again for a list that changed
// while it was read: each try takes less than a millisecond.
const dumpTries = 100

// whole is a list of the kernel's, asked for again where another lab's links
// or addresses changed while it was read. An error is the kernel's;
// netlink.ErrDumpInterrupted where the list never held still.
func whole[T any](dump func() (T, error)) (list T, err error) {
	for range dumpTries {
		if list, err = dump(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return list, err
}

// claimUplink marks the machine's end of the veth and gives it its address.
// It speaks IPv4 only: what devices advertise there is not for this machine.
func claimUplink(u uplink) error {
	link, err := netlink.LinkByName(u.Name)
	if err != nil {
		return fmt.Errorf("the veth to the lab: %w", err)
	}
	if err := netlink.LinkSetAlias(link, u.Alias); err != nil {
		return fmt.Errorf("the veth to the lab: %w", err)
	}
	off := filepath.Join("/proc/sys/net/ipv6/conf", u.Name, "disable_ipv6")
	if err := os.WriteFile(off, []byte("1"), 0); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("the veth to the lab: %w", err)
	}
	at, err := netlink.NewHandle()
	if err != nil {
		return err
	}
	defer at.Close()
	return address(at, u.Name, u.Address)
}
