package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// What was looked at for each question of a walk, also where nothing is wrong:
// the figures that the checks of its layer read, and the command that shows
// them.

const summary = "vtysh -c 'show bgp summary json'"

// lookDevices is one line for each device of the scope that gave evidence.
func (v *view) lookDevices(sc Scope, f func(d *model.Device, said *observe.Device, e *observe.Evidence) []Evidence) (out []Evidence) {
	for _, name := range sc.Devices {
		d, planned := v.plan.Device(name)
		said := v.answering(name)
		if planned && said != nil && said.Evidence != nil {
			out = append(out, f(d, said, said.Evidence)...)
		}
	}
	return out
}

// lookLinks is one line for each port of the scope that its device knows.
func (v *view) lookLinks(sc Scope, f func(at model.SessionKey, l observe.Link, e *observe.Evidence) *Evidence) (out []Evidence) {
	for _, k := range sc.Ends {
		e := v.evidence(k.Device)
		if e == nil {
			continue
		}
		l, there := e.Link(k.Port)
		if !there {
			if _, err := netip.ParseAddr(k.Port); err != nil {
				out = append(out, seen(k.Device, "ip link show "+k.Port, "there is no such port"))
			}
			continue
		}
		if x := f(k, l, e); x != nil {
			out = append(out, *x)
		}
	}
	return out
}

// lookEnds is one line for each end of a session of the scope whose device
// answers.
func (v *view) lookEnds(sc Scope, f func(k model.SessionKey, p *observe.Peer, s *observe.Session, e *observe.Evidence) *Evidence) (out []Evidence) {
	for _, k := range sc.Ends {
		said := v.answering(k.Device)
		if said == nil {
			continue
		}
		peer, detail := asked(said, k.Port)
		if x := f(k, peer, detail, said.Evidence); x != nil {
			out = append(out, *x)
		}
	}
	return out
}

func lookAnswers(v *view, sc Scope) (out []Evidence) {
	for _, name := range sc.Devices {
		d := v.devices[name]
		switch {
		case d == nil:
			out = append(out, seen(name, "ssh "+name, "it was not asked"))
		case !d.Reachable:
			out = append(out, seen(name, "ssh "+name, "%s", orWord(routerErr(d), "no answer")))
		default:
			out = append(out, seen(name, "ssh "+name, "it answers"))
		}
	}
	return out
}

func lookDaemons(v *view, sc Scope) []Evidence {
	return v.lookDevices(sc, func(d *model.Device, said *observe.Device, e *observe.Evidence) []Evidence {
		var words []string
		for _, p := range e.Daemons {
			word := fmt.Sprintf("%s up %s", p.Name, p.Age)
			if p.State == "T" || p.State == "Z" {
				word += ", state " + p.State
			}
			if slices.Contains(e.Silent, p.Name) {
				word += ", does not answer"
			}
			words = append(words, word)
		}
		return []Evidence{seen(d.Name, "ps -e -o etimes= -o stat= -o comm=", "FRR %s: %s", orWord(said.RouterVersion, "of unknown version"), orWord(strings.Join(words, "; "), "no daemon runs"))}
	})
}

func lookNumbers(v *view, sc Scope) []Evidence {
	return v.lookDevices(sc, func(d *model.Device, said *observe.Device, _ *observe.Evidence) []Evidence {
		if said.ASN == 0 {
			return []Evidence{seen(d.Name, summary, "no BGP instance")}
		}
		return []Evidence{seen(d.Name, summary, "AS %d, router-id %s; planned AS %d, %s", said.ASN, said.RouterID, d.ASN, d.RouterID)}
	})
}

func lookPorts(v *view, sc Scope) []Evidence {
	return v.lookLinks(sc, func(at model.SessionKey, l observe.Link, _ *observe.Evidence) *Evidence {
		word := "set down"
		if l.Up {
			word = "up, no link"
		}
		if l.Up && l.Carrier {
			word = "up, with a link"
		}
		if l.Downs > 0 {
			word += fmt.Sprintf("; zebra saw it go down %d time%s, last %s ago", l.Downs, map[bool]string{false: "s"}[l.Downs == 1], l.LastDown)
		}
		x := seen(at.Device, "ip link show "+at.Port, "%s", word)
		return &x
	})
}

func lookCables(v *view, sc Scope) []Evidence {
	return v.lookLinks(sc, func(at model.SessionKey, _ observe.Link, _ *observe.Evidence) *Evidence {
		if _, says, known := v.actual(model.End(at)); known {
			return &says
		}
		x := seen(at.Device, "ip -6 neigh show dev "+at.Port, "nobody that the fabric knows")
		return &x
	})
}

func lookCarriers(v *view, sc Scope) []Evidence {
	return v.lookLinks(sc, func(at model.SessionKey, l observe.Link, e *observe.Evidence) *Evidence {
		six := "IPv6 on"
		if e.Sysctls["net/ipv6/conf/"+at.Port+"/disable_ipv6"] == "1" {
			six = "IPv6 off"
		}
		address := "no link-local address"
		if a := l.LinkLocal(); a.IsValid() {
			address = a.String()
		}
		x := seen(at.Device, "ip addr show "+at.Port, "%s, %s, MTU %d", six, address, l.MTU)
		return &x
	})
}

func lookNeighbors(v *view, sc Scope) []Evidence {
	return v.lookEnds(sc, func(k model.SessionKey, p *observe.Peer, s *observe.Session, _ *observe.Evidence) *Evidence {
		x := seen(k.Device, showNeighbor(k.Port), "bgpd knows no such neighbor")
		switch {
		case s != nil:
			as := "any outside AS"
			if s.RemoteAS != 0 {
				as = fmt.Sprintf("AS %d", s.RemoteAS)
			}
			x.Output = fmt.Sprintf("wants %s, families %s", as, orWord(strings.Join(s.Families, ", "), "none"))
			if s.Shutdown {
				x.Output += ", shut down"
			}
		case p != nil:
			x = seen(k.Device, summary, "%s is a neighbor, AS %d", k.Port, p.ASN)
		}
		return &x
	})
}

func lookHearing(v *view, sc Scope) []Evidence {
	out := v.lookEnds(sc, func(k model.SessionKey, _ *observe.Peer, s *observe.Session, e *observe.Evidence) *Evidence {
		if s == nil {
			return nil
		}
		text := fmt.Sprintf("peer's address %s, opens sent %d, received %d", orWord(s.Address, "not known"), s.Opens[0], s.Opens[1])
		if e != nil {
			if l, there := e.Link(k.Port); there && l.Asked {
				text += fmt.Sprintf("; router advertisements sent %d, received %d", l.RASent, l.RARcvd)
			}
		}
		x := seen(k.Device, showNeighbor(k.Port), "%s", text)
		return &x
	})
	return append(out, v.lookDevices(sc, func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Evidence {
		if len(e.Firewall) == 0 {
			return nil
		}
		return []Evidence{firewall(d.Name, e)}
	})...)
}

func lookAgreement(v *view, sc Scope) []Evidence {
	return v.lookEnds(sc, func(k model.SessionKey, p *observe.Peer, s *observe.Session, _ *observe.Evidence) *Evidence {
		if s == nil || p == nil {
			return nil
		}
		text := "takes routes"
		if s.Policy {
			text = "takes none: no policy"
		}
		if s.BFD != "" {
			text += "; BFD " + s.BFD
		}
		if s.Reason != "" && p.State != observe.Established {
			text += "; last reset: " + s.Reason
		}
		x := seen(k.Device, showNeighbor(k.Port), "%s", text)
		return &x
	})
}

func lookOwn(v *view, sc Scope) []Evidence {
	return v.lookDevices(sc, func(d *model.Device, said *observe.Device, e *observe.Evidence) []Evidence {
		var out []Evidence
		if lo, there := e.Link("lo"); there {
			out = append(out, seen(d.Name, "ip addr show lo", "%s", orWord(addresses(lo), "no address")))
		}
		var told []string
		for _, r := range said.Routes {
			if r.Local {
				told = append(told, r.Prefix.String())
			}
		}
		return append(out, seen(d.Name, "vtysh -c 'show bgp ipv4 unicast json'", "announces of its own: %s", orWord(few(told), "nothing")))
	})
}

func lookFilters(v *view, sc Scope) []Evidence {
	return v.lookEnds(sc, func(k model.SessionKey, p *observe.Peer, _ *observe.Session, _ *observe.Evidence) *Evidence {
		if p == nil || p.State != observe.Established {
			return nil
		}
		x := seen(k.Device, summary, "%s: took %d prefixes, told %d", k.Port, p.Received, p.Sent)
		return &x
	})
}

func lookKernels(v *view, sc Scope) []Evidence {
	return v.lookDevices(sc, func(d *model.Device, said *observe.Device, e *observe.Evidence) []Evidence {
		var out []Evidence
		for _, k := range []struct {
			on   bool
			path string
		}{{d.Routing.V4, "net/ipv4/ip_forward"}, {d.Routing.V6, "net/ipv6/conf/all/forwarding"}} {
			if value := e.Sysctls[k.path]; k.on && value != "" {
				out = append(out, seen(d.Name, "sysctl "+dotted(k.path), "%s", value))
			}
		}
		for _, p := range sc.Prefixes {
			if slices.ContainsFunc(said.Kernel, func(r observe.KernelRoute) bool { return r.Prefix == p }) {
				out = append(out, seen(d.Name, "ip route show "+p.String(), "%s", orWord(hops(said, p), "there")))
			}
		}
		return out
	})
}

func lookUnplanned(v *view, sc Scope) []Evidence {
	return v.lookDevices(sc, func(d *model.Device, said *observe.Device, e *observe.Evidence) []Evidence {
		out := []Evidence{seen(d.Name, summary, "%d neighbors; planned %d", len(said.Peers), v.sessionsOf(d.Name))}
		if _, known := v.wanted[d.Name]; known {
			lacks, extra := v.differences(d.Name, e, anyLine)
			out = append(out, seen(d.Name, "vtysh -c 'show running-config'", "%d planned lines missing, %d others there", len(lacks), len(extra)))
		}
		return out
	})
}

func lookResult(v *view, sc Scope) []Evidence {
	out := v.lookEnds(sc, func(k model.SessionKey, p *observe.Peer, _ *observe.Session, _ *observe.Evidence) *Evidence {
		x := seen(k.Device, summary, "%s is not there", k.Port)
		if p != nil {
			x.Output = fmt.Sprintf("%s is %s", k.Port, p.State)
		}
		return &x
	})
	return append(out, v.lookDevices(sc, func(d *model.Device, said *observe.Device, _ *observe.Evidence) (out []Evidence) {
		for _, p := range sc.Prefixes {
			for _, r := range said.Routes {
				if r.Prefix == p {
					out = append(out, seen(d.Name, "vtysh -c 'show bgp "+family(p)+" unicast "+p.String()+"'", "%s", paths(r)))
				}
			}
		}
		return out
	})...)
}

func family(p netip.Prefix) string {
	if p.Addr().Is4() {
		return "ipv4"
	}
	return "ipv6"
}

func paths(r observe.Route) string {
	if r.Local {
		return "its own"
	}
	var all []string
	for _, p := range r.Paths {
		all = append(all, p.Port)
	}
	return fmt.Sprintf("%d paths: %s", len(r.Paths), few(all))
}

// few is a list of which at most eight are told.
func few(all []string) string {
	const most = 8
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}

func orWord(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
