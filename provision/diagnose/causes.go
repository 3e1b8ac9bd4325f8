package diagnose

import "slices"

// Check is one row of the table: a cause by its word, what it means, and what
// has to be read to see it.
type Check struct {
	Cause    string `json:"cause"`
	Sentence string `json:"sentence"`
	Needs    string `json:"needs"`

	follows bool // it may be a consequence of a deeper cause
	find    func(*view) []Finding
}

// Checks are all that closup looks for, the deepest cause first.
var Checks = []Check{
	{"device-down", "the device is off: it does not answer, and its neighbors have lost the link", "every neighbor's ports", false, deviceDown},
	{"device-unreachable", "the device does not answer on its management address", "SSH", false, deviceUnreachable},
	{"frr-missing", "FRR is not installed", "vtysh", false, frrMissing},
	{"container-rights", "the container of the router lacks rights that FRR needs", "the engine's log", false, containerRights},
	{"container-network", "the container of the router has a network of its own, without the device's ports", "the engine", false, containerNetwork},
	{"frr-down", "no daemon of FRR runs", "vtysh, processes", false, frrDown},
	{"zebra-down", "zebra died, bgpd lives", "processes", true, daemonDown("zebra")},
	{"bgpd-down", "bgpd died, zebra lives", "processes", true, daemonDown("bgpd")},
	{"daemon-frozen", "a daemon of FRR runs and does nothing", "processes, an answer in time", true, daemonFrozen},
	{"bgp-not-configured", "the device has no BGP instance", "BGP summary", true, notConfigured},
	{"wrong-asn", "the device runs BGP with another ASN than planned, perhaps another device's", "BGP summary", false, wrongASN},
	{"wrong-router-id", "its router-id is not the planned one, perhaps another device's", "BGP summary", false, wrongRouterID},
	{"link-flapping", "the link went down again and again", "interfaces", false, flapping},
	{"port-missing", "a planned port does not exist", "interfaces", true, portMissing},
	{"port-down", "a port is set down by the administrator", "interfaces", true, adminDown},
	{"optics", "a port without a link has no transceiver, or no light gets through", "ethtool -m of both ends", true, optics},
	{"speed-mismatch", "the ends of a cable without a link are set to different speeds, or only one negotiates", "ethtool of both ends", true, speedMismatch},
	{"fec-mismatch", "the ends of a cable without a link have no error correction in common", "ethtool --show-fec of both ends", true, fecMismatch},
	{"no-carrier", "a port is up and has no link: cable, optics, speed, FEC", "interfaces of both ends, ethtool", true, noCarrier},
	{"shared-segment", "more than one router is on a cable: a switch or a bridge is in between", "router advertisements, IPv6 neighbors", true, sharedSegment},
	{"wrong-cabling", "another port than planned is at the end of a cable; which two to swap", "IPv6 neighbors, LLDP, BGP", true, wrongCabling},
	{"ipv6-disabled", "IPv6 is off on a port", "sysctls", false, ipv6Disabled},
	{"link-local-missing", "a port has no link-local address", "interfaces", true, linkLocalMissing},
	{"mtu-mismatch", "the MTU of a port is not the planned one", "interfaces of both ends", false, mtu},
	{"session-missing", "bgpd does not know a planned neighbor", "BGP summary", true, sessionMissing},
	{"session-shutdown", "a session is shut down by configuration", "BGP neighbors", true, sessionShutdown},
	{"af-not-activated", "no address family is activated for a neighbor", "BGP neighbors", true, afNotActivated},
	{"remote-as", "an end expects another ASN than its peer has", "configuration, BGP neighbors of both ends", true, remoteAS},
	{"af-mismatch", "the two ends have no address family in common", "BGP neighbors of both ends", true, afMismatch},
	{"password-one-sided", "one end has a TCP password (MD5) and the other none", "configuration of both ends", true, password},
	{"extended-nexthop", "an end does not offer IPv4 next hops over IPv6 (RFC 8950), so IPv4 routes come with a next hop nobody reaches", "BGP neighbors of both ends", true, extendedNexthop},
	{"max-prefix", "an end took the session down, since it was told too many prefixes", "BGP neighbors", true, maxPrefix},
	{"max-prefix-near", "an end tells more prefixes than a limit that only warns, or nearly as many", "BGP neighbors", true, maxPrefixNear},
	{"bgp-filtered", "a firewall drops TCP port 179", "firewall", true, filtered(needBGP)},
	{"ra-filtered", "a firewall drops router advertisements, by which the ends find each other", "firewall", true, filtered(needRA)},
	{"ra-missing", "an end hears no router advertisement of its peer", "interfaces, BGP neighbors", true, raMissing},
	{"tcp-blocked", "both ends know each other, and no TCP connection comes about", "BGP neighbors of both ends", true, tcpBlocked},
	{"hold-timer", "an end heard nothing of its peer for the hold time", "BGP neighbors", true, holdTimer},
	{"policy-missing", "RFC 8212: without a policy no route is taken", "BGP neighbors", true, policyMissing},
	{"bfd-one-sided", "one end runs BFD and the other does not", "BGP neighbors of both ends", true, bfdOneSided},
	{"loopback-missing", "a device lacks its own loopback address", "addresses", false, loopbackMissing},
	{"duplicate-loopback", "a device has the loopback address of another", "addresses", false, duplicateLoopback},
	{"not-redistributed", "a device does not announce its loopback or its pods", "configuration", true, notRedistributed},
	{"list-undefined", "a route-map, prefix-list or as-path list is used and not defined", "configuration", true, undefined},
	{"host-transit", "a node announces what it learned", "configuration", true, hostTransit},
	{"filter-changed", "a filter is not the planned one", "configuration", true, policyChanged},
	{"nothing-received", "an end takes nothing of what its peer tells", "BGP neighbors of both ends", true, nothing(true)},
	{"nothing-announced", "an end tells its peer nothing", "BGP neighbors of both ends", true, nothing(false)},
	{"pods-not-announced", "a node's kernel routes its pods, and its BGP does not tell of them", "kernel routes, BGP table", true, podsNotAnnounced},
	{"not-forwarding", "the kernel does not forward", "sysctls", false, notForwarding},
	{"rp-filter", "the kernel drops what comes in by another port than the answer leaves by", "sysctls", false, rpFilter},
	{"default-overridden", "a default route by DHCP, RA or hand beats BGP's", "kernel routes", false, defaultOverridden},
	{"route-overridden", "a route by hand or of another daemon beats BGP's", "kernel routes", false, routeOverridden},
	{"not-in-kernel", "BGP knows a route that the kernel does not have, or has by fewer next hops", "kernel routes, BGP table", true, notInKernel},
	{"session-unplanned", "there is a BGP neighbor that is not in the plan", "BGP summary", true, unplanned},
	{"config-changed", "the running configuration is not the planned one", "configuration", true, configChanged},
	{"session-down", "a session is down, and nothing shows why", "BGP summary", true, sessionDown},
	{"route-missing", "a predicted route is missing, and nothing shows why", "BGP table", true, routeMissing},
}

// Known says whether there is such a cause.
func Known(cause string) bool {
	return slices.ContainsFunc(Checks, func(c Check) bool { return c.Cause == cause })
}
