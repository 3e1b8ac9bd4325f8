// Package ui is the wizard: ten screens in a frame, from a fabric's definition
// to its live sessions.
//
// The rules that keep it calm: sizes, the look and the messages of cmds.go go
// to all screens; keys, paste and mouse to the one in front; going on or back
// is Update's return value. Update never blocks: what reads a file or asks a
// device is a command of cmds.go.
package ui

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"closup/provision/push"
	"closup/ui/work"
)

// ErrInterrupted is what Run returns when ctrl+c ended it (exit status 130).
var ErrInterrupted = errors.New("interrupted")

// Options say what the wizard begins with.
type Options struct {
	Path  string // fabric.yaml; read where it is there
	Lab   bool   // push to and watch the running lab instead of the real devices
	ASCII bool   // no glyphs beyond ASCII, whatever the locale says
	Theme string // one of Themes; empty: as the terminal's background is

	Hints    bool // explain each step in a line
	ReadOnly bool // no device is written to

	// Simulated has the lab's devices, which are simulated, become those of a
	// fabric that changed or was opened; nil: they are not simulated.
	Simulated func(*work.Project) error

	Output io.Writer // the terminal; nil: standard output
}

// Run shows the wizard until the operator leaves it.
func Run(ctx context.Context, o Options) error {
	if o.Path == "" {
		o.Path = work.DefaultPath
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := newApp(ctx, o)
	a.desk.pid = work.PID()
	options := []tea.ProgramOption{tea.WithContext(ctx)}
	if o.Output != nil {
		options = append(options, tea.WithOutput(o.Output))
	}
	return a.run(cancel, options...)
}

// run is the wizard from its first screen to its end, however it ends.
func (a *app) run(cancel context.CancelFunc, options ...tea.ProgramOption) error {
	_, err := tea.NewProgram(a, options...).Run()
	cancel()
	a.desk.close(a.interrupted)
	if a.crash != nil {
		return a.crashed()
	}
	if a.desk.pid != 0 && a.desk.project != nil {
		m := a.memory()
		m.PID = 0
		_ = work.Remember(m) // without it the next one begins at the first step
	}
	if a.interrupted {
		return ErrInterrupted
	}
	if errors.Is(err, tea.ErrInterrupted) {
		return ErrInterrupted
	}
	return err
}

// app is the root model: it owns the frame, and nothing of the fabric.
type app struct {
	options  Options
	desk     *desk
	terminal terminal
	look     *look
	w, h     int
	screens  []Screen
	at       int

	lit         bool // the terminal's background is light, as far as it said
	palette     palettePane
	secret      secretPane
	helping     bool
	helpTop     scroll
	asking      bool // whether to leave although something would be lost
	freeMouse   bool
	interrupted bool

	remembered work.Memory // as it was written last
	writing    bool        // a write of it is under way
	crash      *crash
}

func newApp(ctx context.Context, o Options) *app {
	a := &app{options: o, terminal: terminal{ascii: o.ASCII, profile: colorprofile.TrueColor}}
	a.dress()
	a.look = newLook(a.terminal)
	a.desk = &desk{ctx: ctx, path: o.Path, lab: o.Lab, simulated: o.Simulated != nil, follow: o.Simulated, readOnly: o.ReadOnly, asker: newAsker(ctx), runs: make(map[int]<-chan push.Event)}
	a.desk.secrets = a.desk.asker.secrets()
	for _, s := range steps {
		a.screens = append(a.screens, s.screen(base{look: a.look, desk: a.desk}))
	}
	return a
}

// Init asks the terminal for its background, and opens the fabric if there is
// one.
func (a *app) Init() tea.Cmd {
	return guarded(tea.Batch(tea.RequestBackgroundColor, a.desk.open(openProject(a.options.Path, a.desk.via)), listFabrics(a.options.Path), a.desk.asker.next))
}

// Update routes every message to those it is for, and then has written what
// would be lost.
func (a *app) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	if a.crash == nil {
		cmd = a.update(msg)
	}
	if a.crash != nil {
		return a, tea.Quit
	}
	return a, guarded(tea.Batch(cmd, a.remember()))
}

func (a *app) update(msg tea.Msg) tea.Cmd {
	defer a.caught()
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		a.w, a.h = msg.Width, msg.Height
		return tea.Batch(a.all(a.content()), repaint())
	case tea.BackgroundColorMsg:
		a.lit = !msg.IsDark()
		return a.dress()
	case tea.ColorProfileMsg:
		a.terminal.profile = msg.Profile
		return a.restyle()
	case tea.EnvMsg:
		a.terminal.ascii = a.options.ASCII || !speaksUnicode(msg.Getenv)
		a.desk.tmux = msg.Getenv("TMUX") != ""
		return a.restyle()
	case tea.KeyPressMsg:
		return a.key(msg)
	case tea.PasteMsg:
		switch {
		case a.secret.open():
			a.secret.update(msg)
			return nil
		case a.palette.open:
			a.palette.typed(a.look, msg)
			return nil
		}
	case questionMsg:
		return tea.Batch(a.secret.ask(msg.request, a.typing()), a.desk.asker.next)
	case withdrawnMsg:
		a.secret.withdraw(msg.request)
		return nil
	case touchMsg:
		a.secret.touch, a.secret.aside = msg.what, a.typing()
		return a.desk.asker.next
	case tea.MouseMsg:
		return a.mouse(msg)
	case crashedMsg:
		a.crash = &msg.crash
		return nil
	case rememberedMsg:
		a.writing = false
		return nil
	case projectMsg:
		cmd := tea.Batch(a.desk.take(msg), a.all(msg))
		if msg.opened {
			cmd = tea.Batch(cmd, a.recall(msg.memory))
		}
		return cmd
	case broadcast:
		cmd := a.desk.take(msg)
		return tea.Batch(cmd, a.all(msg))
	}
	return a.front(msg)
}

// repaint draws the whole screen once more, a few frames after it grew: the
// renderer that Bubble Tea 2.0.10 brings takes what it drew beyond the old
// width for blank, and would never clear it. Later ones do not.
func repaint() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(time.Time) tea.Msg { return tea.ClearScreen() })
}

// dress chooses the colours: the theme's, or those that go with the
// background.
func (a *app) dress() tea.Cmd {
	a.terminal.contrast = a.options.Theme == "high-contrast"
	a.terminal.dark = a.options.Theme == "dark" || a.options.Theme != "light" && !a.lit
	return a.restyle()
}

// nextTheme goes to the theme after this one.
func (a *app) nextTheme() tea.Cmd {
	at := max(0, slices.Index(Themes, a.options.Theme))
	a.options.Theme = Themes[(at+1)%len(Themes)]
	a.desk.say(plain, "theme: "+a.options.Theme+"; --theme or CLOSUP_THEME begins with it")
	return a.dress()
}

// restyle follows what is known of the terminal.
func (a *app) restyle() tea.Cmd {
	if a.look == nil || a.look.terminal == a.terminal {
		return nil
	}
	a.look = newLook(a.terminal)
	if a.palette.open {
		a.palette.narrow(a.look)
	}
	return a.all(a.look)
}

// all gives a message to every screen. Only the one in front may navigate.
func (a *app) all(msg tea.Msg) tea.Cmd {
	var cmds []tea.Cmd
	front := a.at
	for i, s := range a.screens {
		nav, cmd := s.Update(msg)
		cmds = append(cmds, cmd)
		if i == front {
			cmds = append(cmds, a.follow(nav))
		}
	}
	return tea.Batch(cmds...)
}

func (a *app) front(msg tea.Msg) tea.Cmd {
	nav, cmd := a.screens[a.at].Update(msg)
	return tea.Batch(cmd, a.follow(nav))
}

// follow goes where a Nav says.
func (a *app) follow(nav Nav) tea.Cmd {
	to := a.at + nav.Move
	if nav.Step != "" {
		to = stepIndex(nav.Step)
	}
	if to < 0 || to >= len(a.screens) {
		return nil
	}
	var cmds []tea.Cmd
	if to != a.at {
		a.at = to
		a.desk.say(plain, "")
		cmds = append(cmds, a.screens[to].Focus())
	}
	if nav.Place != "" {
		_, cmd := a.screens[a.at].Update(placeMsg{nav.Place})
		cmds = append(cmds, cmd)
	}
	return tea.Batch(cmds...)
}

// speaksUnicode says whether the locale's encoding has our glyphs.
func speaksUnicode(getenv func(string) string) bool {
	if getenv("TERM") == "linux" || getenv("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := getenv(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}
