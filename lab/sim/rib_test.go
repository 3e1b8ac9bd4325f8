package sim

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// TestDecisions: whatever order paths come and go in, what is used of them is
// what a decision over all of them finds, though few of them make one; by the
// peers' identifiers, and by which came first.
func TestDecisions(t *testing.T) {
	for _, compareID := range []bool{true, false} {
		t.Run(map[bool]string{true: "identifier", false: "age"}[compareID], func(t *testing.T) { decisions(t, compareID) })
	}
}

func decisions(t *testing.T, compareID bool) {
	d := bench(t)
	w, r := d.world, d.router
	w.mu.Lock()
	defer w.mu.Unlock()
	r.bgp = &bgpConf{asn: 65000, relax: true, compareID: compareID}
	for i := range r.bgp.families {
		r.bgp.families[i].maxPaths = 4
	}
	var peers []*session
	for i := range 8 {
		peers = append(peers, &session{r: r, conf: &peerConf{}, peerASN: uint32(i), peerID: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})})
	}
	p := netip.MustParsePrefix("10.1.1.1/32")
	random := rand.New(rand.NewPCG(1, 2))
	asides, came := 0, map[*session]int{}
	for step := range 20000 {
		from := peers[random.IntN(len(peers))]
		var a *attrs
		if random.IntN(3) > 0 {
			a = &attrs{as: make([]uint32, 1+random.IntN(3)), origin: "IGP", med: random.IntN(2), pref: 100}
		}
		if old := r.entry(p); old == nil || old.from(from) < 0 || a == nil || !old.paths[old.from(from)].same(a) {
			came[from] = step
		}
		r.put(p, from, a)
		if random.IntN(4) == 0 {
			if len(w.work) == 0 {
				asides++
			}
			w.converge()
		}
		e := r.entry(p)
		if e == nil || e.queued {
			continue
		}
		if !slices.IsSortedFunc(e.paths, func(a, b bgpPath) int { return came[a.from] - came[b.from] }) {
			t.Fatalf("step %d: a path stands before one that came earlier", step)
		}
		all := &entry{paths: slices.Clone(e.paths)}
		r.choose(all, 4)
		slices.Sort(all.multi)
		if e.best != all.best || !slices.Equal(slices.Sorted(slices.Values(e.multi)), all.multi) {
			t.Fatalf("step %d: %d and %v are used, not %d and %v", step, e.best, e.multi, all.best, all.multi)
		}
	}
	if asides == 0 {
		t.Error("every path makes a decision")
	}
}
