package render

import (
	"fmt"
	"strings"

	"closup/model"
)

// What changed with a release.
const (
	nvueDescriptions = "5.1"  // descriptions of neighbors
	nvueStates       = "5.15" // enable on became state enabled, and ip became ipv4 and ipv6
)

// nvueLeaf is one thing that NVUE is told: where it stands in the tree, and its
// value, or none where being there is all.
type nvueLeaf struct {
	path, value string
	plain       bool // a number, on or off, and in YAML not text
}

// nvueTree gathers what NVUE is told, in the words of one release.
type nvueTree struct {
	steps                []nvueStep
	enable, on, off      string
	states, descriptions bool
}

type nvueStep struct {
	note   string
	leaves []nvueLeaf
}

func (t *nvueTree) step(note string) { t.steps = append(t.steps, nvueStep{note: note}) }

// add tells NVUE that a path is there.
func (t *nvueTree) add(path string) { t.tell(nvueLeaf{path: path}) }

// set tells NVUE a value, a text or a number.
func (t *nvueTree) set(path string, value any) {
	_, text := value.(string)
	t.tell(nvueLeaf{path, fmt.Sprint(value), !text})
}

func (t *nvueTree) tell(l nvueLeaf) {
	s := &t.steps[len(t.steps)-1]
	s.leaves = append(s.leaves, l)
}

// turn turns something on or off.
func (t *nvueTree) turn(path string, on bool) {
	word := t.off
	if on {
		word = t.on
	}
	t.tell(nvueLeaf{path, word, true})
}

// nvueOf is what NVUE is told of a device; unless it is for a script, also how
// the management port is.
func nvueOf(d *model.Device, interfaces []iface, whole bool) *nvueTree {
	t := &nvueTree{enable: "enable", on: "on", off: "off", descriptions: true}
	if onCumulus(d) {
		t.states = model.CompareReleases(d.Release, nvueStates) >= 0
		t.descriptions = model.CompareReleases(d.Release, nvueDescriptions) >= 0
	}
	if t.states {
		t.enable, t.on, t.off = "state", "enabled", "disabled"
	}
	t.step("The system.")
	t.set("system hostname", d.Name)
	if whole {
		t.management(d)
	}
	t.step("Loopback and ports.")
	for _, i := range interfaces {
		t.port(i)
	}
	t.step("What routes are taken and told.")
	t.policy(&d.Routing)
	t.step("BGP.")
	t.bgp(&d.Routing)
	t.step("Groups of neighbors.")
	for _, g := range d.Routing.Groups {
		t.group(&d.Routing, g)
	}
	t.step("Neighbors.")
	for _, p := range d.Routing.Peers {
		t.peer(&d.Routing, p)
	}
	return t
}

// management is the port that closup leaves alone, which a whole startup.yaml
// cannot leave out.
func (t *nvueTree) management(d *model.Device) {
	m := d.Management
	n := "interface " + m.Port + " "
	t.set(n+"type", "eth")
	vrf := n + "ip vrf"
	if t.states {
		vrf = n + "vrf"
	}
	switch {
	case m.Address == "dhcp" && t.states:
		t.turn(n+"ipv4 dhcp-client state", true)
	case m.Address != "":
		t.address(m.Port, m.Address, strings.Contains(m.Address, ":"))
	}
	if m.VRF != "" {
		t.set(vrf, m.VRF)
	}
}

func (t *nvueTree) address(port, address string, v6 bool) {
	word := "ip"
	if t.states {
		word = familyWord(v6)
	}
	t.add("interface " + port + " " + word + " address " + address)
}

func (t *nvueTree) port(i iface) {
	n := "interface " + i.Name + " "
	switch {
	case !i.Port:
		t.set(n+"type", "loopback")
	case i.VLAN > 0:
		t.set(n+"type", "sub")
		t.set(n+"base-interface", i.Base)
		t.set(n+"vlan", i.VLAN)
	default:
		t.set(n+"type", "swp")
	}
	for _, a := range i.Addresses {
		t.address(i.Name, a.String(), a.Addr().Is6())
	}
	if i.MTU > 0 {
		t.set(n+"link mtu", i.MTU)
	}
}

// nvueName is a list's name as NVUE takes it: letters, digits, underscores and
// dashes. A VLAN's port has a dot in its name.
func nvueName(name string) string { return strings.ReplaceAll(name, ".", "_") }

func (t *nvueTree) policy(r *model.Routing) {
	for _, l := range r.PrefixLists {
		n := "router policy prefix-list " + nvueName(l.Name)
		t.set(n+" type", familyWord(l.V6))
		for _, rule := range l.Rules {
			n := fmt.Sprintf("%s rule %d ", n, rule.Seq)
			t.set(n+"action", action(rule.Deny))
			match := n + "match " + rule.Prefix.String()
			if rule.Ge == 0 && rule.Le == 0 {
				t.add(match)
			}
			if rule.Ge > 0 {
				t.set(match+" min-prefix-len", rule.Ge)
			}
			if rule.Le > 0 {
				t.set(match+" max-prefix-len", rule.Le)
			}
		}
	}
	for _, l := range r.PathLists {
		for i, regex := range l.Regex {
			n := fmt.Sprintf("router policy as-path-list %s rule %d ", l.Name, 10*(i+1))
			t.set(n+"action", "permit")
			t.set(n+"aspath-exp", regex)
		}
	}
	done := map[string]bool{}
	for _, o := range r.Originate {
		if done[o.RouteMap] {
			continue
		}
		done[o.RouteMap] = true
		for i, list := range o.Lists {
			n := fmt.Sprintf("router policy route-map %s rule %d ", o.RouteMap, 10*(i+1))
			t.set(n+"match type", familyWord(o.V6))
			t.set(n+"match ip-prefix-list", nvueName(list))
			t.add(n + "action permit")
		}
	}
}

const nvueBGP = "vrf default router bgp "

func (t *nvueTree) bgp(r *model.Routing) {
	t.turn("router bgp "+t.enable, true)
	t.set("router bgp autonomous-system", r.ASN)
	t.set("router bgp router-id", r.RouterID.String())
	t.turn(nvueBGP+t.enable, true)
	t.turn(nvueBGP+"path-selection multipath aspath-ignore", true)
	t.turn(nvueBGP+"path-selection routerid-compare", true)
	for _, v6 := range []bool{false, true} {
		t.turn(nvueBGP+nvueFamily(v6)+t.enable, r.V4 && !v6 || r.V6 && v6)
	}
	for _, a := range r.Aggregates {
		t.add(nvueBGP + nvueFamily(a.Addr().Is6()) + "aggregate-route " + a.String())
	}
	for _, o := range r.Originate {
		n := nvueBGP + nvueFamily(o.V6) + "redistribute " + o.Source + " "
		t.turn(n+t.enable, true)
		t.set(n+"route-map", o.RouteMap)
	}
}

func nvueFamily(v6 bool) string { return "address-family " + familyWord(v6) + "-unicast " }

func (t *nvueTree) describe(path, text string) {
	if text != "" && t.descriptions {
		t.set(path+"description", text)
	}
}

func (t *nvueTree) group(r *model.Routing, g model.PeerGroup) {
	n := nvueBGP + "peer-group " + g.Name + " "
	if g.External {
		t.set(n+"remote-as", "external")
	}
	t.describe(n, g.Description)
	if g.BFD {
		t.turn(n+"bfd "+t.enable, true)
	}
	t.set(n+"timers keepalive", r.Timers.Keepalive)
	t.set(n+"timers hold", r.Timers.Hold)
	t.set(n+"timers connection-retry", r.Timers.Connect)
	for _, v6 := range []bool{false, true} {
		on := g.V4 && !v6 || g.V6 && v6
		f := n + nvueFamily(v6)
		t.turn(f+t.enable, on)
		if !on {
			continue
		}
		if g.AllowASIn > 0 {
			t.turn(f+"aspath allow-my-asn "+t.enable, true)
			t.set(f+"aspath allow-my-asn occurrences", g.AllowASIn)
		}
		if g.RemovePrivAS {
			t.set(f+"aspath private-as", "remove")
		}
		if g.Default {
			t.turn(f+"default-route-origination "+t.enable, true)
		}
		t.limit(f, g.MaxPrefix)
		t.lists(f, v6, g.In, g.Out)
		if g.PathIn != "" {
			t.set(f+"policy inbound aspath-list", g.PathIn)
		}
		if g.PathOut != "" {
			t.set(f+"policy outbound aspath-list", g.PathOut)
		}
	}
}

// limit is maximum-prefix: a warning at 80 %, and 5 minutes down beyond it.
// NVUE counts the wait in seconds, where frr.conf has minutes.
func (t *nvueTree) limit(path string, most int) {
	if most > 0 {
		t.set(path+"prefix-limits inbound maximum", most)
		t.set(path+"prefix-limits inbound warning-threshold", 80)
		t.set(path+"prefix-limits inbound reestablish-wait", 300)
	}
}

func (t *nvueTree) lists(path string, v6 bool, in, out []model.PolicyRef) {
	if list := listFor(in, v6); list != "" {
		t.set(path+"policy inbound prefix-list", nvueName(list))
	}
	if list := listFor(out, v6); list != "" {
		t.set(path+"policy outbound prefix-list", nvueName(list))
	}
}

func (t *nvueTree) peer(r *model.Routing, p model.Peer) {
	n := nvueBGP + "neighbor " + p.Key() + " "
	if p.Address.IsValid() {
		t.set(n+"type", "numbered")
	} else {
		t.set(n+"type", "unnumbered")
	}
	t.set(n+"peer-group", p.Group)
	switch as := remoteAS(r, p); {
	case as != "" && p.ASN != 0:
		t.set(n+"remote-as", p.ASN)
	case as != "":
		t.set(n+"remote-as", as)
	}
	t.describe(n, p.Description)
	if p.BFD {
		t.turn(n+"bfd "+t.enable, true)
	}
	g := groupOf(r, p)
	for _, v6 := range []bool{false, true} {
		on := g.V4 && !v6 || g.V6 && v6
		f := n + nvueFamily(v6)
		if !on && !v6 {
			t.turn(f+t.enable, false) // a neighbor has IPv4 unless it is told otherwise
		}
		if on {
			t.limit(f, p.MaxPrefix)
			t.lists(f, v6, p.In, p.Out)
		}
	}
}
