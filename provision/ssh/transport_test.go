package ssh

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"closup/model"
	"closup/provision"
)

func dial(t *testing.T, tr *Transport, e model.Endpoint) provision.Session {
	t.Helper()
	s, err := tr.Dial(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestCommands(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub)
	u.knows(srv)
	before := runtime.NumGoroutine()
	s := dial(t, New(Config{}), u.endpoint(srv))

	tests := []struct {
		name, cmd, in, out string
		status             int // -2: the connection's error
		says               string
	}{
		{name: "output", cmd: "echo hello", out: "hello\n"},
		{name: "input", cmd: "cat", in: strings.Repeat("x", 300_000), out: strings.Repeat("x", 300_000)},
		{name: "failure", cmd: "fail", status: 3, says: "no such thing"},
		{name: "signal", cmd: "killed", status: -1},
		{name: "no status", cmd: "silent", status: -2, says: "the connection broke"},
		{name: "much output", cmd: "flood", out: string(make([]byte, 64<<16))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := provision.Run(t.Context(), s, tt.cmd, strings.NewReader(tt.in))
			if string(out) != tt.out {
				t.Errorf("%d bytes of output, want %d", len(out), len(tt.out))
			}
			var exit *provision.ExitError
			switch {
			case tt.status == 0 && err != nil:
				t.Error(err)
			case tt.status == -2 && !errors.Is(err, provision.ErrUnreachable):
				t.Errorf("error %v", err)
			case tt.status == -1 || tt.status > 0:
				if !errors.As(err, &exit) || exit.Status != tt.status {
					t.Errorf("error %v, want status %d", err, tt.status)
				}
			}
			if tt.says != "" && !strings.Contains(err.Error(), tt.says) || err != nil && strings.Contains(err.Error(), "\x1b") {
				t.Errorf("error %q", err)
			}
		})
	}
	for _, r := range srv.requests {
		if strings.Contains(r, "auth-agent") {
			t.Error("the agent was forwarded")
		}
	}
	_ = s.Close()
	srv.stop()
	noLeak(t, before-1) // the server's own is gone too
}

func TestReachability(t *testing.T) {
	u := newUser(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := closed.Addr().(*net.TCPAddr).Port
	_ = closed.Close()

	tests := []struct {
		name   string
		server func(*server)
		change func(*model.Endpoint)
		class  error
		says   string
	}{
		{name: "nobody listens", change: func(e *model.Endpoint) { e.Port = dead }, class: provision.ErrUnreachable, says: "does not answer: connection refused"},
		{name: "no such name", change: func(e *model.Endpoint) { e.Host = "nowhere.invalid" }, class: provision.ErrUnreachable, says: "no such name"},
		{name: "no address", change: func(e *model.Endpoint) { e.Host = "" }, class: provision.ErrUnreachable, says: "give it one as mgmt"},
		{name: "bad jump host", change: func(e *model.Endpoint) { e.Jump = "admin@" }, class: provision.ErrUnreachable, says: "jump host"},
		{name: "accepts and is silent", server: func(s *server) { s.mute = true }, class: provision.ErrTimeout, says: "no login in 300ms"},
		{name: "tarpit", server: func(s *server) { s.drip = "x" }, class: provision.ErrUnreachable},
		{name: "tarpit with lines", server: func(s *server) { s.drip = "come in\r\n" }, class: provision.ErrUnreachable},
		{name: "hangs up", server: func(s *server) { s.dropFirst = 1000 }, class: provision.ErrUnreachable, says: "hung up"},
		{
			name: "old algorithms", class: provision.ErrWeak, says: "leaf1",
			server: func(s *server) { s.config.KeyExchanges = []string{xssh.InsecureKeyExchangeDH14SHA1} },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			var change []func(*server)
			if tt.server != nil {
				change = append(change, tt.server)
			}
			srv := newServer(t, u.pub, change...)
			u.knows(srv)
			e := u.endpoint(srv)
			e.Timeout = 300 * time.Millisecond
			if errors.Is(tt.class, provision.ErrWeak) {
				e.Timeout = 5 * time.Second
			}
			if tt.change != nil {
				tt.change(&e)
			}
			begin := time.Now()
			_, err := New(Config{}).Dial(t.Context(), e)
			if !errors.Is(err, tt.class) || !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "leaf1") {
				t.Errorf("error %v", err)
			}
			if d := time.Since(begin); d > 8*time.Second {
				t.Errorf("it took %v", d)
			}
			srv.stop()
			noLeak(t, before)
		})
	}
}

// A server that is asked by too many drops some; they come again.
func TestDroppedAtFirst(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.dropFirst = 2 })
	u.knows(srv)
	dial(t, New(Config{}), u.endpoint(srv))
}

// A hundred logins at one server stay below its bound, and all get in.
func TestHundredDials(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.maxStartups = 10 })
	u.knows(srv)
	e := u.endpoint(srv)
	e.Timeout = time.Minute
	tr := New(Config{Handshakes: 100})
	var work sync.WaitGroup
	for range 100 {
		work.Go(func() {
			s, err := tr.Dial(t.Context(), e)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	work.Wait()
	// One whose login is over here may not have noticed it there.
	if n := srv.get(&srv.crowd); n > maxLogins+2 || n < 2 {
		t.Errorf("%d logins at once", n)
	}
}

func TestCancelledDial(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.mute = true })
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := New(Config{}).Dial(ctx, u.endpoint(srv)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	noLeak(t, before)
}

// Ending a command's context ends the command, not the connection.
func TestCancelledCommand(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub)
	u.knows(srv)
	s := dial(t, New(Config{}), u.endpoint(srv))
	for range 2 * maxSessions { // each gives its place back
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		if _, err := provision.Run(ctx, s, "hang", nil); !errors.Is(err, provision.ErrTimeout) {
			t.Errorf("error %v", err)
		}
		cancel()
	}
	if out, err := provision.Run(t.Context(), s, "echo still here", nil); err != nil || string(out) != "still here\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// A peer that stops reading holds nobody up: a command ends with its context,
// and the connection with the keepalive.
func TestFrozenPeer(t *testing.T) {
	u := newUser(t)
	before := runtime.NumGoroutine()
	srv := newServer(t, u.pub)
	u.knows(srv)
	s := dial(t, New(Config{KeepAlive: time.Hour}), u.endpoint(srv))
	if _, err := provision.Run(t.Context(), s, "echo x", nil); err != nil {
		t.Fatal(err)
	}
	close(srv.freeze)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := provision.Run(ctx, s, "echo x", nil); !errors.Is(err, provision.ErrTimeout) {
		t.Errorf("error %v", err)
	}
	if d := time.Since(begin); d > 2*grace {
		t.Errorf("it took %v", d)
	}
	if _, err := s.DialUnix(ctx, "/run/x"); !errors.Is(err, provision.ErrTimeout) && !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("error %v", err)
	}
	_ = s.Close()
	srv.stop()
	noLeak(t, before)
}

func TestKeepAlive(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub)
	u.knows(srv)
	s := dial(t, New(Config{KeepAlive: 50 * time.Millisecond}), u.endpoint(srv))
	p, err := s.Start(t.Context(), "hang")
	if err != nil {
		t.Fatal(err)
	}
	close(srv.freeze)
	done := make(chan error, 1)
	go func() { done <- p.Wait() }()
	select {
	case err := <-done:
		if !errors.Is(err, provision.ErrUnreachable) {
			t.Errorf("error %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a frozen peer was not noticed")
	}
}

func TestAtMostFourSessions(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.maxSessions = maxSessions })
	u.knows(srv)
	s := dial(t, New(Config{}), u.endpoint(srv))
	var work sync.WaitGroup
	for range 40 {
		work.Go(func() {
			if _, err := provision.Run(t.Context(), s, "flood", nil); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if n := srv.get(&srv.most); n > maxSessions || n < 2 {
		t.Errorf("%d commands ran at once", n)
	}
}

// A server that takes one command at a time gets one after the other; a second
// at once is turned down, and the connection goes on.
func TestMaxSessionsOne(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.maxSessions = 1 })
	u.knows(srv)
	s := dial(t, New(Config{}), u.endpoint(srv))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, err := s.Start(ctx, "hang")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provision.Run(t.Context(), s, "echo x", nil); !errors.Is(err, provision.ErrBusy) || !strings.Contains(err.Error(), "no more commands") {
		t.Errorf("error %v", err)
	}
	cancel()
	_ = p.Wait()
	for deadline := time.Now().Add(10 * time.Second); srv.get(&srv.sessions) > 0 && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	for range 10 {
		if out, err := provision.Run(t.Context(), s, "echo x", nil); err != nil || string(out) != "x\n" {
			t.Errorf("%q, %v", out, err)
		}
	}
}

func TestDialUnix(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.forwards = true })
	strict := newServer(t, u.pub)
	u.knows(srv, strict)
	dir, err := os.MkdirTemp("", "sock") // t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bgpd.vty")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.Copy(c, c)
		_ = c.Close()
	}()
	tr := New(Config{})
	s := dial(t, tr, u.endpoint(srv))
	c, err := s.DialUnix(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, "show"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4)
	if _, err := io.ReadFull(c, buf); err != nil || string(buf) != "show" {
		t.Errorf("%q, %v", buf, err)
	}
	_ = c.Close()
	if _, err := s.DialUnix(t.Context(), path+"x"); err == nil || errors.Is(err, provision.ErrForwarding) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("a socket that is not there: %v", err)
	}
	if _, err := dial(t, tr, u.endpoint(strict)).DialUnix(t.Context(), path); !errors.Is(err, provision.ErrForwarding) {
		t.Errorf("a server that forwards nothing: %v", err)
	}
}

func TestBanner(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.banner = "Authorised use only\x1b]52;c;ZXZpbA==\a\r\n" })
	u.knows(srv)
	var got atomic.Value
	dial(t, New(Config{Log: func(device, text string) { got.Store(device + ": " + text) }}), u.endpoint(srv))
	if got.Load() != "leaf1: Authorised use only" {
		t.Errorf("banner %q", got.Load())
	}
}

// Many handshakes at once stay within the bound, also where some hosts are mute.
func TestHandshakesAreBounded(t *testing.T) {
	u := newUser(t)
	mute := newServer(t, u.pub, func(s *server) { s.mute = true })
	srv := newServer(t, u.pub)
	u.knows(srv)
	tr := New(Config{Handshakes: 2})
	var work sync.WaitGroup
	for range 10 {
		work.Go(func() { // these must not take the places
			e := u.endpoint(mute)
			_, _ = tr.Dial(t.Context(), e)
		})
	}
	begin := time.Now()
	for range 10 {
		work.Go(func() {
			s, err := tr.Dial(t.Context(), u.endpoint(srv))
			if err != nil {
				t.Error(err)
				return
			}
			if d := time.Since(begin); d > 4*time.Second {
				t.Errorf("a healthy host waited %v for mute ones", d)
			}
			_ = s.Close()
		})
	}
	work.Wait()
}
