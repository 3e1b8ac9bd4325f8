package ui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// TestCell edits one cell of the table; the row of the file follows, and
// nothing else.
func TestCell(t *testing.T) {
	d := opened(t, 100, 30)
	before := d.file()
	d.press("4", "right", "right", "right", "right", "right")
	d.shows("line 17: 192.0.2.11. enter edits it.")
	d.press("enter")
	d.clear()
	d.write("192.0.2.99")
	d.press("enter")
	d.saved()
	if want := strings.Replace(before, "192.0.2.11", "192.0.2.99", 1); d.file() != want {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("left", "left", "enter") // the AS number
	d.write("x")
	d.press("enter")
	if !d.app.screens[3].Typing() {
		t.Error("a wrong AS number was taken")
	}
	d.shows("! ")
	d.press("esc")
	if strings.Contains(d.file(), "x}") {
		t.Errorf("the file is\n%s", d.file())
	}
	// The name, with tab on to the next cell.
	d.press("esc", "right", "enter")
	d.clear()
	d.write("left1")
	d.press("tab")
	d.saved()
	if !strings.Contains(d.file(), "name: left1, mgmt: 192.0.2.99") {
		t.Errorf("the file is\n%s", d.file())
	}
}

// TestTwin makes one more like the one under the cursor.
func TestTwin(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("5", "d")
	d.shows("Add one like k1")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "- {name: k3, mgmt: 192.0.2.23, roles: [control-plane], homes: 2}") {
		t.Errorf("the file is\n%s", d.file())
	}
}

// unnumbered is a fabric whose devices are numbered by their places.
const unnumbered = `version: 1
name: places
asn: {spines: 65501+, leafs: 65101+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}
spines:
  - name: core
    mgmt: 192.0.2.1
  - name: spare # the other one
    mgmt: 192.0.2.2
leafs: [{name: left}, {name: right}]
nodes: [{name: a}, {name: b}]
`

// TestMoveRow changes the order of rows. What that renumbers is shown before
// it is done.
func TestMoveRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fabric.yaml")
	if err := os.WriteFile(path, []byte(unnumbered), 0o644); err != nil {
		t.Fatal(err)
	}
	d := drive(t, path, 100, 30)
	d.until("it is open", func() bool { return d.app.desk.project != nil })
	d.press("3", "J")
	s := d.app.screens[2].(*deviceScreen)
	d.until("it was tried", func() bool { return s.proposal.open })
	d.shows("core asn: 65501 becomes 65502")
	if d.file() != unnumbered {
		t.Fatalf("it was done before it was accepted:\n%s", d.file())
	}
	d.press("esc")
	d.hides("becomes")
	d.press("J")
	d.until("it was tried", func() bool { return s.proposal.open })
	d.press("enter")
	d.saved()
	text := d.file()
	if strings.Index(text, "name: spare") > strings.Index(text, "name: core") || !strings.Contains(text, "mgmt: 192.0.2.2\n  - ") {
		t.Errorf("the file is\n%s", text)
	}
	if s.current().Name != "core" {
		t.Errorf("the cursor is on %s", s.current().Name)
	}
	d.press("u")
	d.saved()
	if d.file() != unnumbered {
		t.Errorf("after undo the file is\n%s", d.file())
	}
}

// TestMany pastes many lines: each is checked for itself, and none is added
// while one is wrong.
func TestMany(t *testing.T) {
	d := opened(t, 110, 36)
	before := d.file()
	d.press("5")
	d.tell(tea.PasteMsg{Content: "name;mgmt;rack\r\nk[3-5];192.0.2.[23-25];r1\nk2;192.0.2.26;r1\n k6\t192.0.2.27\n"})
	d.shows("there is a device k2 already")
	d.shows("k3, k4, k5 (3)")
	d.press("ctrl+s")
	d.shows("▸3")
	if d.file() != before {
		t.Fatalf("the file is\n%s", d.file())
	}
	d.clear()
	d.write("k7;192.0.2.26;r1")
	d.press("esc", "b") // closed and opened: it is still there
	s := d.app.screens[4].(*deviceScreen)
	d.until("it was tried", func() bool { return s.bulk.trial.seen != nil })
	d.shows("5 devices")
	d.press("ctrl+s")
	d.saved()
	for _, row := range []string{`- {name: "k[3-5]", mgmt: "192.0.2.[23-25]", rack: r1}`, "- {name: k7, mgmt: 192.0.2.26, rack: r1}", "- {name: k6, mgmt: 192.0.2.27}"} {
		if !strings.Contains(d.file(), row) {
			t.Errorf("%s is not in\n%s", row, d.file())
		}
	}
	if s.bulk.open {
		t.Error("it is still open")
	}
}

// TestManyRead reads lines of every kind.
func TestManyRead(t *testing.T) {
	d := opened(t, 80, 24)
	role := d.app.screens[4].(*deviceScreen).roles[0]
	for _, c := range []struct{ text, row, wrong string }{
		{text: "k9", row: "{name: k9}"},
		{text: "k9 192.0.2.9 r2", row: "{name: k9, mgmt: 192.0.2.9, rack: r2}"},
		{text: `k9,"192.0.2.9",,ABC123`, row: "{name: k9, mgmt: 192.0.2.9, serial: ABC123}"},
		{text: "- {name: k9, homes: 2}", row: "{name: k9, homes: 2}"},
		{text: "k[1,3]", row: `{name: "k[1,3]"}`},
		{text: "# a comment"},
		{text: "   "},
		{text: "k9 not/an/address", wrong: "address"},
		{text: "k[3-", wrong: "without a ]"},
		{text: "- {nam: k9}", wrong: "nam"},
		{text: "k[1-3] 192.0.2.[1-2]", wrong: "3"},
		{text: "a b c d e", wrong: "columns"},
	} {
		line := bulkLine{text: c.text}
		line.read(role, bulkColumns)
		if line.row != c.row && c.wrong == "" {
			t.Errorf("%q is %q, not %q", c.text, line.row, c.row)
		}
		if c.wrong == "" != (line.err == nil) || line.err != nil && !strings.Contains(line.err.Error(), c.wrong) {
			t.Errorf("%q: %v", c.text, line.err)
		}
	}
}

// TestPeers adds a session to the outside, changes one key of it, and deletes
// it.
func TestPeers(t *testing.T) {
	d := opened(t, 110, 36)
	withBorder(d)
	d.saved()
	d.press("4", "G", "o")
	d.shows("65254")
	d.press("a")
	d.shows("10.1.3.0/24, 10.233.64.0/18") // what is proposed to tell
	d.write("swp45")
	d.press("tab")
	d.write("external")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "{port: swp45, asn: external, accept: [0.0.0.0/0], advertise: [10.1.3.0/24, 10.233.64.0/18]}") {
		t.Fatalf("the file is\n%s", d.file())
	}
	d.press("down", "enter", "down")
	d.clear()
	d.write("0")
	d.shows("! ")
	d.clear()
	d.write("65300")
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "{port: swp45, asn: 65300, accept:") {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("x")
	d.saved()
	if strings.Contains(d.file(), "swp45") || !strings.Contains(d.file(), "swp44") {
		t.Errorf("the file is\n%s", d.file())
	}
	d.press("esc")
	d.shows("border1")
}

// TestOwnKeys writes what a device may say for itself.
func TestOwnKeys(t *testing.T) {
	d := opened(t, 110, 50)
	d.press("4", "down", "e")
	s := d.app.screens[3].(*deviceScreen)
	for name, value := range map[string]string{"ports.uplinks": "swp[49-50]", "ports.downlinks": "swp[1-8]", "breakout": "swp1: 4x25G", "management.port": "eth1", "access.user": "admin"} {
		for i := range s.form.fields {
			if s.form.fields[i].name == name {
				s.form.fields[i].set(value)
			}
		}
	}
	d.press("enter")
	d.saved()
	for _, want := range []string{`ports: {uplinks: "swp[49-50]", downlinks: "swp[1-8]"}`, "breakout: {swp1: 4x25G}", "management: {port: eth1}", "access: {user: admin}"} {
		if !strings.Contains(d.file(), want) {
			t.Errorf("%s is not in\n%s", want, d.file())
		}
	}
	d.press("d") // a twin has them on its one new row
	d.press("enter")
	d.saved()
	if strings.Count(d.file(), `ports: {uplinks: "swp[49-50]", downlinks: "swp[1-8]"}`) != 2 {
		t.Errorf("the file is\n%s", d.file())
	}
}

// TestChooseCable goes over the drawing with the arrows and the mouse.
func TestChooseCable(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("6")
	s := d.app.screens[5].(*cablingScreen)
	d.press("right")
	if s.links[s.table.at].A.Device != "spine2" {
		t.Errorf("at %v", s.links[s.table.at])
	}
	d.press("left")
	if s.table.at != 0 {
		t.Errorf("at %d", s.table.at)
	}
	// leaf2 stands in the second row of devices, on the right.
	c := s.drawing()
	h := c.height(min(s.h/2, s.h-8))
	y := (h - len(c.tiers)) / (len(c.tiers) - 1)
	d.tell(tea.MouseClickMsg{X: 1 + d.app.sidebar() + 2 + s.w*3/4, Y: titleRows + headRows + y + 1, Button: tea.MouseLeft})
	if k := s.links[s.table.at]; k.A.Device != "leaf2" && k.B.Device != "leaf2" {
		t.Errorf("a click on leaf2 chose %v", k)
	}
	d.tell(tea.MouseClickMsg{X: 40, Y: titleRows + headRows + s.table.y + 3, Button: tea.MouseLeft})
	if s.table.at != 2 {
		t.Errorf("a click on the third row chose %d", s.table.at)
	}
}
