package model

import (
	"bytes"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// extent is where a node stands in the text, in bytes: from its first to behind
// its last. Comments and what separates it from others are outside.
type extent struct{ start, end int }

// scanner finds the extents of all nodes of a text in one pass. The YAML parser
// tells where a node begins; where it ends follows from its style.
type scanner struct {
	src     []byte
	extents map[*yaml.Node]extent

	line, col, at int // a known place: 1-based, in characters; and its offset
}

// extentsOf finds the extents of root and of everything in it.
func extentsOf(src []byte, root *yaml.Node) map[*yaml.Node]extent {
	s := &scanner{src: src, extents: map[*yaml.Node]extent{}}
	s.rewind()
	if root != nil {
		s.node(root)
	}
	return s.extents
}

var bom = []byte("\xef\xbb\xbf")

func (s *scanner) rewind() {
	s.line, s.col, s.at = 1, 1, 0
	if bytes.HasPrefix(s.src, bom) {
		s.at = len(bom)
	}
}

// seek is the offset of a line and a column. The places that are asked for
// mostly follow each other, so it goes on from the last one.
func (s *scanner) seek(line, col int) int {
	if line < s.line || line == s.line && col < s.col {
		s.rewind()
	}
	for s.at < len(s.src) && (s.line < line || s.line == line && s.col < col) {
		if n := lineBreak(s.src[s.at:]); n > 0 {
			s.line, s.col, s.at = s.line+1, 1, s.at+n
			continue
		}
		_, n := utf8.DecodeRune(s.src[s.at:])
		s.col, s.at = s.col+1, s.at+n
	}
	return s.at
}

// lineBreak is the length of the line break that b begins with, 0 for none.
// Besides LF, CR and CR LF, YAML 1.1 has NEL, LS and PS.
func lineBreak(b []byte) int {
	switch {
	case bytes.HasPrefix(b, []byte("\r\n")):
		return 2
	case len(b) > 0 && (b[0] == '\n' || b[0] == '\r'):
		return 1
	case bytes.HasPrefix(b, []byte("\u0085")):
		return 2
	case bytes.HasPrefix(b, []byte("\u2028")), bytes.HasPrefix(b, []byte("\u2029")):
		return 3
	}
	return 0
}

func (s *scanner) node(n *yaml.Node) extent {
	start := s.seek(n.Line, n.Column)
	end := start
	for _, c := range n.Content {
		end = max(end, s.node(c).end)
	}
	switch {
	case n.Kind == yaml.ScalarNode:
		end = s.scalar(n, start)
	case start < len(s.src) && (s.src[start] == '[' || s.src[start] == '{') && n.Style&yaml.FlowStyle != 0:
		end = s.closing(max(end, start+1))
	}
	s.extents[n] = extent{start, end}
	return s.extents[n]
}

// closing is behind the bracket that ends a flow collection, which comes next
// after commas, blanks and comments.
func (s *scanner) closing(at int) int {
	for ; at < len(s.src); at++ {
		switch s.src[at] {
		case ']', '}':
			return at + 1
		case '#':
			at += lineLength(s.src[at:]) - 1
		}
	}
	return at
}

// lineLength is how many bytes of b stand before its first line break.
func lineLength(b []byte) int {
	for i := range b {
		if lineBreak(b[i:]) > 0 {
			return i
		}
	}
	return len(b)
}

func (s *scanner) scalar(n *yaml.Node, start int) int {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return s.quoted(start, '"')
	case n.Style&yaml.SingleQuotedStyle != 0:
		return s.quoted(start, '\'')
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return s.word(start+lineLength(s.src[start:]), n.Value)
	}
	return s.word(start, n.Value)
}

// quoted is behind the quote that ends what begins at start.
func (s *scanner) quoted(start int, quote byte) int {
	for at := start + 1; at < len(s.src); at++ {
		switch {
		case s.src[at] == '\\' && quote == '"':
			at++
		case s.src[at] == quote && quote == '\'' && at+1 < len(s.src) && s.src[at+1] == quote:
			at++
		case s.src[at] == quote:
			return at + 1
		}
	}
	return len(s.src)
}

// word is behind the text of a plain or block scalar: it is the value, but for
// blanks and line breaks, which YAML folds.
func (s *scanner) word(start int, value string) int {
	at, end := start, start
	for i := range len(value) {
		if blank(value[i]) {
			continue
		}
		for at < len(s.src) && s.src[at] != value[i] {
			at++
		}
		at++
		end = min(at, len(s.src))
	}
	return end
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
