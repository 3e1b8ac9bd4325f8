package ui

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestConventionsHaveTests: every row of docs/ux.md names tests or goldens, and
// each that it names is there.
func TestConventionsHaveTests(t *testing.T) {
	doc, err := os.ReadFile("../docs/ux.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err = filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return filepath.SkipDir
		}
		switch {
		case strings.HasSuffix(path, "_test.go"):
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range function.FindAllSubmatch(source, -1) {
				there[string(m[1])] = true
			}
		case strings.HasSuffix(path, ".txtar"):
			there[d.Name()] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test\\w+|[\\w-]+\\.txtar)`")
	golden := regexp.MustCompile(`\b(open|fabric|leafs|nodes|cabling|review|preview|push|live|frame)/(\w+)`)
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| convention") {
			continue
		}
		rows++
		found := named.FindAllStringSubmatch(cells[3], -1)
		if len(found) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, m := range found {
			if !there[m[1]] {
				t.Errorf("%s is not there: %s", m[1], cells[1])
			}
		}
		for _, m := range golden.FindAllStringSubmatch(cells[3], -1) {
			if all, _ := filepath.Glob(filepath.Join("testdata", m[1], m[2]+"-*.txt")); len(all) == 0 {
				t.Errorf("golden %s is not there", m[0])
			}
		}
	}
	if rows != 23 {
		t.Errorf("%d rows, want 23", rows)
	}
}
