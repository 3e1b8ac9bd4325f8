package ssh

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"
)

// server is an SSH server inside the test, as rude as it is told to be.
type server struct {
	t        *testing.T
	listener net.Listener
	keys     []xssh.Signer // its host keys
	allowed  []xssh.PublicKey
	config   xssh.Config
	auth     func(*xssh.ServerConfig) // changes how it lets in
	banner   string
	forwards bool // direct-tcpip and direct-streamlocal

	dropFirst   int           // connections that are closed at once
	mute        bool          // accepts, and says nothing
	drip        string        // said instead of a version, again and again
	maxStartups int           // as sshd's: more that have not logged in are closed; 0: any
	maxSessions int           // 0: any
	freeze      chan struct{} // closed: nothing is read from any connection any more

	mu          sync.Mutex
	connections int
	logins      int
	offered     int // public keys that were tried
	requests    []string
	startups    int
	crowd       int // startups at once
	sessions    int
	most        int // sessions at once
	work        sync.WaitGroup
	open        []net.Conn
}

// newServer starts a server whose host key is ed25519 and which lets key in.
func newServer(t *testing.T, key xssh.PublicKey, change ...func(*server)) *server {
	t.Helper()
	s := &server{t: t, keys: []xssh.Signer{signer(t)}, allowed: []xssh.PublicKey{key}, freeze: make(chan struct{})}
	for _, f := range change {
		f(s)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.work.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *server) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	for _, c := range s.open {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

func (s *server) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *server) address() string { return s.listener.Addr().String() }

func (s *server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.connections++
		n := s.connections
		s.startups++
		s.crowd = max(s.crowd, s.startups)
		full := s.maxStartups > 0 && s.startups > s.maxStartups
		if full {
			s.startups--
		}
		s.open = append(s.open, conn)
		s.mu.Unlock()
		switch {
		case n <= s.dropFirst, full:
			_ = conn.Close()
		case s.mute:
		case s.drip != "":
			s.work.Go(func() {
				for {
					if _, err := io.WriteString(conn, s.drip); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			})
		default:
			s.work.Go(func() { s.serve(&gated{conn, s.freeze}) })
		}
	}
}

// gated is a connection that is not read any more once the gate is closed.
type gated struct {
	net.Conn
	gate chan struct{}
}

func (g *gated) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	select {
	case <-g.gate:
		for { // until the other end goes away, without a sound
			if _, err := g.Conn.Read(make([]byte, 1)); err != nil {
				return 0, err
			}
		}
	default:
		return n, err
	}
}

func (s *server) serve(conn net.Conn) {
	s.mu.Lock()
	algorithms := s.config
	s.mu.Unlock()
	config := &xssh.ServerConfig{
		Config: algorithms,
		PublicKeyCallback: func(_ xssh.ConnMetadata, key xssh.PublicKey) (*xssh.Permissions, error) {
			s.count(&s.offered)
			for _, k := range s.allowed {
				if string(k.Marshal()) == string(key.Marshal()) {
					return &xssh.Permissions{}, nil
				}
			}
			return nil, fmt.Errorf("no such key")
		},
		MaxAuthTries: 6,
	}
	if s.auth != nil {
		s.auth(config)
	}
	if s.banner != "" {
		config.BannerCallback = func(xssh.ConnMetadata) string { return s.banner }
	}
	for _, k := range s.keys {
		config.AddHostKey(k)
	}
	server, channels, requests, err := xssh.NewServerConn(conn, config)
	s.mu.Lock()
	s.startups--
	s.mu.Unlock()
	if err != nil {
		_ = conn.Close()
		return
	}
	s.count(&s.logins)
	s.work.Go(func() {
		for r := range requests {
			s.note(r.Type)
			if r.WantReply {
				_ = r.Reply(false, nil)
			}
		}
	})
	for c := range channels {
		switch {
		case c.ChannelType() == "session":
			s.mu.Lock()
			full := s.maxSessions > 0 && s.sessions >= s.maxSessions
			if !full {
				s.sessions++
				s.most = max(s.most, s.sessions)
			}
			s.mu.Unlock()
			if full {
				_ = c.Reject(xssh.ResourceShortage, "no more sessions")
				continue
			}
			s.work.Go(func() { s.session(c) })
		case strings.HasPrefix(c.ChannelType(), "direct-") && s.forwards:
			s.work.Go(func() { forward(c) })
		default:
			_ = c.Reject(xssh.Prohibited, "administratively prohibited")
		}
	}
	_ = server.Close()
}

func (s *server) count(n *int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

func (s *server) get(n *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *n
}

func (s *server) note(request string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
}

// session runs the few commands that the tests need.
func (s *server) session(c xssh.NewChannel) {
	ch, requests, err := c.Accept()
	if err != nil {
		return
	}
	gone := make(chan struct{})
	started := make(chan string, 1)
	s.work.Go(func() {
		defer close(gone)
		for r := range requests {
			s.note(r.Type)
			// The answer first: a command may be through, and its channel
			// closed, before an answer that comes after it.
			if r.WantReply {
				_ = r.Reply(r.Type == "exec", nil)
			}
			if r.Type == "exec" {
				var msg struct{ Command string }
				_ = xssh.Unmarshal(r.Payload, &msg)
				started <- msg.Command
			}
		}
	})
	var command string
	select {
	case command = <-started:
	case <-gone:
	}
	status := s.command(ch, command, gone)
	s.mu.Lock()
	s.sessions-- // before the client can know
	s.mu.Unlock()
	switch {
	case status >= 0:
		_, _ = ch.SendRequest("exit-status", false, xssh.Marshal(struct{ Status uint32 }{uint32(status)}))
	case status == -1:
		_, _ = ch.SendRequest("exit-signal", false, xssh.Marshal(struct {
			Signal     string
			Core       bool
			Error, Tag string
		}{"KILL", false, "", ""}))
	}
	_ = ch.Close()
}

func (s *server) command(ch xssh.Channel, command string, gone chan struct{}) int {
	word, rest, _ := strings.Cut(command, " ")
	switch word {
	case "echo":
		_, _ = io.WriteString(ch, rest+"\n")
	case "cat":
		_, _ = io.Copy(ch, ch)
	case "fail":
		_, _ = io.WriteString(ch.Stderr(), "\x1b[31mno such thing\x1b[0m\nmore\n")
		return 3
	case "killed":
		return -1
	case "silent":
		return -2 // no status at all
	case "flood":
		chunk := make([]byte, 1<<16)
		for range 64 {
			if _, err := ch.Write(chunk); err != nil {
				return 1
			}
		}
	case "hang":
		<-gone
	}
	return 0
}

// forward connects a direct-tcpip or direct-streamlocal channel.
func forward(c xssh.NewChannel) {
	network, address := "unix", ""
	if c.ChannelType() == "direct-tcpip" {
		var msg struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}
		_ = xssh.Unmarshal(c.ExtraData(), &msg)
		network, address = "tcp", net.JoinHostPort(msg.Host, fmt.Sprint(msg.Port))
	} else {
		var msg struct {
			Path, Reserved string
			Zero           uint32
		}
		_ = xssh.Unmarshal(c.ExtraData(), &msg)
		address = msg.Path
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		_ = c.Reject(xssh.ConnectionFailed, "\x1b]52;c;ZXZpbA==\aconnection refused")
		return
	}
	ch, requests, err := c.Accept()
	if err != nil {
		_ = conn.Close()
		return
	}
	var work sync.WaitGroup
	work.Go(func() { xssh.DiscardRequests(requests) })
	work.Go(func() { _, _ = io.Copy(ch, conn); _ = ch.Close() })
	_, _ = io.Copy(conn, ch)
	_ = conn.Close()
	work.Wait()
}
