package ui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"closup/render"
	"closup/ui/work"
)

// This file goes on with cmds.go: commands that write files and the clipboard.

// outputsMsg is what one target generates.
type outputsMsg struct {
	all
	project *work.Project
	target  string
	files   []render.File
	err     error
}

// renderTarget makes the files of a target for the whole fabric.
func renderTarget(p *work.Project, t render.Target) tea.Cmd {
	plan := p.Plan
	return func() tea.Msg {
		msg := outputsMsg{project: p, target: t.Name}
		for f, err := range t.Files(plan) {
			if err != nil {
				msg.err = err
				break
			}
			msg.files = append(msg.files, f)
		}
		return msg
	}
}

// exportTarget writes the files of a target below a folder.
func exportTarget(p *work.Project, t render.Target, folder string, id int) tea.Cmd {
	plan := p.Plan
	return func() tea.Msg {
		n, err := work.Write(folder, t.Files(plan))
		return exportedMsg{id: id, n: n, folder: folder, err: err}
	}
}

// exportedMsg says what was written where.
type exportedMsg struct {
	all
	id     int
	n      int
	folder string
	err    error
}

// savedMsg says whether a text was saved.
type savedMsg struct {
	all
	id   int
	path string
	err  error
}

// saveText writes a text to a file that is not there yet.
func saveText(path, text string, id int) tea.Cmd {
	return func() tea.Msg {
		return savedMsg{id: id, path: path, err: work.SaveText(path, text)}
	}
}

// maxClipboard is what terminals take of OSC 52, in bytes of Base64: xterm's
// and tmux's own bounds are near 100,000.
const maxClipboard = 74_000

// copyText gives a text to the terminal's clipboard, through tmux too, and
// keeps it in a file, for a terminal that has none.
func copyText(what, name, text string, inTmux bool) tea.Cmd {
	keep := func() tea.Msg {
		path, err := work.Keep(name, []byte(text))
		switch {
		case err != nil && len(text) > maxClipboard:
			return sayMsg{tone: bad, text: fmt.Sprintf("%s is too long for the clipboard, and was not saved: %v", what, err)}
		case err != nil:
			return sayMsg{tone: warn, text: fmt.Sprintf("%s copied; a copy in a file was not made: %v", what, err)}
		case len(text) > maxClipboard:
			return sayMsg{tone: warn, text: fmt.Sprintf("%s is too long for the clipboard; it is saved as %s", what, path)}
		}
		return sayMsg{tone: good, text: fmt.Sprintf("%s copied, and saved as %s", what, path)}
	}
	if len(text) > maxClipboard {
		return keep
	}
	cmds := []tea.Cmd{tea.SetClipboard(text), keep}
	if inTmux {
		cmds = append(cmds, tea.Raw(ansi.TmuxPassthrough(ansi.SetSystemClipboard(text))))
	}
	return tea.Batch(cmds...)
}

// rememberedMsg says that what would be lost is written.
type rememberedMsg struct{ err error }

func remember(m work.Memory) tea.Cmd {
	return func() tea.Msg {
		m.At = time.Now()
		return rememberedMsg{work.Remember(m)}
	}
}
