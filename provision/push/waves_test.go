package push

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"closup/assets"
	"closup/model"
	"closup/provision/fake"
	"closup/render"
)

func fabricOf(t *testing.T, text string) []model.Device {
	t.Helper()
	f, err := model.Load("fabric.yaml", []byte(text))
	must(t, err)
	plan, _ := model.NewPlan(f)
	return plan.Devices
}

func preset(t *testing.T, name string) []model.Device {
	t.Helper()
	text, err := assets.Preset(name)
	must(t, err)
	return fabricOf(t, string(text))
}

func all(devices []model.Device) (names []string, carries map[string]bool) {
	carries = map[string]bool{}
	for _, d := range devices {
		names, carries[d.Name] = append(names, d.Name), true
	}
	return names, carries
}

func written(waves []wave) string {
	var out []string
	for _, w := range waves {
		text := strings.Join(w.names, " ")
		if w.canary {
			text += "!"
		}
		out = append(out, text)
	}
	return strings.Join(out, " | ")
}

const dual = `version: 1
name: dual
asn: {spines: 65020+, leafs: 65101+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}
spines: [{name: "spine[1-2]"%s}]
leafs: [{name: "leaf[1-4]"%s}]
nodes: [{name: "n[1-3]", homes: 2, roles: [control-plane]%s}]
links:
  - spine1:swp1 leaf1:swp51
  - spine1:swp2 leaf2:swp51
  - spine1:swp3 leaf3:swp51
  - spine1:swp4 leaf4:swp51
  - spine2:swp1 leaf1:swp52
  - spine2:swp2 leaf2:swp52
  - spine2:swp3 leaf3:swp52
  - spine2:swp4 leaf4:swp52
  - leaf1:swp1 n1:eth1
  - leaf2:swp1 n1:eth2
  - leaf1:swp2 n2:eth1
  - leaf2:swp2 n2:eth2
  - leaf3:swp1 n3:eth1
  - leaf4:swp1 n3:eth2
`

func TestOrder(t *testing.T) {
	plain := fabricOf(t, fmt.Sprintf(dual, "", "", ""))
	inband := fabricOf(t, fmt.Sprintf(dual, `, mgmt: "10.1.2.[1-2]"`, `, mgmt: "10.1.1.[1-4]"`, `, mgmt: "10.1.3.[1-3]"`))
	names, carries := all(plain)
	for _, tt := range []struct {
		name    string
		fabric  []model.Device
		asked   []string
		carries map[string]bool
		want    string
	}{
		// Members of etcd one at a time; a leaf of each pair; a spine.
		{"all carry", plain, names, carries, "leaf1! | spine1! | n1 | n2 | n3 | leaf2 leaf3 | leaf4 | spine2"},
		{"none carries", plain, names, nil, strings.Join(names, " ")},
		{"one carries", plain, []string{"spine1", "leaf1", "leaf2"}, map[string]bool{"leaf2": true}, "spine1 leaf1 | leaf2!"},
		{"a node alone", plain, []string{"n1"}, carries, "n1"},
		{"in-band, first install: the far end first", inband, names, nil, "n1 n2 n3 | leaf1 leaf2 leaf3 leaf4 | spine1 spine2"},
		{"in-band", inband, names, carries, "leaf1! | spine1! | n1 | n2 | n3 | leaf2 leaf3 | leaf4 | spine2"},
	} {
		if got := written(order(tt.fabric, slices.Clone(tt.asked), tt.carries)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Of any devices of any fabric that carry traffic, no wave takes both uplinks of
// a device that stays, nor two planes, nor a majority of etcd; each device has
// its turn once.
func TestOrderIsSafe(t *testing.T) {
	fabrics := map[string][]model.Device{"dual": fabricOf(t, fmt.Sprintf(dual, "", "", ""))}
	for _, name := range []string{"article", "reference", "three-tier", "dual-stack"} {
		fabrics[name] = preset(t, name)
	}
	for name, devices := range fabrics {
		byName := map[string]model.Device{}
		for _, d := range devices {
			byName[d.Name] = d
		}
		every, carries := all(devices)
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				var asked []string
				for _, n := range every {
					if rapid.IntRange(0, 3).Draw(t, n) > 0 {
						asked = append(asked, n)
					}
				}
				var got []string
				for _, w := range order(devices, asked, carries) {
					got = append(got, w.names...)
					if why := unsafe(byName, w.names); why != "" {
						t.Fatalf("wave %v: %s", w.names, why)
					}
				}
				slices.Sort(got)
				slices.Sort(asked)
				if !slices.Equal(got, asked) {
					t.Fatalf("%v have their turn, %v were asked", got, asked)
				}
			})
		})
	}
}

// unsafe says what is wrong with changing these together, written without a
// look at order.
func unsafe(all map[string]model.Device, down []string) string {
	planes := map[string]bool{}
	for _, name := range down {
		if d := all[name]; d.Role == model.Spine || d.Role == model.Superspine {
			planes[d.Plane] = true
		}
	}
	if len(planes) > 1 {
		return "two planes"
	}
	members, cut := 0, 0
	for name, d := range all {
		up, lost := 0, 0
		for _, p := range d.Ports {
			if p.Up && p.Kind != model.ExternalPort {
				up++
				if slices.Contains(down, p.Peer) {
					lost++
				}
			}
		}
		is := slices.Contains(down, name)
		if !is && up > 1 && lost == up {
			return "all uplinks of " + name
		}
		if slices.Contains(d.Roles, "control-plane") {
			members++
			if is || up > 0 && lost == up {
				cut++
			}
		}
	}
	if len(down) > 1 && cut > 1 && cut*2 >= members {
		return "a majority of etcd"
	}
	return ""
}

// The checker of the test above finds what it is for.
func TestUnsafe(t *testing.T) {
	all := map[string]model.Device{}
	for _, d := range fabricOf(t, fmt.Sprintf(dual, "", "", "")) {
		all[d.Name] = d
	}
	for down, want := range map[string]string{
		"leaf1 leaf2": "all uplinks of n", "spine1 spine2": "all uplinks of leaf", "n1 n2": "a majority", "leaf2 leaf3": "", "spine1": "", "n1": "",
	} {
		if got := unsafe(all, strings.Fields(down)); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", down, got, want)
		}
	}
}

func TestBudget(t *testing.T) {
	for devices, want := range map[int]int{1: 1, 10: 1, 39: 1, 40: 2, 1000: 50} {
		if got := budget(devices); got != want {
			t.Errorf("of %d devices %d may fail, want %d", devices, got, want)
		}
	}
}

// clos is boxes that carry traffic: two spines, two leafs.
func clos(s *shop) (boxes map[string]*box, targets []Target, units []render.Unit) {
	boxes = map[string]*box{}
	for _, row := range [][3]string{{"leaf1", "spine1", "spine2"}, {"leaf2", "spine1", "spine2"}, {"spine1", "leaf1", "leaf2"}, {"spine2", "leaf1", "leaf2"}} {
		b := s.box(row[0])
		standing(b, "old\n")
		b.router(65001, "swp1")
		b.write("run/state", "Established")
		tg := b.target("new\n")
		tg.Device.Role = map[string]model.Role{"l": model.Leaf, "s": model.Spine}[row[0][:1]]
		for i, peer := range row[1:] {
			tg.Device.Ports = append(tg.Device.Ports, model.Port{Name: fmt.Sprint("swp", i+1), Peer: peer, Kind: model.FabricPort, Up: tg.Device.Role == model.Leaf})
		}
		tg.Device.Routing = model.Routing{ASN: 65001, Peers: []model.Peer{{Port: "swp1", Device: row[1]}}}
		boxes[row[0]], targets, units = b, append(targets, tg), append(units, b.unit())
	}
	return boxes, targets, units
}

// 19: a canary that fails is the last that was begun; nothing else is touched.
func TestCanaryFails(t *testing.T) {
	t.Parallel()
	for _, canary := range []string{"leaf1", "spine1"} {
		t.Run(canary, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			boxes, targets, units := clos(s)
			for i := range targets {
				if targets[i].Device.Name == canary {
					targets[i].Artifacts[0].Body = []byte("BROKEN\n")
				}
			}
			watches := map[string]*watch{}
			for _, tg := range targets {
				watches[tg.Device.Name] = boxes[tg.Device.Name].watch(19, tg)
			}
			l := s.push(t.Context(), Options{Units: units}, targets...)
			for name, b := range boxes {
				want, file, says := Skipped, "old\n", "since "+canary+", which went first, failed"
				switch {
				case name == canary:
					want, says = RolledBack, "the old files are back"
				case canary == "spine1" && name == "leaf1": // its turn came before
					want, file, says = Changed, "new\n", ""
				}
				r := l.reports[name]
				watches[name].ended(r.Result)
				if r.Result != want || !strings.Contains(r.Error, says) || b.read("etc/app.conf") != file || b.read("run/app") != file {
					t.Errorf("%s is %q, want %q: %s; it has %q and runs %q", name, r.Result, want, r.Error, b.read("etc/app.conf"), b.read("run/app"))
				}
			}
		})
	}
}

// A device that did not come back counts as down: the other uplink of those
// that hung on it is not touched.
func TestDownCounts(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	boxes, targets, units := clos(s)
	dead := targets[2] // spine1
	dead.Device.Name, dead.Endpoint.Device = "spine0", "spine0"
	s.Set("spine0", func(fake.Command) int { return -1 })
	for i := range targets[:2] {
		targets[i].Device.Ports[0].Peer = "spine0"
	}
	l := s.push(t.Context(), Options{Units: units, Sessions: time.Second}, targets[0], targets[1], dead, targets[3])
	want := map[string]Result{"leaf1": Changed, "leaf2": Changed, "spine0": Failed, "spine2": Skipped}
	for name, result := range want {
		if r := l.reports[name]; r.Result != result {
			t.Errorf("%s is %q, want %q: %s", name, r.Result, result, r.Error)
		}
	}
	if r := l.reports["spine2"]; !strings.Contains(r.Error, "since spine0 did not come back") || boxes["spine2"].read("run/app") != "old\n" {
		t.Errorf("%s; it runs %q", r.Error, boxes["spine2"].read("run/app"))
	}
}
