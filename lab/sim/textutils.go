package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// linesOf are the lines of a text without their ends.
func linesOf(data []byte) []string {
	if len(data) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// cut takes characters, bytes or fields.
func cut(c *call) int {
	opts, files := c.flags("dfcb")
	all, status := c.inputs("cut", files)
	spec, fields := opts["-f"], true
	if !has(opts, "-f") {
		spec, fields = opts["-c"]+opts["-b"], false
	}
	want, err := ranges(spec)
	if err != nil {
		return c.fail(1, "cut: invalid range '%s'", spec)
	}
	sep := "\t"
	if has(opts, "-d") {
		sep = opts["-d"]
	}
	for _, line := range linesOf(bytes.Join(all, nil)) {
		parts := strings.Split(line, "")
		if fields {
			if !strings.Contains(line, sep) {
				if !has(opts, "-s") {
					c.printf("%s\n", line)
				}
				continue
			}
			parts = strings.Split(line, sep)
		}
		var out []string
		for i, p := range parts {
			if want(i + 1) {
				out = append(out, p)
			}
		}
		if fields {
			c.printf("%s\n", strings.Join(out, sep))
		} else {
			c.printf("%s\n", strings.Join(out, ""))
		}
	}
	return status
}

// ranges reads "1-3,5,7-".
func ranges(spec string) (func(int) bool, error) {
	var all [][2]int
	for part := range strings.SplitSeq(spec, ",") {
		from, to, both := strings.Cut(part, "-")
		r := [2]int{1, 1 << 30}
		var err error
		if from != "" {
			if r[0], err = strconv.Atoi(from); err != nil {
				return nil, err
			}
		}
		if !both {
			r[1] = r[0]
		} else if to != "" {
			if r[1], err = strconv.Atoi(to); err != nil {
				return nil, err
			}
		}
		all = append(all, r)
	}
	return func(i int) bool {
		return slices.ContainsFunc(all, func(r [2]int) bool { return r[0] <= i && i <= r[1] })
	}, nil
}

// head and tail: -n lines, -c bytes, also as -5 and +5.
func head(c *call) int { return c.piece("head") }

func tail(c *call) int { return c.piece("tail") }

func (c *call) piece(name string) int {
	if len(c.args) > 0 && len(c.args[0]) > 1 && c.args[0][0] == '-' && c.args[0][1] >= '0' && c.args[0][1] <= '9' {
		c.args = append([]string{"-n", c.args[0][1:]}, c.args[1:]...)
	}
	opts, files := c.flags("nc")
	all, status := c.inputs(name, files)
	data := bytes.Join(all, nil)
	count, unit := "10", "lines"
	if n, ok := opts["-n"]; ok {
		count = n
	}
	if n, ok := opts["-c"]; ok {
		count, unit = n, "bytes"
	}
	n, err := strconv.Atoi(strings.TrimLeft(count, "+-"))
	if err != nil {
		return c.fail(1, "%s: invalid number of %s: '%s'", name, unit, count)
	}
	parts := slices.Collect(bytes.Lines(data))
	if unit == "bytes" {
		parts = nil
		for i := range data {
			parts = append(parts, data[i:i+1])
		}
	}
	switch {
	case name == "head" && strings.HasPrefix(count, "-"):
		parts = parts[:max(0, len(parts)-n)]
	case name == "head":
		parts = parts[:min(n, len(parts))]
	case strings.HasPrefix(count, "+"):
		parts = parts[min(max(0, n-1), len(parts)):]
	default:
		parts = parts[max(0, len(parts)-n):]
	}
	_, _ = c.out.Write(bytes.Join(parts, nil))
	return status
}

func sortCommand(c *call) int {
	opts, files := c.flags("kto")
	all, status := c.inputs("sort", files)
	var list []string
	for _, data := range all {
		list = append(list, linesOf(data)...)
	}
	number := func(s string) float64 {
		s = strings.TrimSpace(s)
		end := 0
		for end < len(s) && (s[end] >= '0' && s[end] <= '9' || s[end] == '.' || end == 0 && s[end] == '-') {
			end++
		}
		f, _ := strconv.ParseFloat(s[:end], 64)
		return f
	}
	key := func(s string) string {
		n, err := strconv.Atoi(strings.SplitN(opts["-k"], ",", 2)[0])
		if err != nil {
			return s
		}
		f := strings.Fields(s)
		if t, ok := opts["-t"]; ok {
			f = strings.Split(s, t)
		}
		if n > len(f) {
			return ""
		}
		return strings.Join(f[n-1:], " ")
	}
	slices.SortStableFunc(list, func(a, b string) int {
		a, b = key(a), key(b)
		if has(opts, "-n") {
			if x, y := number(a), number(b); x != y {
				if x < y {
					return -1
				}
				return 1
			}
		}
		return strings.Compare(a, b)
	})
	if has(opts, "-u") {
		list = slices.Compact(list)
	}
	if has(opts, "-r") {
		slices.Reverse(list)
	}
	for _, l := range list {
		c.printf("%s\n", l)
	}
	return status
}

func uniq(c *call) int {
	opts, files := c.flags("")
	all, status := c.inputs("uniq", files)
	list := linesOf(bytes.Join(all, nil))
	for i := 0; i < len(list); {
		n := 1
		for i+n < len(list) && list[i+n] == list[i] {
			n++
		}
		switch {
		case has(opts, "-d") && n == 1:
		case has(opts, "-c"):
			c.printf("%7d %s\n", n, list[i])
		default:
			c.printf("%s\n", list[i])
		}
		i += n
	}
	return status
}

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
