package netns

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"closup/lab"
)

// Files of a lab in its directory. Whatever else lies there is not the lab's.
const (
	recordFile     = "lab.json"
	identityFile   = "id_ed25519"
	knownHostsFile = "known_hosts"
	socketFile     = "hub.sock" // the hub listens here
	logFile        = "hub.log"  // what the hub says on standard error
	diskDir        = "disk"     // where the hub mounts the disks, in its own namespace
	partSuffix     = ".part"    // a file that is not complete yet
)

var ownFiles = []string{
	recordFile, identityFile, identityFile + ".pub", knownHostsFile, socketFile, logFile, diskDir, "broken.json",
	recordFile + partSuffix, identityFile + partSuffix, identityFile + ".pub" + partSuffix, knownHostsFile + partSuffix,
}

// labDir is the lab's directory with symbolic links resolved, so that whoever
// asks arrives at the same name: the hub is found by it.
func labDir(name string) (string, error) {
	dir, err := lab.Dir(name)
	if err != nil {
		return "", err
	}
	rest := ""
	for at := dir; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || at == filepath.Dir(at) {
			return "", fmt.Errorf("the state directory: %w", err)
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}

// claim is the right to start or end one lab. It is a lock on the lab's
// directory, so it ends with the process that holds it.
type claim struct {
	dir  string
	lock *os.File
}

var errBusy = errors.New("another closup is starting or ending it at this moment: wait for that one, and try again")

// seize makes the lab's directory and locks it. Without wait it fails at once
// with errBusy where another process holds it.
func seize(ctx context.Context, dir string, wait bool) (*claim, error) {
	for {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the state directory: %w", err)
		}
		f, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed in between
		}
		if err != nil {
			return nil, fmt.Errorf("the state directory: %w", err)
		}
		if err := flock(ctx, f, wait); err != nil {
			f.Close()
			return nil, err
		}
		// Whoever held it before may have removed it: then ours is a lock on nothing.
		mine, errMine := f.Stat()
		there, errThere := os.Stat(dir)
		if errMine == nil && errThere == nil && os.SameFile(mine, there) {
			return &claim{dir: dir, lock: f}, nil
		}
		f.Close()
	}
}

// flock takes the exclusive lock of f, which every close of f gives back.
func flock(ctx context.Context, f *os.File, wait bool) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("locking %s: %w", f.Name(), err)
		case !wait:
			return errBusy
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *claim) release() { c.lock.Close() }

// clear removes the lab's files and, where nothing else lies in them, the
// directories above that were made for it.
func (c *claim) clear() error {
	for _, name := range ownFiles {
		if err := os.Remove(filepath.Join(c.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing the lab's files: %w", err)
		}
	}
	return nil
}

// leave clears and removes the directory, and those above it that are empty
// now: labs, and the state directory.
func (c *claim) leave() error {
	if err := c.clear(); err != nil {
		return err
	}
	for dir, i := c.dir, 0; i < 3; dir, i = filepath.Dir(dir), i+1 {
		if os.Remove(dir) != nil {
			break // something else lies in it
		}
	}
	return nil
}

// write puts a file of the lab in place, whole or not at all.
func (c *claim) write(name string, mode fs.FileMode, body []byte) error {
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path+partSuffix, body, mode); err != nil {
		return fmt.Errorf("the lab's files: %w", err)
	}
	if err := os.Rename(path+partSuffix, path); err != nil {
		return fmt.Errorf("the lab's files: %w", err)
	}
	return nil
}

func (c *claim) writeRecord(r lab.Record) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return c.write(recordFile, 0o600, append(data, '\n'))
}
