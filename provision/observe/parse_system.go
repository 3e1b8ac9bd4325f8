package observe

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ParseVersion reads the router's version out of `show version`: "8.4.4" of
// "FRRouting 8.4.4 (leaf1).", "1.0.0+cl3u10" of "Quagga 1.0.0+cl3u10 ().".
// Empty: there is none.
func ParseVersion(data []byte) string {
	_, version := product(data)
	return version
}

// product is the name of a router's maker, and its version.
func product(data []byte) (name, version string) {
	for line := range bytes.Lines(data) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && slices.Contains([]string{"FRRouting", "Quagga", "FRR"}, words[0]) {
			return words[0], strings.TrimSuffix(words[1], ".")
		}
	}
	return "", ""
}

// linkJSON is a route of `ip -j route`, or one of its next hops.
type linkJSON struct {
	Gateway string `json:"gateway"`
	Via     struct {
		Host string `json:"host"`
	} `json:"via"`
	Dev string `json:"dev"`
}

func (l linkJSON) hop() Hop {
	h := Hop{Port: l.Dev}
	via := l.Gateway
	if l.Via.Host != "" {
		via = l.Via.Host
	}
	h.Via, _ = netip.ParseAddr(via)
	return h
}

// ParseKernel reads `ip -j route` (one family a document), or the text of an ip
// without JSON: the routes of the main table, sorted.
func ParseKernel(data []byte) ([]KernelRoute, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil // ip prints nothing where there is no route
	}
	var list []struct {
		linkJSON
		Type     string     `json:"type"`
		Dst      string     `json:"dst"`
		Protocol string     `json:"protocol"`
		Nexthops []linkJSON `json:"nexthops"`
	}
	var said *saidError
	err := decode(data, &list)
	if errors.As(err, &said) {
		routes, err := kernelText(data)
		slices.SortStableFunc(routes, func(a, b KernelRoute) int { return comparePrefixes(a.Prefix, b.Prefix) })
		return routes, err
	}
	if err != nil {
		return nil, err
	}
	v6 := false
	for _, r := range list {
		v6 = v6 || strings.Contains(r.Dst, ":")
	}
	routes := make([]KernelRoute, 0, len(list))
	for _, r := range list {
		prefix, err := parseDst(r.Dst, v6)
		if err != nil {
			return nil, fmt.Errorf("a kernel route to %q: %w", r.Dst, err)
		}
		k := KernelRoute{
			Prefix: prefix, Protocol: r.Protocol, Port: r.Dev,
			Blackhole: r.Type == "blackhole" || r.Type == "unreachable" || r.Type == "prohibit",
		}
		if r.Dev != "" && len(r.Nexthops) == 0 {
			k.Hops = []Hop{r.hop()}
		}
		for _, n := range r.Nexthops {
			k.Hops = append(k.Hops, n.hop())
		}
		routes = append(routes, k)
	}
	slices.SortStableFunc(routes, func(a, b KernelRoute) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return routes, nil
}

// parseDst reads a destination: "10.1.1.1", "10.0.0.0/8", "default".
func parseDst(dst string, v6 bool) (netip.Prefix, error) {
	switch {
	case dst == "default" && v6:
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0), nil
	case dst == "default":
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0), nil
	case strings.Contains(dst, "/"):
		return netip.ParsePrefix(dst)
	}
	a, err := netip.ParseAddr(dst)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// ByBGP says that the router put it there: as what BGP told, or without telling
// what did, as Quagga does (zebra).
func (k KernelRoute) ByBGP() bool {
	return slices.Contains([]string{"bgp", "186", "zebra", "11"}, k.Protocol)
}

// ports finds the port behind a next hop's address.
type ports struct {
	byPrefix map[netip.Prefix][]Hop
	byVia    map[netip.Addr]string // where the address stands on one port only
}

func portsOf(fib []KernelRoute) ports {
	p := ports{map[netip.Prefix][]Hop{}, map[netip.Addr]string{}}
	for _, r := range fib {
		if r.ByBGP() {
			p.byPrefix[r.Prefix] = r.Hops
		}
		for _, h := range r.Hops {
			if port, ok := p.byVia[h.Via]; ok && port != h.Port {
				p.byVia[h.Via] = ""
			} else if !ok && h.Via.IsValid() {
				p.byVia[h.Via] = h.Port
			}
		}
	}
	return p
}

// ways are the next hops of one prefix that no path has claimed yet. Parallel
// links may show the same link-local address; then each path takes one.
type ways struct {
	hops []Hop
	all  ports
}

func (p ports) of(prefix netip.Prefix) *ways {
	return &ways{slices.Clone(p.byPrefix[prefix]), p}
}

func (w *ways) take(nexthops []string, peer string) string {
	for _, text := range append(nexthops, peer) {
		via, err := netip.ParseAddr(text)
		if err != nil {
			continue
		}
		for i, h := range w.hops {
			if h.Via == via {
				w.hops = slices.Delete(w.hops, i, i+1)
				return h.Port
			}
		}
	}
	for _, text := range append(nexthops, peer) {
		if via, err := netip.ParseAddr(text); err == nil && w.all.byVia[via] != "" {
			return w.all.byVia[via]
		}
	}
	return peer
}
