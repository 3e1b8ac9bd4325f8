package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	frrConf     = "/etc/frr/frr.conf"
	daemonsFile = "/etc/frr/daemons"
	// watchInterval is how soon watchfrr notices that a daemon is gone, and
	// starts it again.
	watchInterval = 5 * time.Second
	// frrVersion is whose behaviour is shown.
	frrVersion = "8.4.4"
)

// known are the daemons that the file of daemons may switch on.
var known = []string{"bgpd", "bfdd", "ospfd", "ospf6d", "isisd", "pimd", "ldpd", "ripd"}

// service does what frrinit.sh does: start, stop, restart, reload, status.
func (d *device) service(verb string) (said string, status int) {
	list, c, bad := d.setup(nil)
	var b strings.Builder
	for _, l := range bad {
		fmt.Fprintf(&b, "line %d: %% Unknown command: %s\n", l.number, l.text)
	}
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	r := d.router
	if r.home != nil {
		switch verb {
		case "stop":
			return "watchfrr is not running\n", 0
		case "status":
			return "Status of watchfrr: FAILED\n", 3
		}
		return "zebra and bgpd run in the container " + r.home.name + ": a simulated device has one router\n", 1
	}
	running := r.runs("zebra")
	switch verb {
	case "status":
		if !running {
			return "Status of watchfrr: FAILED\n", 3
		}
		return "Status of watchfrr: running\n", 0
	case "stop", "restart":
		r.daemons, r.kept = map[string]daemon{}, nil
		r.load(newConf())
		r.changed()
		if verb == "stop" {
			d.world.converge()
			return "Stopped watchfrr\n", 0
		}
	case "reload":
		if !running {
			return "frr is not running\n", 1
		}
	}
	for name := range r.daemons {
		if !slices.Contains(list, name) && verb == "reload" {
			delete(r.daemons, name)
		}
	}
	r.launch(list, c)
	return b.String(), 0
}

// revive is watchfrr's: the daemon is started, and told its configuration. It
// is called under the world's lock, which the disk's must not be taken under.
func (r *router) revive(name string) {
	if !r.runs("watchfrr") || r.frozen("watchfrr") || r.runs(name) || r.dev.off {
		return
	}
	home := r.home
	r.dev.background(func() {
		_, c, _ := r.dev.setup(home)
		r.dev.world.mu.Lock()
		defer r.dev.world.mu.Unlock()
		if !r.runs("watchfrr") || r.dev.world.closed || r.home != home {
			return
		}
		r.spawn(name)
		r.load(c)
		r.changed()
		r.dev.world.converge()
	})
}

func frrinit(c *call) int {
	if len(c.args) == 0 {
		return c.fail(1, "Usage: frrinit.sh {start|stop|restart|reload|status}")
	}
	if c.who.uid != 0 {
		return c.fail(1, "frrinit.sh: must be run as root")
	}
	said, status := c.service(c.args[0])
	_, _ = fmt.Fprint(c.out, said)
	return status
}

// startDaemon is a daemon's own program, as an operator starts it by hand.
func startDaemon(name string) command {
	return func(c *call) int {
		return c.inWorld(func() int {
			c.router.spawn(name)
			c.router.changed()
			c.world.converge()
			return 0
		})
	}
}

// services are what systemctl and service know.
var services = []string{"frr", "ssh", "sshd", "networking", "systemd-networkd", "switchd"}

// systemctl works though no systemd is PID 1: /run/systemd/system is not
// there, and who looks for that uses frrinit.sh.
func systemctl(c *call) int {
	_, words := c.flags("")
	if len(words) == 0 {
		return 0
	}
	verb := words[0]
	if verb == "is-system-running" {
		c.printf("offline\n")
		return 1
	}
	if verb == "daemon-reload" {
		return 0
	}
	status := 0
	for _, s := range words[1:] {
		s = strings.TrimSuffix(s, ".service")
		switch {
		case !slices.Contains(services, s):
			return c.fail(5, "Unit %s.service not found.", s)
		case verb == "is-active":
			up := s != "systemd-networkd" && (s != "frr" || c.inWorld(func() int { return boolRank(c.router.runs("zebra")) }) != 0)
			if !up {
				c.printf("inactive\n")
				return 3
			}
			c.printf("active\n")
		case s == "frr" && slices.Contains([]string{"start", "stop", "restart", "reload", "status"}, verb):
			said, st := c.service(verb)
			_, _ = fmt.Fprint(c.err, said)
			status = max(status, st)
		}
	}
	return status
}

func serviceCommand(c *call) int {
	if len(c.args) < 2 {
		return c.fail(1, "Usage: service NAME VERB")
	}
	c.args = []string{c.args[1], c.args[0]}
	return systemctl(c)
}

// frrReload is frr-reload.py: it brings what runs to what a file says, or
// (--test) tells what that would take.
func frrReload(c *call) int {
	opts, files := c.flags("")
	// "--confdir DIR" is two words.
	if len(files) > 1 {
		files = files[len(files)-1:]
	}
	if len(files) != 1 {
		return c.fail(1, "usage: frr-reload.py (--test | --reload) FILE")
	}
	if c.who.uid != 0 {
		return c.fail(1, "frr-reload.py: must be run as root")
	}
	data, err := c.open(files[0])
	if err != nil {
		return c.fail(1, "Filename %s is not a valid file", files[0])
	}
	want, bad := parseConf(string(data))
	if len(bad) > 0 {
		return c.fail(1, "vtysh failed to process new configuration: vtysh (check config) failed:\nline %d: %% Unknown command: %s", bad[0].number, bad[0].text)
	}
	status := c.inWorld(func() int {
		if !c.router.runs("zebra") || c.router.home != c.inside() {
			return c.fail(1, "vtysh is not able to communicate with the daemons")
		}
		now := c.router.running()
		gone, added := difference(now, want), difference(want, now)
		if has(opts, "--test") {
			c.printf("\nLines To Delete\n===============\n%s\nLines To Add\n============\n%s", strings.Join(gone, ""), strings.Join(added, ""))
			return 0
		}
		for _, l := range gone {
			c.printf("INFO: Executed \"no %s\"\n", strings.TrimSpace(l))
		}
		for _, l := range added {
			c.printf("INFO: Executed \"%s\"\n", strings.TrimSpace(l))
		}
		c.router.load(want)
		c.world.converge()
		return 0
	})
	// It writes the installed file too, unless told of another directory.
	if status == 0 && has(opts, "--reload") && !has(opts, "--confdir") && c.path(files[0]) != c.path(frrConf) {
		_ = c.disk.save(c.path(frrConf), data, 0o640, c.who, false)
	}
	return status
}

// python is asked for whether it is there, and runs frr-reload.py.
func python(c *call) int {
	if len(c.args) == 2 && c.args[0] == "-c" && c.args[1] == "" {
		return 0
	}
	if len(c.args) == 0 || strings.HasPrefix(c.args[0], "-") {
		return c.fail(2, "python3: the simulator's runs a file alone, and no Python")
	}
	return c.exec(c.args)
}

// difference are the lines of a that b has not, each with its block.
func difference(a, b *conf) []string {
	there := map[string]bool{}
	for _, l := range flat(b) {
		there[l] = true
	}
	var out []string
	for _, l := range flat(a) {
		if !there[l] {
			out = append(out, l+"\n")
		}
	}
	return out
}

func flat(c *conf) []string {
	var out []string
	for _, b := range c.blocks {
		head := ""
		for o := b; o != nil && o.head != ""; o = o.parent {
			head = o.head + " / " + head
		}
		for _, l := range c.said(b) {
			if !strings.HasPrefix(l.text, "frr version") {
				out = append(out, strings.TrimPrefix(head+l.text, " / "))
			}
		}
	}
	return out
}

// running is the configuration, with what belongs to no daemon that runs left
// out; only is the one that was asked, "" all.
func (r *router) running(only ...string) *conf {
	c := r.conf.clone()
	told := func(name string) bool { return r.runs(name) && (len(only) == 0 || only[0] == "" || only[0] == name) }
	if !told("bgpd") {
		for _, b := range slices.Clone(c.blocks) {
			if b.place == atBGP {
				c.drop(b)
			}
		}
		c.without(func(l string) bool { return strings.HasPrefix(l, "bgp as-path ") })
	}
	if !told("zebra") {
		for _, b := range slices.Clone(c.blocks) {
			if b.place == atPort {
				c.drop(b)
			}
		}
		c.without(func(l string) bool { return strings.Contains(l, " protocol bgp ") || strings.HasPrefix(l, "set src ") })
	}
	return c
}

// shown is the configuration as it is printed. That the kernel forwards nothing
// is a line of zebra's, whoever turned it off.
func (r *router) shown(only string) string {
	c := r.running(only)
	if r.runs("zebra") && only != "bgpd" {
		for _, key := range [][2]string{{"net.ipv4.ip_forward", "no ip forwarding"}, {"net.ipv6.conf.all.forwarding", "no ipv6 forwarding"}} {
			if top := c.top(); r.dev.sysctl[key[0]] == "0" && !slices.ContainsFunc(top.lines, func(l confLine) bool { return l.text == key[1] }) {
				top.lines = append(top.lines, confLine{key[1], key[1]})
			}
		}
	}
	return c.print()
}

// without takes lines out.
func (c *conf) without(which func(string) bool) {
	for _, b := range c.blocks {
		b.lines = slices.DeleteFunc(b.lines, func(l confLine) bool { return which(l.text) })
	}
}

// background runs f until the device ends; the lab waits for it.
func (d *device) background(f func()) {
	d.world.wait.Add(1)
	go func() {
		defer d.world.wait.Done()
		if d.powered().Err() == nil {
			f()
		}
	}()
}
