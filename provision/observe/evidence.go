package observe

import (
	"net/netip"
	"time"
)

// Evidence is what a device says when it is asked why: more than a round needs,
// so only Examine asks for it.
type Evidence struct {
	At       time.Time
	Links    []Link     // every interface of the default namespace, in the kernel's order
	Sessions []Session  // sorted by Key
	Daemons  []Daemon   // FRR's processes
	Silent   []string   // daemons that run and did not answer in time
	Near     []Neighbor // the kernel's IPv6 neighbors
	Config   Config     // what bgpd, zebra and mgmtd run with
	Firewall []Rule     // that drop or reject
	Media    map[string]string
	LLDP     []Seen

	// Container is the one that the router runs in; nil: it runs in none.
	Container *Container

	// Sysctls are the settings that routing hangs on, by their path below
	// /proc/sys: "net/ipv4/ip_forward".
	Sysctls map[string]string
}

// Link is one interface: the kernel's view, and zebra's where it answered.
type Link struct {
	Name     string
	MAC      string
	MTU      int // bytes
	Up       bool
	Carrier  bool
	Addrs    []netip.Prefix
	Asked    bool          // zebra answered for it
	RASent   int           // router advertisements since zebra started; -1: it sends none
	RARcvd   int           // -1: unknown
	Heard    []string      // neighbors that their router advertisements told of
	Downs    int           // times that zebra saw it go down
	LastDown time.Duration // ago; 0 where it never did
	Recent   int           // times it went down since the evidence before this one
}

// Session is one neighbor as bgpd describes it in detail.
type Session struct {
	Key          string
	State        string
	Address      string // of the peer; empty: not known
	RemoteAS     uint32 // 0: not known, or any
	LocalAS      uint32
	Shutdown     bool
	Reason       string // of the last reset; not empty on healthy peers
	Code         int    // its number, which changed its meaning over the versions
	Notification string // the last one, with its direction in Sent
	Sent         bool   // that notification was ours
	Opens        [2]int // sent, received
	Notices      [2]int
	Families     []string // activated
	Policy       bool     // a family lacks the policy of RFC 8212
	Limit        int      // maximum-prefix; 0: none
	Warns        bool     // beyond the limit it only warns
	Threshold    int      // percent of the limit from which on it warns
	Accepted     int      // prefixes of the family with the limit
	NextHop      string   // the capability of RFC 8950: "advertised", "received", "advertisedAndReceived"; empty: neither, or not told
	InMap        string   // route-map for what comes in, of any family
	BFD          string   // "Up", "Down"; empty: not asked for
	Interval     time.Duration
}

// Container is what an engine says of a router's container.
type Container struct {
	State   string // "running", "exited", ...; empty: there is none
	Network string // "host", or a network of its own
	Log     string // its last lines, or what the engine said instead
}

// Daemon is a process of FRR.
type Daemon struct {
	Name  string
	Age   time.Duration
	State string // of ps(1): "S", "T" stopped, "Z" dead
}

// Neighbor is an entry of the kernel's IPv6 neighbor table.
type Neighbor struct {
	Port, MAC string
	Address   netip.Addr
	State     string // "REACHABLE", "STALE", "FAILED", ...
}

// Seen is who lldpd saw on a port.
type Seen struct{ Port, Device, PeerPort string }

// Link finds an interface by name.
func (e *Evidence) Link(name string) (Link, bool) {
	for _, l := range e.Links {
		if l.Name == name {
			return l, true
		}
	}
	return Link{}, false
}

// Session finds a neighbor by bgpd's name for it.
func (e *Evidence) Session(key string) (Session, bool) {
	for _, s := range e.Sessions {
		if s.Key == key {
			return s, true
		}
	}
	return Session{}, false
}

// Daemon finds a process of FRR; dead ones that nobody reaped do not count.
func (e *Evidence) Daemon(name string) (Daemon, bool) {
	for _, d := range e.Daemons {
		if d.Name == name && d.State != "Z" {
			return d, true
		}
	}
	return Daemon{}, false
}

// LinkLocal is the link-local address of an interface; invalid: it has none.
func (l Link) LinkLocal() netip.Addr {
	for _, a := range l.Addrs {
		if a.Addr().Is6() && a.Addr().IsLinkLocalUnicast() {
			return a.Addr()
		}
	}
	return netip.Addr{}
}
