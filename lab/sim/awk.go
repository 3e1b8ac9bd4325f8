package sim

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// awk runs the part of the language that edits text by tables: patterns that
// are expressions or /regular/, blocks of assignments, print and next; fields,
// NR, FNR, FILENAME, ARGV; arrays; == != ~ in && || ! ?: and joining.
func awk(c *call) int {
	opts, rest := c.flags("Fv")
	if len(rest) == 0 {
		return c.fail(2, "awk: wants a program")
	}
	a := &awkRun{vars: map[string]string{"FS": opts["-F"]}, arrays: map[string]map[string]string{"ARGV": {"0": "awk"}}, c: c}
	if name, value, ok := strings.Cut(opts["-v"], "="); ok {
		a.vars[name] = value
	}
	rules, err := (&awkParser{words: awkWords(rest[0])}).rules()
	if err != nil {
		return c.fail(2, "awk: %v", err)
	}
	files := rest[1:]
	for i, f := range files {
		a.arrays["ARGV"][strconv.Itoa(i+1)] = f
	}
	if len(files) == 0 {
		files = []string{"-"}
	}
	total := 0
	for _, f := range files {
		data, err := c.input(f)
		if err != nil {
			return c.fail(2, "awk: cannot open \"%s\" (%s)", f, why(err))
		}
		a.vars["FILENAME"] = f
		for i, line := range linesOf(data) {
			total++
			a.vars["NR"], a.vars["FNR"] = strconv.Itoa(total), strconv.Itoa(i+1)
			a.split(line)
			for _, r := range rules {
				if r.when == nil || truth(r.when(a)) {
					r.do(a)
				}
				if a.next {
					a.next = false
					break
				}
			}
		}
	}
	return 0
}

type awkRun struct {
	vars   map[string]string
	arrays map[string]map[string]string
	fields []string // the line, then its fields
	next   bool
	c      *call
}

type (
	awkValue func(*awkRun) string
	awkRule  struct {
		when awkValue
		do   func(*awkRun)
	}
)

func (a *awkRun) split(line string) {
	parts := strings.Fields(line)
	if fs := a.vars["FS"]; fs != "" && fs != " " {
		parts = strings.Split(line, fs)
	}
	a.fields = append([]string{line}, parts...)
	a.vars["NF"] = strconv.Itoa(len(parts))
}

func (a *awkRun) field(n string) string {
	i, err := strconv.Atoi(n)
	if err != nil || i < 0 || i >= len(a.fields) {
		return ""
	}
	return a.fields[i]
}

func truth(s string) bool { return s != "" && s != "0" }

func ofBool(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

var awkWord = regexp.MustCompile(`^(?:[ \t]+|("(?:\\.|[^"\\])*")|([A-Za-z_]\w*)|(\d+)|(==|!=|&&|\|\||[-{}()\[\];$=~!?:,+\n]))`)

type awkParser struct {
	words []string
	err   error
}

// choice is the loosest: an assignment, or a ? b : c.
func (p *awkParser) choice() awkValue {
	if len(p.words) > 1 && p.words[1] == "=" {
		name := p.words[0]
		p.words = p.words[2:]
		v := p.choice()
		return func(a *awkRun) string {
			a.vars[name] = v(a)
			return a.vars[name]
		}
	}
	v := p.either()
	if !p.take("?") {
		return v
	}
	yes := p.choice()
	p.want(":")
	no := p.choice()
	return func(a *awkRun) string {
		if truth(v(a)) {
			return yes(a)
		}
		return no(a)
	}
}

func (p *awkParser) either() awkValue {
	v := p.compared()
	for p.peek() == "&&" || p.peek() == "||" {
		and := p.take("&&") || !p.take("||")
		x, y := v, p.compared()
		v = func(a *awkRun) string {
			if truth(x(a)) == and {
				return ofBool(truth(y(a)))
			}
			return ofBool(!and)
		}
	}
	return v
}

func (p *awkParser) compared() awkValue {
	x := p.joined()
	switch op := p.peek(); op {
	case "==", "!=":
		p.take(op)
		y := p.joined()
		return func(a *awkRun) string { return ofBool((x(a) == y(a)) == (op == "==")) }
	case "~":
		p.take(op)
		y := p.joined()
		return func(a *awkRun) string {
			re, err := regexp.Compile(extended(y(a)))
			return ofBool(err == nil && re.MatchString(x(a)))
		}
	case "in":
		p.take(op)
		name := p.peek()
		p.take(name)
		return func(a *awkRun) string {
			_, ok := a.arrays[name][x(a)]
			return ofBool(ok)
		}
	}
	return x
}

// joined are values one after the other.
func (p *awkParser) joined() awkValue {
	all := []awkValue{p.value()}
	for w := p.peek(); w != "" && p.err == nil && w != "in" && (w[0] == '"' || w == "$" || w == "(" || awkName.MatchString(w)); w = p.peek() {
		all = append(all, p.value())
	}
	if len(all) == 1 {
		return all[0]
	}
	return func(a *awkRun) string {
		var b strings.Builder
		for _, v := range all {
			b.WriteString(v(a))
		}
		return b.String()
	}
}

var awkName = regexp.MustCompile(`^\w+$`)

func (p *awkParser) value() awkValue {
	w := p.peek()
	p.take(w)
	switch {
	case w == "(":
		v := p.choice()
		p.want(")")
		return v
	case w == "!":
		v := p.value()
		return func(a *awkRun) string { return ofBool(!truth(v(a))) }
	case w == "$":
		v := p.value()
		return func(a *awkRun) string { return a.field(v(a)) }
	case strings.HasPrefix(w, `"`):
		text, err := strconv.Unquote(w)
		if err != nil {
			p.err = fmt.Errorf("a string that cannot be read: %s", w)
		}
		return func(*awkRun) string { return text }
	case strings.HasPrefix(w, "/"):
		re, err := regexp.Compile(extended(w[1:]))
		if err != nil {
			p.err = err
			return nil
		}
		return func(a *awkRun) string { return ofBool(re.MatchString(a.fields[0])) }
	case awkName.MatchString(w) && w[0] >= '0' && w[0] <= '9':
		return func(*awkRun) string { return w }
	case awkName.MatchString(w):
		return p.variable(w)
	}
	if p.err == nil {
		p.err = fmt.Errorf("syntax error at %q", w)
	}
	return func(*awkRun) string { return "" }
}

// variable is a name, or an element, which may be assigned to.
func (p *awkParser) variable(name string) awkValue {
	if !p.take("[") {
		return func(a *awkRun) string { return a.vars[name] }
	}
	key := p.choice()
	p.want("]")
	if p.take("=") {
		v := p.choice()
		return func(a *awkRun) string {
			if a.arrays[name] == nil {
				a.arrays[name] = map[string]string{}
			}
			a.arrays[name][key(a)] = v(a)
			return ""
		}
	}
	return func(a *awkRun) string { return a.arrays[name][key(a)] }
}
