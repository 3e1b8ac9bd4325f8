package ui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// palettePane is the list of every action, narrowed by what is typed. It is
// read once when it opens: nothing moves under the cursor.
type palettePane struct {
	open  bool
	input field
	all   []action
	found []action
	table grid
}

func (a *app) openPalette() {
	p := &a.palette
	*p = palettePane{open: true, all: a.actions(), input: field{label: "Action"}}
	p.table.cols = []column{{title: "action", keep: 9, least: 40}, {title: "key", keep: 8}, {title: "as a command", keep: 7, least: 16}}
	p.input.begin("")
	p.narrow(a.look)
}

// narrow keeps the actions that have what is typed, the best first.
func (p *palettePane) narrow(l *look) {
	type scored struct {
		action
		score int
	}
	var all []scored
	for _, it := range p.all {
		if n, ok := fuzzy(p.input.value(), it.text, it.command); ok {
			all = append(all, scored{it, n})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return b.score - a.score })
	p.found = p.found[:0]
	rows := make([][]cell, len(all))
	for i, it := range all {
		p.found = append(p.found, it.action)
		rows[i] = []cell{{it.text, plain}, {l.keyName(it.keys), accent}, {it.command, dim}}
	}
	p.table.at = 0
	p.table.set(rows)
}

// typed takes what narrows the list.
func (p *palettePane) typed(l *look, msg tea.Msg) {
	before := p.input.value()
	p.input.update(msg)
	if p.input.value() != before {
		p.narrow(l)
	}
}

func (a *app) paletteKey(msg tea.KeyPressMsg) tea.Cmd {
	p := &a.palette
	switch {
	case key.Matches(msg, keys.cancel):
		p.open = false
	case key.Matches(msg, keys.accept):
		p.open = false
		if p.table.at < len(p.found) {
			return a.do(p.found[p.table.at])
		}
	case len(msg.Text) == 0 && p.table.update(msg, a.content().h-2):
	default:
		p.typed(a.look, msg)
	}
	return nil
}

func (p *palettePane) view(l *look, w, h int) string {
	line := l.in(accent, ": ") + p.input.view(l, min(60, w-2), true)
	if len(p.found) == 0 {
		return line + "\n\n" + l.in(dim, "No action has that in its name; backspace takes a letter back.")
	}
	p.table.y = 2
	it := p.found[min(p.table.at, len(p.found)-1)]
	if it.command == "" || h < 8 {
		return line + "\n\n" + p.table.view(l, w, h-2, true)
	}
	// The whole command of the action under the cursor, however long it is.
	below := clipped(l, wrap("as a command: "+it.command, w), dim, 3)
	table := p.table.view(l, w, h-3-len(below), true)
	return line + "\n\n" + block(table, w, h-3-len(below)) + "\n\n" + strings.Join(below, "\n")
}

// fuzzy says whether an action has every word of want, and how well they fit;
// in its command a word has to stand as it is.
func fuzzy(want, text, command string) (score int, ok bool) {
	text, command = strings.ToLower(text), strings.ToLower(command)
	for _, word := range strings.Fields(strings.ToLower(want)) {
		n := fitting(word, text)
		if strings.Contains(command, word) {
			n = max(n, 2*len(word))
		}
		if strings.HasSuffix(command, " "+word) && !strings.Contains(command, ";") {
			n = max(n, 5*len(word)) // it is that command, and nothing else
		}
		if n == 0 {
			return 0, false
		}
		score += n
	}
	return score, true
}

// fitting is how well one word fits: best where it stands in the text, at the
// beginning of one of its words; less where its letters come one after
// another with others between. 0: not at all.
func fitting(word, text string) int {
	if at := strings.Index(text, word); at >= 0 {
		n := 4 * len(word)
		if i := strings.Index(" "+text, " "+word); i >= 0 {
			n, at = n+8, i
		}
		return n + max(0, 8-at/4)
	}
	letters, row, score := []rune(word), 0, 1
	for _, r := range text {
		switch {
		case len(letters) == 0:
			return score
		case r == letters[0]:
			row, letters = row+1, letters[1:]
			score += row
		default:
			row = 0
		}
	}
	if len(letters) > 0 {
		return 0
	}
	return score
}
