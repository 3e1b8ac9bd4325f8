package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// bridgeName is the management bridge, in the hub's network namespace.
const bridgeName = "mgmt"

// newNamespace makes a network namespace that lives as long as the handle, or
// a process in it.
func newNamespace() (netns.NsHandle, error) {
	var ns netns.NsHandle
	err := onThread(func() error {
		var err error
		ns, err = netns.New() // the thread is in it now, and ends with it
		return err
	})
	if err != nil {
		return ns, fmt.Errorf("making a network namespace: %w", err)
	}
	return ns, nil
}

// within runs f on a thread that is in the network namespace; what it starts
// is in there too.
func within(ns netns.NsHandle, f func() error) error {
	return onThread(func() error {
		if err := netns.Set(ns); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// onThread runs f on a thread of its own, which ends with f. So whatever f
// changes of it, no other goroutine sees.
func onThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The process's first thread would stay for ever, and keep what it
			// entered. While this goroutine holds it, another one gets another.
			result <- onThread(f)
			runtime.UnlockOSThread()
			return
		}
		result <- f() // never unlocked: the thread is not used again
	}()
	return <-result
}

// connect lays a cable: a veth with one end in each namespace. Both ends are
// down, as ports are that nobody configured. It never exists outside the two.
func connect(a netns.NsHandle, aPort string, b netns.NsHandle, bPort string) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Namespace = aPort, netlink.NsFd(a)
	return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: bPort, PeerNamespace: netlink.NsFd(b)})
}

// connectHost makes the management bridge and the veth between it and the
// machine. The machine's end is named and marked by whoever gives it its
// address.
func (h *hub) connectHost() error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = bridgeName
	bridge := &netlink.Bridge{LinkAttrs: attrs}
	if err := netlink.LinkAdd(bridge); err != nil {
		return fmt.Errorf("making the management bridge: %w", err)
	}
	if err := netlink.LinkSetUp(bridge); err != nil {
		return fmt.Errorf("making the management bridge: %w", err)
	}
	attrs = netlink.NewLinkAttrs()
	attrs.Name, attrs.Namespace = h.spec.Uplink.Name, netlink.NsFd(hostNamespace)
	err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "uplink"})
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("this machine has an interface %s that is not this lab's: remove it", h.spec.Uplink.Name)
	}
	if err != nil {
		return fmt.Errorf("making the veth to this machine: %w", err)
	}
	return plugIn("uplink")
}

// replaceVLANs lays a cable in the place of each VLAN where the kernel has no
// VLANs (CONFIG_VLAN_8021Q). ifupdown2 takes an interface that has the name of
// a subinterface for it.
func (h *hub) replaceVLANs() error {
	if len(h.spec.VLANs) == 0 {
		return nil
	}
	parent, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return fmt.Errorf("the management bridge: %w", err)
	}
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.ParentIndex = "probe", parent.Attrs().Index
	probe := &netlink.Vlan{LinkAttrs: attrs, VlanId: 1}
	err = netlink.LinkAdd(probe)
	if err == nil {
		return netlink.LinkDel(probe)
	}
	if !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("trying a VLAN: %w", err)
	}
	h.say(event{Progress: "this kernel has no VLANs: each becomes a cable of its own"})
	for _, v := range h.spec.VLANs {
		if !slices.Contains(h.spec.Cables, v) { // two peers on one VLAN
			h.spec.Cables = append(h.spec.Cables, v)
		}
	}
	return nil
}

// plugIn puts a port of the hub on the management bridge.
func plugIn(port string) error {
	bridge, err := netlink.LinkByName(bridgeName)
	if err != nil {
		return fmt.Errorf("the management bridge: %w", err)
	}
	link, err := netlink.LinkByName(port)
	if err != nil {
		return fmt.Errorf("the management port %s: %w", port, err)
	}
	if err := netlink.LinkSetMaster(link, bridge); err != nil {
		return fmt.Errorf("the management port %s: %w", port, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("the management port %s: %w", port, err)
	}
	return nil
}

// address gives an interface of a namespace its address and sets it up.
func address(at *netlink.Handle, port string, p netip.Prefix) error {
	link, err := at.LinkByName(port)
	if err != nil {
		return fmt.Errorf("%s: %w", port, err)
	}
	if err := at.AddrAdd(link, &netlink.Addr{IPNet: ipNet(p)}); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s: setting %s: %w", port, p, err)
	}
	if err := at.LinkSetUp(link); err != nil {
		return fmt.Errorf("%s: setting it up: %w", port, err)
	}
	return nil
}

func fromIPNet(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits), ok
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
