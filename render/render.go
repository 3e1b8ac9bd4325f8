// Package render turns a plan into files. It is pure: a Plan goes in, Artifacts
// come out, and what consumes them (push, the preview, `closup render`) never
// has to know what a frr.conf is.
package render

import (
	"io/fs"
	"time"
)

// Artifact is one file for one device.
type Artifact struct {
	Device string      // name in the plan
	Path   string      // absolute, on the device
	Unit   string      // the Unit that checks and activates it
	Mode   fs.FileMode // permission bits
	Owner  string      // "frr:frr"; empty: root:root
	Body   []byte
	// Merge makes the new file out of the device's current one where only a
	// part of it is ours; nil: the whole file is ours. Body then holds what
	// Merge makes of an empty file.
	Merge func(current []byte) ([]byte, error)
	// Absent says that the device shall not have the file.
	Absent bool
}

// Unit is what makes one or several files live, as data for push. The commands
// are POSIX sh, run as root on the device with standard input closed; what they
// print is for people, and status 0 means well. They work with and without
// systemd, and doing one twice does no harm. Push applies the units of all
// changed files in the order of Units, with the new files in their places:
// really, or, with CLOSUP_LAID set, only in the mount namespace of Apply. There
// status 77 says that it cannot be done so: what would be started there would
// stay in it.
type Unit struct {
	Name    string
	Check   string   // validates a staged copy ($1: its path) and changes nothing; empty: nothing to check
	Show    string   // prints the running state, for diff and drift; empty: the file is all there is
	Apply   string   // makes the file on disk the running state ($1: the file as it was before, may be missing); empty: it is live as it lies there
	Restart string   // the rough way, where Apply failed; empty: there is none
	Disk    bool     // Apply has others read the file, so it must lie on the disk
	Verify  string   // fails (2: it does not run at all), and says in which lines, if the running state is not what the file on disk ($1) asks for; empty: nothing to look at
	After   []string // units that must be live before
	Cost    Cost     // of making it live
	Declare bool     // Apply takes addresses away that its files do not declare
	Trial   *Trial   // it commits by itself; nil: it takes its files from the disk
}

// Trial is how a unit is changed that commits by itself: what it has applied is
// asked of it and does not lie in a file, a change is put on trial for a time,
// and unless it is kept within that the unit takes it back by itself. A file of
// such a unit is closup's part of what is applied, as a text; its path is where
// the unit saves it. Check gets the delta instead of the file; Apply and Restart
// are empty. NOTES is a directory of the push for what the unit must remember.
type Trial struct {
	Read  string // prints all that is applied
	Part  func(applied []byte, ours ...[]byte) ([]byte, error)
	Delta func(was, want []byte, known bool) ([]byte, error) // what Begin is given; known: it knows the values that the unit does not show
	Free  string                                             // fails, and says why, where somebody else's change is under way
	Begin string                                             // puts the delta $1 on trial for $2 seconds; NOTES is $3, what Again printed $4
	Keep  string                                             // keeps what is on trial, for good; NOTES is $1
	Back  string                                             // takes it back, and waits until that is so; NOTES is $1
	Again string                                             // of an earlier push's NOTES ($1), by what Begin knows what that replaced, and in a last line the sum of all that must be applied for it
	Undo  string                                             // what takes it back on the device's own console
}

// Cost is how long a unit takes to make its files live: means that were
// measured on FRR 8.4.4 and ifupdown2 3.0.0 on two shared cores. A line that
// goes is a call of vtysh of its own.
type Cost struct {
	Base    time.Duration
	Added   time.Duration // for each line that comes
	Removed time.Duration // for each line that goes
	Restart time.Duration // in place of the three, where the unit is restarted; 0: it never is
}
