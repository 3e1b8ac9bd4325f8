package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// dialog is a few fields that are accepted together. What is typed stays until
// it is accepted: closing and opening it again shows it as it was left.
type dialog struct {
	title  string
	fields []field
	at     int
	seen   list // of the fields
	open   bool
	sent   int    // id of the change that it waits for; 0: none
	err    string // why the last one was refused
}

// outcome of a key in a dialog.
type outcome uint8

const (
	staying outcome = iota
	accepted
	closed
	edited
)

func (d *dialog) value(name string) string {
	for i := range d.fields {
		if d.fields[i].name == name {
			return strings.TrimSpace(d.fields[i].value())
		}
	}
	return ""
}

// update takes a key or a paste.
func (d *dialog) update(msg tea.Msg) outcome {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case key.Matches(k, keys.cancel):
			d.open = false
			return closed
		case key.Matches(k, keys.accept):
			return d.accept()
		case k.String() == "tab" || k.String() == "down":
			d.at = (d.at + 1) % len(d.fields)
			return staying
		case k.String() == "shift+tab" || k.String() == "up":
			d.at = (d.at + len(d.fields) - 1) % len(d.fields)
			return staying
		}
	}
	before := d.fields[d.at].value()
	d.fields[d.at].update(msg)
	if d.fields[d.at].value() == before {
		return staying
	}
	d.err = ""
	return edited
}

// accept goes to the first field that is wrong, or says that all are right.
func (d *dialog) accept() outcome {
	if d.sent != 0 {
		return staying
	}
	for i := range d.fields {
		if d.fields[i].verify(); d.fields[i].err != nil {
			d.at = i
			return staying
		}
	}
	return accepted
}

// lines draws the fields in w cells, and under them what the one with the keys
// may hold. In less than h lines a part of the fields is seen.
func (d *dialog) lines(l *look, w, h int) []string {
	// The title, the hint of the field and what the form does want their place.
	lines := append([]string{l.in(accent, d.title), ""}, d.rows(l, w, max(3, h-10))...)
	return append(append(lines, ""), d.help(l, w)...)
}

// rows draws at most h of the fields, the one with the keys among them.
func (d *dialog) rows(l *look, w, h int) (lines []string) {
	label := 0
	for i := range d.fields {
		label = max(label, width(d.fields[i].label))
	}
	room := max(8, min(44, w-label-6)) // with what moves along, where not all are seen
	d.seen.n, d.seen.at = len(d.fields), d.at
	from, to := d.seen.window(min(len(d.fields), h))
	for i := from; i < to; i++ {
		f := &d.fields[i]
		head := "  " + l.in(dim, fill(f.label, label))
		if i == d.at {
			head = l.in(accent, l.cursor+" ") + l.in(strong, fill(f.label, label))
		}
		line := head + "  " + f.view(l, room, i == d.at)
		if f.err != nil && i != d.at {
			line += l.in(bad, " "+l.fail)
		}
		if to-from < len(d.fields) {
			line = fill(line, label+room+5) + l.scrollbar(i-from, to-from, from, len(d.fields))
		}
		lines = append(lines, line)
	}
	return lines
}

// help says what the field with the keys is for, what it may hold, and why the
// dialog was refused.
func (d *dialog) help(l *look, w int) (lines []string) {
	f := &d.fields[d.at]
	if f.about != "" {
		lines = append(lines, wrap(f.about, w)...)
	}
	lines = append(lines, f.hint(l, w)...)
	if d.err != "" {
		lines = append(lines, l.trouble(d.err, w)...)
	}
	return lines
}

// keys is the footer while the dialog is open.
func (d *dialog) keys() []key.Binding {
	all := []key.Binding{keys.accept}
	if len(d.fields) > 1 {
		all = append(all, bind("tab", "next field"))
	}
	if len(d.fields[d.at].choices) > 0 {
		all = append(all, bind("space ← →", "choose"))
	}
	return append(all, keys.cancel)
}
