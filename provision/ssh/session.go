package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"closup/provision"
)

const (
	// maxSessions is how many commands run at once on one connection. sshd
	// refuses the eleventh (MaxSessions); two others may share the box.
	maxSessions = 4
	// grace is how long a peer may take to close what was ended here, before
	// the connection is taken for frozen and closed under it.
	grace = 2 * time.Second
)

// session implements provision.Session.
type session struct {
	hop     hop
	client  *xssh.Client
	slots   chan struct{}
	gone    chan struct{} // closed when the connection is over
	secrets *provision.Secrets
	release func() // gives back the jump host's connection; may be nil
	once    sync.Once

	mu     sync.Mutex
	work   sync.WaitGroup // what Close waits for
	closed bool           // nothing is added to work any more
}

func newSession(h hop, client *xssh.Client, c Config) *session {
	every := c.KeepAlive
	s := &session{hop: h, client: client, secrets: c.Secrets, slots: make(chan struct{}, maxSessions), gone: make(chan struct{})}
	s.spawn(func() {
		_ = client.Wait()
		close(s.gone)
	})
	s.spawn(func() { s.keepAlive(every) })
	return s
}

// Login implements provision.Known.
func (s *session) Login() provision.Login {
	return provision.Login{Device: s.hop.title(), Where: s.hop.address(), User: s.hop.user, Secrets: s.secrets}
}

// spawn runs f; Close waits for it.
func (s *session) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed { // it finds a closed connection and ends by itself
		go f()
		return
	}
	s.work.Go(f)
}

// keepAlive closes the connection when the peer stops answering.
func (s *session) keepAlive(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.gone:
			return
		case <-tick.C:
		}
		watchdog := time.AfterFunc(every, s.cut)
		_, _, err := s.client.SendRequest("keepalive@openssh.com", true, nil)
		watchdog.Stop()
		if err != nil {
			return
		}
	}
}

// cut closes the connection. Nothing is sent, so it cannot block on a peer
// that does not read.
func (s *session) cut() { _ = s.client.Close() }

func (s *session) broken() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// breaks is broken, for a connection whose end may be a moment away.
func (s *session) breaks(within time.Duration) bool {
	select {
	case <-s.gone:
		return true
	case <-time.After(within):
		return false
	}
}

// Close implements provision.Session. It ends every command and waits until
// nothing of the session is left.
func (s *session) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.cut()
		s.work.Wait()
		if s.release != nil {
			s.release()
		}
	})
	return nil
}

// ended is the error of a call whose context ended.
func (s *session) ended(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return s.hop.fail(provision.ErrTimeout, "a command did not end in time", context.Cause(ctx))
	}
	return context.Cause(ctx)
}

func (s *session) lost(err error) error {
	return s.hop.fail(provision.ErrUnreachable, "the connection broke", err)
}

// Start implements provision.Session.
func (s *session) Start(ctx context.Context, cmd string) (*provision.Proc, error) {
	return s.begin(ctx, cmd, false)
}

// StartTerminal implements provision.Terminal.
func (s *session) StartTerminal(ctx context.Context, cmd string) (*provision.Proc, error) {
	return s.begin(ctx, cmd, true)
}

func (s *session) begin(ctx context.Context, cmd string, terminal bool) (*provision.Proc, error) {
	select {
	case s.slots <- struct{}{}:
	case <-s.gone:
		return nil, s.lost(net.ErrClosed)
	case <-ctx.Done():
		return nil, s.ended(ctx)
	}
	var p *provision.Proc
	var remote *xssh.Session
	err := s.within(ctx, func() (err error) {
		remote, p, err = start(s.client, cmd, terminal)
		return err
	}, func(err error) {
		if err == nil {
			_ = remote.Close()
		}
		<-s.slots
	})
	switch {
	case errors.Is(err, errLate):
		return nil, s.ended(ctx)
	case err != nil:
		<-s.slots
		return nil, s.openFailed(err)
	}
	s.watch(ctx, remote, p)
	return p, nil
}

func start(client *xssh.Client, cmd string, terminal bool) (*xssh.Session, *provision.Proc, error) {
	remote, err := client.NewSession()
	if err != nil {
		return nil, nil, err
	}
	p := &provision.Proc{}
	p.Stdin, err = remote.StdinPipe()
	if err == nil {
		p.Stdout, err = remote.StdoutPipe()
	}
	if err == nil {
		p.Stderr, err = remote.StderrPipe()
	}
	if err == nil && terminal {
		err = remote.RequestPty("dumb", 24, 200, xssh.TerminalModes{xssh.ECHO: 0})
	}
	if err == nil {
		err = remote.Start(cmd)
	}
	if err != nil {
		_ = remote.Close()
		return nil, nil, err
	}
	return remote, p, nil
}

var errLate = errors.New("too late")

// within runs do, which may block on a frozen peer, and returns at the end of
// ctx at the latest, then with errLate. What do got after that is for late to
// give back; if it gets nothing within the grace, the connection is cut. A
// connection that is over ends the wait after the grace too: a peer's
// disconnect can leave x/crypto waiting for an answer that never comes.
func (s *session) within(ctx context.Context, do func() error, late func(error)) error {
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-s.gone:
		return s.last(done)
	case <-ctx.Done():
	}
	s.spawn(func() {
		watchdog := time.AfterFunc(grace, s.cut)
		defer watchdog.Stop()
		select {
		case err := <-done:
			late(err)
		case <-s.gone:
			late(s.last(done))
		}
	})
	return errLate
}

// last is what a call says whose connection is over.
func (s *session) last(done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-time.After(grace):
		return net.ErrClosed
	}
}

// watch ends the command with ctx, and makes p.Wait.
func (s *session) watch(ctx context.Context, remote *xssh.Session, p *provision.Proc) {
	exited := make(chan struct{})
	var result error
	s.spawn(func() {
		result = remote.Wait()
		close(exited)
		_ = remote.Close()
		<-s.slots
	})
	stop := context.AfterFunc(ctx, func() {
		watchdog := time.AfterFunc(grace, s.cut)
		defer watchdog.Stop()
		_ = remote.Signal(xssh.SIGKILL)
		_ = remote.Close()
		<-exited
	})
	p.Wait = func() error {
		select {
		case <-exited:
			stop()
		case <-ctx.Done():
			select { // both may be ready: what the command said counts
			case <-exited:
			default:
				return s.ended(ctx)
			}
		}
		var exit *xssh.ExitError
		switch {
		case result == nil:
			return nil
		case errors.As(result, &exit):
			status := exit.ExitStatus()
			if exit.Signal() != "" {
				if ctx.Err() != nil { // it was ended from here
					return s.ended(ctx)
				}
				status = -1
			}
			return &provision.ExitError{Status: status}
		case ctx.Err() != nil:
			return s.ended(ctx)
		}
		return s.lost(result)
	}
}

// DialUnix implements provision.Session.
func (s *session) DialUnix(ctx context.Context, path string) (net.Conn, error) {
	conn, err := s.open(ctx, "unix", path)
	var open *xssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case errors.As(err, &open) && open.Reason == xssh.ConnectionFailed:
		return nil, fmt.Errorf("%s: the socket %s cannot be opened: %s", s.hop.name(), path, provision.Plain(open.Message))
	case errors.As(err, &open):
		return nil, fmt.Errorf("%s: %w", s.hop.name(), provision.ErrForwarding)
	}
	return nil, err
}

// open opens a forwarded connection.
func (s *session) open(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	err := s.within(ctx, func() (err error) {
		conn, err = s.client.Dial(network, address)
		return err
	}, func(err error) {
		if err == nil {
			_ = conn.Close()
		}
	})
	var open *xssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, errLate):
		return nil, s.ended(ctx)
	case errors.As(err, &open):
		return nil, err
	}
	return nil, s.lost(err)
}

// openFailed is the error of a command that could not be started.
func (s *session) openFailed(err error) error {
	var open *xssh.OpenChannelError
	if errors.As(err, &open) {
		return s.hop.fail(provision.ErrBusy, open.Message, err)
	}
	return s.lost(err)
}
