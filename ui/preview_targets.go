package ui

import (
	"errors"
	"path"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/render"
)

// The other targets of the preview: what is written for Ansible, Kubespray, a
// drawing and so on, to be read and written to a folder.

// outputs is the files of a target that is not the devices' own.
type outputs struct {
	target  int // of render.Targets; 0: the devices
	list    list
	files   []render.File
	err     error
	waiting bool
}

func (s *previewScreen) target() render.Target { return render.Targets[s.other.target] }

// nextTarget goes to another target.
func (s *previewScreen) nextTarget(by int) tea.Cmd {
	n := len(render.Targets)
	s.other = outputs{target: (s.other.target + by + n) % n}
	s.reading, s.diffing, s.why, s.scroll, s.cursor = false, false, false, scroll{}, list{}
	return s.loadTarget()
}

// loadTarget makes the files of the target in view.
func (s *previewScreen) loadTarget() tea.Cmd {
	if s.other.target == 0 || s.project == nil || s.project.Fabric == nil {
		return nil
	}
	s.other.waiting = true
	return renderTarget(s.project, s.target())
}

// took keeps the files of the target in view.
func (s *previewScreen) took(msg outputsMsg) {
	if msg.project == s.project && msg.target == s.target().Name {
		s.other.files, s.other.err, s.other.waiting = msg.files, msg.err, false
		s.other.list.size(len(msg.files))
	}
}

// beginExport asks for the folder of the target in view.
func (s *previewScreen) beginExport() {
	t := s.target()
	s.export = dialog{title: "Write " + t.Name + ": " + t.About, open: true, fields: []field{{
		name: "folder", label: "Folder", about: "Files that are there already are replaced; others stay.", rule: "a folder; it is made where it is not there", example: "files",
		check: func(v string) error {
			if v == "" {
				return errors.New("a folder is needed")
			}
			return nil
		},
	}}}
	folder := t.Name
	if s.other.target == 0 {
		folder = "files"
	}
	s.export.fields[0].propose(path.Join(path.Dir(s.project.Path), folder))
}

func (s *previewScreen) typedExport(msg tea.Msg) tea.Cmd {
	if s.export.update(msg) != accepted {
		return nil
	}
	s.export.sent = s.desk.newID()
	return exportTarget(s.project, s.target(), s.export.value("folder"), s.export.sent)
}

// exported says what was written; where it was not, the question stays.
func (s *previewScreen) exported(msg exportedMsg) tea.Cmd {
	if msg.id != s.export.sent || msg.id == 0 {
		return nil
	}
	s.export.sent = 0
	if msg.err != nil {
		s.export.err = msg.err.Error()
		return nil
	}
	s.export.open = false
	return say(good, "%s written below %s", count(msg.n, "file"), msg.folder)
}

// copied gives what is read to the clipboard.
func (s *previewScreen) copied() tea.Cmd {
	if s.other.target > 0 {
		if s.other.list.at >= len(s.other.files) {
			return nil
		}
		f := s.other.files[s.other.list.at]
		return copyText(path.Base(f.Path), s.target().Name+"-"+f.Path, string(f.Body), s.desk.tmux)
	}
	if s.file >= len(s.files) {
		return nil
	}
	f := s.files[s.file]
	if s.diffing {
		var b strings.Builder
		for _, line := range s.lines() {
			b.WriteString(line.text + "\n")
		}
		return copyText("the difference of "+path.Base(f.Path), s.device()+"-"+path.Base(f.Path)+".diff", b.String(), s.desk.tmux)
	}
	return copyText(path.Base(f.Path)+" of "+s.device(), s.device()+"-"+path.Base(f.Path), string(f.Body), s.desk.tmux)
}

// keyOther takes a key while another target than the devices is in view.
func (s *previewScreen) keyOther(k tea.KeyPressMsg) (Nav, tea.Cmd) {
	switch {
	case s.reading && s.scroll.key(k, len(s.lines()), s.page()):
	case !s.reading && s.other.list.key(k, s.page()):
		s.scroll = scroll{}
	case key.Matches(k, keys.back) && s.reading:
		s.reading = false
	case key.Matches(k, keys.back):
		return Nav{}, s.nextTarget(-s.other.target)
	case key.Matches(k, keys.pane):
		s.reading = !s.reading && len(s.other.files) > 0
	}
	return Nav{}, nil
}

// otherLines is the file of another target.
func (s *previewScreen) otherLines() []cell {
	if s.other.list.at >= len(s.other.files) {
		return nil
	}
	f := s.other.files[s.other.list.at]
	return sourceLines(f.Path, f.Body)
}

// otherView draws the files of another target, and the one under the cursor.
func (s *previewScreen) otherView(w, h int) string {
	l := s.look
	switch {
	case s.other.err != nil:
		return strings.Join(clipped(l, wrap(l.fail+" "+printable(s.other.err.Error()), w), bad, h), "\n")
	case s.other.waiting && len(s.other.files) == 0:
		return l.in(accent, "Making "+s.target().Name+".")
	case len(s.other.files) == 0:
		return strings.Join(wrap(l.in(dim, "This fabric has nothing to write for "+s.target().Name+"."), w), "\n")
	}
	left := 0
	for i := range s.other.files {
		left = max(left, width(s.other.files[i].Path))
	}
	left = min(left+2, w/3)
	names := func(w int) string {
		from, to := s.other.list.window(h)
		var lines []string
		for i := from; i < to; i++ {
			name := fit(s.other.files[i].Path, w-2, l.ellipsis)
			switch {
			case i != s.other.list.at:
				lines = append(lines, "  "+name)
			case s.reading:
				lines = append(lines, l.in(dim, l.cursor+" ")+l.in(strong, name))
			default:
				lines = append(lines, l.on(l.selected, accent, l.cursor+" ")+l.on(l.selected, strong, name))
			}
		}
		return strings.Join(lines, "\n")
	}
	body := func(w int) string {
		head := []string{l.in(dim, cut(s.other.files[s.other.list.at].Path, w, l.ellipsis)), ""}
		if s.finding {
			head[0] = l.in(strong, "/") + s.search.view(l, w-2, true)
		}
		return strings.Join(append(head, s.text(w, h-len(head))...), "\n")
	}
	if s.narrow() {
		if s.reading || s.finding {
			return body(w)
		}
		return names(w)
	}
	return beside("  ", block(names(left), left, h), block(body(w-left-2), w-left-2, h))
}

// click chooses a device, or a file of another target.
func (s *previewScreen) click(at clickMsg) tea.Cmd {
	y := at.y - 2
	if s.device() == "" || s.Typing() || y < 0 || at.x > s.w/3 {
		return nil
	}
	if s.other.target > 0 {
		if i := s.other.list.top + y; i < s.other.list.n {
			s.other.list.at, s.scroll = i, scroll{}
		}
		return nil
	}
	if i := s.devices.top + y; i < s.devices.n {
		s.devices.at, s.scroll, s.cursor = i, scroll{}, list{}
		return s.load()
	}
	return nil
}
