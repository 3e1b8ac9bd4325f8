package model

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that keeps a file from loading.
type Problem struct {
	File    string
	Line    int    // 1-based; 0: the file as a whole
	Col     int    // 1-based, in characters
	Path    string // of the key, such as "leafs[0].mgmt"; empty: unknown
	Message string
	Hint    string // what to do about it; may be empty
}

// Error prints the problem as FILE:LINE: MESSAGE (HINT).
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("; ")
		b.WriteString(p.Hint)
	}
	return b.String()
}

// wrong is what a value cannot be, and what to do about it.
type wrong struct{ message, hint string }

func (w wrong) Error() string {
	if w.hint == "" {
		return w.message
	}
	return w.message + "; " + w.hint
}

// Errors is every problem of a file, in the order of its lines.
type Errors []Problem

// Error prints one problem a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted puts the problems in the order in which a reader meets them.
func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Col - b.Col
	})
	return e
}
