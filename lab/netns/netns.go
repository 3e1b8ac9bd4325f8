// Package netns is a lab of real devices on one Linux machine. Each is a set
// of namespaces with a disk of its own (an overlay of the machine's root, or of
// another, see Root), a host name, a PID 1 that reaps, that root's sshd, FRR and
// ifupdown2, and veths named as the plan's ports.
//
// How it hangs together, from the outside in:
//
//	the machine    one veth, with an address of the management network
//	the hub        PID 1 of a PID namespace; holds the disks (a tmpfs), the
//	               management bridge, and each device's network namespace
//	a device       PID 1 of a nested PID namespace, in that network namespace
//
// Everything hangs on the hub: when it dies, by whatever cause, the kernel
// ends every device and frees every namespace, mount, cable and the veth. So
// nothing needs to be undone step by step, and an `up` that is killed leaves
// nothing but files in the state directory. Until `up` is complete the hub
// lives only as long as the process that started it.
//
// Hub and devices are this same binary run again: Init must be the first line
// of main, and of every TestMain that uses the lab.
package netns

import (
	"errors"
	"fmt"

	"closup/lab"
)

// Backend is this backend's name in lab.json.
const Backend = "netns"

// Options of Up.
type Options struct {
	Progress func(string) // told what is being done, in short sentences; may be nil
	Roots    []Root       // devices that are not made of the machine's own root; the last that fits counts
}

// Root makes devices of another system than the machine's, as debootstrap(8)
// unpacks one: with it a lab runs several generations of FRR at once.
type Root struct {
	Devices string // a device's name, or a shell pattern (path.Match)
	Dir     string // its root directory, which stays as it is
}

// Lab is one lab of this backend.
type Lab struct {
	lab.Record
	dir string // its place in the state directory
}

// Status is the state of one device.
type Status struct {
	Name string `json:"name"`
	Host string `json:"host"`
	Port int    `json:"port"`
	PID  int    `json:"pid"` // of its PID 1, as the machine numbers it; 0: it is off
	SSH  bool   `json:"ssh"` // sshd answers
}

// ErrRunning is wrapped by Up where the lab runs already.
var ErrRunning = errors.New("is already running")

// ErrOff is wrapped where a device has no PID 1: it is powered off, or the lab
// is gone.
var ErrOff = errors.New("is off")

// Open finds the lab of the fabric of that name. Without one the error wraps
// lab.ErrNotRunning; the devices of one that is found may still be off (see
// Status).
func Open(name string) (*Lab, error) {
	record, err := lab.Open(name)
	if err != nil {
		return nil, err
	}
	if record.Backend != Backend {
		return nil, fmt.Errorf("the lab of %s runs on the backend %s, which has no namespaces to enter", name, record.Backend)
	}
	dir, err := labDir(name)
	if err != nil {
		return nil, err
	}
	return &Lab{Record: *record, dir: dir}, nil
}
