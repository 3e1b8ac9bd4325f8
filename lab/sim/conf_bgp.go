package sim

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// bgpConf is what a configuration's lines mean.
type bgpConf struct {
	asn          uint32
	id           netip.Addr
	relax        bool // multipath over paths of the same length through different ASes
	compareID    bool
	needPolicy   bool // RFC 8212
	importCheck  bool // a `network` is announced where the kernel has the route
	peers        []*peerConf
	families     [2]familyConf // IPv4, IPv6
	lists        map[string][]listRule
	paths        map[string][]pathRule
	maps         map[string][]mapEntry
	src          [2]string // route-map of `ip protocol bgp`
	defaultTimer [3]int    // keepalive, hold, connect, in seconds
}

type familyConf struct {
	redistribute map[string]string // source to route-map
	networks     map[netip.Prefix]string
	aggregates   []netip.Prefix
	maxPaths     int
}

// peerConf is one neighbor with what it has from its group.
type peerConf struct {
	key         string
	iface       bool
	group       string
	remoteAS    string // a number, "external", "internal"; "": none
	localAS     uint32
	noPrepend   bool
	replaceAS   bool
	description string
	bfd         bool
	shutdown    bool
	password    string
	noENHE      bool
	like        *peerConf // the first one that is told alike; nil: none is looked for
	timers      [3]int
	families    [2]peerFamily
}

type peerFamily struct {
	active           bool
	lists            [2]string // prefix-list in, out
	filters          [2]string // as-path list
	maps             [2]string
	access           [2]string // distribute-list
	maxPrefix        int
	warnOnly         bool
	allowOwn         int
	asOverride       bool
	originate        bool
	removePrivate    bool
	removePrivateAll bool
}

const (
	in  = 0
	out = 1
)

// compile reads the lines. Without a `router bgp` it answers nil.
func (c *conf) compile() *bgpConf {
	i := slices.IndexFunc(c.blocks, func(b *block) bool { return b.place == atBGP })
	if i < 0 {
		return nil
	}
	head := c.blocks[i]
	datacenter := c.datacenter()
	b := &bgpConf{
		lists: map[string][]listRule{}, paths: map[string][]pathRule{}, maps: map[string][]mapEntry{},
		needPolicy: !datacenter, importCheck: true, defaultTimer: [3]int{60, 180, 120},
	}
	if datacenter {
		b.defaultTimer = [3]int{3, 9, 10}
	}
	b.asn, _ = parseASN(strings.Fields(head.head)[2])
	b.readPolicy(c)
	defaultV4 := true
	for _, l := range head.lines {
		w := strings.Fields(l.text)
		switch {
		case l.text == "no bgp default ipv4-unicast":
			defaultV4 = false
		case l.text == "no bgp network import-check":
			b.importCheck = false
		case l.text == "no bgp ebgp-requires-policy":
			b.needPolicy = false
		case l.text == "bgp ebgp-requires-policy":
			b.needPolicy = true
		case l.text == "bgp bestpath as-path multipath-relax":
			b.relax = true
		case l.text == "bgp bestpath compare-routerid":
			b.compareID = true
		case strings.HasPrefix(l.text, "bgp router-id "):
			b.id, _ = netip.ParseAddr(w[2])
		case strings.HasPrefix(l.text, "timers bgp "):
			b.defaultTimer[0], _ = strconv.Atoi(w[2])
			b.defaultTimer[1], _ = strconv.Atoi(w[3])
		}
	}
	families := [2]*block{c.find(head, "address-family ipv4 unicast"), c.find(head, "address-family ipv6 unicast")}
	b.readPeers(head, families, defaultV4)
	for i, f := range families {
		b.families[i] = readFamily(f)
	}
	return b
}

func readFamily(f *block) familyConf {
	fam := familyConf{redistribute: map[string]string{}, networks: map[netip.Prefix]string{}, maxPaths: 64}
	if f == nil {
		return fam
	}
	for _, l := range f.lines {
		w := strings.Fields(l.text)
		policy := ""
		if i := slices.Index(w, "route-map"); i > 0 && i+1 < len(w) {
			policy = w[i+1]
		}
		switch w[0] {
		case "redistribute":
			fam.redistribute[w[1]] = policy
		case "network":
			p, _ := netip.ParsePrefix(w[1])
			fam.networks[p.Masked()] = policy
		case "aggregate-address":
			p, _ := netip.ParsePrefix(w[1])
			fam.aggregates = append(fam.aggregates, p.Masked())
		case "maximum-paths":
			fam.maxPaths, _ = strconv.Atoi(w[1])
		}
	}
	return fam
}

// readPeers makes the neighbors, each from its group's lines and then its own.
func (b *bgpConf) readPeers(head *block, families [2]*block, defaultV4 bool) {
	groups := map[string]bool{}
	type known struct {
		group string
		iface bool
	}
	peers := map[string]known{}
	var order []string
	for _, l := range head.lines {
		w := strings.Fields(l.text)
		if w[0] != "neighbor" {
			continue
		}
		if len(w) == 3 && w[2] == "peer-group" {
			groups[w[1]] = true
			continue
		}
		k, seen := peers[w[1]]
		if i := slices.Index(w, "peer-group"); i > 0 && i+1 < len(w) {
			k.group = w[i+1]
		}
		k.iface = k.iface || w[2] == "interface"
		if !seen {
			order = append(order, w[1])
		}
		peers[w[1]] = k
	}
	for _, key := range order {
		k := peers[key]
		if groups[key] {
			continue
		}
		p := &peerConf{key: key, iface: k.iface, group: k.group, timers: b.defaultTimer}
		p.families[0].active = defaultV4
		for _, who := range []string{k.group, key} {
			if who == "" {
				continue
			}
			for _, l := range head.lines {
				p.read(who, l.text)
			}
			for i, f := range families {
				if f != nil {
					for _, l := range f.lines {
						p.families[i].read(who, l.text)
					}
				}
			}
		}
		p.like = b.alike(p, len(order))
		b.peers = append(b.peers, p)
	}
}

// fewPeers are too few to remember what they are told.
const fewPeers = 4

// alike finds a neighbor to which the same routes are told, of those there are
// so many.
func (b *bgpConf) alike(p *peerConf, peers int) *peerConf {
	if peers <= fewPeers || p.families[0].asOverride || p.families[1].asOverride {
		return nil // it depends on the peer's number
	}
	for _, o := range b.peers {
		if o.like == o && o.families == p.families && o.localAS == p.localAS && o.replaceAS == p.replaceAS {
			return o
		}
	}
	return p
}

// read takes one line of the router's about who.
func (p *peerConf) read(who, line string) {
	w := strings.Fields(strings.TrimPrefix(line, "no "))
	if w[0] != "neighbor" || len(w) < 3 || w[1] != who {
		return
	}
	no := strings.HasPrefix(line, "no ")
	number := func(i int) int {
		n, _ := strconv.Atoi(w[i])
		return n
	}
	switch w[2] {
	case "interface":
		if i := slices.Index(w, "remote-as"); i > 0 {
			p.remoteAS = w[i+1]
		}
	case "remote-as":
		p.remoteAS = w[3]
	case "local-as":
		p.localAS, _ = parseASN(w[3])
		p.noPrepend, p.replaceAS = slices.Contains(w, "no-prepend"), slices.Contains(w, "replace-as")
	case "description":
		p.description = strings.Join(w[3:], " ")
	case "bfd":
		p.bfd = true
	case "shutdown":
		p.shutdown = true
	case "password":
		p.password = strings.Join(w[3:], " ")
	case "capability":
		p.noENHE = no && who == p.key // a port has it whatever its group has
	case "timers":
		if w[3] == "connect" {
			p.timers[2] = number(4)
		} else {
			p.timers[0], p.timers[1] = number(3), number(4)
		}
	}
}

func (f *peerFamily) read(who, line string) {
	w := strings.Fields(strings.TrimPrefix(line, "no "))
	if w[0] != "neighbor" || len(w) < 3 || w[1] != who {
		return
	}
	direction := func() int {
		if w[len(w)-1] == "out" {
			return out
		}
		return in
	}
	switch w[2] {
	case "activate":
		f.active = !strings.HasPrefix(line, "no ")
	case "prefix-list":
		f.lists[direction()] = w[3]
	case "filter-list":
		f.filters[direction()] = w[3]
	case "route-map":
		f.maps[direction()] = w[3]
	case "distribute-list":
		f.access[direction()] = w[3]
	case "maximum-prefix":
		f.maxPrefix, _ = strconv.Atoi(w[3])
		f.warnOnly = slices.Contains(w, "warning-only")
	case "allowas-in":
		f.allowOwn = 3 // bgpd's default
		if len(w) > 3 {
			f.allowOwn, _ = strconv.Atoi(w[3])
		}
	case "as-override":
		f.asOverride = true
	case "default-originate":
		f.originate = true
	case "remove-private-AS":
		f.removePrivate, f.removePrivateAll = true, slices.Contains(w, "all")
	}
}
