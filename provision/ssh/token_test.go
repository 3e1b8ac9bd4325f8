package ssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

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
