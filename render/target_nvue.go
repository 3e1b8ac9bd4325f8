package render

import (
	"fmt"
	"strings"

	"closup/model"
)

// NVUE, the CLI of Cumulus Linux 5: `nv set` fills a tree, which startup.yaml
// holds as YAML, and `nv config apply` writes interfaces and frr.conf of it.
// The tree follows NVIDIA's command reference, which says since when each
// command is there.

var nvueReleases = releases{tool: "NVUE", first: model.FirstNVUE, instead: "it came with 5.0, and `closup render --target nclu` writes what earlier ones take"}

// nvueFor says for which release the commands are.
func nvueFor(d *model.Device) string {
	if onCumulus(d) {
		return "Cumulus Linux " + d.Release
	}
	return "Cumulus Linux 5.1 to 5.14"
}

// nvueNotes are what NVUE is not told.
func nvueNotes(d *model.Device, interfaces []iface, t *nvueTree) ([]string, error) {
	var notes []string
	if !onCumulus(d) {
		notes = append(notes, "Another release takes other words: say which in fabric.yaml, as `release`.")
	}
	notes = append(append(notes, "NVUE writes its own `frr defaults` and `log` lines."), cumulusNotes(d, interfaces)...)
	if !t.descriptions {
		notes = append(notes, "Neighbors have descriptions from "+nvueDescriptions+" on; they are left out.")
	}
	renamed := map[string]string{}
	for _, l := range d.Routing.PrefixLists {
		name := nvueName(l.Name)
		if other, clash := renamed[name]; clash && other != l.Name {
			return nil, fmt.Errorf("%s: the lists %s and %s would both be called %s, since NVUE takes no dot in a name", d.Name, other, l.Name, name)
		}
		renamed[name] = l.Name
		if name != l.Name {
			notes = append(notes, fmt.Sprintf("A name cannot hold a dot: %s is frr.conf's %s.", name, l.Name))
		}
	}
	return notes, nil
}

// nvueDevice is a switch's script, DEVICE/nvue.sh, and its startup.yaml.
func nvueDevice(p *model.Plan, d *model.Device) ([]File, error) {
	interfaces, err := spoken(d)
	if err != nil {
		return nil, err
	}
	s := script{Device: d.Name, For: nvueFor(d)}
	if why := nvueReleases.unfit(d); why != "" {
		s.Unfit = shellWord(why)
		body, err := execute("nvue/script.sh.tmpl", s)
		return []File{{d.Name + "/nvue.sh", 0o755, body}}, err
	}
	t := nvueOf(d, interfaces, false)
	if s.Notes, err = nvueNotes(d, interfaces, t); err != nil {
		return nil, err
	}
	for _, step := range t.steps {
		var commands []string
		for _, l := range step.leaves {
			command := l.path
			if l.value != "" {
				command += " " + shellWord(l.value)
			}
			commands = append(commands, command)
		}
		s.Steps = append(s.Steps, scriptStep{Note: step.note, Commands: commands})
	}
	body, err := execute("nvue/script.sh.tmpl", s)
	if err != nil {
		return nil, err
	}
	startup, err := nvueStartup(p, d)
	if err != nil {
		return nil, err
	}
	return []File{{d.Name + "/nvue.sh", 0o755, body}, startup[0].file()}, nil
}

// nvueSpoken is the last gate before NVUE is told anything of a device.
func nvueSpoken(d *model.Device) ([]iface, error) {
	interfaces, err := spoken(d)
	if why := nvueReleases.unfit(d); err == nil && why != "" {
		err = fmt.Errorf("%s", why)
	}
	return interfaces, err
}

// nvueSaved is where NVUE saves what it has applied, for the next boot.
const nvueSaved = "/etc/nvue.d/startup.yaml"

// nvuePushed is closup's part of what NVUE shall have applied on a switch, the
// management port not in it.
func nvuePushed(_ *model.Plan, d *model.Device) ([]Artifact, error) {
	interfaces, err := nvueSpoken(d)
	if err != nil {
		return nil, err
	}
	t := nvueOf(d, interfaces, false)
	if _, err := nvueNotes(d, interfaces, t); err != nil {
		return nil, err
	}
	return []Artifact{{Device: d.Name, Path: nvueSaved, Unit: "nvue", Mode: 0o600, Body: t.flat().text()}}, nil
}

// nvueStartup is a switch's startup.yaml, where NVUE has it.
func nvueStartup(_ *model.Plan, d *model.Device) ([]Artifact, error) {
	interfaces, err := nvueSpoken(d)
	if err != nil {
		return nil, err
	}
	if m := d.Management; !model.SafeInterface(m.Port) || !model.SafeText(m.VRF) || !model.SafeText(m.Address) {
		return nil, fmt.Errorf("%s: a startup.yaml cannot hold management port %q in VRF %q with address %q", d.Name, m.Port, m.VRF, m.Address)
	}
	if m := d.Management.Address; m != "dhcp" && m != "" && !strings.Contains(m, "/") {
		return nil, fmt.Errorf("%s: write management.address with its length, such as %s/24, for startup.yaml", d.Name, m)
	}
	t := nvueOf(d, interfaces, true)
	notes, err := nvueNotes(d, interfaces, t)
	if err != nil {
		return nil, err
	}
	body, err := execute("nvue/startup.yaml.tmpl", struct {
		Device, For  string
		Notes, Lines []string
	}{d.Name, nvueFor(d), notes, t.yaml()})
	return []Artifact{{Device: d.Name, Path: nvueSaved, Mode: 0o644, Body: body}}, err
}
