// Package observe asks every device what it sees and holds that beside what
// the plan expects.
package observe

import (
	"net/netip"
	"time"

	"closup/model"
)

// Snapshot is what all devices said in one round. None is missing: a device
// that could not be asked stands there with its error and its last figures.
type Snapshot struct {
	At      time.Time
	Devices []Device // in the plan's order
}

// Device is what one device said.
type Device struct {
	Name          string
	Reachable     bool
	Err           error
	RouterVersion string
	ASN           uint32
	RouterID      netip.Addr
	At            time.Time // when its sessions were read; zero: never
	Peers         []Peer    // sorted by Key
	Routes        []Route   // BGP's table, sorted by prefix
	Kernel        []KernelRoute
	Links         []Link     // every interface of the default namespace, as the kernel has it
	Near          []Neighbor // the kernel's IPv6 neighbors
	LLDP          []Seen     // who lldpd saw, where one runs
	Read          Times      // of the parts that are not read in every round

	// Evidence is what Examine read last, with its own age; nil: never.
	Evidence *Evidence
}

// Times say when each part of a device was read last; zero: never. Routes and
// the kernel's side are read when something changed, and now and then.
type Times struct {
	Routes time.Time
	System time.Time // Kernel, Links and Near
	LLDP   time.Time
}

// Peer is one neighbor as bgpd shows it.
type Peer struct {
	Key      string // interface or address
	State    string // "Established", "Idle", "Idle (PfxCt)", ...
	Detail   string // peerState: "OK" also for peers that are down
	Hostname string // as told by the peer; stale after a drop
	ASN      uint32 // remoteAs
	Uptime   time.Duration
	Received int // prefixes
	Sent     int
	Flaps    int // connectionsDropped
}

// Route is one prefix of a device with its usable paths (best and multipath).
// Those of a router that has more paths than can be told are as the kernel has
// them: their paths have ports, and no AS paths.
type Route struct {
	Prefix netip.Prefix
	Local  bool // originated here
	Paths  []model.Path
}

// KernelRoute is one route of the device's kernel.
type KernelRoute struct {
	Prefix    netip.Prefix
	Protocol  string // "bgp", "boot", "kernel", ...
	Port      string // interface it leaves by; empty with several next hops
	Hops      []Hop
	Blackhole bool // or unreachable, prohibit
}

// Hop is one next hop of a kernel route.
type Hop struct {
	Via  netip.Addr // invalid: on the link
	Port string
}

// Status is the plan beside a snapshot, as `closup status -o json` prints it.
type Status struct {
	At       time.Time       `json:"at"`
	Devices  []DeviceStatus  `json:"devices"`
	Sessions []SessionStatus `json:"sessions"`
	Routes   []RouteStatus   `json:"routes"`
	Summary  Summary         `json:"summary"`
}

// DeviceStatus says whether a device answers, and how old what it said is, in
// seconds; -1: never read. Age is that of its sessions.
type DeviceStatus struct {
	Name          string  `json:"name"`
	Reachable     bool    `json:"reachable"`
	Error         string  `json:"error"`
	RouterVersion string  `json:"router_version"`
	Age           float64 `json:"age"`
	RoutesAge     float64 `json:"routes_age"`
	SystemAge     float64 `json:"system_age"` // of its kernel's routes, interfaces and neighbors
}

// SessionStatus is one end of a session, expected beside actual. Uptime is in
// seconds.
type SessionStatus struct {
	Device           string  `json:"device"`
	Port             string  `json:"port"`
	Peer             string  `json:"peer"`
	PeerPort         string  `json:"peer_port"`
	Expected         bool    `json:"expected"`
	State            string  `json:"state"` // bgpd's, or "missing", "unreachable"
	PeerASN          uint32  `json:"peer_asn"`
	ActualPeer       string  `json:"actual_peer"`
	ActualASN        uint32  `json:"actual_asn"`
	Uptime           float64 `json:"uptime"`
	PrefixesReceived int     `json:"prefixes_received"`
	PrefixesSent     int     `json:"prefixes_sent"`
	Flaps            int     `json:"flaps"`

	// LastState is the state before the device could not be asked any more, and
	// the figures are those of then. Empty: it can be asked.
	LastState string `json:"last_state,omitempty"`
}

// RouteStatus is one prefix on one device: expected, or there although nobody
// expected it. Those come last.
type RouteStatus struct {
	Device        string       `json:"device"`
	Prefix        netip.Prefix `json:"prefix"`
	ExpectedPaths int          `json:"expected_paths"`
	ActualPaths   int          `json:"actual_paths"`
	State         string       `json:"state"` // "ok", "missing", "narrow", "wide", "pending", "unexpected"
}

// Summary counts ends of sessions, routes and devices.
type Summary struct {
	SessionsExpected    int `json:"sessions_expected"`
	SessionsEstablished int `json:"sessions_established"`
	RoutesExpected      int `json:"routes_expected"`
	RoutesOK            int `json:"routes_ok"`
	RoutesPending       int `json:"routes_pending"`
	RoutesUnexpected    int `json:"routes_unexpected"` // shown, and no failure: it may be an outside peer's
	DevicesUnreachable  int `json:"devices_unreachable"`
}
