package model

import (
	"bytes"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// How the edits of edit.go become splices of the text, in flow collections and
// in blocks.

// lineStart is the offset at which the line of at begins.
func (e *edit) lineStart(at int) int {
	for at > 0 && e.src[at-1] != '\n' && e.src[at-1] != '\r' {
		at--
	}
	return at
}

// lineEnd is the offset of the break that ends the line of at.
func (e *edit) lineEnd(at int) int { return at + lineLength(e.src[at:]) }

// nextLine is where the line after that of at begins.
func (e *edit) nextLine(at int) int {
	end := e.lineEnd(at)
	return end + lineBreak(e.src[end:])
}

// leads says whether only blanks stand before at in its line.
func (e *edit) leads(at int) bool {
	return len(bytes.TrimLeft(e.src[e.lineStart(at):at], " \t")) == 0
}

// column is how many characters stand before at in its line.
func (e *edit) column(at int) int { return len([]rune(string(e.src[e.lineStart(at):at]))) }

// behind is the first place at or after at where no blank stands.
func (e *edit) behind(at int) int {
	for at < len(e.src) && (e.src[at] == ' ' || e.src[at] == '\t') {
		at++
	}
	return at
}

// lines joins lines with the document's break, the indent before each but the
// first.
func (e *edit) lines(lines []string, width int) string {
	out := slices.Clone(lines)
	for i := range out[1:] {
		out[i+1] = indent(width, out[i+1])
	}
	return strings.Join(out, e.newline)
}

// mark is behind the colon or the dash that a block's value stands behind.
func (e *edit) mark(at spot) int {
	if head := at.head(); head != nil {
		i := e.extents[head].end
		for i < len(e.src) && e.src[i] != ':' {
			i++
		}
		return min(i+1, len(e.src))
	}
	return e.dash(at) + 1
}

// dash is where the dash of a block list's item is.
func (e *edit) dash(at spot) int {
	i := e.extents[at.node()].start - 1
	for i > 0 && e.src[i] != '-' {
		i--
	}
	return max(i, 0)
}

// end is behind the value, or behind its mark where it is empty.
func (e *edit) end(at spot) int {
	if s := e.extents[at.node()]; s.end > s.start {
		return s.end
	}
	return e.mark(at)
}

// replace puts a value in the place of another.
func (e *edit) replace(at spot, v snippet) {
	e.after = func() { at.parent.Content[at.i] = v.node }
	old := at.node()
	was := e.extents[old]
	empty := was.end == was.start
	switch {
	case isFlow(at.parent) && empty:
		e.fillFlow(at, v.inline)
		return
	case isFlow(at.parent):
		e.splice(was.start, was.end, v.inline)
		return
	}
	block := v.block
	if isFlow(old) && len(old.Content) > 0 {
		block = nil // what stands on one line stays on one line
	}
	mark := e.mark(at)
	isBlock := old.Kind != yaml.ScalarNode && !isFlow(old)
	switch own := isBlock && e.leads(was.start); {
	case own && block != nil:
		e.splice(was.start, e.lineEnd(was.end), e.lines(block, e.column(was.start)))
	case own:
		e.splice(mark, mark, " "+v.inline)
		e.splice(e.lineStart(was.start), e.nextLine(was.end), "")
	case isBlock: // begins behind its dash
		lines := block
		if lines == nil {
			lines = []string{v.inline}
		}
		e.splice(was.start, e.lineEnd(was.end), e.lines(lines, e.column(was.start)))
	case block == nil && empty:
		e.splice(mark, mark, " "+v.inline)
	case block == nil:
		e.splice(was.start, was.end, v.inline)
	case at.head() == nil:
		e.splice(mark, e.end(at), " "+e.lines(block, e.column(mark)+1))
	default:
		width := e.column(e.extents[at.head()].start) + 2
		e.splice(mark, e.end(at), "")
		end := e.lineEnd(e.end(at))
		e.splice(end, end, e.newline+indent(width, e.lines(block, width)))
	}
}

// fillFlow gives a value to what has none in a flow collection: {key} or {key: }.
func (e *edit) fillFlow(at spot, text string) {
	i := e.extents[at.node()].start
	if head := at.head(); head != nil {
		i = e.behind(e.extents[head].end)
		if i < len(e.src) && e.src[i] == ':' {
			i++
		} else {
			i, text = e.extents[head].end, ": "+text
			e.splice(i, i, text)
			return
		}
	}
	e.splice(i, i, " "+text)
}

// add puts a new key into a mapping: at its end or, on the top level, behind
// the nearest of the keys that come before it in the order of fabricKeys.
func (e *edit) add(m *yaml.Node, key string, v snippet) {
	name := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	line := []string{Quote(key) + ": " + v.inline}
	if m == e.root && v.block != nil {
		line = []string{Quote(key) + ":"}
		for _, l := range v.block {
			line = append(line, indent(2, l))
		}
	}
	switch {
	case m == nil: // nothing but comments
		text := e.lines(line, 0) + e.newline
		if len(e.src) > 0 && e.lineStart(len(e.src)) != len(e.src) {
			text = e.newline + text
		}
		e.splice(len(e.src), len(e.src), text)
		e.after = func() {
			e.root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{name, v.node}}
		}
		return
	case isFlow(m):
		e.flowInsert(m, len(m.Content)/2, Quote(key)+": "+v.inline)
		e.after = func() { m.Content = append(m.Content, name, v.node) }
		return
	}
	i := len(m.Content)
	if m == e.root {
		i = e.rank(m, key)
	}
	e.after = func() { m.Content = slices.Insert(m.Content, i, name, v.node) }
	width := e.column(e.extents[m.Content[0]].start)
	if i == 0 {
		start := e.extents[m.Content[0]].start
		e.splice(start, start, e.lines(line, width)+e.newline+strings.Repeat(" ", width))
		return
	}
	end := e.lineEnd(e.end(spot{m, i - 1}))
	e.splice(end, end, e.newline+indent(width, e.lines(line, width)))
}

// rank is the place in a mapping's Content for a new key of the top level.
func (e *edit) rank(m *yaml.Node, key string) int {
	keys := fabricKeys.keys()
	own := slices.Index(keys, key)
	if own < 0 {
		return len(m.Content)
	}
	place, nearest := 0, -1
	for i := 0; i+1 < len(m.Content); i += 2 {
		if r := slices.Index(keys, m.Content[i].Value); r > nearest && r < own {
			place, nearest = i+2, r
		}
	}
	return place
}

// blockInsert puts an item into a block list that has some already.
func (e *edit) blockInsert(list *yaml.Node, i int, v snippet) {
	near := max(i-1, 0)
	if isFlow(list.Content[near]) {
		v.block = nil
	}
	width := e.column(e.dash(spot{list, near}))
	if i == 0 {
		start := e.dash(spot{list, 0})
		e.splice(start, start, e.lines(v.item(), width)+e.newline+strings.Repeat(" ", width))
		return
	}
	end := e.lineEnd(e.end(spot{list, near}))
	e.splice(end, end, e.newline+indent(width, e.lines(v.item(), width)))
}

// blockRemove takes the lines of an item, or of a key, out of a block.
func (e *edit) blockRemove(at spot) {
	start, next := 0, at.i+1
	if head := at.head(); head != nil {
		start = e.extents[head].start
	} else {
		start = e.dash(at)
	}
	end := e.end(at)
	switch {
	case e.leads(start):
		e.splice(e.lineStart(start), e.nextLine(end), "")
	case next < len(at.parent.Content) && e.lineStart(e.extents[at.parent.Content[next]].start) == e.nextLine(end):
		e.splice(start, e.extents[at.parent.Content[next]].start, "") // the next key comes up behind the dash
	default:
		e.splice(start, e.lineEnd(end), "")
	}
}

// flowItem is the extent of the i-th item of a flow collection, key and all.
func (e *edit) flowItem(m *yaml.Node, i int) extent {
	if m.Kind == yaml.MappingNode {
		key := e.extents[m.Content[2*i]]
		return extent{key.start, max(key.end, e.extents[m.Content[2*i+1]].end)}
	}
	return e.extents[m.Content[i]]
}

// flowInsert puts an item into a flow collection, on a line of its own where
// its neighbour has one.
func (e *edit) flowInsert(m *yaml.Node, i int, text string) {
	n := len(m.Content)
	if m.Kind == yaml.MappingNode {
		n /= 2
	}
	if n == 0 {
		start := e.extents[m].start + 1
		e.splice(start, start, text)
		return
	}
	if i < n {
		start := e.flowItem(m, i).start
		gap := " "
		if e.leads(start) {
			gap = e.newline + strings.Repeat(" ", e.column(start))
		}
		e.splice(start, start, text+","+gap)
		return
	}
	last := e.flowItem(m, n-1)
	if !e.leads(last.start) {
		e.splice(last.end, last.end, ", "+text)
		return
	}
	width := e.column(last.start)
	line, comma := e.newline+indent(width, text), e.behind(last.end)
	end := e.lineEnd(last.end)
	switch {
	case end >= e.extents[m].end: // the bracket stands in this line
		e.splice(last.end, last.end, ","+line)
	case comma < len(e.src) && e.src[comma] == ',':
		e.splice(end, end, line+",")
	default:
		e.splice(last.end, last.end, ",")
		e.splice(end, end, line)
	}
}

// flowRemove takes an item out of a flow collection, with its comma and, where
// the line was its own, with its line.
func (e *edit) flowRemove(at spot) {
	i := at.i
	if at.parent.Kind == yaml.MappingNode {
		i /= 2
	}
	item := e.flowItem(at.parent, i)
	start, end := item.start, item.end
	if next := e.behind(end); next < len(e.src) && e.src[next] == ',' {
		end = e.behind(next + 1)
	} else if before := bytes.TrimRight(e.src[:start], " \t"); len(before) > 0 && before[len(before)-1] == ',' {
		start = len(before) - 1
	}
	rest := e.behind(end)
	if e.leads(start) && (rest == len(e.src) || e.src[rest] == '#' || lineBreak(e.src[rest:]) > 0) {
		start, end = e.lineStart(start), e.nextLine(end)
	}
	e.splice(start, end, "")
}
