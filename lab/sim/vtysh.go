package sim

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// vtysh: -c COMMAND (several), -C and -f FILE to check or load one, -b to load
// the installed one, -E to echo. Without any it reads commands, a line each.
func vtysh(c *call) int {
	var commands []string
	var file, only string
	echo, check, boot := false, false, false
	for i := 0; i < len(c.args); i++ {
		next := func() string {
			i++
			if i < len(c.args) {
				return c.args[i]
			}
			return ""
		}
		switch a := c.args[i]; a {
		case "-c":
			commands = append(commands, strings.Split(next(), "\n")...)
		case "-d":
			only = next()
		case "--vty_socket", "-N":
			next()
		case "-f":
			file = next()
		case "-E":
			echo = true
		case "-C":
			check = true
		case "-b":
			boot = true
		case "-u", "-n", "-w", "-m":
		default:
			return c.fail(1, "vtysh: invalid option -- '%s'", a)
		}
	}
	if check || file != "" || boot {
		return c.vtyFile(file, check)
	}
	if c.who.uid != 0 && c.who.uid != frrID {
		return c.fail(1, "Exiting: failed to connect to any daemons.")
	}
	if !c.awake(only) {
		return 143
	}
	if len(commands) == 0 {
		return c.vtyTalk()
	}
	return c.inWorld(func() int {
		if !c.connects() || only != "" && !c.router.runs(only) {
			return c.fail(1, "Exiting: failed to connect to any daemons.")
		}
		v := newVty(c.device)
		v.only = only
		for _, command := range commands {
			command = strings.Join(strings.Fields(command), " ")
			if echo {
				c.printf("%s# %s\n", c.router.hostName(), command)
			}
			out, ok := v.run(command)
			_, _ = io.WriteString(c.out, out)
			if !ok {
				v.apply()
				return 1
			}
			if echo {
				c.printf("\n")
			}
		}
		v.apply()
		return 0
	})
}

// connects says that the daemons' sockets are where the command runs. The
// world's lock is held.
func (c *call) connects() bool { return len(c.router.daemons) > 0 && c.router.home == c.inside() }

// awake waits for daemons that hang, as vtysh does: it says hello to all of
// them before anything else, or to the one that it was told. False: it was
// ended meanwhile.
func (c *call) awake(only string) bool {
	for {
		frozen := false
		c.world.mu.Lock()
		for name := range c.router.daemons {
			frozen = frozen || c.connects() && name != "watchfrr" && c.router.frozen(name) && (only == "" || only == name)
		}
		c.world.mu.Unlock()
		if !frozen {
			return true
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-c.ctx.Done():
			return false
		}
	}
}

// vtyFile checks a file, or loads it.
func (c *call) vtyFile(file string, check bool) int {
	if file == "" {
		file = frrConf
	}
	data, err := c.open(file)
	if err != nil {
		return c.fail(11, "Can't open configuration file %s due to '%s'.", file, why(err))
	}
	if check {
		_, bad := parseConf(string(data))
		return c.complain(bad)
	}
	if !c.awake("") {
		return 143
	}
	return c.inWorld(func() int {
		if !c.connects() {
			return c.fail(1, "Exiting: failed to connect to any daemons.")
		}
		// Added to what runs, line by line; bad ones are passed over.
		conf, bad := c.router.running(), []badLine(nil)
		at := conf.top()
		for i, line := range linesOf(data) {
			next, ok := conf.enter(at, line)
			if !ok {
				bad = append(bad, badLine{i + 1, strings.TrimSpace(line)})
			}
			at = next
		}
		c.router.load(conf)
		c.world.converge()
		return c.complain(bad)
	})
}

func (c *call) complain(bad []badLine) int {
	for _, l := range bad {
		fmt.Fprintf(c.err, "line %d: %% Unknown command: %s\n", l.number, l.text)
	}
	if len(bad) > 0 {
		return 2
	}
	return 0
}

// vty is one conversation with the router: where in the configuration it is.
// What it changes is live when it is applied.
type vty struct {
	r       *router
	only    string // the daemon that was asked for; "": all
	conf    *conf
	at      *block // nil: not configuring
	changed bool
}

func newVty(d *device) *vty { return &vty{r: d.router} }

func (v *vty) apply() {
	if v.changed {
		v.changed = false
		v.r.load(v.conf)
		v.r.dev.world.converge()
	}
}

// run is one command.
func (v *vty) run(command string) (string, bool) {
	switch {
	case command == "" || strings.HasPrefix(command, "!"):
		return "", true
	case v.at == nil && (command == "configure terminal" || command == "conf t" || command == "configure"):
		v.conf = v.r.running()
		v.at = v.conf.top()
		return "", true
	case v.at != nil && (command == "end" || command == "exit" && v.at.parent == nil):
		v.at = nil
		v.apply()
		return "", true
	case v.at != nil && !strings.HasPrefix(command, "do "):
		next, ok := v.conf.enter(v.at, command)
		if !ok {
			return fmt.Sprintf("%% Unknown command: %s\n", command), false
		}
		v.at, v.changed = next, true
		return "", true
	}
	v.apply()
	return v.show(strings.TrimPrefix(command, "do "))
}

// shows are the commands of view mode.
var shows = []struct {
	text string
	of   string // the daemon that answers; "": any
	do   func(*router) string
}{
	{"show version", "zebra", showVersion},
	{"show daemons", "", showDaemons},
	{"show interface json", "zebra", showInterfaces},
	{"show interface", "zebra", showInterfacesText},
	{"show ip route json", "zebra", func(r *router) string { return r.showRoutes(0) }},
	{"show ipv6 route json", "zebra", func(r *router) string { return r.showRoutes(1) }},
	{"show ip forwarding", "", func(r *router) string {
		return fmt.Sprintf("IP forwarding is %s\n", map[string]string{"1": "on", "0": "off"}[r.dev.sysctl["net.ipv4.ip_forward"]])
	}},
	{"show bgp summary json", "bgpd", func(r *router) string { return r.summary(false) }},
	{"show ip bgp summary json", "bgpd", func(r *router) string { return r.summary(false) }},
	{"show bgp vrf all summary json", "bgpd", func(r *router) string { return r.summary(true) }},
	{"show bgp ipv4 unicast summary json", "bgpd", func(r *router) string { return r.oneSummary(0, false) }},
	{"show bgp vrf all ipv4 unicast summary json", "bgpd", func(r *router) string { return r.oneSummary(0, true) }},
	{"show bgp ipv6 unicast summary json", "bgpd", func(r *router) string { return r.oneSummary(1, false) }},
	{"show bgp summary", "bgpd", showSummaryText},
	{"show bgp neighbors json", "bgpd", func(r *router) string { return r.neighbors(false) }},
	{"show bgp vrf all neighbors json", "bgpd", func(r *router) string { return r.neighbors(true) }},
	{"show bgp ipv4 unicast json", "bgpd", func(r *router) string { return r.table(0, anyPath) }},
	{"show bgp ipv6 unicast json", "bgpd", func(r *router) string { return r.table(1, anyPath) }},
	{"show bgp ipv4 unicast regexp ^$ json", "bgpd", func(r *router) string { return r.table(0, ownPath) }},
	{"show bgp ipv6 unicast regexp ^$ json", "bgpd", func(r *router) string { return r.table(1, ownPath) }},
	{"show bgp json", "bgpd", func(r *router) string { return r.table(0, anyPath) }},
	{"show bfd peers json", "", func(*router) string { return "[]\n" }},
}

func (v *vty) show(command string) (string, bool) {
	r := v.r
	if strings.HasPrefix(command, "sh ") {
		command = "show " + command[3:]
	}
	switch command {
	case "show running-config":
		return "Building configuration...\n\nCurrent configuration:\n!\nfrr version " + frrVersion + "\n" + r.shown(v.only), true
	case "show running-config no-header":
		return "frr version " + frrVersion + "\n" + r.shown(v.only), true
	}
	for _, s := range shows {
		if s.text == command {
			if s.of != "" && !r.runs(s.of) {
				return s.of + " is not running\n", false
			}
			return s.do(r), true
		}
	}
	w := strings.Fields(command)
	switch {
	case w[0] == "clear" && len(w) > 2 && (w[1] == "bgp" || w[1] == "ip"):
		r.clearSessions(w[len(w)-1])
		r.dev.world.converge()
		return "", true
	case strings.HasPrefix(command, "show bgp neighbors ") && len(w) == 5 && w[4] == "json":
		return r.neighbor(w[3]), true
	case strings.HasPrefix(command, "show bgp ") && w[len(w)-1] == "json" && len(w) >= 5:
		p, err := parseAddress(w[len(w)-2])
		if err == nil {
			return r.prefix(p), true
		}
	case command == "write" || command == "write memory" || command == "write file":
		// The disk must not be touched under the lock that is held here.
		text := "frr version " + frrVersion + "\n" + r.running().print()
		at := r.home.on(frrConf)
		r.dev.background(func() { _ = r.dev.disk.save(at, []byte(text), 0o640, rootUser, false) })
		return "Building Configuration...\nIntegrated configuration saved to /etc/frr/frr.conf\n[OK]\n", true
	case w[0] == "enable" || w[0] == "disable" || w[0] == "terminal" || w[0] == "exit" || w[0] == "end":
		return "", true
	}
	return fmt.Sprintf("%% Unknown command: %s\n", command), false
}

func showVersion(r *router) string {
	return fmt.Sprintf("FRRouting %s (%s) on closup's simulator, which behaves like it.\nNo FRR runs here.\n", frrVersion, r.hostName())
}

func showDaemons(r *router) string {
	var names []string
	for _, n := range append([]string{"zebra"}, known...) {
		if r.runs(n) {
			names = append(names, n)
		}
	}
	for _, n := range []string{"watchfrr", "staticd"} {
		if r.runs(n) {
			names = append(names, n)
		}
	}
	return " " + strings.Join(names, " ") + "\n"
}

func document(v any) string {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error() + "\n"
	}
	return string(data) + "\n"
}

// since is a time as bgpd prints it: 01:02:03, 1d02h03m, 1w2d03h.
func since(d time.Duration) string {
	switch {
	case d < 24*time.Hour:
		return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
	case d < 7*24*time.Hour:
		return fmt.Sprintf("%dd%02dh%02dm", int(d.Hours())/24, int(d.Hours())%24, int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dw%dd%02dh", int(d.Hours())/168, int(d.Hours())/24%7, int(d.Hours())%24)
}
