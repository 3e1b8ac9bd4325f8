package work

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Save writes the project to its path: whole or not at all, keeping the
// permissions of the file that was there and following a symbolic link to it.
//
// A file that somebody else changed since it was read is left as it is, and the
// error is ErrChanged; Overwrite writes it all the same.
func (p *Project) Save() error {
	disk, err := os.ReadFile(p.Path)
	if err == nil && string(disk) != p.saved && string(disk) != string(p.Doc.Bytes()) {
		return fmt.Errorf("%s was not saved: it %w", p.Path, ErrChanged)
	}
	return p.Overwrite()
}

// ErrChanged says that a file on disk is not what was read any more.
var ErrChanged = errors.New("was changed by somebody else since it was read")

// Overwrite is Save, whatever the file on disk has become.
func (p *Project) Overwrite() error {
	data := p.Doc.Bytes()
	if err := writeFile(p.Path, data); err != nil {
		return fmt.Errorf("%s was not saved: %w", p.Path, err)
	}
	p.saved = string(data)
	return nil
}

// writeFile writes beside path, syncs, and renames over it, so that a crash
// leaves the old file or the new one.
func writeFile(path string, data []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename in dir outlive a power loss.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
