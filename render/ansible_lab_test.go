//go:build linux

package render_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"closup/assets"
	"closup/lab/labtest"
	"closup/lab/netns"
)

func TestMain(m *testing.M) {
	os.Exit(labtest.Main(m))
}

// play is the target ansible of a fabric, written out, with a lab to run it
// against.
type play struct {
	t   *testing.T
	dir string
	lab *netns.Lab
}

func newPlay(t *testing.T, preset string) *play {
	t.Helper()
	need(t, true, "ansible-playbook")
	text, err := assets.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	p := planOf(t, preset, text)
	y := &play{t: t, dir: t.TempDir()}
	for _, f := range filesOf(t, p, "ansible") {
		write(t, filepath.Join(y.dir, f.Path), f.Body)
	}
	// Labs go by their name; another test run may have one of the preset's.
	p.Name = "ansible-test"
	y.lab = labtest.Up(t, p, netns.Options{})
	// A second inventory says where the lab's devices are.
	write(t, filepath.Join(y.dir, "lab.json"), labtest.Inventory(t, p, y.lab, nil))
	return y
}

// run plays it, and gives its output and the last line of each device.
func (y *play) run(arguments ...string) (string, map[string]string, error) {
	y.t.Helper()
	home := y.t.TempDir()
	ctx, cancel := context.WithTimeout(y.t.Context(), 6*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ansible-playbook", append([]string{"site.yml", "-i", "inventory.yml", "-i", "lab.json", "--forks", "6"}, arguments...)...)
	cmd.Dir = y.dir
	cmd.Env = append(os.Environ(), "ANSIBLE_HOME="+home, "ANSIBLE_LOCAL_TEMP="+home, "ANSIBLE_NOCOLOR=1", "ANSIBLE_NOCOWS=1",
		"ANSIBLE_SSH_CONTROL_PATH_DIR="+filepath.Join(home, "c"), "ANSIBLE_SSH_ARGS=-F /dev/null -o ControlMaster=auto -o ControlPersist=60s")
	defer labtest.HangUp(y.t, filepath.Join(home, "c"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = 10 * time.Second
	err := cmd.Run()
	recap := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\S+)\s+: (ok=.*)$`).FindAllStringSubmatch(out.String(), -1) {
		recap[m[1]] = strings.Join(strings.Fields(m[2]), " ")
	}
	return out.String(), recap, err
}

// in runs a command in a device, as root and not through SSH.
func (y *play) in(device, script string) string {
	y.t.Helper()
	var out, stderr bytes.Buffer
	if status, err := y.lab.Exec(y.t.Context(), device, []string{"sh", "-c", script}, nil, &out, &stderr); err != nil || status != 0 {
		y.t.Fatalf("%s: %s: status %d, %v: %s", device, script, status, err, stderr.String())
	}
	return out.String()
}

// TestAnsibleLab plays the article on a lab: it only looks under --check, then
// brings every session up, then has nothing to do; what someone changed beside
// it comes back; and a file that FRR does not take changes nothing.
func TestAnsibleLab(t *testing.T) {
	y := newPlay(t, "article")
	devices := []string{"spine1", "leaf1", "leaf2", "k8s1", "k8s2", "k8s3"}
	at := func(recap map[string]string, want string) {
		t.Helper()
		for _, d := range devices {
			if !strings.Contains(recap[d], want) {
				t.Errorf("%s: %q, want %s", d, recap[d], want)
			}
		}
	}
	all := `{"closup_serial": ["100%"]}`

	managed := y.in("leaf1", "ip -br addr show dev eth0; cat /etc/network/interfaces")
	if out, _, err := y.run("-e", all, "--check", "--diff", "--limit", "leaf1"); err != nil || !strings.Contains(out, "+router bgp 65101") {
		t.Errorf("--check: %v\n%s", err, out)
	}
	if now := y.in("leaf1", "ip -br addr show dev eth0; cat /etc/network/interfaces"); now != managed {
		t.Errorf("--check changed the device:\n%s", now)
	}

	begin := time.Now()
	out, recap, err := y.run("-e", all)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("first run: %v", time.Since(begin))
	at(recap, "unreachable=0 failed=0")
	if strings.Contains(recap["leaf1"], "changed=0") {
		t.Errorf("the first run changed nothing: %v", recap)
	}
	established := 0
	for _, d := range devices {
		established += strings.Count(y.in(d, "vtysh -c 'show bgp neighbors json'"), `"bgpState":"Established"`)
	}
	if established != 10 {
		t.Errorf("%d ends of sessions are established, want 10", established)
	}
	// What was there of others is there still.
	now := y.in("leaf1", "ip -br addr show dev eth0; cat /etc/network/interfaces")
	for _, line := range strings.Split(managed, "\n") {
		if strings.Contains(line, "eth0") && !strings.Contains(now, line) {
			t.Errorf("%q is gone:\n%s", line, now)
		}
	}

	begin = time.Now()
	if out, recap, err = y.run("-e", all); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("second run: %v", time.Since(begin))
	at(recap, "changed=0 unreachable=0 failed=0")

	// Beside the files: a line too much in what runs.
	y.in("leaf1", "vtysh -c 'configure terminal' -c 'router bgp 65101' -c 'neighbor uplinks timers 7 21'")
	if out, recap, err = y.run("-e", all, "--limit", "leaf1"); err != nil || strings.Contains(recap["leaf1"], "changed=0") {
		t.Errorf("%v %v\n%s", err, recap, out)
	}
	if conf := y.in("leaf1", "vtysh -c 'show running-config'"); !strings.Contains(conf, "neighbor uplinks timers 3 9") {
		t.Errorf("the change beside the files is still there:\n%s", conf)
	}

	// A file that is not taken changes nothing, the good ones beside it either.
	before := y.in("k8s1", "cat /etc/hosts /etc/frr/frr.conf")
	write(t, filepath.Join(y.dir, "files/k8s1/etc/hosts"), []byte("# closup: begin\n192.0.2.1 other\n# closup: end\n"))
	conf := filepath.Join(y.dir, "files/k8s1/etc/frr/frr.conf")
	text, err := os.ReadFile(conf)
	if err != nil {
		t.Fatal(err)
	}
	write(t, conf, append([]byte("ruoter bgp 1\n"), text...))
	if out, recap, err = y.run("-e", all, "--limit", "k8s1"); err == nil || !strings.Contains(out, "ruoter") || !strings.Contains(recap["k8s1"], "failed=1") {
		t.Errorf("a wrong file: %v %v\n%s", err, recap, out)
	}
	if after := y.in("k8s1", "cat /etc/hosts /etc/frr/frr.conf"); after != before {
		t.Errorf("a wrong file changed the device:\n%s", after)
	}
}

// TestAnsibleSyntax: ansible-playbook and ansible-inventory read all
// of it, and a play with a module that does not exist is refused.
func TestAnsibleSyntax(t *testing.T) {
	need(t, false, "ansible-playbook", "ansible-inventory")
	ansible := func(dir, program string, arguments ...string) ([]byte, error) {
		cmd := exec.Command(program, arguments...)
		cmd.Dir = dir
		home := t.TempDir()
		var stderr bytes.Buffer
		cmd.Env, cmd.Stderr = append(os.Environ(), "ANSIBLE_HOME="+home, "ANSIBLE_LOCAL_TEMP="+home, "ANSIBLE_NOCOLOR=1"), &stderr
		out, err := cmd.Output()
		if err == nil && strings.Contains(stderr.String(), "WARN") {
			err = fmt.Errorf("a warning")
		}
		if err != nil {
			err = fmt.Errorf("%w: %s", err, stderr.String())
		}
		return out, err
	}
	dir := ""
	for _, name := range []string{"article", "everything"} {
		p := planOf(t, name, cases(t)[name])
		dir = t.TempDir()
		for _, f := range filesOf(t, p, "ansible") {
			write(t, filepath.Join(dir, f.Path), f.Body)
		}
		if out, err := ansible(dir, "ansible-playbook", "--syntax-check", "site.yml"); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		out, err := ansible(dir, "ansible-inventory", "--list")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var inventory struct {
			Meta struct {
				Hostvars map[string]struct {
					Host  string           `json:"ansible_host"`
					Files []map[string]any `json:"closup_files"`
				} `json:"hostvars"`
			} `json:"_meta"`
		}
		if err := json.Unmarshal(out, &inventory); err != nil {
			t.Fatal(err)
		}
		for i := range p.Devices {
			d := &p.Devices[i]
			h := inventory.Meta.Hostvars[d.Name]
			if h.Host != d.Mgmt || len(h.Files) == 0 {
				t.Errorf("%s: %s is %+v", name, d.Name, h)
			}
		}
	}
	tasks := filepath.Join(dir, "roles/closup/tasks/main.yml")
	write(t, tasks, []byte("- name: no such module\n  ansible.builtin.nosuch:\n"))
	if _, err := ansible(dir, "ansible-playbook", "--syntax-check", "site.yml"); err == nil {
		t.Error("a module that does not exist passed")
	}
}
