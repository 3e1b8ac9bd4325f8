package lab

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestStateDir(t *testing.T) {
	for _, row := range []struct{ xdg, want string }{
		{"/state", "/state/closup"},
		{"", "/home/me/.local/state/closup"},
		{"relative", "/home/me/.local/state/closup"},
	} {
		t.Setenv("HOME", "/home/me")
		t.Setenv("XDG_STATE_HOME", row.xdg)
		if got, err := StateDir(); err != nil || got != row.want {
			t.Errorf("XDG_STATE_HOME=%s: %q, %v, want %q", row.xdg, got, err, row.want)
		}
	}
}

func TestDirRefusesWhatIsNoName(t *testing.T) {
	for _, name := range []string{"", "..", "a/b", "Article", "a.b", strings.Repeat("a", 33)} {
		if dir, err := Dir(name); err == nil {
			t.Errorf("%q: %s", name, dir)
		}
	}
	if _, err := Dir("article-2017"); err != nil {
		t.Error(err)
	}
}

// record writes a lab.json and gives its directory.
func record(t *testing.T, r Record) string {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir, err := Dir(r.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lab.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpen(t *testing.T) {
	record(t, Record{
		Name: "article", Backend: "sim", Identity: "/k", KnownHosts: "/h", Process: ProcessOf(os.Getpid()),
		Devices: []Device{{"leaf1", "198.18.0.2", 22, "cumulus", ""}, {"k8s1", "127.0.0.1", 2201, "ubuntu", ""}},
	})
	var l Lab
	l, err := Open("article")
	if err != nil {
		t.Fatal(err)
	}
	e, err := l.Endpoint("k8s1")
	if err != nil {
		t.Fatal(err)
	}
	if e.Host != "127.0.0.1" || e.Port != 2201 || e.User != "ubuntu" || !e.OnlyKeys || e.Identity[0] != "/k" || e.KnownHosts != "/h" || e.Jump != "" || e.Timeout == 0 {
		t.Errorf("%+v", e)
	}
	if _, err := l.Endpoint("leaf9"); err == nil || !strings.Contains(err.Error(), "leaf9") {
		t.Errorf("%v, want one that names the device", err)
	}
	if _, err := Open("other"); !errors.Is(err, ErrNotRunning) {
		t.Errorf("%v, want %v", err, ErrNotRunning)
	}
}

// TestOpenOfADeadLab: the process is gone, or its number is another's now.
func TestOpenOfADeadLab(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	other := ProcessOf(os.Getpid())
	other.Started--
	for _, p := range []Process{{}, {PID: dead.Process.Pid}, other} {
		record(t, Record{Name: "article", Backend: "netns", Process: p})
		if _, err := Open("article"); !errors.Is(err, ErrNotRunning) {
			t.Errorf("%+v: %v, want %v", p, err, ErrNotRunning)
		}
	}
}

func TestOpenOfADamagedLab(t *testing.T) {
	dir := record(t, Record{Name: "article"})
	if err := os.WriteFile(filepath.Join(dir, "lab.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("article"); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v, want one that names the file", err)
	}
}
