package work

import (
	"slices"
	"strings"
)

// makingNVUE are the leaves of a neighbor or a group of NVUE's that a session is
// made of.
var makingNVUE = []string{
	"type", "remote-as", "peer-group", "password", "local-as", "update-source", "multihop-ttl", "address-family ipv4-unicast enable", "address-family ipv6-unicast enable",
	"address-family ipv4-unicast state", "address-family ipv6-unicast state",
}

// readNVUE is readBGP of closup's part of a switch that runs NVUE: one leaf a
// line, as render writes it.
func readNVUE(text string) bgp {
	const ours = "vrf default router bgp "
	b := bgp{sessions: map[string][]string{}}
	groups, member := map[string][]string{}, map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if value, ok := strings.CutPrefix(line, "router bgp autonomous-system: "); ok {
			b.instance = value
		}
		if value, ok := strings.CutPrefix(line, "router bgp router-id: "); ok {
			b.id = value
		}
		rest, ok := strings.CutPrefix(line, ours)
		kind, rest, _ := strings.Cut(rest, " ")
		name, leaf, _ := strings.Cut(rest, " ")
		path, value, _ := strings.Cut(leaf, ": ")
		if !ok || kind != "neighbor" && kind != "peer-group" || !slices.Contains(makingNVUE, path) {
			continue
		}
		switch {
		case kind == "peer-group":
			groups[name] = append(groups[name], "group "+leaf)
		case path == "peer-group":
			member[name] = value
			fallthrough
		default:
			b.sessions[name] = append(b.sessions[name], leaf)
		}
	}
	for name, group := range member {
		b.sessions[name] = append(b.sessions[name], groups[group]...)
	}
	for _, own := range b.sessions {
		slices.Sort(own)
	}
	return b
}
