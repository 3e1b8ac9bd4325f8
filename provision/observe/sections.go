package observe

import (
	"bytes"
	"strings"

	"closup/provision"
)

// What a router is asked. vtysh stops at the first command that fails, so BGP
// comes after what needs no bgpd.
const (
	showVersion = "show version"
	showSummary = "show bgp summary json"
	showTable4  = "show bgp ipv4 unicast json"
	showTable6  = "show bgp ipv6 unicast json"
)

// What the system below it is asked, none of which needs root.
const (
	ipRoute4 = "ip -j -4 route show"
	ipRoute6 = "ip -j -6 route show"
	ipAddr   = "ip -j addr show"
	ipNear   = "ip -j -6 neigh show"
)

// lldpNeighbors needs root, and prints nothing where no lldpd is installed.
const lldpNeighbors = "if command -v lldpcli >/dev/null; then timeout 3 lldpcli -f json0 show neighbors 2>/dev/null; fi"

var (
	vtyCommands    = []string{showVersion, showSummary, showTable4, showTable6}
	systemCommands = []string{ipRoute4, ipRoute6, ipAddr, ipNear}
	allCommands    = append(append([]string{lldpNeighbors}, vtyCommands...), systemCommands...)
)

// script asks all of it in one round trip: what a device is asked once, or
// where nothing can be held open. vtysh -E prints "NAME# COMMAND" before each
// answer, and the shell's commands are announced likewise.
func script() string {
	var b strings.Builder
	b.WriteString("timeout 4 vtysh -E") // a daemon that hangs holds vtysh up for ever
	for _, c := range vtyCommands {
		b.WriteString(" -c " + provision.Quote(c))
	}
	b.WriteString(" 2>&1\n" + announced(systemCommands...) + announced(lldpNeighbors) + "exit 0\n")
	return b.String()
}

// systemScript asks the system alone.
func systemScript() string { return announced(systemCommands...) + "exit 0\n" }

func announced(commands ...string) string {
	var b strings.Builder
	for _, c := range commands {
		b.WriteString("printf '\\n%s\\n' " + provision.Quote("sh# "+c) + "; " + c + "\n")
	}
	return b.String()
}

// sections splits the answer: command to what it printed. What comes before
// the first of them is under "".
func sections(out []byte) map[string][]byte {
	commands := map[string]bool{}
	for _, c := range allCommands {
		commands[c] = true
	}
	parts := map[string][]byte{}
	current, from, at := "", 0, 0
	for line := range bytes.Lines(out) {
		if prompt, command, ok := strings.Cut(strings.TrimRight(string(line), "\r\n"), "# "); ok &&
			commands[command] && !strings.ContainsAny(prompt, " \t\"{") {
			parts[current] = out[from:at]
			current, from = command, at+len(line)
		}
		at += len(line)
	}
	parts[current] = out[from:]
	return parts
}
