package sim

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// The shell is a POSIX interpreter whose files are the device's disk and whose
// commands are functions of this package. No process is started: whatever is
// no command of the table is "not found", as on any box.
//
// Two builtins that the interpreter lacks are put into its own words: umask is
// a variable (so a subshell has its own), and signals cannot be trapped, since
// nobody sends any. It is parsed as bash's, since POSIX has no `local`, which
// dash has.

// call is one run of a command: who runs it, where, and how it talks.
type call struct {
	*device
	ctx      context.Context
	who      user
	args     []string // without the name
	env      expand.Environ
	dir      string
	in       io.Reader
	out, err io.Writer
}

// command is one program of a device; it answers its exit status.
type command func(*call) int

const maskVariable = "__umask"

type userKey struct{}

func (c *call) printf(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

// fail complains as programs do, and is their status.
func (c *call) fail(status int, format string, args ...any) int {
	fmt.Fprintf(c.err, format+"\n", args...)
	return status
}

// path is where name leads on the device's disk, mounts looked through.
func (c *call) path(name string) string {
	p := absolute(c.dir, name)
	if from, ok := c.binds()[p]; ok {
		return from
	}
	return c.inside().on(p)
}

// mask is the umask.
func (c *call) mask() fs.FileMode { return maskOf(c.env) }

func maskOf(env expand.Environ) fs.FileMode {
	var mask fs.FileMode
	if _, err := fmt.Sscanf(env.Get(maskVariable).String(), "%o", &mask); err != nil {
		return 0o022
	}
	return mask
}

// input is the whole of standard input, or of a file.
func (c *call) input(name string) ([]byte, error) {
	if name == "-" || name == "/dev/stdin" {
		if c.in == nil {
			return nil, nil
		}
		return io.ReadAll(c.in)
	}
	return c.open(name)
}

// open reads a file, if the user may.
func (c *call) open(name string) ([]byte, error) { return c.openAt(c.path(name), name) }

// openAt reads the file that a name has led to.
func (c *call) openAt(at, name string) ([]byte, error) {
	n, err := c.disk.stat(at, true)
	if err != nil {
		return nil, err
	}
	if !c.who.may(&n, 4) {
		return nil, pathError("open", name, syscall.EACCES)
	}
	return c.disk.read(at)
}

// why is an error as programs print it.
func why(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	var no syscall.Errno
	if errors.As(err, &no) {
		text := no.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return err.Error()
}

// run starts another command in the place of this one, as env, sudo and their
// like do, and answers its status.
func (c *call) run(ctx context.Context, who user, argv []string) int {
	next := *c
	next.ctx, next.who = context.WithValue(ctx, userKey{}, who), who
	return next.exec(argv)
}

func (c *call) exec(argv []string) int {
	if len(argv) == 0 {
		return 0
	}
	name := argv[0]
	if interp.IsBuiltin(name) && name != "kill" && commands[name] == nil {
		return c.script("sh", strings.NewReader(`"$@"`), argv)
	}
	where, ok := c.lookup(name)
	if !ok {
		return c.fail(127, "sh: 1: %s: not found", name)
	}
	c.args = argv[1:]
	if f := commands[path.Base(where)]; f != nil && isProgram(c.device, where) {
		return f(c)
	}
	body, err := c.openAt(where, name)
	if err != nil {
		return c.fail(126, "sh: 1: %s: %s", name, why(err))
	}
	return c.script(name, bytes.NewReader(body), c.args)
}

// isProgram says that the file is one of the device's own programs, and not a
// script that has the name of one.
func isProgram(d *device, where string) bool {
	body, err := d.disk.read(where)
	return err == nil && bytes.Equal(body, programBody)
}

// lookup finds a program by PATH.
func (c *call) lookup(name string) (string, bool) {
	if strings.Contains(name, "/") {
		p := c.path(name)
		n, err := c.disk.stat(p, true)
		return p, err == nil && !n.mode.IsDir() && c.who.may(&n, 1)
	}
	for dir := range strings.SplitSeq(c.env.Get("PATH").String(), ":") {
		p := c.path(dir + "/" + name)
		if n, err := c.disk.stat(p, true); err == nil && !n.mode.IsDir() && c.who.may(&n, 1) {
			return p, true
		}
	}
	return "", false
}

// script runs text as sh would. What is read, from a file or a connection, runs
// line by line: what is not there yet is not needed yet, and a statement that
// never ends never begins.
func (c *call) script(name string, text io.Reader, params []string) int {
	r, done, err := c.runner(params)
	if err != nil {
		return c.fail(2, "%s: %v", name, err)
	}
	defer done()
	if whole, ok := text.(*strings.Reader); ok {
		all, _ := io.ReadAll(whole)
		p := parse(string(all))
		if p.err != nil {
			return c.fail(2, "%s: %[1]s:%v", name, p.err)
		}
		return statusOf(r.Run(c.ctx, &syntax.File{Name: name, Stmts: p.stmts}))
	}
	status := 0
	lines := bufio.NewReaderSize(text, 8192) // it reads ahead in blocks, as dash does
	for eof := false; !eof; {
		var p *parsed
		if p, _, eof = nextStatements(lines); p.err != nil {
			return c.fail(2, "%s: %[1]s:%v", name, p.err)
		}
		for _, s := range p.stmts {
			status = statusOf(r.Run(c.ctx, s))
			if r.Exited() || c.ctx.Err() != nil {
				return status
			}
		}
	}
	// What was trapped runs at the end, as it does at an exit.
	if err := r.Run(c.ctx, parse(fmt.Sprintf("exit %d", status)).stmts[0]); err != nil {
		status = statusOf(err)
	}
	return status
}

// statusOf is a status from what the interpreter answers.
func statusOf(err error) int {
	var status interp.ExitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return 128 + int(syscall.SIGTERM)
	}
	return 1
}

// runner is a shell of the device. done frees what it holds.
func (c *call) runner(params []string) (*interp.Runner, func(), error) {
	done := func() {}
	in := c.in
	if _, isFile := in.(*os.File); in != nil && !isFile {
		// The interpreter would make this pipe itself, and leave it.
		pr, pw, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		from := in
		go func() {
			_, _ = io.Copy(pw, from)
			_ = pw.Close()
		}()
		in = pr
		done = func() { _ = pr.Close() }
	}
	r, err := interp.New(
		interp.Dir("/"), interp.Env(c.env), interp.StdIO(in, c.out, c.err),
		interp.Params(append([]string{"--"}, params...)...),
		interp.CallHandler(c.callHandler),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return c.execHandler }),
		interp.OpenHandler(c.openHandler),
		interp.ReadDirHandler2(c.readDirHandler),
		interp.StatHandler(c.statHandler),
		interp.AccessHandler(c.accessHandler),
	)
	if err != nil {
		done()
		return nil, nil, err
	}
	r.Reset()
	r.Dir = c.dir
	return r, done, nil
}
