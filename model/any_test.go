package model_test

import (
	"fmt"
	"strings"
	"testing"

	"closup/model"

	"pgregory.net/rapid"
)

// drawn is what the values of random fabrics are drawn from: mostly sense, some
// nonsense, much of it the same, so that things collide.
var drawn = map[string][]string{
	"asn":      {"65001", "65001+", "65001+rack", "65001+pod", "1.10+", "4294967294+", "65535"},
	"loopback": {"10.1.0.0/24", "10.1.0.9/30", "10.1.0.0/24, fd00::/64", "fd00:1::/64", "10.1.0.0/32"},
	"pods":     {"10.233.64.0/18", "10.233.64.0/23", "fd01::/48", "10.1.0.0/16, fd01::/120"},
	"key": {
		"n: 1", "n: 3", "n: 70", "asn: 65001", "asn: 65009", "loopback: 10.1.0.1", "loopback: [fd00::9]", "rack: r1", "rack: r2",
		"platform: debian", "platform: sonic", "router: frr-container", "mgmt: 192.0.2.1", "breakout: {swp1: 4x25G}",
		"ports: {uplinks: swp1}", `ports: {uplinks: "swp[1-9]", downlinks: []}`, `ports: {downlinks: "swp[1-2]"}`, "management: {port: swp1}",
		"serial: A", "access: {user: root}",
	},
	"spine":  {"pod: p1", "pod: p2", "plane: a", "plane: b"},
	"leaf":   {"pod: p1", "pod: p2"},
	"top":    {"plane: a", "plane: b"},
	"border": {"pod: p1", "peers: [{port: swp1, asn: external}]", "peers: [{port: swp51, asn: 65254, vlan: 9, accept: 0.0.0.0/0}, {port: swp51, asn: 65254, local: 192.0.2.1/31, remote: 192.0.2.0, advertise: [10.0.0.0/8, 10.233.64.0/18]}]", `peers: [{port: swp2, asn: 65001, local: "fd00::1/127", remote: "fd00::"}]`},
	"node":   {"homes: 2", "homes: 4", "pods: 10.233.64.0/26", "pods: [10.9.0.0/24, fd09::/64]", "roles: [control-plane, etcd]", "pod: p1", "pod: p2"},
	"top-level": {
		"bfd: true", "mtu: 1500", "hosts: {advertise: default}", "kubernetes: {cni: {name: bridge, ipam: host-local}}",
		"kubernetes: {node_mask: 26}", "timers: {hold: 3}", "services: []", "services: fd02::/112", `ports: {leafs: {uplinks: "swp[1-4]"}, spines: {downlinks: "swp[1-5]"}}`,
	},
}

// shapeless is a fabric of any shape, most of them broken in some way.
func shapeless(t *rapid.T) string {
	pick := func(kind string) string { return rapid.SampledFrom(drawn[kind]).Draw(t, kind) }
	some := func(kind string, most int) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(drawn[kind]), 0, most, func(s string) string { k, _, _ := strings.Cut(s, ":"); return k }).Draw(t, kind)
	}
	var b strings.Builder
	for _, line := range some("top-level", 4) {
		b.WriteString(line + "\n")
	}
	fmt.Fprintf(&b, "pods: [%s]\n", pick("pods"))
	var asns, loopbacks, lists, all []string
	for _, role := range []struct{ key, name, kind string }{
		{"superspines", "top", "top"}, {"spines", "spine", "spine"}, {"leafs", "leaf", "leaf"}, {"borders", "border", "border"}, {"nodes", "node", "node"},
	} {
		asns = append(asns, fmt.Sprintf("%s: %s", role.key, pick("asn")))
		loopbacks = append(loopbacks, fmt.Sprintf("%s: [%s]", role.key, pick("loopback")))
		lists = append(lists, role.key+":")
		for i := range rapid.IntRange(0, 4).Draw(t, role.key) {
			name := fmt.Sprint(role.name, i+1)
			keys := append([]string{"name: " + name}, some("key", 4)...)
			lists = append(lists, "  - {"+strings.Join(append(keys, some(role.kind, 2)...), ", ")+"}")
			all = append(all, name)
		}
		if strings.HasSuffix(lists[len(lists)-1], "s:") {
			lists[len(lists)-1] += " []"
		}
	}
	fmt.Fprintf(&b, "asn: {%s}\nloopbacks: {%s}\n%s\n", strings.Join(asns, ", "), strings.Join(loopbacks, ", "), strings.Join(lists, "\n"))
	if len(all) > 0 && rapid.Bool().Draw(t, "links") {
		b.WriteString("links:\n  - gone:swp1 spine1:swp1\n")
		end := func() string {
			return rapid.SampledFrom(all).Draw(t, "device") + ":" + rapid.SampledFrom([]string{"swp1", "swp2", "swp3", "swp51", "eth1", "swp1s0"}).Draw(t, "port")
		}
		for range rapid.IntRange(0, 12).Draw(t, "cables") {
			fmt.Fprintf(&b, "  - %s %s\n", end(), end())
		}
	}
	return b.String()
}

// TestAnyFabric: whatever the operator wrote, if it loads it is planned,
// validated and predicted without falling over, and the plan is sound.
func TestAnyFabric(t *testing.T) {
	loaded := 0
	rapid.Check(t, func(t *rapid.T) {
		text := shapeless(t)
		f, err := model.Load("fabric.yaml", []byte(text))
		if err != nil {
			return
		}
		loaded++
		p, findings := model.NewPlan(f)
		whole(t, f, p)
		for _, found := range append(findings, model.Validate(f, p)...) {
			if found.Rule == "" || found.Message == "" || found.Remedy == "" || found.Line < 1 || found.Line > strings.Count(text, "\n") {
				t.Errorf("%+v is half a finding of\n%s", found, text)
			}
		}
		for _, r := range p.Routes() {
			if d, ok := p.Device(r.Device); !ok || len(r.Paths) == 0 {
				t.Errorf("%+v is no route of %v", r, d)
			}
		}
	})
	if loaded == 0 {
		t.Error("not one of the fabrics loads")
	}
}
