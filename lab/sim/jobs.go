package sim

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// What a shell leaves running (`... &`) is a job: a process with a number that
// others can end. The interpreter has none, so a script is rewritten as it is
// read: each such statement runs with the number of its job in a variable, and
// "$!" is the last one's. Whatever a job starts looks there whether the job was
// ended (execHandler).
type job struct {
	pid    int
	ctx    context.Context // ends with the job
	cancel context.CancelFunc
	login  *login
	away   []*port // interfaces that were put into its network namespace
}

// login is a command that came over a connection, with the jobs that it leaves:
// those go on when it is over.
type login struct {
	mu     sync.Mutex
	jobs   int
	over   bool
	cancel context.CancelFunc // ends all of them
}

type loginKey struct{}

// newLogin makes one. broken ends it with all that it started: the connection
// is gone; finished only when the last of that has ended.
func newLogin(ctx, broken context.Context) (context.Context, *login) {
	l := &login{}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, loginKey{}, l))
	stop := context.AfterFunc(broken, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.over {
			cancel()
		}
	})
	l.cancel = func() {
		stop()
		cancel()
	}
	return ctx, l
}

func (l *login) finished() { l.count(0, true) }

func (l *login) count(n int, over bool) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs += n
	l.over = l.over || over
	if l.over && l.jobs == 0 {
		l.cancel()
	}
}

const (
	lastJob = "__bang" // "$!"
	ownJob  = "__job"  // the job that a statement belongs to
)

// jobForm is what becomes of X &. Two words of it are callHandler's.
const jobForm = `{ __newjob; { __job=$__bang; ( X ); __status=$?; __jobover; (exit $__status); } & eval "__shell$__bang=\$!"; }`

// withJobs rewrites a script that was just read.
func withJobs(stmts []*syntax.Stmt) {
	for _, s := range stmts {
		var found []*syntax.Stmt
		syntax.Walk(s, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.ParamExp:
				if n.Param != nil && n.Param.Value == "!" {
					n.Param.Value = lastJob
				}
			case *syntax.Redirect:
				closeNull(n)
			case *syntax.Stmt:
				if n.Background {
					found = append(found, n)
				}
			}
			return true
		})
		for _, n := range found {
			inner := *n
			inner.Background = false
			form, _ := syntax.NewParser().Parse(strings.NewReader(jobForm), "")
			syntax.Walk(form, func(f syntax.Node) bool {
				if sub, ok := f.(*syntax.Subshell); ok && len(sub.Stmts) == 1 && isX(sub.Stmts[0]) {
					sub.Stmts = []*syntax.Stmt{&inner}
				}
				return true
			})
			*n = *form.Stmts[0]
		}
	}
}

// closeNull has a job that reads nothing hold no descriptor for that: standard
// input that is closed is empty here, as /dev/null is.
func closeNull(r *syntax.Redirect) {
	if r.Op == syntax.RdrIn && r.N == nil && r.Word.Lit() == os.DevNull {
		r.Op, r.Word = syntax.DplIn, &syntax.Word{Parts: []syntax.WordPart{&syntax.Lit{Value: "-"}}}
	}
}

func isX(s *syntax.Stmt) bool {
	c, ok := s.Cmd.(*syntax.CallExpr)
	return ok && len(c.Args) == 1 && c.Args[0].Lit() == "X"
}

// newJob makes a process.
func (c *call) newJob() *job {
	d := c.device
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	j := &job{pid: d.router.nextPID()}
	j.login, _ = c.ctx.Value(loginKey{}).(*login)
	j.login.count(1, false)
	j.ctx, j.cancel = context.WithCancel(d.powered())
	d.jobs[j.pid] = j
	return j
}

// jobOf finds the job that an environment belongs to.
func (d *device) jobOf(env expand.Environ) *job {
	pid, err := strconv.Atoi(env.Get(ownJob).String())
	if err != nil {
		return nil
	}
	d.world.mu.Lock()
	defer d.world.mu.Unlock()
	if j := d.jobs[pid]; j != nil {
		return j
	}
	return over
}

// over is a job that ended before what it started.
var over = func() *job {
	j := &job{}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	j.cancel()
	return j
}()

// endJob ends a process. The interfaces that lay in its namespace go with it.
// The world's lock is held.
func (d *device) endJob(j *job) {
	j.cancel()
	delete(d.jobs, j.pid)
	j.login.count(-1, false)
	for _, p := range j.away {
		p.up = false
		if p.cable != nil {
			p.cable.cable = nil
			d.world.linkChanged(p.cable)
		}
	}
}

// during is a context that ends with the job too.
func (j *job) during(ctx context.Context) (context.Context, func()) {
	if j == nil {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(j.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}
