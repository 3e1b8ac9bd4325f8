package observe

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"closup/model"
)

// reading is a device's figures, the number that tells whether its BGP changed
// since, and how it is to be asked next.
type reading struct {
	Device
	change  uint64
	dialect dialect
	byNVUE  bool // its login may not be root, and NVUE told
}

// read makes a device's figures out of the answer to script in that dialect.
// The error says that the answer cannot be relied on; a router that does not run
// is not such an error but a fact, and stands in Device.Err. Where the reading
// names another dialect, the device is to be asked again in that.
func read(name string, d dialect, out []byte, at time.Time) (reading, error) {
	part := sections(out)
	r := reading{Device: Device{Name: name, Reachable: true, At: at, RouterVersion: ParseVersion(part[showVersion])}}
	if err := r.system(part, at); err != nil {
		return r, err
	}
	if text, asked := part[lldpNeighbors]; asked {
		r.LLDP, r.Read.LLDP = ParseLLDP(text), at
	}
	summary, asked := part[d.summary]
	r.dialect = dialectOf(d, part[showVersion], summary)
	if !asked {
		r.Err = noRouter(part[""])
		return r, nil
	}
	var said *saidError
	switch err := r.ofSummary(summary); {
	case errors.As(err, &said):
		r.Err = said
		return r, nil
	case err != nil:
		return r, err
	case r.noBGP(): // its tables are a warning
		return r, nil
	}
	return r, r.tables(d, part[d.table4], part[d.table6], at)
}

// system reads what the system answered.
func (r *reading) system(part map[string][]byte, at time.Time) error {
	var kernel []KernelRoute
	for _, command := range []string{ipRoute4, ipRoute6} {
		text, asked := part[command]
		if !asked {
			return fmt.Errorf("no answer to %q", command)
		}
		routes, err := ParseKernel(text)
		if err != nil {
			return fmt.Errorf("%s: %w", command, err)
		}
		kernel = append(kernel, routes...)
	}
	var said *saidError // an ip too old for JSON here: nothing is known then
	links, err := ParseLinks(part[ipAddr])
	if err != nil && !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", ipAddr, err)
	}
	near, err := ParseNear(part[ipNear])
	if err != nil && !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", ipNear, err)
	}
	r.Kernel, r.Links, r.Near, r.Read.System = kernel, links, near, at
	return nil
}

// ofSummary reads a summary. How many paths there are decides how the router is
// asked for its tables.
func (r *reading) ofSummary(summary []byte) error {
	bgp, err := ParseSummary(summary)
	if err != nil {
		return fmt.Errorf("the BGP summary: %w", err)
	}
	r.ASN, r.RouterID, r.Peers, r.change = bgp.ASN, bgp.RouterID, bgp.Peers, bgp.change()
	n := 0
	for _, p := range r.Peers {
		n += p.Received
	}
	r.dialect = r.dialect.ofPaths(n)
	return nil
}

// noBGP says that the router has no BGP instance.
func (r *reading) noBGP() bool { return len(r.Peers) == 0 && r.ASN == 0 }

// tables reads the tables of both families as the router was asked for them; a
// port is known by the kernel's routes, which must be read before. Of a router
// that told its own routes alone, the kernel has the others, without AS paths.
func (r *reading) tables(asked dialect, table4, table6 []byte, at time.Time) error {
	var all []Route
	for i, text := range [][]byte{table4, table6} {
		routes, err := ParseTable(text, r.Kernel)
		var said *saidError
		if errors.As(err, &said) {
			continue
		}
		if err != nil {
			return fmt.Errorf("the BGP table of %s: %w", []string{"IPv4", "IPv6"}[i], err)
		}
		all = append(all, routes...)
	}
	if asked == frrLarge {
		all = append(all, kernels(r.Kernel, all)...)
	}
	slices.SortStableFunc(all, func(a, b Route) int { return comparePrefixes(a.Prefix, b.Prefix) })
	r.Routes, r.Read.Routes = all, at
	return nil
}

// kernels are the routes that BGP gave the kernel, but for those known already.
func kernels(fib []KernelRoute, known []Route) []Route {
	told := map[netip.Prefix]bool{}
	for _, r := range known {
		told[r.Prefix] = true
	}
	var all []Route
	for _, k := range fib {
		if !k.ByBGP() || told[k.Prefix] || len(k.Hops) == 0 {
			continue
		}
		r := Route{Prefix: k.Prefix}
		for _, h := range k.Hops {
			r.Paths = append(r.Paths, model.Path{Port: h.Port})
		}
		all = append(all, r)
	}
	return all
}

// silent takes away what only a router that answers can say.
func (r *reading) silent(why error) {
	r.Err, r.Peers, r.Routes, r.change = why, nil, nil, 0
}

// noRouter is why vtysh answered nothing.
func noRouter(out []byte) error {
	text := string(out)
	switch {
	case strings.TrimSpace(text) == "":
		return errHangs
	case containerDown.MatchString(text):
		return errors.New("FRR does not run: its container does not")
	case strings.Contains(text, "not found"), strings.Contains(text, "No such file"):
		return errors.New("FRR is not installed: there is no vtysh")
	case strings.Contains(text, "failed to connect"):
		return errors.New("FRR does not run: vtysh finds no daemon")
	}
	return &saidError{text: strings.TrimSpace(text)}
}

// containerDown is the answer of an engine that has no container to run vtysh
// in: docker's words, and podman's.
var containerDown = regexp.MustCompile(`(?i)no such container|container \S+ is not running|container state improper|exec sessions on running containers`)
