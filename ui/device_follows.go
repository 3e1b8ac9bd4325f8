package ui

import (
	"fmt"
	"slices"
	"strconv"

	"closup/model"
	"closup/ui/work"
)

// What a device has without saying it: the values that stand in the empty
// fields of its form, and where each of them comes from.

// followed is a key that a device may leave out: what it is then, and the key
// of fabric.yaml that it comes from, where it is not the role's row of that.
type followed struct {
	name  string
	value func(*model.Fabric, *model.Device) string
	from  func(model.Role) string
}

// ofRole is the role's row of a key: "asn.leafs".
func ofRole(key string) func(model.Role) string {
	return func(r model.Role) string { return key + "." + r.Key() }
}

func ofAll(key string) func(model.Role) string { return func(model.Role) string { return key } }

var allFollowed = []followed{
	{"n", func(_ *model.Fabric, d *model.Device) string { return strconv.Itoa(d.N) }, nil},
	{"asn", func(f *model.Fabric, d *model.Device) string { return model.FormatASN(d.ASN, f.ASN[d.Role].Dotted) }, ofRole("asn")},
	{"loopback", func(_ *model.Fabric, d *model.Device) string { return joined(bareAddresses(d)) }, ofRole("loopbacks")},
	{"platform", func(_ *model.Fabric, d *model.Device) string { return d.Platform }, ofRole("platform")},
	{"release", func(_ *model.Fabric, d *model.Device) string { return d.Release }, ofRole("release")},
	{"network", func(_ *model.Fabric, d *model.Device) string { return d.Network }, ofRole("network")},
	{"router", func(_ *model.Fabric, d *model.Device) string { return d.Router }, ofRole("router")},
	{"pods", func(_ *model.Fabric, d *model.Device) string { return joined(d.PodCIDRs) }, ofAll("pods")},
	{"management.port", func(_ *model.Fabric, d *model.Device) string { return d.Management.Port }, ofAll("management.port")},
	{"management.vrf", func(_ *model.Fabric, d *model.Device) string { return d.Management.VRF }, ofAll("management.vrf")},
	{"management.address", func(_ *model.Fabric, d *model.Device) string { return d.Management.Address }, ofAll("management.address")},
	{"access.user", func(_ *model.Fabric, d *model.Device) string { return d.Access.User }, ofAll("access.user")},
	{"access.port", func(_ *model.Fabric, d *model.Device) string { return strconv.Itoa(d.Access.Port) }, ofAll("access.port")},
	{"access.identity", func(_ *model.Fabric, d *model.Device) string { return d.Access.Identity }, ofAll("access.identity")},
	{"access.jump", func(_ *model.Fabric, d *model.Device) string { return d.Access.Jump }, ofAll("access.jump")},
}

// follow is what devices of one role have of a key without saying it, and where
// from: "65011, 65012", "from asn.leafs in line 8". Empty: nothing.
func follow(p *work.Project, specs []model.Spec, name string) (value, from string) {
	i := slices.IndexFunc(allFollowed, func(k followed) bool { return k.name == name })
	if i < 0 || len(specs) == 0 {
		return "", ""
	}
	k := allFollowed[i]
	var values []string
	for j := range specs {
		d, ok := p.Plan.Device(specs[j].Name)
		if !ok {
			return "", ""
		}
		if v := k.value(p.Fabric, d); v != "" && v != "0" && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return "", ""
	}
	switch {
	case k.from != nil:
		from = whence(p, k.from(specs[0].Role))
	case endsIn(specs[0].Name, specs[0].N):
		from = "from the end of its name"
	default:
		from = "from its place in the list"
	}
	return span(values, ", "), from
}

// endsIn says whether a name ends in a number.
func endsIn(name string, n int) bool {
	v, err := strconv.Atoi(number(name))
	return err == nil && v == n
}

// whence names the line of fabric.yaml that a key stands in.
func whence(p *work.Project, path string) string {
	if _, given := p.Doc.Get(path); given {
		return fmt.Sprintf("from %s in line %d", path, p.Fabric.Line(path))
	}
	return "the default"
}

// meant is the devices that the form is about, as they are in a fabric: those
// of the row that it edits, or the ones that are not there yet.
func (s *deviceScreen) meant(p *work.Project) []model.Spec {
	var all []model.Spec
	for i := range p.Fabric.Devices {
		spec := p.Fabric.Devices[i]
		_, known := s.project.Plan.Device(spec.Name)
		if s.target != "" && spec.Path == s.target || s.target == "" && !known {
			all = append(all, spec)
		}
	}
	return all
}

// derive shows in every field what follows where it is left empty.
func (s *deviceScreen) derive() {
	p := s.trial.seen
	if p == nil || p.Fabric == nil {
		if p = s.project; s.target == "" {
			return
		}
	}
	specs := s.meant(p)
	for i := range s.form.fields {
		f := &s.form.fields[i]
		f.follows, f.from = follow(p, specs, f.name)
	}
}
