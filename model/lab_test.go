//go:build linux

package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"closup/assets"
	"closup/lab/labtest"
	"closup/lab/netns"
	"closup/model"
	"closup/provision/push"
	"closup/provision/ssh"
)

// The prediction against real FRR: every path that is used, on every device,
// of every preset and of two fabrics that no one would build, and again while
// links and devices are down.

func TestMain(m *testing.M) {
	os.Exit(labtest.Main(m))
}

// site is a lab of a fabric, configured.
type site struct {
	*testing.T
	plan *model.Plan
	lab  *netns.Lab
}

// newSite brings a lab up and configures it.
func newSite(t *testing.T, file string, data []byte) site {
	t.Helper()
	s := site{T: t, plan: plan(t, file, data)}
	s.plan.Name = "predict-" + s.plan.Name // labs go by their name; the preset's own may be up
	s.lab = labtest.Up(t, s.plan, netns.Options{})
	for e := range push.Run(t.Context(), ssh.New(ssh.Config{}), labtest.Targets(t, s.plan, s.lab), push.Options{}) {
		if e.Kind == push.Done && e.Report.Result != push.Changed {
			t.Errorf("%s is %s: %s", e.Device, e.Report.Result, e.Report.Error)
		}
	}
	return s
}

// holds waits until every device that is up holds what is predicted with f
// down, and nothing else.
func (s site) holds(what string, f model.Failure) {
	s.Helper()
	want := map[string]string{}
	for _, r := range s.plan.RoutesWithout(f) {
		want[r.Device+" "+r.Prefix.String()] = s.predicted(r)
	}
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	last := "no answer yet"
	for {
		switch got, err := s.tables(ctx, f); {
		case err == nil:
			if last = cmp.Diff(want, got); last == "" {
				s.Logf("%s: %d routes are as predicted", what, len(want))
				return
			}
		case ctx.Err() == nil:
			last = err.Error()
		}
		select {
		case <-ctx.Done():
			s.Fatalf("%s: predicted (-) and held by FRR (+):\n%s", what, last)
		case <-tick.C:
		}
	}
}

// predicted spells a route so that it can be compared: the path told further
// first, unless nobody can say which that is.
func (s site) predicted(r model.Route) string {
	paths := strings.Split(spell(r.Paths), " | ")
	if s.tied(r.Device, r.Paths) {
		slices.Sort(paths)
	} else {
		slices.Sort(paths[1:])
	}
	return strings.Join(paths, " | ")
}

// tied says whether two of the paths come from routers with one router-id, or
// from outside.
func (s site) tied(device string, paths []model.Path) bool {
	d, _ := s.plan.Device(device)
	seen := map[string]bool{}
	for _, y := range paths {
		i := slices.IndexFunc(d.Ports, func(p model.Port) bool { return p.Name == y.Port })
		if i >= 0 {
			if seen[d.Ports[i].Peer] {
				return true
			}
			seen[d.Ports[i].Peer] = true
		}
	}
	return false
}

// tables asks FRR on every device that is up.
func (s site) tables(ctx context.Context, f model.Failure) (map[string]string, error) {
	out := map[string]string{}
	for i := range s.plan.Devices {
		d := &s.plan.Devices[i]
		if slices.Contains(f.Devices, d.Name) {
			continue
		}
		var neighbors map[string]struct{ BgpNeighborAddr string }
		var v4, v6 bgpTable
		if err := s.ask(ctx, d.Name, "show bgp neighbors json", &neighbors, "show bgp ipv4 unicast json", &v4, "show bgp ipv6 unicast json", &v6); err != nil {
			return nil, err
		}
		ports := map[string]string{"(unspec)": "", "::": ""}
		for _, peer := range d.Routing.Peers {
			ports[neighbors[peer.Key()].BgpNeighborAddr] = peer.Port
			if peer.Address.IsValid() {
				ports[peer.Address.String()] = peer.Port
			}
		}
		for _, t := range []bgpTable{v4, v6} {
			if err := s.table(d, t, ports, out); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// bgpTable is `show bgp ipv4 unicast json`.
type bgpTable struct {
	Routes map[netip.Prefix][]struct {
		Bestpath, Multipath bool
		PeerID              string `json:"peerId"`
		Path                string
	}
}

func (s site) table(d *model.Device, bgp bgpTable, ports map[string]string, into map[string]string) error {
	for prefix, held := range bgp.Routes {
		var best, others []string
		var paths []model.Path
		for _, y := range held {
			port, known := ports[y.PeerID]
			if !known {
				return fmt.Errorf("%s has a path from %s, which is no neighbor", d.Name, y.PeerID)
			}
			text := strings.TrimSpace(port + " " + s.unknown(y.Path))
			if y.Bestpath {
				best = append(best, text)
			} else if y.Multipath {
				others = append(others, text)
			}
			if y.Bestpath || y.Multipath {
				paths = append(paths, model.Path{Port: port})
			}
		}
		if len(best) == 0 {
			continue
		}
		if s.tied(d.Name, paths) {
			best, others = nil, append(others, best...)
		}
		slices.Sort(others)
		into[d.Name+" "+prefix.String()] = strings.Join(append(best, others...), " | ")
	}
	return nil
}

// unknown writes 0 for the ASN of an outside router that may have any.
func (s site) unknown(path string) string {
	const standIn = "64999"
	for _, session := range s.plan.Sessions {
		if session.Peer == model.External && session.PeerASN == 0 {
			return strings.ReplaceAll(path, standIn, "0")
		}
	}
	return path
}

// ask runs vtysh as root in the device: commands, each with what its JSON is
// read into.
func (s site) ask(ctx context.Context, device string, asked ...any) error {
	argv := []string{"vtysh"}
	for i := 0; i < len(asked); i += 2 {
		argv = append(argv, "-c", asked[i].(string))
	}
	var out, stderr bytes.Buffer
	status, err := s.lab.Exec(ctx, device, argv, nil, &out, &stderr)
	if err == nil && status != 0 {
		err = errors.New(stderr.String())
	}
	answers := json.NewDecoder(&out)
	for i := 1; i < len(asked) && err == nil; i += 2 {
		err = answers.Decode(asked[i])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", device, err)
	}
	return nil
}

// breakdown is what goes down in a preset: links, one after another, and then
// a device.
type breakdown struct {
	links  []model.End
	device string
}

var breakdowns = map[string]breakdown{
	"reference":  {[]model.End{{Device: "leaf01", Port: "swp51"}, {Device: "border01", Port: "swp54"}}, "spine02"},
	"three-tier": {[]model.End{{Device: "leaf1", Port: "swp52"}, {Device: "spine3", Port: "swp51"}}, "leaf4"},
}

func TestLabPresets(t *testing.T) {
	for _, name := range assets.Presets() {
		t.Run(name, func(t *testing.T) {
			data, err := assets.Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(t, name, data)
			s.holds("healthy", model.Failure{})
			if c, ok := breakdowns[name]; ok {
				s.fails(c)
			}
		})
	}
}

func (s site) fails(c breakdown) {
	s.Helper()
	var down model.Failure
	for _, end := range c.links {
		if err := s.lab.SetLink(end.Device, end.Port, false); err != nil {
			s.Fatal(err)
		}
		down.Links = append(down.Links, end)
		s.holds("without "+end.String(), down)
	}
	if err := s.lab.PowerOff(s.Context(), c.device); err != nil {
		s.Fatal(err)
	}
	down.Devices = []string{c.device}
	s.holds("without "+c.device+" as well", down)
	if len(s.plan.Losses(down)) == 0 {
		s.Error("nothing is said to be lost")
	}
}

func TestLabOddFabrics(t *testing.T) {
	files, err := filepath.Glob("testdata/lab/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fabrics: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			newSite(t, file, data).holds("healthy", model.Failure{})
		})
	}
}
