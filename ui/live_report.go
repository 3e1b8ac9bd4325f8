package ui

import (
	"path"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// The bring-up report of the live screen: it asks for a file, and writes what
// was pushed and what is seen.

// beginReport asks where to write it.
func (s *liveScreen) beginReport() {
	s.saving = dialog{title: "Write a bring-up report: what was pushed, what is seen", open: true, fields: []field{{
		name: "file", label: "File", about: "Every device is asked once more; nothing is changed. A file that is there is replaced.", rule: ".html for a page, .md for Markdown", example: "bringup.html",
		check: func(v string) error {
			_, err := work.ReportFormat(v, "")
			return err
		},
	}}}
	s.saving.fields[0].propose(path.Join(path.Dir(s.project.Path), s.desk.name()+"-bringup.html"))
}

func (s *liveScreen) typedReport(msg tea.Msg) tea.Cmd {
	if s.saving.update(msg) != accepted {
		return nil
	}
	s.saving.sent = s.desk.newID()
	return writeReport(s.desk.ctx, s.project, s.desk.lab, s.saving.value("file"), s.saving.sent)
}

// reported says where it is, or leaves the question with the reason.
func (s *liveScreen) reported(msg reportedMsg) tea.Cmd {
	if msg.id != s.saving.sent || msg.id == 0 {
		return nil
	}
	s.saving.sent = 0
	if msg.err != nil {
		s.saving.err = msg.err.Error()
		return nil
	}
	s.saving.open = false
	return say(good, "written to %s: %s", msg.path, msg.verdict)
}

func (s *liveScreen) reportView() string {
	lines := s.saving.lines(s.look, s.w, s.h)
	if s.saving.sent != 0 {
		lines = append(lines, "", s.look.in(accent, "Asking every device."))
	}
	return strings.Join(lines, "\n")
}

// overlaid is the keys of what stands over the tables; ok is false where
// nothing does.
func (s *liveScreen) overlaid() (_ []key.Binding, ok bool) {
	switch {
	case s.saving.open:
		return s.saving.keys(), true
	case s.symptom.open:
		return s.symptom.keys(), true
	case s.guide.open:
		return s.guide.keys(), true
	}
	return nil, false
}
