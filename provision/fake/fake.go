// Package fake is a provision.Transport whose devices are functions of this
// process. It is what every test above the SSH client puts in its place.
package fake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"closup/model"
	"closup/provision"
)

// Command is one remote command as a device gets it.
type Command struct {
	Ctx    context.Context // ends with the caller's
	Line   string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
}

// Device runs a command and says its exit status; -1 stands for a connection
// that broke.
type Device func(Command) int

// Transport is a set of devices by name. The zero value has none: every Dial
// is answered as by a dead host.
type Transport struct {
	mu      sync.Mutex
	devices map[string]Device
	refuse  map[string]error
	sockets map[string]func(path string) (net.Conn, error)
	dials   map[string]int
	limits  map[string]int // commands at once on a connection
	lines   []string
	open    int
}

// Set puts a device there, or replaces it.
func (t *Transport) Set(name string, d Device) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.devices == nil {
		t.devices = map[string]Device{}
	}
	t.devices[name] = d
}

// Refuse makes Dial of the device answer err; nil lets it through again.
func (t *Transport) Refuse(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuse == nil {
		t.refuse = map[string]error{}
	}
	t.refuse[name] = err
}

// Socket answers DialUnix on the device. Without one it is ErrForwarding.
func (t *Transport) Socket(name string, dial func(path string) (net.Conn, error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sockets == nil {
		t.sockets = map[string]func(string) (net.Conn, error){}
	}
	t.sockets[name] = dial
}

// Limit is how many commands the device runs at once for one connection, as
// sshd's MaxSessions; one more is answered ErrBusy. 0: any number.
func (t *Transport) Limit(name string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.limits == nil {
		t.limits = map[string]int{}
	}
	t.limits[name] = n
}

// Dials says how often the device was dialled.
func (t *Transport) Dials(name string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dials[name]
}

// Lines are the commands that all devices got so far, as "device: line".
func (t *Transport) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines...)
}

// Open is how many sessions are open now.
func (t *Transport) Open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open
}

// Dial implements provision.Transport.
func (t *Transport) Dial(ctx context.Context, e model.Endpoint) (provision.Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dials == nil {
		t.dials = map[string]int{}
	}
	t.dials[e.Device]++
	if err := t.refuse[e.Device]; err != nil {
		return nil, err
	}
	if t.devices[e.Device] == nil {
		return nil, &provision.DeviceError{Device: e.Device, Where: e.Host, Kind: provision.ErrUnreachable, Detail: "no route to host"}
	}
	t.open++
	return &session{t: t, name: e.Device, closed: make(chan struct{})}, nil
}

type session struct {
	t      *Transport
	name   string
	once   sync.Once
	closed chan struct{}

	running int // commands, under t.mu
}

var errClosed = errors.New("the connection is closed")

func (s *session) broken(err error) error {
	return &provision.DeviceError{Device: s.name, Kind: provision.ErrUnreachable, Detail: "the connection broke", Err: err}
}

// Start implements provision.Session.
func (s *session) Start(ctx context.Context, line string) (*provision.Proc, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-s.closed:
		return nil, s.broken(errClosed)
	default:
	}
	s.t.mu.Lock()
	device := s.t.devices[s.name]
	s.t.lines = append(s.t.lines, s.name+": "+line)
	limited := s.t.limits[s.name] > 0
	full := limited && s.running >= s.t.limits[s.name]
	if limited && !full {
		s.running++
	}
	s.t.mu.Unlock()
	if full {
		return nil, &provision.DeviceError{Device: s.name, Kind: provision.ErrBusy}
	}

	caller := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	errR, errW := io.Pipe()
	end := func(err error) { // nil reads as EOF
		_ = inR.CloseWithError(io.ErrClosedPipe)
		_ = outW.CloseWithError(err)
		_ = errW.CloseWithError(err)
	}
	status := make(chan int, 1)
	go func() {
		n := device(Command{Ctx: ctx, Line: line, Stdin: inR, Stdout: outW, Stderr: errW})
		if limited {
			s.t.mu.Lock()
			s.running--
			s.t.mu.Unlock()
		}
		status <- n
		if n < 0 {
			_ = s.Close()
			end(io.ErrUnexpectedEOF)
		} else {
			end(nil)
		}
		cancel(nil)
	}()
	go func() {
		select {
		case <-s.closed:
			cancel(s.broken(errClosed))
		case <-ctx.Done():
		}
		end(context.Cause(ctx))
	}()
	return &provision.Proc{
		Stdin: inW, Stdout: outR, Stderr: errR,
		Wait: func() error {
			select {
			case n := <-status:
				return s.result(caller, n)
			case <-ctx.Done():
			}
			select { // both may be ready: what the device said counts
			case n := <-status:
				return s.result(caller, n)
			default:
				return s.ended(ctx)
			}
		},
	}, nil
}

// ended is the error of a command whose context ended, as the SSH client has it.
func (s *session) ended(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &provision.DeviceError{Device: s.name, Kind: provision.ErrTimeout, Detail: "a command did not end in time", Err: context.DeadlineExceeded}
	}
	return context.Cause(ctx)
}

func (s *session) result(caller context.Context, status int) error {
	switch {
	case status < 0 && caller.Err() != nil:
		return s.ended(caller)
	case status < 0:
		return s.broken(io.ErrUnexpectedEOF)
	case status > 0:
		return &provision.ExitError{Status: status}
	}
	return nil
}

// DialUnix implements provision.Session.
func (s *session) DialUnix(ctx context.Context, path string) (net.Conn, error) {
	s.t.mu.Lock()
	dial := s.t.sockets[s.name]
	s.t.mu.Unlock()
	if dial == nil {
		return nil, fmt.Errorf("%s: %w", s.name, provision.ErrForwarding)
	}
	return dial(path)
}

// Close implements provision.Session.
func (s *session) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.t.mu.Lock()
		s.t.open--
		s.t.mu.Unlock()
	})
	return nil
}
