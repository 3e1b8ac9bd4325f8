package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// TestEditSaves changes a value, and finds it on disk with everything else as
// it was; undo and redo too.
func TestEditSaves(t *testing.T) {
	d := opened(t, 80, 24)
	before := d.file()
	d.press("2", "enter")
	d.clear()
	d.write("renamed")
	d.press("enter")
	d.saved()
	after := strings.Replace(before, "name: two", "name: renamed", 1)
	if d.file() != after {
		t.Errorf("the file is\n%s", d.file())
	}
	d.shows("closup  renamed")
	d.press("u")
	d.saved()
	if d.file() != before {
		t.Errorf("after undo the file is\n%s", d.file())
	}
	d.press("U")
	d.saved()
	if d.file() != after {
		t.Errorf("after redo the file is\n%s", d.file())
	}
}

// TestEditWrong types what the rules do not allow: it is said while typing,
// and enter does not take it.
func TestEditWrong(t *testing.T) {
	d := opened(t, 80, 24)
	before := d.file()
	d.press("2", "enter")
	d.write("_")
	d.shows("! ")
	d.press("enter")
	if !d.app.screens[1].Typing() {
		t.Error("enter took a wrong value")
	}
	d.press("esc")
	if d.file() != before {
		t.Errorf("the file is\n%s", d.file())
	}
	d.shows("draft")
	d.press("enter")
	d.shows("two_")
}

// TestDefault: a value that is given names its line; r takes it out of the file,
// and what holds then is the default, said to be one, with the reason for it. A
// default has nothing to take out.
func TestDefault(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("2")
	d.app.screens[1].Update(placeMsg{"timers.connect"})
	row := func() string {
		d.Helper()
		for line := range strings.Lines(d.screen()) {
			if strings.Contains(line, "▸ Connect") {
				return strings.Join(strings.Fields(line[strings.Index(line, "Connect"):]), " ")
			}
		}
		d.Fatalf("no row under the cursor:\n%s", d.screen())
		return ""
	}
	d.press("enter")
	d.clear()
	d.write("7")
	d.press("enter")
	d.saved()
	if got := row(); !strings.HasPrefix(got, "Connect 7 line 11") {
		t.Errorf("given: %q", got)
	}
	d.hides("Default: ")
	d.press("r")
	d.saved()
	if strings.Contains(d.file(), "connect") || !strings.Contains(d.file(), "keepalive: 3, hold: 9") {
		t.Errorf("the file is\n%s", d.file())
	}
	if got := row(); !strings.HasPrefix(got, "Connect 10 default") {
		t.Errorf("left out: %q", got)
	}
	d.shows("Default: FRR's own 120 makes a rebooted neighbor wait for")
	past := len(d.app.desk.past)
	d.press("r")
	d.saved()
	if len(d.app.desk.past) != past {
		t.Error("a default was taken out")
	}
	before := d.file()
	d.app.screens[1].Update(placeMsg{"kubernetes.node_mask"})
	d.press("enter")
	d.clear()
	d.write("25")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "node_mask: 25") {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("r")
	d.saved()
	if d.file() != before {
		t.Errorf("what was put in and taken out has left something:\n%s", d.file())
	}
}

// TestBackLosesNothing leaves everything half typed, goes through all steps
// both ways, and finds it again.
func TestBackLosesNothing(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("4", "a")
	d.clear()
	d.write("leaf[7-9")
	d.press("esc", "6", "a")
	d.write("spine1:swp9")
	d.press("esc")
	for range steps {
		d.press("tab")
	}
	for range steps {
		d.press("shift+tab")
	}
	for range steps {
		d.press("esc") // back, and on the first step nowhere
	}
	if d.step() != "open" {
		t.Fatalf("at %s", d.step())
	}
	d.press("4", "a")
	d.shows("leaf[7-9")
	d.press("esc", "6", "a")
	d.shows("spine1:swp9")
}

// TestDoubleEnter presses enter twice where once goes on: no step is skipped.
func TestDoubleEnter(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("enter", "enter", "enter")
	if d.step() != "fabric" {
		t.Errorf("at %s", d.step())
	}
	path := filepath.Join(t.TempDir(), "new.yaml")
	d = drive(t, path, 80, 24)
	d.until("the presets are there", func() bool { return len(d.app.screens[0].(*openScreen).presets) > 0 })
	d.press("enter")
	d.press("enter", "enter", "enter")
	d.until("the fabric is begun", func() bool { return d.app.desk.project != nil })
	d.press("enter", "enter")
	if d.step() != "fabric" {
		t.Errorf("at %s", d.step())
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestNeverOverwrites begins a fabric where there is a file already.
func TestNeverOverwrites(t *testing.T) {
	d := opened(t, 80, 24)
	before := d.file()
	d.press("down", "enter")
	d.clear()
	d.write(d.app.desk.path)
	d.press("enter")
	d.until("it is refused", func() bool { return d.app.screens[0].(*openScreen).begin.err != "" })
	if why := d.app.screens[0].(*openScreen).begin.err; !strings.Contains(why, "there already") {
		t.Error(why)
	}
	d.shows("! ")
	if d.file() != before || d.step() != "open" {
		t.Errorf("at %s; the file is\n%s", d.step(), d.file())
	}
}

// TestAddByRange adds leafs by a range that is pasted; the numbers that follow
// are shown before it is taken.
func TestAddByRange(t *testing.T) {
	d := opened(t, 100, 40)
	d.press("4", "a")
	d.clear()
	d.tell(tea.PasteMsg{Content: "leaf[3-6]"})
	d.press("tab", "tab")
	d.tell(tea.PasteMsg{Content: "192.0.2.[13-16]"})
	d.until("it was tried", func() bool { return strings.Contains(d.screen(), "4 devices: leaf3 to leaf6") })
	d.shows("ASN 65103 to 65106")
	d.shows("loopback 10.1.1.3 to 10.1.1.6")
	d.press("enter", "enter")
	d.saved()
	if n := strings.Count(d.file(), "leaf[3-6]"); n != 1 {
		t.Errorf("%d rows were added:\n%s", n, d.file())
	}
	if d.app.screens[3].Typing() {
		t.Error("the form is still open")
	}
	for _, name := range []string{"leaf3", "leaf6", "65106"} {
		d.shows(name)
	}
	// The nodes hang where they hung: that is in the file now.
	for _, link := range []string{"leaf1:swp2 k2:eth1", "leaf2:swp2 k2:eth2", "spine2:swp6 leaf6:swp52"} {
		if !strings.Contains(d.file(), link) {
			t.Errorf("%s is not in\n%s", link, d.file())
		}
	}
}

// TestAddRefused adds a name that is there already: the form stays, with the
// reason and with what was typed.
func TestAddRefused(t *testing.T) {
	d := opened(t, 80, 24)
	before := d.file()
	d.press("4", "a")
	d.clear()
	d.write("leaf1")
	d.press("enter")
	d.until("it is refused", func() bool { return d.app.screens[3].(*deviceScreen).form.err != "" })
	d.shows("leaf1")
	if d.file() != before || !d.app.screens[3].Typing() {
		t.Errorf("the file is\n%s", d.file())
	}
}

// TestRows edits, splits and deletes rows of the file.
func TestRows(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("3", "s")
	d.saved()
	for _, row := range []string{"- {name: spine1, mgmt: 192.0.2.1, platform: cumulus}", "- {name: spine2, mgmt: 192.0.2.2, platform: cumulus}"} {
		if !strings.Contains(d.file(), row) {
			t.Errorf("%s is not in\n%s", row, d.file())
		}
	}
	d.press("u")
	d.saved()
	d.press("down", "x") // one of a range
	d.saved()
	if strings.Contains(d.file(), "spine2") || !strings.Contains(d.file(), "name: spine1") {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("4", "enter", "down") // the first leaf's management
	d.clear()
	d.write("192.0.2.99")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "{name: leaf1, mgmt: 192.0.2.99, platform: cumulus}") || !strings.Contains(d.file(), "# the left one") {
		t.Errorf("the file is\n%s", d.file())
	}
}

// TestRename follows a device's name into the cables.
func TestRename(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("6", "p")
	d.saved()
	d.press("5", "enter")
	d.clear()
	d.write("k7")
	d.press("enter")
	d.saved()
	if strings.Contains(d.file(), "k1") || strings.Count(d.file(), "k7:eth") != 2 {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("x")
	d.saved()
	if strings.Contains(d.file(), "k7") {
		t.Errorf("cables to a device that is gone:\n%s", d.file())
	}
}

// TestCables edits one cable of an automatic cabling: it is the only one that
// moves.
func TestCables(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("6", "enter")
	d.clear()
	d.write("spine1:swp30")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "spine1:swp30 leaf1:swp51") || strings.Contains(d.file(), "spine1:swp1 ") || strings.Count(d.file(), ":swp5") != 4 {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("A")
	d.saved()
	if strings.Contains(d.file(), "links") {
		t.Errorf("the file is\n%s", d.file())
	}
}

// TestFindingLeads goes from a finding to the field that it is about.
func TestFindingLeads(t *testing.T) {
	d := opened(t, 80, 24)
	d.only(found(d))
	d.press("7", "enter")
	if d.step() != "fabric" {
		t.Fatalf("at %s", d.step())
	}
	if k := d.app.screens[1].(*fabricScreen).current(); k.path != "loopbacks.leafs" {
		t.Errorf("at %s", k.path)
	}
	d.press("7", "down", "enter")
	if d.step() != "nodes" || d.app.screens[4].(*deviceScreen).current().Name != "k2" {
		t.Errorf("at %s", d.step())
	}
}

// TestUnsaved edits a fabric whose folder is gone: it is said, and q asks.
func TestUnsaved(t *testing.T) {
	d := opened(t, 80, 24)
	if err := os.RemoveAll(filepath.Dir(d.app.desk.path)); err != nil {
		t.Fatal(err)
	}
	d.press("2", "enter")
	d.write("x")
	d.press("enter")
	d.until("it was tried", func() bool { return d.app.desk.saveErr != nil })
	d.shows("NOT SAVED")
	d.press("q")
	d.shows("Leave closup?")
	d.press("n")
	d.hides("Leave closup?")
	d.press("q", "y")
	d.until("it ends", func() bool { return d.ended })
}

// TestChangedOnDisk edits a fabric that somebody else edited meanwhile: theirs
// is not written over unless that is asked for.
func TestChangedOnDisk(t *testing.T) {
	d := opened(t, 80, 24)
	theirs := d.file() + "# theirs\n"
	if err := os.WriteFile(d.app.desk.path, []byte(theirs), 0o644); err != nil {
		t.Fatal(err)
	}
	d.press("2", "enter")
	d.write("x")
	d.press("enter")
	d.until("it was refused", func() bool { return d.app.desk.saveErr != nil })
	if d.file() != theirs {
		t.Fatalf("the file is\n%s", d.file())
	}
	d.press("1")
	d.shows("NOT SAVED")
	d.shows("w write anyway")
	d.press("w")
	d.until("it is written", func() bool { return d.app.desk.saveErr == nil })
	if !strings.Contains(d.file(), "name: twox") {
		t.Errorf("the file is\n%s", d.file())
	}
	d.hides("NOT SAVED")
}
