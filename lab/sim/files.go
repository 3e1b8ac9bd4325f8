package sim

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// disk is a device's file system. It lives in memory and ends with the lab.
// What a kernel makes up as it is read (/proc, /sys) comes from virtual.
type disk struct {
	mu      sync.Mutex
	root    *node
	virtual func(path string) *node // nil where there is no such file
}

// node is a file, a directory or a symbolic link.
type node struct {
	mode     fs.FileMode // type and permissions
	uid, gid int
	changed  time.Time
	body     []byte // never changed in place: readers keep it
	link     string
	children map[string]*node
	write    func([]byte) error // a virtual file that takes what is written to it
}

const maxLinks = 40 // that one path may go through (path_resolution(7))

func newDisk(now time.Time) *disk {
	return &disk{root: &node{mode: fs.ModeDir | 0o755, changed: now, children: map[string]*node{}}}
}

// absolute is where name leads from dir.
func absolute(dir, name string) string {
	if !strings.HasPrefix(name, "/") {
		name = dir + "/" + name
	}
	return path.Clean(name)
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// find walks to name, which is absolute. The last part is followed where it is
// a link and follow says so. Where the last part alone is missing, the parent
// is answered with ErrNotExist.
func (d *disk) find(name string, follow bool) (n, parent *node, base string, err error) {
	for range maxLinks {
		if v := d.made(name); v != nil {
			return v, nil, "", nil
		}
		n, parent, base = d.root, nil, ""
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
		at := ""
		again := ""
		for i, part := range parts {
			at += "/" + part
			last := i == len(parts)-1
			if n.children == nil {
				return nil, nil, "", pathError("open", name, syscall.ENOTDIR)
			}
			next := n.children[part]
			if next == nil {
				if last {
					return nil, n, part, pathError("open", name, syscall.ENOENT)
				}
				return nil, nil, "", pathError("open", name, syscall.ENOENT)
			}
			if next.mode&fs.ModeSymlink != 0 && (follow || !last) {
				again = absolute(path.Dir(at), next.link) + "/" + strings.Join(parts[i+1:], "/")
				break
			}
			parent, base, n = n, part, next
		}
		if again == "" {
			return n, parent, base, nil
		}
		name = path.Clean(again)
	}
	return nil, nil, "", pathError("open", name, syscall.ELOOP)
}

func (d *disk) made(at string) *node {
	if d.virtual == nil {
		return nil
	}
	return d.virtual(at)
}

// stat is a copy of the node of that name.
func (d *disk) stat(name string, follow bool) (node, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _, _, err := d.find(name, follow)
	if err != nil {
		return node{}, err
	}
	return *n, nil
}

func (d *disk) read(name string) ([]byte, error) {
	n, err := d.stat(name, true)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return nil, pathError("read", name, syscall.EISDIR)
	}
	return n.body, nil
}

func (d *disk) exists(name string) bool {
	_, err := d.stat(name, true)
	return err == nil
}

// save writes a file whole, and makes it where it is missing. add appends.
func (d *disk) save(name string, body []byte, mode fs.FileMode, who user, add bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, parent, base, err := d.find(name, true)
	switch {
	case err == nil && n.mode.IsDir():
		return pathError("open", name, syscall.EISDIR)
	case err == nil && n.write != nil:
		return n.write(body)
	case err == nil && parent != nil && parent.children[base] != n:
		return pathError("open", name, syscall.EACCES)
	case err == nil:
		if !who.may(n, 2) {
			return pathError("open", name, syscall.EACCES)
		}
	case parent == nil:
		return err
	default:
		if !who.may(parent, 2) {
			return pathError("open", name, syscall.EACCES)
		}
		n = &node{mode: mode.Perm(), uid: who.uid, gid: who.gid}
		parent.children[base] = n
	}
	if add {
		body = append(slices.Clone(n.body), body...)
	}
	n.body, n.changed = body, time.Now()
	return nil
}

// mkdir makes one directory.
func (d *disk) mkdir(name string, mode fs.FileMode, who user) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, parent, base, err := d.find(name, false)
	switch {
	case err == nil:
		return pathError("mkdir", name, syscall.EEXIST)
	case parent == nil:
		return err
	case !who.may(parent, 2):
		return pathError("mkdir", name, syscall.EACCES)
	}
	parent.children[base] = &node{mode: fs.ModeDir | mode.Perm(), uid: who.uid, gid: who.gid, changed: time.Now(), children: map[string]*node{}}
	return nil
}

// mkdirs makes a directory and those above it that are missing.
func (d *disk) mkdirs(name string, mode fs.FileMode, who user) error {
	if n, err := d.stat(name, true); err == nil {
		if !n.mode.IsDir() {
			return pathError("mkdir", name, syscall.EEXIST)
		}
		return nil
	}
	if up := path.Dir(name); up != name {
		if err := d.mkdirs(up, mode|0o300, who); err != nil {
			return err
		}
	}
	if err := d.mkdir(name, mode, who); err != nil && !isExist(err) {
		return err
	}
	return nil
}

func (d *disk) symlink(to, name string, who user) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, parent, base, err := d.find(name, false)
	switch {
	case err == nil:
		return pathError("symlink", name, syscall.EEXIST)
	case parent == nil:
		return err
	}
	parent.children[base] = &node{mode: fs.ModeSymlink | 0o777, uid: who.uid, gid: who.gid, changed: time.Now(), link: to}
	return nil
}

// remove takes a file, or a directory that is empty, or with all that is in it.
func (d *disk) remove(name string, all bool, who user) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, parent, base, err := d.find(name, false)
	switch {
	case err != nil:
		return err
	case parent == nil || parent.children[base] != n:
		return pathError("remove", name, syscall.EPERM)
	case len(n.children) > 0 && !all:
		return pathError("remove", name, syscall.ENOTEMPTY)
	case !who.may(parent, 2):
		return pathError("remove", name, syscall.EACCES)
	}
	delete(parent.children, base)
	return nil
}

// rename moves, in one step, over whatever file stands there.
func (d *disk) rename(from, to string, who user) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, parent, base, err := d.find(from, false)
	if err != nil {
		return err
	}
	there, into, name, err := d.find(to, false)
	switch {
	case into == nil && err != nil:
		return err
	case into == nil || parent == nil || parent.children[base] != n || into.children == nil:
		return pathError("rename", from, syscall.EPERM)
	case there == n:
		return nil
	case there != nil && there.mode.IsDir() && (!n.mode.IsDir() || len(there.children) > 0):
		return pathError("rename", to, syscall.EISDIR)
	case there != nil && n.mode.IsDir() && !there.mode.IsDir():
		return pathError("rename", to, syscall.ENOTDIR)
	case !who.may(parent, 2) || !who.may(into, 2):
		return pathError("rename", from, syscall.EACCES)
	}
	delete(parent.children, base)
	into.children[name] = n
	return nil
}

// change sets what f sets: mode, owner, time.
func (d *disk) change(name string, who user, f func(*node)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _, _, err := d.find(name, true)
	if err != nil {
		return err
	}
	if who.uid != 0 && who.uid != n.uid {
		return pathError("chmod", name, syscall.EPERM)
	}
	f(n)
	return nil
}

// list are the names in a directory, sorted.
func (d *disk) list(name string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _, _, err := d.find(name, true)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsDir() {
		return nil, pathError("readdir", name, syscall.ENOTDIR)
	}
	names := make([]string, 0, len(n.children))
	for c := range n.children {
		names = append(names, c)
	}
	slices.Sort(names)
	return names, nil
}

// real is name without links. The last part need not be there.
func (d *disk) real(name string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range maxLinks {
		parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' })
		at, again := "", ""
		for i, part := range parts {
			up := at
			at += "/" + part
			n, _, _, err := d.find(at, false)
			if err != nil {
				return name, i == len(parts)-1
			}
			if n.mode&fs.ModeSymlink != 0 {
				again = path.Clean(absolute("/"+strings.TrimPrefix(up, "/"), n.link) + "/" + strings.Join(parts[i+1:], "/"))
				break
			}
		}
		if again == "" {
			return path.Clean("/" + name), true
		}
		name = again
	}
	return name, false
}
