package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDemo goes through the demo as an ordinary user, in two sizes: from the
// first step to Established sessions, a puzzle, and out. It starts no process,
// opens no port but on the loopback, and leaves nothing.
func TestDemo(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			b, home := guest(t)
			begin := time.Now()
			s := b.newScreen(size[0], size[1], "demo")
			s.shows(`SIMULATED`, soon)
			s.shows(`ten steps`, soon)
			for _, title := range []string{"Fabric", "Spines", "Leafs", "Nodes", "Cabling", "Review", "Preview", "Push"} {
				s.press("Tab")
				s.shows("│ "+title+"  ", soon)
			}
			s.press("H")
			s.shows(`hints are off`, soon)
			if strings.Contains(s.text(), "Nothing is written") {
				t.Errorf("the hint is still there:\n%s", s.text())
			}
			s.press("H")
			s.shows(`Nothing is written`, soon)
			proc := b.process()
			if status, _ := os.ReadFile(proc + "/status"); os.Getuid() == 0 && !strings.Contains(string(status), "\nUid:\t"+nobody) {
				t.Fatalf("it is not an ordinary user's:\n%s", status)
			}
			stop := b.watched(proc)
			defer stop()
			s.press("Enter")
			s.shows(`6 devices would change`, time.Minute)
			s.press("p")
			s.shows(`type the fabric's name`, soon)
			s.write("article")
			s.press("Enter")
			s.shows(`6 changed`, time.Minute)
			s.press("Tab")
			s.shows("│ Live  ", soon)
			s.press("Enter")
			s.shows(`10 of 10`, time.Minute)
			s.shows(`54 of 54`, time.Minute)
			t.Logf("from its start to all sessions and routes in %.1f s", time.Since(begin).Seconds())

			s.shows(`p breaks`, soon)
			s.press("p")
			s.shows(`Something is broken`, 30*time.Second)
			s.press("p")
			s.shows(`mended; it was `, 30*time.Second)
			s.shows(`10 of 10`, time.Minute)

			// A leaf more, as it is proposed: its device stands there to be pushed to.
			s.press("4", "a")
			s.shows(`Name +leaf3`, soon)
			s.press("Enter")
			s.shows(`3 leafs`, soon)
			s.press("9")
			s.shows(`The fabric changed since this push`, soon)
			s.press("Enter")
			s.shows(`2 devices would change`, time.Minute)
			s.press("p")
			s.shows(`type the fabric's name`, soon)
			s.write("article")
			s.press("Enter")
			s.shows(`2 changed`, time.Minute)
			s.press("Enter")
			s.shows(`12 of 12`, time.Minute)
			stop()
			files := left(t, home)
			if len(files) == 0 {
				t.Error("no file is seen: the demo has its fabric in one")
			}
			for _, f := range files {
				if ok, _ := filepath.Match("tmp/closup-demo-*/*", strings.Join(strings.SplitN(f, "/", 4)[:3], "/")); !ok {
					t.Errorf("%s is outside of the demo's folder", f)
				}
			}
			s.press("q")
			if status := s.ended(soon); status != statusOK {
				t.Errorf("status %d; the screen is\n%s", status, s.text())
			}
			s.shows(`nothing is left of the demo`, soon)
			if files := left(t, home); len(files) > 0 {
				t.Errorf("left: %s", files)
			}
		})
	}
}

// TestLabSim serves a simulated lab in a terminal, and does to it from another
// what there are commands for.
func TestLabSim(t *testing.T) {
	b := newBench(t, "article")
	s := b.newScreen(120, 40, "lab", "up", "--backend", "sim")
	s.shows(`simulated by this process`, 30*time.Second)
	if _, errs, status := b.run("lab", "up", "--backend", "sim"); status != statusError || !strings.Contains(errs, "already running") {
		t.Errorf("a second one: status %d, %s", status, errs)
	}
	stop := b.watched(b.process())
	defer stop()
	files := []string{"fabric.yaml", "state/closup/labs/article/id_ed25519", "state/closup/labs/article/known_hosts", "state/closup/labs/article/lab.json"}
	if found := left(t, b.dir); !slices.Equal(found, files) {
		t.Errorf("beside its key and what finds it there are files: %s", found)
	}
	out, _ := b.ok("lab", "status")
	if strings.Count(out, "answers") != 6 {
		t.Errorf("lab status:\n%s", out)
	}
	b.ends(statusUnexpected, "status", "--lab")
	b.push(statusOK)
	b.converged(time.Minute)
	if p, _ := b.push(statusOK); p.Summary.Unchanged != 6 {
		t.Errorf("a second push: %+v", p.Summary)
	}
	b.ok("diagnose", "--lab")
	if out, _ := b.ok("trace", "--lab", "10.233.65.7"); !strings.Contains(out, "k8s2") {
		t.Errorf("trace:\n%s", out)
	}
	if out := b.inside("leaf1", "hostname; id -un"); out != "leaf1\nroot\n" {
		t.Errorf("lab exec: %q", out)
	}
	if _, _, status := b.run("lab", "exec", "leaf1", "--", "sh", "-c", "exit 7"); status != 7 {
		t.Errorf("lab exec answers %d of 7", status)
	}
	b.broken("cable-cut", "leaf1:swp1")
	out, _ = b.ends(statusUnexpected, "diagnose", "--lab")
	if !strings.Contains(out, "no-carrier") {
		t.Errorf("a pulled cable:\n%s", out)
	}
	if _, told := b.ok("lab", "mend"); !strings.Contains(told, "cable-cut") {
		t.Errorf("mend says %s", told)
	}
	b.converged(time.Minute)
	stop()
	b.ok("lab", "down")
	if status := s.ended(soon); status != statusOK && status != statusInterrupted {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}
	b.gone()
	if _, err := os.Stat(b.labDir()); err == nil {
		t.Error("its directory is left")
	}
}
