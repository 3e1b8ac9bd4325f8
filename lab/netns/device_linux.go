package netns

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// readyAnswer is what a PID 1 says on its descriptor 3 when the device has its
// disk; anything else is the reason why not.
const (
	readyAnswer = "ready"
	readyFD     = 3
)

// devicePath is the search path of programs that run as root in a device.
const devicePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var deviceEnv = []string{"PATH=" + devicePath, "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/bash", "LANG=C.UTF-8"}

// bootScript is what a device does at a boot that is not its first, as the
// services of a real one would. Its own sysctl files only: the distribution's
// set what all devices share with the machine. What a push that was open at the
// loss of power put there runs first.
const bootScript = `[ ! -x /etc/rcS.d/S00closup-recover ] || /etc/rcS.d/S00closup-recover start
for f in /etc/sysctl.d/*.conf; do [ ! -r "$f" ] || sysctl -q -p "$f"; done
ifup -a
for f in /etc/systemd/system/*-container.service; do
	[ -r "$f" ] || continue
	sed -n 's/^ExecStartPre=-//p' "$f" | sh >/dev/null 2>&1
	sh -c "exec $(sed -n 's/^ExecStart=//p' "$f")" &
	exit
done
[ ! -r /etc/frr/frr.conf ] || exec /usr/lib/frr/frrinit.sh start
`

// kernelDefaults are what a new network namespace inherits from the machine
// and a machine fresh from the factory has otherwise.
var kernelDefaults = map[string]string{
	"net/ipv4/ip_forward":             "0",
	"net/ipv4/conf/all/rp_filter":     "0",
	"net/ipv4/conf/default/rp_filter": "0",
	"net/ipv6/conf/all/forwarding":    "0",
	// Unnumbered sessions run over IPv6, also on a machine that turned it off.
	"net/ipv6/conf/all/disable_ipv6":     "0",
	"net/ipv6/conf/default/disable_ipv6": "0",
}

func deviceMain() error {
	unix.CloseOnExec(readyFD)
	ready := os.NewFile(readyFD, "ready")
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return fmt.Errorf("no orders: %w", err)
	}
	// The first process of a PID namespace gets no signal that it does not
	// ask for, but Go's runtime asks for all.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	if err := o.boot(); err != nil {
		fmt.Fprintln(ready, err)
		return err
	}
	if _, err := io.WriteString(ready, readyAnswer+"\n"); err != nil {
		return err
	}
	ready.Close()
	if err := silence(0, 1, 2); err != nil {
		return err
	}
	return reap()
}

// boot brings the device to where programs can run.
func (o order) boot() error {
	if err := enterDisk(o.Parts); err != nil {
		return err
	}
	var root unix.Statfs_t
	if err := unix.Statfs("/", &root); err != nil || root.Type != unix.OVERLAYFS_SUPER_MAGIC {
		return errors.Join(errors.New("the disk is not the root: nothing may be written to the machine's"), err)
	}
	unix.Umask(0o022)
	if o.Fresh {
		if err := o.Box.leaveFactory(); err != nil {
			return fmt.Errorf("making the disk: %w", err)
		}
	}
	if err := ownFRR(runFRR); err != nil {
		return err
	}
	name, err := os.ReadFile("/etc/hostname")
	if err != nil {
		return err
	}
	if err := unix.Sethostname(trimmed(name)); err != nil {
		return fmt.Errorf("setting the host name: %w", err)
	}
	for key, value := range kernelDefaults {
		err := os.WriteFile(filepath.Join("/proc/sys", key), []byte(value), 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("lo: %w", err)
	}
	for _, p := range o.Box.Pods {
		if err := standIn(p); err != nil {
			return err
		}
	}
	if err := o.Box.startEngine(o.Fresh); err != nil {
		return err
	}
	if o.Fresh && !o.Box.Boot {
		return nil
	}
	_, err = launch("/var/log/boot.log", "/bin/sh", "-c", bootScript)
	return err
}

// standIn adds the kernel route that a CNI would make for the node's pods. It
// discards, since no pod is there, and is one that FRR redistributes.
func standIn(pods netip.Prefix) error {
	err := netlink.RouteAdd(&netlink.Route{Dst: ipNet(pods), Type: unix.RTN_BLACKHOLE, Protocol: unix.RTPROT_STATIC})
	if err != nil {
		return fmt.Errorf("the route to the pods in %s: %w", pods, err)
	}
	return nil
}

// launch starts a program that reap waits for, its output in a file.
func launch(log string, argv ...string) (int, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	pid, err := syscall.ForkExec(argv[0], argv, &syscall.ProcAttr{
		Dir: "/", Env: deviceEnv, Files: []uintptr{null.Fd(), out.Fd(), out.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", argv[0], err)
	}
	return pid, nil
}

// reap runs sshd, starts it again whenever it ends, and takes every process
// that lost its parent to its grave.
func reap() error {
	for {
		sshd, err := launch("/var/log/sshd.log", "/usr/sbin/sshd", "-D", "-e")
		for err == nil {
			var pid int
			pid, err = unix.Wait4(-1, nil, 0, nil)
			if errors.Is(err, unix.EINTR) {
				err = nil
			}
			if pid == sshd {
				break
			}
		}
		if err != nil {
			logConsole(err)
		}
		time.Sleep(time.Second)
	}
}

func logConsole(err error) {
	f, openErr := os.OpenFile("/var/log/init.log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if openErr != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, strconv.FormatInt(time.Now().Unix(), 10), err)
}
