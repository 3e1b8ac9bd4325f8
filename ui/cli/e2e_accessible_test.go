package cli

import (
	"strings"
	"testing"
)

// TestAccessible answers the questions of the wizard without a screen in a real
// terminal: what was printed stays where it is.
func TestAccessible(t *testing.T) {
	b := newBench(t, "article")
	s := b.newScreen(80, 24, "--accessible")
	s.shows(`Step \[Fabric\]:$`, soon)
	before := s.scrolled()
	for _, c := range [][2]string{
		{"Nodes", `Nodes \(add, many, change, delete, go on\) \[go on\]:$`},
		{"change", `Device:$`},
		{"k8s9", `Not taken: there is no "k8s9"`},
		{"k8s1", `Name \[k8s1\]:$`},
		{":steps", `Step \[Nodes\]:$`},
	} {
		s.write(c[0])
		s.press("Enter")
		s.shows(c[1], soon)
	}
	after := s.scrolled()
	if !strings.HasPrefix(after, strings.TrimRight(before, " \n")) {
		t.Errorf("what stood there was drawn over; it was\n%s\nand is\n%s", before, after)
	}
	s.press("C-c")
	if status := s.ended(soon); status != statusInterrupted {
		t.Errorf("status %d after ctrl+c; the screen is\n%s", status, s.text())
	}
}

// scrolled is all that the terminal has shown, from its first line.
func (s *screen) scrolled() string {
	s.Helper()
	return s.tmux("capture-pane", "-p", "-J", "-S", "-")
}
