package ssh

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	xssh "golang.org/x/crypto/ssh"

	"closup/provision"
)

// openKeys are the private keys whose passphrase was given, by path: opening
// one takes a tenth of a second by design, and a fleet opens it once.
type openKeys struct {
	mu   sync.Mutex
	keys map[string]xssh.Signer
}

func (o *openKeys) get(path string) xssh.Signer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.keys[path]
}

// open tries a passphrase.
func (o *openKeys) open(path string, passphrase provision.Secret) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, cause(err))
	}
	signer, err := xssh.ParsePrivateKeyWithPassphrase(data, []byte(passphrase.Reveal()))
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return provision.ErrWrongSecret
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keys == nil {
		o.keys = map[string]xssh.Signer{}
	}
	o.keys[path] = signer
	return nil
}

// locked adds a key with a passphrase. It is asked for once a server would take
// the key; where not even the public half can be seen without it, at once.
func (r *keyRing) locked(path string, public xssh.PublicKey) {
	l := r.login
	why, given := l.without[path]
	switch signer := l.t.open.get(path); {
	case signer != nil:
		r.certified(signer, path)
	case given:
		r.note("%s has a passphrase, and %v", path, why)
	case !l.t.c.Secrets.Possible():
		r.note("%s has a passphrase, and nobody can be asked for it here: give it to the agent with `ssh-add %s`, or run closup on a terminal without --no-input", path, path)
	case public == nil:
		_ = l.lacks(lack{passphrase: path})
	default:
		r.certified(&lockedSigner{l, path, public}, path)
	}
}

// lockedSigner has a public half only. Asked to sign, it says what it lacks.
type lockedSigner struct {
	login  *login
	path   string
	public xssh.PublicKey
}

// PublicKey implements ssh.Signer.
func (s *lockedSigner) PublicKey() xssh.PublicKey { return s.public }

// Sign implements ssh.Signer.
func (s *lockedSigner) Sign(io.Reader, []byte) (*xssh.Signature, error) {
	return nil, s.login.lacks(lack{passphrase: s.path})
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (s *lockedSigner) SignWithAlgorithm(r io.Reader, data []byte, _ string) (*xssh.Signature, error) {
	return s.Sign(r, data)
}

// publicOf is the public half that lies beside a private key; nil: there is
// none.
func publicOf(path string) xssh.PublicKey {
	data, err := os.ReadFile(path + ".pub")
	if err != nil {
		return nil
	}
	key, _, _, _, err := xssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return key
}

// publicIn is the public half in a private key's file, which OpenSSH's own
// format shows without a passphrase (PROTOCOL.key).
func publicIn(data []byte) xssh.PublicKey {
	block, _ := pem.Decode(data)
	const magic = "openssh-key-v1\x00"
	if block == nil || len(block.Bytes) < len(magic) || string(block.Bytes[:len(magic)]) != magic {
		return nil
	}
	var head struct {
		Cipher, KDF, Options string
		Keys                 uint32
		Public               []byte
		Rest                 []byte `ssh:"rest"`
	}
	if err := xssh.Unmarshal(block.Bytes[len(magic):], &head); err != nil {
		return nil
	}
	key, err := xssh.ParsePublicKey(head.Public)
	if err != nil {
		return nil
	}
	return key
}
