package push

import (
	"time"
)

// Entry is one line of a push's journal.
type Entry struct {
	At     time.Time `json:"at"`
	Push   string    `json:"push"`  // the push's id, which also names it on the devices
	Event  string    `json:"event"` // begin; of a device: start, confirm, result; end
	Who    string    `json:"who,omitempty"`
	What   string    `json:"what,omitempty"` // begin: push or rollback
	Lab    bool      `json:"lab,omitempty"`
	Device string    `json:"device,omitempty"`
	Result Result    `json:"result,omitempty"`
	Error  string    `json:"error,omitempty"`
	Names  []string  `json:"devices,omitempty"` // begin: all devices of the push
}

// record writes a line that stands for the whole push.
func (p *push) record(e Entry) error {
	if p.Journal == nil || p.DryRun {
		return nil
	}
	e.At, e.Push = time.Now().UTC().Truncate(time.Millisecond), p.id
	return p.Journal(e)
}

// journal writes a line about the device.
func (d *device) journal(event string, err string) error {
	if d.push.Journal == nil || d.push.DryRun {
		return nil
	}
	e := Entry{At: time.Now().UTC().Truncate(time.Millisecond), Push: d.id, Event: event, Device: d.target.Device.Name, Error: err}
	if event == "result" {
		e.Result = d.report.Result
	}
	return d.push.Journal(e)
}
