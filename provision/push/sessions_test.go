package push

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/render"
)

// router gives a box a vtysh whose bgpd has one peer on swp1, in the state that
// stands in run/state.
func (b *box) router(asn uint32, peer string) {
	b.write("run/state", "Active")
	b.tool("vtysh", fmt.Sprintf(`cat <<END
box# show version
FRRouting 8.4.4 (%s).
box# show bgp summary json
{"ipv4Unicast":{"routerId":"10.1.1.1","as":%d,"peers":{"%s":{"remoteAs":65001,"state":"$(cat %s)"}}}}
END
`, b.name, asn, peer, b.path("run/state")))
}

// pair is two routers with a session between them.
func pair(s *shop) (a, b *box, targets []Target, units []render.Unit) {
	a, b = s.box("leaf1"), s.box("spine1")
	for i, box := range []*box{a, b} {
		box.router(65001, "swp1")
		t := box.target("x\n")
		t.Device.Routing = model.Routing{ASN: 65001, Peers: []model.Peer{{Port: "swp1", Device: []string{"spine1", "leaf1"}[i]}}}
		targets, units = append(targets, t), append(units, box.unit())
	}
	return a, b, targets, units
}

func TestSessionsComeUp(t *testing.T) {
	s := newShop(t)
	a, b, targets, units := pair(s)
	unit := &units[1] // once the second device is live, both ends come up
	unit.Apply += fmt.Sprintf("; echo Established >%s; echo Established >%s", a.path("run/state"), b.path("run/state"))
	l := s.push(t.Context(), Options{Units: units}, targets...)
	for name, r := range l.reports {
		if r.Result != Changed || r.Note != "" {
			t.Errorf("%s: %q %s %s", name, r.Result, r.Error, r.Note)
		}
	}
}

// A session that does not come up is told, and nothing is taken back.
func TestSessionMissing(t *testing.T) {
	s := newShop(t)
	_, _, targets, units := pair(s)
	l := s.push(t.Context(), Options{Units: units, Sessions: 500 * time.Millisecond}, targets...)
	for name, r := range l.reports {
		if r.Result != Changed || !strings.Contains(r.Note, "not Established after 500ms: swp1 to") {
			t.Errorf("%s: %q %s %s", name, r.Result, r.Error, r.Note)
		}
	}
}

// A session whose far end is not in the push, or failed, is not waited for.
func TestSessionOutsideThePush(t *testing.T) {
	s := newShop(t)
	_, _, targets, units := pair(s)
	l := s.push(t.Context(), Options{Units: units}, targets[0])
	if r := l.reports["leaf1"]; r.Result != Changed || r.Note != "" {
		t.Errorf("%q %s %s", r.Result, r.Error, r.Note)
	}
	targets[1].Artifacts[0].Body = []byte("BROKEN\n")
	targets[0].Artifacts[0].Body = []byte("y\n")
	l = s.push(t.Context(), Options{Units: units}, targets...)
	if r := l.reports["leaf1"]; r.Result != Changed || r.Note != "" {
		t.Errorf("%q %s %s", r.Result, r.Error, r.Note)
	}
	if r := l.reports["spine1"]; r.Result != RolledBack {
		t.Errorf("%q %s", r.Result, r.Error)
	}
}

// A router that runs something else than was asked has its files put back.
func TestRouterIsNotAsAsked(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*box)
		says  string
	}{
		{"wrong ASN", func(b *box) { b.router(65099, "swp1") }, "has ASN 65099, not 65001"},
		{"unknown peer", func(b *box) { b.router(65001, "swp9") }, "does not know the peer on swp1 (spine1)"},
		{"bgpd dead", func(b *box) { b.tool("vtysh", "echo 'box# show bgp summary json'; echo 'bgpd is not running'; exit 1") }, "bgpd is not running"},
		{"no router", func(b *box) { b.tool("vtysh", "echo 'Exiting: failed to connect to any daemons.'; exit 1") }, "FRR does not run"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.at.settle = 500 * time.Millisecond
			a, _, targets, units := pair(s)
			standing(a, "old\n")
			tt.spoil(a)
			l := s.push(t.Context(), Options{Units: units}, targets[0])
			if r := l.reports["leaf1"]; r.Result != RolledBack || !strings.Contains(r.Error, tt.says) || a.read("run/app") != "old\n" {
				t.Errorf("%q %s, %q runs", r.Result, r.Error, a.read("run/app"))
			}
		})
	}
}
