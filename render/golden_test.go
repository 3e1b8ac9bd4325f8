package render_test

import (
	"bytes"
	"flag"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"closup/assets"
	"closup/model"
	"closup/render"
)

var update = flag.Bool("update", false, "write testdata anew")

// cases are the golden folders: every preset, and every folder of testdata
// that holds a fabric.yaml.
func cases(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, name := range assets.Presets() {
		text, err := assets.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = text
	}
	files, err := filepath.Glob("testdata/*/fabric.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		if out[name] != nil {
			t.Fatalf("%s has the name of a preset", file)
		}
		if out[name], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// planOf loads a fabric that has to be without errors.
func planOf(t testing.TB, name string, text []byte) *model.Plan {
	t.Helper()
	f, err := model.Load(name, text)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(f)
	p.Findings = model.Validate(f, p)
	for _, finding := range p.Findings {
		if finding.Severity == model.Error {
			t.Fatalf("%s: %s", name, finding.Message)
		}
	}
	return p
}

func filesOf(t testing.TB, p *model.Plan, targetName string) []render.File {
	t.Helper()
	target, ok := render.TargetNamed(targetName)
	if !ok {
		t.Fatalf("no target %s", targetName)
	}
	var files []render.File
	for f, err := range target.Files(p) {
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// TestGolden compares every file of every case and target with
// testdata/CASE/TARGET/... and finds files there that are no longer made.
func TestGolden(t *testing.T) {
	for name, text := range cases(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			var made []string
			for path, f := range goldenFiles(t, planOf(t, name, text)) {
				file := filepath.Join(dir, filepath.FromSlash(path))
				made = append(made, file)
				if *update {
					write(t, file, f.Body)
					continue
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Errorf("%v (go test ./render -run Golden -update)", err)
				} else if !bytes.Equal(want, f.Body) {
					t.Errorf("%s differs:\n%s", file, render.Diff("golden", "made", want, f.Body, 3))
				}
			}
			for _, file := range stale(t, dir, made) {
				if *update {
					if err := os.Remove(file); err != nil {
						t.Fatal(err)
					}
					continue
				}
				t.Errorf("%s is not made any more", file)
			}
		})
	}
}

// TestEveryGoldenFolder: the table of presets times the table of targets has a
// folder each, with something in it, and no folder is left of what is in
// neither table.
func TestEveryGoldenFolder(t *testing.T) {
	var targets []string
	for _, target := range render.Targets {
		targets = append(targets, target.Name)
	}
	presets, known := assets.Presets(), cases(t)
	for _, problem := range folderProblems(t, os.DirFS("testdata"), presets, targets, known) {
		t.Errorf("%s (go test ./render -run Golden -update)", problem)
	}

	// The same check sees what is amiss.
	has := func(names ...string) fs.FS {
		out := fstest.MapFS{}
		for _, name := range names {
			out[name] = &fstest.MapFile{}
		}
		return out
	}
	all := map[string][]byte{"article": nil, "odd": nil}
	for _, c := range []struct {
		have fs.FS
		want []string
	}{
		{has("article/devices/a", "article/report/a", "odd/fabric.yaml"), nil},
		{has("article/devices/a", "odd/fabric.yaml"), []string{"article/report has no golden file"}},
		{has("article/devices/a", "article/report/deep/er/b", "article/rapport/a"), []string{"article/rapport is of no target"}},
		{has("article/devices/a", "article/report/a", "articel/devices/a"), []string{"articel is of no preset and has no fabric.yaml"}},
	} {
		if got := folderProblems(t, c.have, []string{"article"}, []string{"devices", "report"}, all); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.have, got, c.want)
		}
	}
}

// folderProblems is what lacks in a tree of golden folders, and what is too
// much there.
func folderProblems(t *testing.T, tree fs.FS, presets, targets []string, known map[string][]byte) []string {
	t.Helper()
	filled := map[string]bool{} // CASE/TARGET
	var out []string
	err := fs.WalkDir(tree, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if parts := strings.SplitN(path, "/", 3); len(parts) == 3 && parts[0] != "fuzz" && parts[0] != "dialects" {
			filled[parts[0]+"/"+parts[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, preset := range presets {
		for _, target := range targets {
			if folder := preset + "/" + target; !filled[folder] {
				out = append(out, folder+" has no golden file")
			}
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(filled)) {
		name, target, _ := strings.Cut(folder, "/")
		if _, ok := known[name]; !ok {
			out = append(out, name+" is of no preset and has no fabric.yaml")
		} else if !slices.Contains(targets, target) {
			out = append(out, folder+" is of no target")
		}
	}
	return out
}

// goldenFiles are the files of every target, as TARGET/path.
func goldenFiles(t *testing.T, p *model.Plan) iter.Seq2[string, render.File] {
	return func(yield func(string, render.File) bool) {
		for _, target := range render.Targets {
			for _, f := range filesOf(t, p, target.Name) {
				if !yield(target.Name+"/"+f.Path, f) {
					return
				}
			}
		}
	}
}

func write(t *testing.T, file string, body []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, body, 0o644); err != nil {
		t.Fatal(err)
	}
}

func stale(t *testing.T, dir string, made []string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Base(file) == "fabric.yaml" {
			return err
		}
		if !slices.Contains(made, file) {
			out = append(out, file)
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return out
}

// TestSameBytes: the same fabric gives the same bytes.
func TestSameBytes(t *testing.T) {
	for name, text := range cases(t) {
		a, b := filesOf(t, planOf(t, name, text), "devices"), filesOf(t, planOf(t, name, text), "devices")
		for i := range a {
			if a[i].Path != b[i].Path || !bytes.Equal(a[i].Body, b[i].Body) {
				t.Errorf("%s: %s is not the same twice", name, a[i].Path)
			}
		}
	}
}

// TestUnitsExist: every file names a unit that there is, and every unit waits
// for units that come before it.
func TestUnitsExist(t *testing.T) {
	for name, text := range cases(t) {
		p := planOf(t, name, text)
		for i := range p.Devices {
			all, err := render.Device(p, &p.Devices[i])
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range all {
				if _, ok := render.UnitNamed(a.Unit); !ok {
					t.Errorf("%s names the unit %q, which is not there", a.Path, a.Unit)
				}
				if a.Device != p.Devices[i].Name || !strings.HasPrefix(a.Path, "/") || a.Mode == 0 || len(a.Body) == 0 {
					t.Errorf("%s: %+v", name, a)
				}
			}
		}
	}
	seen := map[string]bool{}
	for _, u := range render.Units {
		for _, before := range u.After {
			if !seen[before] {
				t.Errorf("%s comes after %s, which is not before it", u.Name, before)
			}
		}
		seen[u.Name] = true
	}
}
