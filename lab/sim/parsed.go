package sim

import (
	"regexp"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/syntax"
)

// A thousand devices are told the same scripts: each is parsed once. What was
// parsed is only read from then on, so that all shells may share it.

// parsed is what a text is to the shell.
type parsed struct {
	stmts []*syntax.Stmt
	err   error
	more  bool   // it ends in the middle of a statement
	until string // ...of a here-document: the line that ends it
}

// scriptLimit is how much text the parsed scripts of all devices may have
// together, in bytes, before all are forgotten.
const scriptLimit = 4 << 20

var scripts = struct {
	sync.Mutex
	known map[string]*parsed
	size  int
}{known: map[string]*parsed{}}

// parse reads a text as a shell does.
func parse(text string) *parsed {
	scripts.Lock()
	p := scripts.known[text]
	scripts.Unlock()
	if p != nil {
		return p
	}
	p = parseAnew(text)
	scripts.Lock()
	defer scripts.Unlock()
	if scripts.size += len(text); scripts.size > scriptLimit {
		clear(scripts.known)
		scripts.size = len(text)
	}
	scripts.known[text] = p
	return p
}

// unclosed is what the parser says of a here-document without its end.
var unclosed = regexp.MustCompile("unclosed here-document [`\"](.*)[`\"]$")

// parseAnew is parse, of a text that nobody will come with again.
func parseAnew(text string) *parsed {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	p := &parsed{err: err, more: continued(text)}
	if err == nil {
		withJobs(f.Stmts)
		p.stmts = f.Stmts
		return p
	}
	p.more = p.more || syntax.IsIncomplete(err)
	if m := unclosed.FindStringSubmatch(err.Error()); m != nil {
		p.more, p.until = true, m[1]
	}
	return p
}

// continued says that the last line goes on in the next one.
func continued(text string) bool {
	line := strings.TrimSuffix(text, "\n")
	return line != text && (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}
