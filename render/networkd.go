package render

import (
	"net/netip"
	"slices"

	"closup/model"
)

// linkFile is one .network file: ports that are all alike. A spine's ports
// differ in nothing but their names, so few files do for many ports, their
// names do not change with the fabric, and none is left over when it grows or
// shrinks. networkd takes the first file, by name, that matches a port.
type linkFile struct {
	Name      string // between 10-closup- and .network
	Ports     []iface
	Port      bool // planned ports, not lo
	MTU       int
	VLANs     []string // subinterfaces that the port carries
	Addresses []netip.Prefix
}

// networkFiles are a device's .network files: lo, the ports inside the fabric,
// those between leafs and nodes, and each one outside by itself, which may have
// addresses.
func networkFiles(p *model.Plan, d *model.Device) ([]part, error) {
	interfaces, err := interfacesOf(d)
	if err != nil {
		return nil, err
	}
	var files []*linkFile
	for _, i := range interfaces {
		name := linkFileOf(d, i)
		at := slices.IndexFunc(files, func(f *linkFile) bool { return f.Name == name })
		if at < 0 {
			files = append(files, &linkFile{Name: name, Port: i.Port, MTU: i.MTU, Addresses: i.Addresses})
			at = len(files) - 1
		}
		files[at].Ports = append(files[at].Ports, i)
		if i.VLAN > 0 {
			carrier := slices.IndexFunc(files, func(f *linkFile) bool { return slices.ContainsFunc(f.Ports, named(i.Base)) })
			files[carrier].VLANs = append(files[carrier].VLANs, i.Name)
		}
	}
	var out []part
	for _, f := range files {
		out = append(out, part{f.Name, *f})
	}
	return out, nil
}

func linkFileOf(d *model.Device, i iface) string {
	at := slices.IndexFunc(d.Ports, func(p model.Port) bool { return p.Name == i.Name })
	switch {
	case !i.Port:
		return "lo"
	case at >= 0 && d.Ports[at].Kind == model.FabricPort:
		return "fabric"
	case at >= 0 && d.Ports[at].Kind == model.HostPort:
		return "nodes"
	}
	return "outside-" + i.Name
}

// netdevFiles are the .netdev files that make a device's VLANs.
func netdevFiles(_ *model.Plan, d *model.Device) ([]part, error) {
	interfaces, err := interfacesOf(d)
	if err != nil {
		return nil, err
	}
	var out []part
	for _, i := range interfaces {
		if i.VLAN > 0 {
			out = append(out, part{i.Name, i})
		}
	}
	return out, nil
}
