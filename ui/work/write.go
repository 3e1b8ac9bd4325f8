package work

import (
	"errors"
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
	made := "" // the last folder: files of one come one after another
	for f, err := range files {
		if err != nil {
			return n, err
		}
		if folder := path.Dir(f.Path); folder != made {
			if err := root.MkdirAll(folder, 0o755); err != nil {
				return n, fmt.Errorf("%s: %w", filepath.Join(dir, f.Path), err)
			}
			made = folder
		}
		if err := putFile(root, f); err != nil {
			return n, fmt.Errorf("%s: %w", filepath.Join(dir, f.Path), err)
		}
		n++
	}
	return n, nil
}

// putFile writes one file and gives it its mode: the umask may have taken
// bits, and a file that was there keeps its own.
func putFile(root *os.Root, f render.File) error {
	out, err := root.OpenFile(f.Path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, f.Mode.Perm())
	if err != nil {
		return err
	}
	_, err = out.Write(f.Body)
	return errors.Join(err, out.Chmod(f.Mode.Perm()), out.Close())
}

// WriteText writes a text to a file, whole or not at all.
func WriteText(path, text string) error {
	if err := writeFile(path, []byte(text)); err != nil {
		return fmt.Errorf("%s is not written: %w", path, err)
	}
	return nil
}
