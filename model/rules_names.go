package model

import (
	"fmt"
	"slices"
	"strings"
)

var nameRules = []Rule{
	{"name-hostname", Error, "A device's name is its host name: letters, digits and hyphens, at most 63, no hyphen at either end (RFC 1123).", hostnames},
	{"name-unique", Error, "Each device has a name of its own; host names know no capital letters.", uniqueNames},
	{"name-reserved", Error, "A device is not called what means something else: external is what lies outside, localhost is every machine.", reservedNames},
	{"name-kubernetes", Warning, "A node's name is in small letters, since Kubernetes knows it by no other.", smallNames},
	{"text-unsafe", Error, "Text that goes into configuration files holds nothing that a shell, FRR or ifupdown2 would act on.", unsafeText},
	{"port-name", Error, "A port's name is a name that the kernel takes: at most 15 letters, digits and _.- .", portNames},
	{"mgmt-missing", Warning, "A device without a management address can be planned but not reached.", mgmtMissing},
	{"mgmt-unique", Error, "Two devices with one management address are one device, and it would get both configurations.", mgmtUnique},
	{"serial-unique", Error, "A serial number proves which box it is, so no two devices have the same.", serialUnique},
}

func hostnames(v *view, found say) {
	for i := range v.f.Devices {
		if name := v.f.Devices[i].Name; !SafeHostname(name) {
			found(v.key(i, "name"), fmt.Sprintf("%s is not a host name", quote(name)),
				"use letters, digits and hyphens only, at most 63, and no hyphen at either end")
		}
	}
}

func uniqueNames(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		return strings.ToLower(v.f.Devices[i].Name), true
	}) {
		for _, i := range g.devices[1:] {
			first := &v.f.Devices[g.devices[0]]
			found(v.key(i, "name"), fmt.Sprintf("the name %s stands twice: %s on line %d has it already",
				quote(v.f.Devices[i].Name), first.Path, first.Line), "rename one of the two")
		}
	}
}

func reservedNames(v *view, found say) {
	for i := range v.f.Devices {
		if name := v.f.Devices[i].Name; slices.Contains([]string{External, "localhost"}, strings.ToLower(name)) {
			found(v.key(i, "name"), fmt.Sprintf("%s cannot be the name of a device", quote(name)), "rename the device")
		}
	}
}

func smallNames(v *view, found say) {
	var capital []int
	for _, i := range v.byRole[Node] {
		if name := v.f.Devices[i].Name; name != strings.ToLower(name) {
			capital = append(capital, i)
		}
	}
	if len(capital) > 0 {
		found(v.key(capital[0], "name"), fmt.Sprintf("%s has capital letters, and Kubernetes would know it by another name", some(v.names(capital))),
			"write the names of nodes in small letters")
	}
}

// text is one text of the operator's and where it stands.
type text struct {
	key, value string
	safe       func(string) bool
}

func managementTexts(m Management) []text {
	return []text{{"management.port", m.Port, SafeInterface}, {"management.vrf", m.VRF, SafeInterface}, {"management.address", m.Address, SafeText}}
}

func accessTexts(a Access) []text {
	return []text{{"access.user", a.User, SafeAccess}, {"access.identity", a.Identity, SafeAccess}, {"access.jump", a.Jump, SafeAccess}}
}

func unsafeText(v *view, found say) {
	check := func(path string, texts []text) {
		for _, t := range texts {
			if t.value != "" && !t.safe(t.value) {
				found(where{path: joinPath(path, t.key)}, fmt.Sprintf("%s has characters that do not belong in a configuration file", quote(t.value)),
					"use letters, digits, spaces and _.:/- only; interfaces and VRFs have at most 15 characters and no / or space")
			}
		}
	}
	check("", managementTexts(v.f.Management))
	check("", accessTexts(v.f.Access))
	check("kubernetes", []text{{"domain", v.f.Kubernetes.Domain, SafeText}})
	for i := range v.f.Devices {
		s := &v.f.Devices[i]
		check(s.Path, managementTexts(s.Management))
		check(s.Path, accessTexts(s.Access))
		check(s.Path, []text{
			{"mgmt", s.Mgmt, SafeText},
			{"rack", s.Rack, SafeText},
			{"serial", s.Serial, SafeText},
			{"pod", s.Pod, SafeText},
			{"plane", s.Plane, SafeText},
		})
	}
}

// portNames checks what the operator typed, and what was planned from it; a
// name once, however often it stands.
func portNames(v *view, found say) {
	told := map[string]bool{}
	check := func(at where, name string) {
		if SafeInterface(name) || told[name] {
			return
		}
		told[name] = true
		found(at, fmt.Sprintf("%s is not the name of an interface", quote(name)),
			"use at most 15 letters, digits, dots, hyphens and underscores")
	}
	for i, c := range v.f.Links {
		check(v.cable(i), c.A.Port)
		check(v.cable(i), c.B.Port)
	}
	v.outside(func(i, k int, o Outside) { check(v.peer(i, k, "port"), o.Interface()) })
	for _, role := range Roles {
		for _, name := range slices.Concat(v.f.Ports[role].Uplinks, v.f.Ports[role].Downlinks) {
			check(row("ports", role), name)
		}
	}
	for i := range v.f.Devices {
		for _, name := range slices.Concat(v.f.Devices[i].Ports.Uplinks, v.f.Devices[i].Ports.Downlinks) {
			check(v.key(i, "ports"), name)
		}
	}
}

func mgmtMissing(v *view, found say) {
	var without []int
	for i := range v.f.Devices {
		if v.f.Devices[i].Mgmt == "" {
			without = append(without, i)
		}
	}
	if n := len(without); n > 0 {
		found(v.entry(without[0]), fmt.Sprintf("%s no management address", some(v.names(without))+" "+has(n)),
			"add mgmt, an address or a host name, before a push; a lab does not need it")
	}
}

func mgmtUnique(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		s := &v.f.Devices[i]
		return strings.ToLower(s.Mgmt), s.Mgmt != ""
	}) {
		if len(g.devices) > 1 {
			found(v.key(g.devices[1], "mgmt"), fmt.Sprintf("%s have the management address %s together", some(v.names(g.devices)), g.key),
				"give each device its own")
		}
	}
}

func serialUnique(v *view, found say) {
	for _, g := range groupBy(v.all(), func(i int) (string, bool) {
		return v.f.Devices[i].Serial, v.f.Devices[i].Serial != ""
	}) {
		if len(g.devices) > 1 {
			found(v.key(g.devices[1], "serial"), fmt.Sprintf("%s have the serial number %s together", some(v.names(g.devices)), g.key),
				"read it from the box or its label")
		}
	}
}
