package work

import (
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"

	"closup/render"
)

// Write puts generated files below dir, which it makes where needed. None can
// end up elsewhere, whatever its name.
func Write(dir string, files iter.Seq2[render.File, error]) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	for f, err := range files {
		if err != nil {
			return n, err
		}
		if err := root.MkdirAll(path.Dir(f.Path), 0o755); err != nil {
			return n, fmt.Errorf("%s: %w", filepath.Join(dir, f.Path), err)
		}
		if err := root.WriteFile(f.Path, f.Body, f.Mode.Perm()); err != nil {
			return n, fmt.Errorf("%s: %w", filepath.Join(dir, f.Path), err)
		}
		// The umask may have taken bits, and a file that was there keeps its own.
		if err := root.Chmod(f.Path, f.Mode.Perm()); err != nil {
			return n, fmt.Errorf("%s: %w", filepath.Join(dir, f.Path), err)
		}
		n++
	}
	return n, nil
}
