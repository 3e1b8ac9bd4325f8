package sim

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Processes as ps, pgrep and kill know them: FRR's daemons, and what shells
// left running.

// daemon is a process of FRR.
type daemon struct {
	pid     int
	started time.Time
	stopped bool // by SIGSTOP
	dead    bool // and its parent has not heard of it
}

// state is ps's letter for it.
func (d daemon) state() string {
	switch {
	case d.dead:
		return "Z"
	case d.stopped:
		return "T"
	}
	return "S"
}

func (r *router) nextPID() int {
	r.pids++
	return r.pids
}

// frozen says that the daemon runs and does nothing.
func (r *router) frozen(name string) bool {
	d, runs := r.daemons[name]
	return runs && d.stopped
}

func (r *router) runs(name string) bool {
	_, runs := r.daemons[name]
	return runs
}

// kill ends a daemon without a word. watchfrr, where it runs, starts it again.
func (r *router) kill(name string) {
	if name == "watchfrr" && r.home != nil {
		r.home.cancel() // the container's first process, with which all others go
		return
	}
	r.keep(name)
	if r.home != nil && r.frozen("watchfrr") {
		// The first process of a container is the parent of all that have none.
		d := r.daemons[name]
		d.dead, d.stopped = true, false
		r.unheard[name] = d
	}
	delete(r.daemons, name)
	if name == "bgpd" {
		r.load(r.conf.clone())
	}
	r.changed()
	r.watch(name)
	r.dev.world.converge()
}

// keep holds fast what is in the kernel: nobody takes it out when zebra dies,
// or when bgpd hangs.
func (r *router) keep(name string) {
	if r.kept == nil && (name == "zebra" || name == "bgpd" && r.frozen(name)) && r.runs("zebra") {
		r.kept = &[2][]fibRoute{r.fib(0), r.fib(1)}
	}
}

// watch is watchfrr's: what is gone is started again.
func (r *router) watch(name string) {
	if slices.Contains(r.watched, name) && name != "watchfrr" && r.runs("watchfrr") && !r.frozen("watchfrr") {
		r.dev.world.later(watchInterval, func() { r.revive(name) })
	}
}

// stop and wake are SIGSTOP and SIGCONT.
func (r *router) stop(name string) {
	d, runs := r.daemons[name]
	if !runs || d.stopped {
		return
	}
	d.stopped = true
	r.daemons[name] = d
	if name == "bgpd" {
		r.keep(name)
	}
	r.changed()
	r.dev.world.converge()
}

func (r *router) wake(name string) {
	d, runs := r.daemons[name]
	if !runs || !d.stopped {
		return
	}
	d.stopped = false
	r.daemons[name] = d
	if name == "bgpd" {
		r.kept = nil
	}
	if name == "watchfrr" {
		clear(r.unheard)
		for _, n := range r.watched {
			if !r.runs(n) {
				r.watch(n)
			}
		}
	}
	r.changed()
	r.dev.world.converge()
}

// signal does to a daemon what kill(1) was told.
func (r *router) signal(sig, name string) {
	switch sig {
	case "0":
	case "STOP", "19":
		r.stop(name)
	case "CONT", "18":
		r.wake(name)
	default:
		r.kill(name)
	}
}

// signalOf reads "-STOP", "-9", "-s TERM" of an argument list and answers the rest.
func signalOf(args []string) (sig string, rest []string) {
	sig = "TERM"
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch name := strings.TrimPrefix(strings.TrimPrefix(a, "-"), "SIG"); {
		case a == "-s" && i+1 < len(args):
			i++
			sig = strings.TrimPrefix(args[i], "SIG")
		case a == "--":
		case strings.HasPrefix(a, "-") && (strings.ToUpper(name) == name && name != "" || name == "0"):
			sig = name
		default:
			rest = append(rest, a)
		}
	}
	return sig, rest
}

// kill signals processes by their numbers.
func kill(c *call) int {
	sig, list := signalOf(c.args)
	status := 0
	for _, a := range list {
		pid, err := strconv.Atoi(a)
		status = max(status, c.inWorld(func() int {
			for name, d := range c.router.daemons {
				if err == nil && d.pid == pid {
					c.router.signal(sig, name)
					return 0
				}
			}
			if j := c.jobs[pid]; err == nil && j != nil {
				if sig != "0" && sig != "STOP" && sig != "CONT" {
					c.endJob(j)
				}
				return 0
			}
			return c.fail(1, "kill: (%s) - No such process", a)
		}))
	}
	return status
}

// matching are the daemons whose names fit a pattern, in the order of their
// numbers.
func (r *router) matching(pattern string, exact bool) []string {
	if exact {
		pattern = "^(?:" + pattern + ")$"
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(r.daemons)) {
		if re.MatchString(name) {
			out = append(out, name)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return r.daemons[a].pid - r.daemons[b].pid })
	return out
}

// pidof and pgrep name daemons of FRR.
func pidof(c *call) int { return c.pgrep(true, " ") }

func pgrep(c *call) int {
	return c.pgrep(slices.Contains(c.args, "-x"), "\n")
}

func (c *call) pgrep(exact bool, between string) int {
	_, names := c.flags("u")
	return c.inWorld(func() int {
		var pids []string
		for _, n := range names {
			for _, name := range c.router.matching(path.Base(n), exact) {
				pids = append(pids, strconv.Itoa(c.router.daemons[name].pid))
			}
		}
		if len(pids) == 0 {
			return 1
		}
		c.printf("%s\n", strings.Join(pids, between))
		return 0
	})
}

// pkill signals daemons by their names.
func pkill(c *call) int {
	sig, rest := signalOf(c.args)
	exact := slices.Contains(rest, "-x")
	return c.inWorld(func() int {
		status := 1
		for _, pattern := range rest {
			if strings.HasPrefix(pattern, "-") {
				continue
			}
			for _, name := range c.router.matching(pattern, exact) {
				c.router.signal(sig, name)
				status = 0
			}
		}
		return status
	})
}

// psColumns are the columns that can be asked for with -o, each with its title.
var psColumns = map[string]struct {
	title string
	of    func(name string, d daemon) string
}{
	"pid":    {"PID", func(_ string, d daemon) string { return strconv.Itoa(d.pid) }},
	"etimes": {"ELAPSED", func(_ string, d daemon) string { return strconv.Itoa(int(time.Since(d.started).Seconds())) }},
	"stat":   {"STAT", func(_ string, d daemon) string { return d.state() }},
	"comm":   {"COMMAND", func(name string, _ daemon) string { return name }},
	"args":   {"COMMAND", func(name string, _ daemon) string { return name }},
	"user":   {"USER", func(string, daemon) string { return "frr" }},
}

// ps -e -o COLUMN=...: the processes with the columns that are asked for.
func ps(c *call) int {
	var columns []string
	for i, a := range c.args {
		if a == "-o" && i+1 < len(c.args) {
			columns = append(columns, strings.Split(c.args[i+1], ",")...)
		}
	}
	if columns == nil {
		columns = []string{"pid", "comm"}
	}
	titles, header := make([]string, len(columns)), false
	for i, name := range columns {
		bare, silent := strings.CutSuffix(name, "=")
		if psColumns[bare].of == nil {
			return c.fail(1, "error: unknown user-defined format specifier \"%s\"", bare)
		}
		columns[i], titles[i] = bare, psColumns[bare].title
		header = header || !silent
	}
	if header {
		c.printf("%s\n", strings.Join(titles, " "))
	}
	return c.inWorld(func() int {
		row := func(name string, d daemon) {
			var cells []string
			for _, column := range columns {
				cells = append(cells, fmt.Sprintf("%7s", psColumns[column].of(name, d)))
			}
			c.printf("%s\n", strings.Join(cells, " "))
		}
		row("closup-sim", daemon{pid: 1, started: c.device.run.Load().started})
		for _, name := range c.router.matching(".", false) {
			row(name, c.router.daemons[name])
		}
		for _, name := range slices.Sorted(maps.Keys(c.router.unheard)) {
			row(name+" <defunct>", c.router.unheard[name])
		}
		for _, pid := range slices.Sorted(maps.Keys(c.jobs)) {
			row("sh", daemon{pid: pid, started: c.device.run.Load().started})
		}
		return 0
	})
}
