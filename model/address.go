package model

import (
	"encoding/binary"
	"math/big"
	"net/netip"
)

// ParseAddressRange reads one row of `loopbacks`: 10.1.2.0/24 counts from its
// first host address, 10.0.0.11/24 from .11.
func ParseAddressRange(text string) (AddressRange, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return AddressRange{}, wrong{quote(text) + " is not a prefix", "write one such as 10.1.2.0/24"}
	}
	r := AddressRange{Prefix: p.Masked(), Base: p.Addr()}
	if p.Addr() == r.Prefix.Addr() && !p.IsSingleIP() && p.Bits() != 31 && p.Bits() != 127 {
		r.Base = p.Addr().Next()
	}
	return r, nil
}

// At is the n-th (1-based) host address, false where the range has no such.
func (r AddressRange) At(n int) (netip.Addr, bool) {
	if n < 1 || !r.Base.IsValid() {
		return netip.Addr{}, false
	}
	a, ok := addTo(r.Base, uint64(n-1))
	if !ok || !r.Prefix.Contains(a) {
		return netip.Addr{}, false
	}
	if a.Is4() && r.Prefix.Bits() < 31 && !r.Prefix.Contains(a.Next()) {
		return netip.Addr{}, false // the broadcast address
	}
	return a, true
}

// addTo is the address that is k after a, within a's family.
func addTo(a netip.Addr, k uint64) (netip.Addr, bool) {
	if a.Is4() {
		b := a.As4()
		sum := uint64(binary.BigEndian.Uint32(b[:])) + k
		if sum > 0xffffffff || k > 0xffffffff {
			return netip.Addr{}, false
		}
		binary.BigEndian.PutUint32(b[:], uint32(sum))
		return netip.AddrFrom4(b), true
	}
	b := a.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	sum := low + k
	if sum < low {
		if high++; high == 0 {
			return netip.Addr{}, false
		}
	}
	binary.BigEndian.PutUint64(b[:8], high)
	binary.BigEndian.PutUint64(b[8:], sum)
	return netip.AddrFrom16(b), true
}

// hostPrefix is the address as a route of its own: /32 or /128.
func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// subnet is the n-th (1-based) network of the given length inside p.
func subnet(p netip.Prefix, bits, n int) (netip.Prefix, bool) {
	if n < 1 || bits < p.Bits() || bits > p.Addr().BitLen() {
		return netip.Prefix{}, false
	}
	offset := new(big.Int).Lsh(big.NewInt(int64(n-1)), uint(p.Addr().BitLen()-bits))
	base := new(big.Int).SetBytes(p.Masked().Addr().AsSlice())
	raw := base.Add(base, offset).Bytes()
	if len(raw)*8 > p.Addr().BitLen() {
		return netip.Prefix{}, false
	}
	full := make([]byte, p.Addr().BitLen()/8)
	copy(full[len(full)-len(raw):], raw)
	a, _ := netip.AddrFromSlice(full)
	if !p.Contains(a) {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, bits), true
}

// nodeBits is how long a node's pod CIDR is inside pods: node_mask for IPv4;
// for IPv6 a /64 where Kubernetes allows one, which wants it at most 16 bits
// longer than pods.
func nodeBits(pods netip.Prefix, mask int) int {
	if pods.Addr().Is4() {
		return mask
	}
	switch bits := pods.Bits(); {
	case bits < 48:
		return bits + 16
	case bits <= 56:
		return 64
	default:
		return min(bits+8, 128)
	}
}

// String is the range as fabric.yaml writes it.
func (r AddressRange) String() string {
	if whole, err := ParseAddressRange(r.Prefix.String()); err == nil && whole.Base == r.Base {
		return r.Prefix.String()
	}
	return netip.PrefixFrom(r.Base, r.Prefix.Bits()).String()
}
