package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"closup/assets"
	"closup/model"
)

// A Vagrantfile, one machine a device. How each machine becomes its device is
// data (machines/NAME.json) for a program that runs inside it and does there
// what push does. The names of the fabric stand in Ruby as quoted words of
// letters, digits and -_. only; nothing else of the operator's does.

// vagrantBox is what a platform runs on. Box: a box that there is for libvirt
// and for VirtualBox. Networks: what may own its interfaces, the first where
// the device has none of them.
type vagrantBox struct {
	Platform, Box string
	Memory        int // MiB
	Networks      []string
	Packages      []string
}

// vagrantBoxes are the boxes. Of another platform there is none that anybody
// may download and that takes the same files; Debian stands in for it.
var vagrantBoxes = []vagrantBox{
	{"debian", "debian/bookworm64", 512, []string{"ifupdown2", "netplan"}, []string{"python3", "frr", "frr-pythontools", "lldpd"}},
	{"ubuntu", "generic/ubuntu2204", 768, []string{"ifupdown2", "netplan"}, []string{"python3", "frr", "frr-pythontools", "lldpd"}},
	{"cumulus", "CumulusCommunity/cumulus-vx", 2048, []string{"ifupdown2"}, nil},
}

// networkPackages are what a network needs on a box of Debian or Ubuntu.
var networkPackages = map[string]string{"ifupdown2": "ifupdown2", "netplan": "netplan.io"}

// vagrantMachine is one machine of the Vagrantfile. Words are Ruby.
type vagrantMachine struct {
	Name, Bare, Box, Packages string
	Ports                     []vagrantPort
}

// vagrantPort is one port of a machine. Its cable's ends are numbered through
// all cables from 0: the number is the UDP port that it listens on.
type vagrantPort struct {
	Name, Bare, MAC string
	Cable, End, Far int
}

// vagrantFiles are the Vagrantfile, what it puts into the machines, and the
// files of each.
func vagrantFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		ports, cables, err := vagrantPorts(p, devices)
		if err != nil {
			yield(File{}, err)
			return
		}
		var machines []vagrantMachine
		for d := range chosen(p, devices) {
			box, network := vagrantBoxOf(d)
			packages := slices.Clone(box.Packages)
			if len(packages) > 0 {
				packages = append(packages, networkPackages[network])
			}
			machines = append(machines, vagrantMachine{rubyWord(d.Name), d.Name, rubyWord(box.Platform), strings.Join(packages, " "), ports[d.Name]})
		}
		name, err := labName(p)
		if err != nil {
			yield(File{}, err)
			return
		}
		body, err := execute("vagrant/Vagrantfile.tmpl", struct {
			Name     string
			Cables   int
			Boxes    []vagrantBox
			Machines []vagrantMachine
		}{rubyWord(name), cables, vagrantBoxes, machines})
		if !yield(File{"Vagrantfile", 0o644, body}, err) || err != nil {
			return
		}
		for _, s := range vagrantStatic {
			body, err := fs.ReadFile(assets.FS, "templates/"+s.asset)
			if !yield(File{s.path, 0o644, body}, err) || err != nil {
				return
			}
		}
		body, err = vagrantCommon()
		if !yield(File{"closup/common.json", 0o644, body}, err) || err != nil {
			return
		}
		for d := range chosen(p, devices) {
			body, err := vagrantDevice(p, d, ports[d.Name])
			if !yield(File{"machines/" + d.Name + ".json", 0o644, body}, err) || err != nil {
				return
			}
		}
	}
}

// vagrantStatic are the files that are the same for every fabric.
var vagrantStatic = []struct{ path, asset string }{
	{"closup/provision.sh", "vagrant/provision.sh"},
	{"closup/install.py", "vagrant/install.py"},
	{"closup/newfiles.py", "ansible/newfiles.py"},
}

func vagrantBoxOf(d *model.Device) (box vagrantBox, network string) {
	i := max(0, slices.IndexFunc(vagrantBoxes, func(b vagrantBox) bool { return b.Platform == d.Platform }))
	box = vagrantBoxes[i]
	if slices.Contains(box.Networks, d.Network) {
		return box, d.Network
	}
	return box, box.Networks[0]
}

// vagrantPorts numbers the ends of all cables and gives each its MAC address,
// which is how a machine knows its ports.
func vagrantPorts(p *model.Plan, devices []string) (map[string][]vagrantPort, int, error) {
	wires, err := labWires(p, devices)
	if err != nil {
		return nil, 0, err
	}
	const most = 1 << 23 // what three bytes of a MAC address number
	if len(wires) > most {
		return nil, 0, fmt.Errorf("%d cables are more than a lab of machines can number (%d): choose devices with --device", len(wires), most)
	}
	out := map[string][]vagrantPort{}
	for _, w := range wires {
		for i, end := range []model.End{w.A, w.B} {
			if end.Device == "" {
				continue
			}
			here, far := 2*(w.N-1)+i, 2*(w.N-1)+1-i
			mac := fmt.Sprintf("02:c1:05:%02x:%02x:%02x", here>>16&255, here>>8&255, here&255)
			out[end.Device] = append(out[end.Device], vagrantPort{rubyWord(end.Port), end.Port, mac, w.N, here, far})
		}
	}
	return out, len(wires), nil
}

// rubyWord is a string of Ruby in which nothing is expanded. What it quotes has
// passed safe.
func rubyWord(s string) string {
	return `"` + s + `"`
}

// vagrantUnit is one unit of a machine.
type vagrantUnit struct {
	Name   string `json:"name"`
	Check  string `json:"check"`
	Apply  string `json:"apply"`
	Verify string `json:"verify"`
}

// vagrantNames is the unit of the files that give the ports their names.
var vagrantNames = vagrantUnit{Name: "port-names", Apply: `[ ! -d /run/systemd/system ] || { systemctl daemon-reload && systemctl enable closup-ports.service; } || exit
/etc/closup/name-ports`}

// vagrantCommon is what all machines have: the files that give the ports their
// names, now and after each start, and every unit in its order.
func vagrantCommon() ([]byte, error) {
	var files []vagrantFile
	for _, s := range []struct{ path, mode, asset string }{
		{"/etc/closup/name-ports", "0755", "name-ports"},
		{"/etc/systemd/system/closup-ports.service", "0644", "closup-ports.service"},
	} {
		body, err := fs.ReadFile(assets.FS, "templates/vagrant/"+s.asset)
		if err != nil {
			return nil, err
		}
		files = append(files, vagrantFile{Path: s.path, Unit: vagrantNames.Name, Owner: "root", Group: "root", Mode: s.mode, Body: linesOf(string(body))})
	}
	units := []vagrantUnit{vagrantNames}
	for _, u := range Units {
		if u.Trial != nil { // no box runs NVUE
			continue
		}
		if u.Restart != "" {
			u.Apply = orElse(u.Apply, u.Restart)
		}
		units = append(units, vagrantUnit{u.Name, u.Check, u.Apply, u.Verify})
	}
	return indented(struct {
		Files []vagrantFile `json:"files"`
		Units []vagrantUnit `json:"units"`
	}{files, units})
}

// vagrantDevice is the file of one machine: its ports, and the files that make
// it its device.
func vagrantDevice(p *model.Plan, d *model.Device, ports []vagrantPort) ([]byte, error) {
	if port := d.Management.Port; port != "" && !model.SafeInterface(port) {
		return nil, fmt.Errorf("%q, the management port of %s, cannot be the name of an interface", port, d.Name)
	}
	box, network := vagrantBoxOf(d)
	artifacts, err := Device(p, standIn(d, box.Platform, network, "frr"))
	if err != nil {
		return nil, err
	}
	var list strings.Builder
	for _, port := range ports {
		fmt.Fprintf(&list, "%s %s\n", port.MAC, port.Bare)
	}
	files := []vagrantFile{{Path: "/etc/closup/ports", Unit: vagrantNames.Name, Owner: "root", Group: "root", Mode: "0644", Body: linesOf(list.String())}}
	for _, a := range artifacts {
		f, err := vagrantFileOf(d, a)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return indented(struct {
		Files []vagrantFile `json:"files"`
	}{files})
}

// vagrantFile is one file of a machine, as newfiles.py takes it.
type vagrantFile struct {
	Path  string `json:"path"`
	Unit  string `json:"unit"`
	Owner string `json:"owner"`
	Group string `json:"group"`
	Mode  string `json:"mode"`
	Body  lines  `json:"body"`
	Merge string `json:"merge,omitempty"`
	// What a merge has to know.
	Words map[string]json.RawMessage `json:"words,omitempty"`
}

// lines are a text line by line, each with its end.
type lines []string

func linesOf(text string) lines { return slices.Collect(strings.Lines(text)) }

func vagrantFileOf(d *model.Device, a Artifact) (vagrantFile, error) {
	owner, group, ok := strings.Cut(a.Owner, ":")
	if !ok {
		owner, group = "root", "root"
	}
	f := vagrantFile{Path: a.Path, Unit: a.Unit, Owner: owner, Group: group, Mode: fmt.Sprintf("%04o", a.Mode), Body: linesOf(string(a.Body))}
	if a.Merge == nil {
		return f, nil
	}
	merge, ok := playMerges[a.Path]
	if !ok {
		return f, fmt.Errorf("%s: a machine cannot share %s with others; leave the device out with --device", d.Name, a.Path)
	}
	words, err := merge.words(d)
	f.Merge, f.Words = merge.name, map[string]json.RawMessage{}
	for _, w := range words {
		f.Words[w.Key] = json.RawMessage(w.Value)
	}
	return f, err
}

// indented is JSON that people read too.
func indented(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return out.Bytes(), err
}

// orElse is a script that tries the second one where the first fails.
func orElse(first, second string) string {
	return "(\n" + strings.TrimSuffix(first, "\n") + "\n) || (\n" + strings.TrimSuffix(second, "\n") + "\n)"
}
