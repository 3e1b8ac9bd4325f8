package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"closup/model"
	"closup/ui/work"
)

// trial shows what a change would do while it is still being typed. At most
// one is computed at a time; of those typed meanwhile only the last counts.
type trial struct {
	id   int // of the one under way; 0: none
	next func(*work.Project) error
	seen *work.Project // of the last one that came back
	err  error
}

func (t *trial) ask(b *base, make func(*work.Project) error) tea.Cmd {
	if b.project == nil {
		return nil
	}
	if t.id != 0 {
		t.next = make
		return nil
	}
	t.id = b.desk.newID()
	return tryChange(b.project, t.id, make)
}

// take keeps an answer that is ours.
func (t *trial) take(b *base, msg tea.Msg) tea.Cmd {
	m, ok := msg.(triedMsg)
	if !ok || m.id != t.id {
		return nil
	}
	t.id, t.seen, t.err = 0, m.project, m.err
	if next := t.next; next != nil {
		t.next = nil
		return t.ask(b, next)
	}
	return nil
}

func (t *trial) forget() { t.next, t.seen, t.err = nil, nil, nil }

// consequences is what a change does to those devices and cables that it does
// not name: numbers that move, and findings that are new.
func consequences(before, after *work.Project) []string {
	if before == nil || after == nil || before.Plan == nil || after.Plan == nil {
		return nil
	}
	lines := renumbers(before, after)
	if after.Fabric != nil && before.Fabric != nil && after.Fabric.Cabled && !before.Fabric.Cabled {
		lines = append(lines, "the cables are written into the file, so that none of them moves")
	}
	known := make(map[string]bool)
	for _, f := range before.Findings {
		known[f.Rule+f.Message] = true
	}
	for _, f := range after.Findings {
		if f.Severity != model.Info && !known[f.Rule+f.Message] {
			lines = append(lines, string(f.Severity)+": "+f.Message)
		}
	}
	return lines
}

// joined is a list as people read it.
func joined[T fmt.Stringer](all []T) string {
	parts := make([]string, len(all))
	for i, v := range all {
		parts[i] = v.String()
	}
	return strings.Join(parts, ", ")
}
