package model

import (
	"fmt"
	"slices"
	"strings"
)

var systemRules = []Rule{
	{"platform-network", Error, "What owns the interfaces is something that the platform has.", platformNetwork},
	{"platform-router", Error, "The router can run on the platform.", platformRouter},
	{"platform-role", Warning, "A switch's system belongs on switches.", platformRole},
	{"quagga-bfd", Error, "Quagga speaks no BFD.", quaggaBFD},
	{"container-unused", Warning, "What is said of containers is about routers that run in one.", containerUnused},
	{"container-engine", Warning, "The engine comes with the platform.", containerEngine},
	{"container-image", Warning, "The image has a version that stays, or devices of one fabric run different routers.", containerImage},
	{"container-privileged", Info, "A router needs a few capabilities, not all of them.", containerPrivileged},
	{"timers-order", Error, "The hold time is longer than the keepalive interval, or every session flaps.", timersOrder},
	{"timers-ratio", Warning, "A hold time below three keepalives ends a session when one or two are lost (RFC 4271 4.4).", timersRatio},
	{"timers-bfd", Warning, "With BFD, which sees a dead link within a second, timers below 3 and 9 gain nothing and cost load.", timersBFD},
	{"timers-fast", Info, "Timers below 3 and 9 end sessions when a switch is merely busy; BFD with 3 and 9 is as quick and kinder.", timersFast},
	{"mtu-order", Warning, "The fabric carries what its nodes send, so its MTU is not below theirs.", mtuOrder},
	{"cni-ipam", Error, "The address management is one that the CNI has.", cniIPAM},
	{"cilium-routes", Info, "Cilium's pod routes have the protocol kernel, which FRR redistributes from 10.2 on.", ciliumRoutes},
	{"kubernetes-dns", Warning, "The cluster's DNS has a service address, so it lies in services.", kubernetesDNS},
	{"kubernetes-api", Warning, "The API server's address is none of the fabric's switches', its pods' or its services'.", kubernetesAPI},
}

// suit is what can run on a platform.
type suit struct {
	platform          string
	networks, routers []string
}

// suits is every platform.
var suits = []suit{
	{"cumulus", []string{"ifupdown2"}, []string{"frr"}},
	{"nvue", []string{"nvue"}, []string{"frr"}},
	{"sonic", []string{"sonic"}, []string{"frr"}},
	{"debian", []string{"ifupdown2", "netplan", "networkd"}, []string{"frr", "frr-container", "quagga-container"}},
	{"ubuntu", []string{"ifupdown2", "netplan", "networkd"}, []string{"frr", "frr-container", "quagga-container"}},
	{"flatcar", []string{"networkd"}, []string{"frr-container", "quagga-container"}},
	{"coreos", []string{"networkd"}, []string{"frr-container", "quagga-container"}},
}

// suitOf is a platform's row; false where there is none.
func suitOf(platform string) (suit, bool) {
	for _, s := range suits {
		if s.platform == platform {
			return s, true
		}
	}
	return suit{}, false
}

func platformNetwork(v *view, found say) {
	misfits(v, found, "network", "has no", func(d *Device) string { return d.Network }, func(s suit) []string { return s.networks })
}

func platformRouter(v *view, found say) {
	misfits(v, found, "router", "cannot run", func(d *Device) string { return d.Router }, func(s suit) []string { return s.routers })
}

// misfits tells, for each combination of a platform and another word that does
// not work, which devices have it.
func misfits(v *view, found say, key, verb string, word func(*Device) string, allowed func(suit) []string) {
	type combination struct{ platform, word string }
	for _, g := range groupBy(v.all(), func(i int) (combination, bool) {
		c := combination{v.p.Devices[i].Platform, word(&v.p.Devices[i])}
		s, ok := suitOf(c.platform)
		return c, ok && !slices.Contains(allowed(s), c.word)
	}) {
		s, _ := suitOf(g.key.platform)
		found(v.setting(g.devices[0], key), fmt.Sprintf("%s: %s %s %s", some(v.names(g.devices)), g.key.platform, verb, g.key.word),
			fmt.Sprintf("write %s: %s", key, strings.Join(allowed(s), " or ")))
	}
}

// setting is where a device's value of a key comes from: its own, or its role's.
func (v *view) setting(i int, key string) where {
	s := &v.f.Devices[i]
	own := map[string]string{"platform": s.Platform, "release": s.Release, "network": s.Network, "router": s.Router}[key]
	if own != "" {
		return v.key(i, key)
	}
	return row(key, s.Role)
}

// switchSystems are made for switches.
var switchSystems = []string{"cumulus", "nvue", "sonic"}

func platformRole(v *view, found say) {
	for _, g := range groupBy(v.byRole[Node], func(i int) (string, bool) {
		platform := v.p.Devices[i].Platform
		return platform, slices.Contains(switchSystems, platform)
	}) {
		found(v.setting(g.devices[0], "platform"), fmt.Sprintf("%s: %s is a switch's system, and these are nodes", some(v.names(g.devices)), g.key), "write platform: ubuntu, or what the nodes run")
	}
}

func quaggaBFD(v *view, found say) {
	var with []int
	for i := range v.p.Devices {
		if d := &v.p.Devices[i]; strings.HasPrefix(d.Router, "quagga") && d.Routing.BFD {
			with = append(with, i)
		}
	}
	if len(with) > 0 {
		found(v.setting(with[0], "router"), fmt.Sprintf("Quagga runs on %s, and BFD is on", some(v.names(with))), "write router: frr, or bfd: false")
	}
}

func timersOrder(v *view, found say) {
	if t := v.f.Timers; t.Hold <= t.Keepalive {
		found(where{path: "timers"}, fmt.Sprintf("hold %d is not above keepalive %d", t.Hold, t.Keepalive), "make hold three times keepalive")
	}
}

func timersRatio(v *view, found say) {
	if t := v.f.Timers; t.Hold > t.Keepalive && t.Hold < 3*t.Keepalive {
		found(where{path: "timers"}, fmt.Sprintf("hold %d is less than three times keepalive %d", t.Hold, t.Keepalive), "make hold three times keepalive")
	}
}

// fast says whether the timers are below those of `frr defaults datacenter`.
func (t Timers) fast() bool { return t.Keepalive < 3 || t.Hold < 9 }

func timersBFD(v *view, found say) {
	if t := v.f.Timers; v.f.BFD && t.fast() {
		found(where{path: "timers"}, fmt.Sprintf("keepalive %d and hold %d beside BFD", t.Keepalive, t.Hold), "write timers: {keepalive: 3, hold: 9}")
	}
}

func timersFast(v *view, found say) {
	if t := v.f.Timers; !v.f.BFD && t.fast() {
		found(where{path: "timers"}, fmt.Sprintf("keepalive %d and hold %d", t.Keepalive, t.Hold), "write timers: {keepalive: 3, hold: 9} and bfd: true")
	}
}

func mtuOrder(v *view, found say) {
	if m := v.f.MTU; len(v.byRole[Node]) > 0 && m.Nodes > m.Fabric {
		found(where{path: "mtu"}, fmt.Sprintf("nodes send packets of %d bytes, and the fabric carries %d", m.Nodes, m.Fabric), "raise mtu.fabric, or lower mtu.nodes")
	}
}

// ipams is the address management that each CNI has.
var ipams = map[string][]string{
	"calico":  {"calico", "host-local"},
	"cilium":  {"cilium", "host-local"},
	"flannel": {"host-local"},
	"bridge":  {"host-local"},
}

func cniIPAM(v *view, found say) {
	k := v.f.Kubernetes
	if k.IPAM != "" && !slices.Contains(ipams[k.CNI], k.IPAM) {
		found(where{path: "kubernetes.cni"}, fmt.Sprintf("%s has no address management %s", k.CNI, k.IPAM), "write ipam: "+strings.Join(ipams[k.CNI], " or "))
	}
}

func ciliumRoutes(v *view, found say) {
	if v.f.Kubernetes.CNI == "cilium" && len(v.byRole[Node]) > 0 {
		found(where{path: "kubernetes.cni"}, "FRR below 10.2 does not announce the pod routes that Cilium writes", "run FRR 10.2 or later on the nodes")
	}
}

func kubernetesDNS(v *view, found say) {
	dns := v.f.Kubernetes.DNS
	if !dns.IsValid() || len(v.f.Services) == 0 {
		return
	}
	for _, s := range v.f.Services {
		if s.Contains(dns) {
			return
		}
	}
	found(where{path: "kubernetes.dns"}, fmt.Sprintf("%s does not lie in services, %s", dns, v.f.Services[0]), "take an address of services")
}

func kubernetesAPI(v *view, found say) {
	api := v.f.Kubernetes.API
	if !api.IsValid() {
		return
	}
	for _, s := range v.spans() {
		if (s.kind == spanPods || s.kind == spanServices) && s.prefix.Contains(api) {
			found(where{path: "kubernetes.api"}, fmt.Sprintf("%s lies in %s, %s", api, s.what, s.prefix), "take the loopback of a control plane, or an address that nothing else has")
		}
	}
	if i, ok := v.loopbackOf(api); ok && v.f.Devices[i].Role != Node {
		found(where{path: "kubernetes.api"}, fmt.Sprintf("%s is the loopback of %s, a switch", api, v.f.Devices[i].Name), "take the loopback of a control plane, or an address that nothing else has")
	}
}
