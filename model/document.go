package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds fabric.yaml, in bytes. A fabric of ten thousand nodes with
// every cable written out has about two million.
const maxFile = 32 << 20

// Document is the text of a fabric.yaml with the places of its keys. What the
// operator wrote (comments, blank lines, the order of keys, quotes) is only in
// here; the Fabric is what it means.
type Document struct {
	file string
	src  []byte
	root *yaml.Node // the mapping; nil: the file is empty or is not YAML
	errs Errors     // why it is not YAML
}

// ParseDocument reads the text of a fabric.yaml. It never fails: what is wrong
// with the text, Fabric tells.
func ParseDocument(file string, data []byte) *Document {
	d := &Document{file: file, src: bytes.Clone(data)}
	d.parse()
	return d
}

// Bytes is the text as it now stands.
func (d *Document) Bytes() []byte { return bytes.Clone(d.src) }

// parse finds the nodes of the text.
func (d *Document) parse() {
	d.root, d.errs = nil, nil
	switch {
	case len(d.src) > maxFile:
		d.refuse(0, 0, fmt.Sprintf("the file is larger than %d MiB", maxFile>>20), "")
		return
	case !utf8.Valid(d.src) || bytes.IndexByte(d.src, 0) >= 0:
		d.refuse(0, 0, "the file is not text in UTF-8", "")
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(d.src))
	var first, second yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF): // nothing but comments
		return
	case err != nil:
		d.syntax(err)
		return
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		d.refuse(second.Line, 1, "a second document begins here", "a file holds one fabric")
	case !errors.Is(err, io.EOF):
		d.syntax(err)
	}
	if len(first.Content) == 1 {
		d.root = first.Content[0]
		d.refuseAnchors(d.root)
	}
}

func (d *Document) refuse(line, col int, message, hint string) {
	d.errs = append(d.errs, Problem{File: d.file, Line: line, Col: col, Message: message, Hint: hint})
}

// refuseAnchors refuses what would make one text stand for another: anchors,
// aliases and tags. Ranges do their work, and a file without them cannot grow
// while it is read.
func (d *Document) refuseAnchors(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.refuse(n.Line, n.Column, "fabric.yaml has no aliases (*"+printable(n.Value)+")", "write the value out, or use a range")
		return
	case n.Anchor != "":
		d.refuse(n.Line, n.Column, "fabric.yaml has no anchors (&"+printable(n.Anchor)+")", "leave it out")
	case n.Style&yaml.TaggedStyle != 0:
		d.refuse(n.Line, n.Column, "fabric.yaml has no tags ("+printable(n.Tag)+")", "leave it out")
	}
	for _, c := range n.Content {
		d.refuseAnchors(c)
	}
}

// find is the node at a path, or the nearest one above it that there is, and
// whether it is the one that was asked for.
func (d *Document) find(path string) (*yaml.Node, bool) {
	if d.root == nil {
		return nil, false
	}
	steps, err := splitPath(path)
	if err != nil {
		return d.root, false
	}
	n := d.root
	for _, s := range steps {
		next := s.child(n)
		if next == nil {
			return n, false
		}
		n = next
	}
	return n, true
}

// step is one part of a path: a key, or a place in a list.
type step struct {
	key   string
	index int
}

// child is the node that the step leads to from n, nil where there is none.
func (s step) child(n *yaml.Node) *yaml.Node {
	if s.key == "" {
		if n.Kind == yaml.SequenceNode && s.index < len(n.Content) {
			return n.Content[s.index]
		}
		return nil
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == s.key {
				return n.Content[i+1]
			}
		}
	}
	return nil
}

// splitPath reads a path such as "borders[0].peers[1].asn"; empty is the whole.
func splitPath(path string) ([]step, error) {
	var steps []step
	for rest := path; rest != ""; {
		end := strings.IndexAny(rest, ".[")
		switch {
		case end < 0:
			return append(steps, step{key: rest}), nil
		case end > 0:
			steps, rest = append(steps, step{key: rest[:end]}), rest[end:]
		case rest[0] == '.' && len(steps) > 0 && len(rest) > 1 && rest[1] != '.' && rest[1] != '[':
			rest = rest[1:]
		default:
			inner, after, closed := strings.Cut(rest[1:], "]")
			i, err := strconv.Atoi(inner)
			if rest[0] != '[' || !closed || err != nil || i < 0 {
				return nil, fmt.Errorf("%s is not a path such as leafs[0].name", quote(path))
			}
			steps, rest = append(steps, step{index: i}), after
		}
	}
	return steps, nil
}

// line is where a path stands in the text, 1-based, of a key the line of the
// key itself; of a path that does not stand there, the line of what it would
// stand in. 0: nowhere.
func (d *Document) line(path string) int {
	n, _ := d.find(path)
	if n == nil {
		return 0
	}
	line := n.Line
	steps, _ := splitPath(path)
	for at, i := d.root, 0; i < len(steps); i++ {
		next := steps[i].child(at)
		if next == n && at.Kind == yaml.MappingNode {
			line = at.Content[slices.Index(at.Content, next)-1].Line
		}
		if at = next; at == nil {
			break
		}
	}
	return line
}

// Paths lists the path of every value, in the order of the text.
func (d *Document) Paths() []string {
	var all []string
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		if path != "" {
			all = append(all, path)
		}
		for i, c := range n.Content {
			switch {
			case n.Kind == yaml.SequenceNode:
				walk(c, path+"["+strconv.Itoa(i)+"]")
			case i%2 == 1 && n.Content[i-1].Kind == yaml.ScalarNode:
				walk(c, joinPath(path, n.Content[i-1].Value))
			}
		}
	}
	if d.root != nil && len(d.errs) == 0 {
		walk(d.root, "")
	}
	return all
}
