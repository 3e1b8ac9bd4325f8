package ui

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"closup/provision/push"
	"closup/ui/work"
)

// What the push screen asks: the fabric's name before a push, y before what
// ends one, and the file of a summary.

// typed takes a key or a paste while something is asked.
func (s *pushScreen) typed(msg tea.Msg) tea.Cmd {
	switch {
	case s.sure.text != "":
		return s.answered(msg)
	case s.folder.open:
		return s.typedFolder(msg)
	case s.save.open:
		if s.save.update(msg) == accepted {
			s.save.sent = s.desk.newID()
			return saveText(s.save.value("file"), s.summaryText(), s.save.sent)
		}
		return nil
	}
	return s.confirmed(msg)
}

func (s *pushScreen) answered(msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch k.String() {
	case "y":
		do := s.sure.do
		s.sure = sure{}
		return do()
	case "n", "esc", "q", "alt+esc":
		s.sure = sure{}
	}
	return nil
}

// kept is when a change is kept.
var kept = []struct {
	word string
	wait time.Duration
}{
	{"at once, when it is verified", 0},
	{"when I confirm within 2 minutes", 2 * time.Minute},
	{"when I confirm within 5 minutes", 5 * time.Minute},
	{"when I confirm within 15 minutes", 15 * time.Minute},
}

// What may become of devices that somebody changed by hand.
const (
	leaveOut  = "leave those devices as they are"
	overwrote = "overwrite it"
)

// ask opens the confirmation: the fabric's name has to be typed.
func (s *pushScreen) ask() (Nav, tea.Cmd) {
	if len(s.run.with(push.Changed)) == 0 {
		return Nav{}, say(good, "every device has its files already")
	}
	name := s.project.Fabric.Name
	s.confirm = dialog{open: true, fields: []field{
		{
			name: "name", label: "Fabric", about: "To confirm, type the fabric's name.", rule: "its name is " + name,
			check: func(v string) error {
				if v != name {
					return fmt.Errorf("type %s", name)
				}
				return nil
			},
		},
		{name: "keep", label: "Keep it", about: "A device that is not confirmed in time puts its old configuration back by itself.", rule: "space and the arrows choose"},
	}}
	for _, k := range kept {
		s.confirm.fields[1].choices = append(s.confirm.fields[1].choices, k.word)
	}
	if n := s.run.drifted(); n > 0 {
		s.confirm.fields = append(s.confirm.fields, field{
			name: "drift", label: "By hand", choices: []string{leaveOut, overwrote}, rule: "space and the arrows choose",
			about: count(n, "device") + " changed by hand since the last push; the log shows what. Overwriting loses that.",
		})
	}
	for i := range s.confirm.fields {
		f := &s.confirm.fields[i]
		f.begin("")
		if len(f.choices) > 0 {
			f.begin(f.choices[0])
		}
		f.err = nil
	}
	s.entitle()
	return Nav{}, nil
}

// entitle says how many devices the push changes, as it is chosen now.
func (s *pushScreen) entitle() {
	where := "real device"
	switch {
	case s.desk.simulated:
		where = "simulated device"
	case s.desk.lab:
		where = "device of the lab"
	}
	s.confirm.title = "Change " + counted(len(s.meant()), where) + "?"
}

// meant is the devices that the push is to change: those that differ, without
// those that are to stay as somebody made them.
func (s *pushScreen) meant() map[string]bool {
	names := s.run.with(push.Changed)
	if s.confirm.value("drift") == leaveOut {
		for i := range s.run.rows {
			if row := &s.run.rows[i]; row.report != nil && row.report.Drift != "" {
				delete(names, row.name)
			}
		}
	}
	return names
}

// flaps is the sessions that the push takes down for a moment.
func (s *pushScreen) flaps() []work.Flap {
	meant := s.meant()
	var all []push.DeviceReport
	for _, r := range s.run.reports() {
		if meant[r.Name] {
			all = append(all, r)
		}
	}
	return work.Flaps(s.project.Plan, all)
}

func (s *pushScreen) confirmed(msg tea.Msg) tea.Cmd {
	result := s.confirm.update(msg)
	s.entitle()
	if result != accepted {
		return nil
	}
	o, names := s.chosen()
	if len(s.meant()) == 0 {
		s.confirm.err = "no device is left to be changed"
		return nil
	}
	s.confirm.open = false
	if s.stage != ready {
		return nil
	}
	hand := 0
	if s.confirm.value("drift") == leaveOut {
		hand = s.run.drifted()
	}
	cmd := s.start(o, names)
	s.byHand = hand
	return cmd
}

// chosen is the push as it was confirmed; names are its devices, nil: all.
func (s *pushScreen) chosen() (o work.PushOptions, names map[string]bool) {
	o = work.PushOptions{OverwriteDrift: s.confirm.value("drift") == overwrote, Resume: s.left().cut}
	for _, k := range kept {
		if s.confirm.value("keep") == k.word {
			o.Confirm = k.wait
		}
	}
	if names = s.meant(); len(s.only) == 0 && len(names) == s.run.tally()[push.Changed] && len(s.run.failed()) == 0 {
		names = nil // those that have their files are passed over
	}
	return o, names
}

// askFile asks where the summary is to be saved.
func (s *pushScreen) askFile() (Nav, tea.Cmd) {
	file := fmt.Sprintf("push-%s-%s.md", s.project.Fabric.Name, s.run.ended.Format("20060102-1504"))
	s.save = dialog{title: "Save what this push did", open: true, fields: []field{{
		name: "file", label: "File", about: "As Markdown: every device, how it ended, and what was changed.", rule: "a file that is not there yet", example: file,
		check: func(v string) error {
			if v == "" {
				return errors.New("a name is needed")
			}
			return nil
		},
	}}}
	s.save.fields[0].propose(file)
	return Nav{}, nil
}

func (s *pushScreen) saved(msg savedMsg) tea.Cmd {
	switch {
	case msg.id == 0 || msg.id != s.save.sent:
		return nil
	case msg.err != nil:
		s.save.sent, s.save.err = 0, msg.err.Error()
		return nil
	}
	s.save = dialog{}
	return say(good, "saved as %s", msg.path)
}

func (s *pushScreen) copySummary() (Nav, tea.Cmd) {
	return Nav{}, copyText("the summary", "push-"+s.project.Fabric.Name+".md", s.summaryText(), s.desk.tmux)
}

// changing lists what a push would do, under the confirmation: the sessions
// that it takes down, then the files of each device.
func (s *pushScreen) changing() []string {
	l := s.look
	flaps, meant := s.flaps(), s.meant()
	var lines []string
	if len(flaps) == 0 {
		lines = append(lines, l.in(good, l.done+" No session goes down that is configured now."))
	} else {
		lines = append(lines, l.in(warn, l.fail+" "+count(len(flaps), "session")+" will go down for a moment:"))
	}
	for _, f := range firstOf(flapLines(flaps), max(1, min(4, s.h-18))) {
		lines = append(lines, "  "+cut(f, s.w-2, l.ellipsis))
	}
	for i := range s.run.rows {
		row := &s.run.rows[i]
		if !meant[row.name] {
			continue
		}
		var files, names []string
		for _, f := range row.report.Files {
			if f.Changed {
				files = append(files, f.Path)
				names = append(names, path.Base(f.Path))
			}
		}
		what := orText(strings.Join(files, " "), "what runs there, to its files")
		if width(what) > s.w-15 && len(names) > 1 {
			what = strings.Join(names, " ")
		}
		lines = append(lines, "  "+l.in(roleTone(row.role), fit(row.name, 12, l.ellipsis))+" "+l.in(dim, cut(what, s.w-15, l.ellipsis)))
	}
	return append([]string{""}, firstOf(lines, max(1, s.h-len(s.confirm.fields)-8))...)
}

func flapLines(all []work.Flap) []string {
	lines := make([]string, len(all))
	for i, f := range all {
		lines[i] = f.Device + " " + f.Port + " to " + orText(f.Peer, "the outside") + ": " + f.Why
	}
	return lines
}
