package ui

import (
	"strings"
	"testing"
)

// TestFormDefaults shows in the empty fields of a form what holds then, and
// says of the one with the keys where that comes from.
func TestFormDefaults(t *testing.T) {
	d := opened(t, 200, 60)
	d.press("4", "enter")
	for _, want := range []string{"(65101)", "(10.1.1.1)", "(cumulus)", "(frr)", "(22)", "(mgmt)"} {
		d.shows(want)
	}
	at := func(name string) {
		t.Helper()
		s := d.app.screens[3].(*deviceScreen)
		for range s.form.fields {
			if s.form.fields[s.form.at].name == name {
				return
			}
			d.press("tab")
		}
		t.Fatalf("there is no field %s", name)
	}
	for name, from := range map[string]string{
		"asn": "Left empty it is 65101, from asn.leafs in line 5.", "n": "Left empty it is 1, from the end of its name.",
		"access.port": "Left empty it is 22, the default.", "loopback": "from loopbacks.leafs in line 8.",
	} {
		at(name)
		d.shows(from)
	}
	// What is typed takes its place, and another number moves what follows.
	at("n")
	d.write("7")
	d.until("it was tried", func() bool { return d.app.screens[3].(*deviceScreen).trial.seen != nil })
	d.shows("(65107)")
	d.hides("Left empty it is 1,")
}

// TestCellKeepsColumns gives a short cell room for what is typed without moving
// the columns of that row away from those of the others.
func TestCellKeepsColumns(t *testing.T) {
	d := opened(t, 120, 40)
	d.press("4", "right", "right", "enter")
	d.write("9")
	column := func(text string) int {
		for line := range strings.Lines(d.screen()) {
			if i := strings.Index(line, text); i >= 0 {
				return width(line[:i])
			}
		}
		t.Fatalf("%s is not on the screen:\n%s", text, d.screen())
		return 0
	}
	if a, b := column("192.0.2.11"), column("192.0.2.12"); a != b {
		t.Errorf("one management address stands in column %d, the other in %d:\n%s", a, b, d.screen())
	}
}

// TestWholeEvent shows below the table what its row has no room for.
func TestWholeEvent(t *testing.T) {
	d := opened(t, 80, 24)
	liveWith(d, breakOne)
	s := d.app.screens[9].(*liveScreen)
	s.history.say(noon, "k2", bad, strings.Repeat("long ", 20)+"and its end")
	d.press("V")
	d.shows("and its end")
}
