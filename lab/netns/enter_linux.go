package netns

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"closup/lab"
)

// Exec runs argv as root in a device, and gives its exit status: 127 where
// there is no such program, 128 and the signal's number where one ended it.
// The end of ctx interrupts it as Ctrl+C does, and kills it if that is not
// enough. Files that are given as stdin, stdout and stderr are passed as they
// are, so a terminal stays one; its Ctrl+C reaches the command without us, and
// what that makes of it (vtysh goes on) is its own affair, so ctx is not heeded
// then.
func (l *Lab) Exec(ctx context.Context, device string, argv []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	if len(argv) == 0 {
		return 0, errors.New("no command to run")
	}
	pid, err := l.pid(device)
	if err != nil {
		return 0, err
	}
	if terminal(stdin) {
		ctx = context.WithoutCancel(ctx)
	}
	var cmd *exec.Cmd
	err = inside(pid, func() error {
		path, err := lookPath(argv[0])
		if err != nil {
			return err
		}
		cmd = exec.CommandContext(ctx, path, argv[1:]...)
		cmd.Args[0], cmd.Dir, cmd.Env = argv[0], "/root", deviceEnv
		if term := os.Getenv("TERM"); term != "" {
			cmd.Env = append(cmd.Env[:len(cmd.Env):len(cmd.Env)], "TERM="+term)
		}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
		cmd.WaitDelay = 2 * time.Second // also for what it started and left behind with its output
		return cmd.Start()
	})
	if errors.Is(err, errNoProgram) {
		if stderr != nil {
			fmt.Fprintf(stderr, "%s: %v\n", device, err)
		}
		return 127, nil
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", device, err)
	}
	err = cmd.Wait()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return 0, fmt.Errorf("%s: %w", device, err)
	}
	return cmd.ProcessState.ExitCode(), nil
}

func terminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

var errNoProgram = errors.New("no such program")

// lookPath finds a program as the device's root would.
func lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(devicePath) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s", errNoProgram, name)
}

// pid is the number of a device's PID 1.
func (l *Lab) pid(device string) (int, error) {
	if _, err := l.Endpoint(device); err != nil {
		return 0, err
	}
	pid, err := running(deviceArgs(l.dir, device))
	if err == nil && pid == 0 {
		err = fmt.Errorf("%s %w", device, ErrOff)
	}
	return pid, err
}

// inside runs f on a thread that has entered all namespaces of a process; what
// f starts runs in there. Nothing may run on the machine's disk that was meant
// for a device's, so the thread has to stand where the process does, and that
// may not be where it came from.
func inside(pid int, f func() error) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("entering it: %w", err)
	}
	defer unix.Close(fd)
	return onThread(func() error {
		ours, err := rootAt("/")
		if err != nil {
			return fmt.Errorf("entering it: %w", err)
		}
		device, err := rootAt(filepath.Join("/proc", strconv.Itoa(pid), "root"))
		if err != nil {
			return fmt.Errorf("entering it: %w", err)
		}
		if device == ours {
			return errors.New("entering it: it has no disk of its own")
		}
		// Threads of a process share root and working directory, and what
		// shares them cannot enter a mount namespace (setns(2)).
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return fmt.Errorf("entering it: %w", err)
		}
		all := unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC
		if err := unix.Setns(fd, all); err != nil {
			return fmt.Errorf("entering it: %w", err)
		}
		if here, err := rootAt("/"); err != nil || here != device {
			return errors.Join(errors.New("entering it: another disk than the device's"), err)
		}
		return f()
	})
}

// place tells one directory from every other that exists now.
type place struct{ dev, ino uint64 }

func rootAt(path string) (place, error) {
	var st unix.Stat_t
	err := unix.Stat(path, &st)
	return place{st.Dev, st.Ino}, err
}

// Status says of every device whether it is on and whether its sshd answers.
func (l *Lab) Status(ctx context.Context) ([]Status, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	pids := map[string]int{}
	for pid, args := range all {
		if len(args) == 4 && args[1] == deviceRole && args[2] == l.dir {
			pids[args[3]] = pid
		}
	}
	out := make([]Status, len(l.Devices))
	var wg sync.WaitGroup
	for i, d := range l.Devices {
		out[i] = Status{Name: d.Name, Host: d.Host, Port: d.Port, PID: pids[d.Name]}
		if out[i].PID != 0 {
			wg.Go(func() { out[i].SSH = greets(ctx, d) })
		}
	}
	wg.Wait()
	return out, ctx.Err()
}

// SetLink sets one port of a device up or down, as `ip link set` in it does.
func (l *Lab) SetLink(device, port string, up bool) error {
	pid, err := l.pid(device)
	if err != nil {
		return err
	}
	ns, err := netns.GetFromPath(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	if err != nil {
		return fmt.Errorf("%s: entering it: %w", device, err)
	}
	defer ns.Close()
	at, err := netlink.NewHandleAt(ns)
	if err != nil {
		return fmt.Errorf("%s: entering it: %w", device, err)
	}
	defer at.Close()
	link, err := at.LinkByName(port)
	if err != nil {
		return fmt.Errorf("%s:%s: %w", device, port, err)
	}
	set := at.LinkSetDown
	if up {
		set = at.LinkSetUp
	}
	if err := set(link); err != nil {
		return fmt.Errorf("%s:%s: %w", device, port, err)
	}
	return nil
}

// PowerOff ends a device as a cut of its power does; its disk stays, and the
// ports at the other ends of its cables lose their carrier.
func (l *Lab) PowerOff(ctx context.Context, device string) error {
	return l.flip(ctx, "off", device)
}

// PowerOn boots a device that is off, and waits until its sshd answers.
func (l *Lab) PowerOn(ctx context.Context, device string) error {
	return l.flip(ctx, "on", device)
}

// Reboot cuts a device's power, boots it from its disk, and waits until its
// sshd answers.
func (l *Lab) Reboot(ctx context.Context, device string) error {
	return l.flip(ctx, "reboot", device)
}

// FillDisk leaves no byte free on a device's disk, which writes nothing; with
// full false there is room again. Its running system and its memory stay.
func (l *Lab) FillDisk(ctx context.Context, device string, full bool) error {
	if _, err := l.Endpoint(device); err != nil {
		return err
	}
	verb := "mend disk"
	if full {
		verb = "fill disk"
	}
	if err := ask(ctx, l.dir, request{Verb: verb, Device: device}); err != nil {
		return fmt.Errorf("the lab of %s: %w", l.Name, err)
	}
	return nil
}

func (l *Lab) flip(ctx context.Context, verb, device string) error {
	if _, err := l.Endpoint(device); err != nil {
		return err
	}
	if err := ask(ctx, l.dir, request{Verb: verb, Device: device}); err != nil {
		return fmt.Errorf("the lab of %s: %w", l.Name, err)
	}
	if verb == "off" {
		return nil
	}
	for _, d := range l.Devices {
		if d.Name == device {
			return answering(ctx, []lab.Device{d})
		}
	}
	return nil
}
