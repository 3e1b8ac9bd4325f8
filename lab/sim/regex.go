package sim

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// basic turns a basic regular expression (POSIX, with the \| \+ \? of GNU)
// into one of Go's.
func basic(re string) string {
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		switch ch := re[i]; {
		case ch == '\\' && i+1 < len(re):
			i++
			switch {
			case strings.ContainsRune("(){}|+?", rune(re[i])):
				b.WriteByte(re[i])
			case re[i] == 'n':
				b.WriteString(`\n`)
			case re[i] == 't':
				b.WriteString(`\t`)
			default:
				b.WriteByte('\\')
				b.WriteByte(re[i])
			}
		case ch == '[':
			end := bracketEnd(re, i)
			b.WriteString(strings.ReplaceAll(re[i:end], `\`, `\\`))
			i = end - 1
		case strings.ContainsRune("(){}|+?", rune(ch)):
			b.WriteString(`\` + string(ch))
		case ch == '*' && (i == 0 || re[i-1] == '^' && i == 1 || i > 1 && re[i-2:i] == `\(`):
			b.WriteString(`\*`)
		case ch == '^' && i > 0 && !strings.HasSuffix(re[:i], `\(`) && !strings.HasSuffix(re[:i], `\|`):
			b.WriteString(`\^`)
		case ch == '$' && i+1 < len(re) && !strings.HasPrefix(re[i+1:], `\)`) && !strings.HasPrefix(re[i+1:], `\|`):
			b.WriteString(`\$`)
		default:
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// extended does the same for an extended one, which Go's nearly are.
func extended(re string) string {
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		switch {
		case re[i] == '\\' && i+1 < len(re):
			b.WriteString(re[i : i+2])
			i++
		case re[i] == '[':
			end := bracketEnd(re, i)
			b.WriteString(strings.ReplaceAll(re[i:end], `\`, `\\`))
			i = end - 1
		default:
			b.WriteByte(re[i])
		}
	}
	return b.String()
}

// bracketEnd is where the bracket expression that begins at i is over.
func bracketEnd(re string, i int) int {
	j := i + 1
	if j < len(re) && re[j] == '^' {
		j++
	}
	if j < len(re) && re[j] == ']' {
		j++
	}
	for ; j < len(re); j++ {
		if strings.HasPrefix(re[j:], "[:") {
			if end := strings.Index(re[j:], ":]"); end > 0 {
				j += end + 1
				continue
			}
		}
		if re[j] == ']' {
			return j + 1
		}
	}
	return len(re)
}

func grep(c *call) int {
	opts, rest := c.flags("ef")
	var patterns []string
	switch {
	case has(opts, "-e"):
		patterns = []string{opts["-e"]}
	case has(opts, "-f"):
		data, err := c.input(opts["-f"])
		if err != nil {
			return c.fail(2, "grep: %s: %s", opts["-f"], why(err))
		}
		patterns = linesOf(data)
	case len(rest) == 0:
		return c.fail(2, "grep: wants a pattern")
	default:
		patterns, rest = strings.Split(rest[0], "\n"), rest[1:]
	}
	fits, err := matcher(patterns, opts)
	if err != nil {
		return c.fail(2, "grep: %v", err)
	}
	return c.grepFiles(opts, rest, fits)
}

// matcher says which lines match one of the patterns.
func matcher(patterns []string, opts map[string]string) (func(string) bool, error) {
	if has(opts, "-F") && has(opts, "-x") {
		set := map[string]bool{}
		for _, p := range patterns {
			set[p] = true
		}
		return func(l string) bool { return set[l] }, nil
	}
	var all []*regexp.Regexp
	for _, p := range patterns {
		switch {
		case has(opts, "-F"):
			p = regexp.QuoteMeta(p)
		case has(opts, "-E"):
			p = extended(p)
		default:
			p = basic(p)
		}
		if has(opts, "-w") {
			p = `\b(?:` + p + `)\b`
		}
		if has(opts, "-x") {
			p = "^(?:" + p + ")$"
		}
		if has(opts, "-i") {
			p = "(?i)" + p
		}
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, err
		}
		all = append(all, re)
	}
	return func(l string) bool {
		return slices.ContainsFunc(all, func(re *regexp.Regexp) bool { return re.MatchString(l) })
	}, nil
}

func (c *call) grepFiles(opts map[string]string, files []string, fits func(string) bool) int {
	names := files
	if len(files) == 0 {
		names = []string{"-"}
	}
	found, status := false, 0
	for _, f := range names {
		data, err := c.input(f)
		if err != nil {
			if !has(opts, "-s") {
				_ = c.fail(2, "grep: %s: %s", f, why(err))
			}
			status = 2
			continue
		}
		n := 0
		for i, line := range linesOf(data) {
			if fits(line) == has(opts, "-v") {
				continue
			}
			n++
			if has(opts, "-q", "-c", "-l") {
				continue
			}
			if len(names) > 1 && !has(opts, "-h") {
				c.printf("%s:", f)
			}
			if has(opts, "-n") {
				c.printf("%d:", i+1)
			}
			c.printf("%s\n", line)
		}
		found = found || n > 0
		if has(opts, "-c") {
			c.printf("%d\n", n)
		}
		if has(opts, "-l") && n > 0 {
			c.printf("%s\n", f)
		}
	}
	switch {
	case found && (status == 0 || has(opts, "-q")):
		return 0
	case status != 0:
		return status
	}
	return 1
}

// sed runs the commands s p d n q = { } with addresses /re/, N, $ and ranges.
func sed(c *call) int {
	opts, rest := c.flags("e")
	for _, a := range c.args {
		if a == "-i" || strings.HasPrefix(a, "-i") {
			opts["-i"] = ""
		}
	}
	text, ok := opts["-e"]
	if !ok {
		if len(rest) == 0 {
			return c.fail(1, "sed: wants a script")
		}
		text, rest = rest[0], rest[1:]
	}
	p := sedParser{text: text, extended: has(opts, "-E", "-r")}
	script, err := p.block(false)
	if err != nil {
		return c.fail(1, "sed: -e expression #1, char %d: %v", p.at, err)
	}
	if has(opts, "-i") {
		for _, f := range rest {
			n, err := c.disk.stat(c.path(f), true)
			if err != nil {
				return c.fail(2, "sed: can't read %s: %s", f, why(err))
			}
			var b bytes.Buffer
			sedRun{quiet: has(opts, "-n"), out: &b}.all(script, linesOf(n.body))
			if err := c.disk.save(c.path(f), b.Bytes(), n.mode, c.who, false); err != nil {
				return c.fail(4, "sed: couldn't write %s: %s", f, why(err))
			}
		}
		return 0
	}
	all, status := c.inputs("sed", rest)
	var list []string
	for _, data := range all {
		list = append(list, linesOf(data)...)
	}
	sedRun{quiet: has(opts, "-n"), out: c.out}.all(script, list)
	if status != 0 {
		return 2
	}
	return 0
}
