package diagnose

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// What a session carries at most, and in which form.

var limits = regexp.MustCompile(`^neighbor \S+ maximum-prefix `)

func maxPrefix(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if e.peer == nil || !strings.Contains(e.peer.State, "PfxCt") && e.peer.Detail != "PfxCt" {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s took the session on %s down: %s told it more prefixes than its limit", e.Device, e.Port, e.Peer),
			Evidence: []Evidence{seen(e.Device, "vtysh -c 'show bgp summary json'", "%s is %s", e.Port, e.peer.State)},
			Remedy:   do("find what "+e.Peer+" leaks, or raise the limit; then clear the session", clearing(e.Device, "vtysh -c 'clear bgp %s'", e.Port)),
		}
		if e.detail != nil && e.detail.Limit > 0 {
			f.Message += fmt.Sprintf(" of %d", e.detail.Limit)
			f.Evidence = append(f.Evidence, seen(e.Device, showNeighbor(e.Port), "prefixAllowedMax %d", e.detail.Limit))
		}
		if e.evidence != nil {
			if lacks, extra := v.differences(e.Device, e.evidence, limits); len(lacks)+len(extra) > 0 {
				f.Remedy = pushedAnd(", whose limit is another; then clear the session", []string{e.Device}, f.Remedy.Commands...)
			}
		}
		return f
	})
}

// maxPrefixNear is a session that is up though it has passed a limit that only
// warns, or comes near one that does not.
func maxPrefixNear(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.up() || e.detail == nil || e.detail.Limit == 0 {
			return nil
		}
		d := e.detail
		over := d.Accepted > d.Limit
		if !over && (d.Threshold == 0 || d.Accepted*100 <= d.Limit*d.Threshold) {
			return nil
		}
		f := &Finding{
			Confidence: Possible, Message: fmt.Sprintf("%s tells %s %d prefixes on %s, near the limit of %d", e.Peer, e.Device, d.Accepted, e.Port, d.Limit),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "acceptedPrefixCounter %d, prefixAllowedMax %d, warning from %d %%", d.Accepted, d.Limit, d.Threshold)},
			Remedy:   do("find what "+e.Peer+" leaks, or raise the limit", look(e.Device, "vtysh -c 'show bgp ipv4 unicast neighbors %s routes'", e.Port)),
		}
		if over {
			f.Confidence = Certain
			f.Message = fmt.Sprintf("%s tells %s %d prefixes on %s, more than the limit of %d, which only warns", e.Peer, e.Device, d.Accepted, e.Port, d.Limit)
		}
		return f
	})
}

// extendedNexthop is an IPv4 session between IPv6 addresses of which one end
// cannot say an IPv6 next hop: the other then takes routes to an IPv4 one that
// is nowhere on the link.
func extendedNexthop(v *view) []Finding {
	return v.sessions(func(e end) *Finding {
		if !e.up() || e.detail == nil || !slices.Contains(e.detail.Families, "ipv4Unicast") || !overIPv6(e.Port, e.detail.Address) {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: fmt.Sprintf("%s does not offer %s IPv4 next hops over IPv6 (extended-nexthop) on %s: IPv4 routes come with a next hop that nobody reaches", e.Device, e.Peer, e.Port),
			Evidence: []Evidence{seen(e.Device, showNeighbor(e.Port), "extendedNexthop: %s", e.detail.NextHop)},
			Remedy:   pushed(e.Device),
		}
		switch {
		case e.detail.NextHop == "received":
			return f
		case e.detail.NextHop == "advertised" && e.farSays == nil:
			f.Device, f.Port, f.Peer = e.Peer, e.PeerPort, e.Device
			f.Message = strings.Replace(f.Message, e.Device+" does not offer "+e.Peer, e.Peer+" does not offer "+e.Device, 1)
			f.Remedy = pushed(e.Peer)
			return f
		}
		return nil
	})
}

// overIPv6 says whether a session runs between IPv6 addresses: it is known by
// one, or by its port, where that is all there is.
func overIPv6(key, address string) bool {
	for _, text := range []string{address, key} {
		if a, err := netip.ParseAddr(text); err == nil {
			return a.Is6()
		}
	}
	return true
}
