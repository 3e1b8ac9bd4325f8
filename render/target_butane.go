package render

import (
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/coreos/butane/config/common"
	fcos "github.com/coreos/butane/config/fcos/v1_5"
	flatcar "github.com/coreos/butane/config/flatcar/v1_1"

	"closup/model"
)

// Flatcar and Fedora CoreOS get all that they are at their first start, as
// Ignition, which Butane makes of a file that people read
// (https://coreos.github.io/butane/specs/). A device's files become its storage,
// units of systemd its units.

// butaneSystem is one of the systems that take Ignition.
type butaneSystem struct {
	platform, name   string
	variant, version string // of Butane's specification
	engine           string // what runs containers
	ports            func(*model.Device) ([]Artifact, error)
	ignition         func([]byte) ([]byte, error)
}

// butaneSystems are the systems; the first stands for any other platform.
// Flatcar's interfaces are networkd's, as the device's files have them.
var butaneSystems = []butaneSystem{
	{"flatcar", "Flatcar Container Linux", "flatcar", "1.1.0", "docker", nil, flatcarIgnition},
	{"coreos", "Fedora CoreOS", "fcos", "1.5.0", "podman", networkManagerFiles, coreosIgnition},
}

// Nothing is compressed, so that what is in it can be read, and the same
// fabric gives the same bytes whoever compiled closup.
var ignitionOptions = common.TranslateBytesOptions{
	TranslateOptions: common.TranslateOptions{NoResourceAutoCompression: true}, Pretty: true,
}

func flatcarIgnition(text []byte) ([]byte, error) {
	out, report, err := flatcar.ToIgn3_4Bytes(text, ignitionOptions)
	return strict(out, report.String(), err)
}

func coreosIgnition(text []byte) ([]byte, error) {
	out, report, err := fcos.ToIgn3_4Bytes(text, ignitionOptions)
	return strict(out, report.String(), err)
}

// strict takes a warning of Butane's for an error.
func strict(ignition []byte, report string, err error) ([]byte, error) {
	switch {
	case err != nil && report != "":
		return nil, fmt.Errorf("the file that closup made is refused by Butane; please report it: %w: %s", err, report)
	case err != nil:
		return nil, fmt.Errorf("the file that closup made is refused by Butane; please report it: %w", err)
	case report != "":
		return nil, fmt.Errorf("the file that closup made is doubted by Butane; please report it: %s", report)
	}
	return append(ignition, '\n'), nil
}

// butaneView is a Butane file. Texts are YAML.
type butaneView struct {
	Name, System     string
	Variant, Version string
	User             string
	Files            []butaneFile
	Units            []butaneUnit
}

type butaneFile struct{ Path, Mode, Inline string }

type butaneUnit struct {
	Name, Contents string
	Enabled        bool
	Dropins        []butaneUnit
}

// butaneFiles are NODE.bu and NODE.ign of every node, and of every other device
// whose platform takes Ignition.
func butaneFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for d := range chosen(p, devices) {
			at := slices.IndexFunc(butaneSystems, func(s butaneSystem) bool { return s.platform == d.Platform })
			if d.Role != model.Node && at < 0 {
				continue
			}
			text, ignition, err := butaneOf(p, d, butaneSystems[max(0, at)])
			if !yield(File{d.Name + ".bu", 0o644, text}, err) || err != nil {
				return
			}
			if !yield(File{d.Name + ".ign", 0o644, ignition}, nil) {
				return
			}
		}
	}
}

func butaneOf(p *model.Plan, d *model.Device, s butaneSystem) (text, ignition []byte, err error) {
	all, err := butaneArtifacts(p, d, s)
	if err != nil {
		return nil, nil, err
	}
	view := butaneView{Name: d.Name, System: s.name, Variant: s.variant, Version: s.version}
	if user := d.Access.User; user != "" {
		if !model.SafeAccess(user) || strings.Contains(user, " ") {
			return nil, nil, fmt.Errorf("%s: %q cannot be the name of a user", d.Name, user)
		}
		view.User = quoted(user)
	}
	for _, a := range all {
		view.add(a)
	}
	if text, err = execute("butane/config.bu.tmpl", view); err != nil {
		return nil, nil, err
	}
	if ignition, err = s.ignition(text); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", d.Name, err)
	}
	return text, ignition, nil
}

// butaneArtifacts are the files of a device as such a system has them: its
// router runs in a container, FRR's where the device has none.
func butaneArtifacts(p *model.Plan, d *model.Device, s butaneSystem) ([]Artifact, error) {
	other := standIn(d, s.platform, "networkd", d.Router)
	if !slices.Contains(inContainers, d.Router) {
		other.Router, other.Container = "frr-container", model.Container{Engine: s.engine, Image: frrImage}
	}
	all, err := rowsOf(p, other)
	if err != nil {
		return nil, err
	}
	if s.ports != nil {
		all = slices.DeleteFunc(all, func(a Artifact) bool { return strings.HasPrefix(a.Path, "/etc/systemd/network") })
		ports, err := s.ports(d)
		if err != nil {
			return nil, err
		}
		all = append(ports, all...)
	}
	for i, a := range all {
		if a.Path == "/etc/hosts" {
			// There is none yet, and names of its own must go on resolving.
			if all[i].Body, err = a.Merge([]byte("127.0.0.1 localhost\n::1 localhost\n")); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// coreosArtifacts are the files that a device of Fedora CoreOS has after its
// first start.
func coreosArtifacts(p *model.Plan, d *model.Device) ([]Artifact, error) {
	at := slices.IndexFunc(butaneSystems, func(s butaneSystem) bool { return s.platform == "coreos" })
	return butaneArtifacts(p, d, butaneSystems[at])
}

// add puts a file where Butane has it: units and their drop-ins by name,
// everything else by path. What systemd starts says so by an Install section.
func (v *butaneView) add(a Artifact) {
	text := string(a.Body)
	switch dir, name := path.Split(a.Path); {
	case dir == "/etc/systemd/system/":
		v.Units = append(v.Units, butaneUnit{Name: name, Contents: inline(text, 8), Enabled: strings.Contains(text, "\n[Install]\n")})
	case strings.HasPrefix(dir, "/etc/systemd/system/") && strings.HasSuffix(dir, ".d/"):
		unit := strings.TrimSuffix(path.Base(dir), ".d")
		v.Units = append(v.Units, butaneUnit{Name: unit, Dropins: []butaneUnit{{Name: name, Contents: inline(text, 12)}}})
	default:
		v.Files = append(v.Files, butaneFile{a.Path, fmt.Sprintf("%#o", a.Mode&fs.ModePerm), inline(text, 10)})
	}
}

// inline is a text as a literal block of YAML, indented that far; in quotes
// where a block could not hold it.
func inline(text string, indent int) string {
	plain := strings.IndexFunc(text, func(r rune) bool { return (r < ' ' || r > '~') && r != '\n' && r != '\t' }) < 0
	if !plain || text == "" || strings.TrimLeft(text, " \t\n") != text || strings.TrimSuffix(text, "\n") != strings.TrimRight(text, " \t\n") || !strings.HasSuffix(text, "\n") {
		return quoted(text)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = strings.Repeat(" ", indent) + line
		}
	}
	return "|\n" + strings.Join(lines, "\n")
}

// keyfile is a profile of NetworkManager for one interface
// (nm-settings-keyfile(5)).
type keyfile struct {
	iface
	Type             string
	Method4, Method6 string
	V4, V6           []string // address1=..., address2=...
}

func (k *keyfile) add4(address string) {
	k.Method4, k.V4 = "manual", append(k.V4, fmt.Sprintf("address%d=%s", len(k.V4)+1, address))
}

func (k *keyfile) add6(address string) {
	k.Method6, k.V6 = "manual", append(k.V6, fmt.Sprintf("address%d=%s", len(k.V6)+1, address))
}

// networkManagerFiles are a profile for lo and for every planned port, since
// Fedora CoreOS has no networkd.
func networkManagerFiles(d *model.Device) ([]Artifact, error) {
	interfaces, err := interfacesOf(d)
	if err != nil {
		return nil, err
	}
	var out []Artifact
	for _, i := range interfaces {
		k := keyfile{iface: i, Type: "ethernet", Method4: "disabled", Method6: "link-local"}
		switch {
		case !i.Port: // NetworkManager adds 127.0.0.1 and ::1 by itself
			k.Type = "loopback"
			k.add4("127.0.0.1/8")
			k.add6("::1/128")
		case i.VLAN > 0:
			k.Type = "vlan"
		}
		for _, a := range i.Addresses {
			if a.Addr().Is4() {
				k.add4(a.String())
			} else {
				k.add6(a.String())
			}
		}
		body, err := execute("butane/port.nmconnection.tmpl", k)
		if err != nil {
			return nil, err
		}
		out = append(out, Artifact{Device: d.Name, Path: "/etc/NetworkManager/system-connections/closup-" + i.Name + ".nmconnection", Mode: 0o600, Body: body})
	}
	return out, nil
}
