package lab

import (
	"slices"

	"closup/model"
)

// Faults are all the ways to break a lab. Whatever would revive a daemon is
// stopped first: watchfrr does so after 6 s.
var Faults = []Fault{
	// Devices.
	{
		Name: "power-off", Sentence: "a device loses its power", Cause: "device-down", Targets: devices(model.Spine, model.Leaf, model.Node), Power: true,
	},
	{
		Name: "management-cut", Sentence: "the management port loses its link", Cause: "device-unreachable", Targets: devices(model.Leaf, model.Node, model.Spine),
		Break: `ip link set "$MGMT" down`, Mend: `ip link set "$MGMT" up`,
	},
	{
		Name: "frr-stopped", Sentence: "somebody stops FRR", Cause: "frr-down", Targets: devices(model.Leaf, model.Node, model.Spine),
		Break: `frr stop; true`, Mend: `frr start`,
	},
	{
		Name: "bgpd-killed", Sentence: "bgpd dies and is not revived", Cause: "bgpd-down", Targets: devices(model.Leaf, model.Spine, model.Node),
		Break: `pkill -STOP -x watchfrr; pkill -KILL -x bgpd`, Mend: `restart`,
	},
	{
		Name: "zebra-killed", Sentence: "zebra dies and is not revived", Cause: "zebra-down", Targets: devices(model.Node, model.Leaf),
		Break: `pkill -STOP -x watchfrr; pkill -KILL -x zebra`, Mend: `restart`,
	},
	{
		Name: "bgpd-frozen", Sentence: "bgpd hangs", Cause: "daemon-frozen", Targets: devices(model.Spine, model.Leaf, model.Node),
		Break: `pkill -STOP -x watchfrr; pkill -STOP -x bgpd`, Mend: `pkill -CONT -x bgpd; pkill -CONT -x watchfrr`,
	},
	{
		Name: "wrong-asn", Sentence: "a device runs with another one's ASN", Cause: "wrong-asn", Targets: devices(model.Node, model.Leaf),
		Break: `vtysh -c 'show running-config' | sed -n "/^router bgp/,/^!/s/^router bgp .*/router bgp $OTHER_ASN/p; /^router bgp/,/^!/{/^ /p}" >/run/closup-lab.bgp
conf 'no router bgp' && load /run/closup-lab.bgp`,
		Mend: `restart`,
	},
	{
		Name: "wrong-router-id", Sentence: "a device has another one's router-id", Cause: "wrong-router-id", Targets: devices(model.Leaf, model.Node),
		Break: `conf "router bgp $ASN" "bgp router-id $OTHER"`, Mend: `reload`,
	},
	{
		Name: "bgp-removed", Sentence: "the BGP configuration is gone", Cause: "bgp-not-configured", Targets: devices(model.Node, model.Leaf),
		Break: `conf 'no router bgp'`, Mend: `reload`,
	},

	// Ports and cables.
	{
		Name: "port-down", Sentence: "a port is set down", Cause: "port-down", Targets: ports(model.FabricPort, model.HostPort),
		Break: `ip link set "$PORT" down`, Mend: `ip link set "$PORT" up`,
	},
	{
		Name: "cable-cut", Sentence: "a cable is pulled: both ports are up and neither has a link", Cause: "no-carrier", Targets: ports(model.FabricPort, model.HostPort), Cable: true,
		Break: `setsid unshare -n sleep infinity </dev/null >/dev/null 2>&1 &
echo $! >/run/closup-cut; sleep 0.2
ip link set "$PORT" netns "$(cat /run/closup-cut)" &&
ip link add "$PORT" type veth peer name cut netns "$(cat /run/closup-cut)" &&
ip link set "$PORT" mtu "$MTU" up`,
		Mend: `ip link del "$PORT"; far=$(cat /run/closup-cut)
nsenter -t "$far" -n ip link set "$PORT" netns 1 && kill "$far"
ip link set "$PORT" up && sysctl -q -p /etc/sysctl.d/90-closup.conf; rm -f /run/closup-cut`,
	},
	{
		Name: "crossed-cables", Sentence: "two cables are plugged into each other's ports", Cause: "wrong-cabling", Targets: pairs, Cable: true,
		Break: crossPorts, Mend: crossPorts,
	},
	{
		Name: "flapping-link", Sentence: "a link goes down and up again and again", Cause: "link-flapping", Targets: ports(model.FabricPort, model.HostPort), Cable: true,
		Break: `setsid sh -c 'while :; do ip link set "$0" down; sleep 0.3; ip link set "$0" up; sleep 0.7; done' "$PORT" </dev/null >/dev/null 2>&1 &
echo $! >/run/closup-flap`,
		// zebra 8.4 is left with next hops that the kernel has thrown away.
		Mend: `kill "$(cat /run/closup-flap)"; rm -f /run/closup-flap; ip link set "$PORT" up; restart`,
	},
	{
		Name: "ipv6-off", Sentence: "IPv6 is turned off on a port", Cause: "ipv6-disabled", Targets: ports(model.HostPort, model.FabricPort),
		Break: `sysctl -q -w "net.ipv6.conf.$PORT.disable_ipv6=1"`, Mend: `sysctl -q -w "net.ipv6.conf.$PORT.disable_ipv6=0"; bounce "$PORT"`,
	},
	{
		Name: "link-local-gone", Sentence: "a port loses its link-local address", Cause: "link-local-missing", Targets: ports(model.FabricPort, model.HostPort),
		Break: `ip -6 addr flush dev "$PORT" scope link`, Mend: `bounce "$PORT"`,
	},
	{
		Name: "mtu", Sentence: "a port has the MTU that nobody changed: 1500", Cause: "mtu-mismatch", Targets: ports(model.HostPort, model.FabricPort),
		Break: `ip link set "$PORT" mtu 1500`, Mend: `ip link set "$PORT" mtu "$MTU"`,
	},

	// Sessions.
	{
		Name: "ra-filtered", Sentence: "a firewall drops router advertisements", Cause: "ra-filtered", Targets: ports(model.FabricPort, model.HostPort),
		Break: `drops iifname "$PORT" icmpv6 type 134 drop && bounce "$PORT"`, Mend: `gone nft delete table inet closup-lab; bounce "$PORT"`,
	},
	{
		Name: "bgp-filtered", Sentence: "a firewall drops TCP port 179", Cause: "bgp-filtered", Targets: ports(model.HostPort, model.FabricPort),
		Break: `drops iifname "$PORT" tcp dport 179 drop && drops iifname "$PORT" tcp sport 179 drop && vtysh -c "clear bgp $PORT"`,
		Mend:  `gone nft delete table inet closup-lab`,
	},
	{
		Name: "password", Sentence: "one end has a TCP password (MD5)", Cause: "password-one-sided", Targets: ports(model.FabricPort, model.HostPort),
		Break: `conf "router bgp $ASN" "neighbor $PORT password closup-lab"`, Mend: `conf "router bgp $ASN" "no neighbor $PORT password"`,
	},
	{
		Name: "session-removed", Sentence: "a neighbor is taken out of the configuration", Cause: "session-missing", Targets: ports(model.HostPort, model.FabricPort),
		Break: `conf "router bgp $ASN" "no neighbor $PORT interface peer-group $GROUP"`, Mend: `reload`,
	},
	{
		Name: "session-shutdown", Sentence: "a neighbor is shut down", Cause: "session-shutdown", Targets: ports(model.FabricPort, model.HostPort),
		Break: `conf "router bgp $ASN" "neighbor $PORT shutdown"`, Mend: `conf "router bgp $ASN" "no neighbor $PORT shutdown"`,
	},
	{
		Name: "remote-as", Sentence: "an end expects another ASN", Cause: "remote-as", Targets: ports(model.FabricPort, model.HostPort),
		Break: `conf "router bgp $ASN" "no neighbor $PORT interface peer-group $GROUP" "neighbor $PORT interface remote-as 64999"`, Mend: `reload`,
	},
	{
		Name: "family-off", Sentence: "no address family is activated for the neighbors", Cause: "af-not-activated", Targets: devices(model.Node),
		Break: `conf "router bgp $ASN" "address-family ipv4 unicast" "no neighbor $GROUP activate"`, Mend: `reload`,
	},
	{
		Name: "max-prefix", Sentence: "a limit is lower than what the peer tells", Cause: "max-prefix", Targets: downlinks,
		Break: `conf "router bgp $ASN" "address-family ipv4 unicast" "neighbor $PORT maximum-prefix 1"`, Mend: `reload; vtysh -c "clear bgp $PORT"`,
	},
	{
		Name: "no-policy", Sentence: "RFC 8212 is turned on where there is no policy", Cause: "policy-missing", Targets: devices(model.Spine),
		Break: `conf "router bgp $ASN" 'bgp ebgp-requires-policy' && vtysh -c 'clear bgp *'`, Mend: `conf "router bgp $ASN" 'no bgp ebgp-requires-policy' && vtysh -c 'clear bgp *'`,
	},
	{
		Name: "bfd-one-sided", Sentence: "one end runs BFD", Cause: "bfd-one-sided", Targets: ports(model.FabricPort, model.HostPort),
		Break: `pgrep -x bfdd >/dev/null || inside /usr/lib/frr/bfdd -d -A 127.0.0.1 </dev/null; conf "router bgp $ASN" "neighbor $PORT bfd"`,
		Mend:  `conf "router bgp $ASN" "no neighbor $PORT bfd"; grep -q ^bfdd=yes /etc/frr/daemons || pkill -x bfdd; true`,
	},

	// Policy and routes.
	{
		Name: "route-map-lost", Sentence: "the route-map of the redistribution is gone", Cause: "list-undefined", Targets: devices(model.Leaf, model.Spine),
		Break: `conf "no route-map LOOPBACK"`, Mend: `reload`,
	},
	{
		Name: "prefix-list-lost", Sentence: "the prefix-list for what nodes tell is gone", Cause: "list-undefined", Targets: withHosts,
		Break: `conf "no ip prefix-list HOSTS-IN"`, Mend: `reload`,
	},
	{
		Name: "filter-in", Sentence: "a route-map denies all that a neighbor tells", Cause: "filter-changed", Targets: ports(model.FabricPort, model.HostPort),
		Break: `conf 'route-map NOTHING deny 10' 'exit' "router bgp $ASN" 'address-family ipv4 unicast' "neighbor $PORT route-map NOTHING in"`, Mend: `reload`,
	},
	{
		Name: "not-redistributed", Sentence: "a device announces its loopback no more", Cause: "not-redistributed", Targets: devices(model.Leaf, model.Spine),
		Break: `conf "router bgp $ASN" 'address-family ipv4 unicast' 'no redistribute connected'`, Mend: `reload`,
	},
	{
		Name: "pods-not-redistributed", Sentence: "a node announces its pods no more", Cause: "not-redistributed", Targets: devices(model.Node),
		Break: `conf "router bgp $ASN" 'address-family ipv4 unicast' 'no redistribute kernel'`, Mend: `reload`,
	},
	{
		Name: "cni-proto-kernel", Sentence: "the CNI makes the pods' route with proto kernel, which FRR before 10.2 does not redistribute", Cause: "pods-not-announced", Targets: devices(model.Node),
		Break: `ip route del blackhole "$PODS" && ip route add blackhole "$PODS" proto kernel`, Mend: `gone ip route del blackhole "$PODS" proto kernel; ip route replace blackhole "$PODS" proto static`,
	},
	{
		Name: "host-transits", Sentence: "a node announces what it learned", Cause: "host-transit", Targets: filtered,
		Break: `vtysh -c 'show running-config' | sed -n "/^router bgp/,/^!/s/^  \(neighbor .* out\)$/no \1/p" >/run/closup-lab.out
{ echo "router bgp $ASN"; echo 'address-family ipv4 unicast'; cat /run/closup-lab.out; } >/run/closup-lab.conf; load /run/closup-lab.conf`,
		Mend: `reload`,
	},

	// The kernel.
	{
		Name: "loopback-lost", Sentence: "a device loses its loopback address", Cause: "loopback-missing", Targets: devices(model.Leaf, model.Spine, model.Node),
		Break: `ip addr del "$LOOPBACK" dev lo`, Mend: `ip addr replace "$LOOPBACK" dev lo`,
	},
	{
		Name: "duplicate-loopback", Sentence: "a device has another one's loopback address too", Cause: "duplicate-loopback", Targets: devices(model.Node, model.Leaf),
		Break: `ip addr add "$OTHER/32" dev lo`, Mend: `gone ip addr del "$OTHER/32" dev lo`,
	},
	{
		Name: "not-forwarding", Sentence: "the kernel forwards no more", Cause: "not-forwarding", Targets: devices(model.Spine, model.Leaf),
		Break: `sysctl -q -w net.ipv4.ip_forward=0`, Mend: `sysctl -q -w net.ipv4.ip_forward=1`,
	},
	{
		Name: "rp-filter", Sentence: "strict reverse path filtering on a port", Cause: "rp-filter", Targets: ports(model.HostPort, model.FabricPort),
		Break: `sysctl -q -w "net.ipv4.conf.$PORT.rp_filter=1"`, Mend: `sysctl -q -w "net.ipv4.conf.$PORT.rp_filter=0"`,
	},
	{
		Name: "dhcp-default", Sentence: "DHCP on the management port brings a default route that beats BGP's", Cause: "default-overridden", Targets: withDefault,
		Break: `ip route add default dev "$MGMT" proto dhcp`, Mend: `gone ip route del default dev "$MGMT" proto dhcp`,
	},
	{
		Name: "static-route", Sentence: "a route by hand sends one address into a black hole", Cause: "route-overridden", Targets: devices(model.Leaf, model.Node),
		Break: `ip route add blackhole "$OTHER" proto static`, Mend: `gone ip route del blackhole "$OTHER" proto static`,
	},
}

// crossPorts gives two ports each other's name: what is plugged where changes,
// and undoes itself by being done again.
const crossPorts = `for p in "$PORT" "$PORT2"; do ip link set "$p" down || exit; done
ip link set "$PORT" name closup-x && ip link set "$PORT2" name "$PORT" && ip link set closup-x name "$PORT2"
for p in "$PORT" "$PORT2"; do ip link set "$p" up || exit; done`

// devices lists the devices of these roles, in the order of the roles.
func devices(roles ...model.Role) func(*model.Plan) []model.End {
	return func(p *model.Plan) []model.End {
		var out []model.End
		for _, role := range roles {
			for _, d := range p.Devices {
				if d.Role == role {
					out = append(out, model.End{Device: d.Name})
				}
			}
		}
		return out
	}
}

// ports lists the unnumbered ports of leafs and nodes of these kinds, in the
// order of the kinds.
func ports(kinds ...model.PortKind) func(*model.Plan) []model.End {
	return func(p *model.Plan) []model.End {
		var out []model.End
		for _, kind := range kinds {
			for _, d := range p.Devices {
				for _, port := range d.Ports {
					if port.Kind == kind && d.Role >= model.Leaf && port.VLAN == 0 && len(port.Addresses) == 0 {
						out = append(out, model.End{Device: d.Name, Port: port.Name})
					}
				}
			}
		}
		return out
	}
}

// downlinks are the ports of leafs to nodes.
func downlinks(p *model.Plan) []model.End {
	var out []model.End
	for _, e := range ports(model.HostPort)(p) {
		if d, ok := p.Device(e.Device); ok && d.Role == model.Leaf {
			out = append(out, e)
		}
	}
	return out
}

// pairs are ports that have another one of their kind beside them.
func pairs(p *model.Plan) []model.End {
	var out []model.End
	for _, e := range ports(model.HostPort, model.FabricPort)(p) {
		d, _ := p.Device(e.Device)
		n, up := 0, false
		for _, port := range d.Ports {
			if port.Name == e.Port {
				up = port.Up
			}
		}
		for _, port := range d.Ports {
			if port.Up == up && port.Kind != model.ExternalPort {
				n++
			}
		}
		if n > 1 {
			out = append(out, e)
		}
	}
	return out
}

// filtered are the nodes that keep to themselves what they learned.
func filtered(p *model.Plan) []model.End {
	return slices.DeleteFunc(devices(model.Node)(p), func(e model.End) bool {
		d, _ := p.Device(e.Device)
		return !slices.ContainsFunc(d.Routing.Groups, func(g model.PeerGroup) bool { return len(g.Out) > 0 || g.PathOut != "" })
	})
}

// withHosts are the leafs that have nodes.
func withHosts(p *model.Plan) []model.End {
	var out []model.End
	for _, e := range downlinks(p) {
		if len(out) == 0 || out[len(out)-1].Device != e.Device {
			out = append(out, model.End{Device: e.Device})
		}
	}
	return out
}

// withDefault are the leafs and nodes that learn a default route.
func withDefault(p *model.Plan) []model.End {
	var out []model.End
	for _, r := range p.Routes() {
		if d, ok := p.Device(r.Device); ok && r.Prefix.Bits() == 0 && d.Role >= model.Leaf && d.Role != model.Border && len(r.Paths) > 0 && r.Paths[0].Port != "" {
			out = append(out, model.End{Device: r.Device})
		}
	}
	return out
}
