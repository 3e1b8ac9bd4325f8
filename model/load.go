package model

import (
	"net/netip"
	"regexp"

	"go.yaml.in/yaml/v4"
)

// Load reads a fabric.yaml. The error is Errors: every problem at once. The
// file name serves for the messages alone.
func Load(file string, data []byte) (*Fabric, error) {
	return ParseDocument(file, data).Fabric()
}

// Fabric reads what the document means. The error is Errors.
func (d *Document) Fabric() (*Fabric, error) {
	if len(d.errs) > 0 {
		return nil, d.errs.sorted()
	}
	r, f := newReader(d), defaults()
	f.doc = d
	if d.root != nil {
		fabricKeys.read(r, value{d.root, ""}, f)
	}
	complete(r, f)
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return f, nil
}

// Line is where a path such as "leafs[0].mgmt" stands in the file, 1-based; of
// a key that was left out, the line of what it would stand in. 0: unknown.
func (f *Fabric) Line(path string) int {
	if f.doc == nil {
		return 0
	}
	return f.doc.line(path)
}

var fabricName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// fabricKeys is every key of fabric.yaml.
var fabricKeys = object[Fabric]{
	{"version", scalar(parseVersion, func(f *Fabric) *int { return &f.Version })},
	{"name", scalar(parseFabricName, func(f *Fabric) *string { return &f.Name })},
	{"asn", perRole(scalar(ParseASNRule, same[ASNRule]), func(f *Fabric) *PerRole[ASNRule] { return &f.ASN })},
	{"loopbacks", perRole(readLoopbacks, func(f *Fabric) *PerRole[[]AddressRange] { return &f.Loopbacks })},
	{"pods", onePerFamily(func(f *Fabric) *[]netip.Prefix { return &f.Pods })},
	{"services", onePerFamily(func(f *Fabric) *[]netip.Prefix { return &f.Services })},
	{"timers", sub(object[Timers]{
		{"keepalive", whole(1, 65535, func(t *Timers) *int { return &t.Keepalive })},
		{"hold", whole(3, 65535, func(t *Timers) *int { return &t.Hold })}, // RFC 4271 4.2
		{"connect", whole(1, 65535, func(t *Timers) *int { return &t.Connect })},
	}, func(f *Fabric) *Timers { return &f.Timers })},
	{"bfd", flag(func(f *Fabric) *bool { return &f.BFD })},
	{"mtu", readMTU},
	{"container", sub(containerKeys, func(f *Fabric) *ContainerKeys { return &f.Container })},
	{"management", sub(managementKeys, func(f *Fabric) *Management { return &f.Management })},
	{"access", sub(accessKeys, func(f *Fabric) *Access { return &f.Access })},
	{"platform", perRole(word(platforms, same[string]), func(f *Fabric) *PerRole[string] { return &f.Platform })},
	{"release", perRole(scalar(parseRelease, same[string]), func(f *Fabric) *PerRole[string] { return &f.Release })},
	{"network", perRole(word(networks, same[string]), func(f *Fabric) *PerRole[string] { return &f.Network })},
	{"router", perRole(word(routers, same[string]), func(f *Fabric) *PerRole[string] { return &f.Router })},
	{"ports", perRole(sub(portKeys, same[PortRanges]), func(f *Fabric) *PerRole[PortRanges] { return &f.Ports })},
	{"hosts", sub(object[Fabric]{
		{"advertise", word([]string{"all", "default"}, func(f *Fabric) *string { return &f.Hosts })},
	}, same[Fabric])},
	{"kubernetes", sub(object[Kubernetes]{
		{"deployer", word([]string{"kubespray", "kubeadm"}, func(k *Kubernetes) *string { return &k.Deployer })},
		{"cni", sub(object[Kubernetes]{
			{"name", word([]string{"calico", "cilium", "flannel", "bridge"}, func(k *Kubernetes) *string { return &k.CNI })},
			{"ipam", word([]string{"host-local", "calico", "cilium"}, func(k *Kubernetes) *string { return &k.IPAM })},
		}, same[Kubernetes])},
		{"node_mask", whole(8, 32, func(k *Kubernetes) *int { return &k.NodeMask })},
		{"domain", scalar(parseText, func(k *Kubernetes) *string { return &k.Domain })},
		{"dns", scalar(parseAddress, func(k *Kubernetes) *netip.Addr { return &k.DNS })},
		{"api", scalar(parseAddress, func(k *Kubernetes) *netip.Addr { return &k.API })},
	}, func(f *Fabric) *Kubernetes { return &f.Kubernetes })},
	{"superspines", devices(Superspine)},
	{"spines", devices(Spine)},
	{"leafs", devices(Leaf)},
	{"borders", devices(Border)},
	{"nodes", devices(Node)},
	{"links", readLinks},
}

var managementKeys = object[Management]{
	{"port", scalar(parsePort, func(m *Management) *string { return &m.Port })},
	{"vrf", scalar(parseText, func(m *Management) *string { return &m.VRF })},
	{"address", scalar(parseManagementAddress, func(m *Management) *string { return &m.Address })},
}

var accessKeys = object[Access]{
	{"user", scalar(parseText, func(a *Access) *string { return &a.User })},
	{"port", whole(1, 65535, func(a *Access) *int { return &a.Port })},
	{"identity", scalar(parseText, func(a *Access) *string { return &a.Identity })},
	{"jump", scalar(parseText, func(a *Access) *string { return &a.Jump })},
}

func parseVersion(s string) (int, error) {
	if s != "1" {
		return 0, wrong{"version " + quote(s) + " of fabric.yaml is not known", "write 1"}
	}
	return 1, nil
}

func parseFabricName(s string) (string, error) {
	if !fabricName.MatchString(s) {
		return "", wrong{quote(s) + " is not a fabric's name", "use small letters, digits and hyphens, at most 32"}
	}
	return s, nil
}

func parseManagementAddress(s string) (string, error) {
	if s == "dhcp" {
		return s, nil
	}
	if _, err := netip.ParsePrefix(s); err == nil {
		return s, nil
	}
	if _, err := parseAddress(s); err == nil {
		return s, nil
	}
	return "", wrong{quote(s) + " is not a management address", "write dhcp, or an address such as 192.168.200.1/24"}
}

// readMTU reads one number for all links, or one for each kind.
func readMTU(r *reader, v value, f *Fabric) {
	const low, high = 1280, 65535 // IPv6 needs 1280 (RFC 8200 5)
	if v.Kind != yaml.MappingNode {
		whole(low, high, func(m *MTU) *int { return &m.Fabric })(r, v, &f.MTU)
		f.MTU.Nodes = f.MTU.Fabric
		return
	}
	object[MTU]{
		{"fabric", whole(low, high, func(m *MTU) *int { return &m.Fabric })},
		{"nodes", whole(low, high, func(m *MTU) *int { return &m.Nodes })},
	}.read(r, v, &f.MTU)
}

// onePerFamily makes a reader of one prefix, or of an IPv4 and an IPv6 one.
func onePerFamily[T any](place func(*T) *[]netip.Prefix) func(*reader, value, *T) {
	return func(r *reader, v value, into *T) {
		list(parsePrefix, place)(r, v, into)
		familiesDiffer(r, v, *place(into), func(p netip.Prefix) bool { return p.Addr().Is4() })
	}
}

func readLoopbacks(r *reader, v value, into *[]AddressRange) {
	list(ParseAddressRange, same[[]AddressRange])(r, v, into)
	familiesDiffer(r, v, *into, func(a AddressRange) bool { return a.Base.Is4() })
}

// familiesDiffer allows one IPv4 and one IPv6 value in a list.
func familiesDiffer[T any](r *reader, v value, all []T, is4 func(T) bool) {
	if len(all) > 2 || len(all) == 2 && is4(all[0]) == is4(all[1]) {
		r.fail(v, "there are several of one family"+in(v.path), "write at most one IPv4 and one IPv6")
	}
}
