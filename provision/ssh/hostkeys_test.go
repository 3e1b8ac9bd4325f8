package ssh

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"closup/provision"
)

func TestHostKeys(t *testing.T) {
	tests := []struct {
		name    string
		known   func(*operator, *server) // what stands in known_hosts
		config  Config
		yes     bool // the answer of Ask, where it is asked
		asks    int
		in      bool
		changed bool
		lines   int // of known_hosts afterwards
	}{
		{name: "known", known: func(u *operator, s *server) { u.knows(s) }, in: true, lines: 1},
		{name: "unknown"},
		{name: "unknown, accepted", config: Config{AcceptNew: true}, in: true, lines: 1},
		{name: "unknown, asked, yes", config: Config{Ask: asked}, yes: true, asks: 1, in: true, lines: 1},
		{name: "unknown, asked, no", config: Config{Ask: asked}, asks: 1},
		{name: "changed", known: someoneElse, changed: true, lines: 1},
		{name: "changed, new ones accepted", known: someoneElse, config: Config{AcceptNew: true}, changed: true, lines: 1},
		{name: "changed, asked", known: someoneElse, config: Config{Ask: asked}, yes: true, changed: true, lines: 1},
		{
			name: "three keys, the second is known", in: true, lines: 1,
			known: func(u *operator, s *server) {
				u.write("known_hosts", knownhosts.Line([]string{s.address()}, s.keys[1].PublicKey())+"\n")
			},
		},
		{
			name: "known by a type that it has no more", changed: true, lines: 1, config: Config{AcceptNew: true},
			known: func(u *operator, s *server) {
				u.write("known_hosts", knownhosts.Line([]string{s.address()}, rsaSigner(u.t).PublicKey())+"\n")
			},
		},
		{
			name: "hashed", in: true, lines: 1,
			known: func(u *operator, s *server) {
				u.write("known_hosts", xknownhosts.Line([]string{xknownhosts.HashHostname(xknownhosts.Normalize(s.address()))}, s.keys[0].PublicKey())+"\n")
			},
		},
		{
			name: "file without a last line break", config: Config{AcceptNew: true}, in: true, lines: 2,
			known: func(u *operator, _ *server) {
				u.write("known_hosts", knownhosts.Line([]string{"other"}, signer(u.t).PublicKey()))
			},
		},
		{
			name: "revoked", lines: 1,
			known: func(u *operator, s *server) {
				u.write("known_hosts", "@revoked * "+strings.TrimSpace(string(xssh.MarshalAuthorizedKey(s.keys[0].PublicKey())))+"\n")
			},
			config: Config{AcceptNew: true},
		},
		{
			name: "damaged file", lines: 1, config: Config{AcceptNew: true},
			known: func(u *operator, _ *server) { u.write("known_hosts", "127.0.0.1 ssh-ed25519 !!!!\n") },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			srv := newServer(t, u.pub, func(s *server) {
				if strings.HasPrefix(tt.name, "three keys") {
					s.keys = []xssh.Signer{ecdsaSigner(t), signer(t), rsaSigner(t)}
				}
			})
			if tt.known != nil {
				tt.known(u, srv)
			}
			asks := 0
			if tt.config.Ask != nil {
				tt.config.Ask = func(_ context.Context, e *provision.HostKeyError) bool {
					asks++
					if e.SHA256 != xssh.FingerprintSHA256(srv.keys[0].PublicKey()) || e.Changed || !strings.Contains(e.Host, "leaf1") {
						t.Errorf("asked about %+v", e)
					}
					return tt.yes
				}
			}
			s, err := New(tt.config).Dial(t.Context(), u.endpoint(srv))
			if (err == nil) != tt.in {
				t.Fatalf("error %v", err)
			}
			if err == nil {
				_ = s.Close()
			}
			if asks != tt.asks {
				t.Errorf("asked %d times, want %d", asks, tt.asks)
			}
			var key *provision.HostKeyError
			if errors.As(err, &key) && key.Changed != tt.changed || tt.changed && key == nil {
				t.Errorf("error %v", err)
			}
			if tt.changed && (key.Known == "" || key.Known == key.SHA256) {
				t.Errorf("the two fingerprints are not told: %+v", key)
			}
			if !tt.in && srv.get(&srv.offered) > 0 {
				t.Error("keys were shown to a host that is not known")
			}
			if got := strings.Count(strings.TrimSpace(u.read("known_hosts"))+"\n", "\n"); tt.lines > 0 && got != tt.lines || tt.lines == 0 && u.read("known_hosts") != "" {
				t.Errorf("known_hosts has %d lines, want %d:\n%s", got, tt.lines, u.read("known_hosts"))
			}
			if tt.in { // and it is found again, by a strict one
				dial(t, New(Config{}), u.endpoint(srv))
				if info, err := os.Stat(u.path("known_hosts")); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("known_hosts: %v %v", info.Mode(), err)
				}
			}
		})
	}
}

func asked(context.Context, *provision.HostKeyError) bool { return false }

func someoneElse(u *operator, s *server) {
	u.write("known_hosts", knownhosts.Line([]string{s.address()}, signer(u.t).PublicKey())+"\n")
}

func rsaSigner(t *testing.T) xssh.Signer {
	t.Helper()
	s, err := xssh.NewSignerFromKey(rsaKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Many that meet a host for the first time write one line; many hosts get one
// line each.
func TestAcceptNewAtOnce(t *testing.T) {
	u := newUser(t)
	servers := []*server{newServer(t, u.pub), newServer(t, u.pub), newServer(t, u.pub)}
	var work sync.WaitGroup
	for i := range 24 {
		tr := New(Config{AcceptNew: true}) // as another process would
		work.Go(func() {
			s, err := tr.Dial(t.Context(), u.endpoint(servers[i%3]))
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	work.Wait()
	if n := strings.Count(u.read("known_hosts"), "\n"); n != 3 {
		t.Errorf("%d lines for 3 hosts:\n%s", n, u.read("known_hosts"))
	}
}

// While one transport runs, a host is reinstalled: the next dial is refused.
func TestKeyChangesMeanwhile(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub)
	tr := New(Config{AcceptNew: true})
	dial(t, tr, u.endpoint(srv))
	fresh := newServer(t, u.pub)
	u.write("known_hosts", strings.ReplaceAll(u.read("known_hosts"), srv.listener.Addr().String()[10:], fresh.listener.Addr().String()[10:]))
	var key *provision.HostKeyError
	if _, err := tr.Dial(t.Context(), u.endpoint(fresh)); !errors.As(err, &key) || !key.Changed {
		t.Errorf("error %v", err)
	}
}
