package model_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"closup/model"
)

// naive is bgpd by the book: every device sends its best path to every peer,
// again and again, until nothing changes. It shares no code with the
// prediction and reads only Device.Routing.
type naive struct {
	p       *model.Plan
	byName  map[string]*model.Device
	tables  map[string][]naivePath // by device, of one prefix
	prefix  netip.Prefix
	failure model.Failure
}

type naivePath struct {
	port, from string
	as         []uint32
	id         netip.Addr
	best, own  bool
}

func newNaive(p *model.Plan, f model.Failure) *naive {
	n := &naive{p: p, byName: map[string]*model.Device{}, failure: f}
	for i := range p.Devices {
		n.byName[p.Devices[i].Name] = &p.Devices[i]
	}
	return n
}

func (n *naive) group(d *model.Device, peer model.Peer) model.PeerGroup {
	for _, g := range d.Routing.Groups {
		if g.Name == peer.Group {
			return g
		}
	}
	return model.PeerGroup{}
}

func (n *naive) isDown(device, port string) bool {
	return slices.Contains(n.failure.Devices, device) || slices.Contains(n.failure.Links, model.End{Device: device, Port: port})
}

func (n *naive) lists(d *model.Device, refs []model.PolicyRef) bool {
	for _, ref := range refs {
		if ref.V6 != n.prefix.Addr().Is6() {
			continue
		}
		i := slices.IndexFunc(d.Routing.PrefixLists, func(l model.PrefixList) bool { return l.Name == ref.List && l.V6 == ref.V6 })
		return i >= 0 && d.Routing.PrefixLists[i].Permits(n.prefix)
	}
	return true
}

func (n *naive) paths(d *model.Device, list string, as []uint32) bool {
	if list == "" {
		return true
	}
	text := strings.Trim(fmt.Sprint(as), "[]")
	for _, l := range d.Routing.PathLists {
		for _, re := range l.Regex {
			if l.Name == list && regexp.MustCompile(re).MatchString(text) {
				return true
			}
		}
	}
	return false
}

// own says whether the device originates the prefix.
func (n *naive) own(d *model.Device) bool {
	has := func(source string) bool {
		var from []netip.Prefix
		if source == "connected" {
			from = append(from, d.Loopbacks...)
		}
		return slices.Contains(append(from, d.PodCIDRs...), n.prefix)
	}
	for _, o := range d.Routing.Originate {
		if o.V6 != n.prefix.Addr().Is6() || !has(o.Source) {
			continue
		}
		for _, list := range o.Lists {
			if n.lists(d, []model.PolicyRef{{V6: o.V6, List: list}}) {
				return true
			}
		}
	}
	return false
}

// run computes one prefix on all devices.
func (n *naive) run(prefix netip.Prefix) {
	n.prefix, n.tables = prefix, map[string][]naivePath{}
	for round := 0; ; round++ {
		if round > 4*len(n.p.Devices)+8 {
			panic("no fixpoint")
		}
		next := map[string][]naivePath{}
		for i := range n.p.Devices {
			next[n.p.Devices[i].Name] = n.table(&n.p.Devices[i])
		}
		if fmt.Sprint(next) == fmt.Sprint(n.tables) {
			return
		}
		n.tables = next
	}
}

func (n *naive) table(d *model.Device) []naivePath {
	if n.isDown(d.Name, "") {
		return nil
	}
	var all []naivePath
	if n.own(d) {
		return []naivePath{{best: true, own: true}}
	}
	for _, peer := range d.Routing.Peers {
		if y, ok := n.hear(d, peer); ok {
			all = append(all, y)
		}
	}
	if len(all) == 0 {
		return nil
	}
	shortest := len(slices.MinFunc(all, func(a, b naivePath) int { return cmp.Compare(len(a.as), len(b.as)) }).as)
	all = slices.DeleteFunc(all, func(y naivePath) bool { return len(y.as) > shortest })
	best := 0
	for i := range all {
		if all[i].id.Less(all[best].id) {
			best = i
		}
	}
	all[best].best = true
	return all
}

// hear is what the device takes from a peer.
func (n *naive) hear(d *model.Device, peer model.Peer) (naivePath, bool) {
	g := n.group(d, peer)
	far, ours := n.byName[peer.Device]
	if !ours {
		return naivePath{}, false // no outside in these fabrics
	}
	if n.isDown(d.Name, peer.Port) || n.isDown(far.Name, peer.DevicePort) || far.ASN == d.ASN {
		return naivePath{}, false
	}
	i := slices.IndexFunc(far.Routing.Peers, func(p model.Peer) bool { return p.Port == peer.DevicePort })
	back := n.group(far, far.Routing.Peers[i])
	for _, y := range n.tables[far.Name] {
		if !y.best || !n.lists(far, back.Out) || !n.paths(far, back.PathOut, y.as) {
			continue
		}
		as := append([]uint32{far.ASN}, y.as...)
		loops := 0
		for _, a := range as {
			if a == d.ASN {
				loops++
			}
		}
		if loops > g.AllowASIn || !n.lists(d, g.In) || !n.paths(d, g.PathIn, as) {
			continue
		}
		return naivePath{port: peer.Port, from: far.Name, as: as, id: far.RouterID}, true
	}
	return naivePath{}, false
}

// anyFabric draws a small fabric: two or three tiers, any mixture of shared and
// own ASNs, cables missing, nodes with several homes.
func anyFabric(t *rapid.T) []byte {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	pods := rapid.IntRange(1, 2).Draw(t, "pods")
	rule := func(first, name string) string {
		return rapid.SampledFrom([]string{first, first + "+", first + "+pod"}).Draw(t, name)
	}
	say("name: any")
	say("asn: {superspines: 65401, spines: %s, leafs: %s, nodes: %s}", rule("65020", "spines"), rule("65101", "leafs"),
		rapid.SampledFrom([]string{"65801+", "64512"}).Draw(t, "nodes"))
	say("loopbacks: {superspines: 10.1.5.0/24, spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}")
	if rapid.Bool().Draw(t, "default") {
		say("hosts: {advertise: default}")
	}
	spines, leafs := rapid.IntRange(1, 3).Draw(t, "spines"), rapid.IntRange(1, 3).Draw(t, "leafs")
	list := map[string]*strings.Builder{}
	add := func(role, format string, args ...any) {
		if list[role] == nil {
			list[role] = &strings.Builder{}
		}
		fmt.Fprintf(list[role], "  - "+format+"\n", args...)
	}
	var links []string
	used := map[string]int{}
	join := func(a, b string) {
		if rapid.IntRange(0, 9).Draw(t, a+b) > 0 {
			used[a]++
			used[b]++
			links = append(links, fmt.Sprintf("%s:swp%d %s:swp%d", a, used[a], b, used[b]))
		}
	}
	supers := 0
	if pods > 1 {
		supers = rapid.IntRange(1, 2).Draw(t, "supers")
	}
	for i := range supers {
		add("superspines", "{name: super%d}", i+1)
	}
	for pod := range pods {
		for i := range spines {
			spine := fmt.Sprintf("spine%d", pod*spines+i+1)
			add("spines", "{name: %s, pod: p%d}", spine, pod)
			for k := range supers {
				join(fmt.Sprintf("super%d", k+1), spine)
			}
		}
		for i := range leafs {
			leaf := fmt.Sprintf("leaf%d", pod*leafs+i+1)
			add("leafs", "{name: %s, pod: p%d}", leaf, pod)
			for k := range spines {
				join(fmt.Sprintf("spine%d", pod*spines+k+1), leaf)
			}
		}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "nodes") {
		node := fmt.Sprintf("node%d", i+1)
		add("nodes", "{name: %s}", node)
		for range rapid.IntRange(1, 3).Draw(t, "homes") {
			join(fmt.Sprintf("leaf%d", rapid.IntRange(1, pods*leafs).Draw(t, "home")), node)
		}
	}
	for _, role := range []string{"superspines", "spines", "leafs", "nodes"} {
		if list[role] != nil {
			say("%s:\n%s", role, strings.TrimRight(list[role].String(), "\n"))
		}
	}
	say("links: [%s]", `"`+strings.Join(links, `", "`)+`"`)
	if len(links) == 0 {
		return []byte(strings.ReplaceAll(b.String(), `links: [""]`, "links: []"))
	}
	return []byte(b.String())
}

// TestRoutesAgainstNaive: in any small fabric, healthy or with something down,
// the walk finds what sending everything to everybody ends with.
func TestRoutesAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := anyFabric(t)
		f, err := model.Load("any.yaml", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		p, _ := model.NewPlan(f)
		var down model.Failure
		if rapid.Bool().Draw(t, "device down") {
			down.Devices = []string{rapid.SampledFrom(p.Devices).Draw(t, "down").Name}
		}
		if len(p.Links) > 0 && rapid.Bool().Draw(t, "link down") {
			down.Links = []model.End{rapid.SampledFrom(p.Links).Draw(t, "cut").B}
		}
		some := []string{rapid.SampledFrom(p.Devices).Draw(t, "asked").Name}
		if rapid.Bool().Draw(t, "all") {
			some = nil
		}
		got := p.RoutesWithout(down, some...)
		want := naiveRoutes(p, down, some)
		have := map[string]string{}
		for _, r := range got {
			if r.Prefix.Bits() > 0 { // a default that leafs originate is no device's own
				have[r.Device+" "+r.Prefix.String()] = spell(r.Paths)
			}
		}
		if diff := gocmp.Diff(want, have); diff != "" {
			t.Fatalf("by the book (-) and predicted (+), with %+v down:\n%s\n%s", down, diff, data)
		}
	})
}

func naiveRoutes(p *model.Plan, down model.Failure, some []string) map[string]string {
	n := newNaive(p, down)
	out := map[string]string{}
	for i := range p.Devices {
		for _, prefix := range slices.Concat(p.Devices[i].Loopbacks, p.Devices[i].PodCIDRs) {
			n.run(prefix)
			for device, paths := range n.tables {
				if len(paths) == 0 || some != nil && !slices.Contains(some, device) {
					continue
				}
				var all []model.Path
				for _, y := range paths {
					if y.best {
						all = append([]model.Path{{Port: y.port, AS: y.as}}, all...)
					} else {
						all = append(all, model.Path{Port: y.port, AS: y.as})
					}
				}
				out[device+" "+prefix.String()] = spell(all)
			}
		}
	}
	return out
}
