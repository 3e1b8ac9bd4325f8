package model_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/assets"
	"closup/model"
)

// plan plans a fabric that must load.
func plan(t testing.TB, file string, data []byte) *model.Plan {
	t.Helper()
	f, err := model.Load(file, data)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	return p
}

func planOf(t testing.TB, file string) *model.Plan {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return plan(t, file, data)
}

func preset(t testing.TB, name string) *model.Plan {
	t.Helper()
	data, err := assets.Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return plan(t, name, data)
}

// table is a device's routes as "prefix" -> "port as as | port as as", the
// path that is told further first.
func table(routes []model.Route, device string) map[string]string {
	out := map[string]string{}
	for _, r := range routes {
		if r.Device == device {
			out[r.Prefix.String()] = spell(r.Paths)
		}
	}
	return out
}

func spell(paths []model.Path) string {
	var out []string
	for _, p := range paths {
		words := []string{p.Port}
		for _, as := range p.AS {
			words = append(words, fmt.Sprint(as))
		}
		out = append(out, strings.TrimSpace(strings.Join(words, " ")))
	}
	return strings.Join(out, " | ")
}

// TestRoutesAgainstFRR compares the prediction with what FRR 8.4.4 really held:
// the same prefixes, the same paths used together, the same one told further.
func TestRoutesAgainstFRR(t *testing.T) {
	p := planOf(t, "testdata/live/fabric.yaml")
	for _, device := range []string{"spine1", "leaf1", "k8s1"} {
		var rows []model.Route
		for _, r := range p.Routes(device) {
			if !r.Pod { // the captured hosts had no pods yet
				rows = append(rows, r)
			}
		}
		if diff := cmp.Diff(captured(t, device), table(rows, device)); diff != "" {
			t.Errorf("%s: FRR (-) and the prediction (+) differ:\n%s", device, diff)
		}
	}
}

// captured reads `show bgp ipv4 unicast json` of a device, with the port of
// each path found by its neighbor's address.
func captured(t *testing.T, device string) map[string]string {
	t.Helper()
	var neighbors map[string]struct{ BgpNeighborAddr string }
	read(t, device+".neighbors.json", &neighbors)
	var bgp struct {
		Routes map[string][]struct {
			Bestpath, Multipath bool
			PeerID              string `json:"peerId"`
			Path                string
		}
	}
	read(t, device+".bgp.json", &bgp)
	ports := map[string]string{"(unspec)": ""}
	for port, n := range neighbors {
		ports[n.BgpNeighborAddr] = port
	}
	out := map[string]string{}
	for prefix, paths := range bgp.Routes {
		var best, others []string
		for _, path := range paths {
			text := strings.TrimSpace(ports[path.PeerID] + " " + path.Path)
			switch {
			case path.Bestpath:
				best = append(best, text)
			case path.Multipath:
				others = append(others, text)
			}
		}
		slices.Sort(others)
		out[prefix] = strings.Join(append(best, others...), " | ")
	}
	return out
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "live", name))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestRoutesOfSome: asking for one device gives the same rows as asking for
// all, in every preset.
func TestRoutesOfSome(t *testing.T) {
	for _, name := range assets.Presets() {
		p := preset(t, name)
		every := p.Routes()
		for _, d := range p.Devices {
			var want []model.Route
			for _, r := range every {
				if r.Device == d.Name {
					want = append(want, r)
				}
			}
			if diff := cmp.Diff(want, p.Routes(d.Name), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("%s: %s asked with all (-) and alone (+):\n%s", name, d.Name, diff)
			}
		}
	}
	if n := len(preset(t, "article").Routes("nobody")); n != 0 {
		t.Errorf("a device that is not there has %d routes", n)
	}
}
