// Package provision is everything that touches a device. Transport and Session
// are its one seam to the outside: the SSH client stands behind it, and tests
// put their fake there and nowhere else.
package provision

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"closup/model"
)

// Transport opens sessions on devices.
type Transport interface {
	Dial(ctx context.Context, e model.Endpoint) (Session, error)
}

// Session is one authenticated connection to one device. It may be used by
// several goroutines.
type Session interface {
	// Start runs cmd with the login user's shell. Ending ctx ends it.
	Start(ctx context.Context, cmd string) (*Proc, error)
	// DialUnix connects to a Unix socket on the device (OpenSSH's
	// direct-streamlocal). It answers ErrForwarding where that is refused.
	DialUnix(ctx context.Context, path string) (net.Conn, error)
	Close() error
}

// Proc is one running remote command.
type Proc struct {
	Stdin  io.WriteCloser
	Stdout io.Reader
	Stderr io.Reader
	Wait   func() error // *ExitError where the command failed
}

// Classes of failure. They are wrapped where they arise; Retryable says
// whether the same call may succeed later.
var (
	ErrUnreachable = errors.New("does not answer")
	ErrAuth        = errors.New("login refused")
	ErrTimeout     = errors.New("took too long")
	ErrForwarding  = errors.New("socket forwarding refused")
	ErrSudo        = errors.New("sudo refused")
	ErrOutput      = errors.New("unexpected output")
	ErrWeak        = errors.New("offers only broken algorithms")
	// ErrBusy is a connection that takes no more commands at once (sshd's
	// MaxSessions); those under way go on.
	ErrBusy = errors.New("takes no more commands at once on one connection")
)

// Retryable says whether a retry can help.
func Retryable(err error) bool {
	return errors.Is(err, ErrUnreachable) || errors.Is(err, ErrTimeout) || errors.Is(err, ErrBusy)
}

// DeviceError is a failure on the way to one device, or on it. It reads
// "leaf1 (192.168.200.1:22) does not answer: connection refused".
type DeviceError struct {
	Device string // name in the plan
	Where  string // host:port, may be empty
	Kind   error  // one of the classes above
	Detail string // short and plain; may be empty
	Err    error  // what it came from; may be nil
}

func (e *DeviceError) Error() string {
	who := e.Device
	switch {
	case who == "":
		who = e.Where
	case e.Where != "":
		who += " (" + e.Where + ")"
	}
	text := fmt.Sprintf("%s: %v", who, e.Kind)
	if Retryable(e.Kind) {
		text = fmt.Sprintf("%s %v", who, e.Kind)
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// Unwrap gives the class and the cause.
func (e *DeviceError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// HostKeyError is a host key that is not known, or not the known one.
type HostKeyError struct {
	Host    string
	SHA256  string // fingerprint of the key that was offered
	Known   string // fingerprint of the key on file, where Changed
	Changed bool
}

func (e *HostKeyError) Error() string {
	if e.Changed {
		return fmt.Sprintf("the host key of %s changed: %s is on file, %s was offered", e.Host, e.Known, e.SHA256)
	}
	return fmt.Sprintf("the host key of %s is not known yet: %s", e.Host, e.SHA256)
}

// ExitError is a remote command that ended with a status other than 0.
type ExitError struct {
	Command string
	Status  int // -1: ended by a signal or without a status
	Stderr  string
}

func (e *ExitError) Error() string {
	line := firstLine(e.Stderr)
	if line == "" {
		line = "it printed no reason"
	}
	if e.Status < 0 {
		return "a command was ended: " + line
	}
	return fmt.Sprintf("a command ended with status %d: %s", e.Status, line)
}

func firstLine(s string) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace([]byte(s)), []byte("\n"))
	return string(line)
}
