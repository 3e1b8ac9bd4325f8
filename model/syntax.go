package model

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// plainSyntax is what the messages of the YAML parser mean to somebody who
// writes a fabric.yaml.
var plainSyntax = []struct{ parser, message, hint string }{
	{"found character that cannot start any token", "a value begins with a character that YAML keeps for itself", "put quotes around the value"},
	{"mapping values are not allowed in this context", "a colon stands where no key can be", "check the indent, or put quotes around a value that has a colon and a blank in it"},
	{"could not find expected ':'", "a key has no colon", "write KEY: VALUE"},
	{"did not find expected ',' or ']'", "a list in [ ] is not closed, or lacks a comma", ""},
	{"did not find expected ',' or '}'", "keys in { } are not closed, or lack a comma", ""},
	{"did not find expected node content", "a value is missing, or a bracket is not closed", ""},
	{"did not find expected key", "the line fits nothing that stands above", "check the indent, and that quotes and brackets are closed"},
	{"did not find expected '-' indicator", "the line is not an item of the list above", "check the indent, or begin it with a dash"},
	{"block sequence entries are not allowed in this context", "a dash stands where no list can be", "begin the list on the next line"},
	{"found unexpected end of stream", "a quote is not closed", ""},
	{"found unknown escape character", "a backslash in double quotes is followed by what it cannot be", "use single quotes"},
	{"while scanning an anchor", "fabric.yaml has no anchors", "put quotes around a value that begins with &"},
	{"while scanning an alias", "fabric.yaml has no aliases", "put quotes around a value that begins with *"},
	{"found undefined tag handle", "fabric.yaml has no tags", "put quotes around a value that begins with !"},
	{"unknown anchor", "fabric.yaml has no aliases", "write the value out, or put quotes around one that begins with *"},
}

// syntax tells what the YAML parser stumbled over.
func (d *Document) syntax(err error) {
	var at *yaml.LoadError
	if !errors.As(err, &at) {
		d.refuse(1, 1, "this is not YAML: "+printable(strings.TrimPrefix(err.Error(), "yaml: ")), "")
		return
	}
	lines := strings.Split(strings.TrimRight(string(d.src), "\r\n"), "\n")
	line := min(max(at.Mark.Line, 1), len(lines))
	message, hint := "this is not YAML: "+printable(at.Message), ""
	for _, s := range plainSyntax {
		if strings.Contains(at.Message, s.parser) || strings.Contains(at.ContextMsg, s.parser) {
			message, hint = s.message, s.hint
			break
		}
	}
	if first := at.ContextMark.Line; at.ContextMsg != "" && first > 0 && first < line {
		message += fmt.Sprintf("; what it belongs to begins on line %d", first)
	}
	if strings.HasPrefix(strings.TrimLeft(lines[line-1], " "), "\t") {
		message, hint = "the line is indented with a tab", "use blanks"
	}
	d.refuse(line, at.Mark.Column+1, message, hint)
}
