package model

import (
	"fmt"
	"regexp"
)

// What single platforms can and cannot be told.
var platformRules = []Rule{
	{"platform-release", Error, "The platform is in the release: NVUE came with Cumulus Linux 5.0.", platformRelease},
	{"platform-mtu", Error, "SONiC's ports take an MTU of at most 9216.", platformMTU},
	{"platform-vlan", Error, "SONiC has no unnumbered neighbor in a VLAN.", platformVLAN},
	{"platform-port", Warning, "A switch's ports have the names that its system gives them.", platformPort},
}

func platformRelease(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		d := &v.p.Devices[i]
		return d.Release, d.Platform == "nvue" && d.Release != "" && CompareReleases(d.Release, FirstNVUE) < 0
	}) {
		found(v.setting(g.devices[0], "release"), fmt.Sprintf("%s: Cumulus Linux %s has no NVUE", some(v.names(g.devices)), g.key),
			"write platform: cumulus, or the release "+FirstNVUE+" or later that runs there")
	}
}

func platformMTU(v *view, found say) {
	most := max(v.f.MTU.Fabric, v.f.MTU.Nodes)
	var with []int
	for i := range v.p.Devices {
		if v.p.Devices[i].Platform == "sonic" && most > MaxMTUSonic {
			with = append(with, i)
		}
	}
	if len(with) > 0 {
		found(where{path: "mtu"}, fmt.Sprintf("%s run SONiC, and its ports take %d bytes at most, not %d", some(v.names(with)), MaxMTUSonic, most), fmt.Sprintf("write mtu: %d or less", MaxMTUSonic))
	}
}

func platformVLAN(v *view, found say) {
	v.outside(func(i, k int, o Outside) {
		if v.p.Devices[i].Platform == "sonic" && o.VLAN > 0 && !o.Remote.IsValid() {
			found(v.peer(i, k, "vlan"), fmt.Sprintf("the peer outside on %s of %s has no address, and SONiC needs one in a VLAN", o.Interface(), v.f.Devices[i].Name),
				"give local and remote, or leave vlan out")
		}
	})
}

// ownPorts is how systems that know no other names call their ports.
var ownPorts = map[string]struct {
	form    *regexp.Regexp
	example string
}{
	"nvue":  {regexp.MustCompile(`^swp[0-9]+(s[0-9]+)?(\.[0-9]+)?$`), "swp1"},
	"sonic": {regexp.MustCompile(`^Ethernet[0-9]+(\.[0-9]+)?$`), "Ethernet0"},
}

func platformPort(v *view, found say) {
	odd := make([]string, len(v.p.Devices)) // a port with another name
	for i := range v.p.Devices {
		d := &v.p.Devices[i]
		own, strict := ownPorts[d.Platform]
		for k := 0; strict && d.Role.Switch() && odd[i] == "" && k < len(d.Ports); k++ {
			if !own.form.MatchString(d.Ports[k].Name) {
				odd[i] = d.Ports[k].Name
			}
		}
	}
	for _, g := range groupBy(v.all(), func(i int) (string, bool) { return v.p.Devices[i].Platform, odd[i] != "" }) {
		first := g.devices[0]
		found(v.setting(first, "platform"), fmt.Sprintf("%s: %s has no port such as %s of %s", some(v.names(g.devices)), g.key, odd[first], v.f.Devices[first].Name),
			"name the ports in links or ports as the switch does, such as "+ownPorts[g.key].example)
	}
}
