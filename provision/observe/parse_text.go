package observe

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"closup/model"
)

// This file reads what is printed for people, where there is no JSON: Quagga's of
// Debian has none for BGP, nor has the ip of a system of its time. The columns
// are those of Quagga's sources (bgpd/bgp_vty.c and bgp_route.c, 0.99 to 1.2) and
// of Cumulus's documentation; no such router was at hand.

var (
	summaryHead = regexp.MustCompile(`^BGP router identifier (\S+), local AS number (\S+)`)
	hostPort    = regexp.MustCompile(`^([^()]+)\(([^()]+)\)$`)
	uptimePart  = regexp.MustCompile(`(\d+)([ywdhm])`)
)

// summaryText reads `show ip bgp summary`. Of a peer that was told by its host
// name ("spine1(swp51)") the port is the key. ok is false where it is something
// else.
func summaryText(data []byte) (b BGP, ok bool, err error) {
	columns, started := 0, ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		words := strings.Fields(line)
		if m := summaryHead.FindStringSubmatch(line); m != nil {
			ok = true
			if b.ASN, err = parseASN(m[2]); err != nil {
				return b, ok, err
			}
			b.RouterID, _ = netip.ParseAddr(m[1])
			continue
		}
		switch {
		case !ok:
			continue
		case strings.HasPrefix(line, "BGP table version "):
			b.Version, _ = strconv.ParseUint(words[3], 10, 64)
			continue
		case len(words) > 0 && words[0] == "Neighbor":
			columns = len(words)
			continue
		case columns == 0:
			continue
		case len(words) == 0 || words[0] == "Total":
			columns = 0
			continue
		case len(words) == 1: // a long name has a line of its own
			started = words[0]
			continue
		case started != "":
			words, started = append([]string{started}, words...), ""
		}
		p, err := summaryRow(words, columns)
		if err != nil {
			return b, ok, fmt.Errorf("the BGP summary's line %q: %w", line, err)
		}
		b.Peers = append(b.Peers, p)
	}
	slices.SortFunc(b.Peers, func(a, b Peer) int { return strings.Compare(a.Key, b.Key) })
	return b, ok, nil
}

// summaryRow reads the columns of one peer; columns is how many the head has.
func summaryRow(words []string, columns int) (Peer, error) {
	const upDown, state = 8, 9
	if len(words) <= state || columns <= state {
		return Peer{}, fmt.Errorf("it has %d columns", len(words))
	}
	p := Peer{Key: strings.TrimPrefix(words[0], "*"), State: words[state], Uptime: parseUptime(words[upDown])}
	if m := hostPort.FindStringSubmatch(p.Key); m != nil {
		p.Hostname, p.Key = m[1], m[2]
	}
	var err error
	if p.ASN, err = parseASN(words[2]); err != nil {
		return p, err
	}
	rest := words[state+1:]
	if len(rest) > 0 && strings.HasPrefix(rest[0], "(") { // "Idle (Admin)"
		p.State += " " + rest[0]
		rest = rest[1:]
	}
	if n, err := strconv.Atoi(words[state]); err == nil {
		p.State, p.Received = Established, n
		if columns > state+1 && len(rest) > 0 { // FRR 7.5 tells PfxSnt too
			p.Sent, _ = strconv.Atoi(rest[0])
		}
	}
	return p, nil
}

// parseUptime reads "01:02:03", "1d02h03m", "2w3d04h", "never".
func parseUptime(text string) time.Duration {
	var h, m, s int
	if n, _ := fmt.Sscanf(text, "%d:%d:%d", &h, &m, &s); n == 3 {
		return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second
	}
	const day = 24 * time.Hour
	units := map[string]time.Duration{"y": 365 * day, "w": 7 * day, "d": day, "h": time.Hour, "m": time.Minute}
	var sum time.Duration
	for _, part := range uptimePart.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(part[1])
		sum += time.Duration(n) * units[part[2]]
	}
	return sum
}

// tableHead are the columns of `show ip bgp`. Each begins where its head does,
// and what is too long for its column is followed by a new line.
var tableHead = regexp.MustCompile(`(?m)^ +Network +Next Hop +Metric +LocPrf +Weight +Path *\r?$`)

// tableText reads `show ip bgp`, as ParseTable does the JSON. An unnumbered
// peer stands in it by its port, or by its address where the router is older
// than that. ok is false where it is something else.
func tableText(data []byte, fib []KernelRoute) (routes []Route, ok bool, err error) {
	text := string(data)
	at := tableHead.FindStringIndex(text)
	if at == nil {
		return nil, strings.HasPrefix(strings.TrimSpace(text), "No BGP "), nil // "network exists", "prefixes displayed"
	}
	head := text[at[0]:at[1]]
	network, nexthop, path := strings.Index(head, "Network"), strings.Index(head, "Next Hop"), strings.Index(head, "Path")
	ports := portsOf(fib)
	var free *ways
	var status, hop string
	var prefix netip.Prefix
	for line := range strings.Lines(text[at[1]:]) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "Total ") || strings.HasPrefix(line, "Displayed ") {
			continue
		}
		from := network
		if strings.TrimSpace(line[:min(nexthop, len(line))]) != "" { // else it goes on with the one before
			if len(line) <= network {
				return nil, true, fmt.Errorf("the BGP table's line %q is too short", line)
			}
			status, hop = line[:network], ""
			if word, _, _ := strings.Cut(line[network:], " "); word != "" {
				if prefix, err = parseNetwork(word); err != nil {
					return nil, true, fmt.Errorf("the BGP table has a prefix %q: %w", word, err)
				}
				from += len(word)
			}
		}
		if words := strings.Fields(line[min(from, len(line)):]); hop == "" && len(words) > 0 {
			hop = words[0]
		}
		if len(line) <= path || !prefix.IsValid() || !strings.Contains(status, "*") || !strings.ContainsAny(status, ">=") {
			continue // not whole yet, or known and not used
		}
		as, err := parseASPath(strings.TrimRight(strings.TrimSpace(line[path:]), "ie?"))
		if err != nil {
			return nil, true, fmt.Errorf("the BGP table's %s: %w", prefix, err)
		}
		if len(routes) == 0 || routes[len(routes)-1].Prefix != prefix { // its paths stand together
			routes = append(routes, Route{Prefix: prefix})
			free = ports.of(prefix)
		}
		r, p := &routes[len(routes)-1], model.Path{AS: as}
		if r.Local = r.Local || hop == "0.0.0.0" || hop == "::"; !r.Local {
			p.Port = free.take(nil, hop)
		}
		r.Paths = append(r.Paths, p)
	}
	for _, r := range routes {
		slices.SortFunc(r.Paths, comparePaths)
	}
	slices.SortFunc(routes, func(a, b Route) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return routes, true, nil
}

// parseNetwork reads a prefix; one without a length has that of its class, as
// Quagga leaves it out then.
func parseNetwork(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		return netip.ParsePrefix(text)
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	bits := 0
	switch first := a.AsSlice()[0]; {
	case a.IsUnspecified():
	case a.Is6():
		bits = 128
	case first < 128:
		bits = 8
	case first < 192:
		bits = 16
	default:
		bits = 24
	}
	return netip.PrefixFrom(a, bits), nil
}

// kernelText reads `ip route`, as ParseKernel does the JSON.
func kernelText(data []byte) ([]KernelRoute, error) {
	var routes []KernelRoute
	v6 := strings.Contains(string(data), ":")
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "nexthop" {
			if len(routes) > 0 {
				k := &routes[len(routes)-1]
				k.Port, k.Hops = "", append(k.Hops, hopText(words))
			}
			continue
		}
		k := KernelRoute{Blackhole: slices.Contains([]string{"blackhole", "unreachable", "prohibit"}, words[0])}
		if k.Blackhole || words[0] == "unicast" {
			words = words[1:]
		}
		if len(words) == 0 {
			return nil, fmt.Errorf("a kernel route %q without a destination", strings.TrimSpace(line))
		}
		var err error
		if k.Prefix, err = parseDst(words[0], v6); err != nil {
			return nil, fmt.Errorf("a kernel route to %q: %w", words[0], err)
		}
		k.Protocol = after(words, "proto")
		if k.Protocol == "" {
			k.Protocol = "boot" // which ip leaves out
		}
		if hop := hopText(words); hop.Port != "" {
			k.Port, k.Hops = hop.Port, []Hop{hop}
		}
		routes = append(routes, k)
	}
	return routes, nil
}

func hopText(words []string) Hop {
	h := Hop{Port: after(words, "dev")}
	via := after(words, "via")
	if via == "inet6" || via == "inet" {
		via = after(words, via)
	}
	h.Via, _ = netip.ParseAddr(via)
	return h
}

// after is the word behind a word; empty: there is none.
func after(words []string, word string) string {
	if i := slices.Index(words, word); i >= 0 && i+1 < len(words) {
		return words[i+1]
	}
	return ""
}
