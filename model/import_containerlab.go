package model

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"
)

// kindWords are the kinds of containerlab that are no device of the fabric.
var kindWords = map[string]string{
	"bridge":           "it is a bridge of the lab machine",
	"ovs-bridge":       "it is a bridge of the lab machine",
	"host":             "it is the lab machine",
	"ext-container":    "it is a container of somebody else's",
	"k8s-kind":         "it is a cluster, whose nodes the file does not name",
	"generic_vm":       "",
	"linux":            "",
	"cumulus_cvx":      "",
	"cvx":              "",
	"sonic-vs":         "",
	"sonic-vm":         "",
	"dell_sonic":       "",
	"cumulus_vx":       "",
	"nvidia_cumulusvx": "",
}

// readContainerlab reads the topology of a *.clab.yml: its nodes, their kind,
// management address and role, and its links.
func readContainerlab(t *topology, data []byte) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("this is not YAML: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return errors.New("this is no containerlab topology: it has no keys")
	}
	c := containerlab{t: t, kinds: map[string]string{}, groups: map[string]string{}}
	c.keys(doc.Content[0], "", map[string]func(*yaml.Node){
		"name":     func(n *yaml.Node) { t.name = n.Value },
		"topology": c.topology,
	})
	return nil
}

// containerlab is what nodes inherit.
type containerlab struct {
	t      *topology
	kind   string            // of defaults
	kinds  map[string]string // image by kind
	groups map[string]string // kind by group
}

// keys goes over a mapping: a key of the table is read, any other is noted as
// not taken, of a device where one is named.
func (c *containerlab) keys(n *yaml.Node, device string, table map[string]func(*yaml.Node)) {
	for key, value := range entries(n) {
		if read, ok := table[key]; ok {
			read(value)
			continue
		}
		c.t.drop(printable(key), device)
	}
}

// entries goes over a mapping, through aliases.
func entries(n *yaml.Node) func(func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		n = resolved(n)
		if n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, resolved(n.Content[i+1])) {
				return
			}
		}
	}
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func (c *containerlab) topology(n *yaml.Node) {
	// Nodes inherit from defaults, kinds and groups, wherever these stand.
	for key, value := range entries(n) {
		switch key {
		case "defaults":
			c.keys(value, "", map[string]func(*yaml.Node){"kind": func(n *yaml.Node) { c.kind = n.Value }})
		case "kinds":
			for kind, body := range entries(value) {
				c.keys(body, "kind "+kind, map[string]func(*yaml.Node){"image": func(n *yaml.Node) { c.kinds[kind] = n.Value }})
			}
		case "groups":
			for group, body := range entries(value) {
				c.keys(body, "group "+group, map[string]func(*yaml.Node){"kind": func(n *yaml.Node) { c.groups[group] = n.Value }})
			}
		}
	}
	c.keys(n, "", map[string]func(*yaml.Node){
		"defaults": func(*yaml.Node) {},
		"kinds":    func(*yaml.Node) {},
		"groups":   func(*yaml.Node) {},
		"nodes": func(n *yaml.Node) {
			for name, body := range entries(n) {
				c.node(name, body)
			}
		},
		"links": func(n *yaml.Node) {
			for _, l := range n.Content {
				c.link(resolved(l))
			}
		},
	})
}

func (c *containerlab) node(name string, body *yaml.Node) {
	d := c.t.device(name)
	kind, image, group := c.kind, "", ""
	address := func(n *yaml.Node) {
		if d.mgmt == "" {
			d.mgmt = c.t.address(d, "management address", n.Value)
		}
	}
	role := func(n *yaml.Node) {
		for key, value := range entries(n) {
			switch strings.ToLower(key) {
			case "role", "function":
				d.hint = value.Value
			case "rack":
				d.rack = c.t.word(d, "rack", value.Value)
			default:
				c.t.drop("label "+printable(key), name)
			}
		}
	}
	c.keys(body, name, map[string]func(*yaml.Node){
		"kind":      func(n *yaml.Node) { kind = n.Value },
		"image":     func(n *yaml.Node) { image = n.Value },
		"group":     func(n *yaml.Node) { group = n.Value },
		"mgmt-ipv4": address,
		"mgmt_ipv4": address,
		"mgmt-ipv6": address,
		"mgmt_ipv6": address,
		"labels":    role,
	})
	if group != "" {
		d.hint = cmp.Or(d.hint, group)
		kind = cmp.Or(kind, c.groups[group])
	}
	image = cmp.Or(image, c.kinds[kind])
	if why := kindWords[kind]; why != "" {
		d.why = why
		return
	}
	for _, text := range []string{kind, image} {
		for _, w := range platformWords {
			if d.platform == "" && strings.Contains(strings.ToLower(text), w.word) {
				d.platform = w.platform
			}
		}
	}
	if _, known := kindWords[kind]; !known && d.platform == "" && kind != "" {
		c.t.drop(fmt.Sprintf("kind %s, which closup does not know,", printable(kind)), name)
	}
}

// link reads endpoints: ["leaf1:eth1", "spine1:eth1"], or the long form with
// {node: leaf1, interface: eth1}.
func (c *containerlab) link(n *yaml.Node) {
	var ends []End
	c.keys(n, "links", map[string]func(*yaml.Node){
		"endpoints": func(list *yaml.Node) {
			for _, e := range list.Content {
				ends = append(ends, endpoint(resolved(e)))
			}
		},
		"endpoint": func(e *yaml.Node) { ends = append(ends, endpoint(e)) },
		"type":     func(*yaml.Node) {},
	})
	switch {
	case len(ends) != 2 || ends[0].Port == "" || ends[1].Port == "":
		c.t.remark("the link on line %d was left out: it does not join two ports of nodes", n.Line)
	case c.t.byName[ends[0].Device] == nil || c.t.byName[ends[1].Device] == nil:
		c.t.remark("the link on line %d, %s %s, was left out: an end is no node of the file", n.Line, printable(ends[0].String()), printable(ends[1].String()))
	default:
		c.t.cable(ends[0], ends[1], "")
	}
}

func endpoint(n *yaml.Node) End {
	if n.Kind == yaml.ScalarNode {
		device, port, _ := strings.Cut(n.Value, ":")
		return End{device, port}
	}
	var e End
	for key, value := range entries(n) {
		switch key {
		case "node":
			e.Device = value.Value
		case "interface":
			e.Port = value.Value
		}
	}
	return e
}
