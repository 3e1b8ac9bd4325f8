package sim

// obstacle is why a session cannot be, as bgpd would say it.
type obstacle struct {
	state  string
	code   int
	reason string
}

// The words for them are those of bgpd 8.4.4.
var (
	adminDown   = obstacle{"Idle (Admin)", 11, "Admin. shutdown"}
	tooMany     = obstacle{"Idle (PfxCt)", 14, "BGP Notification send"}
	noNextHop   = obstacle{"Idle", 27, "Waiting for NHT"}
	noFamily    = obstacle{"Idle", 30, "No AFI/SAFI activated for peer"}
	noPeerLocal = obstacle{"Idle", 28, "Waiting for Peer IPv6 LLA"}
	noOpen      = obstacle{"Active", 32, "Waiting for peer OPEN"}
	noAnswer    = obstacle{"Connect", 32, "Waiting for peer OPEN"}
	noteSent    = obstacle{"Idle", 13, "BGP Notification send"}
	noteGot     = obstacle{"Idle", 14, "BGP Notification received"}
)

// local is what stands in the way at this end.
func (s *session) local() *obstacle {
	p := s.port()
	switch {
	case s.conf.shutdown:
		return &adminDown
	case s.overflow:
		return &tooMany
	case p == nil || !p.up || !p.carrier():
		return &noNextHop
	case !s.conf.families[0].active && !s.conf.families[1].active:
		return &noFamily
	}
	if !s.conf.iface {
		if s.conf.remoteAS == "" {
			return &noOpen
		}
		return nil
	}
	if heard := s.r.listen(p); heard.IsValid() {
		s.address = heard
	}
	switch {
	case !p.heard.IsValid():
		return &noPeerLocal
	case !p.linkLocal().IsValid(), s.conf.remoteAS == "":
		return &noOpen
	}
	return nil
}

// accepts checks the number in the peer's OPEN.
func (s *session) accepts(asn uint32) bool {
	switch s.conf.remoteAS {
	case "external":
		return asn != s.r.bgp.asn
	case "internal":
		return asn == s.r.bgp.asn
	}
	want, _ := parseASN(s.conf.remoteAS)
	return asn == want
}

// blocked is what stands in the way, at either end or between them.
func (s *session) blocked() (o *obstacle, said string) {
	if o := s.local(); o != nil {
		return o, ""
	}
	t := s.far()
	if t == nil {
		return &noOpen, ""
	}
	if o := t.local(); o != nil {
		if o == &adminDown || o == &tooMany {
			return &noOpen, ""
		}
		return &noAnswer, ""
	}
	if s.r.frozen("bgpd") || t.r.frozen("bgpd") {
		return &noAnswer, ""
	}
	if s.r.dev.drops(dropBGP, s.port()) || t.r.dev.drops(dropBGP, t.port()) || s.conf.password != t.conf.password {
		return &noAnswer, ""
	}
	both := false
	for f := range s.conf.families {
		both = both || s.conf.families[f].active && t.conf.families[f].active
	}
	switch {
	case !s.accepts(t.localASN()):
		return &noteSent, "OPEN Message Error/Bad Peer AS"
	case !t.accepts(s.localASN()):
		return &noteGot, "OPEN Message Error/Bad Peer AS"
	case !both:
		return &noteGot, "OPEN Message Error/Unsupported Capability"
	case s.r.bgp.asn == t.r.bgp.asn && s.r.id() == t.r.id():
		return &noteGot, "OPEN Message Error/Bad BGP Identifier"
	}
	return nil, ""
}
