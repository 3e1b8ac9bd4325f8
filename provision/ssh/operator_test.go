package ssh

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"

	"closup/model"
)

// signer is a fresh ed25519 key.
func signer(t testing.TB) xssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ecdsaSigner(t testing.TB) xssh.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := xssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rsaKey(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// operator is a home directory with a key in it, and nothing else of this machine's
// user: no agent, no other files.
type operator struct {
	t    *testing.T
	home string
	key  ed25519.PrivateKey
	pub  xssh.PublicKey
}

func newUser(t *testing.T) *operator {
	t.Helper()
	u := &operator{t: t, home: t.TempDir()}
	t.Setenv("HOME", u.home)
	t.Setenv("SSH_AUTH_SOCK", "")
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := xssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	u.key, u.pub = private, s.PublicKey()
	block, err := xssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	u.write("id", string(pem.EncodeToMemory(block)))
	return u
}

func (u *operator) path(name string) string { return filepath.Join(u.home, ".ssh", name) }

func (u *operator) write(name, text string) {
	u.t.Helper()
	if err := os.MkdirAll(filepath.Join(u.home, ".ssh"), 0o700); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(u.path(name), []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

func (u *operator) read(name string) string {
	u.t.Helper()
	data, err := os.ReadFile(u.path(name))
	if err != nil && !os.IsNotExist(err) {
		u.t.Fatal(err)
	}
	return string(data)
}

// knows writes the server's keys to known_hosts.
func (u *operator) knows(servers ...*server) {
	u.t.Helper()
	text := u.read("known_hosts")
	for _, s := range servers {
		for _, k := range s.keys {
			text += knownhosts.Line([]string{s.address()}, k.PublicKey()) + "\n"
		}
	}
	u.write("known_hosts", text)
}

func (u *operator) endpoint(s *server) model.Endpoint {
	return model.Endpoint{
		Device: "leaf1", Host: "127.0.0.1", Port: s.port(), User: "cumulus",
		Identity: []string{"~/.ssh/id"}, Timeout: 5 * time.Second,
	}
}

// noLeak fails where goroutines outlive the test's own work.
func noLeak(t *testing.T, before int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}
