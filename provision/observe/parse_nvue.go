package observe

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"closup/model"
)

// This file reads what `nv show ... -o json` of Cumulus Linux 5 prints. The names
// are those of its documentation; no such switch was at hand.

// nvPeer is one neighbor. The detailed view calls the session's state
// session-state, and since 5.15 state is whether the neighbor is on; the short
// view has other names for some of it.
type nvPeer struct {
	RemoteAS     nvASN             `json:"remote-as"`
	SessionState string            `json:"session-state"`
	State        string            `json:"state"`
	Hostname     string            `json:"remote-hostname"`
	Uptime       nvTime            `json:"uptime"`
	ShortUptime  nvTime            `json:"up-time"`
	Dropped      int               `json:"connections-dropped"`
	Families     map[string]nvSums `json:"address-family"`
	ShortSums    map[string]nvSums `json:"afi-safi"`
}

// nvSums are a family's numbers of prefixes.
type nvSums struct {
	Received int `json:"rx-prefix"`
	Sent     int `json:"tx-prefix"`
}

// bgpStates are bgpd's words for what NVUE writes small.
var bgpStates = map[string]string{
	"established": Established, "idle": "Idle", "connect": "Connect", "active": "Active",
	"opensent": "OpenSent", "openconfirm": "OpenConfirm", "clearing": "Clearing", "deleted": "Deleted",
}

// ParseNVUE reads `nv show router bgp` and `nv show vrf default router bgp
// neighbor`, both as JSON, in the detailed view or the short one.
func ParseNVUE(router, neighbors []byte, at time.Time) (BGP, error) {
	var b BGP
	var head struct {
		ASN      nvASN  `json:"autonomous-system"`
		RouterID string `json:"router-id"`
	}
	if err := decode(router, &head); err != nil {
		return b, fmt.Errorf("nv show router bgp: %w", err)
	}
	b.ASN = uint32(head.ASN)
	b.RouterID, _ = netip.ParseAddr(head.RouterID)
	var peers map[string]nvPeer
	if err := decode(neighbors, &peers); err != nil && b.ASN != 0 {
		return b, fmt.Errorf("nv show vrf default router bgp neighbor: %w", err)
	}
	for key, p := range peers {
		peer := Peer{
			Key: key, Hostname: p.Hostname, ASN: uint32(p.RemoteAS), Flaps: p.Dropped,
			Uptime: max(p.Uptime.before(at), p.ShortUptime.before(at)),
		}
		for _, word := range []string{p.SessionState, p.State} {
			peer.State = cmp.Or(peer.State, bgpStates[strings.ToLower(word)])
		}
		if peer.State == "" {
			return b, fmt.Errorf("NVUE tells no state of neighbor %s that is known: %q, %q", key, p.SessionState, p.State)
		}
		for _, families := range []map[string]nvSums{p.Families, p.ShortSums} {
			for _, f := range families {
				peer.Received += f.Received
				peer.Sent += f.Sent
			}
		}
		b.Peers = append(b.Peers, peer)
	}
	slices.SortFunc(b.Peers, func(a, b Peer) int { return strings.Compare(a.Key, b.Key) })
	return b, nil
}

// ParseNVUETable reads `nv show vrf default router bgp address-family
// ipv4-unicast route`: how many paths are used of each prefix. Whole paths, which
// old releases print, are counted. The ports are those that the kernel's route
// leaves by; the ASNs of a path NVUE does not tell in their order, so they are
// left out.
func ParseNVUETable(data []byte, fib []KernelRoute) ([]Route, error) {
	var table map[string]struct {
		Multipath int               `json:"multipath-count"`
		Paths     map[string]nvPath `json:"path"`
	}
	if err := decode(data, &table); err != nil {
		return nil, err
	}
	kernel := map[netip.Prefix]KernelRoute{}
	for _, k := range fib {
		if old, twice := kernel[k.Prefix]; !twice || k.ByBGP() && !old.ByBGP() {
			kernel[k.Prefix] = k
		}
	}
	var routes []Route
	for text, t := range table {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("NVUE's BGP table has a prefix %q: %w", text, err)
		}
		k, width := kernel[prefix], t.Multipath
		r := Route{Prefix: prefix, Local: !k.ByBGP()} // nothing that BGP learnt leaves by a port
		if len(t.Paths) > 0 {
			width, r.Local = 0, false
		}
		for _, p := range t.Paths {
			if p.used() {
				width++
				r.Local = r.Local || p.own()
			}
		}
		for i := range width {
			var path model.Path
			if !r.Local && len(k.Hops) == width {
				path.Port = k.Hops[i].Port
			}
			r.Paths = append(r.Paths, path)
		}
		if width > 0 {
			slices.SortFunc(r.Paths, comparePaths)
			routes = append(routes, r)
		}
	}
	slices.SortFunc(routes, func(a, b Route) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return routes, nil
}

// nvPath is one path of a prefix.
type nvPath struct {
	Best  nvFlag            `json:"bestpath"`
	Valid nvFlag            `json:"valid"`
	Own   nvFlag            `json:"sourced"`
	Flags map[string]nvFlag `json:"flags"`
	Peer  struct {
		ID string `json:"id"`
	} `json:"peer"`
}

func (p nvPath) used() bool { return bool(p.Valid && (p.Best || p.Flags["multipath"])) }

func (p nvPath) own() bool {
	return bool(p.Own) || p.Peer.ID == "0.0.0.0" || p.Peer.ID == "::"
}

// nvFlag is "on", or an object: {"overall": "on"}, or {} where being there is
// all.
type nvFlag bool

func (f *nvFlag) UnmarshalJSON(data []byte) error {
	var o struct{ Overall *nvFlag }
	if bytes.HasPrefix(data, []byte("{")) {
		err := json.Unmarshal(data, &o)
		*f = o.Overall == nil || *o.Overall
		return err
	}
	switch strings.Trim(string(data), `"`) {
	case "on", "yes", "true", "enabled":
		*f = true
	}
	return nil
}

// nvASN is a number, or a word for one that is not known yet ("external").
type nvASN uint32

func (a *nvASN) UnmarshalJSON(data []byte) error {
	if n, err := parseASN(strings.Trim(string(data), `"`)); err == nil {
		*a = nvASN(n)
	}
	return nil
}

// nvTime is how long ago something was: a number of milliseconds, "0:04:06", "1
// day, 2:34:17"; some releases tell the moment.
type nvTime struct {
	ago time.Duration
	at  time.Time
}

var nvDays = regexp.MustCompile(`^(?:(\d+) days?, )?(\d+:\d+:\d+)$`)

func (t *nvTime) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		t.ago = time.Duration(ms) * time.Millisecond
	} else if m := nvDays.FindStringSubmatch(text); m != nil {
		days, _ := strconv.Atoi(m[1])
		t.ago = time.Duration(days)*24*time.Hour + parseUptime(m[2])
	} else {
		t.at, _ = time.Parse(time.RFC3339, text)
	}
	return nil
}

func (t nvTime) before(now time.Time) time.Duration {
	if t.at.IsZero() {
		return t.ago
	}
	return max(0, now.Sub(t.at))
}
