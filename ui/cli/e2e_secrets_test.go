package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"closup/lab/labtest"
)

// The secrets of the run, each found nowhere by chance.
const (
	keyPassphrase = "passphrase-QX7RW2"
	sudoPassword  = "sudopass-QX7RW2"
	bgpPassword   = "bgppass-QX7RW2"
)

// TestLabSecrets pushes by a key with a passphrase to a device whose sudo wants
// a password, and whose router has a password set by hand. While it runs, every
// process of this machine, the devices' among them, is looked at again and
// again, and afterwards every file of both ends is searched. Each look has a
// control that it must find.
func TestLabSecrets(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	b.name = "secrets"
	b.write("fabric.yaml", secretFabric("", nil))
	b.labUp()
	b.ok("push", "--lab", "--yes")
	r := b.record()
	user, hosts := r.Devices[0].User, map[string]string{}
	for _, d := range r.Devices {
		hosts[d.Name] = d.Host
	}
	for i, d := range []string{"spine1", "leaf1"} {
		b.inside(d, fmt.Sprintf(`touch /run/mark; vtysh -c 'conf t' -c 'router bgp %d' -c 'neighbor 203.0.113.9 remote-as 64999' -c 'neighbor 203.0.113.9 password %s' -c 'do write' >/dev/null && grep -q 'password %[2]s' /etc/frr/frr.conf; rm -f /root/.history_frr`, []int{65501, 65101}[i], bgpPassword))
	}
	// spine1 stays a device whose sudo asks nothing.
	b.inside("leaf1", fmt.Sprintf("echo '%s:%s' | chpasswd && printf '%%s\\n' '%s ALL=(ALL:ALL) ALL' 'Defaults logfile=/var/log/sudo.log' >/etc/sudoers.d/closup-lab", user, sudoPassword, user))
	// And its login shell is a noisy one.
	b.inside("leaf1", fmt.Sprintf("printf '%%s\n' 'echo out of .bashrc' 'echo closup-NOISE >&2' >~%s/.bashrc", user))
	key := filepath.Join(b.dir, ".ssh", "id")
	if err := os.MkdirAll(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	private, err := os.ReadFile(r.Identity)
	if err == nil {
		err = os.WriteFile(key, private, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ssh-keygen", "-q", "-p", "-a", "4", "-P", "", "-N", keyPassphrase, "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	b.write("real.yaml", secretFabric(user, hosts))

	watch := watchProcesses(t, keyPassphrase, sudoPassword, bgpPassword)

	// Nobody to ask: it says what to do.
	_, errs := b.ends(statusError, "diff", "-f", "real.yaml", "--only", "spine1")
	if !strings.Contains(errs, "has a passphrase") || !strings.Contains(errs, "ssh-add") {
		t.Errorf("standard error:\n%s", errs)
	}

	// One table, one question. Then it is killed with the secrets in memory, so
	// that Go writes down all that it was doing.
	s := b.newScreen(120, 50, "push", "-f", "real.yaml", "--overwrite-drift")
	table := s.shows("Take them", 60*time.Second)
	if strings.Count(table, "ed25519") < 2 || !strings.Contains(table, "spine1") || !strings.Contains(table, "leaf1") {
		t.Errorf("the table of host keys:\n%s", table)
	}
	s.write("yes\n")
	s.shows("Passphrase of", 60*time.Second)
	s.paste("not it\n")
	s.shows("That was wrong. Passphrase of", 60*time.Second)
	s.paste(keyPassphrase + "\n")
	s.shows("Password for sudo of "+user, 60*time.Second)
	s.paste("not it either\n")
	s.shows("That was wrong. Password for sudo", 60*time.Second)
	s.paste(sudoPassword + "\n")
	s.shows("Type secrets to push", 90*time.Second)
	s.signal(syscall.SIGQUIT)
	s.ended(60 * time.Second)
	dump := s.tmux("capture-pane", "-p", "-S", "-")
	if !strings.Contains(dump, "goroutine ") || !strings.Contains(dump, "[redacted]") {
		t.Errorf("this is no dump, or shows no difference:\n%s", dump)
	}
	tells(t, "the screen", dump)

	s = b.newScreen(120, 50, "push", "-f", "real.yaml", "--overwrite-drift", "-v")
	s.shows("Passphrase of", 60*time.Second)
	s.paste(keyPassphrase + "\n")
	s.shows("Password for sudo of "+user, 60*time.Second)
	s.paste(sudoPassword + "\n")
	s.shows("Type secrets to push", 90*time.Second)
	s.write("secrets\n")
	if status := s.ended(180 * time.Second); status != statusOK {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	tells(t, "the screen", s.tmux("capture-pane", "-p", "-S", "-"))
	// One slip is one failed attempt, and nothing of the script was one.
	if log := b.inside("leaf1", "cat /var/log/sudo.log"); strings.Count(log, "incorrect password attempt") != 1 || !strings.Contains(log, "1 incorrect password attempt") {
		t.Errorf("sudo's log:\n%s", log)
	}

	// The password is right, and he may nothing.
	b.inside("leaf1", "rm /etc/sudoers.d/closup-lab")
	s = b.newScreen(120, 50, "push", "-f", "real.yaml", "--dry-run", "--only", "leaf1")
	s.shows("Passphrase of", 60*time.Second)
	s.paste(keyPassphrase + "\n")
	s.shows("Password for sudo of "+user, 60*time.Second)
	s.paste(sudoPassword + "\n")
	if status := s.ended(90 * time.Second); status != statusError || !strings.Contains(s.text(), "not in sudoers") {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}

	watch.end()
	b.searchFiles(user)
}

// paste types a text that stands on no command line.
func (s *screen) paste(text string) {
	s.Helper()
	load := exec.Command("tmux", "-S", s.socket, "load-buffer", "-")
	load.Stdin = strings.NewReader(text)
	if out, err := load.CombinedOutput(); err != nil {
		s.Fatalf("tmux load-buffer: %v: %s", err, out)
	}
	s.tmux("paste-buffer", "-d")
}

// signal goes to the program in the pane, which is a child of the pane's shell.
func (s *screen) signal(sig syscall.Signal) {
	s.Helper()
	shell := strings.TrimSpace(s.tmux("list-panes", "-F", "#{pane_pid}"))
	data, err := os.ReadFile("/proc/" + shell + "/task/" + shell + "/children")
	if err != nil {
		s.Fatal(err)
	}
	for _, child := range strings.Fields(string(data)) {
		pid, err := strconv.Atoi(child)
		if err == nil {
			err = syscall.Kill(pid, sig)
		}
		if err != nil {
			s.Error(err)
		}
	}
}

// tells fails where a text holds a secret.
func tells(t *testing.T, what, text string) {
	t.Helper()
	for _, secret := range []string{keyPassphrase, sudoPassword, bgpPassword} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds %s:\n%s", what, secret, text)
		}
	}
}

// processes is a look at the arguments and the environment of all processes.
type processes struct {
	t       *testing.T
	secrets []string
	stop    chan struct{}
	work    sync.WaitGroup
	rounds  int
	found   []string
}

// The controls of the look, one as an argument and one in the environment.
const controlArg, controlEnv = "control-arg-QX7RW2", "control-env-QX7RW2"

func watchProcesses(t *testing.T, secrets ...string) *processes {
	t.Helper()
	p := &processes{t: t, secrets: append(secrets, controlArg, controlEnv), stop: make(chan struct{})}
	control := exec.Command("sh", "-c", "read wait; : "+controlArg)
	control.Env = append(os.Environ(), "CONTROL="+controlEnv)
	held, err := control.StdinPipe()
	if err == nil {
		err = control.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = held.Close()
		_ = control.Wait()
	})
	p.work.Go(func() {
		for {
			p.look()
			select {
			case <-p.stop:
				return
			case <-time.After(15 * time.Millisecond):
			}
		}
	})
	return p
}

func (p *processes) look() {
	p.rounds++
	all, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range all {
		for _, name := range []string{"cmdline", "environ"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				continue // it is over
			}
			for _, secret := range p.secrets {
				if line := fmt.Sprintf("%s in %s of %q", secret, name, bytes.ReplaceAll(data[:min(200, len(data))], []byte{0}, []byte{' '})); bytes.Contains(data, []byte(secret)) && !slices.Contains(p.found, line) {
					p.found = append(p.found, line)
				}
			}
		}
	}
}

func (p *processes) end() {
	p.t.Helper()
	close(p.stop)
	p.work.Wait()
	p.t.Logf("every process was looked at %d times", p.rounds)
	controls := map[string]bool{}
	for _, line := range p.found {
		secret, _, _ := strings.Cut(line, " ")
		if secret == controlArg || secret == controlEnv {
			controls[secret] = true
			continue
		}
		p.t.Error(line)
	}
	if len(controls) != 2 {
		p.t.Errorf("the controls were not found, so the look is blind: %v", p.found)
	}
}

// searchFiles looks into every file of the operator's home and state, and into
// what the devices have of their own.
func (b *bench) searchFiles(user string) {
	b.Helper()
	b.write("state/control", "x "+sudoPassword+" x")
	found := map[string]bool{}
	files := 0
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // a device's own mounts come and go
		}
		files++
		data, _ := os.ReadFile(path)
		for _, secret := range []string{keyPassphrase, sudoPassword, bgpPassword} {
			if bytes.Contains(data, []byte(secret)) {
				found[secret+" "+strings.TrimPrefix(path, b.dir)] = true
			}
		}
		return nil
	})
	if err != nil {
		b.Error(err)
	}
	if !found[sudoPassword+" /state/control"] {
		b.Error("the control was not found, so the search is blind")
	}
	delete(found, sudoPassword+" /state/control")
	b.Logf("%d files of the operator's side were searched", files)
	for where := range found {
		if !strings.HasPrefix(where, bgpPassword) || !strings.Contains(where, "/etc/frr/") && !strings.Contains(where, "/var/lib/closup/") {
			b.Errorf("found %s", where)
		}
	}
	for _, d := range []string{"spine1", "leaf1"} {
		script := fmt.Sprintf(`printf x%s >/tmp/control
{ find /etc /var/lib/closup /var/lib/frr /var/log /var/tmp /var/spool /run /tmp /home /opt /srv -type f -cnewer /run/mark; find /root -maxdepth 2 -type f -cnewer /run/mark; } 2>/dev/null >/run/list
while read -r f; do for s in %[1]s %s %s; do grep -qsaF -- "$s" "$f" && echo "$s $(stat -c '%%a %%U' "$f") $f"; done; done </run/list
rm -f /tmp/control /run/list; stat -c '%%a %%U %%n' /var/lib/closup`, keyPassphrase, sudoPassword, bgpPassword)
		out := b.inside(d, script)
		if !strings.Contains(out, keyPassphrase+" ") || !strings.Contains(out, " /tmp/control\n") || !strings.Contains(out, "700 root /var/lib/closup\n") {
			b.Errorf("%s: the control was not found, so the search is blind:\n%s", d, out)
		}
		for line := range strings.Lines(out) {
			secret, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch {
			case strings.HasSuffix(rest, " /tmp/control"), !strings.HasSuffix(secret, "QX7RW2"):
			case secret == bgpPassword && strings.Contains(rest, " /etc/frr/frr.conf"):
			// What a rollback brings back holds it too: root's, in root's directory.
			case secret == bgpPassword && strings.HasPrefix(rest, "600 root /var/lib/closup/"),
				secret == bgpPassword && strings.HasPrefix(rest, "640 frr /var/lib/closup/push/") && strings.HasSuffix(rest, "/old/etc/frr/frr.conf"):
			default:
				b.Errorf("%s: found %s", d, strings.TrimSpace(line))
			}
		}
	}
}

// secretFabric is a spine and a leaf; with hosts, as real devices.
func secretFabric(user string, hosts map[string]string) string {
	mgmt := func(name string) string {
		if hosts == nil {
			return ""
		}
		return ", mgmt: " + hosts[name]
	}
	text := "version: 1\nname: secrets\nasn: {spines: 65501+, leafs: 65101+}\nloopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24}\n"
	if hosts != nil {
		text += "timers: {keepalive: 2, hold: 6, connect: 5}\naccess: {user: " + user + ", identity: ~/.ssh/id}\n"
	}
	return text + "spines:\n  - {name: spine1" + mgmt("spine1") + "}\nleafs:\n  - {name: leaf1" + mgmt("leaf1") + "}\n"
}
