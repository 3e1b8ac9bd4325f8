package render

import (
	"bytes"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// WholeFile as the context of a Diff shows every line.
const WholeFile = -1

// Context is how many equal lines a difference shows around each change.
type Context struct {
	Word  string // "3", "0", "all"
	Lines int    // what Diff takes
}

// Contexts are the ones to choose from, the usual one first.
var Contexts = []Context{{"3", 3}, {"0", 0}, {"all", WholeFile}}

// ContextNamed finds a context by its word.
func ContextNamed(word string) (Context, bool) {
	for _, c := range Contexts {
		if c.Word == word {
			return c, true
		}
	}
	return Context{}, false
}

// Diff is the unified diff that turns a into b, empty where they are equal.
// context is how many equal lines surround a change: 0, 3, or WholeFile.
func Diff(nameA, nameB string, a, b []byte, context int) string {
	if bytes.Equal(a, b) {
		return ""
	}
	old, now := string(a), string(b)
	edits := udiff.Lines(old, now)
	if context < 0 {
		context = strings.Count(old, "\n") + strings.Count(now, "\n") + 2
	}
	out, err := udiff.ToUnified(nameA, nameB, old, edits, context)
	if err != nil { // only edits that do not fit the text, and these were made from it
		panic(err)
	}
	return out
}
