package netns

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// The hub speaks with whoever started it in lines of JSON: it reads the spec,
// tells what it does, and reads the commit. Until then the end of its standard
// input is its own end, and with it that of everything it made.

// event is one line from the hub.
type event struct {
	Progress string `json:",omitempty"`
	Stage    stage  `json:",omitempty"`
	Error    string `json:",omitempty"`
}

type stage string

const (
	uplinkStage stage = "uplink"    // the machine's end of the veth is there
	bootedStage stage = "booted"    // every device has its PID 1
	doneStage   stage = "committed" // the hub stays, whoever started it
)

// commit is the second line to the hub.
type commit struct{ Commit bool }

// hostNamespace is the descriptor of the machine's network namespace, in the
// hub.
const hostNamespace = 3

// hub is the state of a hub process.
type hub struct {
	spec   spec
	parts  []string // mount points of the machine that the disks overlay, "/" first
	boxes  []*chassis
	events *json.Encoder
	mu     sync.Mutex // of events
}

func hubMain() error {
	unix.CloseOnExec(hostNamespace)
	h := &hub{events: json.NewEncoder(os.Stdout)}
	orders := json.NewDecoder(os.Stdin)
	if err := orders.Decode(&h.spec); err != nil {
		return fmt.Errorf("no orders: %w", err)
	}
	committed := make(chan struct{})
	go func() {
		var c commit
		if orders.Decode(&c) != nil || !c.Commit {
			os.Exit(1) // whoever started it is gone
		}
		close(committed)
	}()
	if err := h.raise(); err != nil {
		h.say(event{Error: err.Error()})
		return err
	}
	control, err := listen(h.spec.Dir)
	if err != nil {
		h.say(event{Error: err.Error()})
		return err
	}
	h.say(event{Stage: bootedStage})
	<-committed
	h.say(event{Stage: doneStage})
	if err := silence(0, 1); err != nil {
		return err
	}
	return h.serve(control)
}

func (h *hub) say(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	// Nobody listens: then the end of the orders ends the hub.
	_ = h.events.Encode(e)
}

// raise makes everything.
func (h *hub) raise() error {
	h.say(event{Progress: "making disks"})
	if err := h.mountDisks(); err != nil {
		return err
	}
	if err := h.connectHost(); err != nil {
		return err
	}
	h.say(event{Stage: uplinkStage})
	if err := h.replaceVLANs(); err != nil {
		return err
	}
	h.say(event{Progress: fmt.Sprintf("cabling %d devices with %d links", len(h.spec.Devices), len(h.spec.Cables))})
	for i, b := range h.spec.Devices {
		c, err := newChassis(h, i, b)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		h.boxes = append(h.boxes, c)
	}
	for _, c := range h.spec.Cables {
		if err := connect(h.boxes[c.A].ns, c.APort, h.boxes[c.B].ns, c.BPort); err != nil {
			return fmt.Errorf("the cable %s:%s %s:%s: %w", h.spec.Devices[c.A].Name, c.APort, h.spec.Devices[c.B].Name, c.BPort, err)
		}
	}
	h.say(event{Progress: "booting"})
	return h.bootAll()
}

// bootAll starts every device at once and waits until all are up.
func (h *hub) bootAll() error {
	errs := make([]error, len(h.boxes))
	var wg sync.WaitGroup
	for i, c := range h.boxes {
		wg.Go(func() { errs[i] = c.powerOn(true) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// mountDisks gives the hub a mount namespace of its own, a /proc of its own
// PID namespace, and a file system in memory for the disks, and goes there.
// An overlay's upper directory may not lie below its lower one, which is /.
func (h *hub) mountDisks() error {
	// Nothing that is mounted here is seen there; what the machine unmounts
	// goes here too, so that the lab keeps no disk busy.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SLAVE, ""); err != nil {
		return fmt.Errorf("keeping mounts apart: %w", err)
	}
	parts, err := overlaid("/proc/self/mountinfo", h.spec.Dir)
	if err != nil {
		return err
	}
	h.parts = parts
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	disk := filepath.Join(h.spec.Dir, diskDir)
	if err := os.MkdirAll(disk, 0o700); err != nil {
		return fmt.Errorf("making disks: %w", err)
	}
	if err := unix.Mount("closup-lab", disk, "tmpfs", unix.MS_NODEV, "mode=0700,size=80%"); err != nil {
		return fmt.Errorf("mounting a file system for the disks: %w", err)
	}
	if err := os.Chdir(disk); err != nil {
		return fmt.Errorf("making disks: %w", err)
	}
	unix.Umask(0)
	for i, b := range h.spec.Devices {
		if err := mountDisk(i); err != nil {
			return err
		}
		for j := range b.layers(h.parts) {
			for _, dir := range []string{"upper", "work"} {
				if err := os.MkdirAll(filepath.Join(strconv.Itoa(i), strconv.Itoa(j), dir), 0o755); err != nil {
					return fmt.Errorf("making disks: %w", err)
				}
			}
		}
		if err := os.Mkdir(filepath.Join(strconv.Itoa(i), "root"), 0o755); err != nil {
			return fmt.Errorf("making disks: %w", err)
		}
	}
	return nil
}

// mountDisk gives a device's disk a file system of its own, so that one alone
// can be full.
func mountDisk(i int) error {
	place := strconv.Itoa(i)
	if err := os.Mkdir(place, 0o755); err != nil {
		return fmt.Errorf("making disks: %w", err)
	}
	if err := unix.Mount("closup-lab", place, "tmpfs", unix.MS_NODEV, "mode=0755,"+diskSize); err != nil {
		return fmt.Errorf("mounting a file system for a disk: %w", err)
	}
	return nil
}

const diskSize = "size=80%"

// fillDisk makes the device's disk as large as what is on it, and mendDisk as
// large as before: it is full without anything being written.
func (c *chassis) fillDisk() (err error) {
	for range 20 { // it may write meanwhile
		var s unix.Statfs_t
		if err := unix.Statfs(strconv.Itoa(c.index), &s); err != nil {
			return fmt.Errorf("asking for the size of its disk: %w", err)
		}
		if err = c.resizeDisk(fmt.Sprintf("size=%d", (s.Blocks-s.Bfree)*uint64(s.Bsize))); err == nil {
			return nil
		}
	}
	return err
}

func (c *chassis) mendDisk() error { return c.resizeDisk(diskSize) }

func (c *chassis) resizeDisk(size string) error {
	if err := unix.Mount("", strconv.Itoa(c.index), "", unix.MS_REMOUNT|unix.MS_NODEV, size); err != nil {
		return fmt.Errorf("changing the size of its disk: %w", err)
	}
	return nil
}

// silence points descriptors at /dev/null.
func silence(fds ...int) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	for _, fd := range fds {
		if err := unix.Dup3(int(null.Fd()), fd, 0); err != nil {
			return fmt.Errorf("redirecting descriptor %d: %w", fd, err)
		}
	}
	return nil
}
