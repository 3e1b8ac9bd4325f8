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

// vagrantUnit is one unit of a machine; the first gives the ports their names.
type vagrantUnit struct {
	Name  string `json:"name"`
	Apply string `json:"apply"`
}

// vagrantNames is the unit of the files that give the ports their names.
var vagrantNames = vagrantUnit{"port-names", `[ ! -d /run/systemd/system ] || { systemctl daemon-reload && systemctl enable closup-ports.service; } || exit
/etc/closup/name-ports`}

// vagrantDevice is the file of one machine: what install.py writes and makes
// live, as JSON.
func vagrantDevice(p *model.Plan, d *model.Device, ports []vagrantPort) ([]byte, error) {
	box, network := vagrantBoxOf(d)
	artifacts, err := Device(p, standIn(d, box.Platform, network, "frr"))
	if err != nil {
		return nil, err
	}
	files, err := vagrantNaming(ports)
	if err != nil {
		return nil, err
	}
	for _, a := range artifacts {
		f, err := vagrantFile(d, a)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	units := []vagrantUnit{vagrantNames}
	for _, u := range Units {
		if u.Restart != "" {
			u.Apply = orElse(u.Apply, u.Restart)
		}
		if slices.ContainsFunc(artifacts, func(a Artifact) bool { return a.Unit == u.Name }) {
			units = append(units, vagrantUnit{u.Name, u.Apply})
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(struct {
		Files []map[string]any `json:"files"`
		Units []vagrantUnit    `json:"units"`
	}{files, units})
	return out.Bytes(), err
}

// vagrantNaming are the files that give the ports their names, now and after
// each start.
func vagrantNaming(ports []vagrantPort) ([]map[string]any, error) {
	var list strings.Builder
	for _, port := range ports {
		fmt.Fprintf(&list, "%s %s\n", port.MAC, port.Bare)
	}
	out := []map[string]any{ownFile("/etc/closup/ports", "0644", list.String())}
	for _, s := range []struct{ path, mode, asset string }{
		{"/etc/closup/name-ports", "0755", "name-ports"},
		{"/etc/systemd/system/closup-ports.service", "0644", "closup-ports.service"},
	} {
		body, err := fs.ReadFile(assets.FS, "templates/vagrant/"+s.asset)
		if err != nil {
			return nil, err
		}
		out = append(out, ownFile(s.path, s.mode, string(body)))
	}
	return out, nil
}

func ownFile(path, mode, body string) map[string]any {
	return map[string]any{
		"path": path, "unit": vagrantNames.Name, "owner": "root", "group": "root", "mode": mode,
		"body": body, "check": "", "verify": "",
	}
}

// vagrantFile is one file of a device as newfiles.py takes it.
func vagrantFile(d *model.Device, a Artifact) (map[string]any, error) {
	u, ok := UnitNamed(a.Unit)
	if !ok {
		return nil, fmt.Errorf("%s: there is no unit %q for %s", d.Name, a.Unit, a.Path)
	}
	owner, group, ok := strings.Cut(a.Owner, ":")
	if !ok {
		owner, group = "root", "root"
	}
	out := map[string]any{
		"path": a.Path, "unit": a.Unit, "owner": owner, "group": group, "mode": fmt.Sprintf("%04o", a.Mode),
		"body": string(a.Body), "check": u.Check, "verify": u.Verify,
	}
	if a.Merge != nil {
		merge, ok := playMerges[a.Path]
		if !ok {
			return nil, fmt.Errorf("%s: a machine cannot share %s with others; leave the device out with --device", d.Name, a.Path)
		}
		words, err := merge.words(d)
		if err != nil {
			return nil, err
		}
		out["merge"] = merge.name
		for _, w := range words {
			out[w.Key] = json.RawMessage(w.Value)
		}
	}
	return out, nil
}

// orElse is a script that tries the second one where the first fails.
func orElse(first, second string) string {
	return "(\n" + strings.TrimSuffix(first, "\n") + "\n) || (\n" + strings.TrimSuffix(second, "\n") + "\n)"
}
