package sim

import (
	"io/fs"
	"strconv"
	"strings"
)

func chmod(c *call) int {
	opts, names := c.flags("")
	like := opts["--reference"]
	if like == "" && len(names) < 2 {
		return c.fail(1, "chmod: missing operand")
	}
	var mode fs.FileMode
	if like != "" {
		n, err := c.disk.stat(c.path(like), true)
		if err != nil {
			return c.fail(1, "chmod: %s: %s", like, why(err))
		}
		mode = n.mode.Perm()
	} else {
		m, err := strconv.ParseUint(names[0], 8, 12)
		if err != nil {
			return c.symbolic(names[0], names[1:])
		}
		mode, names = fs.FileMode(m), names[1:]
	}
	return c.changeAll("chmod", names, has(opts, "-R"), func(n *node) { n.mode = n.mode&fs.ModeType | mode })
}

// symbolic is chmod with +x and its like, for all three classes or those named.
func (c *call) symbolic(how string, names []string) int {
	at := strings.IndexAny(how, "+-=")
	if at < 0 {
		return c.fail(1, "chmod: invalid mode: '%s'", how)
	}
	var bits fs.FileMode
	for _, r := range how[at+1:] {
		bits |= map[rune]fs.FileMode{'r': 4, 'w': 2, 'x': 1}[r]
	}
	who := how[:at]
	if who == "" || who == "a" {
		who = "ugo"
	}
	var set, class fs.FileMode
	for _, r := range who {
		shift := map[rune]int{'u': 6, 'g': 3, 'o': 0}[r]
		set, class = set|bits<<shift, class|7<<shift
	}
	return c.changeAll("chmod", names, false, func(n *node) {
		switch how[at] {
		case '+':
			n.mode |= set
		case '-':
			n.mode &^= set
		default:
			n.mode = n.mode&^class | set
		}
	})
}

func chown(c *call) int {
	opts, names := c.flags("")
	uid, gid := -1, -1
	if like := opts["--reference"]; like != "" {
		n, err := c.disk.stat(c.path(like), true)
		if err != nil {
			return c.fail(1, "chown: %s: %s", like, why(err))
		}
		uid, gid = n.uid, n.gid
	} else {
		if len(names) < 2 {
			return c.fail(1, "chown: missing operand")
		}
		owner, group, both := strings.Cut(names[0], ":")
		if owner != "" {
			u, ok := c.userNamed(owner)
			if !ok {
				return c.fail(1, "chown: invalid user: '%s'", names[0])
			}
			uid = u.uid
		}
		if both && group != "" {
			u, ok := c.userNamed(group)
			if !ok {
				return c.fail(1, "chown: invalid group: '%s'", names[0])
			}
			gid = u.gid
		}
		names = names[1:]
	}
	if c.who.uid != 0 {
		return c.fail(1, "chown: changing ownership of '%s': Operation not permitted", names[0])
	}
	return c.changeAll("chown", names, has(opts, "-R"), func(n *node) {
		if uid >= 0 {
			n.uid = uid
		}
		if gid >= 0 {
			n.gid = gid
		}
	})
}

func (c *call) changeAll(name string, paths []string, deep bool, f func(*node)) int {
	status := 0
	for _, p := range paths {
		if err := c.disk.change(c.path(p), c.who, f); err != nil {
			status = c.fail(1, "%s: cannot access '%s': %s", name, p, why(err))
			continue
		}
		if names, err := c.disk.list(c.path(p)); deep && err == nil {
			for _, base := range names {
				status = max(status, c.changeAll(name, []string{p + "/" + base}, deep, f))
			}
		}
	}
	return status
}
