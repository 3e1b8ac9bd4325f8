package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
)

// soon is how long a screen may take that asks nobody.
const soon = 10 * time.Second

// TestLabWizard drives the wizard in a real terminal, from an empty folder to
// Established sessions on real FRR, and opens it again on what it saved.
func TestLabWizard(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	if err := os.Remove(filepath.Join(b.dir, "fabric.yaml")); err != nil {
		t.Fatal(err)
	}

	s := b.newScreen(120, 40)
	s.shows(`▸ article +1 spine, 2 leafs, 3 nodes`, soon)
	s.press("Enter")
	s.shows(`File +fabric\.yaml`, soon)
	s.press("Enter")
	s.shows(`│ Fabric  `, soon)
	s.shows(`saved`, soon)
	for _, title := range []string{"Spines", "Leafs", "Nodes", "Cabling", "Review", "Preview", "Push"} {
		s.press("Tab")
		s.shows("│ "+title+"  ", soon)
	}
	preset, _ := b.ok("new", "--preset", "article")
	if data, err := os.ReadFile(filepath.Join(b.dir, "fabric.yaml")); err != nil || string(data) != preset {
		t.Fatalf("saved: %v\n%s", err, data)
	}

	b.labUp()
	s.press("t")
	s.shows(`article +LAB`, soon)
	s.press("Enter")
	s.shows(`6 devices would change`, 30*time.Second)
	s.press("p")
	s.shows(`type the fabric's name`, soon)
	s.write("article")
	s.press("Enter")
	s.shows(`6 changed`, 90*time.Second)
	s.press("Tab")
	s.shows("│ Live  ", soon)
	s.press("Enter")
	s.shows(`10 of 10`, 60*time.Second)
	s.shows(`54 of 54`, 60*time.Second)
	b.everywhere(b.plan())

	// What came of it is written down.
	s.press("r")
	s.shows(`File +.*article-bringup\.html`, soon)
	s.press("C-u")
	s.write("bringup.md")
	s.press("Enter")
	s.shows(`written to bringup\.md: All is as planned: 10 of 10 sessions, 54 of 54 routes, no finding`, 60*time.Second)
	if text, err := os.ReadFile(filepath.Join(b.dir, "bringup.md")); err != nil || !strings.Contains(string(text), "6 changed") {
		t.Errorf("the report: %v\n%s", err, text)
	}
	s.press("q")
	if status := s.ended(soon); status != statusOK {
		t.Errorf("status %d; the screen is\n%s", status, s.text())
	}

	// Again, in the smallest terminal: what was saved opens, and nothing is left
	// to push.
	s = b.newScreen(80, 24, "--lab")
	s.shows(`article`, soon)
	s.press("9")
	s.shows(`Push`, soon)
	s.press("Enter")
	s.shows(`Every device has its files already`, 30*time.Second)
	s.press("0", "Enter")
	s.shows(`10 of 10`, 30*time.Second)
	s.press("C-c")
	if status := s.ended(soon); status != statusInterrupted {
		t.Errorf("status %d after ctrl+c; the screen is\n%s", status, s.text())
	}
	if after := b.status(); !after.AsExpected() {
		t.Errorf("%+v", after.Summary)
	}
}
