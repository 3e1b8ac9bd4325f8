package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"closup/model"
	"closup/provision/observe"
	"closup/render"
)

// view is plan and snapshot, made easy to ask.
type view struct {
	plan    *model.Plan
	at      time.Time
	devices map[string]*observe.Device
	wanted  map[string]*observe.Config // the frr.conf that was planned, by device
	macs    map[string]model.End       // whose port has that address; of one that several have, none
	ends    map[model.SessionKey]bool  // explained
	whole   map[string]bool
	changed map[string]bool // devices with a finding of their own
	told    map[string]bool // "device cause"

	snapshot  observe.Snapshot
	predicted []model.Route
}

func newView(plan *model.Plan, s observe.Snapshot) *view {
	v := &view{
		plan: plan, at: s.At, devices: map[string]*observe.Device{}, wanted: map[string]*observe.Config{},
		macs: map[string]model.End{}, ends: map[model.SessionKey]bool{}, whole: map[string]bool{},
		changed: map[string]bool{}, told: map[string]bool{}, snapshot: s,
	}
	for i := range s.Devices {
		d := &s.Devices[i]
		v.devices[d.Name] = d
		if d.Evidence == nil {
			continue
		}
		for _, l := range d.Evidence.Links {
			if _, twice := v.macs[l.MAC]; twice {
				v.macs[l.MAC] = model.End{}
			} else if l.MAC != "" && l.Name != "lo" {
				v.macs[l.MAC] = model.End{Device: d.Name, Port: l.Name}
			}
		}
	}
	for i := range plan.Devices {
		d := &plan.Devices[i]
		files, err := render.Device(plan, d)
		if err != nil {
			continue // closup writes no files for it, so none can differ
		}
		for _, f := range files {
			if f.Unit == "frr" {
				c := observe.ParseConfig(f.Body)
				v.wanted[d.Name] = &c
			}
		}
	}
	return v
}

// answering is the device if it answered.
func (v *view) answering(name string) *observe.Device {
	if d := v.devices[name]; d != nil && d.Reachable {
		return d
	}
	return nil
}

// evidence is what the device said of itself; nil where it said nothing.
func (v *view) evidence(name string) *observe.Evidence {
	if d := v.answering(name); d != nil {
		return d.Evidence
	}
	return nil
}

// each runs f for every device that gave evidence, in the plan's order.
func (v *view) each(f func(d *model.Device, said *observe.Device, e *observe.Evidence) []Finding) []Finding {
	var out []Finding
	for i := range v.plan.Devices {
		d := &v.plan.Devices[i]
		if said := v.answering(d.Name); said != nil && said.Evidence != nil {
			out = append(out, f(d, said, said.Evidence)...)
		}
	}
	return out
}

// ports runs f for every planned port of every device that gave evidence.
func (v *view) ports(f func(p model.Port, at model.End, e *observe.Evidence) *Finding) []Finding {
	return v.each(func(d *model.Device, _ *observe.Device, e *observe.Evidence) []Finding {
		var out []Finding
		for _, p := range d.Ports {
			name := p.Name
			if p.VLAN > 0 {
				name = fmt.Sprintf("%s.%d", p.Name, p.VLAN)
			}
			if found := f(p, model.End{Device: d.Name, Port: name}, e); found != nil {
				if found.Device == "" {
					found.Device, found.Port, found.Peer = d.Name, name, p.Peer
				}
				found.explains = append(found.explains, v.both(d.Name, name)...)
				out = append(out, *found)
			}
		}
		return out
	})
}

// end is one end of a planned session with what both sides say of it.
type end struct {
	model.Session
	peer     *observe.Peer    // nil: bgpd does not know it
	detail   *observe.Session // nil: no evidence
	far      *observe.Peer
	farSays  *observe.Session
	said     *observe.Device // never nil
	evidence *observe.Evidence
}

func (e end) up() bool { return e.peer != nil && e.peer.State == observe.Established }

// down is an end whose device runs BGP and whose session is not up.
func (e end) down() bool { return !e.up() && e.said.ASN != 0 }

// sessions runs f for every planned end whose device answers.
func (v *view) sessions(f func(e end) *Finding) []Finding {
	var out []Finding
	for _, s := range v.plan.Sessions {
		said := v.answering(s.Device)
		if said == nil {
			continue
		}
		e := end{Session: s, said: said, evidence: said.Evidence}
		e.peer, e.detail = asked(said, s.Port)
		if far := v.answering(s.Peer); far != nil {
			e.far, e.farSays = asked(far, s.PeerPort)
		}
		if found := f(e); found != nil {
			if found.Device == "" {
				found.Device, found.Port, found.Peer = s.Device, s.Port, s.Peer
			}
			found.explains = append(found.explains, s.Key(), model.SessionKey{Device: s.Peer, Port: s.PeerPort})
			out = append(out, *found)
		}
	}
	return out
}

func asked(d *observe.Device, key string) (peer *observe.Peer, detail *observe.Session) {
	if p, ok := d.Peer(key); ok {
		peer = &p
	}
	if d.Evidence != nil {
		if s, ok := d.Evidence.Session(key); ok {
			detail = &s
		}
	}
	if peer == nil && detail != nil { // in no family, so no summary has it
		peer = &observe.Peer{Key: key, State: detail.State}
	}
	return peer, detail
}

// both are the two ends of the session at a port.
func (v *view) both(device, port string) []model.SessionKey {
	keys := []model.SessionKey{{Device: device, Port: port}}
	for _, s := range v.plan.Sessions {
		if s.Device == device && s.Port == port {
			keys = append(keys, model.SessionKey{Device: s.Peer, Port: s.PeerPort})
		}
	}
	return keys
}

func (v *view) explain(f Finding) {
	v.changed[f.Device] = true
	v.told[f.Device+" "+f.Cause] = true
	for _, k := range f.explains {
		v.ends[k] = true
	}
	for _, d := range f.whole {
		v.whole[d] = true
		for _, s := range v.plan.Sessions {
			if s.Device == d || s.Peer == d {
				v.ends[s.Key()] = true
			}
		}
	}
}

// explained says that something deeper accounts for the finding already.
func (v *view) explained(f Finding) bool {
	if v.whole[f.Device] {
		return true
	}
	return f.Port != "" && v.ends[model.SessionKey{Device: f.Device, Port: f.Port}]
}

// sessionsOf counts the planned sessions of a device.
func (v *view) sessionsOf(device string) int {
	n := 0
	for _, s := range v.plan.Sessions {
		if s.Device == device {
			n++
		}
	}
	return n
}

// has says that one of these causes was found on the device already.
func (v *view) has(device string, causes ...string) bool {
	for _, c := range causes {
		if v.told[device+" "+c] {
			return true
		}
	}
	return false
}

// young says that bgpd started a short while ago, or that nothing tells when:
// then a session that is not up may still be coming up.
func (v *view) young(device string) bool {
	e := v.evidence(device)
	if e == nil {
		return false
	}
	d, runs := e.Daemon("bgpd")
	return runs && d.Age < 20*time.Second
}

// unsure lowers "likely" while one of the two ends has just started.
func (v *view) unsure(e end) Confidence {
	if v.young(e.Device) || v.young(e.Peer) {
		return Possible
	}
	return Likely
}

// seen is one piece of evidence.
func seen(device, command, format string, args ...any) Evidence {
	return Evidence{Device: device, Command: command, Output: fmt.Sprintf(format, args...)}
}

// owner is the planned device whose loopback that is.
func (v *view) owner(p netip.Prefix) *model.Device {
	for i := range v.plan.Devices {
		if slices.Contains(v.plan.Devices[i].Loopbacks, p) {
			return &v.plan.Devices[i]
		}
	}
	return nil
}
