package sim

import (
	"bytes"
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
