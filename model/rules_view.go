package model

import (
	"fmt"
	"net/netip"
	"strings"
)

// view is a fabric and its plan with what several rules look up. The i-th
// device of the one is the i-th of the other.
type view struct {
	f      *Fabric
	p      *Plan
	first  map[string]int // a name's first device
	byRole PerRole[[]int] // devices

	loopbacks map[netip.Addr]int // filled by loopbackOf
	speeds    partSpeeds
}

func newView(f *Fabric, p *Plan) *view {
	v := &view{f: f, p: p, first: make(map[string]int, len(f.Devices)), speeds: partSpeeds{}}
	for i := range f.Devices {
		s := &f.Devices[i]
		if _, twice := v.first[s.Name]; !twice {
			v.first[s.Name] = i
		}
		v.byRole[s.Role] = append(v.byRole[s.Role], i)
	}
	return v
}

// entry is where a device stands.
func (v *view) entry(i int) where { return where{v.f.Devices[i].Path, v.f.Devices[i].Line} }

// key is where one key of a device stands.
func (v *view) key(i int, key string) where {
	return where{path: joinPath(v.f.Devices[i].Path, key)}
}

// row is where a role's row of a key such as `asn` stands.
func row(key string, role Role) where { return where{path: key + "." + role.Key()} }

// cable is where the i-th cable of `links` stands.
func (v *view) cable(i int) where {
	return where{fmt.Sprintf("links[%d]", i), v.f.Links[i].Line}
}

// link is where a planned link stands; `links` as a whole, or nowhere, where it
// was cabled automatically.
func link(l Link) where { return where{"links", l.Line} }

// outside goes over all outside peers.
func (v *view) outside(yield func(i, k int, o Outside)) {
	for _, i := range v.byRole[Border] {
		for k, o := range v.f.Devices[i].Peers {
			yield(i, k, o)
		}
	}
}

// peer is where an outside peer, or one of its keys, stands.
func (v *view) peer(i, k int, key string) where {
	path := fmt.Sprintf("%s.peers[%d]", v.f.Devices[i].Path, k)
	if key == "" {
		return where{path, v.f.Devices[i].Peers[k].Line}
	}
	return where{path: path + "." + key}
}

// some spells a list of names so that it stays readable: three of them, and
// how many more.
func some(names []string) string {
	const shown = 3
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n <= shown+1:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), n-shown)
	}
}

// names are those of devices.
func (v *view) names(devices []int) []string {
	out := make([]string, len(devices))
	for k, i := range devices {
		out[k] = v.f.Devices[i].Name
	}
	return out
}

// count spells a number of things: "1 node", "3 nodes".
func count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// has agrees with a number: has(1) is "has".
func has(n int) string {
	if n == 1 {
		return "has"
	}
	return "have"
}

// group gathers devices under what they have in common, in order of first
// appearance.
type group[K comparable] struct {
	key     K
	devices []int
}

func groupBy[K comparable](devices []int, of func(i int) (K, bool)) []group[K] {
	var out []group[K]
	at := map[K]int{}
	for _, i := range devices {
		k, ok := of(i)
		if !ok {
			continue
		}
		g, known := at[k]
		if !known {
			g = len(out)
			at[k] = g
			out = append(out, group[K]{key: k})
		}
		out[g].devices = append(out[g].devices, i)
	}
	return out
}

// all are the devices of the fabric.
func (v *view) all() []int {
	out := make([]int, len(v.f.Devices))
	for i := range out {
		out[i] = i
	}
	return out
}
