package netns

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// leaveFactory writes what a device has on its disk when it is unpacked: a
// name, a management address, a user, an SSH server; FRR installed and not
// configured. What the machine itself is configured to do is taken away.
func (b box) leaveFactory() error {
	for _, step := range []func() error{
		b.identity, b.interfaces, b.sysctls, b.router, b.login, b.sshServer, b.extra,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// identity: a host name that resolves to 127.0.1.1, as Debian's installer
// writes it, and a machine id.
func (b box) identity() error {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	return writeAll(0o644, map[string]string{
		"/etc/hostname":   b.Hostname + "\n",
		"/etc/hosts":      "127.0.0.1\tlocalhost\n127.0.1.1\t" + b.Hostname + "\n\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n",
		"/etc/machine-id": hex.EncodeToString(id) + "\n",
	})
}

// interfaces: lo and the management port, and nothing of what ifupdown2
// remembers of the machine's.
func (b box) interfaces() error {
	for _, dir := range []string{"/etc/network/interfaces.d", "/var/tmp/network", "/var/lib/ifupdown2"} {
		if err := empty(dir); err != nil {
			return err
		}
	}
	return writeAll(0o644, map[string]string{"/etc/network/interfaces": fmt.Sprintf(`# This file describes the network interfaces of this system and how to
# activate them. See interfaces(5), ifup(8).

source /etc/network/interfaces.d/*.intf

auto lo
iface lo inet loopback

# The management interface
auto %[1]s
iface %[1]s inet static
    address %[2]s
`, b.Mgmt, b.Address)})
}

// sysctls: none of the machine's, also not those of packages, which set what
// devices and machine have in common.
func (b box) sysctls() error {
	for _, dir := range []string{"/etc/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d"} {
		if err := empty(dir); err != nil {
			return err
		}
	}
	return writeAll(0o644, map[string]string{"/etc/sysctl.conf": ""})
}

const (
	etcFRR = "/etc/frr"
	logFRR = "/var/log/frr"
	runFRR = "/run/frr"
)

var enabled = regexp.MustCompile(`(?m)^(zebra|\w+d)=yes`)

// router: FRR as its package leaves it, with no daemon enabled and nothing
// configured.
func (b box) router() error {
	daemons, err := os.ReadFile(filepath.Join(etcFRR, "daemons"))
	if errors.Is(err, fs.ErrNotExist) {
		daemons = []byte("bgpd=no\nbfdd=no\nvtysh_enable=yes\nzebra_options=\"  -A 127.0.0.1 -s 90000000\"\nbgpd_options=\"   -A 127.0.0.1\"\nbfdd_options=\"   -A 127.0.0.1\"\n")
	} else if err != nil {
		return err
	}
	for _, dir := range []string{etcFRR, logFRR} {
		if err := empty(dir); err != nil {
			return err
		}
		if err := ownFRR(dir); err != nil {
			return err
		}
	}
	if err := os.Chmod(etcFRR, 0o750); err != nil {
		return err
	}
	for name, body := range map[string]string{
		"daemons":    enabled.ReplaceAllString(string(daemons), "$1=no"),
		"vtysh.conf": "service integrated-vtysh-config\n",
	} {
		if err := writeFRR(filepath.Join(etcFRR, name), body); err != nil {
			return err
		}
	}
	return nil
}

// sshdConfig works without PAM and without systemd. MaxStartups: a push dials
// all devices at once and some again, and a test one device many times.
const sshdConfig = `Port 22
HostKey /etc/ssh/ssh_host_ed25519_key
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AuthorizedKeysFile .ssh/authorized_keys
AllowTcpForwarding yes
AllowStreamLocalForwarding yes
UseDNS no
PrintMotd no
MaxStartups 200:30:400
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`

// sshServer: a host key of its own, none of the machine's.
func (b box) sshServer() error {
	if err := os.MkdirAll("/etc/ssh", 0o755); err != nil {
		return err
	}
	keys, err := filepath.Glob("/etc/ssh/ssh_host_*")
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := os.Remove(k); err != nil {
			return err
		}
	}
	if err := empty("/etc/ssh/sshd_config.d"); err != nil {
		return err
	}
	if err := writeAll(0o600, map[string]string{"/etc/ssh/ssh_host_ed25519_key": b.HostKey}); err != nil {
		return err
	}
	return writeAll(0o644, map[string]string{"/etc/ssh/sshd_config": sshdConfig + b.SSHD})
}

// extra: files of a device that is configured already.
func (b box) extra() error {
	for _, f := range b.Files {
		if filepath.Dir(f.Path) == etcFRR {
			if err := writeFRR(f.Path, f.Body); err != nil {
				return err
			}
		} else if err := writeAll(0o644, map[string]string{f.Path: f.Body}); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes files by path, in place of whatever stands there: a link to
// elsewhere is not followed.
func writeAll(mode fs.FileMode, files map[string]string) error {
	for path, body := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(path, []byte(body), mode); err != nil {
			return err
		}
	}
	return nil
}

// writeFRR writes a file of FRR's: 0640, its owner's.
func writeFRR(path, body string) error {
	if err := writeAll(0o640, map[string]string{path: body}); err != nil {
		return err
	}
	return ownFRR(path)
}

// ownFRR gives a file to FRR's user as this disk numbers it.
func ownFRR(path string) error {
	users, err := readAccounts("/etc/passwd")
	if err != nil {
		return err
	}
	frr, ok := users.named("frr")
	if !ok {
		return errors.New("FRR's user frr is not in /etc/passwd")
	}
	return os.Chown(path, frr.number(2), frr.number(3))
}

// empty makes dir and removes everything in it.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func trimmed(b []byte) []byte { return []byte(strings.TrimSpace(string(b))) }
