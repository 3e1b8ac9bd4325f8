package sim

import (
	"context"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
)

// locks are the files that flock holds, by name.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is given back
}

// take holds the lock, or says that somebody else does after the wait.
func (l *locks) take(ctx context.Context, name string, wait time.Duration) bool {
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		l.mu.Lock()
		busy, is := l.held[name]
		if !is {
			l.held[name] = make(chan struct{})
			l.mu.Unlock()
			return true
		}
		l.mu.Unlock()
		select {
		case <-busy:
		case <-timeout.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

func (l *locks) give(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if busy, is := l.held[name]; is {
		delete(l.held, name)
		close(busy)
	}
}

// flock FILE COMMAND: on a file's name, since descriptors do not pass between
// the functions that are this machine's programs.
func flock(c *call) int {
	opts, argv := c.flagsUntilCommand("EwW")
	if len(argv) < 2 {
		return c.fail(64, "flock: wants a file and a command")
	}
	file, argv := c.path(argv[0]), argv[1:]
	conflict := 1
	if e, ok := opts["-E"]; ok {
		conflict, _ = strconv.Atoi(e)
	}
	wait := time.Duration(math.MaxInt64)
	switch {
	case has(opts, "-n", "--nonblock"):
		wait = 0
	case has(opts, "-w"):
		seconds, err := strconv.ParseFloat(opts["-w"], 64)
		if err != nil {
			return c.fail(64, "flock: invalid timeout value: '%s'", opts["-w"])
		}
		wait = time.Duration(seconds * float64(time.Second))
	}
	if !c.disk.exists(file) {
		if err := c.disk.save(file, nil, 0o666&^c.mask(), c.who, false); err != nil {
			return c.fail(66, "flock: cannot open lock file %s: %s", file, why(err))
		}
	}
	real, _ := c.disk.real(file)
	if !c.locks.take(c.ctx, real, wait) {
		return conflict
	}
	defer c.locks.give(real)
	if argv[0] == "-c" {
		argv = append([]string{"sh"}, argv...)
	}
	return c.run(c.ctx, c.who, argv)
}

// duration reads sleep's and timeout's "1.5", "2s", "1m".
func duration(s string) (time.Duration, error) {
	unit := time.Second
	for suffix, u := range map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour} {
		if t, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = t, u
			break
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return time.Duration(f * float64(unit)), err
}

func sleep(c *call) int {
	var all time.Duration
	for _, a := range c.args {
		if a == "infinity" {
			a = "36500d"
		}
		d, err := duration(a)
		if err != nil {
			return c.fail(1, "sleep: invalid time interval '%s'", a)
		}
		all += d
	}
	t := time.NewTimer(all)
	defer t.Stop()
	select {
	case <-t.C:
		return 0
	case <-c.ctx.Done():
		return 143
	}
}

// timeout ends a command that takes too long, as if it were killed.
func timeout(c *call) int {
	opts, argv := c.flagsUntilCommand("ks")
	if len(argv) < 2 {
		return c.fail(125, "timeout: missing operand")
	}
	limit, err := duration(argv[0])
	if err != nil {
		return c.fail(125, "timeout: invalid time interval '%s'", argv[0])
	}
	ctx, cancel := c.ctx, func() {}
	if limit > 0 {
		ctx, cancel = context.WithTimeout(c.ctx, limit)
	}
	defer cancel()
	status := c.run(ctx, c.who, argv[1:])
	if ctx.Err() != nil && c.ctx.Err() == nil && !has(opts, "--preserve-status") {
		return 124
	}
	return status
}

// setsid leaves the connection behind: what it runs ends with the device.
func setsid(c *call) int {
	opts, argv := c.flagsUntilCommand("")
	if has(opts, "-f", "--fork") {
		next := *c
		next.ctx = c.powered()
		c.background(func() { next.run(c.powered(), c.who, argv) })
		return 0
	}
	ctx, done := c.jobOf(c.env).during(detached{c.powered(), c.ctx})
	defer done()
	return c.run(ctx, c.who, argv)
}

// detached ends with the device, and knows what its caller knew.
type detached struct {
	context.Context
	values context.Context
}

// Value is the caller's.
func (d detached) Value(key any) any { return d.values.Value(key) }

// sudo without a password, for the access user; -n and -S are taken.
func sudo(c *call) int {
	opts, argv := c.flagsUntilCommand("ugpC")
	who := rootUser
	if name, ok := opts["-u"]; ok {
		u, known := c.userNamed(name)
		if !known {
			return c.fail(1, "sudo: unknown user %s", name)
		}
		who = u
	}
	if c.who.uid != 0 && c.who.name != c.login {
		return c.fail(1, "%s is not in the sudoers file.", c.who.name)
	}
	for len(argv) > 0 && strings.Contains(argv[0], "=") && !strings.HasPrefix(argv[0], "/") {
		argv = argv[1:]
	}
	if has(opts, "-s", "-i") {
		argv = append([]string{"sh"}, argv...)
	}
	if has(opts, "-v", "-l", "-k") && len(argv) == 0 {
		return 0
	}
	if len(argv) == 0 {
		return c.fail(1, "usage: sudo [-n] [-u user] command")
	}
	return c.run(c.ctx, who, argv)
}

func nohup(c *call) int {
	c.ctx = detached{c.powered(), c.ctx}
	return c.run(c.ctx, c.who, c.args)
}

func nice(c *call) int {
	_, argv := c.flagsUntilCommand("nc")
	return c.run(c.ctx, c.who, argv)
}
