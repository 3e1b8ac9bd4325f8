package sim

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// flags splits options from operands as getopt(3) does. with are the short
// options that take an argument; long ones keep their "--name=value".
func (c *call) flags(with string) (opts map[string]string, rest []string) {
	opts = map[string]string{}
	args := c.args
	for len(args) > 0 {
		a := args[0]
		args = args[1:]
		switch {
		case a == "--":
			return opts, append(rest, args...)
		case strings.HasPrefix(a, "--"):
			k, v, _ := strings.Cut(a, "=")
			opts[k] = v
		case strings.HasPrefix(a, "-") && a != "-":
			for i := 1; i < len(a); i++ {
				o := "-" + a[i:i+1]
				if !strings.Contains(with, a[i:i+1]) {
					opts[o] = ""
					continue
				}
				if i+1 < len(a) {
					opts[o] = a[i+1:]
				} else if len(args) > 0 {
					opts[o], args = args[0], args[1:]
				}
				break
			}
		default:
			rest = append(rest, a)
		}
	}
	return opts, rest
}

func has(opts map[string]string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { _, ok := opts[n]; return ok })
}

// inputs are the files named, or standard input.
func (c *call) inputs(name string, files []string) (out [][]byte, status int) {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, f := range files {
		data, err := c.input(f)
		if err != nil {
			status = c.fail(1, "%s: %s: %s", name, f, why(err))
			continue
		}
		out = append(out, data)
	}
	return out, status
}

func cat(c *call) int {
	_, files := c.flags("")
	all, status := c.inputs("cat", files)
	for _, data := range all {
		_, _ = c.out.Write(data)
	}
	return status
}

func tee(c *call) int {
	opts, files := c.flags("")
	data, _ := c.input("-")
	_, _ = c.out.Write(data)
	status := 0
	for _, f := range files {
		if err := c.disk.save(c.path(f), data, 0o666&^c.mask(), c.who, has(opts, "-a")); err != nil {
			status = c.fail(1, "tee: %s: %s", f, why(err))
		}
	}
	return status
}

// dd gathers what it reads, and writes it at once.
func dd(c *call) int {
	for _, a := range c.args {
		switch name, _, _ := strings.Cut(a, "="); name {
		case "ibs", "obs", "status":
		default:
			return c.fail(1, "dd: unrecognized operand '%s'", a)
		}
	}
	data, _ := c.input("-")
	_, _ = c.out.Write(data)
	return 0
}

// into is where a copy of name ends up: target, or below it.
func (c *call) into(name, target string, plain bool) string {
	to := c.path(target)
	if n, err := c.disk.stat(to, true); err == nil && n.mode.IsDir() && !plain {
		return path.Join(to, path.Base(name))
	}
	return to
}

func cp(c *call) int {
	opts, names := c.flags("t")
	if len(names) < 2 {
		return c.fail(1, "cp: missing destination file operand")
	}
	target := names[len(names)-1]
	keep := has(opts, "-p", "-a", "--preserve")
	deep := has(opts, "-r", "-R", "-a")
	status := 0
	for _, name := range names[:len(names)-1] {
		if err := c.copy(c.path(name), c.into(name, target, has(opts, "-T")), keep, deep); err != nil {
			status = c.fail(1, "cp: cannot copy '%s': %s", name, why(err))
		}
	}
	return status
}

func (c *call) copy(from, to string, keep, deep bool) error {
	n, err := c.disk.stat(from, !deep)
	if err != nil {
		return err
	}
	switch {
	case n.mode.IsDir() && !deep:
		return pathError("copy", from, fs.ErrInvalid)
	case n.mode.IsDir():
		if err := c.disk.mkdirs(to, n.mode.Perm(), c.who); err != nil {
			return err
		}
		names, err := c.disk.list(from)
		if err != nil {
			return err
		}
		for _, base := range names {
			if err := c.copy(from+"/"+base, to+"/"+base, keep, deep); err != nil {
				return err
			}
		}
	case n.mode&fs.ModeSymlink != 0:
		return c.disk.symlink(n.link, to, c.who)
	default:
		body, err := c.open(from)
		if err != nil {
			return err
		}
		if err := c.disk.save(to, body, n.mode.Perm()&^c.mask(), c.who, false); err != nil {
			return err
		}
	}
	if keep {
		return c.disk.change(to, c.who, func(t *node) {
			t.mode = t.mode&fs.ModeType | n.mode.Perm()
			t.changed = n.changed
			if c.who.uid == 0 {
				t.uid, t.gid = n.uid, n.gid
			}
		})
	}
	return nil
}

func mv(c *call) int {
	opts, names := c.flags("t")
	if len(names) < 2 {
		return c.fail(1, "mv: missing destination file operand")
	}
	target := names[len(names)-1]
	status := 0
	for _, name := range names[:len(names)-1] {
		to := c.into(name, target, has(opts, "-T"))
		if has(opts, "-n") && c.disk.exists(to) {
			continue
		}
		if err := c.disk.rename(c.path(name), to, c.who); err != nil {
			status = c.fail(1, "mv: cannot move '%s' to '%s': %s", name, target, why(err))
		}
	}
	return status
}

func ln(c *call) int {
	opts, names := c.flags("")
	if len(names) != 2 || !has(opts, "-s") {
		return c.fail(1, "ln: this machine makes symbolic links only: ln -s TARGET NAME")
	}
	to := c.into(names[0], names[1], has(opts, "-n", "-T"))
	if has(opts, "-f") {
		_ = c.disk.remove(to, false, c.who)
	}
	if err := c.disk.symlink(names[0], to, c.who); err != nil {
		return c.fail(1, "ln: failed to create symbolic link '%s': %s", names[1], why(err))
	}
	return 0
}

func mkdir(c *call) int {
	opts, names := c.flags("m")
	mode := fs.FileMode(0o777) &^ c.mask()
	if has(opts, "-m") {
		m, err := strconv.ParseUint(opts["-m"], 8, 12)
		if err != nil {
			return c.fail(1, "mkdir: invalid mode '%s'", opts["-m"])
		}
		mode = fs.FileMode(m)
	}
	make := c.disk.mkdir
	if has(opts, "-p") {
		make = c.disk.mkdirs
	}
	status := 0
	for _, name := range names {
		if err := make(c.path(name), mode, c.who); err != nil {
			status = c.fail(1, "mkdir: cannot create directory '%s': %s", name, why(err))
		}
	}
	return status
}

func rm(c *call) int {
	opts, names := c.flags("")
	status := 0
	for _, name := range names {
		n, err := c.disk.stat(c.path(name), false)
		if err == nil && n.mode.IsDir() && !has(opts, "-r", "-R") {
			status = c.fail(1, "rm: cannot remove '%s': Is a directory", name)
			continue
		}
		if err == nil {
			err = c.disk.remove(c.path(name), true, c.who)
		}
		if err != nil && !has(opts, "-f") {
			status = c.fail(1, "rm: cannot remove '%s': %s", name, why(err))
		}
	}
	return status
}

func rmdir(c *call) int {
	_, names := c.flags("")
	status := 0
	for _, name := range names {
		if err := c.disk.remove(c.path(name), false, c.who); err != nil {
			status = c.fail(1, "rmdir: failed to remove '%s': %s", name, why(err))
		}
	}
	return status
}

func touch(c *call) int {
	_, names := c.flags("dr")
	status := 0
	for _, name := range names {
		if err := c.disk.save(c.path(name), nil, 0o666&^c.mask(), c.who, true); err != nil {
			status = c.fail(1, "touch: cannot touch '%s': %s", name, why(err))
		}
	}
	return status
}
