package ssh

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// maxKeys is how many keys a server is shown. sshd hangs up at the sixth that
// it does not know (MaxAuthTries).
const maxKeys = 5

// keyRing is what one login offers, in order, and why it does not offer more.
type keyRing struct {
	signers []xssh.Signer
	names   []string // of signers, for messages
	notes   []string // keys that were passed over, and why
	agent   io.Closer
}

// keys gathers the keys of a hop: its own files first, from the agent where
// that holds them (so one with a passphrase is used without asking for it),
// then the agent's others.
func (h hop) keys() *keyRing {
	r := &keyRing{}
	var keeper agent.ExtendedAgent
	var list []*agent.Key
	if socket := os.Getenv("SSH_AUTH_SOCK"); socket != "" && !h.onlyKeys {
		if conn, err := net.DialTimeout("unix", socket, 2*time.Second); err == nil {
			_ = conn.SetDeadline(time.Now().Add(h.timeout))
			r.agent = conn
			keeper = agent.NewClient(conn)
			list, _ = keeper.List()
		}
	}
	inAgent := func(public xssh.PublicKey) bool {
		for _, k := range list {
			if bytes.Equal(k.Marshal(), public.Marshal()) {
				return r.add(&held{keeper, k}, k.Comment+" of the agent")
			}
		}
		return false
	}
	for _, path := range h.identity {
		r.file(path, inAgent)
	}
	if !h.identitiesOnly {
		for _, k := range list {
			inAgent(k)
		}
	}
	return r
}

// file adds the private key in path.
func (r *keyRing) file(path string, inAgent func(xssh.PublicKey) bool) {
	if public, err := os.ReadFile(path + ".pub"); err == nil {
		if key, _, _, _, err := xssh.ParseAuthorizedKey(public); err == nil && inAgent(key) {
			return
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		r.note("%s: %v", path, cause(err))
		return
	}
	signer, err := xssh.ParsePrivateKey(data)
	var locked *xssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		if locked.PublicKey == nil || !inAgent(locked.PublicKey) {
			r.note("%s has a passphrase: give it to the agent with `ssh-add %s`", path, path)
		}
	case err != nil:
		r.note("%s is not a private key that can be read", path)
	default:
		r.add(signer, path)
	}
}

func (r *keyRing) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// add takes a key once, and with strong signatures only.
func (r *keyRing) add(s xssh.Signer, name string) bool {
	for _, have := range r.signers {
		if bytes.Equal(have.PublicKey().Marshal(), s.PublicKey().Marshal()) {
			return true
		}
	}
	if len(r.signers) >= maxKeys {
		return false
	}
	if a, ok := s.(xssh.AlgorithmSigner); ok && s.PublicKey().Type() == xssh.KeyAlgoRSA {
		strong, err := xssh.NewSignerWithAlgorithms(a, []string{xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256})
		if err != nil {
			return false
		}
		s = strong
	}
	r.signers, r.names = append(r.signers, s), append(r.names, strings.TrimSpace(name))
	return true
}

// close lets the agent go: once a login is over, nothing is signed any more.
func (r *keyRing) close() {
	if r.agent != nil {
		_ = r.agent.Close()
	}
}

// missing says why there is no key to offer.
func (r *keyRing) missing() string {
	text := "there is no key to log in with"
	if len(r.notes) == 0 {
		return text + "; name one as access.identity, or add one to the agent"
	}
	return text + "; " + strings.Join(r.notes, "; ")
}

// refused says what was offered in vain.
func (r *keyRing) refused(user string) string {
	text := fmt.Sprintf("it does not take %s for user %s", strings.Join(r.names, ", "), user)
	if len(r.notes) > 0 {
		text += "; not tried: " + strings.Join(r.notes, "; ")
	}
	return text
}

// cause is an error without the path that the caller prints himself.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// held signs with one key of the agent, without listing them all again.
type held struct {
	agent agent.ExtendedAgent
	key   *agent.Key
}

func (s *held) PublicKey() xssh.PublicKey { return s.key }

func (s *held) Sign(_ io.Reader, data []byte) (*xssh.Signature, error) {
	return s.agent.Sign(s.key, data)
}

func (s *held) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*xssh.Signature, error) {
	var flags agent.SignatureFlags
	switch algorithm {
	case xssh.KeyAlgoRSASHA256:
		flags = agent.SignatureFlagRsaSha256
	case xssh.KeyAlgoRSASHA512:
		flags = agent.SignatureFlagRsaSha512
	}
	return s.agent.SignWithFlags(s.key, data, flags)
}
