package model_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"closup/assets"
	"closup/model"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens anew")

// TestPlan plans the fabric of each folder of testdata; one without a
// fabric.yaml is the preset of its name. plan.json is what `plan -o json`
// prints without routes, devices.txt the rest of what was decided.
func TestPlan(t *testing.T) {
	folders, err := filepath.Glob("testdata/*/plan.json")
	if *update {
		folders, err = filepath.Glob("testdata/*")
	}
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		if !*update {
			folder = filepath.Dir(folder)
		}
		name := filepath.Base(folder)
		if slices.Contains([]string{"bad", "fuzz", "rapid", "rules", "import", "live", "lab"}, name) { // of other tests
			continue
		}
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, "fabric.yaml"))
			if errors.Is(err, fs.ErrNotExist) {
				text, err = assets.Preset(name)
			}
			if err != nil {
				t.Fatal(err)
			}
			f, err := model.Load("fabric.yaml", text)
			if err != nil {
				t.Fatal(err)
			}
			p, findings := model.NewPlan(f)
			golden(t, filepath.Join(folder, "plan.json"), indented(t, p))
			golden(t, filepath.Join(folder, "devices.txt"), decided(p, findings))
		})
	}
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// decided is what plan.json does not show.
func decided(p *model.Plan, findings []model.Finding) []byte {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "api %s dns %s\n\n", p.Kubernetes.API, p.Kubernetes.DNS)
	for _, d := range p.Devices {
		fmt.Fprintf(w, "%s\tn %d\t%s\t%s\t%s\tpods %v %v\t%+v\t%+v\n", d.Name, d.N, d.Network, d.Pod+"/"+d.Plane, d.Serial, d.PodCIDRs, d.Pinned, d.Management, d.Access)
		for _, port := range d.Ports {
			fmt.Fprintf(w, "  %s\tup %v\tmtu %d\t%s\tvlan %d\t%v\n", port.Name, port.Up, port.MTU, port.Speed, port.VLAN, port.Addresses)
		}
	}
	w.Flush()
	for _, f := range findings {
		fmt.Fprintf(&b, "\n%s %s %s line %d\n  %s\n  %s\n", f.Severity, f.Rule, f.Path, f.Line, f.Message, f.Remedy)
	}
	lines := strings.Split(b.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return []byte(strings.Join(lines, "\n"))
}

// golden compares with a file, or writes it with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestPin: the cables of an automatic cabling, written into the file, make the
// same plan.
func TestPin(t *testing.T) {
	for _, text := range documents(t) {
		f, err := model.Load("fabric.yaml", text)
		if err != nil || f.Cabled {
			continue
		}
		before, _ := model.NewPlan(f)
		var lines strings.Builder
		for _, l := range before.Links {
			fmt.Fprintf(&lines, "- %s %s\n", l.A, l.B)
		}
		d := model.ParseDocument("fabric.yaml", text)
		if err := d.Set("links", lines.String()); err != nil {
			t.Fatal(err)
		}
		pinned, err := d.Fabric()
		if err != nil || !pinned.Cabled {
			t.Fatalf("%v\n%s", err, d.Bytes())
		}
		after, _ := model.NewPlan(pinned)
		if changes := model.Changes(before, after); len(changes) > 0 || len(after.Links) == 0 {
			t.Errorf("%s: %v", f.Name, changes)
		}
	}
}

// TestSameBytes: the same fabric makes the same plan, every time.
func TestSameBytes(t *testing.T) {
	for _, text := range documents(t) {
		var first []byte
		for range 5 {
			f, err := model.Load("fabric.yaml", text)
			if err != nil {
				break // `edited` is no whole fabric
			}
			p, _ := model.NewPlan(f)
			out := indented(t, p)
			if first == nil {
				first = out
			}
			if !bytes.Equal(first, out) {
				t.Fatalf("%s is planned in two ways", f.Name)
			}
		}
	}
}

// TestPlanByHand: a plan that was made without NewPlan can be asked too.
func TestPlanByHand(t *testing.T) {
	p := &model.Plan{Devices: []model.Device{{Name: "a"}, {Name: "b"}, {Name: "a", N: 2}}}
	for range 2 {
		if d, ok := p.Device("b"); !ok || d != &p.Devices[1] {
			t.Error("b was not found")
		}
		if d, ok := p.Device("a"); !ok || d != &p.Devices[0] {
			t.Error("the first a was not found")
		}
		if _, ok := p.Device("c"); ok {
			t.Error("c was found")
		}
		p.Reindex()
	}
}
