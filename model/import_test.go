package model_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"closup/model"
)

// TestImport: each folder of testdata/import has a file of another tool, the
// fabric.yaml that it becomes, and the notes.
func TestImport(t *testing.T) {
	folders, err := filepath.Glob("testdata/import/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(folder, "*"))
			if err != nil {
				t.Fatal(err)
			}
			input := files[slices.IndexFunc(files, func(f string) bool {
				return !slices.Contains([]string{"fabric.yaml", "notes.txt"}, filepath.Base(f))
			})]
			data, err := os.ReadFile(input)
			if err != nil {
				t.Fatal(err)
			}
			got, notes, err := model.Import(input, data)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(folder, "fabric.yaml"), got)
			golden(t, filepath.Join(folder, "notes.txt"), []byte(strings.Join(notes, "\n")+"\n"))
			f, err := model.Load("imported.yaml", got)
			if err != nil {
				t.Fatalf("what was imported does not load: %v", err)
			}
			p, _ := model.NewPlan(f)
			model.Validate(f, p)
		})
	}
}

// TestImportRefuses: what is none of the formats is said so.
func TestImportRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        "",
		"prose":        "Dear colleagues,\nplease find the cabling below.\n",
		"fabric.yaml":  "name: article\n",
		"open.dot":     "graph G { \"a\":\"b\" -- \"c\":\"d\"",
		"quote.dot":    "graph G { \"a",
		"nothing.dot":  "graph G { }",
		"nothing.yaml": "topology: {}\n",
		"broken.yaml":  "topology: {nodes: [\n",
		"open.ini":     "[all]\nnode1\n[etcd\n",
		"range.ini":    "[all]\nnode[3:1]\n",
	} {
		if got, _, err := model.Import(name, []byte(text)); err == nil {
			t.Errorf("%s became\n%s", name, got)
		} else if !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%s: the error does not name the file: %v", name, err)
		}
	}
}

// FuzzImport: whatever the file holds, what comes out loads.
func FuzzImport(f *testing.F) {
	inputs, err := filepath.Glob("testdata/import/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, input := range inputs {
		if data, err := os.ReadFile(input); err == nil && filepath.Base(input) != "notes.txt" {
			f.Add(filepath.Base(input), data)
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, _, err := model.Import(name, data)
		if err != nil {
			return
		}
		if _, err := model.Load("imported.yaml", got); err != nil {
			t.Errorf("%v\n%s", err, got)
		}
	})
}
