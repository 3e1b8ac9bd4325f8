package ssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"closup/model"
	"closup/provision"
)

// keeper starts an agent with n keys of its own before the operator's.
func (u *operator) keeper(n int, keys ...any) {
	u.t.Helper()
	ring := agent.NewKeyring()
	add := func(k any, comment string) {
		if err := ring.Add(agent.AddedKey{PrivateKey: k, Comment: comment}); err != nil {
			u.t.Fatal(err)
		}
	}
	for range n {
		_, other, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			u.t.Fatal(err)
		}
		add(&other, "other")
	}
	for _, k := range keys {
		add(k, "mine")
	}
	u.serveAgent(ring)
}

// serveAgent makes an agent the operator's.
func (u *operator) serveAgent(ring agent.Agent) {
	u.t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	if err != nil {
		u.t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		u.t.Fatal(err)
	}
	u.t.Cleanup(func() { _ = l.Close(); _ = os.RemoveAll(dir) })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c); _ = c.Close() }()
		}
	}()
	u.t.Setenv("SSH_AUTH_SOCK", path)
}

// lock puts a passphrase on the operator's key file.
func (u *operator) lock() {
	u.t.Helper()
	u.keygen("-q", "-p", "-a", "1", "-P", "", "-N", passphrase, "-f", u.path("id"))
}

const passphrase = "open sesame"

// keygen runs OpenSSH's own tool.
func (u *operator) keygen(args ...string) {
	u.t.Helper()
	if out, err := exec.Command("ssh-keygen", args...).CombinedOutput(); err != nil {
		if errors.Is(err, exec.ErrNotFound) && os.Getenv("CLOSUP_NO_SKIP") != "1" {
			u.t.Skip("ssh-keygen is not installed (openssh-client)")
		}
		u.t.Fatalf("ssh-keygen %v: %v\n%s", args, err, out)
	}
}

func TestLogin(t *testing.T) {
	other := func(e *model.Endpoint) { e.Identity = nil }
	tests := []struct {
		name    string
		prepare func(*operator, *server)
		change  func(*model.Endpoint)
		in      bool
		says    []string
		offered int // at most; 0: not looked at
	}{
		{name: "key file", in: true, offered: 2}, // once to ask, once to sign
		{name: "wrong key", prepare: func(u *operator, s *server) { s.allowed = nil }, says: []string{"login refused", ".ssh/id", "cumulus"}},
		{name: "no such file", change: func(e *model.Endpoint) { e.Identity = []string{"~/.ssh/none"} }, says: []string{"no key to log in with", "none: no such file"}},
		{name: "no key at all", change: other, says: []string{"access.identity"}},
		{name: "not a key", prepare: func(u *operator, _ *server) { u.write("id", "hello") }, says: []string{"not a private key"}},
		{name: "passphrase", prepare: func(u *operator, _ *server) { u.lock() }, says: []string{"has a passphrase", "ssh-add", "--no-input"}},
		{name: "passphrase, in the agent", prepare: func(u *operator, _ *server) { u.lock(); u.keeper(0, &u.key) }, in: true},
		{
			name: "only its public half here, in the agent", in: true, offered: 2,
			prepare: func(u *operator, _ *server) {
				u.keeper(10, &u.key)
				u.write("id.pub", string(xssh.MarshalAuthorizedKey(u.pub)))
				_ = os.Remove(u.path("id"))
			},
		},
		{name: "agent", prepare: func(u *operator, _ *server) { u.keeper(2, &u.key) }, change: other, in: true},
		{
			name: "agent with an RSA key", change: other, in: true,
			prepare: func(u *operator, s *server) {
				k := rsaKey(u.t)
				u.keeper(0, k)
				p, err := xssh.NewPublicKey(k.Public())
				if err != nil {
					u.t.Fatal(err)
				}
				s.allowed = []xssh.PublicKey{p}
			},
		},
		{
			name: "agent with ten keys, the file first", in: true, offered: 2,
			prepare: func(u *operator, _ *server) { u.keeper(10) },
		},
		{
			name: "agent with ten keys, none fits", change: other, offered: maxKeys, says: []string{"login refused", "other of the agent"},
			prepare: func(u *operator, _ *server) { u.keeper(10) },
		},
		{
			name: "agent is not for the lab's devices", says: []string{"no key"},
			prepare: func(u *operator, _ *server) { u.keeper(0, &u.key) },
			change:  func(e *model.Endpoint) { e.Identity, e.OnlyKeys = nil, true; e.KnownHosts = "~/.ssh/known_hosts" },
		},
		{
			name: "agent that is gone", in: true,
			prepare: func(u *operator, _ *server) { u.t.Setenv("SSH_AUTH_SOCK", u.path("nothing")) },
		},
		{
			name: "default file", change: other, in: true,
			prepare: func(u *operator, _ *server) { u.write("id_ed25519", u.read("id")) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			srv := newServer(t, u.pub)
			u.knows(srv)
			if tt.prepare != nil {
				tt.prepare(u, srv)
			}
			e := u.endpoint(srv)
			if tt.change != nil {
				tt.change(&e)
			}
			s, err := New(Config{}).Dial(t.Context(), e)
			if err == nil {
				_ = s.Close()
			}
			if (err == nil) != tt.in {
				t.Fatalf("error %v", err)
			}
			if err != nil && !errors.Is(err, provision.ErrAuth) {
				t.Errorf("the class of %v is not a refused login", err)
			}
			for _, text := range tt.says {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("error %v does not say %q", err, text)
				}
			}
			if n := srv.get(&srv.offered); tt.offered > 0 && n > tt.offered {
				t.Errorf("%d keys were shown, want at most %d", n, tt.offered)
			}
		})
	}
}
