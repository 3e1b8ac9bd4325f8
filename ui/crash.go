package ui

import (
	"fmt"
	"runtime/debug"

	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// A fault of our own ends the wizard in order: the terminal is itself again,
// nothing that was accepted is lost, and there is a report.

// CrashError says that the wizard ended by a fault of its own.
type CrashError struct {
	Value  string // what it was
	Report string // the file with the details; empty: it could not be written
	Path   string // the fabric, which is saved
}

// Error implements error: what happened, and how to go on.
func (e *CrashError) Error() string {
	text := "it stopped by a fault of its own: " + e.Value + "\n"
	if e.Report != "" {
		text += "The details are in " + e.Report + "\n"
	}
	return text + "Nothing you accepted is lost. This goes on where you were:\n  closup -f " + e.Path
}

// crash is a panic, caught.
type crash struct {
	value any
	stack []byte
}

// crashedMsg is a panic in a command.
type crashedMsg struct {
	all
	crash crash
}

// caught keeps a panic of Update or View. It is called by defer itself, for
// recover to see it.
func (a *app) caught() {
	if v := recover(); v != nil && a.crash == nil {
		a.crash = &crash{v, debug.Stack()}
	}
}

// guarded is a command whose panic comes back as a message.
func guarded(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if v := recover(); v != nil {
				msg = crashedMsg{crash: crash{v, debug.Stack()}}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i := range batch {
				batch[i] = guarded(batch[i])
			}
		}
		return msg
	}
}

// report is what is written of a crash.
func (a *app) report() string {
	return fmt.Sprintf("closup met a fault of its own.\n\nfabric  %s\nstep    %s\nscreen  %d by %d\nfault   %v\n\n%s", a.desk.path, steps[a.at].name, a.w, a.h, a.crash.value, a.crash.stack)
}

// crashed writes the report.
func (a *app) crashed() error {
	path, err := work.SaveCrash(a.report())
	if err != nil {
		path = ""
	}
	return &CrashError{Value: fmt.Sprint(a.crash.value), Report: path, Path: a.desk.path}
}
