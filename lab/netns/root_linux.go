package netns

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// assign gives devices their roots. A pattern that fits none is a slip.
func (s *spec) assign(roots []Root) error {
	var errs []error
	for _, r := range roots {
		dir, err := r.check()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found := false
		for i := range s.Devices {
			if ok, _ := path.Match(r.Devices, s.Devices[i].Name); ok {
				s.Devices[i].Root, found = dir, true
			}
		}
		if !found {
			errs = append(errs, fmt.Errorf("the root %s is for %s, and no device is called so", r.Dir, r.Devices))
		}
	}
	for _, d := range s.Devices {
		if err := d.engineMissing(); err != nil {
			errs = append(errs, err)
			break
		}
	}
	return errors.Join(errs...)
}

// check gives the directory's real path, if a device can be made of it. The
// machine's own root is "".
func (r Root) check() (string, error) {
	if _, err := path.Match(r.Devices, ""); err != nil {
		return "", fmt.Errorf("%q is no pattern of names: %w", r.Devices, err)
	}
	dir, err := filepath.Abs(r.Dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", fmt.Errorf("the root for %s: %w", r.Devices, err)
	}
	info, err := os.Stat(dir)
	switch {
	case err != nil:
		return "", fmt.Errorf("the root for %s: %w", r.Devices, err)
	case !info.IsDir():
		return "", fmt.Errorf("the root for %s: %s is not a directory", r.Devices, dir)
	case dir == "/":
		return "", nil
	case strings.ContainsAny(dir, ",:\\"): // would have to be escaped in mount options
		return "", fmt.Errorf("the root for %s: %s has a character that mount options cannot carry", r.Devices, dir)
	}
	if err := missing(dir); err != nil {
		return "", fmt.Errorf("the root for %s, %s: %w", r.Devices, dir, err)
	}
	return dir, nil
}
