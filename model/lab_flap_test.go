//go:build linux

package model_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"closup/assets"
)

// TestLabFlap: a node whose uplink was down for a moment has all its next hops
// in the kernel again, as before. FRR 8.4 loses them where routes share groups
// of next hops (FRRouting/frr#13413), and what runs in zebra does not show it.
func TestLabFlap(t *testing.T) {
	data, err := assets.Preset("dual-stack")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, "dual-stack", data)
	const node, port = "node1", "eth1"
	run := func(script string) string {
		t.Helper()
		var out bytes.Buffer
		if status, err := s.lab.Exec(t.Context(), node, []string{"sh", "-c", script}, nil, &out, &out); err != nil || status != 0 {
			t.Fatalf("%s: status %d, %v: %s", script, status, err, out.String())
		}
		return out.String()
	}
	hops := func() int {
		kernel := run("ip -4 route show proto bgp; ip -6 route show proto bgp; ip nexthop show")
		return strings.Count(kernel, "dev "+port)
	}
	await := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); !is(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %d next hops by %s:\n%s", what, hops(), port, run("ip -4 route show proto bgp; ip nexthop show"))
			}
		}
	}
	before := -1
	await("the first time", func() bool { // until it stands still
		n := hops()
		still := n == before && n > 0
		before = n
		if !still {
			time.Sleep(2 * time.Second)
		}
		return still
	})
	run("ip link set " + port + " down")
	await("without the port", func() bool { return hops() == 0 })
	run("ip link set " + port + " up")
	await("with the port again", func() bool { return hops() == before })
}
