package netns

import (
	"fmt"
	"net/netip"
)

// pools are where a management network is carved from: first the block for
// benchmarks between devices (RFC 2544, appendix C.2.2), which no real network
// carries, then the one for carriers' translators (RFC 6598).
var pools = []netip.Prefix{
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("100.64.0.0/10"),
}

// freeSubnet is the first network with room for hosts addresses that overlaps
// none of taken.
func freeSubnet(hosts int, taken []netip.Prefix) (netip.Prefix, error) {
	bits := 24
	for 1<<(32-bits)-2 < hosts {
		bits--
	}
	for _, pool := range pools {
		for addr := pool.Addr(); pool.Contains(addr); {
			candidate := netip.PrefixFrom(addr, bits)
			free := true
			for _, t := range taken {
				free = free && !t.Overlaps(candidate)
			}
			if free && candidate.Bits() >= pool.Bits() {
				return candidate, nil
			}
			addr = skip(addr, 1<<(32-bits))
		}
	}
	return netip.Prefix{}, fmt.Errorf("no free management network for %d addresses in %v: remove another lab, or an address of this machine in there", hosts, pools)
}

// skip is the IPv4 address n further on.
func skip(a netip.Addr, n uint32) netip.Addr {
	b := a.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	v += n
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}
