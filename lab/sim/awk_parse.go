package sim

import (
	"fmt"
	"strings"
)

// awkWords are the tokens of a program; a regular expression is one that
// begins with a slash. What is none ends them, and the parser says so.
func awkWords(text string) []string {
	var out []string
	for text != "" {
		if text[0] == '/' {
			if end := strings.IndexByte(text[1:], '/'); end >= 0 {
				out, text = append(out, text[:end+1]), text[end+2:]
				continue
			}
		}
		m := awkWord.FindString(text)
		if m == "" {
			return append(out, text)
		}
		if w := strings.Trim(m, " \t"); w != "" {
			out = append(out, w)
		}
		text = text[len(m):]
	}
	return out
}

func (p *awkParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *awkParser) take(w string) bool {
	if p.peek() != w || len(p.words) == 0 {
		return false
	}
	p.words = p.words[1:]
	return true
}

func (p *awkParser) want(w string) {
	if !p.take(w) && p.err == nil {
		p.err = fmt.Errorf("syntax error at %q, where %q should be", p.peek(), w)
	}
}

func (p *awkParser) skip() {
	for p.take("\n") || p.take(";") {
	}
}

func (p *awkParser) rules() ([]awkRule, error) {
	var out []awkRule
	for p.skip(); len(p.words) > 0 && p.err == nil; p.skip() {
		r := awkRule{do: func(a *awkRun) { a.c.printf("%s\n", a.fields[0]) }}
		if p.peek() != "{" {
			r.when = p.choice()
		}
		if p.take("{") {
			var all []func(*awkRun)
			for p.skip(); p.peek() != "}" && p.err == nil; p.skip() {
				all = append(all, p.statement())
			}
			p.want("}")
			r.do = func(a *awkRun) {
				for _, s := range all {
					if !a.next {
						s(a)
					}
				}
			}
		}
		out = append(out, r)
	}
	return out, p.err
}

func (p *awkParser) statement() func(*awkRun) {
	switch {
	case p.take("next"):
		return func(a *awkRun) { a.next = true }
	case p.take("print"):
		values := []awkValue{}
		for p.peek() != "}" && p.peek() != ";" && p.peek() != "\n" && p.err == nil {
			values = append(values, p.choice())
			if !p.take(",") {
				break
			}
		}
		return func(a *awkRun) {
			var parts []string
			for _, v := range values {
				parts = append(parts, v(a))
			}
			if len(values) == 0 {
				parts = a.fields[:1]
			}
			a.c.printf("%s\n", strings.Join(parts, " "))
		}
	}
	v := p.choice()
	return func(a *awkRun) { v(a) }
}
