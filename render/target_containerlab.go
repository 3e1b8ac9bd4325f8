package render

import (
	"fmt"
	"iter"

	"closup/model"
)

// The lab of containerlab (https://containerlab.dev): every device is a
// container of FRR with the ports and the routing of the plan, whatever its
// platform. Its management addresses are containerlab's own, never the
// fabric's, so that it hides nothing that is real.

// frrImage is FRR as its project publishes it.
const frrImage = "quay.io/frrouting/frr:10.3.1"

// clabManagement is the port by which containerlab reaches a container.
const clabManagement = "eth0"

// clabNode is one container, and what its start script does.
type clabNode struct {
	Name, Role, Rack string
	Interfaces       []iface
}

// containerlabFiles are NAME.clab.yml and, in a folder a device, what its
// container mounts.
func containerlabFiles(p *model.Plan, devices ...string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		name, nodes, wires, err := containerlabOf(p, devices)
		if err != nil {
			yield(File{}, err)
			return
		}
		body, err := execute("containerlab/topology.clab.yml.tmpl", struct {
			Name, Image string
			Nodes       []clabNode
			Wires       []labWire
		}{name, frrImage, nodes, wires})
		if !yield(File{name + ".clab.yml", 0o644, body}, err) || err != nil {
			return
		}
		i := 0
		for d := range chosen(p, devices) {
			files, err := containerFiles(p, d, nodes[i])
			i++
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, f := range files {
				if !yield(f, nil) {
					return
				}
			}
		}
	}
}

func containerlabOf(p *model.Plan, devices []string) (name string, nodes []clabNode, wires []labWire, err error) {
	if name, err = labName(p); err != nil {
		return
	}
	for d := range chosen(p, devices) {
		var node clabNode
		if node, err = clabNodeOf(d); err != nil {
			return
		}
		nodes = append(nodes, node)
	}
	wires, err = labWires(p, devices)
	return
}

func clabNodeOf(d *model.Device) (clabNode, error) {
	node := clabNode{Name: d.Name, Role: d.Role.String(), Rack: d.Rack}
	if err := safe(d); err != nil {
		return node, err
	}
	if !model.SafeText(d.Rack) {
		return node, fmt.Errorf("%s: the rack %q holds characters that no file may have", d.Name, d.Rack)
	}
	var err error
	if node.Interfaces, err = interfacesOf(d); err != nil {
		return node, err
	}
	for _, i := range node.Interfaces {
		if i.Name == clabManagement {
			return node, fmt.Errorf("%s: containerlab needs %s for itself: name the port otherwise, or leave the device out with --device", d.Name, clabManagement)
		}
	}
	return node, nil
}

// containerFiles are the files of one container: FRR's folder, and what the
// start script reads.
func containerFiles(p *model.Plan, d *model.Device, node clabNode) ([]File, error) {
	artifacts, err := Device(p, standIn(d, "debian", "ifupdown2", "frr"))
	if err != nil {
		return nil, err
	}
	var out []File
	for _, a := range artifacts {
		if path, ok := clabPaths[a.Path]; ok {
			out = append(out, File{d.Name + "/" + path, 0o644, a.Body})
		}
	}
	out = append(out, File{d.Name + "/frr/vtysh.conf", 0o644, []byte("service integrated-vtysh-config\n")})
	body, err := execute("containerlab/start.sh.tmpl", node)
	return append(out, File{d.Name + "/closup/start.sh", 0o755, body}), err
}

// clabPaths are the files of a device that its container has too, and where
// they lie in its folder.
var clabPaths = map[string]string{
	"/etc/sysctl.d/90-closup.conf": "closup/sysctl.conf",
	"/etc/frr/daemons":             "frr/daemons",
	"/etc/frr/frr.conf":            "frr/frr.conf",
}
