package model

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// value is one place in the file: its node and the path of keys to it.
type value struct {
	*yaml.Node
	path string
}

// reader turns yaml nodes into values of the model. It goes on after a problem,
// so that all of them are told at once, one for each node.
type reader struct {
	doc      *Document
	problems Errors
	faulty   map[*yaml.Node]bool
	missed   map[string]bool // paths of keys that should be there

	// An entry with a range makes several devices. While the i-th of them is
	// read, every text of the entry stands for the i-th of its own range.
	i, count int
	ranges   map[*yaml.Node][]string
}

func newReader(doc *Document) *reader {
	return &reader{doc: doc, faulty: map[*yaml.Node]bool{}, missed: map[string]bool{}, count: 1}
}

// fail notes what is wrong with v and, unless empty, what to do about it.
func (r *reader) fail(v value, message, hint string) {
	if r.faulty[v.Node] {
		return
	}
	r.faulty[v.Node] = true
	r.problems = append(r.problems, Problem{
		File: r.doc.file, Line: v.Line, Col: v.Column, Path: v.path, Message: message, Hint: hint,
	})
}

// failed notes why the text of v could not be read.
func (r *reader) failed(v value, err error) {
	var w wrong
	if !errors.As(err, &w) {
		w.message = err.Error()
	}
	r.fail(v, w.message+in(v.path), w.hint)
}

// wrongKind notes that v is not of the kind that is expected.
func (r *reader) wrongKind(v value, expected string) {
	if isNull(v.Node) {
		r.fail(v, "there is no value"+in(v.path), "give one, or leave the key out")
		return
	}
	r.fail(v, expected+" expected"+in(v.path)+", not "+kindOf(v.Node), "")
}

// plural counts things: 1 device, 2 devices.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// field is one key of a mapping and how its value is read into a T.
type field[T any] struct {
	key  string
	read func(*reader, value, *T)
}

// object is every key that a mapping may have, as a table.
type object[T any] []field[T]

func (o object[T]) keys() []string {
	keys := make([]string, len(o))
	for i, f := range o {
		keys[i] = f.key
	}
	return keys
}

// read reads a mapping into a T. Keys that the table does not have, and keys
// that stand twice, are problems.
func (o object[T]) read(r *reader, v value, into *T) {
	for pair := range r.pairs(v) {
		i := slices.IndexFunc(o, func(f field[T]) bool { return f.key == pair.key })
		if i < 0 {
			r.fail(value{pair.name, pair.path}, "unknown key "+quote(pair.key)+in(v.path), didYouMean(pair.key, o.keys()))
			continue
		}
		o[i].read(r, pair.value, into)
	}
}

// in says where a key stands, for a message.
func in(path string) string {
	if path == "" {
		return ""
	}
	return " in " + path
}

// pair is one key of a mapping with its value.
type pair struct {
	value
	name *yaml.Node
	key  string
}

// pairs goes over a mapping, telling of keys that stand twice.
func (r *reader) pairs(v value) func(yield func(pair) bool) {
	return func(yield func(pair) bool) {
		if v.Kind != yaml.MappingNode {
			r.wrongKind(v, "keys and values are")
			return
		}
		seen := make(map[string]int, len(v.Content)/2)
		for i := 0; i+1 < len(v.Content); i += 2 {
			name := v.Content[i]
			if name.Kind != yaml.ScalarNode || isNull(name) {
				r.wrongKind(value{name, v.path}, "a key is")
				continue
			}
			p := pair{value{v.Content[i+1], joinPath(v.path, name.Value)}, name, name.Value}
			if line, twice := seen[p.key]; twice {
				r.fail(value{name, p.path}, "key "+quote(p.key)+" stands twice"+in(v.path),
					fmt.Sprintf("the first is on line %d", line))
				continue
			}
			seen[p.key] = name.Line
			if !yield(p) {
				return
			}
		}
	}
}

func joinPath(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// items goes over a list.
func (r *reader) items(v value, yield func(i int, item value)) {
	if v.Kind != yaml.SequenceNode {
		r.wrongKind(v, "a list is")
		return
	}
	for i, n := range v.Content {
		yield(i, value{n, v.path + "[" + strconv.Itoa(i) + "]"})
	}
}

// oneOrMore goes over a list, or takes a single value as a list of one.
func (r *reader) oneOrMore(v value, yield func(item value)) {
	if v.Kind == yaml.SequenceNode {
		r.items(v, func(_ int, item value) { yield(item) })
		return
	}
	yield(v)
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys and values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	case n.Kind == yaml.ScalarNode:
		return quote(n.Value)
	}
	return "an alias"
}

// text is a scalar as it is written, whatever YAML would take it for, so that
// 1.10 stays 1.10. Of a range it is the one for the device being read.
func (r *reader) text(v value) (string, bool) {
	if v.Kind != yaml.ScalarNode || isNull(v.Node) {
		r.wrongKind(v, "one value is")
		return "", false
	}
	if strings.ContainsFunc(v.Value, func(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 }) {
		r.fail(v, "the value has a line break or a control character"+in(v.path), "")
		return "", false
	}
	if r.ranges == nil {
		return v.Value, true
	}
	all, known := r.ranges[v.Node]
	if !known {
		var err error
		if all, err = expand(v.Value); err != nil {
			r.failed(v, err)
		} else if len(all) != 1 && len(all) != r.count {
			r.fail(v, fmt.Sprintf("%s is %d values, and the entry is %s", quote(v.Value), len(all), plural(r.count, "device"))+in(v.path),
				"write one value for all, or a range of the same length")
			all = nil
		}
		r.ranges[v.Node] = all
	}
	switch len(all) {
	case 0:
		return "", false
	case 1:
		return all[0], true
	}
	return all[r.i], true
}
