package diagnose

import (
	"slices"
	"strings"

	"closup/model"
	"closup/provision/observe"
)

// Whole devices: power, daemons, numbers.

// neighborsOf counts the peers of a device that answer, and of those the ones
// that have lost the carrier, and the ones whose session is up.
func (v *view) neighborsOf(device string) (asked, dark, up int) {
	for _, s := range v.plan.Sessions {
		said := v.answering(s.Device)
		if s.Peer != device || said == nil {
			continue
		}
		asked++
		if p, ok := said.Peer(s.Port); ok && p.State == observe.Established {
			up++
		}
		if said.Evidence != nil {
			if l, ok := said.Evidence.Link(s.Port); ok && !l.Carrier && l.Up {
				dark++
			}
		}
	}
	return asked, dark, up
}

func (v *view) unreachable(dead bool) []Finding {
	var out []Finding
	for _, d := range v.plan.Devices {
		said := v.devices[d.Name]
		if said == nil || said.Reachable {
			continue
		}
		asked, dark, up := v.neighborsOf(d.Name)
		if (asked > 0 && dark == asked) != dead {
			continue
		}
		why := "it gave no answer"
		if said.Err != nil {
			why = said.Err.Error()
		}
		f := Finding{Device: d.Name, Confidence: Certain, Evidence: []Evidence{seen(d.Name, "ssh", "%s", why)}, whole: []string{d.Name}}
		switch {
		case dead:
			f.Message = d.Name + " is off: it does not answer, and the ports of all its neighbors have lost the link"
			f.Remedy = do("look at its power and its console")
			for _, s := range v.plan.Sessions {
				if s.Peer == d.Name && v.evidence(s.Device) != nil {
					f.Evidence = append(f.Evidence, seen(s.Device, "ip link show "+s.Port, "NO-CARRIER"))
				}
			}
		case up > 0:
			f.Message = d.Name + " does not answer on its management address; its BGP sessions are up"
			f.Remedy = do("look at the management network and at sshd; the fabric itself forwards")
		default:
			f.Message = d.Name + " does not answer; nothing but that is known of it"
			f.Remedy = do("look at its power, its console and the management network")
		}
		out = append(out, f)
	}
	return out
}

func deviceDown(v *view) []Finding { return v.unreachable(true) }
func deviceUnreachable(v *view) []Finding {
	found := v.unreachable(false)
	if len(found) < 3 || len(found) < len(v.plan.Devices) {
		return found
	}
	// Not one of them: it is the way to all of them.
	f := found[0]
	for _, other := range found[1:] {
		f.whole = append(f.whole, other.whole...)
		if len(f.Evidence) < 3 {
			f.Evidence = append(f.Evidence, other.Evidence...)
		}
	}
	f.Message = sprintf("none of the %d devices answers; nothing but that is known", len(found))
	f.Remedy = do("look at this machine's own network and load, then at the jump host and the management network: what all have in common")
	return []Finding{f}
}

// routerErr is what stands in the place of an answer of FRR.
func routerErr(d *observe.Device) string {
	if d.Err == nil {
		return ""
	}
	return d.Err.Error()
}

// answeringDevices are those that answer, evidence or not.
func (v *view) answeringDevices(f func(d *model.Device, said *observe.Device) *Finding) []Finding {
	var out []Finding
	for i := range v.plan.Devices {
		d := &v.plan.Devices[i]
		said := v.answering(d.Name)
		if said == nil {
			continue
		}
		if found := f(d, said); found != nil {
			found.Device = d.Name
			out = append(out, *found)
		}
	}
	return out
}

func frrMissing(v *view) []Finding {
	return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		if !strings.Contains(routerErr(said), "not installed") {
			return nil
		}
		return &Finding{
			Confidence: Certain, Message: "FRR is not installed on " + d.Name, whole: []string{d.Name},
			Evidence: []Evidence{seen(d.Name, "vtysh", "%s", routerErr(said))},
			Remedy:   do("install it and push again", byHand(d.Name, "apt-get install frr frr-pythontools")),
		}
	})
}

// runs says whether a daemon runs; known is false where nothing tells.
func runs(said *observe.Device, daemon string) (running, known bool) {
	if said.Evidence == nil || len(said.Evidence.Daemons) == 0 {
		return false, false
	}
	_, running = said.Evidence.Daemon(daemon)
	return running, true
}

func frrDown(v *view) []Finding {
	return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		if v.whole[d.Name] {
			return nil
		}
		zebra, known := runs(said, "zebra")
		bgpd, _ := runs(said, "bgpd")
		if known && (zebra || bgpd) || !strings.Contains(routerErr(said), "does not run") {
			return nil
		}
		f := &Finding{
			Confidence: Certain, Message: "FRR does not run on " + d.Name, whole: []string{d.Name},
			Evidence: []Evidence{seen(d.Name, "vtysh", "%s", routerErr(said)), seen(d.Name, "ps", "neither zebra nor bgpd")},
			Remedy:   do("start it", restart(d, said.Evidence)...),
		}
		if c := container(said.Evidence); c != nil {
			f.Message += ": its container is " + orElse(c.State, "not there")
			f.Evidence = append(f.Evidence, logged(d, c))
			if c.State == "" { // its service makes it anew, and restarting nothing helps nobody
				f.Remedy = pushed(d.Name)
			}
		}
		return f
	})
}

// daemonDown is a daemon that died while the other lives.
func daemonDown(daemon string) func(*view) []Finding {
	other := map[string]string{"bgpd": "zebra", "zebra": "bgpd"}[daemon]
	return func(v *view) []Finding {
		return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
			running, known := runs(said, daemon)
			lives, _ := runs(said, other)
			if !known {
				running, lives = !strings.Contains(routerErr(said), daemon+" is not running"), true
			}
			if running || !lives {
				return nil
			}
			f := &Finding{
				Confidence: Certain, Message: daemon + " does not run on " + d.Name + ", while " + other + " does",
				whole:    []string{d.Name},
				Evidence: []Evidence{seen(d.Name, "ps -e", "%s runs, %s does not", other, daemon)},
				Remedy:   do("see its log for why it died, then start it", restart(d, said.Evidence)...),
			}
			if said.Evidence != nil {
				if _, watched := said.Evidence.Daemon("watchfrr"); !watched {
					f.Evidence = append(f.Evidence, seen(d.Name, "ps -e", "watchfrr, which would revive it, does not run either"))
				}
			}
			return f
		})
	}
}

func daemonFrozen(v *view) []Finding {
	return v.each(func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding {
		for _, name := range []string{"zebra", "bgpd"} {
			daemon, running := e.Daemon(name)
			switch {
			case running && daemon.State == "T":
				return []Finding{{
					Device: d.Name, Confidence: Certain, whole: []string{d.Name},
					Message:  name + " on " + d.Name + " is stopped: it runs, but does nothing",
					Evidence: []Evidence{seen(d.Name, "ps -e", "%s has state T (stopped by a signal)", name)},
					Remedy:   do("let it go on, or restart FRR", on(d.Name, "pkill -CONT -x %s", stopped(e, name))),
				}}
			case running && slices.Contains(e.Silent, name):
				f := Finding{
					Device: d.Name, Confidence: Possible,
					Message:  name + " on " + d.Name + " runs, but did not answer within 3 s",
					Evidence: []Evidence{seen(d.Name, "vtysh -d "+name, "no answer; ps has state %s", daemon.State)},
					Remedy:   do("look at its load and its log; restart FRR if it stays so", restart(d, e)...),
				}
				if strings.Contains(routerErr(said), "hangs") { // nor for the figures: it is not only slow
					f.Confidence, f.whole = Likely, []string{d.Name}
				}
				return []Finding{f}
			}
		}
		return nil
	})
}

func notConfigured(v *view) []Finding {
	return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		if said.ASN != 0 || said.Err != nil || len(d.Routing.Peers) == 0 {
			return nil
		}
		if e := said.Evidence; e != nil && (len(e.Silent) > 0 || len(e.Sessions) > 0) {
			return nil // it hangs, or has neighbors in no family
		}
		return &Finding{
			Confidence: Certain, Message: "BGP is not configured on " + d.Name, whole: []string{d.Name},
			Evidence: []Evidence{seen(d.Name, "vtysh -c 'show bgp summary json'", "{}: there is no instance")},
			Remedy:   pushed(d.Name),
		}
	})
}

func wrongASN(v *view) []Finding {
	return append(v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		if said.ASN == 0 || said.ASN == d.ASN {
			return nil
		}
		f := &Finding{
			Confidence: Certain, whole: []string{d.Name},
			Message:  sprintf("%s runs BGP as AS %d; planned is AS %d", d.Name, said.ASN, d.ASN),
			Evidence: []Evidence{seen(d.Name, "vtysh -c 'show bgp summary json'", "as %d", said.ASN)},
			Remedy:   pushedAnd("; all its sessions start anew", []string{d.Name}),
		}
		for _, other := range v.plan.Devices {
			if other.Name != d.Name && other.ASN == said.ASN && other.ASN != d.ASN {
				f.Message += sprintf(", and AS %d is that of %s: each drops the routes of the other as its own", said.ASN, other.Name)
				break
			}
		}
		return f
	}), v.wrongASNTold()...)
}

// wrongASNTold is what neighbors say of a device that cannot be asked itself.
func (v *view) wrongASNTold() []Finding {
	var out []Finding
	told := map[string]bool{}
	for _, s := range v.plan.Sessions {
		said := v.answering(s.Device)
		if said == nil || v.answering(s.Peer) != nil || told[s.Peer] || s.PeerASN == 0 {
			continue
		}
		p, known := said.Peer(s.Port)
		if !known || p.State != observe.Established || p.Hostname != s.Peer || p.ASN == s.PeerASN {
			continue
		}
		told[s.Peer] = true
		f := Finding{
			Device: s.Peer, Confidence: Certain,
			Message:  sprintf("%s runs BGP as AS %d; planned is AS %d", s.Peer, p.ASN, s.PeerASN),
			Evidence: []Evidence{seen(s.Device, "vtysh -c 'show bgp summary json'", "%s is Established with %s, AS %d", s.Port, p.Hostname, p.ASN)},
			Remedy:   pushedAnd("; all its sessions start anew", []string{s.Peer}),
		}
		for _, other := range v.plan.Devices {
			if other.Name != s.Peer && other.ASN == p.ASN {
				f.Message += sprintf(", and AS %d is that of %s: each drops the routes of the other as its own", p.ASN, other.Name)
				break
			}
		}
		out = append(out, f)
	}
	return out
}

func wrongRouterID(v *view) []Finding {
	return v.answeringDevices(func(d *model.Device, said *observe.Device) *Finding {
		if !said.RouterID.IsValid() || !d.RouterID.IsValid() || said.RouterID == d.RouterID {
			return nil
		}
		f := &Finding{
			Confidence: Certain,
			Message:    sprintf("the router-id of %s is %s; planned is %s", d.Name, said.RouterID, d.RouterID),
			Evidence:   []Evidence{seen(d.Name, "vtysh -c 'show bgp summary json'", "routerId %s", said.RouterID)},
			Remedy:     do("set it; all its sessions start anew", vty(d.Name, sprintf("router bgp %d", d.ASN), "bgp router-id "+d.RouterID.String())),
		}
		for _, other := range v.plan.Devices {
			if other.Name != d.Name && other.RouterID == said.RouterID {
				f.Message += ", and that is the one of " + other.Name
			}
		}
		return f
	})
}
