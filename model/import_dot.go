package model

import (
	"fmt"
	"slices"
	"strings"
)

// readDot reads a topology.dot as Cumulus and PTM write it: devices with
// attributes, and cables "leaf01":"swp51" -- "spine01":"swp1".
func readDot(t *topology, data []byte) error {
	tokens, err := dotTokens(string(data))
	if err != nil {
		return err
	}
	p := &dotParser{t: t, tokens: tokens}
	return p.graph()
}

// dotToken is a word or a sign of the DOT language, and its line.
type dotToken struct {
	text string
	word bool // an ID, quoted or not
	line int
}

// dotTokens cuts the text into tokens, without comments.
func dotTokens(text string) ([]dotToken, error) {
	var out []dotToken
	line := 1
	for i := 0; i < len(text); {
		c := text[i]
		rest := text[i:]
		size := 1
		switch {
		case c == '\n':
			line++
		case c == ' ' || c == '\t' || c == '\r':
		case strings.HasPrefix(rest, "//"), c == '#':
			size = strings.IndexByte(rest+"\n", '\n')
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest, "*/")
			if end < 0 {
				return nil, fmt.Errorf("line %d: the comment does not end", line)
			}
			size = end + 2
			line += strings.Count(rest[:size], "\n")
		case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "->"):
			out = append(out, dotToken{rest[:2], false, line})
			size = 2
		case strings.IndexByte("{}[]=;,:", c) >= 0:
			out = append(out, dotToken{rest[:1], false, line})
		case c == '"':
			word, n, ok := dotString(rest)
			if !ok {
				return nil, fmt.Errorf("line %d: the quote does not end", line)
			}
			out = append(out, dotToken{word, true, line})
			size = n
			line += strings.Count(rest[:n], "\n")
		default:
			size = strings.IndexAny(rest+" ", " \t\r\n{}[]=;,:\"")
			if end := strings.Index(rest[:size], "--"); end > 0 {
				size = end
			}
			if size == 0 {
				size = 1
			}
			out = append(out, dotToken{rest[:size], true, line})
		}
		i += size
	}
	return out, nil
}

// dotString reads a quoted ID; \" is a quote in it.
func dotString(text string) (word string, size int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), i + 1, true
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '"':
			i++
			b.WriteByte('"')
		default:
			b.WriteByte(text[i])
		}
	}
	return "", 0, false
}

type dotParser struct {
	t      *topology
	tokens []dotToken
	at     int
}

func (p *dotParser) peek() dotToken {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return dotToken{}
}

// sign takes the next token if it is that sign.
func (p *dotParser) sign(text string) bool {
	if t := p.peek(); !t.word && t.text == text {
		p.at++
		return true
	}
	return false
}

// graph reads the whole. Subgraphs only group; their cables count.
func (p *dotParser) graph() error {
	for p.peek().word { // strict graph NAME
		word := p.peek().text
		if !slices.Contains([]string{"strict", "graph", "digraph"}, strings.ToLower(word)) {
			p.t.name = word
		}
		p.at++
	}
	if !p.sign("{") {
		return fmt.Errorf("line %d: a { is expected", p.peek().line)
	}
	for depth := 1; p.at < len(p.tokens); {
		switch t := p.peek(); {
		case p.sign("{"):
			depth++
		case p.sign("}"):
			if depth--; depth == 0 {
				return nil
			}
		case p.sign(";"), p.sign(","):
		case t.word && strings.EqualFold(t.text, "subgraph"):
			p.at++
			if p.peek().word {
				p.at++
			}
		case t.word:
			if err := p.statement(); err != nil {
				return err
			}
		default:
			return fmt.Errorf("line %d: %s is not expected here", t.line, quote(t.text))
		}
	}
	return fmt.Errorf("the graph does not end; a } is missing")
}

// statement reads a device, a row of cables, or a setting of the graph.
func (p *dotParser) statement() error {
	line := p.peek().line
	ends := []End{p.end()}
	for p.sign("--") || p.sign("->") {
		if !p.peek().word {
			return fmt.Errorf("line %d: a cable has no second end", line)
		}
		ends = append(ends, p.end())
	}
	if len(ends) == 1 && p.sign("=") { // a setting such as rankdir=LR
		p.at++
		return nil
	}
	attributes, err := p.attributes()
	if err != nil {
		return err
	}
	if len(ends) == 1 {
		if !slices.Contains([]string{"graph", "node", "edge"}, strings.ToLower(ends[0].Device)) {
			p.device(ends[0].Device, attributes)
		}
		return nil
	}
	for i := 1; i < len(ends); i++ {
		a, b := ends[i-1], ends[i]
		if a.Port == "" || b.Port == "" {
			p.t.remark("the cable on line %d, %s -- %s, was left out: an end has no port", line, printable(a.Device), printable(b.Device))
			p.t.device(a.Device)
			p.t.device(b.Device)
			continue
		}
		p.t.cable(a, b, attributes.take("speed"))
	}
	for _, key := range attributes.order {
		p.t.drop("cables' "+key, "")
	}
	return nil
}

// end reads DEVICE or DEVICE:PORT, the two quoted together or apart.
func (p *dotParser) end() End {
	e := End{Device: p.peek().text}
	p.at++
	if p.sign(":") {
		e.Port = p.peek().text
		p.at++
		if p.sign(":") { // a compass point
			p.at++
		}
	} else if device, port, found := strings.Cut(e.Device, ":"); found {
		e = End{device, port}
	}
	return e
}

// dotAttributes are the attributes in brackets, in their order.
type dotAttributes struct {
	order  []string
	values map[string]string
}

// take is the value of an attribute, which then counts as read.
func (a *dotAttributes) take(key string) string {
	i := slices.Index(a.order, key)
	if i < 0 {
		return ""
	}
	a.order = slices.Delete(a.order, i, i+1)
	return a.values[key]
}

func (p *dotParser) attributes() (dotAttributes, error) {
	out := dotAttributes{values: map[string]string{}}
	for p.sign("[") {
		for !p.sign("]") {
			t := p.peek()
			if !t.word {
				if p.sign(",") || p.sign(";") {
					continue
				}
				return out, fmt.Errorf("line %d: the [ does not end", t.line)
			}
			p.at++
			value := ""
			if p.sign("=") {
				value = p.peek().text
				p.at++
			}
			if _, twice := out.values[t.text]; !twice {
				out.order = append(out.order, t.text)
			}
			out.values[t.text] = value
		}
	}
	return out, nil
}

// device takes what fabric.yaml has a place for.
func (p *dotParser) device(name string, a dotAttributes) {
	d := p.t.device(name)
	if text := a.take("function"); text != "" {
		d.hint = text
	}
	if text := a.take("role"); text != "" {
		d.hint = text
	}
	if text := a.take("mgmt_ip"); text != "" {
		d.mgmt = p.t.address(d, "mgmt_ip", text)
	}
	if text := a.take("os"); text != "" {
		d.platform = p.t.platform(d, "os", text)
	}
	if text := a.take("rack"); text != "" {
		d.rack = p.t.word(d, "rack", text)
	}
	if text := a.take("serial"); text != "" {
		d.serial = p.t.word(d, "serial", text)
	}
	if text := a.take("asn"); text != "" {
		d.asn = p.t.ownASN(d, text)
	}
	for _, key := range a.order {
		p.t.drop(key, name)
	}
}
