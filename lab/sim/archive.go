package sim

import (
	archive "archive/tar"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// tar makes (-c) and unpacks (-x) archives, uncompressed.
func tar(c *call) int {
	// "cf" without a dash is as good, and -f's argument may be glued to it.
	if len(c.args) > 0 && !strings.HasPrefix(c.args[0], "-") {
		c.args[0] = "-" + c.args[0]
	}
	opts, names := c.flags("fC")
	dir := c.dir
	if d, ok := opts["-C"]; ok {
		dir = c.path(d)
	}
	file := "-"
	if f, ok := opts["-f"]; ok {
		file = f
	}
	switch {
	case has(opts, "-x", "-t"):
		data, err := c.input(file)
		if err != nil {
			return c.fail(2, "tar: %s: Cannot open: %s", file, why(err))
		}
		return c.unpack(data, dir, has(opts, "-t"), c.who.uid == 0 && !has(opts, "--no-same-owner"))
	case has(opts, "-c"):
		var b bytes.Buffer
		w := archive.NewWriter(&b)
		status := 0
		as := packing{absolute: has(opts, "-P"), follow: has(opts, "-h"), shallow: has(opts, "--no-recursion")}
		for _, n := range names {
			if err := c.pack(w, dir, n, as); err != nil {
				status = c.fail(2, "tar: %s: %s", n, why(err))
			}
		}
		_ = w.Close()
		if file == "-" {
			_, _ = c.out.Write(b.Bytes())
		} else if err := c.disk.save(c.path(file), b.Bytes(), 0o666&^c.mask(), c.who, false); err != nil {
			return c.fail(2, "tar: %s: %s", file, why(err))
		}
		return status
	}
	return c.fail(2, "tar: You must specify one of the '-ctx' options")
}

func (c *call) unpack(data []byte, dir string, list, owner bool) int {
	r := archive.NewReader(bytes.NewReader(data))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return c.fail(2, "tar: Unexpected EOF in archive")
		}
		to := path.Join(dir, path.Clean("/"+h.Name))
		if list {
			c.printf("%s\n", h.Name)
			continue
		}
		mode := fs.FileMode(h.Mode).Perm()
		switch h.Typeflag {
		case archive.TypeDir:
			err = c.disk.mkdirs(to, mode, c.who)
		case archive.TypeSymlink:
			err = c.disk.symlink(h.Linkname, to, c.who)
		case archive.TypeReg:
			var body []byte
			if body, err = io.ReadAll(r); err == nil {
				_ = c.disk.mkdirs(path.Dir(to), 0o777&^c.mask(), c.who)
				err = c.disk.save(to, body, mode, c.who, false)
			}
		}
		if err != nil {
			return c.fail(2, "tar: %s: %s", h.Name, why(err))
		}
		_ = c.disk.change(to, c.who, func(n *node) {
			if n.mode&fs.ModeSymlink == 0 {
				n.mode = n.mode&fs.ModeType | mode
			}
			if owner {
				n.uid, n.gid = h.Uid, h.Gid
			}
		})
	}
}

// packing is how files get into an archive.
type packing struct {
	absolute bool // -P: their names keep the slash they begin with
	follow   bool // -h: what a symbolic link leads to, not the link
	shallow  bool // --no-recursion: a directory without what is in it
}

func (c *call) pack(w *archive.Writer, dir, name string, as packing) error {
	p := absolute(dir, name)
	n, err := c.disk.stat(p, as.follow)
	if err != nil {
		return err
	}
	label := name
	if !as.absolute {
		label = strings.TrimPrefix(name, "/")
	}
	h := &archive.Header{
		Name: label, Mode: int64(n.mode.Perm()), Uid: n.uid, Gid: n.gid, Uname: c.nameOf(n.uid), Gname: c.nameOf(n.gid),
		ModTime: n.changed, Size: int64(len(n.body)), Typeflag: archive.TypeReg,
	}
	switch {
	case n.mode.IsDir():
		h.Typeflag, h.Size, h.Name = archive.TypeDir, 0, h.Name+"/"
	case n.mode&fs.ModeSymlink != 0:
		h.Typeflag, h.Size, h.Linkname = archive.TypeSymlink, 0, n.link
	}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	if h.Typeflag == archive.TypeReg {
		_, err = w.Write(n.body)
		return err
	}
	if !n.mode.IsDir() || as.shallow {
		return nil
	}
	names, err := c.disk.list(p)
	for _, base := range names {
		if err := c.pack(w, dir, path.Join(name, base), as); err != nil {
			return err
		}
	}
	return err
}
