package push

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/render"
)

// router gives a box a vtysh whose bgpd has one peer, in the state that stands
// in run/state, with as many prefixes as run/prefixes says.
func (b *box) router(asn uint32, peer string) {
	b.write("run/state", "Active")
	b.write("run/prefixes", "0")
	b.tool("vtysh", fmt.Sprintf(`cat <<END
box# show version
FRRouting 8.4.4 (%s).
box# show bgp summary json
{"ipv4Unicast":{"routerId":"10.1.1.1","as":%d,"peers":{"%s":{"remoteAs":65001,"state":"$(cat %s)","pfxRcd":$(cat %s)}}}}
END
`, b.name, asn, peer, b.path("run/state"), b.path("run/prefixes")))
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
	t.Parallel()
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

// A session of which both ends are in the push, and which stays down, fails the
// verification of whoever is verified last; the first may have been alone then.
func TestNewSessionStaysDown(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	a, b, targets, units := pair(s)
	l := s.push(t.Context(), Options{Units: units, Sessions: 2 * time.Second, Parallel: 1}, targets...)
	n := map[Result]int{}
	for _, box := range []*box{a, b} {
		r := l.reports[box.name]
		n[r.Result]++
		want := map[Result]string{Changed: "x\n", RolledBack: "-"}[r.Result]
		if box.read("etc/app.conf") != want || box.read("run/app") != want {
			t.Errorf("%s is %q, has %q and runs %q", box.name, r.Result, box.read("etc/app.conf"), box.read("run/app"))
		}
		if r.Result == RolledBack && !strings.Contains(r.Error, ", though both ends hold what was asked: swp1 to ") {
			t.Error(r.Error)
		}
	}
	if n[Changed] != 1 || n[RolledBack] != 1 {
		t.Errorf("%v", n)
	}
}

// A port without a link is told and fails nothing; one that is set down is
// no excuse.
func TestSessionWithoutALink(t *testing.T) {
	t.Parallel()
	for flags, want := range map[string]Result{"0x1003": Changed, "0x1002": RolledBack} {
		t.Run(flags, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, b, targets, units := pair(s)
			for _, box := range []*box{a, b} {
				box.tool("cat", `case "$*" in */swp1/carrier*) echo 0; echo `+flags+` ;; *) exec /bin/cat "$@" ;; esac`)
			}
			l := s.push(t.Context(), Options{Units: units, Sessions: 2 * time.Second, Parallel: 1}, targets...)
			n := map[Result]int{}
			for name, r := range l.reports {
				n[r.Result]++
				if want == Changed && !strings.Contains(r.Note, "swp1 to") {
					t.Errorf("%s: %q %s %s", name, r.Result, r.Error, r.Note)
				}
			}
			if want == Changed && n[Changed] != 2 || want != Changed && n[want] != 1 {
				t.Errorf("%v", n)
			}
		})
	}
}

// A session that was down before, and of which one end alone changes, is not
// this push's affair; one that was up must be up again.
func TestSessionOfOneEnd(t *testing.T) {
	t.Parallel()
	for was, want := range map[string]Result{"Active": Changed, "Established": RolledBack} {
		t.Run(was, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, b, targets, units := pair(s)
			targets[1].Artifacts[0].Body = []byte("x\n")
			for _, box := range []*box{a, b} {
				box.write("run/state", "Established")
			}
			s.push(t.Context(), Options{Units: units}, targets...)
			a.write("run/state", was)
			targets[0].Artifacts[0].Body = []byte("y\n")
			units[0].Apply += "; echo Active >" + a.path("run/state")
			l := s.push(t.Context(), Options{Units: units, Sessions: time.Second}, targets...)
			if r := l.reports["leaf1"]; r.Result != want || want == RolledBack && !strings.Contains(r.Error, " after the change: swp1 to spine1") {
				t.Errorf("%q %s", r.Result, r.Error)
			}
		})
	}
}

// A session must bring at least as much as before, or as is predicted if that
// is less.
func TestPrefixes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		before, after, predicted int // predicted -1: nobody can tell
		want                     Result
	}{
		{5, 5, 9, Changed},
		{5, 7, 9, Changed},
		{5, 3, 3, Changed}, // a part of the fabric is gone, as asked
		{5, 3, 4, RolledBack},
		{5, 3, 9, RolledBack},
		{5, 4, -1, RolledBack},
		{0, 0, 9, Changed}, // it brought nothing before either
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, b, targets, units := pair(s)
			standing(a, "old\n")
			b.write("run/state", "Established")
			a.write("run/state", "Established")
			a.write("run/prefixes", fmt.Sprint(tt.before))
			units[0].Apply += fmt.Sprintf("; if grep -q x %s; then echo %d >%s; fi", a.path("run/app"), tt.after, a.path("run/prefixes"))
			o := Options{Units: units, Sessions: time.Second}
			if tt.predicted >= 0 {
				o.Predict = func(string) map[string]int { return map[string]int{"swp1": tt.predicted, "other": 99} }
			}
			r := s.push(t.Context(), o, targets[0]).reports["leaf1"]
			want := map[Result]string{Changed: "x\n", RolledBack: "old\n"}[tt.want]
			if r.Result != tt.want || a.read("etc/app.conf") != want || a.read("run/app") != want {
				t.Errorf("%q, want %q: %s; %q runs", r.Result, tt.want, r.Error, a.read("run/app"))
			}
			if least := min(tt.before, tt.predicted); tt.want == RolledBack && tt.predicted >= 0 &&
				!strings.Contains(r.Error, fmt.Sprintf("swp1 to spine1 brings %d prefixes, not %d", tt.after, least)) {
				t.Error(r.Error)
			}
		})
	}
}

// A session whose far end is not in the push, or failed, is not waited for.
func TestSessionOutsideThePush(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
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
			w := a.watch(15, targets[0])
			tt.spoil(a)
			l := s.push(t.Context(), Options{Units: units}, targets[0])
			if r := l.reports["leaf1"]; r.Result != RolledBack || !strings.Contains(r.Error, tt.says) || a.read("run/app") != "old\n" {
				t.Errorf("%q %s, %q runs", r.Result, r.Error, a.read("run/app"))
			}
			w.ended(l.reports["leaf1"].Result)
		})
	}
}
