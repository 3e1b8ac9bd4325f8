package ssh

import (
	"bytes"
	"context"
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

	login *login
	inHub []*agent.Key // what the agent holds
	hub   agent.ExtendedAgent
	certs []*xssh.Certificate // of files
	more  int                 // keys that are too many
}

// keys gathers the keys of a hop: its own files first, from the agent where
// that holds them (so one with a passphrase is used without asking for it),
// then the agent's others. A certificate goes before the key that it is for.
func (l *login) keys(ctx context.Context) *keyRing {
	r := &keyRing{login: l}
	if socket := l.hop.agentSocket(); socket != "" {
		if conn, err := net.DialTimeout("unix", socket, 2*time.Second); err == nil {
			// One who is asked to touch a key takes his time; the context ends it.
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			r.agent = closer(func() error { stop(); return conn.Close() })
			r.hub = agent.NewClient(conn)
			r.inHub, _ = r.hub.List()
		}
	}
	for _, path := range l.hop.certificates {
		r.certificate(path, true)
	}
	for _, path := range l.hop.identity {
		r.certificate(path+"-cert.pub", false)
	}
	for _, path := range l.hop.identity {
		r.file(path)
	}
	if !l.hop.identitiesOnly {
		for _, k := range r.inHub {
			r.fromAgent(k)
		}
	}
	if r.more > 0 {
		r.note("%d more keys of the agent, since sshd hangs up after too many: name the right one as access.identity, or set IdentitiesOnly in ~/.ssh/config", r.more)
	}
	return r
}

type closer func() error

func (c closer) Close() error { return c() }

// fromAgent adds one key, or certificate, of the agent.
func (r *keyRing) fromAgent(k *agent.Key) bool {
	return r.add(&held{ring: r, key: k}, strings.TrimSpace(k.Comment)+" of the agent")
}

// inAgent adds what the agent holds for a public key.
func (r *keyRing) inAgent(public xssh.PublicKey) bool {
	found := false
	for _, certified := range []bool{true, false} {
		for _, k := range r.inHub {
			key, err := xssh.ParsePublicKey(k.Blob)
			if err != nil {
				continue
			}
			cert, is := key.(*xssh.Certificate)
			switch {
			case is != certified:
			case is && same(cert.Key, public):
				found = r.fromAgent(k) || found
			case !is && same(key, public):
				found = r.certified(&held{ring: r, key: k}, strings.TrimSpace(k.Comment)+" of the agent") || found
			}
		}
	}
	return found
}

// certificate reads one, for the key that it is for.
func (r *keyRing) certificate(path string, asked bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		if asked {
			r.note("%s: %v", path, cause(err))
		}
		return
	}
	key, _, _, _, err := xssh.ParseAuthorizedKey(data)
	cert, is := key.(*xssh.Certificate)
	now := uint64(time.Now().Unix())
	switch {
	case err != nil || !is || cert.CertType != xssh.UserCert:
		r.note("%s is not a certificate of a user", path)
	case now >= cert.ValidBefore:
		r.note("the certificate %s expired on %s", path, time.Unix(int64(cert.ValidBefore), 0).UTC().Format("2006-01-02 15:04 MST"))
	case now < cert.ValidAfter:
		r.note("the certificate %s is not valid before %s", path, time.Unix(int64(cert.ValidAfter), 0).UTC().Format("2006-01-02 15:04 MST"))
	default:
		r.certs = append(r.certs, cert)
	}
}

// certified adds a key's certificates, and the key.
func (r *keyRing) certified(s xssh.Signer, name string) bool {
	for _, cert := range r.certs {
		if !same(cert.Key, s.PublicKey()) {
			continue
		}
		if c, err := xssh.NewCertSigner(cert, s); err == nil {
			r.add(c, "the certificate of "+name)
		}
	}
	return r.add(s, name)
}

// file adds the private key in path.
func (r *keyRing) file(path string) {
	public := publicOf(path)
	if public != nil && r.inAgent(public) {
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		r.note("%s: %v", path, cause(err))
		return
	}
	if public == nil {
		public = publicIn(data)
	}
	signer, err := xssh.ParsePrivateKey(data)
	var locked *xssh.PassphraseMissingError
	switch {
	case public != nil && touched(public.Type()):
		if !r.inAgent(public) {
			r.note("%s is of a security key (FIDO), which closup uses through the agent: give it to the agent with `ssh-add %s`", path, path)
		}
	case errors.As(err, &locked):
		if public == nil || !r.inAgent(public) {
			r.locked(path, public)
		}
	case err != nil:
		r.note("%s is not a private key that can be read", path)
	default:
		r.certified(signer, path)
	}
}

func (r *keyRing) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// add takes a key once, and with strong signatures only.
func (r *keyRing) add(s xssh.Signer, name string) bool {
	for _, have := range r.signers {
		if same(have.PublicKey(), s.PublicKey()) {
			return true
		}
	}
	if len(r.signers) >= maxKeys {
		r.more++
		return false
	}
	if a, ok := s.(xssh.AlgorithmSigner); ok && strings.HasPrefix(s.PublicKey().Type(), xssh.KeyAlgoRSA) {
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
	if len(r.names) == 0 {
		return r.missing()
	}
	return r.tried(user)
}

// tried is refused, and nothing where there was nothing to offer.
func (r *keyRing) tried(user string) string {
	if len(r.names) == 0 {
		return strings.Join(r.notes, "; ")
	}
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

func same(a, b xssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// touched says whether a key of that type is in hardware that waits for a touch
// (OpenSSH's PROTOCOL.u2f).
func touched(keyType string) bool { return strings.HasPrefix(keyType, "sk-") }

// held signs with one key of the agent, without listing them all again.
type held struct {
	ring *keyRing
	key  *agent.Key
}

// PublicKey implements ssh.Signer.
func (s *held) PublicKey() xssh.PublicKey {
	if key, err := xssh.ParsePublicKey(s.key.Blob); err == nil {
		return key // a certificate says so
	}
	return s.key
}

// Sign implements ssh.Signer.
func (s *held) Sign(_ io.Reader, data []byte) (*xssh.Signature, error) {
	return s.SignWithAlgorithm(nil, data, "")
}

// SignWithAlgorithm implements ssh.AlgorithmSigner.
func (s *held) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*xssh.Signature, error) {
	if touched(s.key.Type()) && !s.ring.login.touch {
		return nil, s.ring.login.lacks(lack{touch: strings.TrimSpace(s.key.Comment)})
	}
	var flags agent.SignatureFlags
	switch algorithm {
	case xssh.KeyAlgoRSASHA256:
		flags = agent.SignatureFlagRsaSha256
	case xssh.KeyAlgoRSASHA512:
		flags = agent.SignatureFlagRsaSha512
	}
	return s.ring.hub.SignWithFlags(s.key, data, flags)
}
