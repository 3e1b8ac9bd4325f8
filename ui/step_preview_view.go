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
		return []cell{{"Not fetched yet: f asks " + s.device() + " what it runs now.", dim}}
	}
	for line := range strings.Lines(string(f.Body)) {
		line = printable(strings.TrimSuffix(line, "\n"))
		lines = append(lines, cell{line, sourceTone(line)})
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

// sourceTone tells comments and the heads of sections apart from what is in
// them.
func sourceTone(line string) tone {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch {
	case word == "" || strings.HasPrefix(word, "#") || strings.HasPrefix(word, "!"):
		return faint
	case line[0] == ' ' || line[0] == '\t':
		return plain
	}
	switch word {
	case "router", "interface", "route-map", "auto", "iface", "bgp", "ip", "ipv6", "frr":
		return accent
	}
	return plain
}

// narrow says that the device list and a file do not fit side by side.
func (s *previewScreen) narrow() bool { return s.w < 50 }

func (s *previewScreen) page() int { return max(1, s.h-3) }

func (s *previewScreen) View() string {
	l := s.look
	if s.project == nil || s.project.Fabric == nil {
		return l.nothing(s.project)
	}
	if s.devices.n == 0 {
		return l.in(dim, "No devices yet.")
	}
	if s.narrow() {
		if s.reading || s.finding {
			return s.fileView(s.w)
		}
		return s.deviceList(s.w)
	}
	left := 0
	for i := range s.project.Plan.Devices {
		left = max(left, width(s.project.Plan.Devices[i].Name))
	}
	left = min(left+4, s.w/3)
	return beside("  ", block(s.deviceList(left), left, s.h), block(s.fileView(s.w-left-2), s.w-left-2, s.h))
}

func (s *previewScreen) deviceList(w int) string {
	l := s.look
	from, to := s.devices.window(s.h)
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

func (s *previewScreen) fileView(w int) string {
	l := s.look
	if s.err != nil {
		return strings.Join(clipped(l, wrap(l.fail+" "+printable(s.err.Error()), w), bad, s.h), "\n")
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
	out := []string{s.tabs(w), head, ""}
	lines := s.lines()
	var below []string
	if s.why && s.h > len(out)+2*reasonLines {
		below = s.reason(w)
	}
	from, to := s.window(len(lines), s.h-len(out)-len(below))
	digits, room := len(fmt.Sprint(len(lines))), w
	bar := to-from < len(lines)
	if bar {
		room -= 2
	}
	for i := from; i < to; i++ {
		num := fmt.Sprintf("%*d ", digits, i+1)
		text := cut(lines[i].text, room-digits-1, l.ellipsis)
		line := l.in(faint, num) + l.in(lines[i].tone, text)
		if s.why && i == s.cursor.at {
			line = l.on(l.selected, accent, num) + l.on(l.selected, strong, fill(text, room-digits-1))
		}
		if bar {
			line = fill(line, room+1) + l.scrollbar(i-from, to-from, from, len(lines))
		}
		out = append(out, line)
	}
	for below != nil && len(out) < s.h-len(below) {
		out = append(out, "")
	}
	out = append(out, below...)
	return strings.Join(out, "\n")
}

// tabs is the names of the device's files, scrolled so that the one that is
// read is among them.
func (s *previewScreen) tabs(w int) string {
	l := s.look
	name := func(i int) string { return " " + path.Base(s.files[i].Path) + " " }
	from, used := s.file, width(name(s.file))
	for from > 0 && used+width(name(from-1)) <= w {
		from--
		used += width(name(from))
	}
	var b strings.Builder
	for i := from; i < len(s.files); i++ {
		b.WriteString(l.tab(path.Base(s.files[i].Path), i == s.file))
	}
	return cut(b.String(), w, l.ellipsis)
}
