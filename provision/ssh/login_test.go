package ssh

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"

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
