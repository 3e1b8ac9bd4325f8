package ssh

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/model"
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
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("OpenSSH's client is not installed, so there is nobody to ask")
	}
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
