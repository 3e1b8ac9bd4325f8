package observe

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"closup/model"
)

// ParseTable reads `show bgp ipv4 unicast json` (or ipv6): each prefix with the
// paths that are used, best and multipath. An unnumbered peer stands in it by
// its link-local address, which need not be unique; fib says which port the
// kernel's route for the prefix leaves by. A port that stays unknown is given
// as the peer's address. The text of `show ip bgp` it reads too.
//
// A spine knows a path through each of its leafs, hundreds for each prefix, of
// which one is used: what is not used is passed over, nothing is made of it.
func ParseTable(data []byte, fib []KernelRoute) ([]Route, error) {
	if err := valid(data); err != nil {
		if routes, ok, err := tableText(data, fib); ok {
			return routes, err
		}
		return nil, err
	}
	table := gjson.GetBytes(data, "routes")
	if table.Exists() && !table.IsObject() && table.Type != gjson.Null {
		return nil, errors.New("the BGP table's routes are no object")
	}
	ports, names := portsOf(fib), names{}
	var routes []Route
	var err error
	table.ForEach(func(prefix, paths gjson.Result) bool {
		var r Route
		if r, err = tableRoute(prefix.Str, paths, ports, names); err != nil {
			err = fmt.Errorf("the BGP table's %q: %w", prefix.Str, err)
			return false
		}
		if len(r.Paths) > 0 { // else it is known, but not usable
			routes = append(routes, r)
		}
		return true
	})
	slices.SortFunc(routes, func(a, b Route) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return routes, err
}

// tableRoute is one prefix of the table.
func tableRoute(text string, paths gjson.Result, ports ports, names names) (Route, error) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return Route{}, err
	}
	if !paths.IsArray() && paths.Type != gjson.Null {
		return Route{}, errors.New("its paths are no list")
	}
	r := Route{Prefix: prefix}
	ways := ports.of(prefix)
	paths.ForEach(func(_, raw gjson.Result) bool {
		if !raw.IsObject() {
			err = errors.New("a path is no object")
			return false
		}
		p := readPath(raw)
		if !p.valid || !p.used {
			return true
		}
		var as []uint32
		if as, err = parseASPath(cmp.Or(p.as, p.oldAS)); err != nil {
			return false
		}
		path := model.Path{AS: as}
		if p.peer == "(unspec)" || p.peer == "" && len(as) == 0 {
			r.Local = true
		} else {
			path.Port = names.of(ways.take(p.nexthops(), p.peer))
		}
		r.Paths = append(r.Paths, path)
		return true
	})
	slices.SortFunc(r.Paths, comparePaths)
	return r, err
}

// tablePath is one path of the table.
type tablePath struct {
	valid, used bool // used: as the best, or beside it
	peer        string
	as, oldAS   string // nearest first; one of them, by the router's age
	hops        gjson.Result
}

// readPath reads one path. That it is the best is true, or the object
// {"overall": true} that the detailed forms have; its AS path a text, or the
// object {"string": "65001 65101"} of newer routers.
func readPath(raw gjson.Result) tablePath {
	var p tablePath
	raw.ForEach(func(key, v gjson.Result) bool {
		switch key.Str {
		case "valid":
			p.valid = v.Bool()
		case "bestpath", "multipath":
			p.used = p.used || v.Type == gjson.True || v.Get("overall").Bool()
		case "peerId":
			p.peer = v.Str
		case "path":
			p.as = v.Str
		case "aspath":
			p.oldAS = cmp.Or(v.Str, v.Get("string").Str)
		case "nexthops":
			p.hops = v
		}
		return true
	})
	return p
}

func (p tablePath) nexthops() []string {
	var all []string
	p.hops.ForEach(func(_, hop gjson.Result) bool {
		all = append(all, hop.Get("ip").Str)
		return true
	})
	return all
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

// parseASPath reads an AS path as bgpd prints it, nearest first. The members
// of sets and confederations count one by one.
func parseASPath(text string) ([]uint32, error) {
	var as []uint32
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,{}()[]", r) }) {
		n, err := parseASN(word)
		if err != nil {
			return nil, err
		}
		as = append(as, n)
	}
	return as, nil
}

func comparePaths(a, b model.Path) int {
	if c := strings.Compare(a.Port, b.Port); c != 0 {
		return c
	}
	return slices.Compare(a.AS, b.AS)
}

// comparePrefixes sorts IPv4 before IPv6, then by address, then the shorter.
func comparePrefixes(a, b netip.Prefix) int {
	if c := a.Addr().Compare(b.Addr()); c != 0 {
		return c
	}
	return a.Bits() - b.Bits()
}
