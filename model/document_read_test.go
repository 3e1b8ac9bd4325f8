package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const readable = `# a fabric
name: one
mtu: {fabric: 9216, nodes: 9000}
leafs:
  - name: "leaf[1-2]"
    mgmt: '192.0.2.[1-2]'
borders:
  - name: b1
    peers:
      - {port: swp44, accept: [0.0.0.0/0, "::/0"]}
links: [spine1:swp1 leaf1:swp51]
`

func TestDocumentGet(t *testing.T) {
	d := ParseDocument("", []byte(readable))
	for path, want := range map[string]string{
		"name":             "one",
		"mtu.nodes":        "9000",
		"mtu":              "{fabric: 9216, nodes: 9000}",
		"leafs[0].name":    "leaf[1-2]",
		"leafs[0].mgmt":    "192.0.2.[1-2]",
		"borders[0].peers": `[{port: swp44, accept: [0.0.0.0/0, "::/0"]}]`,
		"links[0]":         "spine1:swp1 leaf1:swp51",
		"links":            `[spine1:swp1 leaf1:swp51]`,
	} {
		if got, ok := d.Get(path); !ok || got != want {
			t.Errorf("Get(%q) = %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"asn", "leafs[1]", "leafs[0].rack", "name.x", "[", ""} {
		if got, ok := d.Get(path); ok && path != "" {
			t.Errorf("Get(%q) = %q, but the file does not say", path, got)
		}
	}
	if diff := cmp.Diff([]string{"name", "mgmt"}, d.Keys("leafs[0]")); diff != "" {
		t.Error(diff)
	}
	if got := d.Len("leafs"); got != 1 {
		t.Errorf("Len(leafs) = %d, want 1", got)
	}
	if got := d.Len("nodes"); got != 0 {
		t.Errorf("Len(nodes) = %d, want 0", got)
	}
}
