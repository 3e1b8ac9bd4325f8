package sim

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// router is a device's FRR.
type router struct {
	dev     *device
	home    *container        // where it runs; nil: on the machine itself
	daemons map[string]daemon // those that run
	unheard map[string]daemon // of a container, that died while its first process stood still
	pids    int               // the last number of a process
	watched []string          // those that watchfrr starts again
	kept    *[2][]fibRoute    // what stays in the kernel while nobody takes it out; nil: nothing does
	conf    *conf             // running configuration
	bgp     *bgpConf          // what it means; nil: no BGP
	radv    map[string]bool   // ports whose configuration asks for router advertisements
	version int               // of the table

	sessions []*session
	rib      []*entry             // by the numbers of prefixes
	below    map[netip.Prefix]int // aggregates: routes below
}

func newRouter(d *device) *router {
	r := &router{dev: d, daemons: map[string]daemon{}, unheard: map[string]daemon{}, conf: newConf(), pids: 300}
	r.clear()
	return r
}

func (r *router) clear() {
	r.rib, r.below = nil, map[netip.Prefix]int{}
	r.sessions = nil
}

// configured says that bgpd runs and has an instance, speaks that it does
// something as well.
func (r *router) configured() bool { return r.bgp != nil && r.runs("bgpd") && !r.dev.off }
func (r *router) speaks() bool     { return r.configured() && !r.frozen("bgpd") }

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
	if r.runs(name) {
		return
	}
	r.daemons[name] = daemon{pid: r.nextPID(), started: time.Now()}
	if name == "zebra" {
		r.kept = nil
		r.forgetLinks()
	}
}

// load makes c the running configuration, as far as daemons are there for it.
// A change of what a session or the router is made of resets it; all else is
// taken over without a flap.
func (r *router) load(c *conf) {
	r.conf, r.radv = c, c.advertised()
	if !r.runs("bgpd") {
		for _, b := range slices.Clone(c.blocks) {
			if b.place == atBGP {
				c.drop(b)
			}
		}
	}
	was := r.bgp
	now := c.compile()
	if now == nil || !r.runs("bgpd") {
		r.end()
		r.bgp = nil
		r.announce()
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
		s.conf, s.overflow, s.stale = p, false, stale(was, now, before, p)
		r.sessions = append(r.sessions, s)
	}
	for _, s := range old {
		if !slices.Contains(r.sessions, s) {
			s.end()
		}
	}
	for _, e := range r.entries() {
		e.out = nil // it is of the policy that was
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

// changed looks at everything anew that depends on ports, kernel routes and
// configuration: own routes, sessions, and the neighbors' ends of them.
func (r *router) changed() {
	r.dev.stir()
	r.announce()
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
	nearer := r.nearer()
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
			if !r.bgp.importCheck || nearer[p] {
				add(p, "network", "", policy, policy != "")
			}
		}
	}
	for p, e := range r.entries() {
		if i := e.from(nil); i >= 0 && e.paths[i].source != "aggregate" && want[p] == nil {
			r.put(p, nil, nil)
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
			for p, e := range r.entries() {
				if e.told.attrs != nil && a.Bits() < p.Bits() && a.Contains(p.Addr()) {
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
