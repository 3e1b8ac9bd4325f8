package ui

import (
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"closup/ui/work"
)

// follower notes which fabrics simulated devices were to become.
type follower struct {
	mu    sync.Mutex
	sizes []int
	wait  chan struct{} // held until it is closed
	err   error
}

func (f *follower) follow(p *work.Project) error {
	<-f.wait
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sizes = append(f.sizes, len(p.Plan.Devices))
	return f.err
}

// TestDemoFollows: simulated devices become those of the fabric as it is, one
// change after the other; of those that came meanwhile the last one counts, and
// what keeps them from it is said.
func TestDemoFollows(t *testing.T) {
	f := &follower{wait: make(chan struct{})}
	d := opened(t, 80, 24)
	d.app.desk.simulated, d.app.desk.follow = true, f.follow
	for _, name := range []string{"leaf3", "leaf4", "leaf5"} {
		d.press("4", "a")
		d.write(name)
		d.press("enter")
		d.saved()
	}
	if n := len(d.app.desk.project.Plan.Devices); n != 9 {
		t.Fatalf("%d devices", n)
	}
	close(f.wait)
	d.until("the last one was followed", func() bool { return !d.app.desk.following })
	f.mu.Lock()
	if len(f.sizes) != 2 || f.sizes[0] != 7 || f.sizes[1] != 9 {
		t.Errorf("followed: %v devices; want the first change and the last", f.sizes)
	}
	f.err = errors.New("no room for more")
	f.mu.Unlock()
	d.press("u")
	d.saved()
	d.until("why not was said", func() bool { return !d.app.desk.following })
	d.shows("no room for more")
	d.press("9")
	d.shows("The simulated devices:")
	d.shows("on 127.0.0.1")
}

// TestPropose: what is proposed is marked, and typing replaces it; a key that
// moves keeps it.
func TestPropose(t *testing.T) {
	d := opened(t, 80, 24)
	form := func() string { return d.app.screens[3].(*deviceScreen).form.value("name") }
	d.press("4", "a")
	if form() != "leaf3" {
		t.Fatalf("proposed: %s", form())
	}
	marked := d.app.View().Content
	d.press("left")
	if form() != "leaf3" || d.app.View().Content == marked {
		t.Errorf("after an arrow: %s, marked as before: %v", form(), d.app.View().Content == marked)
	}
	d.press("end")
	d.write("x")
	if form() != "leaf3x" {
		t.Errorf("typed behind it: %s", form())
	}
	d.clear()
	d.press("esc", "esc")
	d.app.screens[3].(*deviceScreen).adding = dialog{}
	d.press("4", "a")
	d.write("edge[3-4]")
	if form() != "edge[3-4]" {
		t.Errorf("typed over it: %s", form())
	}
	d.press("enter")
	d.saved()
	if !strings.Contains(d.file(), "edge[3-4]") {
		t.Errorf("not in the file:\n%s", d.file())
	}
}

// TestDemoOffered: who has no fabric is told of the demo, and nobody else is.
func TestDemoOffered(t *testing.T) {
	d := drive(t, filepath.Join(t.TempDir(), "fabric.yaml"), 80, 24)
	d.until("the presets are there", func() bool { return len(d.app.screens[0].(*openScreen).presets) > 0 })
	d.shows("`closup demo`")
	d.fits()
	opened(t, 80, 24).hides("closup demo")
}
