package model

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// snippet is a value that is put into a document, as YAML.
type snippet struct {
	node   *yaml.Node
	inline string   // on one line
	block  []string // as lines without indent; nil: it has only the inline form
}

// parseSnippet reads a value as YAML source: `65501+`, `{name: leaf3}`, or
// several lines of a block.
func parseSnippet(source string) (snippet, error) {
	d := &Document{file: "value", src: []byte(source)}
	d.parse()
	if len(d.errs) > 0 {
		return snippet{}, errors.New(d.errs[0].Message)
	}
	if d.root == nil {
		return snippet{}, errors.New("there is no value to put there")
	}
	s := snippet{node: d.root, inline: flow(d.root)}
	at := extentsOf(d.src, d.root)[d.root]
	text := source[at.start:at.end]
	if d.root.Kind != yaml.ScalarNode && d.root.Style&yaml.FlowStyle == 0 {
		s.block = dedent(source)
	} else if !strings.ContainsAny(text, "\r\n") {
		s.inline = text
	}
	return s, nil
}

// under is a mapping of one key with the snippet as its value.
func (s snippet) under(key string) snippet {
	name := &yaml.Node{Kind: yaml.ScalarNode, Value: key, Tag: "!!str"}
	return snippet{
		node:   &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle, Content: []*yaml.Node{name, s.node}},
		inline: "{" + Quote(key) + ": " + s.inline + "}",
	}
}

// only is a list of the snippet alone, as a block where wanted.
func (s snippet) only(block bool) snippet {
	list := snippet{
		node:   &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{s.node}},
		inline: "[" + s.inline + "]",
	}
	if block {
		list.block = s.item()
	}
	return list
}

// item is the snippet as the lines of an item of a block list.
func (s snippet) item() []string {
	if s.block == nil {
		return []string{"- " + s.inline}
	}
	lines := []string{"- " + s.block[0]}
	for _, line := range s.block[1:] {
		lines = append(lines, indent(2, line))
	}
	return lines
}

// quoted is the snippet with every text that may need it in quotes.
func (s snippet) quoted() snippet {
	s.inline = flow(s.node)
	return s
}

// indent puts blanks before a line, unless it is empty.
func indent(n int, line string) string {
	if line == "" {
		return ""
	}
	return strings.Repeat(" ", n) + line
}

// dedent is the lines of a block without the indent of the first that has any
// text, and without empty lines around them.
func dedent(source string) []string {
	source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	lines := strings.Split(strings.Trim(source, "\n"), "\n")
	width := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	for i, line := range lines {
		line = strings.TrimRight(line, " \t")
		lines[i] = line[min(width, len(line)-len(strings.TrimLeft(line, " "))):]
	}
	return lines
}

// flow writes a node on one line.
func flow(n *yaml.Node) string {
	var b strings.Builder
	writeFlow(&b, n)
	return b.String()
}

func writeFlow(b *strings.Builder, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteString(", ")
			}
			writeFlow(b, n.Content[i])
			b.WriteString(": ")
			writeFlow(b, n.Content[i+1])
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteString(", ")
			}
			writeFlow(b, c)
		}
		b.WriteByte(']')
	default:
		switch {
		case n.ShortTag() == "!!null":
			b.WriteString("null")
		case n.ShortTag() == "!!str" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0:
			b.WriteString(doubleQuoted(n.Value))
		default:
			b.WriteString(Quote(n.Value))
		}
	}
}

// Quote writes a text as a YAML value for Set and Insert: as it is where YAML
// reads it back so everywhere, otherwise in quotes.
func Quote(text string) string {
	if plainEverywhere(text) {
		return text
	}
	return doubleQuoted(text)
}

// everyday is what texts mostly look like; none of it means anything to YAML.
var everyday = regexp.MustCompile(`^[A-Za-z0-9/][A-Za-z0-9_./+@-]*([: ][A-Za-z0-9/][A-Za-z0-9_./+@-]*)*$`)

// plainEverywhere says whether YAML reads a text as itself without quotes,
// alone, behind a key, and within brackets.
func plainEverywhere(text string) bool {
	if strings.EqualFold(text, "null") {
		return false
	}
	if everyday.MatchString(text) {
		return true
	}
	if text == "" || strings.ContainsAny(text, "\r\n\t\u0085\u2028\u2029\ufeff") {
		return false
	}
	for _, around := range []string{"%s", "k: %s", "- %s", "{k: %s}", "[%s]"} {
		d := ParseDocument("", []byte(strings.Replace(around, "%s", text, 1)))
		if len(d.errs) > 0 || d.root == nil {
			return false
		}
		v := d.root
		for len(v.Content) > 0 {
			v = v.Content[len(v.Content)-1]
		}
		if v.Kind != yaml.ScalarNode || v.Style != 0 || v.Value != text || isNull(v) {
			return false
		}
	}
	return true
}

// doubleQuoted writes a text in double quotes. The escapes that Go writes for
// valid UTF-8 mean the same in YAML (YAML 1.2 5.7).
func doubleQuoted(text string) string { return strconv.Quote(strings.ToValidUTF8(text, "?")) }
