package model

import (
	"net/netip"
	"slices"
)

// Plan is what follows from a Fabric: every device with its numbers, every
// cable, both ends of every session. It is decided once, here; what comes
// after only reads it. All of it is in tier order, so the same fabric gives
// the same bytes.
type Plan struct {
	Name       string         `json:"name"`
	Devices    []Device       `json:"devices"`
	Links      []Link         `json:"links"`
	Sessions   []Session      `json:"sessions"`
	Pods       []netip.Prefix `json:"-"`
	Services   []netip.Prefix `json:"-"`
	Management Management     `json:"-"`
	Kubernetes Kubernetes     `json:"-"`
	Findings   []Finding      `json:"-"` // what Validate says of it, for documents; whoever validates puts it here

	index    map[string]int // device name to its place in Devices
	findings []Finding      // what could not be planned
}

// Prefixes is how many the fabric announces, not counting single pods and what
// comes from outside: each device will know them all.
func (p *Plan) Prefixes() int {
	n := 0
	for i := range p.Devices {
		n += len(p.Devices[i].Loopbacks) + len(p.Devices[i].PodCIDRs)
	}
	return n
}

// Device is one switch or node, with everything that its files need.
type Device struct {
	Name       string         `json:"name"`
	Role       Role           `json:"role"`
	N          int            `json:"-"`
	ASN        uint32         `json:"asn"`
	RouterID   netip.Addr     `json:"router_id"`
	Loopbacks  []netip.Prefix `json:"loopbacks"` // host prefixes: /32, /128
	Mgmt       string         `json:"mgmt"`
	Platform   string         `json:"platform"`
	Release    string         `json:"-"` // of the platform; empty: unknown
	Router     string         `json:"router"`
	Network    string         `json:"-"`
	Rack       string         `json:"rack"`
	Serial     string         `json:"-"`
	Pod        string         `json:"-"`
	Plane      string         `json:"-"`
	Roles      []string       `json:"-"` // of a node: "control-plane", ...
	Management Management     `json:"-"`
	Access     Access         `json:"-"`
	Ports      []Port         `json:"ports"`
	Breakout   []Breakout     `json:"-"`
	Container  Container      `json:"-"` // zero where the router runs in none

	// PodCIDRs are a node's pod networks, given or carved from the fabric's
	// pods by the node's n. Pinned says that the CNI's IPAM keeps to them, so
	// that they may be filtered one by one; otherwise they are nominal.
	PodCIDRs []netip.Prefix `json:"-"`
	Pinned   bool           `json:"-"`

	Routing Routing `json:"-"`
}

// Container is how a device's router runs in one.
type Container struct {
	Engine     string // "docker" or "podman"
	Image      string
	Privileged bool // everything allowed; otherwise only what a router needs
}

// PortKind says what a planned port leads to.
type PortKind string

const (
	FabricPort   PortKind = "fabric"   // switch to switch
	HostPort     PortKind = "host"     // leaf to node, on both ends
	ExternalPort PortKind = "external" // border leaf to a router outside
)

// Port is one planned port of a device. A port with VLAN is a subinterface
// and is named PORT.VLAN.
type Port struct {
	Name      string         `json:"name"`
	Peer      string         `json:"peer"` // device; of an external port "external"
	PeerPort  string         `json:"peer_port"`
	Kind      PortKind       `json:"kind"`
	Up        bool           `json:"-"` // leads to the tier above (or, on a border, outside)
	MTU       int            `json:"-"`
	Speed     string         `json:"-"`
	VLAN      int            `json:"-"`
	Addresses []netip.Prefix `json:"-"` // only of numbered external ports
}

// End is one end of a cable.
type End struct {
	Device string `json:"device"`
	Port   string `json:"port"`
}

// String is the end as fabric.yaml writes it: "spine1:swp1".
func (e End) String() string { return e.Device + ":" + e.Port }

// Link is one cable. A is the end in the upper tier.
type Link struct {
	A     End    `json:"a"`
	B     End    `json:"b"`
	Speed string `json:"-"`
	Line  int    `json:"-"` // in fabric.yaml; 0: cabled automatically
}

// Session is one end of a BGP session. A link's session stands twice, once
// from each end; one to an outside peer once.
type Session struct {
	Device   string `json:"device"`
	Port     string `json:"port"` // the interface, or the address of a numbered peer
	Peer     string `json:"peer"`
	PeerPort string `json:"peer_port"`
	PeerASN  uint32 `json:"peer_asn"` // 0: any external one
}

// Key names the session's end.
func (s Session) Key() SessionKey { return SessionKey{s.Device, s.Port} }

// SessionKey names one end of a session across push, observe and diagnose.
type SessionKey struct{ Device, Port string }

// RouteKey names one prefix in one device's table.
type RouteKey struct {
	Device string
	Prefix netip.Prefix
}

// Path is one way to a prefix: the port it leaves by (empty: originated here)
// and the AS path as the device holds it, nearest first.
type Path struct {
	Port string   `json:"port"`
	AS   []uint32 `json:"as_path"`
}

// Route is what one device is predicted to hold for one prefix: the paths that
// are used together.
type Route struct {
	Device string       `json:"device"`
	Prefix netip.Prefix `json:"prefix"`
	Origin string       `json:"origin"` // the device that originates it; "external" for an outside peer's
	Paths  []Path       `json:"paths"`
	Pod    bool         `json:"-"` // a node's pod CIDR: pending until its node's kernel has one
}

// Device finds a device by name; of several the first.
func (p *Plan) Device(name string) (*Device, bool) {
	i, ok := p.index[name]
	if p.index == nil { // made by hand
		i = slices.IndexFunc(p.Devices, func(d Device) bool { return d.Name == name })
		ok = i >= 0
	}
	if !ok {
		return nil, false
	}
	return &p.Devices[i], true
}
