package ui

import (
	"fmt"
	"path"
	"strings"

	"closup/render"
)

// The preview's view: the devices, and the file or its difference to what runs.

// lines is what is read: the file, or its difference to what runs.
func (s *previewScreen) lines() []cell {
	if s.other.target > 0 {
		return s.otherLines()
	}
	if s.file >= len(s.files) {
		return nil
	}
	f := s.files[s.file]
	var lines []cell
	if s.diffing {
		for _, file := range s.running[s.device()].files {
			if file.Path != f.Path {
				continue
			}
			if !file.Changed {
				return []cell{{"The device has it already, to the letter.", good}}
			}
			for line := range strings.Lines(file.Change.Diff(render.Contexts[s.context].Lines)) {
				lines = append(lines, cell{printable(strings.TrimSuffix(line, "\n")), diffTone(line)})
			}
			return lines
		}
		switch now, ok := s.running[s.device()]; {
		case now.err != "":
			return []cell{{printable(now.err), bad}}
		case ok:
			return []cell{{"The device has nothing of this file to compare with.", dim}}
		}
		return []cell{{"Not fetched yet: f asks " + s.device() + " what it runs now.", dim}}
	}
	return sourceLines(f.Path, f.Body)
}

// sourceLines is a file as it is read: comments are faint, headings of Markdown
// stand out, the rest gets its colours when it is drawn.
func sourceLines(file string, body []byte) []cell {
	var lines []cell
	comment := faint
	if path.Ext(file) == ".md" {
		comment = strong
	}
	for line := range strings.Lines(string(body)) {
		line = printable(strings.TrimSuffix(line, "\n"))
		t := plain
		if word := strings.TrimSpace(line); word == "" || strings.HasPrefix(word, "#") || strings.HasPrefix(word, "!") {
			t = comment
		}
		lines = append(lines, cell{line, t})
	}
	return lines
}

func diffTone(line string) tone {
	switch {
	case strings.HasPrefix(line, "+++"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "@@"):
		return faint
	case strings.HasPrefix(line, "+"):
		return good
	case strings.HasPrefix(line, "-"):
		return bad
	}
	return dim
}

// narrow says that the device list and a file do not fit side by side.
func (s *previewScreen) narrow() bool { return s.w < 50 }

func (s *previewScreen) page() int { return max(1, s.h-5) }

func (s *previewScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.devices.n == 0 {
		return l.in(dim, "No devices yet.")
	}
	if s.export.open {
		return strings.Join(s.export.lines(l, s.w, s.h), "\n")
	}
	head, h := s.targetTabs()+"\n\n", max(0, s.h-2)
	if s.other.target > 0 {
		return head + s.otherView(s.w, h)
	}
	if s.narrow() {
		if s.reading || s.finding {
			return head + s.fileView(s.w, h)
		}
		return head + s.deviceList(s.w, h)
	}
	left := s.listWidth()
	return head + beside("  ", block(s.deviceList(left, h), left, h), block(s.fileView(s.w-left-2, h), s.w-left-2, h))
}

// listWidth is how wide the list of the devices is.
func (s *previewScreen) listWidth() int {
	left := 0
	for i := range s.project.Plan.Devices {
		left = max(left, width(s.project.Plan.Devices[i].Name))
	}
	return min(left+4, s.w/3)
}

// targetTabs is the names of the targets, scrolled to the one in view.
func (s *previewScreen) targetTabs() string {
	names := make([]string, len(render.Targets))
	for i := range names {
		names[i] = render.Targets[i].Name
	}
	return s.look.tabs(names, s.other.target, s.w)
}

func (s *previewScreen) deviceList(w, h int) string {
	l := s.look
	from, to := s.devices.window(h)
	var lines []string
	for i := from; i < to; i++ {
		d := &s.project.Plan.Devices[i]
		mark := " "
		if f, ok := s.running[d.Name]; ok {
			mark = l.fetchMark(f)
		}
		name := fit(d.Name, w-4, l.ellipsis)
		switch {
		case i != s.devices.at:
			lines = append(lines, "  "+l.in(roleTone(d.Role), name)+mark)
		case s.reading:
			lines = append(lines, l.in(dim, l.cursor+" ")+l.in(strong, name)+mark)
		default:
			lines = append(lines, l.on(l.selected, accent, l.cursor+" ")+l.on(l.selected, roleTone(d.Role), name)+l.selected.Render(" ")+mark)
		}
	}
	return strings.Join(lines, "\n")
}

// fetchMark shows whether a device has its files already.
func (l *look) fetchMark(f fetched) string {
	if f.err != "" {
		return l.in(bad, l.fail)
	}
	for _, file := range f.files {
		if file.Changed {
			return l.in(warn, "~")
		}
	}
	return l.in(good, l.done)
}

func (s *previewScreen) fileView(w, h int) string {
	l := s.look
	if s.err != nil {
		return strings.Join(clipped(l, wrap(l.fail+" "+printable(s.err.Error()), w), bad, h), "\n")
	}
	if s.file >= len(s.files) {
		return ""
	}
	f := s.files[s.file]
	note := ""
	if f.Merge != nil {
		note = ", our part of it; the rest stays"
	}
	if s.diffing {
		note = ", what changes, context " + render.Contexts[s.context].Word
	}
	head := l.in(dim, cut(fmt.Sprintf("%s%s", f.Path, note), w, l.ellipsis))
	if s.finding {
		head = l.in(strong, "/") + s.search.view(l, w-2, true)
	}
	names := make([]string, len(s.files))
	for i := range names {
		names[i] = path.Base(s.files[i].Path)
	}
	out := []string{l.tabs(names, s.file, w), head, ""}
	var below []string
	if n := reasonLines(h); s.why && n > 0 {
		below = s.reason(w, n)
	}
	out = append(out, s.text(w, h-len(out)-len(below))...)
	for below != nil && len(out) < h-len(below) {
		out = append(out, "")
	}
	return strings.Join(append(out, below...), "\n")
}

// text draws what is read in h lines: numbers, colours, the cursor, the last
// match.
func (s *previewScreen) text(w, h int) []string {
	l, lines := s.look, s.lines()
	from, to := s.window(len(lines), h)
	digits, room := len(fmt.Sprint(len(lines))), w
	bar := to-from < len(lines)
	if bar {
		room -= 2
	}
	code := room - digits - 1
	code, notes := s.notes(lines, from, to, code)
	var out []string
	for i := from; i < to; i++ {
		num := fmt.Sprintf("%*d ", digits, i+1)
		line := l.in(faint, num) + l.painted(lines[i], code)
		switch marked := fill(cut(lines[i].text, code, l.ellipsis), code); {
		case s.why && i == s.cursor.at:
			line = l.on(l.selected, accent, num) + l.on(l.selected, strong, marked)
		case i == s.found && s.search.value() != "":
			line = l.in(accent, num) + l.on(l.field, strong, marked)
		}
		if note := notes[i]; note != "" {
			line = fill(line, digits+1+code+noteGap) + l.in(dim, note)
		}
		if bar {
			line = fill(line, room+1) + l.scrollbar(i-from, to-from, from, len(lines))
		}
		out = append(out, line)
	}
	return out
}
