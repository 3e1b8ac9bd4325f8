package preflight

import (
	"fmt"
	"slices"
	"strings"
)

// Together adds what only the reports of both ends of a cable tell: a port
// without a carrier whose far end is not down by its own setting has no cable,
// or a dead one.
func Together(reports []Report) []Report {
	states := map[[2]string]string{}
	for _, r := range reports {
		for _, p := range r.Ports {
			states[[2]string{r.Name, p.Name}] = p.State
		}
	}
	out := slices.Clone(reports)
	for i, r := range out {
		var dark []string
		for _, p := range r.Ports {
			if p.State == portDark && states[[2]string{p.Peer, p.PeerPort}] == portDark {
				dark = append(dark, fmt.Sprintf("%s to %s:%s", p.Name, p.Peer, p.PeerPort))
			}
		}
		if len(dark) == 0 {
			continue
		}
		out[i].Checks = slices.Clone(r.Checks)
		for j, c := range out[i].Checks {
			if c.Check == "ports" && c.State != Failed {
				text := "no carrier, though both ends are up: " + strings.Join(dark, ", ")
				if c.State == Warning {
					text = c.Message + "; " + text
				}
				out[i].Checks[j] = Result{Check: c.Check, State: Warning, Message: text, Remedy: "plug the cable, or see its optics and speed with `ethtool`"}
			}
		}
		if rank[out[i].State] < rank[Warning] {
			out[i].State = Warning
		}
	}
	return out
}

// Seen says whether LLDP has told all that it can: no port waits for a neighbor
// that is up and has lldpd.
func Seen(reports []Report) bool {
	speaks := map[string]bool{}
	for _, r := range reports {
		speaks[r.Name] = r.lldpd
	}
	for _, r := range reports {
		for _, p := range r.Ports {
			if r.lldpd && speaks[p.Peer] && p.State == portUp && p.SeenPeer == "" {
				return false
			}
		}
	}
	return true
}
