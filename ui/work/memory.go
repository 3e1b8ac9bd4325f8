package work

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"closup/lab"
)

// Memory is where the wizard stood with a fabric, so that it goes on there
// after it was closed or killed. It holds no secret: fabric.yaml has none, and
// nothing else is typed into a form.
type Memory struct {
	Path   string                       `json:"path"` // of the fabric
	Step   string                       `json:"step"`
	Drafts map[string]map[string]string `json:"drafts,omitempty"` // by step: what was typed and not accepted
	PID    int                          `json:"pid,omitempty"`    // of the wizard that is open; 0: it was closed in order
	At     time.Time                    `json:"at"`
}

// memoryPath is the file of a fabric's memory.
func memoryPath(fabric string) (string, error) {
	dir, err := lab.StateDir()
	if err != nil {
		return "", err
	}
	whole, err := filepath.Abs(fabric)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(whole))
	return filepath.Join(dir, "wizard", hex.EncodeToString(sum[:8])+".json"), nil
}

// Remember writes m, whole or not at all.
func Remember(m Memory) error {
	path, err := memoryPath(m.Path)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

// Recall is what was remembered of the fabric at path; nil: nothing.
func Recall(path string) *Memory {
	file, err := memoryPath(path)
	if err != nil {
		return nil
	}
	data, err := os.ReadFile(file)
	var m Memory
	if err != nil || json.Unmarshal(data, &m) != nil {
		return nil
	}
	return &m
}

// PID is this process's number, for a Memory.
func PID() int { return os.Getpid() }

// Died says that the wizard which wrote m did not end in order.
func (m *Memory) Died() bool { return m.PID != 0 && !m.Elsewhere() }

// Elsewhere says that another wizard has the fabric open now.
func (m *Memory) Elsewhere() bool {
	return m.PID != 0 && m.PID != os.Getpid() && !errors.Is(syscall.Kill(m.PID, 0), syscall.ESRCH)
}

// SaveCrash keeps the report of a fault of our own, and says where.
func SaveCrash(report string) (string, error) {
	dir, err := lab.StateDir()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf("crash-%s.txt", time.Now().Format("20060102-150405")))
	return path, writeFile(path, []byte(report))
}
