package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"closup/model"
	"closup/provision"
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
//
// What has failed in this push and is not back counts as down in all of that.
// Where management runs in the fabric itself, those farthest from its edge come
// first, so that nothing stands between the operator and a device that is still
// to come.

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
	away := g.distances()
	farFirst := func(names []string) [][]string {
		slices.SortStableFunc(names, func(a, b string) int { return away[b] - away[a] })
		return slices.Collect(chunks(names, func(a, b string) bool { return away[a] == away[b] }))
	}
	if len(idle) > 0 {
		for _, names := range farFirst(idle) {
			out = append(out, wave{names: names})
		}
	}
	if len(away) > 0 {
		slices.SortStableFunc(busy, func(a, b *model.Device) int { return away[b.Name] - away[a.Name] })
	}
	for _, tier := range [][]model.Role{{model.Leaf, model.Border}, {model.Spine, model.Superspine}} {
		i := slices.IndexFunc(busy, func(d *model.Device) bool { return slices.Contains(tier, d.Role) })
		if i >= 0 {
			out = append(out, wave{names: []string{busy[i].Name}, canary: true})
			busy = slices.Delete(busy, i, i+1)
		}
	}
	tiers := [][]model.Role{{model.Node}, {model.Leaf, model.Border}, {model.Spine}, {model.Superspine}}
	tier := func(d *model.Device) int {
		return slices.IndexFunc(tiers, func(t []model.Role) bool { return slices.Contains(t, d.Role) })
	}
	slices.SortStableFunc(busy, func(a, b *model.Device) int {
		return cmp.Or(away[b.Name]-away[a.Name], tier(a)-tier(b))
	})
	for same := range chunks(busy, func(a, b *model.Device) bool { return away[a.Name] == away[b.Name] && tier(a) == tier(b) }) {
		first := len(out)
		for _, d := range same {
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

// chunks are the runs of neighbours that are alike.
func chunks[T any](all []T, alike func(a, b T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(all) > 0 {
			n := 1
			for n < len(all) && alike(all[0], all[n]) {
				n++
			}
			if !yield(all[:n:n]) {
				return
			}
			all = all[n:]
		}
	}
}

// inBand says whether the device is managed through the fabric: at its
// loopback, or by a port that is one of the planned ones.
func inBand(d *model.Device) bool {
	at, err := netip.ParseAddr(d.Mgmt)
	return err == nil && slices.ContainsFunc(d.Loopbacks, func(p netip.Prefix) bool { return p.Contains(at) }) ||
		slices.ContainsFunc(d.Ports, func(p model.Port) bool { return p.Name == d.Management.Port })
}

// distances are how many cables lie between each device and the fabric's edge,
// where the operator comes in: its borders, or where there are none its highest
// tier. It is empty where nothing is managed in-band.
func (g *graph) distances() map[string]int {
	out := map[string]int{}
	if !slices.ContainsFunc(g.all, func(d model.Device) bool { return inBand(&d) }) {
		return out
	}
	var edge []string
	for _, role := range []model.Role{model.Border, model.Superspine, model.Spine} {
		for i := range g.all {
			if g.all[i].Role == role {
				edge = append(edge, g.all[i].Name)
			}
		}
		if len(edge) > 0 {
			break
		}
	}
	for _, name := range edge {
		out[name] = 0
	}
	for n := 0; n < len(edge); n++ {
		d := g.devices[edge[n]]
		for _, p := range d.Ports {
			if _, seen := out[p.Peer]; !seen && g.devices[p.Peer] != nil {
				out[p.Peer] = out[d.Name] + 1
				edge = append(edge, p.Peer)
			}
		}
	}
	return out
}

// graph is who hangs on whom.
type graph struct {
	all     []model.Device
	devices map[string]*model.Device
	uplinks map[string][]string // devices above, one for each port
	etcd    []string
}

func newGraph(all []model.Device) *graph {
	g := &graph{all: all, devices: map[string]*model.Device{}, uplinks: map[string][]string{}}
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
func (g *graph) together(names []string, failed ...string) bool {
	down := map[string]bool{}
	for _, name := range failed {
		down[name] = true
	}
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
	g := newGraph(all)
	turns := order(all, names, carries)
	for i, w := range turns {
		if ctx.Err() == nil && p.halted(devices) == "" {
			p.events <- Event{At: time.Now(), Kind: Waved, Wave: &WaveInfo{Number: i + 1, Of: len(turns), Names: w.names, Canary: w.canary}}
		}
		var now []*device
		gone := p.gone(devices)
		w.names = slices.DeleteFunc(slices.Clone(w.names), func(name string) bool {
			alone := len(gone) == 0 || !carries[name] || g.together([]string{name}, gone...)
			if !alone {
				d := byName[name]
				d.busy.Lock() // its lock may be under renewal
				defer d.busy.Unlock()
				d.skip("activate", fmt.Sprintf("not touched, since %s did not come back, and both together would cut others off", strings.Join(gone, ", ")), nil)
			}
			return !alone
		})
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

// gone are the devices that cannot be reached, or failed and did not take their
// old configuration back: they may be down.
func (p *push) gone(devices []*device) []string {
	var names []string
	for _, d := range devices {
		if d.done && d.report.Result == Failed && (d.touched || errors.Is(d.report.Err, provision.ErrUnreachable)) {
			names = append(names, d.target.Device.Name)
		}
	}
	return names
}

func (p *push) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.failed)
}
