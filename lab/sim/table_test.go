package sim

import (
	"net/netip"
	"slices"
	"testing"
	"unsafe"
)

// A thousand devices have two million entries and four million paths: a byte
// more in one of them is megabytes, and a gibibyte is all there is.
func TestTableIsSmall(t *testing.T) {
	for _, c := range []struct {
		what      string
		size, max uintptr
	}{
		{"an entry", unsafe.Sizeof(entry{}), 80},
		{"a path", unsafe.Sizeof(bgpPath{}), 16},
		{"a decision", unsafe.Sizeof(decision{}), 16},
	} {
		if c.size > c.max {
			t.Errorf("%s has %d bytes, more than %d", c.what, c.size, c.max)
		}
	}
	var e entry
	for range 193 {
		e.add(bgpPath{}, 193)
	}
	if cap(e.paths) != 193 {
		t.Errorf("193 paths, of 193 peers, take the room of %d", cap(e.paths))
	}
}

// A table is printed as bgpd's: by address, and what holds more comes first. It
// may change while it is looked through.
func TestTableOrder(t *testing.T) {
	r := &router{dev: &device{world: &world{}}}
	r.clear()
	want := []string{"0.0.0.0/0", "10.1.0.0/16", "10.1.0.0/24", "10.1.2.1/32", "10.1.10.1/32", "2001:db8::/64", "fd00::1/128"}
	for _, i := range []int{3, 5, 0, 6, 2, 4, 1} {
		r.put(netip.MustParsePrefix(want[i]), nil, &attrs{})
	}
	var got []string
	for p := range r.entries() {
		got = append(got, p.String())
		r.put(netip.PrefixFrom(netip.AddrFrom4([4]byte{9, 0, 0, byte(len(got))}), 32), nil, &attrs{})
	}
	if !slices.Equal(got, want) {
		t.Errorf("the table is %v, not %v", got, want)
	}
}

// What a peer is told of a prefix is what was decided on last, also where paths
// came and went since: else it would stay told of one that is used no more.
func TestToldWhileUndecided(t *testing.T) {
	w := &world{}
	router := func(asn uint32) *router {
		r := &router{dev: &device{world: w}, bgp: &bgpConf{asn: asn, compareID: true}}
		r.clear()
		return r
	}
	r, peer := router(65000), router(65009)
	both := func(conf *peerConf) *peerConf {
		conf.families[0].active = true
		return conf
	}
	there := &session{r: r, conf: both(&peerConf{key: "10.0.0.9"}), state: established, peerASN: 65009}
	here := &session{r: peer, conf: both(&peerConf{key: "10.0.0.1"}), state: established, peerASN: 65000, mirror: there}
	there.mirror = here
	r.sessions, peer.sessions = []*session{there}, []*session{here}
	p := netip.MustParsePrefix("10.1.1.1/32")
	source := func(asn uint32) *session { return &session{r: r, conf: &peerConf{}, peerASN: asn} }
	longer, shorter := source(65001), source(65002)
	best := &attrs{as: []uint32{65002}, med: -1, pref: 100}
	r.put(p, shorter, best)
	r.put(p, longer, &attrs{as: []uint32{65001, 65001}, med: -1, pref: 100})
	w.converge()
	path := func() string { return peer.entry(p).paths[0].asText() }
	if got := path(); got != "65000 65002" {
		t.Fatalf("the peer is told %q", got)
	}
	// The best path goes and comes back before that is decided on, and meanwhile
	// the peer asks for all.
	r.put(p, shorter, nil)
	r.put(p, shorter, best)
	there.tellAll()
	w.converge()
	if got := path(); got != "65000 65002" {
		t.Errorf("the peer is told %q afterwards", got)
	}
}
