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
	// together says that the phase begins when all devices are through those
	// before it.
	together bool
	run      func(context.Context, *device) error
}

// Phases are the steps of a push in their order. A phase that fails ends the
// device's push: before `install` nothing was touched; from there on the
// device puts its old files back.
var Phases = []Phase{
	{Name: "connect", About: "log in and become root", run: connect},
	{Name: "compare", About: "read the files and the running state, and compare", run: compare},
	{Name: "stage", About: "send the new files to a place of their own", run: stage},
	{Name: "check", About: "let the device check them, while nothing is changed yet", run: check},
	{Name: "install", About: "put the files in their places and keep the old ones", whole: true, run: install},
	{Name: "activate", About: "make them live", whole: true, run: activate},
	{Name: "verify", About: "look at the device from a new connection, and confirm", whole: true, run: verify},
	{Name: "sessions", About: "wait for the BGP sessions among the devices of this push", together: true, run: sessions},
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
