package push

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"closup/model"
)

// The order in which devices that carry traffic are changed. Those that carry
// none go first, all at once: nothing can be cut there. Then one leaf and one
// spine for all others to learn from; then, tier by tier from below, as many at
// once as leave
//
//   - every device that is not changed most of its uplinks: of k uplinks at
//     most max(1, k/4) lead into one wave, so never both of a leaf or a node;
//   - all planes of spines but one;
//   - a majority of etcd, counting members that only hang on the wave.

// wave is what is changed at the same time.
type wave struct {
	names  []string
	canary bool
}

// order makes the waves. all is the fabric, names are the devices to change,
// carries says of one that sessions are up on it.
func order(all []model.Device, names []string, carries map[string]bool) []wave {
	g := newGraph(all)
	var out []wave
	var idle []string
	var busy []*model.Device
	for _, name := range names {
		if d := g.devices[name]; d != nil && carries[name] {
			busy = append(busy, d)
		} else {
			idle = append(idle, name)
		}
	}
	if len(idle) > 0 {
		out = append(out, wave{names: idle})
	}
	for _, tier := range [][]model.Role{{model.Leaf, model.Border}, {model.Spine, model.Superspine}} {
		i := slices.IndexFunc(busy, func(d *model.Device) bool { return slices.Contains(tier, d.Role) })
		if i >= 0 {
			out = append(out, wave{names: []string{busy[i].Name}, canary: true})
			busy = slices.Delete(busy, i, i+1)
		}
	}
	for _, tier := range [][]model.Role{{model.Node}, {model.Leaf, model.Border}, {model.Spine}, {model.Superspine}} {
		first := len(out)
		for _, d := range busy {
			if !slices.Contains(tier, d.Role) {
				continue
			}
			at := first
			for at < len(out) && !g.together(append(slices.Clone(out[at].names), d.Name)) {
				at++
			}
			if at == len(out) {
				out = append(out, wave{})
			}
			out[at].names = append(out[at].names, d.Name)
		}
	}
	return out
}

// graph is who hangs on whom.
type graph struct {
	devices map[string]*model.Device
	uplinks map[string][]string // devices above, one for each port
	etcd    []string
}

func newGraph(all []model.Device) *graph {
	g := &graph{devices: map[string]*model.Device{}, uplinks: map[string][]string{}}
	var control []string
	for i := range all {
		d := &all[i]
		g.devices[d.Name] = d
		for _, p := range d.Ports {
			if p.Up && p.Kind != model.ExternalPort {
				g.uplinks[d.Name] = append(g.uplinks[d.Name], p.Peer)
			}
		}
		if slices.Contains(d.Roles, "etcd") {
			g.etcd = append(g.etcd, d.Name)
		}
		if slices.Contains(d.Roles, "control-plane") {
			control = append(control, d.Name)
		}
	}
	if len(g.etcd) == 0 { // stacked, as kubeadm does it
		g.etcd = control
	}
	return g
}

// together says whether these may be down at the same time.
func (g *graph) together(names []string) bool {
	down := map[string]bool{}
	planes := map[string]bool{}
	for _, name := range names {
		down[name] = true
		if d := g.devices[name]; d.Role == model.Spine || d.Role == model.Superspine {
			planes[d.Plane] = true
		}
	}
	if len(planes) > 1 {
		return false
	}
	for name, above := range g.uplinks {
		if down[name] {
			continue
		}
		lost := 0
		for _, peer := range above {
			if down[peer] {
				lost++
			}
		}
		if lost > max(1, len(above)/4) {
			return false
		}
	}
	cut := 0
	for _, name := range g.etcd {
		above := g.uplinks[name]
		if down[name] || len(above) > 0 && !slices.ContainsFunc(above, func(peer string) bool { return !down[peer] }) {
			cut++
		}
	}
	return cut <= 1 || cut <= (len(g.etcd)-1)/2
}

// budget is how many devices may fail before no other is begun.
func budget(devices int) int { return max(1, devices/20) }

// inWaves changes the devices, wave by wave, until too many have failed.
func (p *push) inWaves(ctx context.Context, devices []*device) {
	all, byName := p.Fabric, map[string]*device{}
	var names []string
	carries := map[string]bool{}
	for _, d := range devices {
		if p.Fabric == nil {
			all = append(all, d.target.Device)
		}
		if !d.done {
			name := d.target.Device.Name
			names, byName[name], carries[name] = append(names, name), d, len(d.ups) > 0
		}
	}
	renewing, enough := context.WithCancel(ctx)
	var renewal sync.WaitGroup
	renewal.Go(func() { p.renewing(renewing, devices) })
	defer renewal.Wait()
	defer enough()
	turns := order(all, names, carries)
	for i, w := range turns {
		if ctx.Err() == nil && p.halted(devices) == "" {
			p.events <- Event{At: time.Now(), Kind: Waved, Wave: &WaveInfo{Number: i + 1, Of: len(turns), Names: w.names, Canary: w.canary}}
		}
		var now []*device
		for _, name := range w.names {
			now = append(now, byName[name])
		}
		failed := p.count()
		p.inWave(ctx, devices, now)
		if w.canary && p.count() > failed {
			p.canary = w.names[0]
		}
	}
}

// halted is why no wave may begin any more; empty: it may.
func (p *push) halted(devices []*device) string {
	if p.canary != "" {
		return fmt.Sprintf("not touched, since %s, which went first, failed", p.canary)
	}
	if n := p.count(); n > budget(len(devices)) {
		return fmt.Sprintf("not touched, since %d devices have failed", n)
	}
	return ""
}

func (p *push) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.failed)
}
