package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"closup/lab/labtest"
)

// shots is the pictures of the wizard, in order: the keys that lead there from
// the one before, and what is on the screen then.
var shots = []struct {
	name  string // empty: on the way to the next one
	keys  []string
	typed string
	shows string
	wait  time.Duration
}{
	{name: "open", shows: `go on`},
	{name: "fabric", keys: []string{"2", "Down"}, shows: `│ Fabric  `},
	{name: "spines", keys: []string{"3"}, shows: `│ Spines  `},
	{name: "leafs", keys: []string{"4", "Down", "Right", "Right"}, shows: `│ Leafs  `},
	{name: "border", keys: []string{"4", "G", "o"}, shows: `to the outside`},
	{name: "many", keys: []string{"5", "b"}, typed: "server[05-08] 192.168.200.[35-38] rack1", shows: `server05 to`},
	{name: "nodes", keys: []string{"C-x", "Escape", "5", "Down"}, shows: `│ Nodes  .*`},
	{name: "cabling", keys: []string{"6", "Down", "Down", "Right"}, shows: `│ Cabling  `},
	{name: "review", keys: []string{"7"}, shows: `│ Review  `},
	{name: "drawing", keys: []string{"V", "Down", "Down"}, shows: `leaf01 +leaf +AS`},
	{name: "preview", keys: []string{"8", "Enter", "e", "Down", "Down", "Down"}, shows: `│ Preview  `},
	{name: "targets", keys: []string{"e", "Escape", "v", "v", "v", "Enter"}, shows: `report\.md`},
	{name: "palette", keys: []string{"Escape", ":"}, typed: "push", shows: `as a command`},
	{name: "help", keys: []string{"Escape", "?"}, shows: `Everywhere`},
	{keys: []string{"Escape", "9", "Enter"}, shows: `p pushes|has its files already`, wait: 2 * time.Minute},
	{name: "preflight", keys: []string{"v"}, shows: `checks of spine01`},
	{name: "push", keys: []string{"v"}, shows: `p pushes|has its files already`},
	{name: "live", keys: []string{"0", "Enter"}, shows: `42 of 42 sessions.*206 of 206`, wait: 60 * time.Second},
	{name: "events", keys: []string{"V"}, shows: `what happened`, wait: 10 * time.Second},
	{name: "findings", keys: []string{"V", "d"}, shows: `leaf01:swp51 +port-down`, wait: 30 * time.Second},
	{name: "guide", keys: []string{"e"}, shows: `Is each port up, with a link`, wait: 30 * time.Second},
	{name: "apply", keys: []string{"a"}, shows: `To do it type`, wait: 30 * time.Second},
	{name: "symptom", keys: []string{"Escape", "Escape", "w"}, typed: "server01 cannot reach pods in rack 2", shows: `enter walks through it`},
	{name: "report", keys: []string{"Escape", "r"}, shows: `Write a bring-up report`},
}

// TestScreenshots takes the pictures of docs/screens of the wizard on a lab of
// real FRR: `make screenshots`.
func TestScreenshots(t *testing.T) {
	dir := os.Getenv("CLOSUP_SCREENSHOTS")
	if dir == "" {
		t.Skip("make screenshots takes them")
	}
	labtest.Turn(t)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, "reference")
	b.labUp()
	coloured := *b // tests have no colours, pictures do
	coloured.program = filepath.Join(b.dir, "coloured")
	script := "#!/bin/sh\nunset NO_COLOR\nTERM=tmux-256color COLORTERM=truecolor exec " + b.program + ` "$@"` + "\n"
	if err := os.WriteFile(coloured.program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	pictures := newAlbum()
	defer pictures.group.Wait()
	for i, theme := range []string{"dark", "light"} {
		for j, size := range [][2]int{{120, 40}, {80, 24}} {
			s := coloured.newScreen(size[0], size[1], "--lab", "--theme", theme)
			for _, shot := range shots {
				for _, k := range shot.keys {
					s.press(k)
					time.Sleep(150 * time.Millisecond) // keys in a hurry are one escape sequence
				}
				if shot.typed != "" {
					s.write(shot.typed)
				}
				s.shows(shot.shows, max(soon, shot.wait))
				time.Sleep(300 * time.Millisecond) // a frame is drawn within it
				if i+j == 0 && shot.name == "push" {
					pictures.save(s, filepath.Join(dir, fmt.Sprintf("%s-%s-%dx%d.png", shot.name, theme, size[0], size[1])), grounds[theme])
					s.press("p")
					s.shows(`type the fabric.s name`, soon)
					s.write("reference")
					s.press("Enter")
					s.shows(`12 changed`, 10*time.Minute)
					b.converged(90 * time.Second)
					continue
				}
				if shot.name == "events" {
					b.inside("leaf01", "ip link set swp51 down")
					s.shows(`leaf01 +swp51 to spine01 is (Idle|Active|Connect)`, 30*time.Second)
					s.shows(`port-down: `, time.Minute) // it asks why by itself
				}
				if shot.name != "" {
					pictures.save(s, filepath.Join(dir, fmt.Sprintf("%s-%s-%dx%d.png", shot.name, theme, size[0], size[1])), grounds[theme])
				}
			}
			b.inside("leaf01", "ip link set swp51 up")
			s.press("Escape")
			b.converged(90 * time.Second)
			s.press("q")
			s.ended(soon)
		}
	}
}
