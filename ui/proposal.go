package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"closup/ui/work"
)

// proposal is a change that a single key asks for. It is tried first: where it
// renumbers or moves nothing else it is made at once, otherwise what it does is
// shown and has to be accepted.
type proposal struct {
	open   bool
	change change
	trial  trial
	lines  []string
	list   scroll
}

// ask tries a change.
func (p *proposal) ask(b *base, c change) tea.Cmd {
	if p.trial.id != 0 {
		return nil
	}
	*p = proposal{change: c}
	return p.trial.ask(b, c.make)
}

// take makes the change that was tried, or shows what it does.
func (p *proposal) take(b *base, msg triedMsg) tea.Cmd {
	if msg.id != p.trial.id || msg.id == 0 {
		return nil
	}
	p.trial.id = 0
	if msg.err != nil {
		return say(bad, "%v", msg.err)
	}
	if p.lines = renumbers(b.project, msg.project); len(p.lines) > 0 {
		p.open = true
		return nil
	}
	return b.desk.change(p.change)
}

// key answers what is shown.
func (p *proposal) key(b *base, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, keys.accept):
		p.open = false
		return b.desk.change(p.change)
	case key.Matches(k, keys.cancel):
		p.open = false
	default:
		p.list.key(k, len(p.lines), max(1, b.h-4))
	}
	return nil
}

func (p *proposal) keys() []key.Binding {
	return []key.Binding{called(keys.accept, "do it"), called(keys.cancel, "leave it")}
}

func (p *proposal) view(b *base) string {
	l := b.look
	what, _, _ := strings.Cut(p.change.said, ";")
	lines := append(wrap(l.in(warn, l.fail+" ")+capital(what)+l.in(warn, " changes "+count(len(p.lines), "other thing")+":"), b.w), "")
	from, to := p.list.window(len(p.lines), max(1, b.h-len(lines)-2))
	for _, s := range p.lines[from:to] {
		lines = append(lines, "  "+l.in(dim, l.dot)+" "+cut(s, b.w-4, l.ellipsis))
	}
	return strings.Join(append(lines, "", l.in(dim, "enter does it, esc leaves everything as it is.")), "\n")
}

// renumbers is the numbers, addresses and cables of other devices that differ
// after a change.
func renumbers(before, after *work.Project) []string {
	if before == nil || after == nil || before.Plan == nil || after.Plan == nil {
		return nil
	}
	var lines []string
	for _, c := range work.Renumbered(before.Plan, after.Plan) {
		if c.Before != "" && c.After != "" && c.What != "device" {
			lines = append(lines, c.Device+" "+c.What+": "+c.Before+" becomes "+c.After)
		}
	}
	return lines
}
