package ui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// The wizard without a screen: for screen readers, for terminals that can only
// print, and for pipes. It asks one question after the other, and nothing that
// was printed is drawn again. The steps, their fields, rules and edits are those
// of the screens; what has a command is done by the command.

// Linear is the wizard as a dialogue of lines.
type Linear struct {
	Path string // fabric.yaml; opened where it is there
	Lab  bool   // the running lab's devices are the first choice

	// Simulated has the lab's devices become those of the fabric as it is now;
	// nil: they are not simulated.
	Simulated func(*work.Project) error

	Out io.Writer
	// Ask prints a question and returns the line that answers it; io.EOF where
	// there is none any more.
	Ask func(ctx context.Context, question string) (string, error)
	// Run runs a command of the command line, which says itself what went
	// wrong; the error only tells that something did.
	Run func(ctx context.Context, args ...string) error
}

// linear is a Linear under way. The screens are never drawn: they know the
// fields and the edits.
type linear struct {
	Linear
	ctx context.Context
	app *app
}

var (
	errBack  = errors.New("back to the question before")
	errSteps = errors.New("to the list of steps")
	errLeave = errors.New("leave")
	errEnd   = errors.New("the input ended in the middle of a step; what was accepted is saved")
)

// words may be the answer to every question.
var words = []struct {
	word, does string
	err        error
}{
	{":back", "goes back to the question before", errBack},
	{":steps", "goes to the list of steps", errSteps},
	{":quit", "leaves", errLeave},
}

// Wizard leads through the steps until the operator leaves it.
func (o Linear) Wizard(ctx context.Context) error {
	if o.Path == "" {
		o.Path = work.DefaultPath
	}
	l := &linear{Linear: o, ctx: ctx, app: newApp(ctx, Options{Path: o.Path, Lab: o.Lab})}
	l.app.desk.pid = work.PID()
	l.say("closup, one question at a time. An empty answer takes what stands in brackets, ? explains, - means nothing.")
	for _, w := range words {
		l.say("%s %s.", w.word, w.does)
	}
	l.say("Every change is saved in %s at once.", o.Path)
	l.tell(listFabrics(o.Path)())
	l.opened(openProject(o.Path, nil)())
	err := l.steps()
	l.remember(0)
	if errors.Is(err, errLeave) {
		return nil
	}
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}

// steps is the list of steps, again and again.
func (l *linear) steps() error {
	for listed := false; ; {
		l.say("")
		l.say("%s", l.summary())
		if !listed {
			l.list()
			listed = true
		}
		i, err := l.pick(question{text: "Step", now: steps[l.app.at].label}, stepLabels(), map[string]func(){
			"?":     l.list,
			":undo": func() { l.undo(l.app.desk.undo, "There is nothing to undo.") },
			":redo": func() { l.undo(l.app.desk.redo, "There is nothing to make again.") },
		})
		switch {
		case errors.Is(err, errBack), errors.Is(err, errSteps), i < 0 && err == nil:
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		l.app.at = i
		l.remember(work.PID())
		err = l.step(i)
		switch {
		case errors.Is(err, io.EOF):
			return errEnd
		case err == nil && i+1 < len(steps):
			l.app.at = l.after(i)
		case err != nil && !errors.Is(err, errBack) && !errors.Is(err, errSteps):
			return err
		}
	}
}

// list is the steps with their states.
func (l *linear) list() {
	labels := make([]string, len(steps))
	for i, s := range steps {
		labels[i] = s.label + ", " + s.about + l.stateOf(i)
	}
	l.numbered(labels)
	l.say("A number or a name goes to a step; :undo takes the last change back, :redo makes it again.")
}

// after is the step that is proposed next; without a fabric it is the first.
func (l *linear) after(i int) int {
	if l.project() == nil || l.project().Err != nil {
		return 0
	}
	return max(i+1, l.app.at)
}

// step does one step: in a dialogue of its own, or by its commands.
func (l *linear) step(i int) error {
	s := steps[i]
	l.say("")
	l.say("%s: %s.", s.label, s.about)
	if s.name != "open" && (l.project() == nil || l.project().Fabric == nil) {
		l.say("No fabric is open yet; step 1 opens one.")
		return errSteps
	}
	if dialogue := dialogues[s.name]; dialogue != nil {
		return dialogue(l)
	}
	for command := range strings.SplitSeq(s.command, ";") {
		l.run(strings.Fields(command)[1:]...)
	}
	return l.ctx.Err()
}

// dialogues are the steps that ask something.
var dialogues = map[string]func(*linear) error{
	"open": (*linear).open, "fabric": (*linear).fabric,
	"spines": devicesOf("spines"), "leafs": devicesOf("leafs"), "nodes": devicesOf("nodes"),
	"cabling": (*linear).cabling, "preview": (*linear).preview, "push": (*linear).push, "live": (*linear).live,
}

func stepLabels() []string {
	labels := make([]string, len(steps))
	for i, s := range steps {
		labels[i] = s.label
	}
	return labels
}

// stateOf is what the sidebar shows, in words.
func (l *linear) stateOf(i int) string {
	st, note := l.app.screens[i].State()
	word := [...]string{open: "", done: "done", failed: "error"}[st]
	if text := strings.TrimSpace(word + " " + note); text != "" {
		return " (" + text + ")"
	}
	return ""
}

func (l *linear) summary() string {
	p := l.project()
	if p == nil || p.Fabric == nil {
		return "No fabric is open."
	}
	saved, _ := l.app.desk.savedState()
	return fmt.Sprintf("Fabric %s in %s: %s; %s.", p.Fabric.Name, p.Path, orText(l.app.counts(), "no devices yet"), saved)
}

func (l *linear) project() *work.Project { return l.app.desk.project }

// screen is the screen of a step, for its fields and edits.
func screenOf[S Screen](l *linear, step string) S { return l.app.screens[stepIndex(step)].(S) }

// tell gives the screens what a command brought back.
func (l *linear) tell(msg tea.Msg) { l.app.update(msg) }

// opened takes the answer of a command that opens a fabric, and says why there
// is none.
func (l *linear) opened(msg tea.Msg) bool {
	l.tell(msg)
	switch msg := msg.(type) {
	case openFailedMsg:
		if errors.Is(msg.err, fs.ErrNotExist) {
			l.say("There is no %s yet.", msg.path)
		} else {
			l.say("%v", msg.err)
		}
		return false
	case projectMsg:
		l.app.at = max(l.app.at, 1)
		if msg.project.Err != nil {
			l.say("%v", msg.project.Err)
			l.say("Mend it in an editor, then open it again.")
			l.app.at = 0
			return false
		}
		if msg.memory != nil && msg.memory.Elsewhere() {
			l.say("Another closup has this fabric open: process %d.", msg.memory.PID)
		} else if msg.memory != nil {
			l.app.at = max(1, stepIndex(msg.memory.Step))
		}
	}
	return true
}

// change tries an edit, says what else it would move, and makes it. What is
// wrong with it is said, and false.
func (l *linear) change(c change) (bool, error) {
	tried, _ := tryChange(l.project(), 0, c.make)().(triedMsg)
	if tried.err != nil {
		l.trouble(tried.err)
		return false, nil
	}
	for _, s := range firstOf(consequences(l.project(), tried.project), 30) {
		l.say("It also means: %s.", s)
	}
	if len(renumbers(l.project(), tried.project)) > 0 {
		yes, err := l.yes("Do it", true)
		if !yes || err != nil {
			return false, err
		}
	}
	return l.made(l.app.desk.change(c)), nil
}

// made runs the command of a change, and says how it went.
func (l *linear) made(cmd tea.Cmd) bool {
	msg := cmd()
	l.tell(msg)
	if said, _ := l.app.desk.lastSaid(); said != "" {
		l.say("Done: %s.", said)
	}
	_, ok := msg.(projectMsg)
	return ok
}

func (l *linear) undo(step func() tea.Cmd, none string) {
	if cmd := step(); cmd != nil {
		l.made(cmd)
		return
	}
	l.say("%s", none)
}

// remember writes where the dialogue stands; pid 0: it was left in order.
func (l *linear) remember(pid int) {
	if l.project() == nil {
		return
	}
	m := l.app.memory()
	m.PID = pid
	_ = remember(m)() // without it the next one begins at the first step
}

func (l *linear) say(format string, args ...any) {
	fmt.Fprintln(l.Out, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

func (l *linear) trouble(err error) { l.say("Not taken: %s", printable(err.Error())) }

func (l *linear) numbered(labels []string) {
	for i, s := range labels {
		l.say("%3d  %s", i+1, s)
	}
}
