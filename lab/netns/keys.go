package netns

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// keyPair is an SSH key: the private half as OpenSSH keeps it, the public half
// as a line of authorized_keys without its end.
type keyPair struct {
	private string // PEM
	public  string // "ssh-ed25519 AAAA..."
}

func newKeyPair(comment string) (keyPair, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("making a key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, comment)
	if err != nil {
		return keyPair{}, fmt.Errorf("making a key: %w", err)
	}
	pub, err := ssh.NewPublicKey(public)
	if err != nil {
		return keyPair{}, fmt.Errorf("making a key: %w", err)
	}
	return keyPair{
		private: string(pem.EncodeToMemory(block)),
		public:  strings.TrimSpace(string(ssh.MarshalAuthorizedKey(pub))),
	}, nil
}
