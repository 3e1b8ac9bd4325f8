package sim

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// sedCommand is one command with its addresses.
type sedCommand struct {
	from, to *sedAddress
	not      bool
	verb     byte
	block    []*sedCommand
	re       *regexp.Regexp // s
	with     string         // s
	all      bool           // s///g
	print    bool           // s///p
	text     string         // a, i, c

	inside bool // a range that has begun
}

type sedAddress struct {
	re   *regexp.Regexp
	line int
	last bool
}

type sedParser struct {
	text     string
	at       int
	extended bool
}

func (p *sedParser) skip(chars string) {
	for p.at < len(p.text) && strings.ContainsRune(chars, rune(p.text[p.at])) {
		p.at++
	}
}

func (p *sedParser) block(inner bool) ([]*sedCommand, error) {
	var out []*sedCommand
	for {
		p.skip(" \t\n;")
		switch {
		case p.at >= len(p.text) && inner:
			return nil, errors.New("unmatched `{'")
		case p.at >= len(p.text):
			return out, nil
		case p.text[p.at] == '}' && inner:
			p.at++
			return out, nil
		}
		c, err := p.command()
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
}

func (p *sedParser) command() (*sedCommand, error) {
	c := &sedCommand{}
	var err error
	if c.from, err = p.address(); err != nil {
		return nil, err
	}
	if c.from != nil && p.at < len(p.text) && p.text[p.at] == ',' {
		p.at++
		if c.to, err = p.address(); err != nil {
			return nil, err
		}
	}
	p.skip(" \t")
	if p.at < len(p.text) && p.text[p.at] == '!' {
		c.not = true
		p.at++
		p.skip(" \t")
	}
	if p.at >= len(p.text) {
		return nil, errors.New("missing command")
	}
	c.verb = p.text[p.at]
	p.at++
	switch c.verb {
	case '{':
		c.block, err = p.block(true)
	case 's':
		err = p.substitution(c)
	case 'a', 'i', 'c':
		end := strings.IndexByte(p.text[p.at:]+"\n", '\n')
		c.text = strings.TrimLeft(strings.TrimPrefix(strings.TrimSpace(p.text[p.at:p.at+end]), `\`), " \n")
		p.at += end
	case 'p', 'd', 'n', 'q', '=':
	default:
		err = fmt.Errorf("unknown command: `%c'", c.verb)
	}
	return c, err
}

func (p *sedParser) address() (*sedAddress, error) {
	p.skip(" \t")
	if p.at >= len(p.text) {
		return nil, nil
	}
	switch ch := p.text[p.at]; {
	case ch == '$':
		p.at++
		return &sedAddress{last: true}, nil
	case ch >= '0' && ch <= '9':
		start := p.at
		p.skip("0123456789")
		n, err := strconv.Atoi(p.text[start:p.at])
		return &sedAddress{line: n}, err
	case ch == '/':
		p.at++
		re, err := p.regexp('/')
		return &sedAddress{re: re}, err
	}
	return nil, nil
}

// until is the text to the delimiter, which a backslash keeps.
func (p *sedParser) until(delim byte) (string, error) {
	var b strings.Builder
	for ; p.at < len(p.text); p.at++ {
		switch ch := p.text[p.at]; {
		case ch == delim:
			p.at++
			return b.String(), nil
		case ch == '\\' && p.at+1 < len(p.text):
			p.at++
			if p.text[p.at] != delim {
				b.WriteByte('\\')
			}
			b.WriteByte(p.text[p.at])
		case ch == '[' && delim != '[':
			end := bracketEnd(p.text, p.at)
			if strings.HasSuffix(p.text[:end], "]") {
				b.WriteString(p.text[p.at:end])
				p.at = end - 1
				continue
			}
			b.WriteByte(ch)
		default:
			b.WriteByte(ch)
		}
	}
	return "", fmt.Errorf("unterminated `%c'", delim)
}

func (p *sedParser) regexp(delim byte) (*regexp.Regexp, error) {
	text, err := p.until(delim)
	if err != nil {
		return nil, err
	}
	if p.extended {
		return regexp.Compile(extended(text))
	}
	return regexp.Compile(basic(text))
}

func (p *sedParser) substitution(c *sedCommand) error {
	if p.at >= len(p.text) {
		return errors.New("unterminated `s' command")
	}
	delim := p.text[p.at]
	p.at++
	var err error
	if c.re, err = p.regexp(delim); err != nil {
		return err
	}
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != delim {
		if p.text[p.at] == '\\' {
			p.at++
		}
		p.at++
	}
	if p.at >= len(p.text) {
		return errors.New("unterminated `s' command")
	}
	c.with = p.text[start:p.at]
	p.at++
	for p.at < len(p.text) && strings.ContainsRune("gp", rune(p.text[p.at])) {
		c.all = c.all || p.text[p.at] == 'g'
		c.print = c.print || p.text[p.at] == 'p'
		p.at++
	}
	return nil
}

// replace is what s does to a line.
func (c *sedCommand) replace(line string) (string, bool) {
	n := 1
	if c.all {
		n = -1
	}
	found := c.re.FindAllStringSubmatchIndex(line, n)
	if found == nil {
		return line, false
	}
	var b strings.Builder
	at := 0
	for _, m := range found {
		b.WriteString(line[at:m[0]])
		for i := 0; i < len(c.with); i++ {
			switch ch := c.with[i]; {
			case ch == '&':
				b.WriteString(line[m[0]:m[1]])
			case ch == '\\' && i+1 < len(c.with):
				i++
				switch d := c.with[i]; {
				case d >= '0' && d <= '9':
					if g := 2 * int(d-'0'); g+1 < len(m) && m[g] >= 0 {
						b.WriteString(line[m[g]:m[g+1]])
					}
				case d == 'n':
					b.WriteByte('\n')
				case d == 't':
					b.WriteByte('\t')
				default:
					b.WriteByte(d)
				}
			default:
				b.WriteByte(ch)
			}
		}
		at = m[1]
	}
	b.WriteString(line[at:])
	return b.String(), true
}

func (a *sedAddress) fits(line string, number int, last bool) bool {
	switch {
	case a.re != nil:
		return a.re.MatchString(line)
	case a.last:
		return last
	}
	return number == a.line
}

// selects says whether the command is for this line.
func (c *sedCommand) selects(line string, number int, last bool) bool {
	hit := true
	switch {
	case c.from == nil:
	case c.to == nil:
		hit = c.from.fits(line, number, last)
	case c.inside:
		c.inside = !c.to.fits(line, number, last) && (c.to.re != nil || c.to.last || number < c.to.line)
	default:
		hit = c.from.fits(line, number, last)
		c.inside = hit && (c.to.re != nil || c.to.last && !last || c.to.line > number)
	}
	return hit != c.not
}

// sedRun goes over the lines.
type sedRun struct {
	quiet bool
	out   io.Writer

	list []string
	at   int
	line string
	quit bool
	end  bool // the cycle is over, its line not printed
}

func (r sedRun) all(script []*sedCommand, list []string) {
	r.list = list
	for ; r.at < len(r.list) && !r.quit; r.at++ {
		r.line, r.end = r.list[r.at], false
		r.cycle(script)
		if !r.quiet && !r.end {
			fmt.Fprintln(r.out, r.line)
		}
	}
}

func (r *sedRun) cycle(script []*sedCommand) {
	for _, c := range script {
		if !c.selects(r.line, r.at+1, r.at == len(r.list)-1) {
			continue
		}
		switch c.verb {
		case '{':
			r.cycle(c.block)
		case 's':
			var did bool
			if r.line, did = c.replace(r.line); did && c.print {
				fmt.Fprintln(r.out, r.line)
			}
		case 'p':
			fmt.Fprintln(r.out, r.line)
		case '=':
			fmt.Fprintln(r.out, r.at+1)
		case 'i':
			fmt.Fprintln(r.out, c.text)
		case 'a': // its place is behind the line
			r.line += "\n" + c.text
		case 'c':
			r.line = c.text
		case 'd':
			r.end = true
		case 'q':
			r.quit = true
			return
		case 'n':
			if !r.quiet {
				fmt.Fprintln(r.out, r.line)
			}
			if r.at+1 >= len(r.list) {
				r.quit, r.end = true, true
				return
			}
			r.at++
			r.line = r.list[r.at]
		}
		if r.end || r.quit {
			return
		}
	}
}
