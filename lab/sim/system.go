package sim

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sh runs -c TEXT, -s, or a file. -n only reads, -e and its like are the
// interpreter's.
func sh(c *call) int {
	args := c.args
	var set []string
	noexec := false
	for len(args) > 0 && (strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "+")) && args[0] != "-" {
		a := args[0]
		args = args[1:]
		if a == "--" {
			break
		}
		if a == "-c" || strings.HasPrefix(a, "-") && strings.Contains(a, "c") && !strings.HasPrefix(a, "--") {
			if rest := strings.Replace(a, "c", "", 1); rest != "-" && !strings.ContainsAny(rest, "l") {
				set = append(set, rest)
			}
			if len(args) == 0 {
				return c.fail(2, "sh: 0: -c requires an argument")
			}
			text, params := args[0], args[1:]
			name := "sh"
			if len(params) > 0 {
				name, params = params[0], params[1:]
			}
			return c.script(name, strings.NewReader(options(set)+text), params)
		}
		switch a {
		case "-s", "-l", "--login", "-i":
		case "-n":
			noexec = true
		default:
			set = append(set, a)
		}
	}
	if len(args) == 0 || slices.Contains(c.args, "-s") {
		if c.in == nil {
			return 0
		}
		return c.script("sh", c.in, args)
	}
	body, err := c.open(args[0])
	if err != nil {
		return c.fail(2, "sh: 0: cannot open %s: %s", args[0], why(err))
	}
	if noexec {
		return c.parseOnly(args[0], body)
	}
	return c.script(args[0], io.MultiReader(strings.NewReader(options(set)), bytes.NewReader(body)), args[1:])
}

func options(set []string) string {
	if len(set) == 0 {
		return ""
	}
	return "set " + strings.Join(set, " ") + "\n"
}

func env(c *call) int {
	args := c.args
	if len(args) > 0 && args[0] == "-i" {
		args = args[1:]
	}
	var set strings.Builder
	for len(args) > 0 && strings.Contains(args[0], "=") {
		k, v, _ := strings.Cut(args[0], "=")
		fmt.Fprintf(&set, "%s=%s; export %s\n", k, quote(v), k)
		args = args[1:]
	}
	if len(args) == 0 {
		for name, v := range c.env.Each {
			if v.Exported && name != maskVariable {
				c.printf("%s=%s\n", name, v.String())
			}
		}
		return 0
	}
	if set.Len() == 0 {
		return c.run(c.ctx, c.who, args)
	}
	return c.script("env", strings.NewReader(set.String()+`exec "$@"`), args)
}

func which(c *call) int {
	status := 0
	for _, a := range c.args {
		if p, ok := c.lookup(a); ok {
			c.printf("%s\n", p)
		} else {
			status = 1
		}
	}
	return status
}

func id(c *call) int {
	opts, names := c.flags("")
	who := c.who
	if len(names) > 0 {
		u, ok := c.userNamed(names[0])
		if !ok {
			return c.fail(1, "id: '%s': no such user", names[0])
		}
		who = u
	}
	switch {
	case has(opts, "-u") && has(opts, "-n"), has(opts, "-g") && has(opts, "-n"), has(opts, "-n"):
		c.printf("%s\n", who.name)
	case has(opts, "-u"):
		c.printf("%d\n", who.uid)
	case has(opts, "-g", "-G"):
		c.printf("%d\n", who.gid)
	default:
		c.printf("uid=%d(%s) gid=%d(%[2]s) groups=%[3]d(%[2]s)\n", who.uid, who.name, who.gid)
	}
	return 0
}

func whoami(c *call) int {
	c.printf("%s\n", c.who.name)
	return 0
}

func hostname(c *call) int {
	opts, names := c.flags("F")
	if f, ok := opts["-F"]; ok {
		data, err := c.open(f)
		if err != nil {
			return c.fail(1, "hostname: %s: %s", f, why(err))
		}
		for _, l := range linesOf(data) {
			if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
				names = []string{l}
				break
			}
		}
	}
	if len(names) > 0 && c.who.uid != 0 {
		return c.fail(1, "hostname: you must be root to change the host name")
	}
	return c.inWorld(func() int {
		if len(names) > 0 {
			c.hostname = names[0]
			return 0
		}
		name := c.hostname
		if has(opts, "-s") {
			name, _, _ = strings.Cut(name, ".")
		}
		c.printf("%s\n", name)
		return 0
	})
}

func uname(c *call) int {
	opts, _ := c.flags("")
	name := "Linux"
	switch {
	case has(opts, "-n"):
		name = c.hostname
	case has(opts, "-r"):
		name = "6.1.0-sim"
	case has(opts, "-m"):
		name = "x86_64"
	case has(opts, "-a"):
		name = "Linux " + c.hostname + " 6.1.0-sim #1 SMP closup simulator x86_64 GNU/Linux"
	}
	c.printf("%s\n", name)
	return 0
}

func date(c *call) int {
	opts, args := c.flags("d")
	at := time.Now()
	if has(opts, "-u") {
		at = at.UTC()
	}
	if d, ok := opts["-d"]; ok {
		seconds, err := strconv.ParseInt(strings.TrimPrefix(d, "@"), 10, 64)
		if err != nil {
			return c.fail(1, "date: invalid date '%s'", d)
		}
		at = time.Unix(seconds, 0)
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], "+") {
		c.printf("%s\n", at.Format(time.UnixDate))
		return 0
	}
	c.printf("%s\n", strings.NewReplacer(
		"%s", strconv.FormatInt(at.Unix(), 10), "%F", at.Format("2006-01-02"), "%T", at.Format("15:04:05"), "%Y", at.Format("2006"),
		"%m", at.Format("01"), "%d", at.Format("02"), "%H", at.Format("15"), "%M", at.Format("04"), "%S", at.Format("05"),
		"%N", fmt.Sprintf("%09d", at.Nanosecond()), "%z", at.Format("-0700"), "%Z", at.Format("MST"),
	).Replace(args[0][1:]))
	return 0
}

func uptime(c *call) int {
	c.printf(" up %d seconds\n", int(c.clock()))
	return 0
}

func df(c *call) int {
	_, names := c.flags("B")
	if len(names) == 0 {
		names = []string{"/"}
	}
	c.printf("Filesystem     1K-blocks    Used Available Use%% Mounted on\n")
	for range names {
		c.printf("memory           1048576   65536    983040   7%% /\n")
	}
	return 0
}

func nothing(*call) int { return 0 }

func sysctl(c *call) int {
	opts, args := c.flags("")
	var pairs []string
	file := has(opts, "-p", "--load")
	if file {
		if len(args) == 0 {
			args = []string{"/etc/sysctl.conf"}
		}
		for _, f := range args {
			data, err := c.open(f)
			if err != nil {
				return c.fail(1, "sysctl: cannot open \"%s\": %s", f, why(err))
			}
			for _, l := range linesOf(data) {
				if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, ";") {
					pairs = append(pairs, l)
				}
			}
		}
	} else {
		pairs = args
	}
	status := 0
	for _, p := range pairs {
		key, value, set := strings.Cut(p, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		status = max(status, c.inWorld(func() int { return c.sysctlOne(opts, key, value, set) }))
	}
	return status
}

func (c *call) sysctlOne(opts map[string]string, key, value string, set bool) int {
	key = strings.TrimPrefix(key, "-")
	now, ok := c.getSysctl(key)
	if !ok {
		if has(opts, "-e") {
			return 0
		}
		return c.fail(255, "sysctl: cannot stat /proc/sys/%s: No such file or directory", strings.ReplaceAll(key, ".", "/"))
	}
	if set {
		if c.who.uid != 0 {
			return c.fail(1, "sysctl: permission denied on key \"%s\"", key)
		}
		c.setSysctl(key, value)
		now = value
		if has(opts, "-q") {
			return 0
		}
	}
	if has(opts, "-n") {
		c.printf("%s\n", now)
	} else {
		c.printf("%s = %s\n", key, now)
	}
	return 0
}
