package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// tr translates, deletes (-d) and squeezes (-s) characters and ranges.
func tr(c *call) int {
	opts, sets := c.flags("")
	data, _ := c.input("-")
	if len(sets) == 0 {
		return c.fail(1, "tr: missing operand")
	}
	from := expandSet(sets[0])
	var to []rune
	if len(sets) > 1 {
		to = expandSet(sets[1])
	}
	other := has(opts, "-c", "-C")
	var b strings.Builder
	var last rune = -1
	for _, r := range string(data) {
		at := slices.Index(from, r)
		if other {
			if at = len(to); slices.Contains(from, r) {
				at = -1
			}
		}
		if at >= 0 && has(opts, "-d") {
			continue
		}
		if at >= 0 && len(to) > 0 {
			r = to[min(at, len(to)-1)]
		}
		if has(opts, "-s") && r == last && at >= 0 {
			continue
		}
		last = r
		b.WriteRune(r)
	}
	c.printf("%s", b.String())
	return 0
}

func expandSet(s string) []rune {
	for class, set := range map[string]string{
		"[:space:]": " \t\n\r\v\f", "[:lower:]": "a-z", "[:upper:]": "A-Z", "[:digit:]": "0-9", "[:alnum:]": "a-zA-Z0-9", "[:alpha:]": "a-zA-Z",
	} {
		s = strings.ReplaceAll(s, class, set)
	}
	in := []rune(strings.NewReplacer(`\n`, "\n", `\t`, "\t", `\\`, `\`, `\r`, "\r", `\000`, "\x00", `\0`, "\x00").Replace(s))
	var out []rune
	for i := 0; i < len(in); i++ {
		if i+2 < len(in) && in[i+1] == '-' && in[i] <= in[i+2] {
			for r := in[i]; r <= in[i+2]; r++ {
				out = append(out, r)
			}
			i += 2
			continue
		}
		out = append(out, in[i])
	}
	return out
}

func wc(c *call) int {
	opts, files := c.flags("")
	all, status := c.inputs("wc", files)
	data := bytes.Join(all, nil)
	var out []string
	for _, o := range []struct {
		flag string
		n    int
	}{{"-l", bytes.Count(data, []byte("\n"))}, {"-w", len(bytes.Fields(data))}, {"-c", len(data)}} {
		if has(opts, o.flag) || len(opts) == 0 {
			out = append(out, strconv.Itoa(o.n))
		}
	}
	if len(files) > 0 {
		out = append(out, files[0])
	}
	c.printf("%s\n", strings.Join(out, " "))
	return status
}

func cmp(c *call) int {
	opts, files := c.flags("")
	if len(files) != 2 {
		return c.fail(2, "cmp: two files are to be compared")
	}
	a, err := c.input(files[0])
	if err != nil {
		return c.fail(2, "cmp: %s: %s", files[0], why(err))
	}
	b, err := c.input(files[1])
	if err != nil {
		return c.fail(2, "cmp: %s: %s", files[1], why(err))
	}
	if bytes.Equal(a, b) {
		return 0
	}
	if !has(opts, "-s") {
		c.printf("%s %s differ\n", files[0], files[1])
	}
	return 1
}

func seq(c *call) int {
	from, to := 1, 0
	switch len(c.args) {
	case 1:
		_, _ = fmt.Sscan(c.args[0], &to)
	case 2:
		_, _ = fmt.Sscan(c.args[0], &from)
		_, _ = fmt.Sscan(c.args[1], &to)
	default:
		return c.fail(1, "seq: wants one or two numbers")
	}
	for i := from; i <= to; i++ {
		c.printf("%d\n", i)
	}
	return 0
}

// xargs runs a command once with all words of its input, or once for each (-n 1).
func xargs(c *call) int {
	opts, argv := c.flagsUntilCommand("nI")
	data, _ := c.input("-")
	words := strings.Fields(string(data))
	if has(opts, "-0") {
		words = strings.FieldsFunc(string(data), func(r rune) bool { return r == 0 })
	}
	if len(argv) == 0 {
		argv = []string{"echo"}
	}
	if len(words) == 0 && has(opts, "-r") {
		return 0
	}
	n := len(words)
	if has(opts, "-n") {
		n, _ = strconv.Atoi(opts["-n"])
	}
	status := 0
	c.in = nil
	for first := true; first || len(words) > 0; first = false {
		part := words[:min(max(n, 1), len(words))]
		words = words[len(part):]
		if c.run(c.ctx, c.who, append(slices.Clone(argv), part...)) != 0 {
			status = 123
		}
	}
	return status
}

// flagsUntilCommand are options up to the first word that is none: what
// follows is another command with options of its own.
func (c *call) flagsUntilCommand(with string) (map[string]string, []string) {
	i := 0
	for i < len(c.args) && strings.HasPrefix(c.args[i], "-") && c.args[i] != "-" {
		a := c.args[i]
		i++
		if a == "--" {
			break
		}
		if len(a) == 2 && strings.Contains(with, a[1:]) {
			i++
		}
	}
	i = min(i, len(c.args))
	rest := slices.Clone(c.args[i:])
	saved := c.args
	c.args = c.args[:i]
	opts, _ := c.flags(with)
	c.args = saved
	return opts, rest
}
