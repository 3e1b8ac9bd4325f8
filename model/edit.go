package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Editing rules:
//   - only the bytes of what is changed change; comments, blank lines, the
//     order of keys and the quotes of all else stay;
//   - a list or a device that stands on one line stays on one line;
//   - after an edit the text is read again, and must mean what was asked for
//     and nothing else, or the edit is taken back.

// Set puts a value, as YAML source, at a path such as "asn.spines" or
// "leafs[0].name". Keys that are not there yet come to be.
func (d *Document) Set(path, source string) error {
	return d.edit(path, source, func(e *edit, v snippet) error { return e.set(path, v) })
}

// Delete takes out what stands at a path, key and all. A list or a mapping that
// loses its last item stays, empty.
func (d *Document) Delete(path string) error {
	return d.edit(path, "null", func(e *edit, _ snippet) error { return e.remove(path) })
}

// Insert puts a value, as YAML source, into the list at a path, before its i-th
// (0-based) item or, where i is how many it has, behind the last. A list that
// is not there yet comes to be.
func (d *Document) Insert(path string, i int, source string) error {
	return d.edit(path, source, func(e *edit, v snippet) error { return e.insert(path, i, v) })
}

// Source is the text of the value at a path, false where there is none.
func (d *Document) Source(path string) (string, bool) {
	n, ok := d.find(path)
	if !ok || len(d.errs) > 0 {
		return "", false
	}
	at := extentsOf(d.src, d.root)[n]
	return string(d.src[at.start:at.end]), true
}

// edit is one change of a document: what is spliced into the text, and, beside
// it, the tree of nodes as it should be afterwards.
type edit struct {
	*Document
	extents map[*yaml.Node]extent
	newline string
	splices []splice
	after   func() // makes the tree what it should be
}

// splice puts text in the place of an extent of the old text.
type splice struct {
	extent
	text string
}

// edit makes one change, first with the value as it was written, then, where
// that does not read back, with its texts quoted.
func (d *Document) edit(path, source string, change func(*edit, snippet) error) error {
	if len(d.errs) > 0 {
		return fmt.Errorf("%s can only be edited once it is YAML: %w", d.file, d.errs[0])
	}
	v, err := parseSnippet(source)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, v := range []snippet{v, v.quoted()} {
		if err = d.try(v, change); !errors.Is(err, errReadsBack) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

var errReadsBack = errors.New("the value does not fit there; write it in another form, such as in quotes")

func (d *Document) try(v snippet, change func(*edit, snippet) error) error {
	e := &edit{Document: d, extents: extentsOf(d.src, d.root), newline: d.newline()}
	if err := change(e, v); err != nil {
		return err
	}
	old := d.src
	want := d.root
	if e.after != nil {
		e.after()
		want = d.root
	}
	d.src = e.text()
	d.parse()
	if len(d.errs) > 0 || !sameMeaning(want, d.root) {
		d.src = old
		d.parse()
		return errReadsBack
	}
	return nil
}

// newline is how the lines of the document end.
func (d *Document) newline() string {
	if i := strings.IndexByte(string(d.src), '\n'); i > 0 && d.src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// text is the text with the splices made.
func (e *edit) text() []byte {
	slices.SortStableFunc(e.splices, func(a, b splice) int { return a.start - b.start })
	var out []byte
	at := 0
	for _, s := range e.splices {
		out = append(append(out, e.src[at:s.start]...), s.text...)
		at = s.end
	}
	return append(out, e.src[at:]...)
}

func (e *edit) splice(start, end int, text string) {
	e.splices = append(e.splices, splice{extent{start, end}, text})
}

// sameMeaning compares two trees, whatever the styles they are written in.
func sameMeaning(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind {
		return false
	}
	if a.Kind == yaml.ScalarNode {
		return isNull(a) && isNull(b) || a.Value == b.Value && a.ShortTag() == b.ShortTag()
	}
	return slices.EqualFunc(a.Content, b.Content, sameMeaning)
}

// spot is a value in its parent.
type spot struct {
	parent *yaml.Node // nil: the value is the whole document
	i      int        // of the value, in the parent's Content
}

func (s spot) node() *yaml.Node { return s.parent.Content[s.i] }

// head is what the value stands behind: its key; nil in a list.
func (s spot) head() *yaml.Node {
	if s.parent.Kind == yaml.MappingNode {
		return s.parent.Content[s.i-1]
	}
	return nil
}

// walk follows a path as far as it goes: the spots on the way and the steps
// that lead further.
func (e *edit) walk(path string) ([]spot, []step, error) {
	steps, err := splitPath(path)
	if err != nil {
		return nil, nil, err
	}
	if len(steps) == 0 {
		return nil, nil, errors.New("the path is empty")
	}
	var way []spot
	n := e.root
	for i, s := range steps {
		if n == nil {
			return way, steps[i:], nil
		}
		next := s.child(n)
		if next == nil {
			return way, steps[i:], nil
		}
		way = append(way, spot{n, slices.Index(n.Content, next)})
		n = next
	}
	return way, nil, nil
}

func (e *edit) set(path string, v snippet) error {
	way, rest, err := e.walk(path)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		e.replace(way[len(way)-1], v)
		return nil
	}
	for i := len(rest) - 1; i >= 0; i-- {
		if rest[i].key == "" {
			return errors.New("there is no such item")
		}
		if i > 0 {
			v = v.under(rest[i].key)
		}
	}
	at := e.root
	if len(way) > 0 {
		at = way[len(way)-1].node()
	}
	switch {
	case at == nil || at.Kind == yaml.MappingNode:
		e.add(at, rest[0].key, v)
	case isNull(at):
		e.replace(way[len(way)-1], v.under(rest[0].key))
	default:
		return errors.New("what stands above it has no keys")
	}
	return nil
}

func (e *edit) insert(path string, i int, v snippet) error {
	way, rest, err := e.walk(path)
	if err != nil {
		return err
	}
	top := len(way)+len(rest) == 1 // lists of devices and cables have a line for each
	switch {
	case len(rest) > 0 && i == 0:
		return e.set(path, v.only(top))
	case len(rest) > 0:
		return fmt.Errorf("there is no list yet, so nothing can stand at %d", i)
	}
	at := way[len(way)-1]
	list := at.node()
	switch {
	case isNull(list) && i == 0, list.Kind == yaml.SequenceNode && len(list.Content) == 0 && i == 0 && top:
		e.replace(at, v.only(top))
	case list.Kind != yaml.SequenceNode:
		return errors.New("it is not a list")
	case i < 0 || i > len(list.Content):
		return fmt.Errorf("the list has %d items, so nothing can stand at %d", len(list.Content), i)
	default:
		if isFlow(list) {
			e.flowInsert(list, i, v.inline)
		} else {
			e.blockInsert(list, i, v)
		}
		e.after = func() { list.Content = slices.Insert(list.Content, i, v.node) }
	}
	return nil
}

func (e *edit) remove(path string) error {
	way, rest, err := e.walk(path)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return errors.New("there is nothing there")
	}
	at := way[len(way)-1]
	first := at.i
	if at.head() != nil {
		first--
	}
	switch alone := len(at.parent.Content) == at.i-first+1; {
	case isFlow(at.parent):
		e.flowRemove(at)
	case alone && len(way) > 1:
		empty, _ := parseSnippet(map[yaml.Kind]string{yaml.MappingNode: "{}", yaml.SequenceNode: "[]"}[at.parent.Kind])
		e.replace(way[len(way)-2], empty)
		return nil
	default:
		e.blockRemove(at)
	}
	e.after = func() {
		at.parent.Content = slices.Delete(at.parent.Content, first, at.i+1)
		if len(at.parent.Content) == 0 && at.parent == e.root {
			e.root = emptyRoot(at.parent)
		}
	}
	return nil
}

// emptyRoot is what a document means whose last key is gone: nothing, unless
// its braces are still there.
func emptyRoot(root *yaml.Node) *yaml.Node {
	if isFlow(root) {
		return root
	}
	return nil
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }
