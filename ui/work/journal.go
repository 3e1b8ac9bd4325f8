package work

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"sync"
	"time"

	"closup/lab"
	"closup/provision/push"
)

// Past is one push of this operator, as the journal tells it.
type Past struct {
	ID      string       `json:"id"`
	At      time.Time    `json:"at"`
	Who     string       `json:"who"`
	What    string       `json:"what"`  // push or rollback
	Ended   bool         `json:"ended"` // false: it runs, or was cut off
	End     time.Time    `json:"end"`   // when the last of it was written down
	Devices []PastDevice `json:"devices"`
}

// PastDevice is one device of a Past.
type PastDevice struct {
	Name    string      `json:"name"`
	Started bool        `json:"started"` // it was asked to change
	Seconds float64     `json:"seconds"` // from then to its result; 0: not known
	Result  push.Result `json:"result"`  // empty: it is not known
	Error   string      `json:"error"`

	begun time.Time
}

// device finds or adds a device.
func (p *Past) device(name string) *PastDevice {
	for i := range p.Devices {
		if p.Devices[i].Name == name {
			return &p.Devices[i]
		}
	}
	p.Devices = append(p.Devices, PastDevice{Name: name})
	return &p.Devices[len(p.Devices)-1]
}

// with are the devices of which is holds.
func (p *Past) with(is func(PastDevice) bool) []string {
	var names []string
	for _, d := range p.Devices {
		if is(d) {
			names = append(names, d.Name)
		}
	}
	return names
}

// journalPath is where the pushes of the project's fabric are written down.
func (p *Project) journalPath(inLab bool) (string, error) {
	state, err := lab.StateDir()
	if err != nil {
		return "", err
	}
	name := p.Plan.Name
	if inLab {
		name += ".lab"
	}
	return filepath.Join(state, "journal", name+".jsonl"), nil
}

// journal opens the journal to append to it: one line an entry, on the disk
// before the call returns.
func (p *Project) journal(inLab bool) (func(push.Entry) error, error) {
	path, err := p.journalPath(inLab)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("the journal: %w", err)
	}
	j := journal{path: path}
	return func(e push.Entry) error {
		e.Lab = inLab
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		return j.write(append(line, '\n'))
	}, nil
}

// journal appends to a file. What comes while the disk is at it waits and goes
// together: a thousand devices that begin at once need no thousand syncs.
type journal struct {
	path string
	disk sync.Mutex

	mu   sync.Mutex
	next *lines // those that wait; nil: none
}

// lines are on the disk, or are not, once done is closed.
type lines struct {
	text []byte
	done chan struct{}
	err  error
}

func (j *journal) write(line []byte) error {
	j.mu.Lock()
	first := j.next == nil
	if first {
		j.next = &lines{done: make(chan struct{})}
	}
	l := j.next
	l.text = append(l.text, line...)
	j.mu.Unlock()
	if first {
		j.disk.Lock()
		j.mu.Lock()
		j.next = nil
		j.mu.Unlock()
		l.err = j.append(l.text)
		j.disk.Unlock()
		close(l.done)
	}
	<-l.done
	return l.err
}

func (j *journal) append(text []byte) error {
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	// A line that a crash cut off must not swallow these.
	last := make([]byte, 1)
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		if _, err := f.ReadAt(last, info.Size()-1); err == nil && last[0] != '\n' {
			text = append([]byte{'\n'}, text...)
		}
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

// History is the pushes so far, oldest first. A line that a crash cut off is
// passed over.
func (p *Project) History(inLab bool) ([]Past, error) {
	path, err := p.journalPath(inLab)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the journal: %w", err)
	}
	var all []Past
	at := map[string]int{}
	for line := range bytes.Lines(data) {
		var e push.Entry
		if json.Unmarshal(line, &e) != nil || e.Push == "" {
			continue
		}
		i, known := at[e.Push]
		if !known {
			i = len(all)
			at[e.Push] = i
			all = append(all, Past{ID: e.Push, At: e.At, Devices: []PastDevice{}})
		}
		past := &all[i]
		past.End = e.At
		switch e.Event {
		case "begin":
			past.Who, past.What = e.Who, e.What
			for _, name := range e.Names {
				past.device(name)
			}
		case "start":
			d := past.device(e.Device)
			d.Started, d.begun = true, e.At
		case "result":
			d := past.device(e.Device)
			d.Result, d.Error = e.Result, e.Error
			if !d.begun.IsZero() {
				d.Seconds = e.At.Sub(d.begun).Seconds()
			}
		case "end":
			past.Ended = true
		}
	}
	return all, nil
}

// LeftBehind is what the last push from this machine left: whether it was cut
// off (or still runs elsewhere), and the devices that wait to be confirmed.
func (p *Project) LeftBehind(inLab bool) (cut bool, pending []string) {
	all, err := p.History(inLab)
	if err != nil || len(all) == 0 {
		return false, nil
	}
	last := all[len(all)-1]
	return !last.Ended, last.with(func(d PastDevice) bool { return d.Result == push.Pending })
}

// whoAmI is the operator, as other operators know him.
func whoAmI() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
