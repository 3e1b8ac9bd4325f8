package sim

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "directory"
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	}
	return "regular file"
}

func stat(c *call) int {
	opts, names := c.flags("c")
	format, asked := opts["-c"]
	if f, ok := opts["--format"]; ok {
		format, asked = f, true
	}
	if !asked {
		format = "  File: %n\n  Size: %s\tAccess: (%a) Uid: %U Gid: %G"
	}
	status := 0
	for _, name := range names {
		n, err := c.disk.stat(c.path(name), has(opts, "-L", "--dereference"))
		if err != nil {
			status = c.fail(1, "stat: cannot statx '%s': %s", name, why(err))
			continue
		}
		var b strings.Builder
		for i := 0; i < len(format); i++ {
			if format[i] != '%' || i+1 == len(format) {
				b.WriteByte(format[i])
				continue
			}
			i++
			b.WriteString(c.statField(format[i], name, n))
		}
		c.printf("%s\n", b.String())
	}
	return status
}

func (c *call) statField(f byte, name string, n node) string {
	switch f {
	case 'a':
		return fmt.Sprintf("%o", n.mode.Perm())
	case 'A':
		return n.mode.String()
	case 'U':
		return c.nameOf(n.uid)
	case 'G':
		return c.nameOf(n.gid)
	case 'u':
		return strconv.Itoa(n.uid)
	case 'g':
		return strconv.Itoa(n.gid)
	case 's':
		return strconv.Itoa(len(n.body))
	case 'n':
		return name
	case 'F':
		return kind(n.mode)
	case 'Y':
		return strconv.FormatInt(n.changed.Unix(), 10)
	case 'y':
		return n.changed.Format("2006-01-02 15:04:05.000000000 -0700")
	}
	return "?"
}

func readlink(c *call) int {
	opts, names := c.flags("")
	status := 0
	for _, name := range names {
		if has(opts, "-f", "-e", "-m") {
			p, ok := c.disk.real(c.path(name))
			if !ok && !has(opts, "-m") || has(opts, "-e") && !c.disk.exists(p) {
				status = 1
				continue
			}
			c.printf("%s\n", p)
			continue
		}
		n, err := c.disk.stat(c.path(name), false)
		if err != nil || n.mode&fs.ModeSymlink == 0 {
			status = 1
			continue
		}
		c.printf("%s\n", n.link)
	}
	return status
}

func realpath(c *call) int {
	c.args = append([]string{"-f"}, c.args...)
	return readlink(c)
}

func dirname(c *call) int {
	for _, a := range c.args {
		c.printf("%s\n", path.Dir(a))
	}
	return 0
}

func basename(c *call) int {
	if len(c.args) == 0 {
		return c.fail(1, "basename: missing operand")
	}
	b := path.Base(c.args[0])
	if len(c.args) > 1 && b != c.args[1] {
		b = strings.TrimSuffix(b, c.args[1])
	}
	c.printf("%s\n", b)
	return 0
}

func ls(c *call) int {
	opts, names := c.flags("")
	if len(names) == 0 {
		names = []string{"."}
	}
	status := 0
	for _, name := range names {
		n, err := c.disk.stat(c.path(name), true)
		if err != nil {
			status = c.fail(2, "ls: cannot access '%s': %s", name, why(err))
			continue
		}
		list := []string{name}
		dir := ""
		if n.mode.IsDir() && !has(opts, "-d") {
			list, _ = c.disk.list(c.path(name))
			dir = c.path(name) + "/"
		}
		for _, base := range list {
			if strings.HasPrefix(base, ".") && dir != "" && !has(opts, "-a", "-A") {
				continue
			}
			if !has(opts, "-l") {
				c.printf("%s\n", base)
				continue
			}
			if e, err := c.disk.stat(c.path(dir+base), false); err == nil {
				c.printf("%s 1 %s %s %d %s %s\n", e.mode, c.nameOf(e.uid), c.nameOf(e.gid), len(e.body), e.changed.Format(time.Stamp), base)
			}
		}
	}
	return status
}

// find knows the tests that scripts of this trade use, joined by "and".
func find(c *call) int {
	args := c.args
	var roots []string
	for len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "!" && args[0] != "(" {
		roots, args = append(roots, args[0]), args[1:]
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	f := finder{depth: [2]int{0, 1 << 20}}
	for i := 0; i < len(args); i++ {
		arg := ""
		if i+1 < len(args) {
			arg = args[i+1]
		}
		switch args[i] {
		case "-name":
			f.name = arg
		case "-type":
			f.kind = arg
		case "-mmin":
			f.age, f.aged = arg, true
		case "-mindepth":
			f.depth[0], _ = strconv.Atoi(arg)
		case "-maxdepth":
			f.depth[1], _ = strconv.Atoi(arg)
		case "-prune":
			f.depth[1] = 0
			continue
		case "-delete":
			f.del = true
			continue
		case "-print":
			continue
		default:
			return c.fail(1, "find: unknown predicate '%s'", args[i])
		}
		i++
	}
	status := 0
	for _, r := range roots {
		if _, err := c.disk.stat(c.path(r), false); err != nil {
			status = c.fail(1, "find: '%s': %s", r, why(err))
			continue
		}
		f.walk(c, r, 0)
	}
	return status
}

type finder struct {
	name, kind, age string
	aged, del       bool
	depth           [2]int
}

func (f finder) walk(c *call, name string, depth int) {
	n, err := c.disk.stat(c.path(name), false)
	if err != nil {
		return
	}
	if n.mode.IsDir() && depth < f.depth[1] {
		names, _ := c.disk.list(c.path(name))
		for _, base := range names {
			f.walk(c, name+"/"+base, depth+1)
		}
	}
	if depth < f.depth[0] || !f.fits(name, n) {
		return
	}
	if f.del {
		_ = c.disk.remove(c.path(name), false, c.who)
		return
	}
	c.printf("%s\n", name)
}

func (f finder) fits(name string, n node) bool {
	if f.name != "" {
		if ok, _ := path.Match(f.name, path.Base(name)); !ok {
			return false
		}
	}
	if f.kind != "" && f.kind != map[string]string{"directory": "d", "regular file": "f", "symbolic link": "l"}[kind(n.mode)] {
		return false
	}
	if f.aged {
		minutes, err := strconv.ParseFloat(strings.TrimLeft(f.age, "+-"), 64)
		old := time.Since(n.changed).Minutes()
		if err != nil || strings.HasPrefix(f.age, "-") && old >= minutes || !strings.HasPrefix(f.age, "-") && old <= minutes {
			return false
		}
	}
	return true
}
