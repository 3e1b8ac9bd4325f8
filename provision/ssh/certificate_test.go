package ssh

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"closup/model"
	"closup/provision"
)

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
