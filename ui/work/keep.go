package work

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"closup/lab"
)

// Keep writes a text that was copied to a file, for where the terminal has no
// clipboard, and says where it is. The name may hold slashes; they become
// dashes.
func Keep(name string, data []byte) (string, error) {
	dir, err := lab.StateDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "copied")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, strings.Trim(strings.NewReplacer("/", "-", "..", "-").Replace(name), "-"))
	return path, writeFile(path, data)
}

// SaveText writes a text to a file that must not be there yet.
func SaveText(path, text string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s is there already; choose another name", path)
	}
	return writeFile(path, []byte(text))
}
