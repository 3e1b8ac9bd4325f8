package sim

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// TestDecisions: whatever order paths come and go in, what is used of them is
// what a decision over all of them finds, though few of them make one.
func TestDecisions(t *testing.T) {
	d := bench(t)
	w, r := d.world, d.router
	w.mu.Lock()
	defer w.mu.Unlock()
	r.bgp = &bgpConf{asn: 65000, relax: true, compareID: true}
	for i := range r.bgp.families {
		r.bgp.families[i].maxPaths = 4
	}
	var peers []*session
	for i := range 8 {
		peers = append(peers, &session{r: r, conf: &peerConf{}, peerASN: uint32(i), peerID: netip.AddrFrom4([4]byte{10, 0, 0, byte(i)})})
	}
	p := netip.MustParsePrefix("10.1.1.1/32")
	random := rand.New(rand.NewPCG(1, 2))
	asides := 0
	for step := range 20000 {
		from := peers[random.IntN(len(peers))]
		var a *attrs
		if random.IntN(3) > 0 {
			a = &attrs{as: make([]uint32, 1+random.IntN(3)), origin: "IGP", med: random.IntN(2), pref: 100}
		}
		r.put(p, from, a)
		if random.IntN(4) == 0 {
			if len(w.work) == 0 {
				asides++
			}
			w.converge()
		}
		e := r.rib[p]
		if e == nil || e.queued {
			continue
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
