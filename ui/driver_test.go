package ui

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"closup/provision/fake"
)

var update = flag.Bool("update", false, "write the golden screens anew")

// driver is the wizard without a terminal: keys go in by Update, the screen is
// View with its escape sequences taken away. Commands run as Bubble Tea runs
// them, each on its own; their messages wait until the test takes them.
type driver struct {
	*testing.T
	app     *app
	devices *fake.Transport
	msgs    chan tea.Msg
	past    []tea.Msg // what was told that is neither a key nor the mouse
	ended   bool      // the wizard asked to end
}

// drive begins the wizard on the fabric at path, in w by h cells.
func drive(t *testing.T, path string, w, h int) *driver {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	d := &driver{T: t, app: newApp(t.Context(), Options{Path: path}), devices: &fake.Transport{}, msgs: make(chan tea.Msg, 1024)}
	d.app.desk.via = d.devices
	d.tell(tea.WindowSizeMsg{Width: w, Height: h})
	d.run(d.app.Init())
	return d
}

// opened begins the wizard on a copy of testdata/fabric.yaml.
func opened(t *testing.T, w, h int) *driver {
	t.Helper()
	data, err := os.ReadFile("testdata/fabric.yaml")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "fabric.yaml")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	d := drive(t, path, w, h)
	d.until("the fabric is open", func() bool {
		return d.app.desk.project != nil && len(d.app.screens[0].(*openScreen).presets) > 0
	})
	return d
}

// tell gives a message to the wizard and runs what it asks for.
func (d *driver) tell(msg tea.Msg) {
	if _, ok := msg.(tea.QuitMsg); ok {
		d.ended = true
	}
	if _, ok := msg.(tea.KeyPressMsg); !ok {
		d.past = append(d.past, msg)
	}
	_, cmd := d.app.Update(msg)
	d.run(cmd)
}

// only gives a message to the wizard, and drops what it asks for: a test plays
// the devices.
func (d *driver) only(msg tea.Msg) { d.app.Update(msg) }

func (d *driver) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	go func() {
		switch msg := cmd().(type) {
		case tea.BatchMsg:
			for _, c := range msg {
				d.run(c)
			}
		case nil:
		default:
			select {
			case d.msgs <- msg:
			case <-d.Context().Done():
			}
		}
	}()
}

// until takes messages until something is so.
func (d *driver) until(what string, so func() bool) {
	d.Helper()
	limit := time.After(20 * time.Second)
	for !so() {
		select {
		case msg := <-d.msgs:
			d.tell(msg)
		case <-limit:
			d.Fatalf("it did not come to that: %s; the screen is\n%s", what, d.screen())
		}
	}
}

// saved waits until every change is made and on disk.
func (d *driver) saved() {
	d.Helper()
	d.until("all is saved", func() bool {
		k := d.app.desk
		for _, s := range d.app.screens {
			if s, ok := s.(*deviceScreen); ok && s.proposal.trial.id != 0 {
				return false
			}
		}
		return !k.busy && len(k.queue) == 0 && k.project != nil && !k.project.Dirty()
	})
}

var named = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab},
	"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift}, "space": {Code: ' ', Text: " "}, "backspace": {Code: tea.KeyBackspace},
	"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
	"pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
	"ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl}, "ctrl+d": {Code: 'd', Mod: tea.ModCtrl}, "ctrl+s": {Code: 's', Mod: tea.ModCtrl}, "ctrl+x": {Code: 'x', Mod: tea.ModCtrl}, "ctrl+r": {Code: 'r', Mod: tea.ModCtrl},
}

func keyNamed(name string) tea.KeyPressMsg {
	if k, ok := named[name]; ok {
		return k
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// press gives keys by name.
func (d *driver) press(names ...string) {
	for _, n := range names {
		d.tell(keyNamed(n))
	}
}

// write types a text.
func (d *driver) write(text string) {
	for _, r := range text {
		d.press(string(r))
	}
}

// clear empties the field under the cursor.
func (d *driver) clear() { d.press("end", "ctrl+u") }

func (d *driver) screen() string { return d.app.plainView() }

// file is the fabric as it is on disk.
func (d *driver) file() string {
	data, err := os.ReadFile(d.app.desk.path)
	if err != nil {
		d.Fatal(err)
	}
	return string(data)
}

func (d *driver) shows(text string) {
	d.Helper()
	if !strings.Contains(d.screen(), text) {
		d.Errorf("%q is not on the screen:\n%s", text, d.screen())
	}
}

func (d *driver) hides(text string) {
	d.Helper()
	if strings.Contains(d.screen(), text) {
		d.Errorf("%q is on the screen:\n%s", text, d.screen())
	}
}

// step says which step is in front.
func (d *driver) step() string { return steps[d.app.at].name }

// fits says whether the screen has just the terminal's size.
func (d *driver) fits() {
	d.Helper()
	view := d.app.View().Content
	if c := d.app.crash; c != nil {
		d.Fatalf("a panic at %dx%d: %v\n%s", d.app.w, d.app.h, c.value, c.stack)
	}
	if d.app.w < 1 || d.app.h < 1 {
		return
	}
	lines := strings.Split(view, "\n")
	if len(lines) != d.app.h {
		d.Fatalf("%d lines in a terminal of %d", len(lines), d.app.h)
	}
	for i, line := range lines {
		if n := ansi.StringWidth(line); n != d.app.w {
			d.Fatalf("line %d has %d cells in a terminal of %d: %q", i, n, d.app.w, ansi.Strip(line))
		}
	}
}

// clock is what differs from run to run.
var clock = regexp.MustCompile(`saved \d\d:\d\d:\d\d`)

// golden compares the screen with testdata/NAME.txt.
func (d *driver) golden(name string) {
	d.Helper()
	d.fits()
	text := clock.ReplaceAllString(d.screen(), "saved 12:00:00")
	text = strings.ReplaceAll(text, d.app.desk.path, "fabric.yaml")
	var got bytes.Buffer
	for line := range strings.Lines(text) {
		got.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			d.Fatal(err)
		}
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			d.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		d.Errorf("%s differs (go test ./ui -update writes it anew); -want +got:\n%s", path, diff)
	}
}
