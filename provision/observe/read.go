package observe

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// read makes a device's figures out of the answer to script. The error says
// that the answer cannot be relied on; a router that does not run is not such
// an error but a fact, and stands in Device.Err.
func read(name string, out []byte, at time.Time) (Device, error) {
	part := sections(out)
	d := Device{Name: name, Reachable: true, At: at, RouterVersion: ParseVersion(part[showVersion])}

	for _, command := range shellCommands {
		text, asked := part[command]
		if !asked {
			return d, fmt.Errorf("no answer to %q", command)
		}
		routes, err := ParseKernel(text)
		if err != nil {
			return d, fmt.Errorf("%s: %w", command, err)
		}
		d.Kernel = append(d.Kernel, routes...)
	}
	summary, asked := part[showSummary]
	if !asked {
		d.Err = noRouter(part[""])
		return d, nil
	}
	bgp, err := ParseSummary(summary)
	var said *saidError
	if errors.As(err, &said) {
		d.Err = said
		return d, nil
	}
	if err != nil {
		return d, fmt.Errorf("%s: %w", showSummary, err)
	}
	d.ASN, d.RouterID, d.Peers = bgp.ASN, bgp.RouterID, bgp.Peers
	if len(bgp.Peers) == 0 && bgp.ASN == 0 {
		return d, nil // no BGP instance: its tables are a warning
	}
	for _, command := range []string{showTable4, showTable6} {
		routes, err := ParseTable(part[command], d.Kernel)
		if errors.As(err, &said) {
			continue
		}
		if err != nil {
			return d, fmt.Errorf("%s: %w", command, err)
		}
		d.Routes = append(d.Routes, routes...)
	}
	slices.SortStableFunc(d.Routes, func(a, b Route) int { return comparePrefixes(a.Prefix, b.Prefix) })
	return d, nil
}

// noRouter is why vtysh answered nothing.
func noRouter(out []byte) error {
	text := string(out)
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("FRR does not answer: a daemon hangs")
	case strings.Contains(text, "not found"), strings.Contains(text, "No such file"):
		return errors.New("FRR is not installed: there is no vtysh")
	case strings.Contains(text, "failed to connect"):
		return errors.New("FRR does not run: vtysh finds no daemon")
	}
	return &saidError{text: strings.TrimSpace(text)}
}
