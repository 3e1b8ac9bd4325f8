package push

import (
	"bytes"
	"strconv"
	"strings"

	"closup/model"
)

// side is what one end of a session asks of the other, so that both must have
// it alike, or each what the other says.
type side struct {
	asn    string // as which it speaks
	remote string // whom it takes: an ASN, external, internal
	secret string // neighbor ... password
	hops   string // neighbor ... ttl-security hops
}

// sideOf reads a neighbor out of a router's configuration, with what it has from
// its group. A neighbor that is not there has no remote.
func sideOf(conf []byte, neighbor string) side {
	own, groups, group := map[string]string{}, map[string]map[string]string{}, ""
	asn := ""
	for line := range bytes.Lines(conf) {
		w := strings.Fields(string(line))
		switch {
		case len(w) >= 3 && w[0] == "router" && w[1] == "bgp" && asn == "":
			asn = plainASN(w[2])
		case len(w) >= 4 && w[0] == "neighbor":
			into := groups[w[1]]
			if into == nil {
				into = map[string]string{}
				groups[w[1]] = into
			}
			if w[1] == neighbor {
				into = own
			}
			for i := 2; i+1 < len(w); i++ {
				switch w[i] {
				case "remote-as", "local-as":
					into[w[i]] = plainASN(w[i+1])
				case "password":
					into[w[i]] = w[i+1]
				case "hops":
					into[w[i]] = w[i+1]
				case "peer-group":
					if w[1] == neighbor {
						group = w[i+1]
					}
				default:
					continue
				}
				break
			}
		}
	}
	get := func(key string) string {
		if v, ok := own[key]; ok {
			return v
		}
		return groups[group][key]
	}
	s := side{asn: asn, remote: get("remote-as"), secret: get("password"), hops: get("hops")}
	if local := get("local-as"); local != "" {
		s.asn = local
	}
	return s
}

// plainASN writes asdot as a plain number.
func plainASN(text string) string {
	high, low, dotted := strings.Cut(text, ".")
	h, err := strconv.ParseUint(high, 10, 16)
	l, err2 := strconv.ParseUint(low, 10, 16)
	if !dotted || err != nil || err2 != nil {
		return text
	}
	return strconv.FormatUint(h<<16|l, 10)
}

// takes says whether the one end speaks with one of that ASN.
func (s side) takes(asn string) bool {
	switch s.remote {
	case "external":
		return asn != s.asn
	case "internal":
		return asn == s.asn
	case "auto":
		return true
	}
	return s.remote == asn
}

// meet says whether two ends can have a session.
func meet(a, b side) bool {
	return a.secret == b.secret && a.hops == b.hops && a.takes(b.asn) && b.takes(a.asn)
}

// router is the configuration of the device's router, as it ran when the device
// was looked at first, and as it is asked; nil: none is known.
func (d *device) router() (was, want []byte) {
	for _, u := range d.units {
		for _, f := range u.files {
			if bytes.Contains(f.want, []byte("router bgp ")) {
				if bytes.Contains(u.was.text, []byte("router bgp ")) {
					return u.was.text, f.want
				}
				return f.was.body, f.want
			}
		}
	}
	return nil, nil
}

// twofold says whether a session needs both ends changed at once: it could be
// before, and can be once both are as asked, but not while the far end still has
// what it had. A password that goes, comes or changes is such a thing.
func (d *device) twofold(peer model.Peer) bool {
	far := d.push.devices[peer.Device]
	if far == nil {
		return false
	}
	key := ""
	for _, back := range far.target.Device.Routing.Peers {
		if back.Device == d.target.Device.Name && back.Port == peer.DevicePort {
			key = back.Key()
		}
	}
	was, want := d.router()
	farWas, farWant := far.router()
	if key == "" || was == nil || farWas == nil {
		return false
	}
	ours, theirs := sideOf(was, peer.Key()), sideOf(farWas, key)
	next, after := sideOf(want, peer.Key()), sideOf(farWant, key)
	return meet(ours, theirs) && !meet(next, theirs) && meet(next, after)
}
