package observe

import (
	"bytes"
	"slices"
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
	showOwn4    = "show bgp ipv4 unicast regexp ^$ json"
	showOwn6    = "show bgp ipv6 unicast regexp ^$ json"
)

// dialect is how one kind of router is asked for its sessions and tables.
type dialect struct{ summary, table4, table6 string }

// To Quagga "show bgp" is IPv6's; Cumulus's knows JSON, and Debian's does not.
// frrLarge asks for the routes that begin at the router alone, where it has too
// many paths to tell them all.
var (
	frr        = dialect{showSummary, showTable4, showTable6}
	frrLarge   = dialect{showSummary, showOwn4, showOwn6}
	quaggaJSON = dialect{"show ip bgp summary json", "show ip bgp json", "show bgp json"}
	quaggaText = dialect{"show ip bgp summary", "show ip bgp", "show bgp"}
)

// dialectOf is the one that suits what `show version` and the summary in the
// dialect tried said.
func dialectOf(tried dialect, version, summary []byte) dialect {
	maker, _ := product(version)
	switch {
	case maker == "Quagga" && tried.ofFRR():
		return quaggaJSON
	case maker == "Quagga" && tried == quaggaJSON && bytes.Contains(summary, []byte("% ")): // "% Unknown command."
		return quaggaText
	case maker != "" && maker != "Quagga" && !tried.ofFRR():
		return frr
	}
	return tried
}

func (d dialect) ofFRR() bool { return d == frr || d == frrLarge }

// large is how many paths a router has that does not tell them all: a spine
// knows every prefix through each of its leafs, and prints 300 bytes a path.
const large = 50_000

// ofPaths is the dialect for a router that has so many.
func (d dialect) ofPaths(n int) dialect {
	switch {
	case d == frr && n > large:
		return frrLarge
	case d == frrLarge && n <= large:
		return frr
	}
	return d
}

// What the system below it is asked, none of which needs root.
const (
	ipRoute4 = "ip -j -4 route show"
	ipRoute6 = "ip -j -6 route show"
	ipAddr   = "ip -j addr show"
	ipNear   = "ip -j -6 neigh show"
)

// lldpNeighbors needs root, and prints nothing where no lldpd is installed.
const lldpNeighbors = "if command -v lldpcli >/dev/null; then timeout 3 lldpcli -f json0 show neighbors 2>/dev/null; fi"

var systemCommands = []string{ipRoute4, ipRoute6, ipAddr, ipNear}

// commands are all that a router is asked in the dialect.
func (d dialect) commands() []string { return []string{showVersion, d.summary, d.table4, d.table6} }

// script asks all of it in one round trip: what a device is asked once, or
// where nothing can be held open. vtysh -E prints "NAME# COMMAND" before each
// answer, and the shell's commands are announced likewise.
func script(d dialect) string {
	return routerScript(d, d.commands()) + announced(systemCommands...) + announced(lldpNeighbors) + "exit 0\n"
}

// routerScript asks the router alone.
func routerScript(d dialect, commands []string) string {
	var b strings.Builder
	const vtysh = "timeout 4 vtysh -E" // a daemon that hangs holds vtysh up for ever
	if d.ofFRR() {
		b.WriteString(vtysh)
		for _, c := range commands {
			b.WriteString(" -c " + provision.Quote(c))
		}
		b.WriteString(" 2>&1\n")
	} else { // one that stops at what it does not know is no use for the next
		for _, c := range commands {
			b.WriteString(vtysh + " -c " + provision.Quote(c) + " 2>&1\n")
		}
	}
	return b.String()
}

// systemScript asks the system alone.
func systemScript() string { return announced(systemCommands...) + "exit 0\n" }

func announced(commands ...string) string {
	var b strings.Builder
	for _, c := range commands {
		b.WriteString("printf '\\n%s\\n' " + provision.Quote("sh# "+c) + "; " + c)
		if text, isJSON := strings.CutPrefix(c, "ip -j "); isJSON && strings.Contains(c, "route") { // before iproute2 4.14
			b.WriteString(" 2>/dev/null || ip " + text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// sections splits the answer: command to what it printed. What comes before
// the first of them is under "".
func sections(out []byte) map[string][]byte {
	commands := map[string]bool{lldpNeighbors: true}
	for _, c := range slices.Concat(frr.commands(), frrLarge.commands(), quaggaJSON.commands(), quaggaText.commands(), systemCommands, nvCommands) {
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
