package ui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision"
	"closup/provision/push"
	"closup/ui/work"
)

// desk is where the fabric lies while it is worked on. Changes are made one
// after the other, each on a copy that replaces the fabric when it loads and
// is on disk, so that what a screen or a push holds never changes under it.
// All of it happens in Update; only the commands leave it.
type desk struct {
	ctx  context.Context
	path string
	lab  bool

	readOnly bool                // no device is written to
	via      provision.Transport // nil: SSH
	asker    *asker
	secrets  *provision.Secrets // asks by asker, whichever fabric is open
	tmux     bool               // the terminal is one of tmux's
	pid      int                // ours; 0: nothing is remembered

	simulated bool                      // the lab is all there is, and inside this process
	follow    func(*work.Project) error // has it become that of a changed fabric
	following bool                      // it is at it
	behind    bool                      // the fabric changed meanwhile

	last, lastLabel string // the step at which the last wizard was closed

	project *work.Project
	queue   []change
	reading tea.Cmd // of a fabric, which waits for what is under way; nil: none
	ids     int
	busy    bool
	opening bool     // with that
	past    []string // texts before each change, for undo
	future  []string

	runs    map[int]<-chan push.Event // pushes that go on
	watcher *work.Watcher

	text    string // what was said last
	tone    tone
	savedAt time.Time
	saveErr error
}

// change is one accepted edit.
type change struct {
	id    int                       // of who asked; 0: nobody waits for the answer
	said  string                    // "leaf[3-4] added"
	make  func(*work.Project) error // edits the text of a copy
	steps int                       // -1: it is an undo, 1: a redo
}

// followed has simulated devices become those of the fabric as it is now. One
// change after the other: the last one counts.
func (d *desk) followed() tea.Cmd {
	p := d.project
	switch {
	case d.follow == nil || p.Err != nil || p.Fabric == nil || len(p.Plan.Devices) == 0:
		return nil
	case d.following:
		d.behind = true
		return nil
	}
	d.following = true
	follow := d.follow
	return func() tea.Msg { return followedMsg{project: p, err: follow(p)} }
}

// caughtUp goes on with what changed meanwhile. A fabric that its rules hold
// back has findings that say more than a lab could.
func (d *desk) caughtUp(msg followedMsg) tea.Cmd {
	d.following = false
	if d.behind {
		d.behind = false
		return d.followed()
	}
	if msg.err != nil && msg.project.Blocked() == nil {
		d.say(bad, msg.err.Error())
	}
	return nil
}

// target is what the devices are called that are pushed to and watched.
func (d *desk) target(lab bool) string {
	switch {
	case d.simulated:
		return "the simulated devices"
	case lab:
		return "the lab's devices"
	}
	return "the real devices"
}

// change queues an edit and begins it where none is under way.
func (d *desk) change(c change) tea.Cmd {
	if d.project == nil {
		return nil
	}
	d.queue = append(d.queue, c)
	return d.begin()
}

// open reads a fabric, or writes it as it is: never while a change is under way,
// which it would read the fabric from before.
func (d *desk) open(cmd tea.Cmd) tea.Cmd {
	d.reading = cmd
	return d.begin()
}

func (d *desk) begin() tea.Cmd {
	if d.busy || d.reading == nil && len(d.queue) == 0 {
		return nil
	}
	d.busy, d.opening = true, d.reading != nil
	if cmd := d.reading; cmd != nil {
		d.reading = nil
		return cmd
	}
	c := d.queue[0]
	d.queue = d.queue[1:]
	return makeChange(d.project, c)
}

// undo takes back the last change, redo makes it again.
func (d *desk) undo() tea.Cmd { return d.step("undone", -1, d.past) }
func (d *desk) redo() tea.Cmd { return d.step("made again", 1, d.future) }

func (d *desk) step(said string, by int, texts []string) tea.Cmd {
	if len(texts) == 0 || d.busy {
		return nil
	}
	text := texts[len(texts)-1]
	return d.change(change{said: said, steps: by, make: func(p *work.Project) error {
		p.Restore([]byte(text))
		return nil
	}})
}

// take keeps what a command brought back, before the screens see it.
func (d *desk) take(msg broadcast) tea.Cmd {
	switch msg := msg.(type) {
	case projectMsg:
		d.replace(msg)
		return tea.Batch(d.begin(), d.followed())
	case followedMsg:
		return d.caughtUp(msg)
	case openFailedMsg:
		d.busy = false
		return d.begin()
	case refusedMsg:
		d.busy = false
		d.say(bad, msg.err.Error())
		return d.begin()
	case sayMsg:
		d.say(msg.tone, msg.text)
	case pushStartedMsg:
		if msg.err == nil {
			d.runs[msg.run] = msg.events
			return moreEvents(msg.run, msg.events)
		}
	case pushEventsMsg:
		if !msg.over {
			return moreEvents(msg.run, msg.from)
		}
		delete(d.runs, msg.run)
	case watchMsg:
		if msg.err == nil {
			old := d.watcher
			d.watcher = msg.watcher
			return tea.Batch(nextRound(msg.watcher), ended(old))
		}
	case roundMsg:
		if msg.watcher == d.watcher && !msg.over {
			return nextRound(msg.watcher)
		}
	}
	return nil
}

func ended(w *work.Watcher) tea.Cmd {
	if w == nil {
		return nil
	}
	return endWatch(w)
}

// close ends what is still under way; the context is over already. A push is
// waited for: it finishes the devices that it has begun to change. Aborted, it
// is not, and those devices put back what they had by themselves.
func (d *desk) close(aborted bool) {
	for _, events := range d.runs {
		for !aborted {
			if _, ok := <-events; !ok {
				break
			}
		}
	}
	if d.watcher != nil {
		d.watcher.Close()
	}
}

func (d *desk) replace(msg projectMsg) {
	before := d.project
	msg.project.ReadOnly, msg.project.Secrets = d.readOnly, d.secrets
	d.project, d.busy = msg.project, false
	d.saveErr = msg.saveErr
	switch {
	case msg.opened:
		d.past, d.future = nil, nil
		if before == nil || before.Path != msg.project.Path {
			d.queue = nil // it was for the other one
		}
		d.path = msg.project.Path
	case msg.same:
	case msg.steps < 0:
		d.past, d.future = pop(d.past), append(d.future, string(before.Doc.Bytes()))
	case msg.steps > 0:
		d.past, d.future = append(d.past, string(before.Doc.Bytes())), pop(d.future)
	default:
		d.past, d.future = append(d.past, string(before.Doc.Bytes())), nil
	}
	d.savedAt = msg.at
	if msg.saveErr != nil {
		d.say(bad, msg.saveErr.Error())
	} else if msg.said != "" {
		d.say(good, msg.said)
	}
}

func pop(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s[:len(s)-1]
}

func (d *desk) say(t tone, text string) { d.text, d.tone = printable(text), t }

func (d *desk) lastSaid() (string, tone) { return d.text, d.tone }

// name is the fabric's, "" where none is open.
func (d *desk) name() string {
	if d.project == nil || d.project.Fabric == nil {
		return ""
	}
	return d.project.Fabric.Name
}

// savedState is the right end of the title line.
func (d *desk) savedState() (string, tone) {
	switch {
	case d.project == nil:
		return "", plain
	case d.busy && !d.opening:
		return "saving", dim
	case d.saveErr != nil:
		return "NOT SAVED", bad
	case d.project.Err != nil:
		return "does not load", bad
	case d.savedAt.IsZero():
		return "saved", dim
	}
	return "saved " + d.savedAt.Format("15:04:05"), dim
}

// unsaved says what leaving now would lose of the file; "": nothing.
func (d *desk) unsaved() string {
	if d.project == nil || !d.project.Dirty() && len(d.queue) == 0 {
		return ""
	}
	why := "It is being written."
	if d.saveErr != nil {
		why = d.saveErr.Error() + "."
	}
	return fmt.Sprintf("%s on disk is not what you see. %s Leaving now loses the difference.", d.path, why)
}

// newID names a change or a trial, so that its answer finds who asked.
func (d *desk) newID() int {
	d.ids++
	return d.ids
}
