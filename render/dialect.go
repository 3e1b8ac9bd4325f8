package render

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"closup/model"
)

// What the dialects of switches have in common: they print what the plan
// decided for a switch, whatever its platform, and say at the place what they
// cannot say.

// script is a file of commands of a switch's own CLI.
type script struct {
	Device string
	For    string   // "Cumulus Linux 5.0", or the releases that it is written for
	Unfit  string   // why the device cannot take it; then it holds nothing else
	Notes  []string // what the dialect leaves to others
	Steps  []scriptStep
}

// scriptStep is commands that belong together. Those of another program stand
// in a step of their own.
type scriptStep struct {
	Note     string
	Commands []string
	Vtysh    []string // lines of FRR's configuration, given to vtysh
	Commit   bool     // made live before the next step
}

// releases are those of Cumulus Linux that have a CLI: from the first to
// before below.
type releases struct {
	tool, first, below string
	instead            string // what the others are told
}

// unfit says why a device's release has not got the CLI; empty: it has, or
// nothing is known, as of a device that is to run it and runs something else
// today.
func (r releases) unfit(d *model.Device) string {
	if !onCumulus(d) {
		return ""
	}
	if model.CompareReleases(d.Release, r.first) >= 0 && (r.below == "" || model.CompareReleases(d.Release, r.below) < 0) {
		return ""
	}
	return fmt.Sprintf("%s runs Cumulus Linux %s, which has no %s: %s", d.Name, d.Release, r.tool, r.instead)
}

// onCumulus says whether the device's release is known, and Cumulus Linux's.
func onCumulus(d *model.Device) bool {
	return d.Release != "" && (d.Platform == "cumulus" || d.Platform == "nvue")
}

// switches are the chosen devices that are switches, in the plan's order.
func switches(p *model.Plan, names []string) iter.Seq[*model.Device] {
	return func(yield func(*model.Device) bool) {
		for d := range chosen(p, names) {
			if d.Role.Switch() && !yield(d) {
				return
			}
		}
	}
}

func anySwitch(p *model.Plan, names []string) bool {
	for range switches(p, names) {
		return true
	}
	return false
}

// perSwitch makes the files of each chosen switch with a function.
func perSwitch(files func(*model.Plan, *model.Device) ([]File, error)) func(*model.Plan, ...string) iter.Seq2[File, error] {
	return func(p *model.Plan, devices ...string) iter.Seq2[File, error] {
		return func(yield func(File, error) bool) {
			if len(devices) > 0 && !anySwitch(p, devices) {
				yield(File{}, fmt.Errorf("this target is for switches, and %s is none: choose another --device, or none for all switches", strings.Join(devices, ", ")))
				return
			}
			for d := range switches(p, devices) {
				all, err := files(p, d)
				if err != nil {
					yield(File{}, err)
					return
				}
				for _, f := range all {
					if !yield(f, nil) {
						return
					}
				}
			}
		}
	}
}

// spoken is the last gate before a device's names reach a command: those of
// frr.conf, and what a CLI takes for something else.
func spoken(d *model.Device) ([]iface, error) {
	if err := safe(d); err != nil {
		return nil, err
	}
	interfaces, err := interfacesOf(d)
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces {
		if rangeLike.MatchString(i.Name) {
			return nil, fmt.Errorf("the CLI of a switch takes port %s of %s for a range of ports: use another name in `links` or `ports`", i.Name, d.Name)
		}
	}
	for _, text := range texts(&d.Routing) {
		if strings.HasPrefix(text, "-") || !model.SafeText(text) {
			return nil, fmt.Errorf("%s: the CLI of a switch cannot be told %q", d.Name, text)
		}
	}
	for _, l := range d.Routing.PathLists {
		for _, regex := range l.Regex {
			if !pathRegex.MatchString(regex) {
				return nil, fmt.Errorf("%s: %q is more than closup writes of an AS path", d.Name, regex)
			}
		}
	}
	for _, o := range d.Routing.Originate {
		if !model.SafeText(o.RouteMap) || o.Source != "connected" && o.Source != "kernel" {
			return nil, fmt.Errorf("%s: cannot redistribute %q by %q", d.Name, o.Source, o.RouteMap)
		}
	}
	return interfaces, nil
}

var (
	rangeLike = regexp.MustCompile(`[0-9]-[0-9]+$`)
	pathRegex = regexp.MustCompile(`^[0-9^$\[\]_.*+-]+$`)
)

// texts are all names and descriptions of a device's routing.
func texts(r *model.Routing) []string {
	var out []string
	for _, g := range r.Groups {
		out = append(out, g.Name, g.Description, g.PathIn, g.PathOut)
	}
	for _, p := range r.Peers {
		out = append(out, p.Description)
	}
	for _, l := range r.PrefixLists {
		out = append(out, l.Name)
	}
	for _, l := range r.PathLists {
		out = append(out, l.Name)
	}
	return out
}

// foreignPorts says which planned ports a platform has no name for.
func foreignPorts(interfaces []iface, own *regexp.Regexp, system, example string) []string {
	var names []string
	for _, i := range interfaces {
		if i.Port && i.VLAN == 0 && !own.MatchString(i.Name) {
			names = append(names, i.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("No port of %s is called %s: give the ports its names, such as %s, in `links` or `ports`.", system, strings.Join(names, ", "), example)}
}

// brokenOut says that ports are split elsewhere.
func brokenOut(d *model.Device) []string {
	var out []string
	for _, b := range d.Breakout {
		out = append(out, fmt.Sprintf("%s is to be split into %dx%s before; closup does not do it.", b.Port, b.Count, b.Speed))
	}
	return out
}

// shellWord writes a word of a command as the shell needs it.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, shellPlain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

const shellPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-"

// unicastFamilies are a routing's address families, as "is it IPv6".
func unicastFamilies(r *model.Routing) []bool {
	return slices.DeleteFunc([]bool{false, true}, func(v6 bool) bool { return v6 && !r.V6 || !v6 && !r.V4 })
}
