package sim

import (
	"hash/fnv"
	"net/netip"
	"slices"
	"time"
)

// session is one end of a BGP session.
type session struct {
	r     *router
	conf  *peerConf
	state string

	stale    [2]bool  // routes in, routes out have to go through the policy once more
	mirror   *session // the other end, while it is Established
	since    time.Time
	pending  *time.Timer // it is about to come up
	hold     *time.Timer // it is about to be given up
	overflow bool        // more prefixes than allowed

	peerHost string // what stands below is as it was when it was up last
	peerASN  uint32
	peerID   netip.Addr
	address  netip.Addr

	ups, drops int
	code       int // of why it is down, or was
	reason     string
	said       string // the last notification: "OPEN Message Error/Bad Peer AS"
	received   [2]int
	opens      [2]int // sent, received
	notes      [2]int
}

const established = "Established"

func (s *session) up() bool { return s.state == established }

func (s *session) external() bool {
	return s.peerASN != s.r.bgp.asn
}

// localASN is the number that the peer sees.
func (s *session) localASN() uint32 {
	if s.conf.localAS != 0 {
		return s.conf.localAS
	}
	return s.r.bgp.asn
}

// port is the one that the session runs over.
func (s *session) port() *port {
	if s.conf.iface {
		return s.r.dev.port(s.conf.key)
	}
	peer, err := netip.ParseAddr(s.conf.key)
	if err != nil {
		return nil
	}
	for _, p := range s.r.dev.ports {
		if slices.ContainsFunc(p.addrs, func(a netip.Prefix) bool { return !p.lo && a.Masked().Contains(peer) }) {
			return p
		}
	}
	return nil
}

// peerAddress is where the peer is; invalid where that is not known.
func (s *session) peerAddress() netip.Addr {
	if s.conf.iface {
		return s.address
	}
	a, _ := netip.ParseAddr(s.conf.key)
	return a
}

// carries says whether both ends speak of the family.
func (s *session) carries(f int) bool {
	if !s.conf.families[f].active || s.mirror == nil || !s.mirror.conf.families[f].active {
		return false
	}
	// IPv4 by an IPv6 next hop needs both to say so (RFC 8950).
	return f != 0 || !s.conf.iface || !s.conf.noENHE && !s.mirror.conf.noENHE
}

// far is the other end's configuration of this session; nil: it has none.
func (s *session) far() *session {
	p := s.port()
	if p == nil {
		return nil
	}
	q := p.far()
	if q == nil || !q.dev.router.configured() {
		return nil
	}
	for _, t := range q.dev.router.sessions {
		if t.port() != q {
			continue
		}
		if s.conf.iface && t.conf.iface {
			return t
		}
		mine, err := netip.ParseAddr(t.conf.key)
		theirs, err2 := netip.ParseAddr(s.conf.key)
		if err == nil && err2 == nil && hasAddress(p, mine) && hasAddress(q, theirs) {
			return t
		}
	}
	return nil
}

func hasAddress(p *port, a netip.Addr) bool {
	return slices.ContainsFunc(p.addrs, func(x netip.Prefix) bool { return x.Addr() == a })
}

// review looks at a session after anything changed that may matter to it.
func (s *session) review() {
	o, said := s.blocked()
	t := s.far()
	switch {
	case s.up() && o == nil && s.mirror == t:
		stop(&s.hold)
	case s.up():
		if silent := o == &noAnswer && t != nil && s.mirror == t; silent {
			s.expire()
			return
		}
		s.drop(o, said)
	case o != nil:
		stop(&s.pending)
		s.set(o, said)
	case s.pending == nil && t.pending == nil:
		if s.state == "" {
			s.state = "Idle"
		}
		s.state, s.code, s.reason = "Connect", noOpen.code, noOpen.reason
		s.pending = s.r.dev.world.later(s.patience(t), func() {
			s.pending = nil
			s.come()
		})
	}
}

func stop(t **time.Timer) {
	if *t != nil {
		(*t).Stop()
		*t = nil
	}
}

func (s *session) set(o *obstacle, said string) {
	if s.state == o.state && s.code == o.code {
		return
	}
	s.state, s.code, s.reason = o.state, o.code, o.reason
	if said != "" {
		s.said = said
		s.opens[0]++
		s.opens[1]++
		switch o.code {
		case noteSent.code:
			s.notes[0]++
		case noteGot.code:
			s.notes[1]++
		}
	}
}

// patience is how long the two need until they talk: a router advertisement
// and a connection, which a real pair does in one to four seconds.
func (s *session) patience(t *session) time.Duration {
	h := fnv.New32a()
	a, b := s.r.dev.name+s.conf.key, t.r.dev.name+t.conf.key
	_, _ = h.Write([]byte(min(a, b) + max(a, b)))
	return time.Second + time.Duration(h.Sum32()%2500)*time.Millisecond
}

// come brings both ends up, if nothing came between.
func (s *session) come() {
	t := s.far()
	if o, _ := s.blocked(); o != nil || t == nil || s.up() || t.up() {
		s.review()
		return
	}
	stop(&t.pending)
	now := time.Now()
	for _, e := range []struct{ a, b *session }{{s, t}, {t, s}} {
		a, b := e.a, e.b
		a.state, a.since, a.mirror = established, now, b
		a.peerASN, a.peerHost, a.peerID = b.localASN(), b.r.hostName(), b.r.id()
		if p := a.port(); a.conf.iface && p != nil && p.far() != nil {
			a.address = p.far().linkLocal()
		}
		a.ups++
		a.opens[0]++
		a.opens[1]++
	}
	s.tellAll()
	t.tellAll()
}

// expire gives the session up when the hold timer runs out.
func (s *session) expire() {
	if s.hold != nil {
		return
	}
	s.hold = s.r.dev.world.later(time.Duration(s.conf.timers[1])*time.Second, func() {
		s.hold = nil
		if o, _ := s.blocked(); s.up() && o != nil {
			s.drop(&obstacle{noAnswer.state, noteGot.code, noteGot.reason}, "Hold Timer Expired")
		}
	})
}

// drop ends the session at both ends. Why is this end's reason; the other end
// finds its own at its next look.
func (s *session) drop(o *obstacle, said string) {
	t := s.mirror
	for _, e := range []*session{s, t} {
		if e == nil || !e.up() {
			continue
		}
		stop(&e.hold)
		stop(&e.pending)
		e.mirror = nil
		e.drops++
		e.state, e.code, e.reason = "Active", noOpen.code, noOpen.reason
		e.r.forget(e)
	}
	if o != nil {
		s.set(o, said)
	}
	if t != nil {
		if o == &adminDown || o == &tooMany {
			t.notes[1]++
			t.said = map[string]string{adminDown.state: "Cease/Administrative Shutdown", tooMany.state: "Cease/Maximum Number of Prefixes Reached"}[o.state]
		}
		if t.r.speaks() && slices.Contains(t.r.sessions, t) {
			t.review()
		}
	}
}

// bfd is the state of BFD with the peer: both ends need to want it, and to run
// the daemon that does it.
func (s *session) bfd() string {
	t := s.far()
	if p := s.port(); t != nil && t.conf.bfd && p.carrier() && s.r.runs("bfdd") && t.r.runs("bfdd") && !s.r.frozen("bfdd") && !t.r.frozen("bfdd") {
		return "Up"
	}
	return "Down"
}

// limit is maximum-prefix: beyond it the session is shut for a while.
func (s *session) limit() {
	for f := range s.conf.families {
		fam := &s.conf.families[f]
		if fam.maxPrefix == 0 || s.received[f] <= fam.maxPrefix || fam.warnOnly || !s.up() || s.overflow {
			continue
		}
		s.overflow = true
		s.notes[0]++
		s.said = "Cease/Maximum Number of Prefixes Reached"
		s.drop(&tooMany, s.said)
	}
}
