package observe

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
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

// ParseKernel reads `ip -j route` (one family a document), or the text of an ip
// without JSON: the routes of the main table, sorted.
func ParseKernel(data []byte) ([]KernelRoute, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil // ip prints nothing where there is no route
	}
	var said *saidError
	err := valid(data)
	if errors.As(err, &said) {
		routes, err := kernelText(data)
		slices.SortStableFunc(routes, func(a, b KernelRoute) int { return comparePrefixes(a.Prefix, b.Prefix) })
		return routes, err
	}
	if err != nil {
		return nil, err
	}
	list := gjson.ParseBytes(data)
	if !list.IsArray() {
		return nil, errors.New("the kernel's routes are no list")
	}
	v6 := false
	list.ForEach(func(_, r gjson.Result) bool {
		v6 = strings.Contains(r.Get("dst").Str, ":")
		return !v6
	})
	names := names{}
	var routes []KernelRoute
	list.ForEach(func(_, raw gjson.Result) bool {
		var k KernelRoute
		if k, err = kernelRoute(raw, v6, names); err != nil {
			return false
		}
		routes = append(routes, k)
		return true
	})
	slices.SortStableFunc(routes, func(a, b KernelRoute) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return routes, err
}

// kernelRoute reads one route of `ip -j route`.
func kernelRoute(raw gjson.Result, v6 bool, names names) (k KernelRoute, err error) {
	if !raw.IsObject() {
		return k, errors.New("a kernel route is no object")
	}
	var only hopJSON
	var dst string
	raw.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "dst":
			dst = v.Str
		case "type":
			k.Blackhole = v.Str == "blackhole" || v.Str == "unreachable" || v.Str == "prohibit"
		case "protocol":
			k.Protocol = names.of(v.Str)
		case "nexthops":
			v.ForEach(func(_, n gjson.Result) bool {
				var h hopJSON
				n.ForEach(func(key, v gjson.Result) bool { return h.field(key.Str, v) })
				k.Hops = append(k.Hops, h.hop(names))
				return true
			})
		default:
			only.field(key.Str, v)
		}
		return true
	})
	if k.Prefix, err = parseDst(dst, v6); err != nil {
		return k, fmt.Errorf("a kernel route to %q: %w", dst, err)
	}
	if k.Port = names.of(only.dev); k.Port != "" && len(k.Hops) == 0 {
		k.Hops = []Hop{only.hop(names)}
	}
	return k, nil
}

// hopJSON is a next hop of `ip -j route`, which a route with one is itself.
type hopJSON struct{ via, dev string }

func (h *hopJSON) field(key string, v gjson.Result) bool {
	switch key {
	case "gateway":
		h.via = cmp.Or(h.via, v.Str)
	case "via":
		h.via = cmp.Or(v.Get("host").Str, h.via)
	case "dev":
		h.dev = v.Str
	}
	return true
}

func (h hopJSON) hop(names names) Hop {
	via, _ := netip.ParseAddr(h.via)
	return Hop{Via: via, Port: names.of(h.dev)}
}

// names keeps each name of an answer once, and not the answer with it.
type names map[string]string

func (n names) of(s string) string {
	kept, ok := n[s]
	if !ok {
		kept = strings.Clone(s)
		n[kept] = kept
	}
	return kept
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
