package sim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
)

// router is a device's FRR.
type router struct {
	dev     *device
	daemons map[string]int // those that run: name to process
	pids    int
	conf    *conf    // running configuration
	bgp     *bgpConf // what it means; nil: no BGP
	version int      // of the table

	sessions []*session
	rib      map[netip.Prefix]*entry
	told     map[netip.Prefix]told
	below    map[netip.Prefix]int // aggregates: routes below
	queued   map[netip.Prefix]bool
}

func newRouter(d *device) *router {
	r := &router{dev: d, daemons: map[string]int{}, conf: newConf(), pids: 300}
	r.clear()
	return r
}

func (r *router) clear() {
	r.rib, r.told = map[netip.Prefix]*entry{}, map[netip.Prefix]told{}
	r.below, r.queued = map[netip.Prefix]int{}, map[netip.Prefix]bool{}
	r.sessions = nil
}

// speaks says that bgpd runs and has an instance.
func (r *router) speaks() bool { return r.bgp != nil && r.daemons["bgpd"] != 0 && !r.dev.off }

// advertises says that bgpd has an unnumbered session on the port, and so has
// zebra send router advertisements there.
func (r *router) advertises(p *port) bool {
	return r.speaks() && slices.ContainsFunc(r.sessions, func(s *session) bool { return s.conf.iface && s.conf.key == p.name })
}

func (r *router) hostName() string {
	for _, l := range r.conf.top().lines {
		if name, ok := strings.CutPrefix(l.text, "hostname "); ok {
			return name
		}
	}
	return r.dev.hostname
}

// id is the router's identifier: as configured, or its highest loopback or
// other address, as zebra chooses.
func (r *router) id() netip.Addr {
	if r.bgp != nil && r.bgp.id.IsValid() {
		return r.bgp.id
	}
	var best netip.Addr
	for _, lo := range []bool{true, false} {
		for _, p := range r.dev.ports {
			for _, a := range p.addrs {
				if p.lo == lo && a.Addr().Is4() && !a.Addr().IsLoopback() && (!best.IsValid() || best.Less(a.Addr())) {
					best = a.Addr()
				}
			}
		}
		if best.IsValid() {
			return best
		}
	}
	return netip.IPv4Unspecified()
}

// spawn starts a daemon.
func (r *router) spawn(name string) {
	if r.daemons[name] == 0 {
		r.pids++
		r.daemons[name] = r.pids
	}
}

// load makes c the running configuration, as far as daemons are there for it.
// A change of what a session or the router is made of resets it; all else is
// taken over without a flap.
func (r *router) load(c *conf) {
	r.conf = c
	if r.daemons["bgpd"] == 0 {
		for _, b := range slices.Clone(c.blocks) {
			if b.place == atBGP {
				c.drop(b)
			}
		}
	}
	was := r.bgp
	now := c.compile()
	if now == nil || r.daemons["bgpd"] == 0 {
		r.end()
		r.bgp = nil
		return
	}
	if was == nil || was.asn != now.asn {
		r.end()
	}
	idBefore := r.id()
	r.bgp = now
	reset := was != nil && was.asn == now.asn && idBefore != r.id()
	old := r.sessions
	r.sessions = nil
	for _, p := range now.peers {
		i := slices.IndexFunc(old, func(s *session) bool { return s.conf.key == p.key })
		if i < 0 {
			r.sessions = append(r.sessions, &session{r: r, conf: p, state: "Idle"})
			continue
		}
		s := old[i]
		before := s.conf
		if s.up() && (reset || before.remoteAS != p.remoteAS || before.localAS != p.localAS || before.password != p.password ||
			before.noENHE != p.noENHE || activity(before) != activity(p) || before.iface != p.iface) {
			s.drop(nil, "")
		}
		s.conf, s.overflow = p, false
		r.sessions = append(r.sessions, s)
	}
	for _, s := range old {
		if !slices.Contains(r.sessions, s) {
			s.end()
		}
	}
	r.refresh()
	r.changed()
}

func activity(p *peerConf) [2]bool { return [2]bool{p.families[0].active, p.families[1].active} }

// end is a session that is configured no longer.
func (s *session) end() {
	stop(&s.pending)
	stop(&s.hold)
	if s.up() {
		t := s.mirror
		s.drop(nil, "")
		if t != nil {
			t.notes[1]++
			t.said = "Cease/Peer De-configured"
		}
	}
	s.mirror = nil
}

// end takes the whole instance away.
func (r *router) end() {
	sessions := r.sessions
	r.sessions = nil
	for _, s := range sessions {
		s.end()
	}
	r.clear()
	r.reviewNeighbors()
}

// refresh has all routes go through the policies once more, both ways.
func (r *router) refresh() {
	for _, s := range r.sessions {
		if s.up() && s.mirror != nil {
			s.tellAll()
			for p, e := range s.mirror.r.rib {
				s.mirror.tell(p, e.bestPath())
			}
			for p := range r.rib {
				if s.mirror.r.rib[p] == nil {
					s.mirror.tell(p, nil)
				}
			}
		}
	}
}

// changed looks at everything anew that depends on ports, kernel routes and
// configuration: own routes, sessions, and the neighbors' ends of them.
func (r *router) changed() {
	r.dev.stir()
	if r.speaks() {
		r.originate()
		for _, s := range slices.Clone(r.sessions) {
			s.review()
		}
	}
	r.reviewNeighbors()
}

func (r *router) reviewNeighbors() {
	seen := map[*router]bool{}
	for _, p := range r.dev.ports {
		if q := p.far(); q != nil && !seen[q.dev.router] {
			seen[q.dev.router] = true
			other := q.dev.router
			if !other.speaks() {
				continue
			}
			for _, s := range slices.Clone(other.sessions) {
				if sp := s.port(); sp != nil && sp.far() != nil && sp.far().dev == r.dev {
					s.review()
				}
			}
		}
	}
}

// originate sets the routes that begin here.
func (r *router) originate() {
	want := map[netip.Prefix]*attrs{}
	add := func(p netip.Prefix, source, port, policy string, usePolicy bool) {
		a := &attrs{origin: "incomplete", med: 0, pref: 100, weight: 32768, local: true, source: source, port: port}
		if source == "network" {
			a.origin = "IGP"
		}
		if usePolicy {
			if a = r.bgp.through(policy, p, a); a == nil {
				return
			}
		}
		want[p] = a
	}
	for f := range r.bgp.families {
		fam := &r.bgp.families[f]
		if policy, ok := fam.redistribute["kernel"]; ok {
			for _, k := range r.dev.kernel {
				if familyOf(k.prefix) == f && k.redistributed() {
					add(k.prefix, "kernel", k.dev, policy, policy != "")
				}
			}
		}
		if policy, ok := fam.redistribute["connected"]; ok {
			for _, k := range r.dev.connected() {
				if familyOf(k.prefix) == f {
					add(k.prefix, "connected", k.dev, policy, policy != "")
				}
			}
		}
		for p, policy := range fam.networks {
			if !r.bgp.importCheck || r.nearer(p) {
				add(p, "network", "", policy, policy != "")
			}
		}
	}
	for p, e := range maps.Clone(r.rib) {
		for _, x := range e.paths {
			if x.from == nil && x.source != "aggregate" && want[p] == nil {
				r.put(p, nil, nil)
			}
		}
	}
	for p, a := range want {
		r.put(p, nil, a)
	}
	r.aggregates()
}

// aggregates counts anew what lies below each aggregate.
func (r *router) aggregates() {
	before := maps.Clone(r.below)
	r.below = map[netip.Prefix]int{}
	for f := range r.bgp.families {
		for _, a := range r.bgp.families[f].aggregates {
			for p := range r.told {
				if a.Bits() < p.Bits() && a.Contains(p.Addr()) {
					r.below[a]++
				}
			}
			r.putAggregate(a)
			delete(before, a)
		}
	}
	for a := range before {
		r.putAggregate(a)
	}
}

// kill ends a daemon without a word. watchfrr, where it runs, starts it again.
func (r *router) kill(name string) {
	delete(r.daemons, name)
	if name == "bgpd" {
		r.load(r.conf.clone())
	}
	r.changed()
	if r.daemons["watchfrr"] != 0 && name != "watchfrr" {
		r.dev.world.later(watchInterval, func() { r.revive(name) })
	}
	r.dev.world.converge()
}

// clearSessions is `clear bgp *`.
func (r *router) clearSessions(which string) {
	for _, s := range slices.Clone(r.sessions) {
		if which != "*" && s.conf.key != which {
			continue
		}
		s.overflow = false
		if s.up() {
			s.drop(nil, "")
		}
		s.review()
	}
}
