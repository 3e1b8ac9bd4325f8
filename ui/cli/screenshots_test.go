package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/lab/labtest"
)

// shot is one picture of the wizard: what is done to the lab, the keys that lead
// there from the one before, what is typed then, and what is on the screen.
type shot struct {
	name   string // empty: on the way to the next one
	before func(*bench)
	keys   []string
	typed  string // {keepalive} is another value in each run, so that there is something to push
	shows  string
	wait   time.Duration
}

// shots is the pictures, in order.
var shots = []shot{
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
	{keys: append([]string{"Escape", "2", "g"}, slices.Repeat([]string{"Down"}, 15)...), shows: `▸ Keepalive`},
	{keys: []string{"Enter", "C-u"}, typed: "{keepalive}", shows: `▸ Keepalive +\d `},
	{keys: []string{"Enter"}, shows: `timers\.keepalive is`},
	{name: "secret", before: spoil, keys: []string{"9", "Enter"}, shows: `A password for sudo is needed`, wait: time.Minute},
	{name: "refused", keys: []string{"Escape"}, shows: `would refuse a push`, wait: 2 * time.Minute},
	{name: "raise", keys: []string{"s"}, shows: `y does it`},
	{name: "folder", keys: []string{"n", "i"}, shows: `Install what is missing`},
	{before: mend, keys: []string{"Escape", "Enter"}, shows: `p pushes`, wait: 2 * time.Minute},
	{name: "preflight", keys: []string{"v"}, shows: `checks of \w+`},
	{name: "push", keys: []string{"v"}, shows: `p pushes`},
	{keys: []string{"p"}, typed: "reference", shows: `Keep it +at once`},
	{name: "confirm", keys: []string{"Tab", "Right"}, shows: `within 2 minutes`},
	{name: "pushing", keys: []string{"Enter"}, shows: `waves .*▸`, wait: time.Minute},
	{name: "pending", shows: `On trial on 12 devices`, wait: 5 * time.Minute},
	{name: "over", keys: []string{"c"}, shows: `Done: 12 changed`, wait: time.Minute},
	{name: "live", before: func(b *bench) { b.converged(90 * time.Second) }, keys: []string{"0", "Enter"}, shows: `42 of 42 sessions.*206 of 206`, wait: 60 * time.Second},
	{name: "events", keys: []string{"V"}, shows: `what happened`, wait: 10 * time.Second},
	{name: "findings", keys: []string{"V", "d"}, shows: `leaf01:swp51 +port-down`, wait: 30 * time.Second},
	{name: "guide", keys: []string{"e"}, shows: `Is each port up, with a link`, wait: 30 * time.Second},
	{name: "apply", keys: []string{"a"}, shows: `To do it type`, wait: 30 * time.Second},
	{name: "symptom", keys: []string{"Escape", "Escape", "w"}, typed: "server01 cannot reach pods in rack 2", shows: `enter walks through it`},
	{name: "report", keys: []string{"Escape", "r"}, shows: `Write a bring-up report`},
}

// spoiled is what a push does not go through with, and how it is mended: a sudo
// that asks, no room, a package that lacks, a port that is set down.
var spoiled = []struct{ device, spoil, mend string }{
	{"leaf04", `cp /etc/sudoers.d/closup-lab /root/sudoers.was; sed -i 's/NOPASSWD: *//' /etc/sudoers.d/closup-lab`, `cp /root/sudoers.was /etc/sudoers.d/closup-lab`},
	{"leaf03", `mkdir -p /var/lib/closup; mount -t tmpfs -o size=1m none /var/lib/closup`, `umount /var/lib/closup`},
	{"server03", `mv /usr/lib/frr/frr-reload.py /usr/lib/frr/frr-reload.off`, `mv /usr/lib/frr/frr-reload.off /usr/lib/frr/frr-reload.py`},
	{"server04", `ip link set eth2 down`, `ip link set eth2 up`},
}

func spoil(b *bench) {
	for _, d := range spoiled {
		b.inside(d.device, d.spoil)
	}
}

func mend(b *bench) {
	for _, d := range spoiled {
		b.inside(d.device, d.mend)
	}
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
	for _, theme := range []string{"dark", "light"} {
		for j, size := range [][2]int{{120, 40}, {80, 24}} {
			s := coloured.newScreen(size[0], size[1], "--lab", "--theme", theme)
			keepalive := fmt.Sprint(2 - j) // at first it is 3
			for _, shot := range shots {
				if shot.before != nil {
					shot.before(b)
				}
				for _, k := range shot.keys {
					s.press(k)
					time.Sleep(150 * time.Millisecond) // keys in a hurry are one escape sequence
				}
				if shot.typed != "" {
					s.write(strings.ReplaceAll(shot.typed, "{keepalive}", keepalive))
				}
				s.shows(shot.shows, max(soon, shot.wait))
				time.Sleep(300 * time.Millisecond) // a frame is drawn within it
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
