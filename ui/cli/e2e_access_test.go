package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"closup/lab/labtest"
	"closup/provision/push"
)

// TestLabAsReal reaches a lab's devices as real ones: by their management
// addresses, with the operator's own key and known_hosts.
func TestLabAsReal(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	b.labUp()
	b.write("real.yaml", b.asReal())
	known := filepath.Join(b.dir, ".ssh", "known_hosts")

	_, errs := b.ends(statusError, "push", "-f", "real.yaml", "--yes")
	for _, want := range []string{"leaf1", "not known yet", "SHA256:"} {
		if !strings.Contains(errs, want) {
			t.Errorf("standard error lacks %q:\n%s", want, errs)
		}
	}
	if _, err := os.Stat(known); err == nil {
		t.Error("a host key was taken without being asked for")
	}

	// Somebody who reads the fingerprints, all in one table, and says no.
	s := b.newScreen(120, 40, "push", "-f", "real.yaml")
	table := s.shows("Take them", 60*time.Second)
	for _, d := range b.record().Devices {
		if !regexp.MustCompile(`(?m)^` + d.Name + ` +` + regexp.QuoteMeta(d.Host) + `\S* +ed25519 +[A-Za-z0-9+/]{43}$`).MatchString(table) {
			t.Errorf("no fingerprint of %s:\n%s", d.Name, table)
		}
	}
	s.write("no\n")
	if status := s.ended(60 * time.Second); status != statusError || !strings.Contains(s.text(), "not taken") {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	// Or takes one, by name.
	s = b.newScreen(120, 40, "diff", "-f", "real.yaml", "--only", "leaf1,leaf2")
	s.shows("2 hosts are not known yet", 60*time.Second)
	s.write("leaf2\n")
	if status := s.ended(60 * time.Second); status != statusError || !strings.Contains(s.text(), "leaf1") {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	if keys, err := os.ReadFile(known); err != nil || strings.Count(string(keys), "\n") != 1 {
		t.Errorf("known_hosts has\n%s, %v", keys, err)
	}

	b.ok("push", "-f", "real.yaml", "--yes", "--accept-new")
	if keys, err := os.ReadFile(known); err != nil || strings.Count(string(keys), "\n") != 6 {
		t.Errorf("known_hosts has\n%s, %v", keys, err)
	}
	out, _ := b.ok("status", "-f", "real.yaml", "--wait", "60s")
	if !strings.Contains(out, "10 of 10 sessions established") {
		t.Errorf("status:\n%s", out)
	}
	b.ok("diff", "-f", "real.yaml")

	// Another key of a device that is known stops it for good.
	keys, err := os.ReadFile(known)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "key")
	keygen(t, other)
	public, err := os.ReadFile(other + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := strings.Cut(string(keys), " ")
	forged := host + " " + strings.Join(strings.Fields(string(public))[:2], " ")
	_, rest, _ := strings.Cut(string(keys), "\n")
	if err := os.WriteFile(known, []byte(forged+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs = b.ends(statusError, "push", "-f", "real.yaml", "--yes", "--accept-new")
	if !strings.Contains(errs, "changed") || !strings.Contains(errs, "SHA256:") {
		t.Errorf("standard error:\n%s", errs)
	}

	// It was reinstalled: both fingerprints are shown, and the new one is taken.
	var name string
	for _, d := range b.record().Devices {
		if strings.Contains(host, d.Host) {
			name = d.Name
		}
	}
	b.ends(statusUsage, "hostkey", "forget", name, "-f", "real.yaml")
	s = b.newScreen(120, 40, "hostkey", "forget", name, "-f", "real.yaml")
	shown := s.shows("Take it", 60*time.Second)
	if strings.Count(shown, "SHA256:") != 2 || !strings.Contains(shown, "on file") || !strings.Contains(shown, "new ") {
		t.Errorf("the screen is\n%s", shown)
	}
	s.write("yes\n")
	if status := s.ended(60 * time.Second); status != statusOK {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	b.ok("diff", "-f", "real.yaml")
	if out, _ := b.ok("hostkey", "forget", name, "-f", "real.yaml", "--yes"); !strings.Contains(out, "nothing to forget") {
		t.Errorf("standard output:\n%s", out)
	}
}

// asReal is the fabric with the lab's addresses as `mgmt`.
func (b *bench) asReal() string {
	b.Helper()
	r := b.record()
	text := fmt.Sprintf(`version: 1
name: article
asn: {spines: 65501+, leafs: 65101+, nodes: 65801+}
loopbacks: {spines: 10.1.2.0/24, leafs: 10.1.1.0/24, nodes: 10.1.3.0/24}
pods: 10.233.64.0/18
services: 10.233.0.0/18
platform: {spines: cumulus, leafs: cumulus, nodes: ubuntu}
network: {nodes: ifupdown2}
access: {user: %s, identity: %s}
links:
  - spine1:swp1 leaf1:swp32
  - spine1:swp2 leaf2:swp32
  - leaf1:swp1 k8s1:eth1
  - leaf2:swp1 k8s2:eth1
  - leaf2:swp2 k8s3:eth1
`, r.Devices[0].User, r.Identity)
	for _, role := range []struct{ key, prefix string }{{"spines", "spine"}, {"leafs", "leaf"}, {"nodes", "k8s"}} {
		text += role.key + ":\n"
		for _, d := range r.Devices {
			if strings.HasPrefix(d.Name, role.prefix) {
				text += fmt.Sprintf("  - {name: %s, mgmt: %s}\n", d.Name, d.Host)
			}
		}
	}
	return text
}

// TestLabConfirm answers the question that stands before every push.
func TestLabConfirm(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	b.labUp()
	before := b.disks()
	for _, c := range []struct {
		name   string
		answer func(*screen)
		status int
	}{
		{"another word", func(s *screen) { s.write("yes\n") }, statusError},
		{"ctrl+c", func(s *screen) { s.press("C-c") }, statusInterrupted},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := b.in(t).newScreen(120, 40, "push", "--lab")
			s.shows("Type article to push", 20*time.Second)
			c.answer(s)
			if status := s.ended(20 * time.Second); status != c.status {
				t.Errorf("status %d, want %d; the screen is\n%s", status, c.status, s.text())
			}
		})
	}
	after := b.disks()
	for device, was := range before {
		if after[device] != was {
			t.Errorf("%s was changed without a confirmation", device)
		}
	}
	if _, errs := b.ends(statusUsage, "push", "--lab", "--no-input"); !strings.Contains(errs, "--yes") {
		t.Errorf("standard error:\n%s", errs)
	}
	if out, _ := b.ends(statusDiffers, "diff", "--lab", "--only", "leaf1"); !strings.Contains(out, "+router bgp 65101") {
		t.Errorf("diff:\n%s", out)
	}
	if out, _ := b.ok("push", "--lab", "--dry-run"); !strings.Contains(out, "+router bgp 65101") {
		t.Errorf("dry run:\n%s", out)
	}

	s := b.newScreen(120, 40, "push", "--lab", "--only", "leaf1,k8s1")
	s.shows("2 lab devices will change", 20*time.Second)
	s.write("article\n")
	if status := s.ended(60 * time.Second); status != statusOK {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	if p, _ := b.push(statusOK, "--only", "leaf1,k8s1"); p.Summary != (push.Summary{Unchanged: 2}) {
		t.Errorf("summary %+v", p.Summary)
	}
	if s := b.status(); s.Summary.SessionsEstablished != 2 {
		t.Errorf("%d ends established, want the 2 of one cable", s.Summary.SessionsEstablished)
	}

	// Interrupted, a command says so by its status.
	watch := b.command("status", "--lab", "--watch", "-o", "json")
	pipe, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(pipe)
	lines.Buffer(nil, 1<<20)
	for range 2 {
		if !lines.Scan() || !json.Valid(lines.Bytes()) {
			t.Errorf("not one document a line: %s", lines.Text())
		}
	}
	if err := watch.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = watch.Wait()
	if status := watch.ProcessState.ExitCode(); status != statusInterrupted {
		t.Errorf("status %d after an interrupt", status)
	}
}

// TestLabNeeds starts a lab where it cannot run: what is missing is said, and
// how to get it.
func TestLabNeeds(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")

	t.Run("without root", func(t *testing.T) {
		for _, path := range []string{filepath.Dir(b.program), filepath.Dir(b.dir), b.dir} {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := b.command("lab", "up", "--backend", "netns")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		if status := cmd.ProcessState.ExitCode(); status != statusError {
			t.Errorf("status %d, %v", status, err)
		}
		if !strings.Contains(string(out), "root") || !strings.Contains(string(out), "sudo") {
			t.Errorf("it says\n%s", out)
		}
	})

	t.Run("without FRR", func(t *testing.T) {
		cmd := b.command("lab", "up")
		hidden := exec.Command("unshare", append([]string{
			"--mount", "sh", "-c", `mount -t tmpfs none /usr/lib/frr && exec "$@"`, "sh",
		}, cmd.Args...)...)
		hidden.Dir, hidden.Env = cmd.Dir, cmd.Env
		out, err := hidden.CombinedOutput()
		if status := hidden.ProcessState.ExitCode(); status != statusError {
			t.Errorf("status %d, %v", status, err)
		}
		if !strings.Contains(string(out), "apt-get install frr") {
			t.Errorf("it says\n%s", out)
		}
	})
	b.gone()
}
