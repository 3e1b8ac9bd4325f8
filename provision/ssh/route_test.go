package ssh

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	xssh "golang.org/x/crypto/ssh"

	"closup/model"
	"closup/provision"
)

func TestRoute(t *testing.T) {
	const config = `
Host leaf*
  HostName %h.example.net
  User fromconfig
  Port 2222
  IdentityFile ~/.ssh/fleet
  UserKnownHostsFile ~/.ssh/fleet_hosts
  ProxyJump jump@bastion:2200
Host bastion
  HostName 198.51.100.7
  IdentityFile %d/.ssh/%r_key
Host direct
  ProxyJump none
`
	tests := []struct {
		name     string
		config   string
		endpoint model.Endpoint
		want     []string // user@host:port of each hop
		identity string   // of the last
		known    string
	}{
		{
			name: "all from the endpoint", endpoint: model.Endpoint{Host: "192.0.2.1", Port: 22, User: "cumulus", Identity: []string{"~/.ssh/id"}},
			want: []string{"cumulus@192.0.2.1:22"}, identity: "HOME/.ssh/id", known: "HOME/.ssh/known_hosts",
		},
		{
			name: "all from the config", config: config, endpoint: model.Endpoint{Host: "leaf1"},
			want: []string{"jump@198.51.100.7:2200", "fromconfig@leaf1.example.net:2222"}, identity: "HOME/.ssh/fleet", known: "HOME/.ssh/fleet_hosts",
		},
		{
			name: "the endpoint goes first", config: config,
			endpoint: model.Endpoint{Host: "leaf1", Port: 22, User: "cumulus", Identity: []string{"/keys/k"}, Jump: "oob", KnownHosts: "/keys/hosts"},
			want:     []string{localUser() + "@oob:22", "cumulus@leaf1.example.net:22"}, identity: "/keys/k HOME/.ssh/fleet", known: "/keys/hosts",
		},
		{
			name: "the lab asks nobody", config: config, endpoint: model.Endpoint{Host: "leaf1", Port: 22, User: "u", OnlyKeys: true, Identity: []string{"/k"}, KnownHosts: "/h"},
			want: []string{"u@leaf1:22"}, identity: "/k", known: "/h",
		},
		{
			name: "no jump", config: config, endpoint: model.Endpoint{Host: "direct", User: "u"},
			want: []string{"u@direct:22"}, known: "HOME/.ssh/known_hosts",
		},
		{
			name: "several jumps", endpoint: model.Endpoint{Host: "192.0.2.1", User: "u", Jump: "a@one, ssh://two:2022,[2001:db8::1]:22"},
			want:  []string{"a@one:22", localUser() + "@two:2022", localUser() + "@[2001:db8::1]:22", "u@192.0.2.1:22"},
			known: "HOME/.ssh/known_hosts",
		},
		{
			name: "IPv6", endpoint: model.Endpoint{Host: "2001:db8::2", User: "u"},
			want: []string{"u@[2001:db8::2]:22"}, known: "HOME/.ssh/known_hosts",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t)
			if tt.config != "" {
				u.write("config", tt.config)
			}
			hops, err := New(Config{}).route(tt.endpoint)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range hops {
				got = append(got, h.user+"@"+h.address())
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			last := hops[len(hops)-1]
			at := func(s string) string { return strings.ReplaceAll(s, "HOME", u.home) }
			if got := strings.Join(last.identity, " "); got != at(tt.identity) {
				t.Errorf("identity %q, want %q", got, at(tt.identity))
			}
			if last.knownHosts[0] != at(tt.known) {
				t.Errorf("known_hosts %q, want %q", last.knownHosts[0], at(tt.known))
			}
			if tt.config != "" && len(hops) == 2 && tt.endpoint.Jump == "" && hops[0].identity[0] != u.path("jump_key") {
				t.Errorf("the jump host's identity is %q", hops[0].identity)
			}
		})
	}
}

// What the parser does not know, OpenSSH is asked about.
func TestMatchExec(t *testing.T) {
	needSSH(t)
	u := newUser(t)
	u.write("config", "Match exec \"true\"\n  Port 2233\n  User matched\n")
	hops, err := New(Config{}).route(model.Endpoint{Host: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	if h := hops[0]; h.port != 2233 || h.user != "matched" {
		t.Errorf("%s@%s", h.user, h.address())
	}
}

func needSSH(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatal("OpenSSH's client is not installed (openssh-client)")
		}
		t.Skip("OpenSSH's client is not installed, so there is nobody to ask")
	}
}

// A file as crypto-policies(7) has it, which nothing but OpenSSH reads: what it
// says of all hosts counts, and what the operator says of his too. A key of the
// default files is no choice.
func TestCryptoPolicies(t *testing.T) {
	needSSH(t)
	u := newUser(t)
	u.write("policy", "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1\nMACs hmac-sha2-256\n")
	u.write("config", "Host leaf1\n  Port 2233\n  HostKeyAlias leaf1.example\n  IdentityAgent none\n  CertificateFile ~/.ssh/fleet-cert.pub\nMatch final all\n  Include "+u.path("policy")+"\n")
	hops, err := New(Config{}).route(model.Endpoint{Host: "leaf1"})
	if err != nil {
		t.Fatal(err)
	}
	h := hops[0]
	if h.port != 2233 || h.known() != "leaf1.example:22" || h.agentSocket() != "" || len(h.certificates) != 1 || h.certificates[0] != u.path("fleet-cert.pub") || len(h.identity) != 0 {
		t.Errorf("%+v", h)
	}
	if len(h.legacy.kex) != 1 || h.legacy.kex[0] != xssh.InsecureKeyExchangeDH14SHA1 || len(h.legacy.macs) != 0 {
		t.Errorf("legacy %+v", h.legacy)
	}
	// The control: without the file nothing old is allowed.
	_ = os.Remove(u.path("config"))
	if hops, err = New(Config{}).route(model.Endpoint{Host: "leaf1"}); err != nil || len(hops[0].legacy.kex) != 0 {
		t.Errorf("%+v, %v", hops, err)
	}
	u.write("config", "Host *\n  ProxyCommand nc %h %p\n")
	if _, err := New(Config{}).route(model.Endpoint{Device: "leaf1", Host: "leaf1"}); err == nil || !strings.Contains(err.Error(), "ProxyJump") {
		t.Errorf("error %v", err)
	}
}

// An old server is refused, unless ~/.ssh/config allows its algorithms for this
// host; then their use is told.
func TestLegacy(t *testing.T) {
	needSSH(t)
	u := newUser(t)
	srv := newServer(t, u.pub, func(s *server) { s.config.KeyExchanges = []string{xssh.InsecureKeyExchangeDH14SHA1} })
	u.knows(srv)
	var told []string
	try := func() error {
		told = nil
		s, err := New(Config{Log: func(_, text string) { told = append(told, text) }}).Dial(t.Context(), u.endpoint(srv))
		if err == nil {
			_ = s.Close()
		}
		return err
	}
	if err := try(); !errors.Is(err, provision.ErrWeak) || !strings.Contains(err.Error(), "KexAlgorithms +") {
		t.Errorf("error %v", err)
	}
	u.write("config", "Host 127.0.0.1\n  KexAlgorithms +diffie-hellman-group14-sha1\n")
	if err := try(); err != nil || len(told) != 1 || !strings.HasPrefix(told[0], "warning: ") || !strings.Contains(told[0], "group14-sha1") {
		t.Errorf("%v, told %q", err, told)
	}
	srv.mu.Lock()
	srv.config.KeyExchanges = nil // it learned better
	srv.mu.Unlock()
	if err := try(); err != nil || len(told) != 0 {
		t.Errorf("%v, told %q", err, told)
	}
}
