package work

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/lab"
	"closup/model"
	"closup/render"
)

func TestPresets(t *testing.T) {
	list, err := Presets()
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range list {
		t.Run(preset.Name, func(t *testing.T) {
			p, err := New("fabric.yaml", preset.Name)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Blocked(); err != nil {
				t.Error(err)
			}
			if p.Plan.Name != preset.Name || preset.About == "" {
				t.Errorf("%q is named %q: %q", preset.Name, p.Plan.Name, preset.About)
			}
			files, err := p.Artifacts()
			if err != nil || len(files) < 4*len(p.Plan.Devices) {
				t.Errorf("%d files for %d devices, %v", len(files), len(p.Plan.Devices), err)
			}
		})
	}
	if _, err := New("fabric.yaml", "nonesuch"); err == nil || !strings.Contains(err.Error(), "article") {
		t.Errorf("an unknown preset: %v", err)
	}
}

func TestEditSaveReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fabric.yaml")
	p, err := Create(path, "article")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, "article"); !strings.Contains(err.Error(), "is there already") {
		t.Errorf("created over a file: %v", err)
	}
	if p.Dirty() {
		t.Error("dirty after Create")
	}
	before, plan := p.Doc.Bytes(), p.Plan
	if err := p.Set("asn.leafs", "65111+"); err != nil {
		t.Fatal(err)
	}
	if d, _ := p.Plan.Device("leaf1"); d.ASN != 65111 || !p.Dirty() {
		t.Errorf("leaf1 has AS %d, dirty %v", d.ASN, p.Dirty())
	}
	if d, _ := plan.Device("leaf1"); d.ASN != 65101 {
		t.Errorf("an edit changed a plan that was handed out: AS %d", d.ASN)
	}
	if err := p.Save(); err != nil || p.Dirty() {
		t.Errorf("saved: %v, dirty %v", err, p.Dirty())
	}
	again, err := Open(path)
	if err != nil || again.Err != nil {
		t.Fatal(err, again.Err)
	}
	if diff := cmp.Diff(string(p.Doc.Bytes()), string(again.Doc.Bytes())); diff != "" {
		t.Error(diff)
	}
	want := strings.Replace(string(before), "65101+", "65111+", 1)
	if diff := cmp.Diff(want, string(again.Doc.Bytes())); diff != "" {
		t.Errorf("an edit touched more than its value:\n%s", diff)
	}
	p.Restore(before)
	if d, _ := p.Plan.Device("leaf1"); d.ASN != 65101 {
		t.Errorf("restored: AS %d", d.ASN)
	}
}

// TestBroken keeps the last plan on the screen while the text does not load.
func TestBroken(t *testing.T) {
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	p.Restore([]byte("version: 1\nname: article\nspins: []\n"))
	var problems model.Errors
	if !errors.As(p.Err, &problems) || problems[0].Line != 3 {
		t.Errorf("error %v", p.Err)
	}
	if len(p.Plan.Devices) != 6 {
		t.Errorf("%d devices are left of the plan", len(p.Plan.Devices))
	}
	if !errors.As(p.Blocked(), &problems) {
		t.Errorf("blocked by %v", p.Blocked())
	}
	if _, err := p.Push(t.Context(), PushOptions{}); err == nil {
		t.Error("it can be pushed")
	}
	if _, err := p.StatusOnce(t.Context(), false); err == nil {
		t.Error("it can be watched")
	}
}

func TestOpenAbsent(t *testing.T) {
	_, err := Open(filepath.Join(t.TempDir(), "fabric.yaml"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "closup new") {
		t.Error(err)
	}
}

func TestPin(t *testing.T) {
	p, err := New("fabric.yaml", "reference")
	if err != nil {
		t.Fatal(err)
	}
	if p.Fabric.Cabled {
		if err := p.Delete("links"); err != nil {
			t.Fatal(err)
		}
	}
	links := p.Plan.Links
	n, err := p.Pin()
	if err != nil || n != len(links) || !p.Fabric.Cabled {
		t.Fatalf("pinned %d of %d, %v", n, len(links), err)
	}
	if len(p.Plan.Links) != n {
		t.Fatalf("%d links after pinning %d", len(p.Plan.Links), n)
	}
	for i, l := range p.Plan.Links {
		if l.A != links[i].A || l.B != links[i].B {
			t.Errorf("%s %s became %s %s", links[i].A, links[i].B, l.A, l.B)
		}
	}
	if n, err := p.Pin(); n != 0 || err != nil {
		t.Errorf("pinned again: %d, %v", n, err)
	}
}

func TestRenumbered(t *testing.T) {
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	before := p.Plan
	for path, yaml := range map[string]string{"asn.spines": "65601+", "links[0]": "spine1:swp9 leaf1:swp32"} {
		if err := p.Set(path, yaml); err != nil {
			t.Fatal(err)
		}
	}
	want := []Change{
		{Device: "spine1", What: "asn", Before: "65501", After: "65601"},
		{Device: "leaf1", What: "cable of swp32", Before: "spine1:swp1", After: "spine1:swp9"},
	}
	if diff := cmp.Diff(want, Renumbered(before, p.Plan)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if changes := Renumbered(&model.Plan{}, before); len(changes) != 6 || changes[0] != (Change{Device: "spine1", What: "device", After: "spine"}) {
		t.Errorf("from nothing: %v", changes)
	}
	if changes := Renumbered(before, &model.Plan{}); len(changes) != 6 || changes[5].After != "" {
		t.Errorf("to nothing: %v", changes)
	}
}

func TestEndpoints(t *testing.T) {
	t.Setenv("HOME", "/home/op")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	endpoints, err := p.Endpoints(false)
	if err != nil {
		t.Fatal(err)
	}
	want := model.Endpoint{
		Device: "leaf1", Host: "192.168.200.1", Port: 22, User: "cumulus",
		Identity: []string{"/home/op/.ssh/id_ed25519"}, Jump: "admin@oob-server", Timeout: dialTimeout,
	}
	if diff := cmp.Diff(want, endpoints["leaf1"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if _, err := p.Endpoints(true); !errors.Is(err, lab.ErrNotRunning) {
		t.Errorf("without a lab: %v", err)
	}
}

func TestWriteStaysInside(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	if n, err := Write(out, one(render.File{Path: "leaf1/etc/x", Mode: 0o640, Body: []byte("x\n")})); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	info, err := os.Stat(filepath.Join(out, "leaf1/etc/x"))
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := Write(out, one(render.File{Path: "../escaped", Mode: 0o644})); err == nil {
		t.Error("it left its folder")
	}
	if _, err := os.Stat(filepath.Join(dir, "escaped")); err == nil {
		t.Error("the file is there")
	}
}

func one(f render.File) iter.Seq2[render.File, error] {
	return func(yield func(render.File, error) bool) { yield(f, nil) }
}
