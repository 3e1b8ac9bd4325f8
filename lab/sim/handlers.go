package sim

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mvdan.cc/sh/v3/interp"
)

// callHandler puts what the interpreter does not know, or takes for something
// else than dash does, into words it knows.
func (c *call) callHandler(ctx context.Context, args []string) ([]string, error) {
	switch args[0] {
	case "return": // without a number it is the status of what ran before
		if len(args) == 1 {
			return []string{"return", strconv.Itoa(interp.HandlerCtx(ctx).LastExitStatus)}, nil
		}
	case "printf":
		if len(args) > 2 && args[1] == "--" {
			return append([]string{"printf"}, args[2:]...), nil
		}
	case "test", "[": // an operand that looks like an operator is none between two
		if len(args) >= 4 && len(args) <= 5 && slices.Contains([]string{"=", "==", "!="}, args[2]) && (len(args) == 5) == (args[0] == "[") {
			out := slices.Clone(args)
			out[1], out[3] = "x"+out[1], "x"+out[3]
			return out, nil
		}
	case "umask":
		if len(args) > 1 {
			return []string{"eval", maskVariable + "=" + quote(args[len(args)-1])}, nil
		}
		return []string{"eval", `printf '%04o\n' "0${` + maskVariable + `:-022}"`}, nil
	case "trap":
		out := []string{"trap"}
		for i, a := range args[1:] {
			switch {
			case i == 0 && a == "--":
			case i == 0, a == "EXIT":
				out = append(out, a)
			case a == "0":
				out = append(out, "EXIT")
			}
		}
		if len(out) == 2 {
			return []string{"true"}, nil // of signals alone
		}
		return out, nil
	case "kill":
		return append([]string{"/bin/kill"}, args[1:]...), nil
	case "__newjob":
		return []string{"eval", lastJob + "=" + strconv.Itoa(c.newJob().pid)}, nil
	case "__jobover":
		if j := c.jobOf(interp.HandlerCtx(ctx).Env); j != nil && j != over {
			c.world.mu.Lock()
			c.endJob(j)
			c.world.mu.Unlock()
		}
		return []string{"true"}, nil
	case "wait":
		out := []string{"wait"}
		for _, pid := range args[1:] {
			if name := interp.HandlerCtx(ctx).Env.Get("__shell" + pid).String(); name != "" {
				pid = name
			}
			out = append(out, pid)
		}
		return out, nil
	case "command":
		if len(args) > 2 && (args[1] == "-v" || args[1] == "-V") {
			return append([]string{"/usr/bin/which"}, args[2:]...), nil
		}
	}
	return args, nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// at is a call with what the handler knows of the place.
func (c *call) at(ctx context.Context) (*call, interp.HandlerContext) {
	hc := interp.HandlerCtx(ctx)
	next := &call{device: c.device, ctx: ctx, who: c.who, env: hc.Env, dir: hc.Dir, in: hc.Stdin, out: hc.Stdout, err: hc.Stderr}
	return next, hc
}

func (c *call) execHandler(ctx context.Context, args []string) error {
	next, _ := c.at(ctx)
	ctx, done := c.jobOf(next.env).during(ctx)
	defer done()
	next.ctx = ctx
	if err := ctx.Err(); err != nil {
		return err
	}
	status := next.exec(args)
	if err := ctx.Err(); err != nil {
		return err
	}
	if status != 0 {
		return interp.ExitStatus(status)
	}
	return nil
}

func (c *call) openHandler(ctx context.Context, name string, flag int, perm fs.FileMode) (io.ReadWriteCloser, error) {
	next, _ := c.at(ctx)
	p := next.path(name)
	switch {
	case p == os.DevNull && flag&os.O_WRONLY != 0:
		return nowhere{}, nil
	case p == os.DevNull:
		return readable(nil)
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		body, err := next.openAt(p, name)
		if err != nil {
			return nil, pathError("open", name, errors.New(why(err)))
		}
		return readable(body)
	}
	w := &writing{c: next, path: p, mode: perm &^ next.mask()}
	if err := next.disk.save(p, nil, 0o666&^next.mask(), next.who, flag&os.O_APPEND != 0); err != nil {
		return nil, pathError("open", name, errors.New(why(err)))
	}
	return w, nil
}

// nowhere is /dev/null, written to.
type nowhere struct{}

func (nowhere) Read([]byte) (int, error)    { return 0, syscall.EBADF }
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (nowhere) Close() error                { return nil }

// pipeRoom is what every pipe takes without a reader, in bytes (POSIX's PIPE_BUF
// on Linux; macOS has more room than that).
const pipeRoom = 4096

// readable is an open file, as the interpreter wants it: of anything else than a
// descriptor it makes a pipe that it never closes, and a thousand devices have
// few descriptors each.
func readable(body []byte) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fill := func() {
		_, _ = w.Write(body)
		_ = w.Close()
	}
	if len(body) <= pipeRoom {
		fill()
	} else {
		go fill() // it ends when the reader is closed, at the latest
	}
	return r, nil
}

// writing is an open file that grows at its end.
type writing struct {
	c    *call
	path string
	mode fs.FileMode
}

func (*writing) Read([]byte) (int, error) { return 0, syscall.EBADF }
func (*writing) Close() error             { return nil }
func (w *writing) Write(p []byte) (int, error) {
	if err := w.c.disk.save(w.path, p, w.mode, rootUser, true); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (c *call) statHandler(ctx context.Context, name string, follow bool) (fs.FileInfo, error) {
	next, _ := c.at(ctx)
	n, err := c.disk.stat(next.path(name), follow)
	if err != nil {
		return nil, err
	}
	return info{path.Base(name), n}, nil
}

func (c *call) accessHandler(ctx context.Context, name string, mode interp.AccessMode) error {
	next, _ := c.at(ctx)
	n, err := c.disk.stat(next.path(name), true)
	if err != nil {
		return err
	}
	if !c.who.may(&n, fs.FileMode(mode)) {
		return pathError("access", name, syscall.EACCES)
	}
	return nil
}

func (c *call) readDirHandler(ctx context.Context, name string) ([]fs.DirEntry, error) {
	next, _ := c.at(ctx)
	dir := next.path(name)
	names, err := c.disk.list(dir)
	if err != nil {
		return nil, err
	}
	var out []fs.DirEntry
	for _, base := range names {
		if n, err := c.disk.stat(dir+"/"+base, false); err == nil {
			out = append(out, fs.FileInfoToDirEntry(info{base, n}))
		}
	}
	return out, nil
}

// info is a node as fs.FileInfo.
type info struct {
	name string
	node node
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return int64(len(i.node.body)) }
func (i info) Mode() fs.FileMode  { return i.node.mode }
func (i info) ModTime() time.Time { return i.node.changed }
func (i info) IsDir() bool        { return i.node.mode.IsDir() }
func (i info) Sys() any           { return nil }
