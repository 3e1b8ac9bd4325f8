package model

import "net/netip"

// Routing is what one device's BGP is told, as data. render prints it in each
// dialect and the prediction follows it, so what is predicted is what is
// written. Names of lists and groups are the ones that stand in the files.
//
// What holds on every device and is therefore not in here: `frr defaults
// datacenter`, `bgp bestpath as-path multipath-relax` and `bgp bestpath
// compare-routerid`, up to 64 equal paths.
type Routing struct {
	ASN      uint32
	RouterID netip.Addr
	Timers   Timers
	BFD      bool // a group or a peer asks for it, so bfdd has to run
	V4, V6   bool // address families that the device exchanges

	Groups      []PeerGroup
	Peers       []Peer
	Originate   []Originate
	Aggregates  []netip.Prefix // announced while a longer prefix inside them is held
	PrefixLists []PrefixList
	PathLists   []PathList

	// Source is the loopback that traffic of the host itself leaves with, one
	// for each family; empty on switches.
	Source []netip.Addr
}

// PeerGroup is a neighbor peer-group with the policy of its peers.
type PeerGroup struct {
	Name        string
	Description string
	// External is `remote-as external` for the whole group; otherwise each
	// peer says its own.
	External     bool
	V4, V6       bool // address families activated
	BFD          bool
	In, Out      []PolicyRef // at most one for each family
	PathIn       string      // as-path access-list, empty: none
	PathOut      string
	MaxPrefix    int  // 0: no limit. At 80 % a warning; beyond it down for 5 minutes
	AllowASIn    int  // 0: off. Own ASN tolerated this often (RFC 4271 9.1.2 loop check relaxed)
	RemovePrivAS bool // private ASNs (RFC 6996) are taken out of what is told
	Default      bool // default-originate to the peers
}

// PolicyRef names the prefix-list that filters one family in one direction.
type PolicyRef struct {
	V6   bool
	List string
}

// Peer is one neighbor. Its policy is its group's; In, Out and MaxPrefix, where
// given, stand in the place of the group's, and BFD is added to it.
type Peer struct {
	Port        string     // unnumbered: `neighbor PORT interface`
	Address     netip.Addr // numbered: `neighbor ADDRESS`; invalid where unnumbered
	Group       string
	ASN         uint32 // of a peer whose group is not External; 0: remote-as external
	Device      string // who is there: a device of the plan, or "external"
	DevicePort  string
	Description string
	In, Out     []PolicyRef
	MaxPrefix   int
	BFD         bool
}

// Key is how bgpd names the neighbor: the interface, or the address.
func (p Peer) Key() string {
	if p.Address.IsValid() {
		return p.Address.String()
	}
	return p.Port
}

// Originate is one `redistribute`, filtered by a route-map whose permit
// entries match one prefix-list each. A route that none permits is not
// announced.
type Originate struct {
	V6       bool
	Source   string // "connected" or "kernel"
	RouteMap string
	Lists    []string // prefix-lists, in the order of the entries
}

// PrefixList is `ip prefix-list` or `ipv6 prefix-list`: the first rule that
// matches decides, and what none matches is denied.
type PrefixList struct {
	Name string
	V6   bool
	// Access says that Quagga's dialect writes it as an access-list, which
	// permits a prefix and all that is longer inside it, as its rules do.
	Access bool
	Rules  []PrefixRule
}

// PrefixRule is one entry; Ge and Le are lengths in bits, 0 where not given.
// Why is the sentence that `render --explain` gives.
type PrefixRule struct {
	Seq    int
	Deny   bool
	Prefix netip.Prefix
	Ge, Le int
	Why    string
}

// PathList is `bgp as-path access-list`; rules are permits, all else is denied.
type PathList struct {
	Name  string
	Regex []string
	Why   string
}

// Matches says whether the rule speaks of p: p lies inside its prefix, and its
// length is the prefix's own, or between Ge and Le where one of them is given
// (an omitted Le is the family's longest, an omitted Ge the prefix's length).
func (r PrefixRule) Matches(p netip.Prefix) bool {
	if p.Bits() < r.Prefix.Bits() || !r.Prefix.Contains(p.Addr()) {
		return false
	}
	low, high := r.Prefix.Bits(), r.Prefix.Bits()
	if r.Ge > 0 {
		low, high = r.Ge, r.Prefix.Addr().BitLen()
	}
	if r.Le > 0 {
		high = r.Le
	}
	return low <= p.Bits() && p.Bits() <= high
}

// Permits says whether the list lets p pass.
func (l PrefixList) Permits(p netip.Prefix) bool {
	for _, r := range l.Rules {
		if r.Matches(p) {
			return !r.Deny
		}
	}
	return false
}
