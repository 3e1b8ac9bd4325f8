package ssh

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"closup/model"
	"closup/provision"
)

// hop is one SSH server on the way to a device, with all that the login needs.
type hop struct {
	device         string // the device that is being reached
	jump           bool   // a host on the way to it
	host           string
	port           int
	user           string
	identity       []string // paths, in order
	identitiesOnly bool
	onlyKeys       bool // nothing of this user's: no agent, no files of his
	knownHosts     []string
	alias          string // what known_hosts calls it (HostKeyAlias); empty: its address
	certificates   []string
	agent          string // IdentityAgent; empty: $SSH_AUTH_SOCK
	legacy         legacy
	timeout        time.Duration
}

func (h hop) address() string { return net.JoinHostPort(h.host, strconv.Itoa(h.port)) }

// known is the address that known_hosts has it under.
func (h hop) known() string {
	if h.alias != "" {
		return net.JoinHostPort(h.alias, "22")
	}
	return h.address()
}

// agentSocket is where the agent listens; empty: there is none, or none is
// wanted.
func (h hop) agentSocket() string {
	switch {
	case h.onlyKeys, h.agent == "none":
		return ""
	case h.agent == "", h.agent == "SSH_AUTH_SOCK":
		return os.Getenv("SSH_AUTH_SOCK")
	case strings.HasPrefix(h.agent, "$"):
		return os.Getenv(strings.Trim(h.agent, "${}"))
	}
	return h.expand(h.agent)
}

// title is the name without an address, for a question.
func (h hop) title() string {
	if h.jump || h.device == "" {
		return h.name()
	}
	return h.device
}

// name is what a message calls the hop.
func (h hop) name() string {
	switch {
	case h.jump:
		return "the jump host " + h.address()
	case h.device == "":
		return h.address()
	}
	return fmt.Sprintf("%s (%s)", h.device, h.address())
}

// route is the way to an endpoint: jump hosts first, the device last. What
// the endpoint leaves open comes from ~/.ssh/config, then from OpenSSH's
// defaults.
func (t *Transport) route(e model.Endpoint) ([]hop, error) {
	wrong := func(err error) error {
		return &provision.DeviceError{Device: e.Device, Where: e.Host, Kind: provision.ErrUnreachable, Detail: err.Error(), Err: err}
	}
	if e.Host == "" {
		return nil, &provision.DeviceError{
			Device: e.Device, Kind: provision.ErrUnreachable,
			Detail: "no management address is known; give it one as mgmt",
		}
	}
	s := noSettings
	if !e.OnlyKeys {
		var err error
		if s, err = t.userSettings(); err != nil {
			return nil, wrong(err)
		}
	}
	if command := s.get(e.Host, "ProxyCommand"); e.Jump == "" && command != "" && command != "none" {
		return nil, wrong(errors.New("~/.ssh/config has a ProxyCommand for it, which closup does not run; name a jump host there by ProxyJump, or as access.jump"))
	}
	var hops []hop
	if jump := cmp.Or(e.Jump, s.get(e.Host, "ProxyJump")); jump != "" && jump != "none" {
		for spec := range strings.SplitSeq(jump, ",") {
			j, err := parseJump(spec)
			if err != nil {
				return nil, wrong(err)
			}
			j.Device, j.Identity, j.OnlyKeys = e.Device, e.Identity, e.OnlyKeys
			j.KnownHosts, j.Timeout = e.KnownHosts, e.Timeout
			h := newHop(j, s)
			h.jump = true
			hops = append(hops, h)
		}
	}
	return append(hops, newHop(e, s)), nil
}

func newHop(e model.Endpoint, s *settings) hop {
	h := hop{
		device: e.Device, onlyKeys: e.OnlyKeys,
		host:    cmp.Or(strings.ReplaceAll(s.get(e.Host, "HostName"), "%h", e.Host), e.Host),
		port:    e.Port,
		user:    cmp.Or(e.User, s.get(e.Host, "User"), localUser()),
		timeout: cmp.Or(e.Timeout, dialTimeout),
	}
	if h.port == 0 {
		h.port, _ = strconv.Atoi(s.get(e.Host, "Port"))
		h.port = cmp.Or(h.port, 22)
	}
	h.identitiesOnly = e.OnlyKeys || strings.EqualFold(s.get(e.Host, "IdentitiesOnly"), "yes")
	h.alias, h.agent = s.get(e.Host, "HostKeyAlias"), s.get(e.Host, "IdentityAgent")
	h.legacy = legacyOf(e.Host, s)
	for _, path := range s.all(e.Host, "CertificateFile") {
		h.certificates = append(h.certificates, h.expand(path))
	}
	for _, path := range e.Identity {
		h.identity = append(h.identity, h.expand(path))
	}
	// `ssh -G` names the default files too, where no other is chosen.
	if named := s.all(e.Host, "IdentityFile"); !slices.Equal(named, s.usual("IdentityFile")) {
		for _, path := range named {
			if path != "none" {
				h.identity = append(h.identity, h.expand(path))
			}
		}
	}
	if len(h.identity) == 0 && !e.OnlyKeys {
		for _, name := range defaultKeys {
			if path := h.expand("~/.ssh/" + name); exists(path) || exists(path+".pub") {
				h.identity = append(h.identity, path)
			}
		}
	}
	files := strings.Fields(s.get(e.Host, "UserKnownHostsFile"))
	switch {
	case e.KnownHosts != "":
		files = []string{e.KnownHosts}
	case len(files) == 0:
		files = []string{"~/.ssh/known_hosts"}
	}
	for _, path := range files {
		h.knownHosts = append(h.knownHosts, h.expand(path))
	}
	if !e.OnlyKeys {
		h.knownHosts = append(h.knownHosts, "/etc/ssh/ssh_known_hosts")
	}
	return h
}

// defaultKeys are the files that are tried where none is named, the best first.
var defaultKeys = []string{"id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"}

// expand fills in what ssh_config(5) allows in a path: ~ and the tokens.
func (h hop) expand(path string) string {
	path = strings.Trim(path, `"`)
	home, _ := os.UserHomeDir()
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		path = filepath.Join(home, rest)
	}
	if !strings.Contains(path, "%") {
		return path
	}
	return strings.NewReplacer("%%", "%", "%d", home, "%h", h.host, "%p", strconv.Itoa(h.port), "%r", h.user, "%u", localUser()).Replace(path)
}

// parseJump reads [user@]host[:port], with or without ssh:// before it.
func parseJump(spec string) (model.Endpoint, error) {
	var e model.Endpoint
	text := strings.TrimPrefix(strings.TrimSpace(spec), "ssh://")
	if i := strings.LastIndex(text, "@"); i >= 0 {
		e.User, text = text[:i], text[i+1:]
	}
	e.Host = text
	if host, port, err := net.SplitHostPort(text); err == nil {
		n, err := strconv.Atoi(port)
		if err != nil || n < 1 || n > 65535 {
			return e, fmt.Errorf("the jump host %q has no valid port", spec)
		}
		e.Host, e.Port = host, n
	}
	e.Host = strings.Trim(e.Host, "[]")
	if e.Host == "" {
		return e, fmt.Errorf("the jump host %q has no name; write [user@]host[:port]", spec)
	}
	return e, nil
}

func localUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return os.Getenv("USER")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
