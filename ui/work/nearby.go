package work

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Nearby is a fabric that lies in the same folder.
type Nearby struct {
	Path    string
	Name    string    // as the file says
	Changed time.Time // when it was written last
}

// maxNearby bounds how many files of a folder are read, the newest first.
const maxNearby = 20

// FindNearby lists the other fabrics in the folder of path, the one that was
// worked on last first. Files that are not fabrics are left out.
func FindNearby(path string) []Nearby {
	var all []Nearby
	for _, pattern := range []string{"*.yaml", "*.yml"} {
		paths, err := filepath.Glob(filepath.Join(filepath.Dir(path), pattern))
		if err != nil {
			continue
		}
		for _, p := range paths {
			if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() && filepath.Clean(p) != filepath.Clean(path) {
				all = append(all, Nearby{Path: p, Changed: info.ModTime()})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Nearby) int { return b.Changed.Compare(a.Changed) })
	var fabrics []Nearby
	for _, n := range all[:min(maxNearby, len(all))] {
		if p, err := Open(n.Path); err == nil && p.Err == nil && len(p.Plan.Devices) > 0 {
			n.Name = p.Fabric.Name
			fabrics = append(fabrics, n)
		}
	}
	return fabrics
}
