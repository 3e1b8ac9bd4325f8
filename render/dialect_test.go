package render_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"closup/model"
	"closup/render"
)

// dialectTargets print a switch's configuration in the words of its vendor.
var dialectTargets = []string{"devices", "nclu", "nvue", "sonic"}

// dialectCases are the fabrics of testdata/dialects: those that only the
// dialects can print whole.
func dialectCases(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/dialects/*/fabric.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(filepath.Dir(file))] = text
	}
	return out
}

// TestDialectGolden is TestGolden for these.
func TestDialectGolden(t *testing.T) {
	for name, text := range dialectCases(t) {
		dir := filepath.Join("testdata", "dialects", name)
		p := planOf(t, name, text)
		var made []string
		for _, target := range dialectTargets {
			for _, f := range filesOf(t, p, target) {
				file := filepath.Join(dir, target, filepath.FromSlash(f.Path))
				made = append(made, file)
				if *update {
					write(t, file, f.Body)
				} else if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, f.Body) {
					t.Errorf("%s: %v\n%s", file, err, render.Diff("golden", "made", want, f.Body, 3))
				}
			}
		}
		for _, file := range stale(t, dir, made) {
			if !*update {
				t.Errorf("%s is not made any more", file)
			} else if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// dialectPlans are all plans that the dialects are held to: the presets, the
// cases and those of testdata/dialects.
func dialectPlans(t testing.TB) map[string]*model.Plan {
	t.Helper()
	out := map[string]*model.Plan{}
	for name, text := range cases(t) {
		out[name] = planOf(t, name, text)
	}
	for name, text := range dialectCases(t) {
		out["dialects/"+name] = planOf(t, name, text)
	}
	return out
}

// reference is what the files of a device say, had it Cumulus Linux with files.
func reference(t testing.TB, p *model.Plan, d *model.Device) *told {
	t.Helper()
	plain := *d
	plain.Platform, plain.Network, plain.Router = "cumulus", "ifupdown2", "frr"
	all, err := render.Device(p, &plain)
	if err != nil {
		t.Fatal(err)
	}
	m := newTold()
	for _, a := range all {
		var err error
		switch a.Path {
		case "/etc/frr/frr.conf":
			err = m.readFRR(string(a.Body))
		case "/etc/network/interfaces":
			err = m.readInterfaces(string(a.Body))
		}
		if err != nil {
			t.Fatalf("%s of %s: %v", a.Path, d.Name, err)
		}
	}
	return m
}

// commandsOf runs a script by a real shell, in which nv, net and sudo only say
// what they were given: the commands, word by word as the shell makes them. The
// other result is the script's status.
func commandsOf(t testing.TB, script []byte) (commands [][]string, status int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script.sh")
	if err := os.WriteFile(file, script, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `say() { printf '%s\n' "$#" "$@"; }
nv() { say nv "$@"; }
net() { say net "$@"; }
sudo() { say sudo "$@"; }
PATH=/nonexistent
. "$1"`, "sh", file)
	cmd.Env = []string{}
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i := 0; i < len(words) && words[0] != ""; {
		n, err := strconv.Atoi(words[i])
		if err != nil || i+n >= len(words) {
			t.Fatalf("the script said %q", words[i:])
		}
		commands = append(commands, words[i+1:i+1+n])
		i += n + 1
	}
	return commands, cmd.ProcessState.ExitCode()
}

// scriptsOf are a target's scripts by device, those that a device cannot take
// left out.
func scriptsOf(t testing.TB, p *model.Plan, target string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, f := range filesOf(t, p, target) {
		name, _, _ := strings.Cut(f.Path, "/")
		if strings.HasSuffix(f.Path, ".sh") && !bytes.Contains(f.Body, []byte("\nexit 1\n")) {
			out[name] = f.Body
		}
	}
	return out
}

// TestOnlySwitches: a dialect has every switch, whatever its platform, and no
// node; and only the devices that are asked for.
func TestOnlySwitches(t *testing.T) {
	for name, p := range dialectPlans(t) {
		for _, target := range dialectTargets[1:] {
			has := map[string]bool{}
			for _, f := range filesOf(t, p, target) {
				device, _, _ := strings.Cut(f.Path, "/")
				has[device] = true
			}
			for i := range p.Devices {
				if d := &p.Devices[i]; has[d.Name] != d.Role.Switch() {
					t.Errorf("%s: %s, a %s, is in %s: %v", name, d.Name, d.Role, target, has[d.Name])
				}
			}
		}
	}
	p := planOf(t, "article", cases(t)["article"])
	target, _ := render.TargetNamed("nvue")
	var paths []string
	for f, err := range target.Files(p, "leaf2", "k8s1") {
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, f.Path)
	}
	var refused error
	for _, err := range target.Files(p, "k8s1") {
		refused = err
	}
	if refused == nil || !strings.Contains(refused.Error(), "k8s1") {
		t.Errorf("for a node alone: %v", refused)
	}
	if want := []string{"leaf2/nvue.sh", "leaf2/etc/nvue.d/startup.yaml"}; !slices.Equal(paths, want) {
		t.Errorf("%v, want %v", paths, want)
	}
}

// TestUnfitRelease: a device whose release has not got the CLI gets a script
// that says so, runs no command, and fails.
func TestUnfitRelease(t *testing.T) {
	p := planOf(t, "releases", dialectCases(t)["releases"])
	unfit := 0
	for _, target := range []string{"nclu", "nvue"} {
		fits := scriptsOf(t, p, target)
		for _, f := range filesOf(t, p, target) {
			device, _, _ := strings.Cut(f.Path, "/")
			d, _ := p.Device(device)
			if !strings.HasSuffix(f.Path, ".sh") {
				continue
			}
			old := model.CompareReleases(d.Release, "5.0") < 0
			want := old == (target == "nclu") && model.CompareReleases(d.Release, "3.4") >= 0
			if (fits[device] != nil) != want {
				t.Errorf("%s of %s, release %s: it fits: %v", target, device, d.Release, fits[device] != nil)
			}
			commands, status := commandsOf(t, f.Body)
			if want && (status != 0 || len(commands) < 10) || !want && (status != 1 || len(commands) > 0) {
				t.Errorf("%s of %s: status %d, %d commands", target, device, status, len(commands))
			}
			if !want {
				unfit++
				if !bytes.Contains(f.Body, []byte(d.Release)) || !bytes.Contains(f.Body, []byte("closup render --target n")) {
					t.Errorf("%s of %s does not say why, and what instead:\n%s", target, device, f.Body)
				}
			}
		}
	}
	if unfit == 0 {
		t.Error("every release fits")
	}
}
