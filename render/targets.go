package render

import (
	"io/fs"
	"iter"
	"strings"

	"closup/model"
)

// Target is one kind of output of `closup render --target`.
type Target struct {
	Name  string
	About string // one line, for `closup targets`
	// Files are what it writes for the named devices (none named: all),
	// relative to the output directory, made one after another so that a
	// large fabric streams. After an error nothing follows.
	Files func(p *model.Plan, devices ...string) iter.Seq2[File, error]
}

// File is one file to write below an output directory.
type File struct {
	Path string // relative, with slashes
	Mode fs.FileMode
	Body []byte
}

// Targets are all kinds of output, the default one first.
var Targets = []Target{
	{"devices", "every file of every device, as DEVICE/absolute/path", deviceFiles},
	{"diagram", "the fabric drawn by tier: fabric.dot, fabric.mmd (Mermaid), fabric.svg", diagramFiles},
	{"cabling", "one row a cable to plug by: cabling.csv and cabling.md", cablingFiles},
	{"report", "the fabric as a document: report.md and report.html", reportFiles},
	{"ansible", "inventory.yml and site.yml, which do what push does", ansibleFiles},
	{"vagrant", "a Vagrantfile for libvirt and VirtualBox, a machine a device, cabled as planned", vagrantFiles},
	{"containerlab", "NAME.clab.yml and what its FRR containers mount, cabled as planned", containerlabFiles},
	{"nclu", "DEVICE/nclu.sh: a switch by `net add`, Cumulus Linux 3 and 4", perSwitch(ncluDevice)},
	{"nvue", "DEVICE/nvue.sh by `nv set`, and startup.yaml, Cumulus Linux 5", perSwitch(nvueDevice)},
	{"sonic", "DEVICE/etc/sonic: a switch's part of config_db.json, and its frr.conf", perSwitch(sonicDevice)},
	{"butane", "NODE.bu and the Ignition made of it, for Flatcar and Fedora CoreOS", butaneFiles},
	{"kubespray", "inventory.ini and group_vars for Kubespray, nodes by their loopbacks", kubesprayFiles},
	{"kubeadm", "NODE.yaml for kubeadm init and join, nodes by their loopbacks", kubeadmFiles},
}

// TargetNamed finds a target.
func TargetNamed(name string) (Target, bool) {
	for _, t := range Targets {
		if t.Name == name {
			return t, true
		}
	}
	return Target{}, false
}

// deviceFiles lays the files of devices out as DEVICE/absolute/path. Of a file
// that is shared with others it holds our part alone.
func deviceFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		for d := range chosen(p, devices) {
			artifacts, err := Files(p, d)
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, a := range artifacts {
				if !yield(a.file(), nil) {
					return
				}
			}
		}
	}
}

// file lays an artifact out below its device's name.
func (a Artifact) file() File {
	return File{a.Device + "/" + strings.TrimPrefix(a.Path, "/"), a.Mode, a.Body}
}

// chosen are the named devices in the plan's order; all where none is named.
func chosen(p *model.Plan, names []string) iter.Seq[*model.Device] {
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	return func(yield func(*model.Device) bool) {
		for i := range p.Devices {
			if len(wanted) > 0 && !wanted[p.Devices[i].Name] {
				continue
			}
			if !yield(&p.Devices[i]) {
				return
			}
		}
	}
}
