package push

import (
	"context"
	"errors"
)

// Phase is one step of a push, for one device.
type Phase struct {
	Name  string
	About string // what it does, as a short sentence
	// whole says that the phase touches the device: once begun it runs to its
	// end, also when the push is cancelled.
	whole bool
	part  part
	run   func(context.Context, *device) error
}

// part says when a phase begins.
type part uint8

const (
	alone  part = iota // as soon as the device is through the one before
	locks              // when all devices are through those before
	waves              // when the device's wave has its turn
	ending             // when all devices are through
)

// Phases are the steps of a push in their order. A phase that fails ends the
// device's push: before `activate` nothing was touched; from there on the
// device takes its old configuration back.
var Phases = []Phase{
	{Name: "connect", About: "log in, become root, and read the files and the running state", run: connect},
	{Name: "compare", About: "hold them beside what is desired", run: compare},
	{Name: "stage", About: "send the new files to a place of their own", run: stage},
	{Name: "check", About: "let the device check them, while nothing is changed yet", run: check},
	{Name: "lock", About: "lock all devices, before anything starts on one", part: locks, run: lock},
	{Name: "activate", About: "change what runs; what is on the disk comes last where that is possible", whole: true, part: waves, run: activate},
	{Name: "verify", About: "look at the device from a new connection, and at its sessions", whole: true, part: waves, run: verify},
	{Name: "confirm", About: "put the new files on the disk, for good", whole: true, part: waves, run: keep},
	{Name: "sessions", About: "wait for the BGP sessions among the devices of this push", part: ending, run: sessions},
}

// errEnough ends a device's push without a failure.
var errEnough = errors.New("nothing is left to do")

// Error is why a phase failed on a device.
type Error struct {
	Device, Phase string
	Message       string // short and plain
	Output        string // all that the device said
	Err           error  // may be nil
}

func (e *Error) Error() string { return e.Device + ": " + e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
