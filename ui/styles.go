package ui

import (
	"image/color"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/colorprofile"

	"closup/model"
)

// All colours and glyphs of the screens stand in this file. A screen names a
// tone; the look turns it into a style, so that a terminal that changes from
// dark to light needs no screen to be built again. Nothing is told by colour
// alone: beside every tone that means something stands a glyph or a word.

// tone is what a piece of text means.
type tone uint8

const (
	plain tone = iota
	dim
	faint
	strong
	accent
	good
	warn
	bad
	superspineTone
	spineTone
	leafTone
	borderTone
	nodeTone
	numTones
)

// roleTone is the tone of a role's devices.
func roleTone(r model.Role) tone { return superspineTone + tone(r) }

// shade is one colour as the terminals have it: of 16 million, of 256, of 16.
// Empty is the terminal's own. The nearest of 256 to a dark grey is a blue, so
// each is chosen and none computed.
type shade [3]string

func (s shade) color(p colorprofile.Profile) color.Color {
	text := s[0]
	switch p {
	case colorprofile.ANSI256:
		text = s[1]
	case colorprofile.ANSI:
		text = s[2]
	}
	if text == "" || p <= colorprofile.ASCII {
		return nil
	}
	return lipgloss.Color(text)
}

// palette is the shades of one theme: the tones, and the backgrounds of the
// title line, of the row under the cursor, and of what can be typed into.
type palette struct {
	tones                [numTones]shade
	bar, selected, field shade
	screen               shade // behind everything, where a theme was asked for
}

var darkPalette = palette{
	tones: [numTones]shade{
		plain: {"#e6e9f0", "255", "15"}, strong: {"#ffffff", "231", "15"}, dim: {"#9aa4b8", "248", "7"}, faint: {"#7a8399", "244", "8"}, accent: {"#7aa2ff", "111", "12"},
		good: {"#4ade80", "78", "10"}, warn: {"#fbbf24", "214", "11"}, bad: {"#ff7b7b", "203", "9"},
		superspineTone: {"#f0abfc", "219", "13"}, spineTone: {"#b79dff", "141", "13"}, leafTone: {"#3dd6e5", "80", "14"},
		borderTone: {"#ff9f5a", "215", "3"}, nodeTone: {"#e8c88a", "186", "11"},
	},
	bar: shade{"#1d2333", "235", ""}, selected: shade{"#2b3654", "237", "8"}, field: shade{"#262d40", "236", ""}, screen: shade{"#11131a", "", ""},
}

var lightPalette = palette{
	tones: [numTones]shade{
		plain: {"#1b2130", "234", "0"}, strong: {"#000000", "16", "0"}, dim: {"#4a5362", "240", "8"}, faint: {"#757e8e", "244", "8"}, accent: {"#1d4ed8", "26", "4"},
		good: {"#0f6b31", "22", "2"}, warn: {"#8a4b00", "94", "3"}, bad: {"#b91c1c", "160", "1"},
		superspineTone: {"#a21caf", "127", "5"}, spineTone: {"#6d28d9", "55", "5"}, leafTone: {"#0b6b80", "24", "6"},
		borderTone: {"#a33c05", "130", "1"}, nodeTone: {"#7a5a12", "94", "3"},
	},
	bar: shade{"#e6eaf3", "254", ""}, selected: shade{"#d5e0ff", "189", "7"}, field: shade{"#edf0f7", "255", ""}, screen: shade{"#ffffff", "", ""},
}

// The high-contrast palettes leave out every grey: what is less important is
// told by its place alone.
var darkContrast = palette{
	tones: [numTones]shade{
		plain: {"#ffffff", "15", "15"}, dim: {"#ffffff", "15", "15"}, faint: {"#e0e0e0", "254", "7"}, strong: {"#ffffff", "15", "15"}, accent: {"#ffff00", "226", "11"},
		good: {"#00ff5f", "47", "10"}, warn: {"#ffd75f", "221", "11"}, bad: {"#ffafaf", "217", "9"},
		superspineTone: {"#ffafff", "219", "13"}, spineTone: {"#d7afff", "183", "13"}, leafTone: {"#5fffff", "87", "14"},
		borderTone: {"#ffaf5f", "215", "11"}, nodeTone: {"#ffd787", "222", "15"},
	},
	bar: shade{"#000000", "16", "0"}, selected: shade{"#00005f", "17", "4"}, field: shade{"#262626", "235", "0"}, screen: shade{"#000000", "", ""},
}

var lightContrast = palette{
	tones: [numTones]shade{
		plain: {"#000000", "16", "0"}, dim: {"#000000", "16", "0"}, faint: {"#262626", "235", "0"}, strong: {"#000000", "16", "0"}, accent: {"#0000af", "19", "4"},
		good: {"#004d00", "22", "2"}, warn: {"#5f3700", "52", "0"}, bad: {"#870000", "88", "1"},
		superspineTone: {"#870087", "90", "5"}, spineTone: {"#5f00af", "55", "5"}, leafTone: {"#004f4f", "23", "4"},
		borderTone: {"#870000", "88", "1"}, nodeTone: {"#5f3700", "58", "0"},
	},
	bar: shade{"#ffffff", "231", "15"}, selected: shade{"#ffffaf", "229", "11"}, field: shade{"#eeeeee", "255", "15"}, screen: shade{"#ffffff", "", ""},
}

// Themes are the names that --theme takes, in the order in which the wizard's
// key goes through them.
var Themes = []string{"auto", "dark", "light", "high-contrast"}

// KnownTheme says whether there is a theme of that name; empty is auto.
func KnownTheme(name string) bool { return name == "" || slices.Contains(Themes, name) }

// palettes by contrast and by whether the background is dark.
func (t terminal) palette() palette {
	switch {
	case t.contrast && t.dark:
		return darkContrast
	case t.contrast:
		return lightContrast
	case t.dark:
		return darkPalette
	}
	return lightPalette
}

// glyphs are the signs that stand beside words. ASCII terminals get their own.
type glyphs struct {
	done, fail, open, cursor, up, down, unknown string
	rule, wall, ellipsis, arrow, dot, mark      string
	device, edge, wallRight, thumb, track       string
	spin                                        []string
	bars                                        []string // of a sparkline, from low to high
	gapBar                                      string   // where there was nothing
}

var unicodeGlyphs = glyphs{
	done: "✓", fail: "!", open: "·", cursor: "▸", up: "●", down: "✗", unknown: "○",
	rule: "─", wall: "│", ellipsis: "…", arrow: "→", dot: "·", mark: "◆", edge: "▌", wallRight: "▕", thumb: "┃", track: "│",
	device: "■",
	bars:   []string{"▁", "▂", "▃", "▄", "▅"}, gapBar: "·", // none that touches the row above
	spin: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"},
}

var asciiGlyphs = glyphs{
	done: "+", fail: "!", open: ".", cursor: ">", up: "*", down: "x", unknown: "o",
	rule: "-", wall: "|", ellipsis: "~", arrow: "->", dot: "-", mark: "#", edge: ">", wallRight: "]", thumb: "#", track: "|",
	device: "#",
	bars:   []string{"_", ".", "-", "=", "#"}, gapBar: "x",
	spin: []string{"|", "/", "-", "\\"},
}

// terminal is what decides how everything looks.
type terminal struct {
	dark, contrast, ascii bool
	profile               colorprofile.Profile
}

// look is how everything is drawn: one theme, one set of glyphs.
type look struct {
	terminal
	glyphs
	styles     [numTones]lipgloss.Style
	bar        lipgloss.Style
	selected   lipgloss.Style
	field      lipgloss.Style
	keycap     lipgloss.Style
	cursorCell lipgloss.Style
}

func newLook(t terminal) *look {
	p := t.palette()
	l := &look{terminal: t, glyphs: unicodeGlyphs}
	if t.ascii {
		l.glyphs = asciiGlyphs
	}
	base := lipgloss.NewStyle()
	under := func(s shade) lipgloss.Style {
		if c := s.color(t.profile); c != nil {
			return base.Background(c)
		}
		return base
	}
	for i, s := range p.tones {
		l.styles[i] = base
		if c := s.color(t.profile); c != nil {
			l.styles[i] = base.Foreground(c)
		}
	}
	for _, t := range []tone{strong, accent, bad} {
		l.styles[t] = l.styles[t].Bold(true)
	}
	l.bar, l.selected, l.field = under(p.bar), under(p.selected), under(p.field)
	l.keycap = l.styles[accent]
	l.cursorCell = base.Reverse(true)
	return l
}

// in renders s in a tone.
func (l *look) in(t tone, s string) string {
	if s == "" || t == plain && !l.contrast {
		return s
	}
	return l.styles[t].Render(s)
}

// on renders s in a tone on the background of under.
func (l *look) on(under lipgloss.Style, t tone, s string) string {
	if s == "" {
		return s
	}
	return l.styles[t].Background(under.GetBackground()).Render(s)
}

// ground is the colours of plain text and of the screen behind it, for a theme
// that the terminal's own colours may not go with; nil: the terminal's own.
func (t terminal) ground() (front, back color.Color) {
	p := t.palette()
	if t.profile <= colorprofile.ASCII {
		return nil, nil
	}
	return p.tones[plain].color(colorprofile.TrueColor), p.screen.color(colorprofile.TrueColor)
}

// tab is the name of a view among others: the one in front is marked.
func (l *look) tab(name string, front bool) string {
	switch {
	case front && l.profile <= colorprofile.ASCII: // no background to mark it with
		return l.in(strong, "["+name+"]")
	case front:
		return l.on(l.selected, strong, " "+name+" ")
	}
	return l.in(dim, " "+name+" ")
}

// tabs is the names of several views in w cells, scrolled so that the one in
// front is among them.
func (l *look) tabs(names []string, front, w int) string {
	const before = 2 // cells of the sign that says that there are some
	from, used := front, width(names[front])+2
	for from > 0 {
		room := w
		if from > 1 {
			room -= before
		}
		if used+width(names[from-1])+2 > room {
			break
		}
		from--
		used += width(names[from]) + 2
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString(l.in(dim, l.ellipsis+" "))
	}
	for i := from; i < len(names); i++ {
		b.WriteString(l.tab(names[i], i == front))
	}
	return cut(b.String(), w, l.ellipsis)
}

// severityTone shows a finding's severity.
func severityTone(s model.Severity) tone {
	switch s {
	case model.Error:
		return bad
	case model.Warning:
		return warn
	default:
		return dim
	}
}
