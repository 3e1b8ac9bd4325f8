package ui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// reopened is a wizard that begins where another one was killed, or closed.
func (d *driver) reopened(closed bool) *driver {
	d.Helper()
	d.until("all is written", func() bool {
		return !d.app.writing && sameMemory(d.app.memory(), d.app.remembered)
	})
	m := d.app.memory()
	m.PID = 1 << 22 // above what Linux gives a process (proc(5), pid_max)
	if closed {
		m.PID = 0
	}
	if err := work.Remember(m); err != nil {
		d.Fatal(err)
	}
	state, path := os.Getenv("XDG_STATE_HOME"), d.app.desk.path
	next := drive(d.T, path, d.app.w, d.app.h)
	d.Setenv("XDG_STATE_HOME", state)
	next.run(openProject(path, next.devices))
	next.until("it is open", func() bool {
		return next.app.desk.project != nil && len(next.app.screens[0].(*openScreen).presets) > 0
	})
	return next
}

// TestResume kills the wizard in the middle of typing: the next one is at the
// same place with what was typed.
func TestResume(t *testing.T) {
	d := opened(t, 100, 30)
	d.app.desk.pid = os.Getpid()
	d.press("2", "down", "enter")
	d.clear()
	d.write("65999+")
	d.press("esc", "6", "a")
	d.write("spine1:swp9")
	d.press("esc", "5", "b")
	d.write("k9 192.0.2.29")
	d.press("esc", "4", "a")
	d.clear()
	d.write("leaf[7-8]")
	next := d.reopened(false)
	next.until("it is there", func() bool { return next.step() == "leafs" })
	next.until("it is said", func() bool { return strings.Contains(next.app.desk.text, "without being closed") })
	next.press("a")
	next.shows("leaf[7-8]")
	next.press("esc", "5", "b")
	next.shows("k9 192.0.2.29")
	next.press("esc", "6", "a")
	next.shows("spine1:swp9")
	next.press("esc", "2")
	next.shows("draft")
	next.press("enter")
	next.shows("65999+")
}

// TestGoOn closes the wizard in order: the next one offers to go on there.
func TestGoOn(t *testing.T) {
	d := opened(t, 100, 30)
	d.app.desk.pid = os.Getpid()
	d.press("7")
	next := d.reopened(true)
	next.shows("go on at Review")
	if next.step() != "open" {
		t.Errorf("at %s without being asked", next.step())
	}
	next.press("enter")
	if next.step() != "review" {
		t.Errorf("at %s", next.step())
	}
}

// TestReadingWaits: what is read again while a change is under way is read after
// it, and a change that is made while it is read comes after that: the file is
// what is shown, and no edit is lost.
func TestReadingWaits(t *testing.T) {
	d := opened(t, 80, 24)
	k := d.app.desk
	set := func(key, value string) change {
		return change{make: func(p *work.Project) error { return p.Doc.Set(key, value) }}
	}
	first := k.change(set("timers.connect", "5"))
	d.only(keyNamed("1"))
	if cmd := k.open(openProject(k.path, k.via)); cmd != nil {
		t.Fatal("it is read while a change is made")
	}
	k.change(set("timers.hold", "12"))
	d.run(first)
	d.saved()
	for _, want := range []string{"connect: 5", "hold: 12"} {
		if !strings.Contains(d.file(), want) || !strings.Contains(string(k.project.Doc.Bytes()), want) {
			t.Errorf("%s is lost; the file is\n%s\nand shown is\n%s", want, d.file(), k.project.Doc.Bytes())
		}
	}
	k.open(func() tea.Msg { return openFailedMsg{path: k.path, err: errors.New("no such file")} })
	d.only(openFailedMsg{path: k.path, err: errors.New("no such file")})
	d.run(k.change(set("timers.hold", "9")))
	d.saved()
	if !strings.Contains(d.file(), "hold: 9") {
		t.Errorf("after a file that could not be read:\n%s", d.file())
	}
}

// TestElsewhere opens a fabric that another wizard has open.
func TestElsewhere(t *testing.T) {
	d := opened(t, 100, 30)
	d.tell(projectMsg{project: d.app.desk.project, opened: true, memory: &work.Memory{Step: "leafs", PID: 1}})
	d.until("it is said", func() bool { return strings.Contains(d.app.desk.text, "another closup") })
	if d.step() != "open" {
		t.Errorf("at %s", d.step())
	}
}

// faulty is a screen that panics: in Update at x, in View at y, in a command at
// z.
type faulty struct {
	Screen
	view bool
}

func (f *faulty) Update(msg tea.Msg) (Nav, tea.Cmd) {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch k.String() {
		case "x":
			panic("a fault in Update")
		case "y":
			f.view = true
		case "z":
			return Nav{}, tea.Batch(func() tea.Msg { panic("a fault in a command") })
		}
	}
	return f.Screen.Update(msg)
}

func (f *faulty) View() string {
	if f.view {
		panic("a fault in View")
	}
	return f.Screen.View()
}

// TestCrash lets a screen panic: the terminal is restored, and there is a
// report and the command that goes on.
func TestCrash(t *testing.T) {
	for key, where := range map[string]string{"x": "a fault in Update", "y": "a fault in View", "z": "a fault in a command"} {
		t.Run(where, func(t *testing.T) {
			d := opened(t, 80, 24)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			a := newApp(ctx, Options{Path: d.app.desk.path})
			a.screens[2] = &faulty{Screen: a.screens[2]}
			in, keys := io.Pipe()
			defer keys.Close()
			var out bytes.Buffer
			go func() {
				io.WriteString(keys, "3"+key)
				io.WriteString(keys, "g")
			}()
			err := a.run(cancel, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(&out), tea.WithWindowSize(80, 24), tea.WithEnvironment([]string{"TERM=xterm-256color"}))
			var e *CrashError
			if !errors.As(err, &e) || e.Value != where || !strings.Contains(e.Error(), "closup -f "+d.app.desk.path) {
				t.Fatal(err)
			}
			report, err := os.ReadFile(e.Report)
			if err != nil || !strings.Contains(string(report), where) || !strings.Contains(string(report), "faulty") {
				t.Errorf("%v\n%s", err, report)
			}
			text := out.String()
			if on, off := strings.LastIndex(text, "\x1b[?1049h"), strings.LastIndex(text, "\x1b[?1049l"); on < 0 || off < on {
				t.Errorf("the terminal is left as the wizard had it: %d, %d", on, off)
			}
		})
	}
}
