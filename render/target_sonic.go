package render

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"closup/model"
)

// SONiC keeps its configuration in a database, of which config_db.json is the
// copy on disk, and its YANG models say what the tables hold. In the mode
// split-unified FRR, in the container `bgp`, reads a frr.conf of its own and
// nothing of BGP comes from the database. What closup writes of config_db.json
// is its part: `config load` adds it to what is there.

var sonicPort = regexp.MustCompile(`^Ethernet[0-9]+$`)

// sonicLoopback is the loopback that SONiC's own services know.
const sonicLoopback = "Loopback0"

// sonicTable is a table of config_db.json, every word of it already JSON.
type sonicTable struct {
	Name    string
	Entries []sonicEntry
}

type sonicEntry struct {
	Key    string
	Fields []pair
}

// sonicDevice lays out what SONiC takes.
func sonicDevice(p *model.Plan, d *model.Device) ([]File, error) {
	artifacts, err := sonicArtifacts(p, d)
	var files []File
	for _, a := range artifacts {
		files = append(files, a.file())
	}
	return files, err
}

// sonicArtifacts are a switch's part of config_db.json, and its frr.conf, where
// SONiC has them.
func sonicArtifacts(p *model.Plan, d *model.Device) ([]Artifact, error) {
	interfaces, err := spoken(d)
	if err != nil {
		return nil, err
	}
	tables, err := sonicTables(d, interfaces)
	if err != nil {
		return nil, err
	}
	db, err := execute("sonic/config_db.json.tmpl", tables)
	if err != nil {
		return nil, err
	}
	conf, err := sonicFRR(p, d, interfaces)
	if err != nil {
		return nil, err
	}
	return []Artifact{
		{Device: d.Name, Path: "/etc/sonic/config_db.json", Mode: 0o644, Body: db},
		{Device: d.Name, Path: "/etc/sonic/frr/frr.conf", Mode: 0o640, Body: conf},
	}, nil
}

func sonicTables(d *model.Device, interfaces []iface) ([]sonicTable, error) {
	var system, loopbacks, ports, routed, vlans sonicRows
	fields := []string{"hostname", d.Name, "bgp_asn", strconv.FormatUint(uint64(d.Routing.ASN), 10), "docker_routing_config_mode", "split-unified"}
	if d.Routing.BFD {
		// The container starts bfdd only with this. What it configures of BGP
		// from the database is nothing, since the tables are empty.
		fields = append(fields, "frr_mgmt_framework_config", "true")
	}
	system.add("localhost", fields...)
	for _, i := range interfaces {
		rows, name := &routed, i.Name
		switch {
		case !i.Port:
			rows, name = &loopbacks, sonicLoopback
			rows.add(name)
		case i.VLAN > 0 && len(i.Addresses) == 0:
			return nil, fmt.Errorf("%s: SONiC has no unnumbered neighbor in a VLAN (%s): give the peer `local` and `remote`", d.Name, i.Name)
		case i.VLAN > 0:
			rows = &vlans
			rows.add(name, "admin_status", "up", "vlan", strconv.Itoa(i.VLAN))
		default:
			if i.MTU > model.MaxMTUSonic {
				return nil, fmt.Errorf("%s: a port of SONiC takes an MTU of %d at most, and %s has %d: lower mtu", d.Name, model.MaxMTUSonic, name, i.MTU)
			}
			ports.add(name, "admin_status", "up", "mtu", strconv.Itoa(i.MTU), "description", i.Note)
			switch carries := carriesVLAN(interfaces, i.Name); {
			case len(i.Addresses) > 0:
				rows.add(name)
			case !carries || unnumbered(d, i.Name):
				rows.add(name, "ipv6_use_link_local_only", "enable")
			}
		}
		for _, a := range i.Addresses {
			rows.add(name + "|" + a.String())
		}
	}
	var out []sonicTable
	for _, t := range []struct {
		name string
		rows sonicRows
	}{
		{"DEVICE_METADATA", system}, {"LOOPBACK_INTERFACE", loopbacks}, {"PORT", ports}, {"INTERFACE", routed}, {"VLAN_SUB_INTERFACE", vlans},
	} {
		if len(t.rows) > 0 {
			out = append(out, sonicTable{quoted(t.name), t.rows})
		}
	}
	return out, nil
}

type sonicRows []sonicEntry

// add adds an entry, its fields as key and value in turn.
func (r *sonicRows) add(key string, fields ...string) {
	e := sonicEntry{Key: quoted(key)}
	for i := 0; i+1 < len(fields); i += 2 {
		e.Fields = append(e.Fields, pair{quoted(fields[i]), quoted(fields[i+1])})
	}
	*r = append(*r, e)
}

// carriesVLAN says whether a port is there for its VLANs.
func carriesVLAN(interfaces []iface, name string) bool {
	for _, i := range interfaces {
		if i.Base == name {
			return true
		}
	}
	return false
}

// unnumbered says whether a neighbor is on the port itself.
func unnumbered(d *model.Device, port string) bool {
	for _, p := range d.Routing.Peers {
		if p.Port == port && !p.Address.IsValid() {
			return true
		}
	}
	return false
}

// sonicFRR is the frr.conf that every device has, without its `end`: the
// container appends lines.
func sonicFRR(p *model.Plan, d *model.Device, interfaces []iface) ([]byte, error) {
	view, err := frrView(p, d)
	if err != nil {
		return nil, err
	}
	conf, err := execute("devices/frr.conf.tmpl", view)
	if err != nil {
		return nil, err
	}
	_, conf, _ = bytes.Cut(conf, []byte("\n")) // who made it
	conf = bytes.TrimSuffix(conf, []byte("!\nend\n"))
	notes := []string{"The loopback " + d.Name + " announces is on " + sonicLoopback + "; /etc/hosts and sysctl stay as SONiC has them."}
	notes = append(notes, foreignPorts(interfaces, sonicPort, "SONiC", "Ethernet0")...)
	return execute("sonic/frr.conf.tmpl", struct {
		Device, Conf string
		Notes        []string
	}{d.Name, string(bytes.TrimSuffix(conf, []byte("\n"))), append(notes, brokenOut(d)...)})
}
