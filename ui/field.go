package ui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// field is one thing to type or to choose, checked while it is typed.
type field struct {
	name    string // of the value, for whoever reads it
	label   string
	about   string // what it is for
	rule    string // what it may be
	example string
	choices []string           // instead of typing: one of these
	follows string             // the value where nothing is typed
	from    string             // where that one comes from
	check   func(string) error // nil where the text is fine

	input textinput.Model
	whole bool // the value is a proposal: it is marked, and what is typed replaces it
	err   error
}

func (f *field) begin(value string) {
	f.input = textinput.New()
	f.input.Prompt = ""
	f.input.KeyMap.Paste.SetEnabled(false) // the terminal pastes; nothing runs a helper program
	f.set(value)
}

// propose begins with a value that the first thing typed replaces.
func (f *field) propose(value string) {
	f.begin(value)
	f.whole = value != ""
}

func (f *field) set(value string) {
	f.whole = false
	f.input.SetValue(value)
	f.input.CursorEnd()
	f.verify()
}

func (f *field) value() string { return f.input.Value() }

func (f *field) verify() {
	f.err = nil
	if f.check != nil {
		f.err = f.check(strings.TrimSpace(f.value()))
	}
}

// update takes a key or a paste. A choice goes round with space and arrows.
func (f *field) update(msg tea.Msg) {
	if len(f.choices) > 0 {
		if k, ok := msg.(tea.KeyPressMsg); ok {
			f.turn(k)
		}
		return
	}
	k, isKey := msg.(tea.KeyPressMsg)
	if f.whole && (!isKey || k.Text != "") {
		f.input.SetValue("")
	}
	f.whole = false
	f.input.Focus()
	f.input, _ = f.input.Update(msg)
	f.verify()
}

func (f *field) turn(k tea.KeyPressMsg) {
	step := 0
	switch k.String() {
	case "space", "right":
		step = 1
	case "left":
		step = -1
	default:
		return
	}
	at := 0
	for i, c := range f.choices {
		if c == f.value() {
			at = i
		}
	}
	f.set(f.choices[(at+step+len(f.choices))%len(f.choices)])
}

// view draws the value in w cells: with a cursor where it has the keys.
func (f *field) view(l *look, w int, focused bool) string {
	t := plain
	if f.err != nil {
		t = bad
	}
	w -= 2 // a space before, the edge behind
	edge := l.on(l.field, faint, l.wallRight)
	if len(f.choices) > 0 {
		text := f.value()
		if focused {
			text = "< " + text + " >"
		}
		return l.on(l.field, t, " "+fit(text, w, l.ellipsis)) + edge
	}
	if !focused {
		text := f.value()
		if text == "" {
			text, t = f.instead(), faint
		}
		return l.on(l.field, t, " "+fit(text, w, l.ellipsis)) + edge
	}
	before, under, after := f.around(w)
	if f.value() == "" {
		after, t = cut(f.instead(), w-1, l.ellipsis), faint
	}
	if f.whole {
		return l.on(l.field, t, " ") + l.styles[t].Reverse(true).Render(before) + l.on(l.field, t, fill("", w-width(before))) + edge
	}
	return l.on(l.field, t, " "+before) + l.cursorCell.Render(under) +
		l.on(l.field, t, fill(after, w-width(before)-width(under))) + edge
}

// instead is what an empty field shows: the value that holds then, in brackets,
// so that nobody takes it for one that was typed.
func (f *field) instead() string {
	if f.follows == "" {
		return ""
	}
	return "(" + f.follows + ")"
}

// around is the text before, under and after the cursor, scrolled so that the
// cursor is inside w cells.
func (f *field) around(w int) (before, under, after string) {
	runes, at := []rune(f.value()), f.input.Position()
	from := 0
	for from < at && width(string(runes[from:at])) >= w {
		from++
	}
	before, under = string(runes[from:at]), " "
	if at < len(runes) {
		under, after = string(runes[at]), string(runes[at+1:])
	}
	return before, under, cut(after, w-width(before)-1, "")
}

// hint is what stands under the field: what is wrong, or what it may be.
func (f *field) hint(l *look, w int) []string {
	var lines []string
	if f.err != nil {
		lines = l.trouble(f.err.Error(), w)
	}
	if f.follows != "" && f.value() == "" {
		for _, s := range wrap("Left empty it is "+f.follows+", "+f.from+".", w) {
			lines = append(lines, l.in(dim, s))
		}
	}
	rule := f.rule
	if f.example != "" {
		rule += "; for example " + f.example
	}
	for _, s := range wrap(strings.TrimPrefix(rule, "; "), w) {
		lines = append(lines, l.in(dim, s))
	}
	return lines
}

// trouble is what is wrong, marked at its beginning.
func (l *look) trouble(text string, w int) []string {
	lines := wrap(l.fail+" "+printable(text), w)
	for i := range lines {
		lines[i] = l.in(bad, lines[i])
	}
	return lines
}
