// Package push brings devices to their generated files, all of them or none,
// and says at each step what it does.
package push

import (
	"time"

	"closup/model"
	"closup/provision/preflight"
	"closup/render"
)

// Result is how a device ended.
type Result string

const (
	Changed    Result = "changed"
	Unchanged  Result = "unchanged"
	Failed     Result = "failed"
	RolledBack Result = "rolled-back"
	Skipped    Result = "skipped"
	Pending    Result = "pending"
)

// Target is one device of a push: where it is and what it shall hold.
type Target struct {
	Device    model.Device
	Endpoint  model.Endpoint
	Artifacts []render.Artifact
	// Open are earlier pushes of the same operator that were cut off, the latest
	// first. What they left on the device is ended before anything else.
	Open []string
	// Restore says that this is an earlier state and not the plan: its sessions
	// are not asked for, and of its units only those in Sound must run what
	// their files ask.
	Restore bool
	Sound   map[string]bool
	// Again is what a unit that commits by itself noted when it was replaced, by
	// unit: with Restore.
	Again map[string][]byte
}

// Options say how a push goes. The zero value is a careful real push.
type Options struct {
	Parallel int           // devices worked on at once; 0: 1000
	DryRun   bool          // stop after the diff: devices that differ are `changed`, and were not touched
	Verbose  bool          // send Log events
	Units    []render.Unit // what the artifacts' units are; nil: render.Units
	// Undo is how long a device waits to be confirmed after its files are
	// live, beside the time that took, and again after each look at it from a new
	// connection. One that is not (it lost its management, the operator's machine
	// died) puts the old files back by itself. 0: 120 s.
	Undo time.Duration
	// Confirm leaves what was verified pending, for so long after the end of the
	// push: it is kept by Confirm, and taken back without. 0: what was verified
	// is confirmed.
	Confirm time.Duration
	// OverwriteDrift lets go what was changed by hand since the last push.
	OverwriteDrift bool
	// Who pushes, for those who find the device locked: "anna@ops1".
	Who  string
	ID   string // names the push on the devices; empty: NewID
	What string // push or rollback, for the journal; empty: push
	// Fabric is every device of the plan, so that the order heeds those that are
	// not in this push. nil: the targets are all there are.
	Fabric []model.Device
	// Control pauses, resumes and aborts the push from outside. nil: nobody does.
	Control *Control
	// Preflight has each device looked at before anything on it is touched. One
	// that a check fails on is refused. nil: nobody looks.
	Preflight *Preflight
	// Journal is told before every step that a device cannot be asked to
	// forget. An error keeps the step from being taken. nil: nobody is told.
	Journal func(Entry) error
	// Predict is how many prefixes each session of a device is predicted to
	// bring at least, by model.Peer.Key. nil: as many as before the push.
	Predict func(device string) map[string]int
	// Sessions is how long a device waits for the sessions that must be up
	// (sessions.go says which), and at the end of the push for the others among
	// its devices, whose lack is a note. A device on which the change itself took
	// long has as much more, and so has one whose sessions still come. 0: 60 s;
	// negative: nobody waits.
	Sessions time.Duration
}

// Event is one thing that happened to one device.
type Event struct {
	At       time.Time
	Device   string // empty with Waved, Paused and Resumed
	Phase    string // name of a row of Phases; empty with Done
	Kind     Kind
	Text     string        // Log: a remote command or its output; Fault: the short message
	Err      error         // Fault
	Took     time.Duration // Finished and Fault: how long the phase took
	Until    time.Time     // when the device takes its old configuration back unless it is confirmed; zero: it does not
	Estimate *Estimate     // Estimated
	Wave     *WaveInfo     // Waved
	Retries  int           // Retried
	Report   *DeviceReport // Done
}

// Kind of an event.
type Kind uint8

const (
	Started   Kind = iota // a phase began
	Finished              // it ended well; Text is what is to be noted
	Log                   // something to read, with -v
	Fault                 // the phase failed; Err says why
	Done                  // the device is through; Report says how
	Estimated             // it is known what changes; Estimate says how long that is likely to take
	Waved                 // a wave of devices begins; Wave says whose
	Paused                // a device waits, because the push is paused
	Resumed               // no device waits any more
	Retried               // a connection is made once more; Text says why, Retries how often so far
)

// File is one file of a device and whether the push changes it.
type File struct {
	Path    string `json:"path"`
	Changed bool   `json:"changed"`
	Change  Change `json:"-"`
}

// Change is a file as the device has it and as it gets it. Nothing is in it
// where the file does not change.
type Change struct {
	From, To  string // names: DEVICE/path, or /dev/null where the device has none
	Was, Want []byte
	Note      string // what changes beside the bytes, with its end of line: mode and owner
}

// Diff is the unified difference, with so many equal lines around each change
// as one of render.Contexts says.
func (c Change) Diff(context int) string {
	return difference(c.From, c.To, c.Was, c.Want, context) + c.Note
}

// Summary counts devices by result.
type Summary struct {
	Changed    int `json:"changed"`
	Unchanged  int `json:"unchanged"`
	Failed     int `json:"failed"`
	RolledBack int `json:"rolled_back"`
	Skipped    int `json:"skipped"`
	Pending    int `json:"pending"`
}

// Outcome is a whole push, as `closup push -o json` prints it.
type Outcome struct {
	Devices []DeviceReport `json:"devices"`
	Summary Summary        `json:"summary"`
}

// Collect counts reports.
func Collect(reports []DeviceReport) Outcome {
	o := Outcome{Devices: append([]DeviceReport{}, reports...)}
	counts := map[Result]*int{
		Changed: &o.Summary.Changed, Unchanged: &o.Summary.Unchanged, Failed: &o.Summary.Failed,
		RolledBack: &o.Summary.RolledBack, Skipped: &o.Summary.Skipped, Pending: &o.Summary.Pending,
	}
	for i, r := range o.Devices {
		if o.Devices[i].Files == nil {
			o.Devices[i].Files = []File{}
		}
		*counts[r.Result]++
	}
	return o
}

// DeviceReport is the outcome for one device.
type DeviceReport struct {
	Name    string  `json:"name"`
	Result  Result  `json:"result"`
	Files   []File  `json:"files"`
	Seconds float64 `json:"seconds"`
	Retries int     `json:"retries,omitempty"` // connections that had to be made once more
	Error   string  `json:"error"`
	Note    string  `json:"note,omitempty"` // what to know of a device that did not fail
	// Warnings are what the preflight found and the push can go on with.
	Warnings []preflight.Result `json:"warnings,omitempty"`
	// Vanish are the addresses that are live on its ports, and that the change takes
	// away, since no file declares them: "lo 10.0.0.1/32".
	Vanish []string `json:"vanish,omitempty"`
	Drift  string   `json:"drift,omitempty"` // what was changed by hand since the last push, as a difference
	// Until is when a pending device takes its old configuration back.
	Until    time.Time `json:"until,omitzero"`
	Estimate Estimate  `json:"-"` // zero: nothing changes
	Err      error     `json:"-"`
}
