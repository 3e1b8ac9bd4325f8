package ui

import (
	"regexp"
	"strings"
	"testing"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/lucasb-eyer/go-colorful"
)

// TestPalette finds actions by a part of their name, on this screen and on
// others, and does them as their keys would.
func TestPalette(t *testing.T) {
	d := opened(t, 80, 24)
	d.press("3", ":")
	d.shows("Spines: add")
	d.shows("as a command")
	d.write("nodes add")
	d.hides("Spines: add")
	d.press("enter")
	if d.step() != "nodes" || !d.app.screens[4].Typing() {
		t.Errorf("at %s, typing %v", d.step(), d.app.screens[4].Typing())
	}
	d.press("esc", ":")
	d.write("go live")
	d.shows("closup -f")
	d.press("enter")
	if d.step() != "live" {
		t.Errorf("at %s", d.step())
	}
	d.press(":")
	d.write("zzzqqq")
	d.shows("No action has that")
	d.press("enter", ":", "esc")
	if d.step() != "live" || d.app.palette.open {
		t.Error("nothing found, and something was done")
	}
}

// TestPaletteHasAll holds the palette against the footers: every key of every
// screen is in it, and each has a command or says that there is none.
func TestPaletteHasAll(t *testing.T) {
	d := opened(t, 120, 40)
	have := make(map[string]bool)
	for _, it := range d.app.actions() {
		have[it.text] = true
		if it.step >= 0 && it.command == "" {
			t.Errorf("%s has no command", it.text)
		}
	}
	for i, s := range steps {
		for _, k := range d.app.screens[i].Keys() {
			if text := s.label + ": " + k.Help().Desc; !have[text] && k.Keys()[0] != "esc" {
				t.Errorf("%q is not in the palette", text)
			}
		}
	}
	// What the help has under Everywhere, but for the keys that only move among the
	// steps: the palette has an action for each step instead.
	for _, k := range []key.Binding{keys.undo, keys.redo, keys.theme, keys.hints, keys.mouse, keys.help, keys.quit} {
		if text := capital(k.Help().Desc); !have[text] {
			t.Errorf("%q is not in the palette", text)
		}
	}
	for _, c := range commandsOf {
		if stepIndex(c.step) < 0 {
			t.Errorf("there is no step %s", c.step)
		}
	}
}

// TestPressed makes a press of every key that is bound to something.
func TestPressed(t *testing.T) {
	for _, k := range []key.Binding{keys.next, keys.prev, keys.back, keys.redo, keys.halfUp, keys.toggle, keys.add, keys.remove, keys.pageDown, keys.palette, keys.theme} {
		for _, name := range k.Keys() {
			if !key.Matches(pressed(name), k) {
				t.Errorf("%s is pressed as %q", name, pressed(name).String())
			}
		}
	}
}

// TestFuzzy orders what fits.
func TestFuzzy(t *testing.T) {
	for _, c := range []struct{ want, better, worse string }{
		{"push", "Push: check what would change", "Preview: fetch what runs, closup push"},
		{"add", "Leafs: add", "Live: read"},
		{"cab", "Go to Cabling", "Cargo and Bring"},
	} {
		a, okA := fuzzy(c.want, c.better, "")
		b, okB := fuzzy(c.want, c.worse, "")
		if !okA || okB && a <= b {
			t.Errorf("%q: %q has %d, %q has %d", c.want, c.better, a, c.worse, b)
		}
	}
	if _, ok := fuzzy("xyz", "Leafs: add", "closup plan"); ok {
		t.Error("xyz is found in Leafs: add")
	}
}

// TestThemes goes through the themes by their key.
func TestThemes(t *testing.T) {
	d := opened(t, 80, 24)
	d.tell(tea.BackgroundColorMsg{})
	for _, want := range []terminal{{dark: true}, {}, {dark: true, contrast: true}} {
		d.press("T")
		if got := d.app.look.terminal; got.dark != want.dark || got.contrast != want.contrast {
			t.Errorf("%s looks like %+v", d.app.options.Theme, got)
		}
		d.shows("theme: " + d.app.options.Theme)
	}
	for _, name := range []string{"", "auto", "high-contrast"} {
		if !KnownTheme(name) {
			t.Errorf("%q is not known", name)
		}
	}
	if KnownTheme("solarized") {
		t.Error("any theme is known")
	}
}

// TestContrast computes the contrast of every tone on every background that it
// is drawn on (WCAG 2.2, 1.4.3 and 1.4.6: 4.5 for text, 7 for high contrast;
// what is faint is beside the point and may have 3).
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		name       string
		p          palette
		background string
		least      float64
	}{
		{"dark", darkPalette, "#11131a", 4.5},
		{"light", lightPalette, "#ffffff", 4.5},
		{"dark contrast", darkContrast, "#000000", 7},
		{"light contrast", lightContrast, "#ffffff", 7},
	} {
		for name, under := range map[string]string{"screen": c.background, "bar": c.p.bar[0], "selected": c.p.selected[0], "field": c.p.field[0]} {
			for i, s := range c.p.tones {
				least := c.least
				if tone(i) == faint {
					least = min(least, 3)
				}
				if s[0] == "" || name == "field" && tone(i) == faint {
					continue
				}
				if got := contrast(t, s[0], under); got < least {
					t.Errorf("%s: tone %d (%s) on %s (%s) has a contrast of %.1f, below %.1f", c.name, i, s[0], name, under, got, least)
				}
			}
		}
	}
	if got := contrast(t, "#777777", "#888888"); got > 2 {
		t.Errorf("two greys have %.1f", got)
	}
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(hex string) float64 {
		c, err := colorful.Hex(hex)
		if err != nil {
			t.Fatal(err)
		}
		r, g, b := c.LinearRgb()
		return 0.2126*r + 0.7152*g + 0.0722*b
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// coloured is an escape sequence that sets a colour.
var coloured = regexp.MustCompile("\x1b\\[([0-9]+;)*([34][0-8]|9[0-7]|10[0-7])[;m]")

// TestNoColour has no colour where the terminal has none: what is told by a
// tone is there as a word or a sign.
func TestNoColour(t *testing.T) {
	d := opened(t, 80, 24)
	if !coloured.MatchString(d.app.View().Content) {
		t.Fatal("no colours where there are 16 million")
	}
	d.tell(tea.ColorProfileMsg{Profile: colorprofile.ASCII})
	for i := range steps {
		d.app.at = i
		if view := d.app.View().Content; coloured.MatchString(view) {
			t.Errorf("%s has colours", steps[i].name)
		}
	}
}

// TestFooterFirst: the key that a screen is about is in the footer, however
// narrow the terminal is; so are help and the way out.
func TestFooterFirst(t *testing.T) {
	for _, w := range []int{60, 80, 120} {
		d := opened(t, w, 20)
		for i := range steps {
			d.press(stepKey(i))
			lines := strings.Split(strings.TrimRight(d.screen(), "\n "), "\n")
			footer := lines[len(lines)-1]
			for _, k := range []key.Binding{d.app.screens[i].Keys()[0], keys.help, keys.quit} {
				if want := k.Help().Key + " " + k.Help().Desc; !strings.Contains(footer, want) {
					t.Errorf("%s at %d: no %q in %q", steps[i].name, w, want, footer)
				}
			}
		}
	}
	d := opened(t, 60, 20)
	pushTo(d, over)
	d.shows("enter watch it live")
	d.fits()
}
