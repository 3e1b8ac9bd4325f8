// Package assets holds the files that are built into the program: the preset
// fabrics and the templates of what is generated.
package assets

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// FS is every embedded file, under presets/ and templates/<target>/.
//
//go:embed presets templates
var FS embed.FS

// order is how the presets are listed: the simplest first. One that is not
// named here follows in the order of the alphabet.
var order = []string{"article", "reference", "three-tier", "dual-stack", "article-2017"}

// Presets lists the names of the built-in fabrics, the simplest first.
func Presets() []string {
	files, err := fs.Glob(FS, "presets/*.yaml")
	if err != nil { // only a malformed pattern
		panic(err)
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), ".yaml"))
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

func rank(name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// Preset is a built-in fabric as the text of a fabric.yaml.
func Preset(name string) ([]byte, error) {
	if !slices.Contains(Presets(), name) {
		return nil, fmt.Errorf("there is no preset %q; there are %s", name, strings.Join(Presets(), ", "))
	}
	return FS.ReadFile("presets/" + name + ".yaml")
}
