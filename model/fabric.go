package model

import (
	"net/netip"
	"time"
)

// Fabric is what the operator decided: fabric.yaml, read, with ranges expanded
// and omitted keys filled with the defaults of the contract. What follows from
// it (addresses, cables, sessions) is in Plan.
type Fabric struct {
	Version    int
	Name       string
	ASN        PerRole[ASNRule]
	Loopbacks  PerRole[[]AddressRange] // at most one IPv4 and one IPv6 range a role
	Pods       []netip.Prefix          // at most one of each family
	Services   []netip.Prefix
	Timers     Timers
	BFD        bool
	MTU        MTU
	Management Management
	Access     Access
	Platform   PerRole[string]
	Release    PerRole[string] // of the platform, "5.9"; empty: unknown
	Network    PerRole[string]
	Router     PerRole[string]
	Container  ContainerKeys // of routers that run in one
	Ports      PerRole[PortRanges]
	Hosts      string // what leafs tell nodes: "all" or "default"
	Kubernetes Kubernetes

	Devices []Spec // tier order, within a role as in the file
	Links   []Cable
	Cabled  bool // `links` is in the file; otherwise the plan cables automatically

	doc *Document // where it was read from; nil: made by hand
}

// ASNMode says how the ASNs of a role follow from its rule.
type ASNMode uint8

const (
	ASNNone   ASNMode = iota // no rule: each device must say its own
	ASNShared                // "65020": the whole role
	ASNCount                 // "65101+": first + n - 1
	ASNByRack                // "65101+rack": one for each rack, in order of first appearance
	ASNByPod                 // "65020+pod"
)

// ASNRule is one row of `asn`.
type ASNRule struct {
	First  uint32
	Mode   ASNMode
	Dotted bool // written as asdot (RFC 5396)
}

// AddressRange is one row of `loopbacks`: the n-th device takes the n-th host
// address. Base is the first of them (10.0.0.11 in 10.0.0.11/24, 10.1.2.1 in
// 10.1.2.0/24).
type AddressRange struct {
	Prefix netip.Prefix // masked
	Base   netip.Addr
}

// Timers are BGP's, in whole seconds.
type Timers struct {
	Keepalive, Hold, Connect int
}

// MTU in bytes, of the links between switches and of those to nodes.
type MTU struct {
	Fabric, Nodes int
}

// Management is how a box is managed. closup leaves that port alone.
type Management struct {
	Port, VRF, Address string
}

// Access is how a device is reached by SSH.
type Access struct {
	User     string
	Port     int
	Identity string // a private key's path, may start with ~
	Jump     string // [user@]host[:port], empty for none
}

// ContainerKeys is `container`: what is said of how a router runs in one.
// What is left out follows from the router; see Container.
type ContainerKeys struct {
	Engine, Image string
	Privileged    *bool // nil: not said
}

// PortRanges are the ports that automatic cabling may use, in order.
type PortRanges struct {
	Uplinks, Downlinks []string
}

// Kubernetes is what closup needs to know of the cluster on the nodes.
type Kubernetes struct {
	Deployer string // "kubespray" or "kubeadm"
	CNI      string // "calico", "cilium", "flannel", "bridge"
	IPAM     string // "host-local", "calico", "cilium"
	NodeMask int    // bits of a node's pod CIDR, IPv4
	Domain   string
	DNS      netip.Addr
	API      netip.Addr
}

// Spec is one device as the operator gave it, after ranges are expanded.
type Spec struct {
	Role       Role
	Name       string
	N          int // the number that decides its ASN and address
	ASN        uint32
	Loopbacks  []netip.Addr // its own, empty: from the role's range
	Platform   string       // empty: the role's
	Release    string
	Network    string
	Router     string
	Mgmt       string // address or host name, empty: unknown
	Management Management
	Ports      PortRanges
	Breakout   []Breakout
	Rack       string
	Serial     string
	Pod        string
	Plane      string
	Access     Access
	Container  ContainerKeys
	Pods       []netip.Prefix // a node's own pod CIDR
	Roles      []string       // "control-plane", "worker", "etcd"
	Homes      int            // how many leafs a node hangs on
	Peers      []Outside      // a border leaf's

	Path string // "leafs[0]", in fabric.yaml
	Line int    // 1-based
}

// Breakout splits a port: {swp1: 4x25G}.
type Breakout struct {
	Port  string
	Count int
	Speed string
}

// Outside is a border leaf's session to a router that is not ours.
type Outside struct {
	Port          string
	ASN           uint32 // 0: any external one
	Local         netip.Prefix
	Remote        netip.Addr // invalid: unnumbered
	Accept        []netip.Prefix
	Advertise     []netip.Prefix
	VLAN          int
	BFD           bool
	MaximumPrefix int
	Line          int
}

// Cable is one row of `links`.
type Cable struct {
	A, B  End
	Speed string
	Line  int
}

// Finding is one thing that a rule has to say of a fabric.
type Finding struct {
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	Path     string   `json:"path"`
	Line     int      `json:"line"`
	Message  string   `json:"message"`
	Remedy   string   `json:"remedy"`
}

// Severity of a finding. Warnings never block; errors block push only.
type Severity string

const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Endpoint says where and as whom a device is reached by SSH.
type Endpoint struct {
	Device     string
	Host       string // address or name
	Port       int
	User       string
	Identity   []string // private key files, in order; the agent comes first unless OnlyIdentity
	OnlyKeys   bool     // use Identity alone, as the lab does: no agent, no ~/.ssh/config
	Jump       string
	KnownHosts string // path; empty: ~/.ssh/known_hosts
	Timeout    time.Duration
}
