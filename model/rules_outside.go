package model

import (
	"fmt"
	"net/netip"
	"slices"
)

var outsideRules = []Rule{
	{"outside-asn", Error, "A peer outside has another ASN than the border leaf; with the same the session never comes up.", outsideASN},
	{"outside-asn-inside", Warning, "A device that has the ASN of a peer outside drops everything that the peer tells.", outsideASNInside},
	{"outside-address", Error, "The two ends of a numbered link to the outside are different host addresses of one network.", outsideAddress},
	{"outside-accept-own", Error, "What the outside may announce does not lie inside the fabric's own addresses, or it could take their traffic.", outsideAcceptOwn},
	{"outside-accept-none", Info, "A peer outside from which nothing is accepted gives the fabric no way out.", outsideAcceptNone},
	{"outside-advertise-none", Info, "A peer outside that is shown nothing has no way in.", outsideAdvertiseNone},
	{"outside-advertise-foreign", Warning, "An aggregate is shown only while the fabric holds something inside it; one that the fabric has no part of never appears.", outsideAdvertiseForeign},
	{"outside-maximum", Error, "A maximum below what is accepted shuts the session as soon as the peer tells all that it may.", outsideMaximum},
}

func outsideASN(v *view, found say) {
	v.outside(func(i, k int, o Outside) {
		if o.ASN != 0 && o.ASN == v.p.Devices[i].ASN {
			found(v.peer(i, k, "asn"), fmt.Sprintf("%s and its peer outside on %s both have AS %d", v.f.Devices[i].Name, o.Interface(), o.ASN), "correct one of the two")
		}
	})
}

func outsideASNInside(v *view, found say) {
	owner := make(map[uint32]int, len(v.p.Devices))
	for i := range v.p.Devices {
		owner[v.p.Devices[i].ASN] = i
	}
	v.outside(func(i, k int, o Outside) {
		if j, ok := owner[o.ASN]; ok && o.ASN != 0 && o.ASN != v.p.Devices[i].ASN {
			found(v.peer(i, k, "asn"), fmt.Sprintf("the peer outside on %s of %s has AS %d, as %s has", o.Interface(), v.f.Devices[i].Name, o.ASN, v.f.Devices[j].Name),
				"change the ASN of the device")
		}
	})
}

func outsideAddress(v *view, found say) {
	used := map[netip.Addr]bool{}
	v.outside(func(i, k int, o Outside) {
		if !o.Local.IsValid() || !o.Remote.IsValid() {
			return
		}
		at := v.peer(i, k, "local")
		switch {
		case o.Local.Addr() == o.Remote:
			found(at, fmt.Sprintf("local and remote are both %s", o.Remote), "give the peer's address in remote")
		case !o.Local.Contains(o.Remote):
			found(at, fmt.Sprintf("remote %s does not lie in %s, the network of local", o.Remote, o.Local.Masked()), "correct one of the two")
		case edgeOf(o.Local, o.Local.Addr()) != "" || edgeOf(o.Local, o.Remote) != "":
			found(at, fmt.Sprintf("%s or %s is the network or the broadcast address of %s", o.Local.Addr(), o.Remote, o.Local.Masked()), "take host addresses")
		}
		lo, isLoopback := v.loopbackOf(o.Local.Addr())
		switch {
		case isLoopback:
			found(at, fmt.Sprintf("%s is the loopback of %s", o.Local.Addr(), v.f.Devices[lo].Name), "take another address")
		case used[o.Local.Addr()] && !sharesPort(v.f.Devices[i].Peers[:k], o):
			found(at, fmt.Sprintf("%s stands on two ports", o.Local.Addr()), "take another address for one of the two")
		}
		used[o.Local.Addr()] = true
	})
}

// sharesPort says whether an earlier peer has the same address on the same
// interface, as several peers on one network have.
func sharesPort(peers []Outside, o Outside) bool {
	return slices.ContainsFunc(peers, func(p Outside) bool { return p.Interface() == o.Interface() && p.Local == o.Local })
}

func outsideAcceptOwn(v *view, found say) {
	own := v.spans()
	v.outside(func(i, k int, o Outside) {
		for _, p := range o.Accept {
			for _, s := range own {
				if s.prefix.Bits() <= p.Bits() && s.prefix.Contains(p.Addr()) {
					found(v.peer(i, k, "accept"), fmt.Sprintf("%s lies in %s, %s", p, s.what, s.prefix), "accept what is outside only, such as 0.0.0.0/0")
				}
			}
		}
	})
}

func outsideAcceptNone(v *view, found say) {
	v.outside(func(i, k int, o Outside) {
		if len(o.Accept) == 0 {
			found(v.peer(i, k, ""), fmt.Sprintf("%s accepts nothing from its peer outside on %s", v.f.Devices[i].Name, o.Interface()), "add accept: [0.0.0.0/0] where it should be a way out")
		}
	})
}

func outsideAdvertiseNone(v *view, found say) {
	v.outside(func(i, k int, o Outside) {
		if len(o.Advertise) == 0 {
			found(v.peer(i, k, ""), fmt.Sprintf("%s shows nothing to its peer outside on %s", v.f.Devices[i].Name, o.Interface()), "list in advertise what the outside should reach")
		}
	})
}

// outsideAdvertiseForeign asks for something that is announced inside the
// aggregate and longer: the loopbacks and pod networks, sorted once.
func outsideAdvertiseForeign(v *view, found say) {
	var own []netip.Prefix
	for i := range v.p.Devices {
		own = append(append(own, v.p.Devices[i].Loopbacks...), v.p.Devices[i].PodCIDRs...)
	}
	slices.SortFunc(own, comparePrefix)
	v.outside(func(i, k int, o Outside) {
		for _, p := range o.Advertise {
			at, _ := slices.BinarySearchFunc(own, p, comparePrefix)
			for at < len(own) && own[at] == p {
				at++
			}
			if at == len(own) || !p.Contains(own[at].Addr()) {
				found(v.peer(i, k, "advertise"), fmt.Sprintf("%s has no part in the fabric, so %s never shows it", p, v.f.Devices[i].Name),
					"list aggregates of loopbacks or pods")
			}
		}
	})
}

func outsideMaximum(v *view, found say) {
	v.outside(func(i, k int, o Outside) {
		for _, is4 := range []bool{true, false} {
			n := 0
			for _, p := range o.Accept {
				if p.Addr().Is4() == is4 {
					n++
				}
			}
			if o.MaximumPrefix > 0 && n > o.MaximumPrefix {
				found(v.peer(i, k, "maximum_prefix"), fmt.Sprintf("maximum_prefix is %d, and accept has %d prefixes of a family", o.MaximumPrefix, n),
					"raise it, or leave it out")
			}
		}
	})
}
