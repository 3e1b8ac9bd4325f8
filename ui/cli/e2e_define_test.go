package cli

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWizardDefine drives the wizard in real terminals of three sizes: two
// spines, four leafs and eight nodes are defined from nothing, read in the
// preview, and survive going back, a kill -9, and what was half typed then; they
// are pushed to simulated devices and watched until every session is
// Established, in the smallest terminal with a kill -9 in the middle of the push.
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
			p := b.plan()
			if len(p.Devices) != 14 || len(p.Links) != 2*4+8 {
				t.Errorf("%d devices and %d links", len(p.Devices), len(p.Links))
			}
			b.name = p.Name
			b.simulated()
			s = s.pushed(b, size, size[0] == 80)
			s.press("Enter")
			s.shows("│ Live  ", soon)
			s.shows(fmt.Sprintf("%[1]d of %[1]d sess", len(p.Sessions)), late)
			s.press("q")
			if status := s.ended(soon); status != statusOK {
				t.Errorf("status %d; the screen is\n%s", status, s.text())
			}
			if after := b.status(); !after.AsExpected() || after.Summary.SessionsEstablished != len(p.Sessions) {
				t.Errorf("%+v", after.Summary)
			}
		})
	}
}

// late is how long a push or a watch of simulated devices may take on a machine
// that does much else.
const late = 2 * time.Minute

// simulated serves the fabric as simulated devices, until the test ends.
func (b *bench) simulated() {
	b.Helper()
	lab := b.command("lab", "up", "--backend", "sim")
	said, err := lab.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	lab.Stdout = lab.Stderr
	if err := lab.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = lab.Process.Signal(os.Interrupt)
		_ = lab.Wait()
		b.gone()
	})
	for end := time.Now().Add(late); ; time.Sleep(50 * time.Millisecond) {
		if _, _, status := b.run("lab", "status", b.name); status == statusOK {
			break
		}
		if time.Now().After(end) {
			b.Fatal("the simulated lab does not come up")
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
}

// pushed pushes to the lab from the push step. Where cut is asked for, the
// wizard is killed in the middle of it, and the next one ends what it began.
func (s *screen) pushed(b *bench, size [2]int, cut bool) *screen {
	s.Helper()
	begin := func() {
		s.press("9")
		s.shows("│ Push  ", soon)
		s.press("t")
		s.shows(" LAB ", soon)
		s.press("Enter")
		s.shows(`would .*p pushes\.`, late)
		s.press("p")
		s.shows(`type the fabric's name`, soon)
		s.write(b.name)
		s.press("Enter")
	}
	begin()
	if cut {
		s.shows(`activate|verify`, late)
		s.kill()
		s.shows(`closup was killed`, soon)
		s = b.newScreen(size[0], size[1])
		s.shows("│ Push  ", soon)
		s.press("t")
		s.shows(`The last push was cut off`, soon)
		s.press("t", "1")
		begin()
	}
	s.shows(`Done: `, late)
	return s
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
