package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The rules of docs/architecture.md that no linter knows. Imports are held by
// depguard in .golangci.yml.

const longest = 400 // lines of one file; about 300 is the aim

// concurrent are the only folders where a `go` statement may stand.
var concurrent = []string{"provision", "lab"}

// vague are folder names that say nothing about what is inside.
var vague = []string{"internal", "pkg", "cmd", "util", "utils", "common", "helpers", "misc"}

// top is what the repository's first level may hold, dot files apart.
var top = []string{
	"main.go", "house_test.go", "ui", "model", "provision", "render", "assets", "lab",
	"go.mod", "go.sum", "README.md", "LICENSE", "Makefile", "CHANGELOG.md", "docs", "bin",
}

func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(top, e.Name()) {
			t.Errorf("%s has no place at the top level", e.Name())
		}
	}
}

func TestFolders(t *testing.T) {
	walk(t, func(path string, d fs.DirEntry) {
		if d.IsDir() && slices.Contains(vague, d.Name()) {
			t.Errorf("%s: the name says nothing; name what is in it", path)
		}
	})
}

func TestFiles(t *testing.T) {
	for _, path := range sources(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte("\n")); n > longest {
			t.Errorf("%s has %d lines, over %d: find the seam", path, n, longest)
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, data, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		folder, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		for _, v := range violations(file, slices.Contains(concurrent, folder)) {
			t.Errorf("%s: %s", fset.Position(v.pos), v.rule)
		}
	}
}

type violation struct {
	pos  token.Pos
	rule string
}

func violations(file *ast.File, mayGo bool) (found []violation) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if !mayGo {
				found = append(found, violation{n.Pos(), "`go` statements stand in provision and lab only"})
			}
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				found = append(found, violation{n.Pos(), "tables are written out, never filled by init()"})
			}
		}
		return true
	})
	return found
}

// TestViolations is the control: the checks above do find what they look for.
func TestViolations(t *testing.T) {
	src := "package p\nfunc init() {}\nfunc f() { go f() }\ntype t int\nfunc (t) init() {}\n"
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(violations(file, false)); got != 2 {
		t.Errorf("found %d violations, want 2", got)
	}
	if got := len(violations(file, true)); got != 1 {
		t.Errorf("where goroutines are allowed: found %d violations, want 1", got)
	}
}

// sources lists the Go files that are not tests.
func sources(t *testing.T) (paths []string) {
	t.Helper()
	walk(t, func(path string, d fs.DirEntry) {
		if !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
		}
	})
	if len(paths) == 0 {
		t.Fatal("no Go files found")
	}
	return paths
}

// walk visits the repository without its dot folders, bin and testdata.
func walk(t *testing.T, visit func(path string, d fs.DirEntry)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != "." && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata") {
			return fs.SkipDir
		}
		visit(path, d)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
