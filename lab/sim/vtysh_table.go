package sim

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// pathJSON is one path as bgpd shows it, in its order. The forms for one prefix
// have the fields of detailJSON too.
type pathJSON struct {
	Valid     bool      `json:"valid"`
	Best      any       `json:"bestpath,omitempty"` // true, or in the detailed form an object
	Multipath bool      `json:"multipath,omitempty"`
	Reason    string    `json:"selectionReason,omitempty"`
	From      string    `json:"pathFrom"`
	Prefix    string    `json:"prefix"`
	Length    int       `json:"prefixLen"`
	Network   string    `json:"network"`
	Metric    *int      `json:"metric,omitempty"`
	Weight    int       `json:"weight"`
	PeerID    string    `json:"peerId"`
	Path      string    `json:"path"`
	Origin    string    `json:"origin"`
	Nexthops  []hopJSON `json:"nexthops"`
}

type hopJSON struct {
	IP       string `json:"ip"`
	Hostname string `json:"hostname"`
	Family   string `json:"afi"`
	Scope    string `json:"scope,omitempty"`
	Used     bool   `json:"used"`
}

type detailJSON struct {
	pathJSON
	ASPath  object `json:"aspath"`
	Peer    object `json:"peer"`
	Sourced bool   `json:"sourced,omitempty"`
	Local   bool   `json:"local,omitempty"`
}

// pathSize is about how many bytes a path takes as it is printed.
const pathSize = 380

func anyPath(*bgpPath) bool { return true }

// ownPath is one whose AS path is empty: ^$.
func ownPath(x *bgpPath) bool { return len(x.as) == 0 }

// table is `show bgp ipv4 unicast json`, all of it or the paths asked for: a line
// for each prefix, which is what bgpd prints, since a spine of a large fabric
// has a path through every leaf.
func (r *router) table(f int, asked func(*bgpPath) bool) string {
	if r.bgp == nil {
		return document(object{"warning": "Default BGP instance not found"})
	}
	paths := 0
	for p, e := range r.entries() {
		for i := range e.paths {
			if familyOf(p) == f && asked(&e.paths[i]) {
				paths++
			}
		}
	}
	var b strings.Builder
	b.Grow(pathSize * (paths + 1))
	fmt.Fprintf(&b, "{\n \"vrfId\": 0,\n \"vrfName\": \"default\",\n \"tableVersion\": %d,\n \"routerId\": \"%s\",\n \"defaultLocPrf\": 100,\n \"localAS\": %d,\n \"routes\": { ",
		r.version, r.id(), r.bgp.asn)
	encode := json.NewEncoder(&b)
	encode.SetEscapeHTML(false)
	var list []pathJSON
	first := true
	for p, e := range r.entries() {
		if familyOf(p) != f {
			continue
		}
		list = list[:0]
		for i := range e.paths {
			if asked(&e.paths[i]) {
				list = append(list, r.path(p, e, i))
			}
		}
		if len(list) == 0 {
			continue
		}
		if !first {
			b.WriteString(",")
		}
		first = false
		fmt.Fprintf(&b, "\"%s\": ", p)
		if err := encode.Encode(list); err != nil {
			return err.Error() + "\n"
		}
	}
	b.WriteString(" }  } \n")
	return b.String()
}

// path is the path at i.
func (r *router) path(p netip.Prefix, e *entry, i int) pathJSON {
	x := &e.paths[i]
	m := pathJSON{
		Valid: true, From: "external", Prefix: p.Addr().String(), Length: p.Bits(), Network: p.String(),
		Weight: x.weight, Path: x.asText(), Origin: x.origin,
	}
	if x.med >= 0 {
		m.Metric = &x.med
	}
	switch {
	case i == int(e.best):
		m.Best, m.Reason, m.Multipath = true, "First path received", len(e.multi) > 0
	case slices.Contains(e.multi, int32(i)):
		m.Multipath = true
	}
	if x.from == nil {
		any, family := "0.0.0.0", "ipv4"
		if p.Addr().Is6() {
			any, family = "::", "ipv6"
		}
		m.PeerID, m.Nexthops = "(unspec)", []hopJSON{{IP: any, Hostname: r.hostName(), Family: family, Used: true}}
		return m
	}
	if !x.from.external() {
		m.From = "internal"
	}
	peer, family := x.from.peerAddress(), "ipv4"
	if peer.Is6() {
		family = "ipv6"
	}
	m.PeerID = peer.String()
	m.Nexthops = []hopJSON{{IP: m.PeerID, Hostname: x.from.peerHost, Family: family, Scope: "global", Used: true}}
	return m
}

// prefix is `show bgp ipv4 unicast P json`.
func (r *router) prefix(p netip.Prefix) string {
	e := r.entry(p.Masked())
	if r.bgp == nil || e == nil {
		return document(object{})
	}
	var list []detailJSON
	for i := range e.paths {
		m := detailJSON{pathJSON: r.path(p, e, i)}
		if m.Best != nil {
			m.Best = object{"overall": true, "selectionReason": m.Reason}
		}
		x := &e.paths[i]
		segments := []object{}
		if len(x.as) > 0 {
			segments = append(segments, object{"type": "as-sequence", "list": x.as})
		}
		m.ASPath = object{"string": x.asText(), "segments": segments, "length": len(x.as)}
		m.Peer = object{"peerId": "0.0.0.0", "routerId": r.id().String()}
		if x.from != nil {
			m.Peer = object{"peerId": m.PeerID, "routerId": x.from.peerID.String(), "hostname": x.from.peerHost, "type": "external"}
			if x.from.conf.iface {
				m.Peer["interface"] = x.from.conf.key
			}
		} else {
			m.Sourced, m.Local = true, true
		}
		list = append(list, m)
	}
	return document(object{"prefix": p.String(), "paths": list})
}
