package ui

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/provision"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// This file makes every command that reads or writes a file or talks to a
// device, and holds the messages that they bring back. Those go to all
// screens, so that a result for one in the background is not lost.

// broadcast is a message of this file.
type broadcast interface{ toAll() }

type all struct{}

func (all) toAll() {}

// projectMsg is the fabric as it is from now on.
type projectMsg struct {
	all
	project *work.Project
	opened  bool // it is another one, not a change of the one before
	id      int  // of the change
	steps   int
	same    bool // it was only written: nothing to undo
	said    string
	at      time.Time // when it was saved; zero: not since it was opened
	saveErr error
	memory  *work.Memory // where the last wizard stood with it
}

// refusedMsg says that a change was not made, and why.
type refusedMsg struct {
	all
	id  int
	err error
}

// triedMsg is what a change would do, made on a copy that is thrown away.
type triedMsg struct {
	all
	id      int
	project *work.Project // nil where the change does not load
	err     error
}

// openFailedMsg says that no fabric could be opened at a path.
type openFailedMsg struct {
	all
	path string
	err  error
}

// presetsMsg is what can be opened or begun: the fabrics that lie beside this
// one, and the built-in ones.
type presetsMsg struct {
	all
	nearby  []work.Nearby
	presets []preset
}

// followedMsg says that simulated devices are those of the fabric now.
type followedMsg struct {
	all
	project *work.Project
	err     error
}

// sayMsg puts a sentence above the keys.
type sayMsg struct {
	all
	tone tone
	text string
}

func say(t tone, format string, args ...any) tea.Cmd {
	return func() tea.Msg { return sayMsg{tone: t, text: fmt.Sprintf(format, args...)} }
}

// openProject reads the fabric at path; its devices are reached by via.
func openProject(path string, via provision.Transport) tea.Cmd {
	return func() tea.Msg {
		p, err := work.Open(path)
		if err != nil {
			return openFailedMsg{path: path, err: err}
		}
		p.Transport = via
		return projectMsg{project: p, opened: true, said: filepath.Base(path) + " opened", memory: work.Recall(path)}
	}
}

// createProject begins a new fabric at path from a preset, or an empty one.
func createProject(path, preset string, via provision.Transport) tea.Cmd {
	return func() tea.Msg {
		p, err := work.Create(path, preset)
		if err != nil {
			return openFailedMsg{path: path, err: err}
		}
		p.Transport = via
		return projectMsg{project: p, opened: true, said: filepath.Base(path) + " begun", at: time.Now()}
	}
}

// preset is a built-in fabric, and what it comes to.
type preset struct {
	work.Preset
	project *work.Project
}

// listFabrics reads the built-in fabrics, and looks for those in the folder.
func listFabrics(path string) tea.Cmd {
	return func() tea.Msg {
		list, err := work.Presets()
		if err != nil {
			return sayMsg{tone: bad, text: err.Error()}
		}
		msg := presetsMsg{nearby: work.FindNearby(path)}
		for _, p := range list {
			begun, err := work.New("", p.Name)
			if err != nil {
				return sayMsg{tone: bad, text: err.Error()}
			}
			msg.presets = append(msg.presets, preset{Preset: p, project: begun})
		}
		return msg
	}
}

// makeChange makes a change on a copy of p and saves it. A change that does
// not load is refused, and p stays what it is.
func makeChange(p *work.Project, c change) tea.Cmd {
	return func() tea.Msg {
		q, err := changed(p, c.make)
		if err != nil {
			return refusedMsg{id: c.id, err: err}
		}
		return projectMsg{project: q, id: c.id, steps: c.steps, said: c.said, saveErr: q.Save(), at: time.Now()}
	}
}

// overwrite writes the fabric although the file on disk has changed, or could
// not be written before.
func overwrite(p *work.Project) tea.Cmd {
	return func() tea.Msg {
		q := *p
		return projectMsg{project: &q, said: filepath.Base(q.Path) + " written", saveErr: q.Overwrite(), at: time.Now(), same: true}
	}
}

// tryChange makes a change on a copy of p and throws it away: what it would do
// is shown before it is taken.
func tryChange(p *work.Project, id int, make func(*work.Project) error) tea.Cmd {
	return func() tea.Msg {
		q, err := changed(p, make)
		if err != nil {
			q = nil
		}
		return triedMsg{id: id, project: q, err: err}
	}
}

// changed is a copy of p with a change made on its text.
func changed(p *work.Project, make func(*work.Project) error) (*work.Project, error) {
	q := *p
	q.Doc = model.ParseDocument(p.Path, p.Doc.Bytes())
	if err := make(&q); err != nil {
		return nil, err
	}
	q.Restore(q.Doc.Bytes())
	return &q, q.Err
}

// tickMsg is the time, for what shows how long something takes.
type tickMsg struct {
	all
	of string // who asked
	at time.Time
}

// tick asks for the time after d.
func tick(of string, d time.Duration) tea.Cmd {
	return tea.Tick(d, func(t time.Time) tea.Msg { return tickMsg{of: of, at: t} })
}

// labMsg says whether a lab of the fabric runs.
type labMsg struct {
	all
	project *work.Project
	running bool
}

func findLab(p *work.Project) tea.Cmd {
	return func() tea.Msg { return labMsg{project: p, running: p.LabRunning()} }
}

// past is what the last push from this machine left behind.
type past struct {
	cut     bool     // it was cut off, or still runs elsewhere
	pending []string // devices that wait to be confirmed
}

// pastMsg is how the last pushes ended, to the lab and to the real devices.
type pastMsg struct {
	all
	project   *work.Project
	lab, real past
}

// findPast reads the journals.
func findPast(p *work.Project) tea.Cmd {
	return func() tea.Msg {
		msg := pastMsg{project: p}
		msg.lab.cut, msg.lab.pending = p.LeftBehind(true)
		msg.real.cut, msg.real.pending = p.LeftBehind(false)
		return msg
	}
}

// filesMsg is the files of one device.
type filesMsg struct {
	all
	project *work.Project
	device  string
	files   []render.Artifact
	reasons map[string][]render.Reason // by path: why each line is there
	err     error
}

func renderDevice(p *work.Project, device string) tea.Cmd {
	fabric, plan := p.Fabric, p.Plan
	return func() tea.Msg {
		msg := filesMsg{project: p, device: device}
		if d, ok := plan.Device(device); ok {
			msg.files, msg.err = render.Files(plan, d)
			msg.reasons = make(map[string][]render.Reason)
			for _, f := range msg.files {
				msg.reasons[f.Path] = render.Explain(fabric, plan, d, f.Path, f.Body)
			}
		}
		return msg
	}
}

// pushStartedMsg says that a run began, or why it did not.
type pushStartedMsg struct {
	all
	run    int
	events <-chan push.Event
	err    error
}

// pushEventsMsg is what happened since the one before.
type pushEventsMsg struct {
	all
	run    int
	events []push.Event
	over   bool
	at     time.Time
	from   <-chan push.Event
}

// startPush begins a run. Host keys that are not known are taken only where
// their fingerprint is the accepted one.
func startPush(ctx context.Context, p *work.Project, run int, o work.PushOptions, accepted map[string]string) tea.Cmd {
	return starting(ctx, p, run, p.Push, o, accepted)
}

// startSettling keeps what is pending, or takes it back at once.
func startSettling(ctx context.Context, p *work.Project, run int, o work.PushOptions, keep bool, accepted map[string]string) tea.Cmd {
	if keep {
		return starting(ctx, p, run, p.Keep, o, accepted)
	}
	return starting(ctx, p, run, p.TakeBack, o, accepted)
}

func starting(ctx context.Context, p *work.Project, run int, begin func(context.Context, work.PushOptions) (<-chan push.Event, error), o work.PushOptions, accepted map[string]string) tea.Cmd {
	o.Ask = taking(accepted)
	return func() tea.Msg {
		p.Secrets.Renew()
		events, err := begin(ctx, o)
		return pushStartedMsg{run: run, events: events, err: err}
	}
}

// taking answers for the fingerprints that were accepted on the screen.
func taking(accepted map[string]string) func(context.Context, *provision.HostKeyError) bool {
	known := maps.Clone(accepted)
	return func(_ context.Context, e *provision.HostKeyError) bool {
		return e.SHA256 != "" && known[e.Host] == e.SHA256
	}
}

// moreEvents waits for the next event, and takes with it those that are there.
func moreEvents(run int, events <-chan push.Event) tea.Cmd {
	return func() tea.Msg {
		msg := pushEventsMsg{run: run, from: events}
		e, ok := <-events
		for ok {
			msg.events = append(msg.events, e)
			if len(msg.events) == 256 {
				return msg
			}
			select {
			case e, ok = <-events:
			default:
				return msg
			}
		}
		msg.over, msg.at = true, time.Now()
		return msg
	}
}

// watchMsg says that a watch began, or why it did not.
type watchMsg struct {
	all
	project *work.Project
	watcher *work.Watcher
	err     error
}

// roundMsg is one round of a watch.
type roundMsg struct {
	all
	watcher *work.Watcher
	status  observe.Status
	over    bool
}

// watch asks every device each second.
func watch(ctx context.Context, p *work.Project, lab bool) tea.Cmd {
	return func() tea.Msg {
		p.Secrets.Renew()
		w, err := p.Watch(ctx, lab, time.Second)
		return watchMsg{project: p, watcher: w, err: err}
	}
}

func nextRound(w *work.Watcher) tea.Cmd {
	return func() tea.Msg {
		status, ok := w.Next()
		return roundMsg{watcher: w, status: status, over: !ok}
	}
}

// endWatch closes the connections of a watch that nobody looks at any more.
func endWatch(w *work.Watcher) tea.Cmd {
	return func() tea.Msg {
		w.Close()
		return nil
	}
}
