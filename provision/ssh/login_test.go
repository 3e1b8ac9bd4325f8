package ssh

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"closup/model"
	"closup/provision"
)

// person answers by kind, one answer after the other, and keeps the questions.
type person struct {
	mu      sync.Mutex
	answers map[provision.SecretKind][]string
	asked   []provision.Question
	told    []string
}

func (p *person) secrets() *provision.Secrets {
	return &provision.Secrets{
		Ask: func(_ context.Context, q provision.Question) (provision.Secret, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.asked = append(p.asked, q)
			list := p.answers[q.Kind]
			if len(list) == 0 {
				return provision.Secret{}, provision.ErrNotGiven
			}
			p.answers[q.Kind] = list[1:]
			return provision.NewSecret(list[0]), nil
		},
		Tell: func(text string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.told = append(p.told, text)
		},
	}
}

// takesPassword makes a server let in by password alone, and count the tries.
func takesPassword(s *server) {
	s.auth = func(c *xssh.ServerConfig) {
		c.PublicKeyCallback = nil
		c.PasswordCallback = func(_ xssh.ConnMetadata, got []byte) (*xssh.Permissions, error) {
			s.count(&s.offered)
			if string(got) != "hunter2" {
				return nil, errors.New("no")
			}
			return nil, nil
		}
	}
}

// asks makes a server let in by questions, each with its answer.
func asks(says string, questions ...[2]string) func(*server) {
	return func(s *server) {
		s.auth = func(c *xssh.ServerConfig) {
			c.PublicKeyCallback = nil
			c.KeyboardInteractiveCallback = func(_ xssh.ConnMetadata, ask xssh.KeyboardInteractiveChallenge) (*xssh.Permissions, error) {
				for _, q := range questions {
					got, err := ask("", says, []string{q[0]}, []bool{strings.HasPrefix(q[0], "Name")})
					s.count(&s.offered)
					if err != nil || got[0] != q[1] {
						return nil, errors.New("no")
					}
				}
				return nil, nil
			}
		}
	}
}

func TestAskedLogin(t *testing.T) {
	tests := []struct {
		name    string
		server  func(*server)
		prepare func(*operator)
		answers map[provision.SecretKind][]string
		in      bool
		asked   []provision.SecretKind
		says    string
		offered int // keys or passwords; -1: not looked at
	}{
		{
			name: "passphrase", prepare: (*operator).lock, in: true, offered: 2, // asked for only once the server would take the key
			answers: map[provision.SecretKind][]string{provision.Passphrase: {passphrase}}, asked: []provision.SecretKind{provision.Passphrase},
		},
		{
			name: "passphrase, wrong first", prepare: (*operator).lock, in: true, offered: 2,
			answers: map[provision.SecretKind][]string{provision.Passphrase: {"x", passphrase}}, asked: []provision.SecretKind{provision.Passphrase, provision.Passphrase},
		},
		{
			name: "passphrase of a key that the server does not take", prepare: (*operator).lock, says: "does not take", offered: 1,
			server: func(s *server) { s.allowed = nil },
		},
		{name: "no passphrase", prepare: (*operator).lock, says: "has a passphrase, and none was given", asked: []provision.SecretKind{provision.Passphrase}, offered: -1},
		{
			name: "passphrase of a file in the old format", in: true, offered: -1, // its public half cannot be seen before
			prepare: func(u *operator) {
				_ = os.Remove(u.path("id"))
				u.keygen("-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", passphrase, "-f", u.path("id"))
				_ = os.Remove(u.path("id.pub"))
			},
			server: func(s *server) {
				s.auth = func(c *xssh.ServerConfig) {
					c.PublicKeyCallback = func(_ xssh.ConnMetadata, key xssh.PublicKey) (*xssh.Permissions, error) { return nil, nil }
				}
			},
			answers: map[provision.SecretKind][]string{provision.Passphrase: {passphrase}}, asked: []provision.SecretKind{provision.Passphrase},
		},
		{
			name: "password", server: takesPassword, in: true, offered: 1,
			answers: map[provision.SecretKind][]string{provision.Password: {"hunter2"}}, asked: []provision.SecretKind{provision.Password},
		},
		{
			name: "password, wrong first", server: takesPassword, in: true, offered: 2,
			answers: map[provision.SecretKind][]string{provision.Password: {"x", "hunter2"}}, asked: []provision.SecretKind{provision.Password, provision.Password},
		},
		{
			name: "password, wrong", server: takesPassword, says: "password of cumulus is wrong", offered: 3,
			answers: map[provision.SecretKind][]string{provision.Password: {"x", "y", "z", "hunter2"}},
			asked:   []provision.SecretKind{provision.Password, provision.Password, provision.Password},
		},
		{name: "no password", server: takesPassword, says: "none was given", asked: []provision.SecretKind{provision.Password}},
		{
			name: "password as a question", server: asks("", [2]string{"(cumulus@leaf1) Password: ", "hunter2"}), in: true, offered: -1,
			answers: map[provision.SecretKind][]string{provision.Password: {"hunter2"}}, asked: []provision.SecretKind{provision.Password},
		},
		{
			name: "password and a one-time code", in: true, offered: -1,
			server:  asks("", [2]string{"Password:", "hunter2"}, [2]string{"Verification code: ", "123456"}),
			answers: map[provision.SecretKind][]string{provision.Password: {"hunter2"}, provision.Answer: {"123456"}},
			asked:   []provision.SecretKind{provision.Password, provision.Answer},
		},
		{
			name: "a question with an echo, in colours", in: true, offered: -1,
			server:  asks("", [2]string{"Name \x1b]52;c;x\aof your cat? ", "Tom"}),
			answers: map[provision.SecretKind][]string{provision.Answer: {"Tom"}}, asked: []provision.SecretKind{provision.Answer},
		},
		{
			name: "password must be changed", server: asks("You are required to change your password immediately", [2]string{"Current password: ", "hunter2"}),
			says: "must be changed first", offered: -1, answers: map[provision.SecretKind][]string{provision.Password: {"hunter2"}},
		},
		{
			name: "key and password", in: true, offered: -1,
			server: func(s *server) {
				s.auth = func(c *xssh.ServerConfig) {
					password := xssh.ServerAuthCallbacks{PasswordCallback: func(_ xssh.ConnMetadata, got []byte) (*xssh.Permissions, error) {
						if string(got) != "hunter2" {
							return nil, errors.New("no")
						}
						return nil, nil
					}}
					key := c.PublicKeyCallback
					c.PublicKeyCallback = func(m xssh.ConnMetadata, k xssh.PublicKey) (*xssh.Permissions, error) {
						if _, err := key(m, k); err != nil {
							return nil, err
						}
						return nil, &xssh.PartialSuccessError{Next: password}
					}
				}
			},
			answers: map[provision.SecretKind][]string{provision.Password: {"hunter2"}}, asked: []provision.SecretKind{provision.Password},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			var change []func(*server)
			if tt.server != nil {
				change = append(change, tt.server)
			}
			srv := newServer(t, u.pub, change...)
			u.knows(srv)
			if tt.prepare != nil {
				tt.prepare(u)
			}
			p := &person{answers: tt.answers}
			tr := New(Config{Secrets: p.secrets()})
			s, err := tr.Dial(t.Context(), u.endpoint(srv))
			if (err == nil) != tt.in || err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error %v, want %q", err, tt.says)
			}
			var kinds []provision.SecretKind
			for i, q := range p.asked {
				kinds = append(kinds, q.Kind)
				if strings.ContainsAny(q.String(), "\x1b\a") || q.Again != (i > 0 && q.Kind == kinds[0]) {
					t.Errorf("question %+v", q)
				}
			}
			if fmt.Sprint(kinds) != fmt.Sprint(tt.asked) {
				t.Errorf("asked for %v, want %v", p.asked, tt.asked)
			}
			if n := srv.get(&srv.offered); tt.offered >= 0 && n != tt.offered {
				t.Errorf("%d keys or passwords were shown, want %d", n, tt.offered)
			}
			if err != nil {
				if !errors.Is(err, provision.ErrAuth) || strings.Contains(fmt.Sprintf("%+v", err), "hunter2") {
					t.Errorf("error %+v", err)
				}
				return
			}
			_ = s.Close()
			// What was given once is good for the next time too.
			before := len(p.asked)
			if tt.answers[provision.Answer] != nil {
				return
			}
			dial(t, tr, u.endpoint(srv))
			if len(p.asked) != before {
				t.Errorf("asked again: %v", p.asked[before:])
			}
		})
	}
}

// A slow answer is no slow device: neither its deadline runs, nor its server's.
func TestAskedSlowly(t *testing.T) {
	u := newUser(t)
	srv := newServer(t, u.pub, takesPassword)
	u.knows(srv)
	e := u.endpoint(srv)
	e.Timeout = 2 * time.Second
	tr := New(Config{Secrets: &provision.Secrets{Ask: func(context.Context, provision.Question) (provision.Secret, error) {
		time.Sleep(e.Timeout + 200*time.Millisecond)
		return provision.NewSecret("hunter2"), nil
	}}})
	ctx, cancel := provision.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := tr.Dial(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
}

// token is a security key without the hardware: it signs as PROTOCOL.u2f has it
// (https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.u2f), and counts how many
// touches are awaited at once.
type token struct {
	agent.Agent
	private ed25519.PrivateKey
	public  xssh.PublicKey

	mu       sync.Mutex
	now, max int
	touches  int
}

const application = "ssh:"

func newToken(t *testing.T) *token {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := xssh.ParsePublicKey(xssh.Marshal(struct {
		Name        string
		Key         []byte
		Application string
	}{xssh.KeyAlgoSKED25519, public, application}))
	if err != nil {
		t.Fatal(err)
	}
	return &token{Agent: agent.NewKeyring(), private: private, public: key}
}

func (k *token) List() ([]*agent.Key, error) {
	return []*agent.Key{{Format: xssh.KeyAlgoSKED25519, Blob: k.public.Marshal(), Comment: "yubi"}}, nil
}

func (k *token) SignWithFlags(key xssh.PublicKey, data []byte, _ agent.SignatureFlags) (*xssh.Signature, error) {
	return k.Sign(key, data)
}

func (k *token) Extension(string, []byte) ([]byte, error) { return nil, agent.ErrExtensionUnsupported }

func (k *token) Sign(_ xssh.PublicKey, data []byte) (*xssh.Signature, error) {
	k.mu.Lock()
	k.now++
	k.max = max(k.max, k.now)
	k.touches++
	n := k.touches
	k.mu.Unlock()
	time.Sleep(20 * time.Millisecond) // a finger is on its way
	k.mu.Lock()
	k.now--
	k.mu.Unlock()
	rest := make([]byte, 5)
	rest[0] = 1 // the user was there
	binary.BigEndian.PutUint32(rest[1:], uint32(n))
	app, message := sha256.Sum256([]byte(application)), sha256.Sum256(data)
	blob := append(append(append([]byte{}, app[:]...), rest...), message[:]...)
	return &xssh.Signature{Format: xssh.KeyAlgoSKED25519, Blob: ed25519.Sign(k.private, blob), Rest: rest}, nil
}

// A fleet behind a security key: one touch at a time, each announced with its
// device. Without it at hand the message says how.
func TestSecurityKey(t *testing.T) {
	u := newUser(t)
	k := newToken(t)
	u.serveAgent(k)
	srv := newServer(t, k.public)
	u.knows(srv)
	e := u.endpoint(srv)
	e.Identity = nil
	p := &person{}
	tr := New(Config{Secrets: p.secrets()})
	var work sync.WaitGroup
	for i := range 6 {
		work.Go(func() {
			e := e
			e.Device = fmt.Sprintf("leaf%d", i)
			s, err := tr.Dial(t.Context(), e)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	work.Wait()
	if k.max != 1 || k.touches != 6 {
		t.Errorf("%d touches, %d at once", k.touches, k.max)
	}
	told := strings.Join(p.told, "\n")
	for i := range 6 {
		if !strings.Contains(told, fmt.Sprintf("leaf%d ", i)) || !strings.Contains(told, "Touch the security key yubi") {
			t.Errorf("told:\n%s", told)
		}
	}

	// Its file alone is of no use, and the message says what is.
	u.write("id_sk.pub", string(xssh.MarshalAuthorizedKey(k.public)))
	u.write("id_sk", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
	t.Setenv("SSH_AUTH_SOCK", "")
	e.Identity = []string{"~/.ssh/id_sk"}
	if _, err := tr.Dial(t.Context(), e); err == nil || !strings.Contains(err.Error(), "security key (FIDO)") || !strings.Contains(err.Error(), "ssh-add") {
		t.Errorf("error %v", err)
	}
}

// Certificates: of a user, beside the key's file, in the agent, and out of
// date; of a host, by a @cert-authority of any type, for the right name only.
func TestCertificates(t *testing.T) {
	ca, hostCA := signer(t), rsaSigner(t)
	certify := func(by xssh.Signer, kind uint32, key xssh.PublicKey, until time.Time, names ...string) *xssh.Certificate {
		c := &xssh.Certificate{Key: key, CertType: kind, KeyId: "test", ValidPrincipals: names, ValidAfter: 1, ValidBefore: uint64(until.Unix())}
		if err := c.SignCert(rand.Reader, by); err != nil {
			t.Fatal(err)
		}
		return c
	}
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	onlyCertified := func(s *server) {
		checker := &xssh.CertChecker{IsUserAuthority: func(k xssh.PublicKey) bool { return same(k, ca.PublicKey()) }}
		s.auth = func(c *xssh.ServerConfig) {
			c.PublicKeyCallback = func(m xssh.ConnMetadata, k xssh.PublicKey) (*xssh.Permissions, error) {
				return checker.Authenticate(m, k)
			}
		}
	}
	line := func(key xssh.PublicKey) string { return string(xssh.MarshalAuthorizedKey(key)) }
	hostCert := func(name string, until time.Time) func(*server) {
		return func(s *server) {
			plain := s.keys[0]
			c, err := xssh.NewCertSigner(certify(hostCA, xssh.HostCert, plain.PublicKey(), until, name), plain)
			if err != nil {
				t.Fatal(err)
			}
			s.keys = []xssh.Signer{c, plain}
		}
	}
	trusts := func(u *operator, _ *server) { u.write("known_hosts", "@cert-authority * "+line(hostCA.PublicKey())) }
	tests := []struct {
		name    string
		server  func(*server)
		known   func(*operator, *server)
		prepare func(*operator)
		change  func(*model.Endpoint)
		says    string // empty: it gets in
		unknown bool
	}{
		{name: "beside the key", server: onlyCertified, prepare: func(u *operator) { u.write("id-cert.pub", line(certify(ca, xssh.UserCert, u.pub, later, "cumulus"))) }},
		{name: "none", server: onlyCertified, says: "does not take"},
		{name: "for another user", server: onlyCertified, says: "the certificate of", prepare: func(u *operator) { u.write("id-cert.pub", line(certify(ca, xssh.UserCert, u.pub, later, "anna"))) }},
		{name: "expired", server: onlyCertified, says: "id-cert.pub expired on", prepare: func(u *operator) { u.write("id-cert.pub", line(certify(ca, xssh.UserCert, u.pub, before, "cumulus"))) }},
		{
			name: "beside the key, which is in the agent", server: onlyCertified,
			prepare: func(u *operator) {
				u.write("id-cert.pub", line(certify(ca, xssh.UserCert, u.pub, later, "cumulus")))
				u.write("id.pub", line(u.pub))
				u.keeper(0, &u.key)
				_ = os.Remove(u.path("id"))
			},
		},
		{
			name: "in the agent", server: onlyCertified, change: func(e *model.Endpoint) { e.Identity = nil },
			prepare: func(u *operator) {
				ring := agent.NewKeyring()
				if err := ring.Add(agent.AddedKey{PrivateKey: &u.key, Certificate: certify(ca, xssh.UserCert, u.pub, later, "cumulus")}); err != nil {
					t.Fatal(err)
				}
				u.serveAgent(ring)
			},
		},
		{name: "CertificateFile", server: onlyCertified, prepare: func(u *operator) {
			u.write("fleet-cert.pub", line(certify(ca, xssh.UserCert, u.pub, later, "cumulus")))
			u.write("config", "Host *\n  CertificateFile ~/.ssh/fleet-cert.pub\n")
		}},
		{name: "of a host", server: hostCert("127.0.0.1", later), known: trusts},
		{name: "of a host, for another one", server: hostCert("leaf2", later), known: trusts, says: "certificate is not valid"},
		{name: "of a host, expired", server: hostCert("127.0.0.1", before), known: trusts, says: "certificate is not valid"},
		{name: "a host without, where others have", known: trusts, says: "not known yet", unknown: true},
		{
			name: "of a host that is known by its key", server: hostCert("127.0.0.1", later),
			known: func(u *operator, s *server) {
				u.write("known_hosts", "[127.0.0.1]:"+fmt.Sprint(s.port())+" "+line(s.keys[1].PublicKey()))
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			var change []func(*server)
			if tt.server != nil {
				change = append(change, tt.server)
			}
			srv := newServer(t, u.pub, change...)
			if tt.known == nil {
				tt.known = func(u *operator, s *server) { u.knows(s) }
			}
			tt.known(u, srv)
			if tt.prepare != nil {
				tt.prepare(u)
			}
			e := u.endpoint(srv)
			if tt.change != nil {
				tt.change(&e)
			}
			s, err := New(Config{}).Dial(t.Context(), e)
			if err == nil {
				_ = s.Close()
			}
			var key *provision.HostKeyError
			if (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) || errors.As(err, &key) != tt.unknown || key != nil && key.Changed {
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}
