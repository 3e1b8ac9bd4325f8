package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"closup/provision"
)

// errDropped is a server that hung up before it proved anything.
var errDropped = errors.New("hung up before the key exchange")

// errSeen ends a handshake that was for the host's key alone.
var errSeen = errors.New("its key was seen")

// fail makes the error of a hop.
func (h hop) fail(kind error, detail string, err error) error {
	e := &provision.DeviceError{Device: h.device, Where: h.address(), Kind: kind, Detail: provision.Plain(detail), Err: err}
	if h.jump {
		e.Device, e.Where = h.name(), ""
	}
	return e
}

// loginTimes is how many times h.timeout a host that speaks is given to log in:
// it is there, and a busy one takes its time over the keys.
const loginTimes = 3

// handshake connects and logs in, once. Until the host speaks, the connection
// lives no longer than h.timeout.
func (l *login) handshake(ctx context.Context, via *session) (*session, error) {
	t, h := l.t, l.hop
	door := t.door(h.address())
	if !turn(ctx, door) { // the clock starts behind it
		return nil, h.classify(ctx, ctx.Err(), nil)
	}
	defer func() { <-door }()
	limit := h.timeout
	if l.touch {
		limit += touchTime
	}
	outer := ctx
	ctx, cancel := provision.WithTimeout(outer, limit)
	defer cancel()
	l.missing, l.sent, l.hint = nil, false, ""

	raw, err := h.dial(ctx, via)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer func() { stop() }()

	// A host that does not speak costs no slot.
	conn := &spoken{Conn: raw}
	if err := conn.listen(); err != nil {
		_ = raw.Close()
		return nil, h.classify(ctx, err, nil)
	}
	if !stop() {
		return nil, h.classify(ctx, ctx.Err(), nil)
	}
	if !turn(outer, t.slots) {
		_ = raw.Close()
		return nil, h.classify(outer, outer.Err(), nil)
	}
	defer func() { <-t.slots }()
	ctx, spoke := provision.WithTimeout(outer, loginTimes*limit)
	defer spoke()
	stop = context.AfterFunc(ctx, func() { _ = raw.Close() })

	keys := &keyRing{login: l}
	if l.keyOnly == nil {
		keys = l.keys(ctx)
	}
	defer keys.close()
	if l.missing != nil {
		_ = raw.Close()
		return nil, *l.missing
	}
	if len(keys.signers) == 0 && l.keyOnly == nil && (h.onlyKeys || !t.c.Secrets.Possible()) {
		_ = raw.Close()
		return nil, h.fail(provision.ErrAuth, keys.missing(), nil)
	}
	var keyErr error // what was decided about the host key
	config := &xssh.ClientConfig{
		User:         h.user,
		AuthCallback: l.next(ctx, keys),
		Config:       h.legacy.config(),

		HostKeyAlgorithms: append(t.hosts.algorithms(h.knownHosts, h.known()), h.legacy.hostKeys...),
		HostKeyCallback: func(address string, remote net.Addr, key xssh.PublicKey) error {
			if l.keyOnly != nil {
				*l.keyOnly, keyErr = key, errSeen
				return keyErr
			}
			keyErr = t.hosts.check(h, address, remote, key, t.c.AcceptNew)
			return keyErr
		},
		BannerCallback: func(text string) error {
			if text = strings.TrimSpace(provision.Plain(text)); text != "" {
				t.c.Log(h.device, text)
			}
			return nil
		},
		ClientVersion: "SSH-2.0-closup",
	}
	client, channels, requests, err := xssh.NewClientConn(conn, h.known(), config)
	if err != nil {
		_ = raw.Close()
		switch {
		case keyErr != nil:
			return nil, keyErr
		case l.missing != nil:
			return nil, *l.missing
		}
		return nil, l.failed(ctx, err, keys)
	}
	h.warn(client, t.c.Log)
	if !stop() {
		_ = client.Close()
		return nil, h.classify(ctx, ctx.Err(), nil)
	}
	return newSession(h, xssh.NewClient(client, channels, requests), t.c), nil
}

// turn waits for a place, or the end of ctx. That others have their turn first
// is not the host's fault: no clock runs meanwhile.
func turn(ctx context.Context, places chan struct{}) bool {
	select {
	case places <- struct{}{}:
		return true
	default:
	}
	defer provision.Pause(ctx)()
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// touchTime is how long a security key may wait to be touched.
const touchTime = 30 * time.Second

// failed is the error of a login that was turned down, or broke.
func (l *login) failed(ctx context.Context, err error, keys *keyRing) error {
	switch {
	case ctx.Err() == nil && l.sent && (refused(err) || errors.Is(err, provision.ErrWrongSecret)):
		return l.hop.fail(provision.ErrAuth, "the password of "+l.hop.user+" is wrong", errors.Join(provision.ErrWrongSecret, err))
	case ctx.Err() == nil && l.hint != "":
		return l.hop.fail(provision.ErrAuth, strings.TrimPrefix(l.hint+"; "+keys.tried(l.hop.user), "; "), err)
	}
	return l.hop.classify(ctx, err, keys)
}

// dial opens the bare connection: from here, or from the jump host.
func (h hop) dial(ctx context.Context, via *session) (net.Conn, error) {
	if via == nil {
		conn, err := (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext(ctx, "tcp", h.address())
		if err != nil {
			return nil, h.classify(ctx, err, nil)
		}
		return &patient{Conn: conn}, nil
	}
	conn, err := via.open(ctx, "tcp", h.address())
	var open *xssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		return nil, h.classify(ctx, err, nil)
	case errors.As(err, &open) && open.Reason == xssh.Prohibited:
		return nil, h.fail(provision.ErrUnreachable, via.hop.name()+" does not forward connections", err)
	case errors.As(err, &open):
		return nil, h.fail(provision.ErrUnreachable, via.hop.name()+" cannot reach it: "+open.Message, err)
	}
	return nil, err
}

// classify turns what the network or the library said into a class and a
// short sentence. keys is nil before the login began.
func (h hop) classify(ctx context.Context, err error, keys *keyRing) error {
	if ctx.Err() != nil && !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	var (
		dns       *net.DNSError
		algorithm *xssh.AlgorithmNegotiationError
		errno     syscall.Errno
	)
	switch {
	case errors.As(err, &dns):
		return h.fail(provision.ErrUnreachable, "there is no such name", err)
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return h.fail(provision.ErrUnreachable, fmt.Sprintf("no login in %v", h.timeout), errors.Join(provision.ErrTimeout, err))
	case errors.As(err, &algorithm):
		return h.fail(provision.ErrWeak, "its SSH server needs a current key exchange, cipher and host key; where it has none, ~/.ssh/config can allow an old one for this host, such as `KexAlgorithms +diffie-hellman-group14-sha1`", err)
	case keys != nil && refused(err):
		return h.fail(provision.ErrAuth, keys.refused(h.user), err)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed):
		return h.fail(provision.ErrUnreachable, "it hung up before the login", errors.Join(errDropped, err))
	case errors.As(err, &errno):
		return h.fail(provision.ErrUnreachable, errno.Error(), err)
	}
	return h.fail(provision.ErrUnreachable, err.Error(), err)
}

// refused says whether the server turned the login down. The library has no
// type for it; the second text is sshd's own when MaxAuthTries is reached.
func refused(err error) bool {
	text := err.Error()
	return strings.Contains(text, "unable to authenticate") || strings.Contains(text, "Too many authentication failures")
}

// spoken is a connection whose first words were waited for, and that takes nothing
// more once it could not be read: x/crypto's mux forgets its channels at the end
// of reading, and one that is opened after that and still gets out waits for
// ever for its answer.
type spoken struct {
	net.Conn
	first []byte
	over  atomic.Bool
}

// listen waits for the first words: of a host that speaks its whole greeting,
// which would be read byte by byte otherwise.
func (c *spoken) listen() error {
	first := make([]byte, 512)
	n, err := c.Conn.Read(first)
	if n > 0 {
		err = nil
	}
	c.first = first[:n]
	return err
}

func (c *spoken) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if err != nil {
		c.over.Store(true)
	}
	return n, err
}

func (c *spoken) Write(p []byte) (int, error) {
	if c.over.Load() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// patient is a connection whose writes do not wait for ever for a peer that
// stopped reading.
type patient struct{ net.Conn }

func (c *patient) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
