package render_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"closup/model"
	"closup/render"
)

// clabNode are the keys of a node, a kind or the defaults that this parser
// knows, of those that containerlab's manual lists
// (https://containerlab.dev/manual/nodes/). Any other is an error.
type clabNode struct {
	Kind, Image, Group string
	Labels             map[string]string
	Binds, Exec        []string
}

// clabTopology is a topology file (https://containerlab.dev/manual/topo-def-file/).
type clabTopology struct {
	Name     string
	Topology struct {
		Kinds map[string]clabNode
		Nodes map[string]clabNode
		Links []clabLink
	}
}

// clabLink is a cable in the short form, or one in the long form that ends
// nowhere.
type clabLink struct {
	Endpoints []string
	Type      string
	Endpoint  *struct{ Node, Interface string }
}

var clabName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]*$`)

// readClab holds a topology and the files beside it to what containerlab asks
// for: known keys, a name, a kind and an image for every node, binds whose
// source is there, and cables between different ports of nodes that exist, none
// of them the management port.
func readClab(files []render.File) (*clabTopology, error) {
	byPath := map[string]bool{}
	var text []byte
	for _, f := range files {
		if strings.HasSuffix(f.Path, ".clab.yml") {
			text = f.Body
		}
		for dir := f.Path; dir != "."; dir = path.Dir(dir) {
			byPath[dir] = true
		}
	}
	var t clabTopology
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&t); err != nil {
		return nil, err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more than one document: %w", err)
	}
	if !clabName.MatchString(t.Name) {
		return nil, fmt.Errorf("name %q", t.Name)
	}
	for name, n := range t.Topology.Nodes {
		if !clabName.MatchString(name) {
			return nil, fmt.Errorf("node %q", name)
		}
		kind, ok := t.Topology.Kinds[n.Kind]
		if n.Kind != "linux" || n.Image == "" && (!ok || kind.Image == "") {
			return nil, fmt.Errorf("%s: kind %q, image %q", name, n.Kind, n.Image)
		}
		for _, b := range n.Binds {
			parts := strings.Split(b, ":")
			if len(parts) < 2 || len(parts) > 3 || !path.IsAbs(parts[1]) || len(parts) == 3 && parts[2] != "ro" {
				return nil, fmt.Errorf("%s: bind %q", name, b)
			}
			if !byPath[parts[0]] {
				return nil, fmt.Errorf("%s: nothing is at %s", name, parts[0])
			}
		}
	}
	used := map[string]bool{}
	end := func(node, port string) error {
		if _, ok := t.Topology.Nodes[node]; !ok {
			return fmt.Errorf("no node %q", node)
		}
		if port == "" || len(port) > 15 || strings.ContainsAny(port, "/: \t") || port == "eth0" {
			return fmt.Errorf("interface %q of %s", port, node)
		}
		if used[node+":"+port] {
			return fmt.Errorf("%s:%s is cabled twice", node, port)
		}
		used[node+":"+port] = true
		return nil
	}
	for _, l := range t.Topology.Links {
		if l.Endpoint != nil {
			if l.Type != "dummy" || l.Endpoints != nil {
				return nil, fmt.Errorf("link %+v", l)
			}
			if err := end(l.Endpoint.Node, l.Endpoint.Interface); err != nil {
				return nil, err
			}
			continue
		}
		if len(l.Endpoints) != 2 || l.Type != "" && l.Type != "veth" {
			return nil, fmt.Errorf("link %+v", l)
		}
		for _, e := range l.Endpoints {
			node, port, _ := strings.Cut(e, ":")
			if err := end(node, port); err != nil {
				return nil, err
			}
		}
	}
	return &t, nil
}

// TestContainerlabGrammar: every case is a topology as containerlab reads it,
// with every planned port cabled, and FRR gets the very bytes that a device of
// Debian would.
func TestContainerlabGrammar(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		files := filesOf(t, p, "containerlab")
		topology, err := readClab(files)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(topology.Topology.Nodes) != len(p.Devices) {
			t.Errorf("%s: %d nodes for %d devices", name, len(topology.Topology.Nodes), len(p.Devices))
		}
		cables := 0
		for _, l := range topology.Topology.Links {
			if l.Endpoints != nil {
				cables++
			}
		}
		if cables != len(p.Links) {
			t.Errorf("%s: %d cables of %d", name, cables, len(p.Links))
		}
	}
	p := planOf(t, "everything", cases(t)["everything"])
	d, _ := p.Device("border1")
	want := frrConf(t, p, d)
	if !slices.ContainsFunc(filesOf(t, p, "containerlab"), func(f render.File) bool {
		return f.Path == "border1/frr/frr.conf" && bytes.Equal(f.Body, want)
	}) {
		t.Error("border1 does not get its frr.conf")
	}
}

// TestContainerlabRefuses: the parser above is not blind.
func TestContainerlabRefuses(t *testing.T) {
	whole := filesOf(t, planOf(t, "article", cases(t)["article"]), "containerlab")
	for old, spoilt := range map[string]string{
		"  links:":                           "  cables:",
		"kind: linux":                        "kind: linus",
		`image: "quay`:                       `# image: "quay`,
		`group: "leaf"`:                      `grupe: "leaf"`,
		`"leaf1/frr:/etc/frr"`:               `"leaf9/frr:/etc/frr"`,
		`"leaf1:swp32"`:                      `"leaf9:swp32"`,
		`["spine1:swp1", "leaf1:swp32"]`:     `["spine1:swp1"]`,
		`"leaf1:swp1"`:                       `"leaf1:swp32"`,
		`"leaf2:swp1"`:                       `"leaf2:eth0"`,
		`"leaf2:swp2"`:                       `"leaf2:ethernet1/1/1"`,
		`name: "article"`:                    `name: "the article"`,
		"topology:\n  kinds:":                "topology:\n  kinds: [",
		"\n  links:\n":                       "\n---\n  links:\n",
		`    - endpoints: ["spine1:swp2", "`: `    - endpoint: ["spine1:swp2", "`,
	} {
		files := slices.Clone(whole)
		files[0].Body = bytes.Replace(files[0].Body, []byte(old), []byte(spoilt), 1)
		if bytes.Equal(files[0].Body, whole[0].Body) {
			t.Errorf("%q is not there", old)
		}
		if _, err := readClab(files); err == nil {
			t.Errorf("%q is accepted", spoilt)
		}
	}
}

// TestContainerlabRoundTrip: what import makes of our topology has the same
// devices, roles and cables.
func TestContainerlabRoundTrip(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		files := filesOf(t, p, "containerlab")
		back, notes, err := model.Import(files[0].Path, files[0].Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f, err := model.Load("imported", back)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, back)
			continue
		}
		again, _ := model.NewPlan(f)
		if got, want := cablesOf(again), cablesOf(p); !slices.Equal(got, want) {
			t.Errorf("%s: %v, not %v (%v)", name, got, want, notes)
		}
		for _, d := range p.Devices {
			if other, ok := again.Device(d.Name); !ok || other.Role != d.Role || other.Rack != d.Rack {
				t.Errorf("%s: %s comes back as %+v", name, d.Name, other)
			}
		}
	}
}

// cablesOf are a plan's cables as text, in order.
func cablesOf(p *model.Plan) []string {
	var out []string
	for _, l := range p.Links {
		ends := []string{l.A.String(), l.B.String()}
		slices.Sort(ends)
		out = append(out, strings.Join(ends, " "))
	}
	slices.Sort(out)
	return out
}

// TestContainerlabStart runs a container's start script on real ports, twice.
// The VLAN is there beforehand: not every kernel that runs tests has VLANs.
func TestContainerlabStart(t *testing.T) {
	need(t, true, "unshare", "nsenter", "sysctl")
	t.Parallel()
	b := newBox(t)
	for _, f := range filesOf(t, planOf(t, "everything", cases(t)["everything"]), "containerlab") {
		if dir, ok := strings.CutPrefix(f.Path, "border1/closup/"); ok {
			b.run(`mkdir -p /run/closup && cat >/run/closup/`+dir+` <<'EOF'`+"\n"+strings.ReplaceAll(string(f.Body), "/closup/", "/run/closup/")+"EOF\n", dir)
		}
	}
	b.run(`for port in eth0 swp44 swp45 swp46 swp46.100 swp51 swp52; do ip link add $port type veth peer name far-$port; ip link set far-$port up; done
ip link set eth0 up; ip addr add 172.20.20.2/24 dev eth0; ip route add default via 172.20.20.1 dev eth0`)
	for range 2 {
		b.run(`sh /run/closup/start.sh`)
	}
	for script, want := range map[string]string{
		`ip -o -4 addr show dev lo`:                   "10.1.4.1/32",
		`ip -o -6 addr show dev lo`:                   "fd00:4::1/128",
		`ip -o -4 addr show dev swp45`:                "203.0.113.1/31",
		`ip -o -6 addr show dev swp46.100`:            "2001:db8:0:1::1/127",
		`ip link show dev swp51`:                      "mtu 9216",
		`sysctl -n net.ipv4.ip_forward`:               "1",
		`sysctl -n net.ipv6.conf.swp46/100.accept_ra`: "0",
		`ip route show default | wc -l`:               "0",
	} {
		if got := b.run(script); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %s", script, got, want)
		}
	}
	if out, err := b.try(`ip link del swp51; sh /run/closup/start.sh`); err == nil {
		t.Errorf("without a port it says: %s", out)
	}
}
