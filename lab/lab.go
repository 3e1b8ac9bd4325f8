// Package lab is a fabric to practise on. Its backends make devices that are
// reached through the same SSH as real ones; the lab only says where they are.
package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	"closup/model"
)

// Lab is a running lab.
type Lab interface {
	// Endpoint says how a device is reached: its address in the lab, the
	// lab's own key, no jump host.
	Endpoint(device string) (model.Endpoint, error)
}

// Record is what a lab leaves in the state directory while it runs, as
// lab.json: enough to reach its devices.
type Record struct {
	Name       string   `json:"name"`
	Backend    string   `json:"backend"`     // "netns" or "sim"
	Identity   string   `json:"identity"`    // path of the private key that every device accepts
	KnownHosts string   `json:"known_hosts"` // path; holds the host key of every device
	Process    Process  `json:"process"`     // ends with the lab, and the lab with it
	Devices    []Device `json:"devices"`     // in the plan's order, stand-ins last
}

// Device is one row of a Record.
type Device struct {
	Name string `json:"name"`
	Host string `json:"host"` // address
	Port int    `json:"port"` // of sshd
	User string `json:"user"`
	Root string `json:"root,omitempty"` // the system it is made of; empty: this machine's
}

// dialTimeout bounds reaching a device of a lab, which is on this machine.
const dialTimeout = 5 * time.Second

// ErrNotRunning is wrapped by Open where no such lab runs.
var ErrNotRunning = errors.New("is not running")

// StateDir is the directory that outlives a run:
// $XDG_STATE_HOME/closup, by default ~/.local/state/closup (XDG Base Directory
// Specification 0.8; a relative value is to be ignored).
func StateDir() (string, error) {
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "closup"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for state: set HOME or XDG_STATE_HOME: %w", err)
	}
	return filepath.Join(home, ".local", "state", "closup"), nil
}

var validName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Dir is where the lab of the fabric of that name keeps its files. It need not
// exist.
func Dir(name string) (string, error) {
	if !validName.MatchString(name) {
		return "", fmt.Errorf("%q is no name of a fabric: use a-z, 0-9 and -, at most 32", name)
	}
	state, err := StateDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(state, "labs", name), nil
}

// Open finds the running lab of the fabric of that name, whatever its backend.
// Without one, or where it died, the error wraps ErrNotRunning.
func Open(name string) (*Record, error) {
	dir, err := Dir(name)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "lab.json")
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the lab of %s %w: start it with `closup lab up`", name, ErrNotRunning)
	case err != nil:
		return nil, fmt.Errorf("the lab of %s cannot be read: %w", name, err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; remove the lab with `closup lab down`", path, err)
	}
	if !r.Process.Alive() {
		return nil, fmt.Errorf("the lab of %s %w any more: start it again with `closup lab up`", name, ErrNotRunning)
	}
	return &r, nil
}

// Endpoint says how a device is reached: its address in the lab, the lab's own
// key and no other, the lab's known_hosts, no jump host.
func (r *Record) Endpoint(device string) (model.Endpoint, error) {
	for _, d := range r.Devices {
		if d.Name == device {
			return model.Endpoint{
				Device: d.Name, Host: d.Host, Port: d.Port, User: d.User,
				Identity: []string{r.Identity}, OnlyKeys: true,
				KnownHosts: r.KnownHosts, Timeout: dialTimeout,
			}, nil
		}
	}
	return model.Endpoint{}, fmt.Errorf("the lab of %s has no device %q", r.Name, device)
}

// AtOnce is how many devices of a lab should be worked on at once. They are all
// on this machine: where each waits for its processors, none is in time. More
// than three processors are not tried, and what works takes memory too.
func AtOnce() int { return min(32*runtime.GOMAXPROCS(0), 96) }
