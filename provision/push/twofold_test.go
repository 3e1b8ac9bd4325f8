package push

import (
	"strings"
	"testing"
	"time"

	"closup/model"
)

// conf is a router's configuration with one neighbor.
func conf(asn string, lines ...string) string {
	return "router bgp " + asn + "\n neighbor fabric peer-group\n neighbor fabric remote-as external\n neighbor swp1 interface peer-group fabric\n" + strings.Join(append(lines, ""), "\n")
}

func TestMeet(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b string
		want bool
	}{
		{"alike", conf("65001"), conf("65002"), true},
		{"one ASN", conf("65001"), conf("65001"), false},
		{"asdot", conf("1.10"), conf("65546"), false},
		{"a password", conf("65001", " neighbor swp1 password x"), conf("65002"), false},
		{"the group's password", conf("65001", " neighbor fabric password x"), conf("65002", " neighbor swp1 password x"), true},
		{"another password", conf("65001", " neighbor swp1 password x"), conf("65002", " neighbor swp1 password y"), false},
		{"wanted by number", conf("65001", " neighbor swp1 remote-as 65002"), conf("65002"), true},
		{"wanted by another", conf("65001", " neighbor swp1 interface remote-as 65009"), conf("65002"), false},
		{"hops", conf("65001", " neighbor swp1 ttl-security hops 1"), conf("65002"), false},
		{"nobody there", conf("65001"), "router bgp 65002\n", false},
	} {
		if got := meet(sideOf([]byte(tt.a), "swp1"), sideOf([]byte(tt.b), "swp1")); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// Both ends of a session have a password that is no longer asked. Who is changed
// first loses the session and keeps its new configuration; who is changed last
// must have it up. If that fails, or the first did, none that is verified after
// that keeps what would leave the session down.
func TestPasswordOfBothEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		comesUp     bool
		leaf, spine Result
		body        string // of the leaf
	}{
		{"both", true, Changed, Changed, conf("65001")},
		{"it does not come up", false, Changed, RolledBack, conf("65001")},
		{"the first fails", true, Failed, RolledBack, conf("65001") + "BAD\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, b, targets, units := pair(s)
			for i, box := range []*box{a, b} {
				asn := []string{"65001", "65002"}[i]
				box.router(map[string]uint32{"65001": 65001, "65002": 65002}[asn], "swp1")
				box.write("run/state", "Established")
				standing(box, conf(asn, " neighbor swp1 password x"))
				targets[i].Artifacts[0].Body = []byte(conf(asn))
				r := &targets[i].Device.Routing
				targets[i].Device.Role = []model.Role{model.Leaf, model.Spine}[i] // canaries, one after the other
				r.ASN, r.Peers[0].DevicePort = uint32(65001+i), "swp1"
				units[i].Apply = "if grep -q password " + box.path("run/app") + "; then echo Active >" + box.path("run/state") + "; fi; " + units[i].Apply
			}
			targets[0].Artifacts[0].Body = []byte(tt.body)
			if tt.comesUp { // once the other is live
				units[1].Apply += "; grep -q password " + a.path("run/app") + " || for s in " + a.path("run/state") + " " + b.path("run/state") + "; do echo Established >$s; done"
			}
			watches := []*watch{a.watch(0, targets[0]), b.watch(0, targets[1])}
			l := s.push(t.Context(), Options{Units: units, Sessions: time.Second}, targets...)
			for i, want := range []Result{tt.leaf, tt.spine} {
				r := l.reports[[]string{"leaf1", "spine1"}[i]]
				if r.Result != want {
					t.Errorf("%s is %q, want %q: %s", r.Name, r.Result, want, r.Error)
				}
				watches[i].ended(r.Result)
			}
			if r := l.reports["leaf1"]; tt.leaf == Changed && !strings.Contains(r.Note, "its session on swp1 comes up once spine1 is changed too") {
				t.Errorf("the note is %q", r.Note)
			}
		})
	}
}
