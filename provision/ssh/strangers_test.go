package ssh

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"closup/model"
	"closup/provision"
)

// A fleet that nobody knows is met in one go: those that are known are left
// alone, those that do not answer are not told of, and those behind a jump host
// come after it.
func TestStrangers(t *testing.T) {
	u := newUser(t)
	before := runtime.NumGoroutine()
	known, one, two, behind, dead := newServer(t, u.pub), newServer(t, u.pub), newServer(t, u.pub), newServer(t, u.pub), newServer(t, u.pub)
	hop := newServer(t, u.pub, forwarding)
	dead.stop()
	u.knows(known)
	var endpoints []model.Endpoint
	for i, s := range []*server{known, one, dead, two, behind, behind} {
		e := u.endpoint(s)
		e.Device = fmt.Sprintf("leaf%d", i)
		if s == behind {
			e.Jump = hop.address()
		}
		endpoints = append(endpoints, e)
	}
	tr := New(Config{})
	var rounds []string
	for {
		met := tr.Strangers(t.Context(), endpoints)
		if len(met) == 0 {
			break
		}
		var round []string
		for _, s := range met {
			round = append(round, strings.Join(s.Devices, "+")+map[bool]string{true: " jump"}[s.Jump])
			for _, have := range []*server{one, two, hop, behind} {
				if s.Address == have.address() && s.SHA256 != xssh.FingerprintSHA256(have.keys[0].PublicKey()) {
					t.Errorf("the fingerprint of %s is %s", s.Address, s.SHA256)
				}
			}
			if s.Type != xssh.KeyAlgoED25519 {
				t.Errorf("type %s", s.Type)
			}
			if err := tr.Accept(s); err != nil {
				t.Fatal(err)
			}
		}
		rounds = append(rounds, strings.Join(round, ", "))
	}
	if got := strings.Join(rounds, "; "); got != "leaf1, leaf3, leaf4+leaf5 jump; leaf4+leaf5" {
		t.Errorf("met %s", got)
	}
	for _, s := range []*server{known, one, two, behind} {
		if n := s.get(&s.offered) + s.get(&s.logins); n > 0 {
			t.Errorf("%d logins before anybody agreed", n)
		}
	}
	if known.get(&known.connections) > 0 {
		t.Error("a host that is known was dialled")
	}
	s := dial(t, tr, endpoints[5])
	_ = s.Close()

	// One who is somebody else by the time of the login is refused.
	swapped := newServer(t, u.pub)
	met := tr.Strangers(t.Context(), []model.Endpoint{u.endpoint(swapped)})
	met[0].key = signer(t).PublicKey()
	if err := tr.Accept(met[0]); err != nil {
		t.Fatal(err)
	}
	var changed *provision.HostKeyError
	if _, err := tr.Dial(t.Context(), u.endpoint(swapped)); !errors.As(err, &changed) || !changed.Changed {
		t.Errorf("error %v", err)
	}
	for _, s := range []*server{known, one, two, behind, hop, swapped} {
		s.stop()
	}
	noLeak(t, before)
}

// A reinstalled host: both fingerprints are told, then the new key is held to.
func TestReplace(t *testing.T) {
	u := newUser(t)
	srv, hop := newServer(t, u.pub), newServer(t, u.pub, forwarding)
	e := u.endpoint(srv)
	tr := New(Config{})
	if _, err := tr.Changed(t.Context(), e); !errors.Is(err, ErrStranger) {
		t.Errorf("a host that nobody knows: %v", err)
	}
	u.knows(srv)
	if r, err := tr.Changed(t.Context(), e); err != nil || r != nil {
		t.Errorf("a host that did not change: %+v, %v", r, err)
	}
	old, other := rsaSigner(t).PublicKey(), knownhosts.Line([]string{"other"}, signer(t).PublicKey())
	hashed := xknownhosts.Line([]string{xknownhosts.HashHostname(xknownhosts.Normalize(srv.address()))}, signer(t).PublicKey())
	u.write("known_hosts", "# mine\n"+other+"\n"+knownhosts.Line([]string{srv.address(), "leaf1"}, old)+"\n"+hashed+"\n")
	r, err := tr.Changed(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Old) != 2 || !strings.Contains(r.Old[0], xssh.FingerprintSHA256(old)) || !strings.HasSuffix(r.New, xssh.FingerprintSHA256(srv.keys[0].PublicKey())) {
		t.Errorf("%+v", r)
	}
	if srv.get(&srv.offered) > 0 {
		t.Error("keys were shown to a host that changed")
	}
	if err := tr.Replace(r); err != nil {
		t.Fatal(err)
	}
	want := "# mine\n" + other + "\n" + knownhosts.Line([]string{"leaf1"}, old) + "\n" + knownhosts.Line([]string{srv.address()}, srv.keys[0].PublicKey()) + "\n"
	if got := u.read("known_hosts"); got != want {
		t.Errorf("known_hosts:\n%swant\n%s", got, want)
	}
	if !strings.Contains(u.read("known_hosts.old"), "|1|") {
		t.Error("the file as it was is not kept")
	}
	if info, err := os.Stat(u.path("known_hosts")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	_ = dial(t, tr, e).Close()

	// The jump host first, the device behind it after that.
	someoneElse(u, hop)
	u.write("known_hosts", u.read("known_hosts")+knownhosts.Line([]string{srv.address()}, srv.keys[0].PublicKey())+"\n")
	e.Jump = hop.address()
	r, err = tr.Changed(t.Context(), e)
	if err != nil || r == nil || !r.Jump || r.Address != hop.address() {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := tr.Replace(r); err != nil {
		t.Fatal(err)
	}
	if r, err := tr.Changed(t.Context(), e); err != nil || r != nil {
		t.Errorf("%+v, %v", r, err)
	}

	// A pattern that has another key stays for its other hosts; a key that is
	// revoked is not taken.
	pattern := "127.0.0.* " + strings.SplitN(knownhosts.Line([]string{"x"}, old), " ", 2)[1] + "\n"
	u.write("known_hosts", pattern+knownhosts.Line([]string{hop.address()}, hop.keys[0].PublicKey())+"\n")
	r, err = tr.Changed(t.Context(), e)
	if err != nil || r == nil || r.Jump {
		t.Fatalf("%+v, %v", r, err)
	}
	if err := tr.Replace(r); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(u.read("known_hosts"), pattern) {
		t.Errorf("a pattern was changed:\n%s", u.read("known_hosts"))
	}
	if r, err := tr.Changed(t.Context(), e); err != nil || r != nil {
		t.Errorf("%+v, %v", r, err)
	}
	u.write("known_hosts", "@revoked * "+string(xssh.MarshalAuthorizedKey(srv.keys[0].PublicKey()))+knownhosts.Line([]string{srv.address()}, old)+"\n")
	e.Jump = ""
	if r, err := tr.Changed(t.Context(), e); err == nil || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("a revoked key: %+v, %v", r, err)
	}
	srv.stop()
	u.knows(srv)
	if _, err := tr.Changed(t.Context(), e); !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
}

func TestForgotten(t *testing.T) {
	const key = " ssh-ed25519 AAAA"
	hash := func(name string) string { return xknownhosts.HashHostname(name) }
	tests := []struct{ name, in, out string }{
		{"alone", "192.0.2.1" + key + "\nother" + key + "\n", "other" + key + "\n"},
		{"among others", "leaf1,192.0.2.1,x" + key + " comment\n", "leaf1,x" + key + " comment\n"},
		{"hashed", hash("192.0.2.1") + key + "\n" + hash("192.0.2.2") + key + "\n", ""},
		{"another port", "[192.0.2.1]:2222" + key + "\n", "[192.0.2.1]:2222" + key + "\n"},
		{"patterns stay", "192.0.2.*" + key + "\n", "192.0.2.*" + key + "\n"},
		{"markers stay", "@revoked 192.0.2.1" + key + "\n@cert-authority 192.0.2.1" + key + "\n", "@revoked 192.0.2.1" + key + "\n@cert-authority 192.0.2.1" + key + "\n"},
		{"comments stay", "# 192.0.2.1 x\n\n  \n", "# 192.0.2.1 x\n\n  \n"},
		{"without a last line break", "a" + key + "\n192.0.2.1" + key, "a" + key + "\n"},
		{"damaged", "192.0.2.1\n|1|x|y" + key + "\n", "192.0.2.1\n|1|x|y" + key + "\n"},
	}
	for _, tt := range tests {
		got := string(forgotten([]byte(tt.in), "192.0.2.1"))
		if tt.name == "hashed" {
			tt.out = tt.in[strings.Index(tt.in, "\n")+1:]
		}
		if got != tt.out {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.out)
		}
	}
}
