package observe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"closup/provision"
)

// This file asks a switch through NVUE, for logins that may run `nv show` and
// not be root: the groups nvshow, nvset and nvapply. What the kernel knows needs
// no root and is asked as everywhere; of the router it is the sessions and how
// wide each route is.

const (
	nvRouter = "nv show router bgp -o json"
	nvPeers  = "nv show vrf default router bgp neighbor --view=detail -o json"
	nvTable4 = "nv show vrf default router bgp address-family ipv4-unicast route -o json"
	nvTable6 = "nv show vrf default router bgp address-family ipv6-unicast route -o json"
	// NVUE does not tell FRR's version; the package does.
	nvVersion = `dpkg-query -W -f='FRRouting ${Version}\n' frr`
)

// nvOlder is what older releases call the same: before 5.12 every view is the
// detailed one, and before 5.11 the table is loc-rib.
var nvOlder = map[string]string{
	nvPeers:  strings.Replace(nvPeers, " --view=detail", "", 1),
	nvTable4: strings.Replace(nvTable4, " route ", " loc-rib route ", 1),
	nvTable6: strings.Replace(nvTable6, " route ", " loc-rib route ", 1),
}

var nvCommands = []string{nvVersion, nvRouter, nvPeers, nvTable4, nvTable6}

const (
	// How long a question may take, in seconds: nv is a program of Python that asks
	// a daemon, and takes one on a good day.
	nvTimeout = 6
	// A switch that is asked by it is given longer before it is shown as
	// unreachable, and is left alone longer.
	nvOverdue, nvRest = 15 * time.Second, 10 * time.Second
)

// nvScript asks the kernel and NVUE. If NVUE does not answer the first question
// it is asked no more.
func nvScript(deep bool) string {
	var b strings.Builder
	b.WriteString(announced(systemCommands...) + "(\n")
	for _, c := range nvCommands {
		fmt.Fprintf(&b, "printf '\\n%%s\\n' %s; ", provision.Quote("sh# "+c))
		switch older := nvOlder[c]; {
		case c == nvVersion:
			b.WriteString(c + " 2>/dev/null\n")
		case older != "":
			fmt.Fprintf(&b, "said=$(timeout %[1]d %[2]s 2>/dev/null) && printf '%%s\\n' \"$said\" || timeout %[1]d %[3]s 2>&1\n", nvTimeout, c, older)
		default:
			fmt.Fprintf(&b, "timeout %d %s 2>&1 || exit 0\n", nvTimeout, c)
		}
	}
	b.WriteString(")\n")
	if deep {
		b.WriteString(systemEvidence)
	}
	return b.String() + "exit 0\n"
}

// throughNVUE asks a switch whose login may not be root. The error is why not,
// where NVUE does not tell either.
func (o *Observer) throughNVUE(ctx context.Context, a *asked, h how, refused error) (reading, error) {
	out, err := provision.RunUser(ctx, a.poll.session, nvScript(h.deep))
	if err != nil {
		return reading{}, err
	}
	r, err := readNVUE(a.name, out, o.now(), h.deep)
	var said *saidError
	switch {
	case errors.As(err, &said):
		return reading{}, fmt.Errorf("%w; nor does NVUE answer: %w", refused, err)
	case err != nil:
		return reading{}, fmt.Errorf("%w: %w", errGarbled, err)
	}
	r.dialect = a.last.dialect
	a.poll.rest = nvRest
	return r, nil
}

// readNVUE reads what nvScript was answered with. It is a *saidError where NVUE
// says something else than what it was asked for.
func readNVUE(name string, out []byte, at time.Time, deep bool) (reading, error) {
	figures, evidence, found := bytes.Cut(out, []byte("\n"+partMark))
	part := sections(figures)
	r := reading{byNVUE: true, Device: Device{Name: name, Reachable: true, At: at, RouterVersion: ParseVersion(part[nvVersion])}}
	if err := r.system(part, at); err != nil {
		return r, err
	}
	bgp, err := ParseNVUE(part[nvRouter], part[nvPeers], at)
	if err != nil {
		return r, err
	}
	r.ASN, r.RouterID, r.Peers, r.change = bgp.ASN, bgp.RouterID, bgp.Peers, bgp.change()
	var tables []error
	for _, command := range []string{nvTable4, nvTable6} {
		routes, err := ParseNVUETable(part[command], r.Kernel)
		var said *saidError
		if errors.As(err, &said) { // a family that is off
			tables = append(tables, err)
		} else if err != nil {
			return r, err
		}
		r.Routes = append(r.Routes, routes...)
	}
	if len(tables) == 2 && !r.noBGP() {
		r.Err = fmt.Errorf("NVUE does not tell the BGP table: %w", tables[0])
	} else {
		r.Read.Routes = at
	}
	if deep {
		if !found {
			return r, errors.New("no evidence in the answer")
		}
		r.Evidence, err = readEvidence(append([]byte(partMark), evidence...), at)
	}
	return r, err
}
