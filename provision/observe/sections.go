package observe

import (
	"bytes"
	"strings"

	"closup/provision"
)

// What a device is asked in one round, in the order of asking. vtysh stops at
// the first command that fails, so BGP comes after what needs no bgpd.
const (
	showVersion = "show version"
	showSummary = "show bgp summary json"
	showTable4  = "show bgp ipv4 unicast json"
	showTable6  = "show bgp ipv6 unicast json"
	ipRoute4    = "ip -j -4 route show"
	ipRoute6    = "ip -j -6 route show"
)

var (
	vtyCommands   = []string{showVersion, showSummary, showTable4, showTable6}
	shellCommands = []string{ipRoute4, ipRoute6}
)

// script asks all of it in one round trip. vtysh -E prints "NAME# COMMAND"
// before each answer, and the shell's commands are announced likewise.
func script() string {
	var b strings.Builder
	b.WriteString("timeout 4 vtysh -E") // a daemon that hangs holds vtysh up for ever
	for _, c := range vtyCommands {
		b.WriteString(" -c " + provision.Quote(c))
	}
	b.WriteString(" 2>&1\n")
	for _, c := range shellCommands {
		b.WriteString("printf '\\n%s\\n' " + provision.Quote("sh# "+c) + "; " + c + "\n")
	}
	b.WriteString("exit 0\n")
	return b.String()
}

// sections splits the answer: command to what it printed. What comes before
// the first of them is under "".
func sections(out []byte) map[string][]byte {
	commands := map[string]bool{}
	for _, c := range append(vtyCommands, shellCommands...) {
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
