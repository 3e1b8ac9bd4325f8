package ui

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"closup/render"
)

// TestTargets looks at every target and writes one to a folder.
func TestTargets(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("8")
	s := d.app.screens[7].(*previewScreen)
	d.until("the files are there", func() bool { return len(s.files) > 0 })
	seen := map[string]bool{}
	for range render.Targets[1:] {
		d.press("v")
		d.until("it is made", func() bool { return !s.other.waiting })
		if s.other.err != nil {
			t.Errorf("%s: %v", s.target().Name, s.other.err)
		}
		for _, f := range s.other.files[:min(1, len(s.other.files))] {
			d.shows(f.Path)
		}
		seen[s.target().Name] = true
		d.fits()
	}
	if len(seen) != len(render.Targets)-1 || !seen["kubespray"] {
		t.Errorf("seen: %v", seen)
	}
	for s.target().Name != "cabling" {
		d.press("V")
	}
	d.until("it is made", func() bool { return !s.other.waiting })
	d.shows("cabling.csv")
	d.press("w")
	folder := filepath.Join(t.TempDir(), "out")
	d.clear()
	d.write(folder)
	d.press("enter")
	d.until("it is written", func() bool { return !s.export.open })
	d.until("it is said", func() bool { return strings.Contains(d.app.desk.text, "2 files written") })
	data, err := os.ReadFile(filepath.Join(folder, "cabling.csv"))
	if err != nil || !strings.Contains(string(data), "spine1") {
		t.Errorf("%s, %v", data, err)
	}
	// A folder that cannot be made: the question stays, with the reason.
	d.press("w")
	d.clear()
	d.write(filepath.Join(folder, "cabling.csv", "x"))
	d.press("enter")
	d.until("it is refused", func() bool { return s.export.err != "" })
	d.shows("! ")
	d.press("esc", "esc")
	d.shows("frr.conf")
}

// TestCopy gives a file to the clipboard, through tmux too, and keeps it on
// disk.
func TestCopy(t *testing.T) {
	d := opened(t, 120, 40)
	d.tell(tea.EnvMsg{"LANG=C.UTF-8", "TMUX=/tmp/x"})
	d.press("8")
	s := d.app.screens[7].(*previewScreen)
	d.until("the files are there", func() bool { return len(s.files) > 0 })
	d.press("y")
	var raw string
	clip := false
	d.until("it is said, and given to the terminal", func() bool {
		for _, msg := range d.past {
			if m, ok := msg.(tea.RawMsg); ok {
				raw, _ = m.Msg.(string)
			}
			clip = clip || strings.Contains(fmt.Sprintf("%T", msg), "Clipboard")
		}
		return strings.Contains(d.app.desk.text, "copied, and saved as") && raw != "" && clip
	})
	_, path, _ := strings.Cut(d.app.desk.text, "saved as ")
	data, err := os.ReadFile(path)
	if err != nil || string(data) != string(s.files[s.file].Body) {
		t.Errorf("%s: %v", path, err)
	}
	if !strings.Contains(raw, "\x1bPtmux;") {
		t.Errorf("tmux was given %q", raw)
	}
}

// TestSearch finds line after line.
func TestSearch(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("8")
	d.only(files(d))
	s := d.app.screens[7].(*previewScreen)
	d.press("/")
	d.write("SWP1")
	d.press("enter")
	first := s.found
	d.press("n")
	if lines := s.lines(); first < 0 || s.found <= first || !strings.Contains(lines[s.found].text, "swp1") {
		t.Errorf("found %d, then %d", first, s.found)
	}
	d.press("/")
	d.write("nowhere")
	d.press("enter")
	if s.found != -1 {
		t.Errorf("found %d", s.found)
	}
}

// TestPainted colours lines of every kind, and takes nothing from them.
func TestPainted(t *testing.T) {
	l := newLook(terminal{dark: true})
	for _, line := range []string{
		"router bgp 65501", " neighbor swp1 interface peer-group fabric", "ip prefix-list x seq 5 permit 10.0.0.0/8 le 32", "  address 2001:db8::1/128",
		"  - name: \"x y\" # why", "[Match]", "Name=swp1", "key: [a, 1, true]", "", "\u00fc\u221a\u4e16 1", "no ipv6 nd suppress-ra", strings.Repeat("x1 ", 100),
	} {
		for _, w := range []int{200, 10, 3, 1} {
			painted := l.painted(cell{text: line}, w)
			if got, want := ansi.Strip(painted), cut(line, w, l.ellipsis); got != want {
				t.Errorf("%q in %d cells became %q, not %q", line, w, got, want)
			}
		}
	}
	if a := l.painted(cell{text: "ip x permit 10.0.0.0/8"}, 80); !strings.Contains(a, l.in(leafTone, "10.0.0.0/8")) || !strings.Contains(a, l.in(good, "permit")) {
		t.Errorf("%q", a)
	}
}
