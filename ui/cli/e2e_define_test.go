package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestWizardDefine drives the wizard in real terminals of three sizes: two
// spines, four leafs and eight nodes are defined from nothing, read in the
// preview, and survive going back, a kill -9, and what was half typed then.
func TestWizardDefine(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			b := newBench(t, "article")
			file := filepath.Join(b.dir, "fabric.yaml")
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			s := b.newScreen(size[0], size[1])
			s.shows(`begin with a name`, soon)
			s.press("G", "Enter")
			s.shows(`File +fabric\.yaml`, soon)
			s.press("Enter")
			s.shows(`│ Fabric  `, soon)
			for _, tier := range []struct{ step, proposed, name, shown string }{
				{"3", `spine\[1-4\]`, "spine[1-2]", `2 spines`},
				{"4", `leaf\[1-4\]`, "leaf[1-4]", `4 leafs`},
				{"5", `node\[1-4\]`, "node[1-8]", `8 nodes`},
			} {
				s.press(tier.step)
				s.shows(`None yet`, soon)
				s.press("a")
				s.shows(tier.proposed, soon)
				s.press("C-u")
				s.write(tier.name)
				s.shows(`devices?: `, soon) // what it makes, before it is taken
				s.press("Enter")
				s.shows(tier.shown, soon)
			}
			// Back over every step and forward again: all is still there.
			for _, title := range []string{"Leafs", "Spines", "Fabric", "Open a fabric"} {
				s.press("Escape")
				s.shows("│ "+title+"  ", soon)
			}
			for _, title := range []string{"Fabric", "Spines", "Leafs", "Nodes", "Cabling", "Review", "Preview"} {
				s.press("Tab")
				s.shows("│ "+title+"  ", soon)
			}
			s.shows(`2 spines, 4 leafs, 8 nodes`, soon)
			s.shows(`router bgp|hostname spine1`, soon)
			s.press("4", "a")
			s.press("C-u")
			s.write("leaf[5-6]")
			s.shows(`leaf5, leaf6`, soon)

			s.kill()
			s.shows(`closup was killed`, soon)
			s.shows(`closup -f fabric\.yaml`, soon)
			if status := s.ended(soon); status != 128+int(syscall.SIGKILL) {
				t.Errorf("status %d after kill -9", status)
			}
			s = b.newScreen(size[0], size[1])
			s.shows(`│ Leafs  `, soon)
			s.shows(`ended without being closed`, soon)
			s.press("a")
			s.shows(`leaf\[5-6\]`, soon)
			s.press("Escape") // a key right behind it would be one with alt
			s.shows(`▸ leaf1 `, soon)
			s.press("q")
			if status := s.ended(soon); status != statusOK {
				t.Errorf("status %d", status)
			}
			p := b.plan()
			if len(p.Devices) != 14 || len(p.Links) != 2*4+8 {
				t.Errorf("%d devices and %d links", len(p.Devices), len(p.Links))
			}
		})
	}
}

// kill ends the program as nothing can catch it.
func (s *screen) kill() {
	s.Helper()
	shell := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", shell).Output()
	if err != nil {
		s.Fatalf("no program in %s: %v", shell, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		s.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.Fatal(err)
	}
}
