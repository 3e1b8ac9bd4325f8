package render

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"

	"closup/assets"
	"closup/model"
)

// merger makes the new file of a device out of its current one.
type merger func(current []byte) ([]byte, error)

// row is one file of a device: where it goes, what makes it live, which
// template prints it, and which devices have it. An empty list means any.
type row struct {
	path, unit, owner string
	mode              fs.FileMode
	template          string
	view              func(*model.Plan, *model.Device) (any, error)       // nil: systemView, made once for all
	merge             func(body []byte, view any, d *model.Device) merger // nil: the whole file is ours

	roles     []model.Role
	platforms []string
	networks  []string
	routers   []string

	// parts makes several files of the row, or none: each is a name, which
	// takes the place of the star in path, and what is printed; nil: one file.
	parts func(*model.Plan, *model.Device) ([]part, error)
}

// part is one file of several.
type part struct {
	name string
	view any
}

// artifacts are the files of a device, in the order in which they are shown.
var artifacts = []row{
	{path: "/etc/hostname", unit: "hostname", mode: 0o644, template: "hostname"},
	{path: "/etc/hosts", unit: "hosts", mode: 0o644, template: "hosts", merge: hostsMerge},
	{path: "/etc/network/interfaces", unit: "ifupdown2", mode: 0o644, template: "interfaces", merge: interfacesMerge, networks: []string{"ifupdown2"}},
	{path: "/etc/systemd/networkd.conf.d/90-closup-networkd.conf", unit: "networkd", mode: 0o644, template: "networkd.conf", networks: []string{"netplan", "networkd"}},
	{path: "/etc/systemd/network/10-closup-*.netdev", unit: "networkd-links", mode: 0o644, template: "networkd.netdev", parts: netdevFiles, networks: []string{"networkd"}},
	{path: "/etc/systemd/network/10-closup-*.network", unit: "networkd-links", mode: 0o644, template: "networkd.network", parts: networkFiles, networks: []string{"networkd"}},
	{path: "/etc/netplan/90-closup.yaml", unit: "netplan", mode: 0o600, template: "netplan.yaml", networks: []string{"netplan"}},
	{path: "/etc/sysctl.d/90-closup.conf", unit: "sysctl", mode: 0o644, template: "sysctl.conf"},
	{path: "/etc/systemd/system/kubelet.service.d/90-closup-kubelet.conf", unit: "kubelet", mode: 0o644, template: "kubelet.conf", roles: []model.Role{model.Node}},
	{path: "/etc/frr/daemons", unit: "frr-daemons", owner: "frr:frr", mode: 0o640, template: "daemons", merge: daemonsMerge, routers: []string{"frr"}},
	{path: "/etc/frr/frr.conf", unit: "frr", owner: "frr:frr", mode: 0o640, template: "frr.conf", view: frrView, routers: []string{"frr"}},

	{path: "/etc/systemd/system/frr-container.service", unit: "frr-container", mode: 0o644, template: "container.service", view: containerView, routers: []string{"frr-container"}},
	{path: "/etc/systemd/system/quagga-container.service", unit: "quagga-container", mode: 0o644, template: "container.service", view: containerView, routers: []string{"quagga-container"}},
	{path: "/usr/local/bin/vtysh", unit: "vtysh", mode: 0o755, template: "vtysh", view: containerView, routers: inContainers, platforms: []string{"debian", "ubuntu"}},
	{path: "/opt/bin/vtysh", unit: "vtysh", mode: 0o755, template: "vtysh", view: containerView, routers: inContainers, platforms: []string{"flatcar", "coreos"}},
	{path: "/etc/frr/vtysh.conf", unit: "frr-container-daemons", mode: 0o644, template: "vtysh.conf", routers: []string{"frr-container"}},
	{path: "/etc/frr/daemons", unit: "frr-container-daemons", mode: 0o644, template: "daemons", merge: daemonsMerge, routers: []string{"frr-container"}},
	{path: "/etc/frr/frr.conf", unit: "frr-container-config", mode: 0o644, template: "frr.conf", view: frrView, routers: []string{"frr-container"}},
	{path: "/etc/quagga/vtysh.conf", unit: "quagga-container-daemons", mode: 0o644, template: "vtysh.conf", routers: []string{"quagga-container"}},
	{path: "/etc/quagga/daemons", unit: "quagga-container-daemons", mode: 0o644, template: "quagga-daemons", routers: []string{"quagga-container"}},
	{path: "/etc/quagga/Quagga.conf", unit: "quagga-container-config", mode: 0o644, template: "Quagga.conf", view: quaggaView, routers: []string{"quagga-container"}},
}

// inContainers are the routers that run in one.
var inContainers = []string{"frr-container", "quagga-container"}

// What a device must be for the files above to work on it.
var (
	platforms = []string{"cumulus", "debian", "ubuntu", "flatcar"}
	routers   = []string{"frr", "frr-container", "quagga-container"}
	networks  = []string{"ifupdown2", "netplan", "networkd"}
)

// native is a platform that takes its configuration by means of its own: the
// files that closup writes for it, and what it pushes, where it does.
type native struct {
	files, pushed func(*model.Plan, *model.Device) ([]Artifact, error)
}

// natives are those platforms. SONiC is pushed to nowhere, since no such device
// was there to try it on; Fedora CoreOS gets all that it is at its first start.
var natives = map[string]native{
	"nvue":   {nvueStartup, nvuePushed},
	"sonic":  {sonicArtifacts, nil},
	"coreos": {coreosArtifacts, nil},
}

// nativeOf is how such a device is written. NVUE and SONiC are systems of
// switches only.
func nativeOf(d *model.Device) (native, bool) {
	n, ok := natives[d.Platform]
	return n, ok && (d.Role.Switch() || d.Platform == "coreos")
}

// Files are all files of one device, to be looked at: those that Device has,
// and of a platform that is not pushed to what it takes, which no unit makes
// live.
func Files(p *model.Plan, d *model.Device) ([]Artifact, error) {
	if native, ok := nativeOf(d); ok {
		return native.files(p, d)
	}
	return Device(p, d)
}

// Device renders all files of one device of the plan, as they are pushed; of a
// switch that runs NVUE closup's part of its tree. It fails where closup
// cannot yet write files for such a device, and where a name in the plan could
// do harm in a file; validation says so with the place in fabric.yaml.
func Device(p *model.Plan, d *model.Device) ([]Artifact, error) {
	if native, ok := nativeOf(d); ok && native.pushed != nil {
		return native.pushed(p, d)
	}
	if err := supported(d); err != nil {
		return nil, err
	}
	return rowsOf(p, d)
}

// rowsOf are the rows of the table that fit a device, printed.
func rowsOf(p *model.Plan, d *model.Device) ([]Artifact, error) {
	if err := safe(d); err != nil {
		return nil, err
	}
	sys, err := systemView(p, d)
	if err != nil {
		return nil, err
	}
	var out []Artifact
	for _, r := range artifacts {
		if !r.fits(d) {
			continue
		}
		views, err := r.views(p, d, sys)
		if err != nil {
			return nil, err
		}
		for _, v := range views {
			a, err := r.artifact(d, v)
			if err != nil {
				return nil, err
			}
			out = append(out, a)
		}
	}
	return out, nil
}

// fits says whether a device has the file.
func (r row) fits(d *model.Device) bool {
	any := func(words []string, word string) bool { return len(words) == 0 || slices.Contains(words, word) }
	return (len(r.roles) == 0 || slices.Contains(r.roles, d.Role)) &&
		any(r.platforms, d.Platform) && any(r.networks, d.Network) && any(r.routers, d.Router)
}

func (r row) views(p *model.Plan, d *model.Device, sys system) ([]part, error) {
	switch {
	case r.parts != nil:
		return r.parts(p, d)
	case r.view == nil:
		return []part{{"", sys}}, nil
	}
	view, err := r.view(p, d)
	return []part{{"", view}}, err
}

func (r row) artifact(d *model.Device, v part) (Artifact, error) {
	view := v.view
	body, err := execute("devices/"+r.template+".tmpl", view)
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{Device: d.Name, Path: strings.Replace(r.path, "*", v.name, 1), Unit: r.unit, Mode: r.mode, Owner: r.owner, Body: body}
	if r.merge != nil {
		merge := r.merge(body, view, d)
		a.Merge = merge
		if a.Body, err = merge(nil); err != nil {
			return Artifact{}, err
		}
	}
	return a, nil
}

func hostsMerge(body []byte, _ any, d *model.Device) merger {
	return func(current []byte) ([]byte, error) { return mergeHosts(current, body, d.Name), nil }
}

func interfacesMerge(body []byte, view any, d *model.Device) merger {
	var owned []string
	for _, i := range view.(system).Interfaces {
		owned = append(owned, i.Name)
	}
	return func(current []byte) ([]byte, error) {
		return mergeInterfaces(current, body, owned, d.Management.Port)
	}
}

// daemonsMerge turns on what is needed and turns nothing off: bfdd may serve
// something that is not ours. A device without the file gets all of the body.
func daemonsMerge(body []byte, view any, _ *model.Device) merger {
	set := [][2]string{{"bgpd", "yes"}, {"vtysh_enable", "yes"}}
	if view.(system).BFD {
		set = append(set, [2]string{"bfdd", "yes"})
	}
	return func(current []byte) ([]byte, error) {
		if len(bytes.TrimSpace(current)) == 0 {
			return body, nil
		}
		return mergeDaemons(current, set), nil
	}
}

func supported(d *model.Device) error {
	if d.Platform == "coreos" {
		return fmt.Errorf("%s runs Fedora CoreOS, which gets its files at its first start: `closup render --target butane` writes them, docs/butane.md says how to use them, and --only pushes to the others", d.Name)
	}
	if _, ok := nativeOf(d); ok {
		return fmt.Errorf("%s runs %s, whose configuration closup writes but does not push: `closup render --device %s` prints it, docs/vendors.md says how to load it, and --only pushes to the others", d.Name, d.Platform, d.Name)
	}
	for _, c := range []struct {
		what, has string
		can       []string
	}{
		{"platform", d.Platform, platforms},
		{"router", d.Router, routers},
		{"network", d.Network, networks},
	} {
		if !slices.Contains(c.can, c.has) {
			return fmt.Errorf("%s: closup has no files for %s %q, only for %s", d.Name, c.what, c.has, strings.Join(c.can, ", "))
		}
	}
	return nil
}

// safe is the last gate before a name reaches a file that root reads.
func safe(d *model.Device) error {
	if !model.SafeHostname(d.Name) {
		return fmt.Errorf("%q cannot be the name of a device: letters, digits and hyphens only", d.Name)
	}
	r := &d.Routing
	var words, texts []string
	for _, g := range r.Groups {
		words, texts = append(words, g.Name), append(texts, g.Description)
	}
	for _, p := range r.Peers {
		words, texts = append(words, p.Port), append(texts, p.Description)
	}
	for _, l := range r.PrefixLists {
		words = append(words, l.Name)
	}
	for _, w := range words {
		if w == "" || !model.SafeText(w) || strings.Contains(w, " ") {
			return fmt.Errorf("%s: %q holds characters that frr.conf may not have", d.Name, w)
		}
	}
	for _, t := range texts {
		if !model.SafeText(t) || len(t) > model.MaxDescription {
			return fmt.Errorf("%s: the description %q holds characters that frr.conf may not have, or is longer than %d", d.Name, t, model.MaxDescription)
		}
	}
	return nil
}

// delimiters of a target's templates, where the files that they print have
// {{ }} of their own.
var delimiters = map[string][2]string{"ansible": {"[[", "]]"}}

// parsed are the embedded templates, by target and file: "devices/hosts.tmpl".
// A file that is no .tmpl is written as it lies there.
var parsed = sync.OnceValues(func() (map[string]*template.Template, error) {
	out := map[string]*template.Template{}
	err := fs.WalkDir(assets.FS, "templates", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".tmpl" {
			return err
		}
		text, err := fs.ReadFile(assets.FS, file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, "templates/")
		d := delimiters[path.Dir(name)]
		t, err := template.New(path.Base(name)).Delims(d[0], d[1]).Option("missingkey=error").Parse(string(text))
		out[name] = t
		return err
	})
	return out, err
})

// execute prints a view with an embedded template.
func execute(name string, view any) ([]byte, error) {
	all, err := parsed()
	if err != nil {
		return nil, err
	}
	t, ok := all[name]
	if !ok {
		return nil, fmt.Errorf("there is no template %s", name)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, view); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
