package sim

import (
	"bufio"
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

// scriptLimit is how much text scripts may have together, in bytes: as parsed
// they take twenty times as much. Then those that were not asked for since the
// last time are forgotten.
const scriptLimit = 256 << 10

var scripts = struct {
	sync.Mutex
	known, before map[string]*parsed
	size          int // of known
}{known: map[string]*parsed{}}

// parse reads a text as a shell does.
func parse(text string) *parsed {
	scripts.Lock()
	p := scripts.known[text]
	old := scripts.before[text]
	scripts.Unlock()
	if p != nil {
		return p
	}
	if p = old; p == nil {
		p = parseAnew(text)
	}
	scripts.Lock()
	defer scripts.Unlock()
	if scripts.size += len(text); scripts.size > scriptLimit {
		scripts.before, scripts.known, scripts.size = scripts.known, map[string]*parsed{}, len(text)
	}
	scripts.known[text] = p
	return p
}

// nextStatements are the next lines that make whole statements, and their text;
// eof: there are no more lines after them. What is the same on all devices is
// parsed once, also where something else stands in the middle of it.
func nextStatements(lines *bufio.Reader) (p *parsed, text string, eof bool) {
	text, eof = readLine(lines)
	switch {
	case eof:
	case function.MatchString(text):
		if p, text, eof = nextFunction(lines, text); p != nil {
			return p, text, eof
		}
	case hereDocument.MatchString(text) && strings.Count(text, "<<") == 1:
		word := hereDocument.FindStringSubmatch(text)[1]
		var line string
		var body strings.Builder
		for line, eof = readLine(lines); !eof && line != word+"\n"; line, eof = readLine(lines) {
			body.WriteString(line)
		}
		if p := withBody(text, word, body.String()); p != nil {
			return p, text + body.String() + line, eof
		}
		text += body.String() + line
	}
	read := parse
	for p = read(text); p.more && !eof; {
		var line string
		line, eof = readLine(lines)
		text += line
		if p.until != "" {
			if !eof && strings.TrimLeft(line, "\t") != p.until+"\n" {
				continue // a line of the here-document
			}
			read = parseAnew
		}
		p = read(text)
	}
	return p, text, eof
}

// nextFunction is a function that begins with the line, statement by statement;
// nil: it is written in another way, and the text is what was read of it.
func nextFunction(lines *bufio.Reader, line string) (p *parsed, text string, eof bool) {
	name, _, _ := strings.Cut(line, "(")
	all := strings.Builder{}
	all.WriteString(line)
	body := &syntax.Block{}
	for !eof {
		var next string
		p, next, eof = nextStatements(lines)
		all.WriteString(next)
		if next == "}\n" && len(body.Stmts) > 0 {
			decl := &syntax.FuncDecl{Parens: true, Name: &syntax.Lit{Value: name}, Body: &syntax.Stmt{Cmd: body}}
			return &parsed{stmts: []*syntax.Stmt{{Cmd: decl}}}, all.String(), eof
		}
		if p.err != nil {
			break
		}
		body.Stmts = append(body.Stmts, p.stmts...)
	}
	return nil, all.String(), eof
}

var (
	function     = regexp.MustCompile(`^[A-Za-z_]+\(\) \{( #.*)?\n$`)
	hereDocument = regexp.MustCompile(`<<'([A-Za-z_]+)'`)
)

// hereVariable holds a here-document that is taken literally.
const hereVariable = "__here"

// withBody is one line with such a here-document, which no parser has to look
// at: a variable brings it. nil: the line is no whole statement, or the body is
// empty.
func withBody(line, word, body string) *parsed {
	if body == "" {
		return nil
	}
	p := parse(strings.Replace(line, "<<'"+word+"'", "<<"+word, 1) + "${" + hereVariable + "}\n" + word + "\n")
	if p.err != nil || p.more {
		return nil
	}
	set := &syntax.CallExpr{Assigns: []*syntax.Assign{{
		Name:  &syntax.Lit{Value: hereVariable},
		Value: &syntax.Word{Parts: []syntax.WordPart{&syntax.SglQuoted{Value: strings.TrimSuffix(body, "\n")}}},
	}}}
	return &parsed{stmts: append([]*syntax.Stmt{{Cmd: set}}, p.stmts...)}
}

// readLine is the next line with its end, also the last one's; eof: there is
// no more.
func readLine(r *bufio.Reader) (line string, eof bool) {
	line, err := r.ReadString('\n')
	if err != nil && line != "" {
		line += "\n"
	}
	return line, err != nil
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
