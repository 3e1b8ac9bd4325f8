// Package modeltest is what tests of several packages want of a fabric.
package modeltest

import (
	"fmt"
	"strings"
	"testing"

	"closup/model"
)

// Fabric is the text of a fabric.yaml of so many spines, leafs (each a rack) and
// nodes, 1,000 of them at most as 8, 192 and 800. The lines are added to it.
func Fabric(spines, leafs, nodes int, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `version: 1
name: sized
asn: {spines: 4200000001+, leafs: 4200001001+, nodes: 4200002001+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.4.0/22, nodes: 10.1.8.0/21}
pods: 10.240.0.0/12
services: 10.233.0.0/18
ports: {spines: {downlinks: "swp[1-192]"}}
network: {nodes: ifupdown2}
%sspines: [{name: "spine[1-%d]"}]
leafs: [{name: "leaf[001-%03d]", rack: "r[001-%03[3]d]"}]
nodes:
`, strings.Join(append(lines, ""), "\n"), spines, leafs)
	for i := range nodes {
		fmt.Fprintf(&b, "  - {name: node%04d, rack: r%03d}\n", i+1, i%leafs+1)
	}
	return b.String()
}

// Plan is the plan of such a fabric.
func Plan(t testing.TB, spines, leafs, nodes int, lines ...string) *model.Plan {
	t.Helper()
	f, err := model.Load("sized.yaml", []byte(Fabric(spines, leafs, nodes, lines...)))
	if err != nil {
		t.Fatal(err)
	}
	plan, findings := model.NewPlan(f)
	if len(plan.Devices) != spines+leafs+nodes {
		t.Fatalf("%d devices: %v", len(plan.Devices), findings)
	}
	return plan
}
