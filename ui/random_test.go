package ui

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"closup/ui/work"
)

// scraps is what the random hand types and pastes.
var scraps = []string{
	"leaf[3-5]", "spine9", "k[1-2]", "x", "", "[", "leaf[1-99999999]", "10.0.0.0/8", "65101+", "4200000000", "-1", "ü√", "\x1b[31m", "a\nb\nc", "name,mgmt,rack\nz1,192.0.2.91,r1\nz2,oops oops,r1", "k[21-24] 192.0.2.[31-34]\n\n# x\n- {name: w9}",
	"spine1:swp7", "leaf1:swp9", "control-plane", "[{port: swp44, asn: 65254}]", "192.0.2.[1-3]", "true", "{", "\"", "two", strings.Repeat("y", 300),
}

// unreal is the scenes whose fabric is made up for the picture: nothing that is
// saved can be compared with it.
var unreal = []string{"open/broken", "frame/nothing"}

// TestRandomKeys presses keys, pastes and resizes at random over all screens:
// nothing panics, the screen always has the terminal's size, and what is on
// disk is what is shown.
func TestRandomKeys(t *testing.T) {
	keys := make([]string, 0, 2*len(named))
	for name := range named {
		if name != "ctrl+c" {
			keys = append(keys, name)
		}
	}
	keys = append(keys, strings.Split("1 2 3 4 5 6 7 8 9 0 a e x s p A v d c f w / u U r t o m n q ? h j k l g G : , b y i K J T V z", " ")...)
	slices.Sort(keys)
	// CLOSUP_FUZZ is how long to go on with other seeds, as `make fuzz-keys` does.
	long, _ := time.ParseDuration(os.Getenv("CLOSUP_FUZZ"))
	first, until := uint64(0), time.Now().Add(long)
	if long > 0 {
		first = uint64(time.Now().UnixNano())
	}
	for seed := first; seed < first+4 || time.Now().Before(until); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			hand := rand.New(rand.NewPCG(seed, 1))
			d := opened(t, 80, 24)
			// Every second hand begins in the middle: in a form, in the guide, while
			// a push runs.
			if scene := scenes[hand.IntN(len(scenes))]; seed%2 == 1 && !slices.Contains(unreal, scene.name) {
				scene.play(d)
				d.app.desk.path = d.app.desk.project.Path // a picture may name another
			}
			t.Chdir(t.TempDir()) // what is written to a folder by chance goes with it
			begin := time.Now()
			for i := 0; i < 400 && time.Since(begin) < 5*time.Second; i++ {
				switch n := hand.IntN(40); {
				case n == 0:
					d.tell(tea.WindowSizeMsg{Width: hand.IntN(160), Height: hand.IntN(50)})
				case n < 5:
					d.tell(tea.PasteMsg{Content: scraps[hand.IntN(len(scraps))]})
				case n == 5:
					d.tell(tea.MouseClickMsg{X: hand.IntN(80), Y: hand.IntN(24), Button: tea.MouseLeft})
				case n == 6:
					d.tell(tea.BackgroundColorMsg{})
				default:
					d.press(keys[hand.IntN(len(keys))])
				}
				d.waiting()
				if c := d.app.crash; c != nil {
					t.Fatalf("a panic: %v\n%s", c.value, c.stack)
				}
				d.fits()
			}
			d.saved()
			p, err := work.Open(d.app.desk.path)
			if err != nil || p.Err != nil {
				t.Fatalf("%v, %v", err, p)
			}
			if string(p.Doc.Bytes()) != string(d.app.desk.project.Doc.Bytes()) {
				t.Error("the file is not what is shown")
			}
		})
	}
}

// waiting takes the messages that are there.
func (d *driver) waiting() {
	for {
		select {
		case msg := <-d.msgs:
			d.tell(msg)
		default:
			return
		}
	}
}

// TestScrolling moves the cursor of every list by one row: no line changes but
// the one that it leaves, the one that it comes to, and the cables of its device
// on the drawing. The
// renderer writes only cells that differ, so this is what a key costs the line.
func TestScrolling(t *testing.T) {
	begin := map[string]func(*driver){
		"routes":   func(d *driver) { liveWith(d, breakOne); d.press("v") },
		"sessions": func(d *driver) { liveWith(d, breakOne) },
		"files":    func(d *driver) { d.press("8"); d.only(files(d)); d.press("enter", "e") },
		"palette":  func(d *driver) { d.press("3", ":") },
	}
	for _, step := range []string{"2", "3", "4", "5", "6", "9"} {
		begin[step] = func(d *driver) { d.press(step) }
	}
	for step, play := range begin {
		d := opened(t, 120, 40)
		play(d)
		before := strings.Split(d.app.View().Content, "\n")
		d.press("down")
		changed := 0
		for i, line := range strings.Split(d.app.View().Content, "\n") {
			if line != before[i] {
				changed++
			}
		}
		if changed < 2 || changed > 14 {
			t.Errorf("%s: %d of %d lines change with one row", step, changed, len(before))
		}
	}
}

// frame is how soon a key has to show its effect.
const frame = 16 * time.Millisecond

// threadTime is how long this thread has run. Other programs on the machine do
// not count.
func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// BenchmarkLarge is what one key costs on each screen with 1,000 devices, from
// Update to the end of View, and how much memory all of it takes.
func BenchmarkLarge(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\nname: large\nasn: {spines: 65501+, leafs: 4200000001+, nodes: 4210000001+}\nloopbacks: {spines: 10.1.0.0/24, leafs: 10.2.0.0/16, nodes: 10.3.0.0/16}\nports: {spines: {downlinks: \"swp[1-300]\"}}\n")
	text.WriteString("spines: [{name: \"spine[1-8]\"}]\nleafs: [{name: \"leaf[1-192]\"}]\nnodes: [{name: \"node[1-800]\", homes: 2}]\n")
	path := filepath.Join(b.TempDir(), "fabric.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	p, err := work.Open(path)
	if err != nil || p.Err != nil {
		b.Fatal(err, p.Err)
	}
	a := newApp(b.Context(), Options{Path: path})
	a.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	a.Update(projectMsg{project: p, opened: true})
	status := healthy(p.Plan)
	w := &work.Watcher{}
	a.Update(watchMsg{project: p, watcher: w})
	a.Update(roundMsg{watcher: w, status: status})
	for i, s := range steps {
		b.Run(s.name, func(b *testing.B) {
			a.at = i
			a.all(a.look)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			took := make([]time.Duration, 0, b.N)
			for n := range b.N {
				begin := threadTime()
				a.Update(keyNamed([]string{"down", "pgdown", "right", "down", "up", "left"}[n%6]))
				_ = a.View()
				took = append(took, threadTime()-begin)
			}
			slices.Sort(took)
			p99 := took[len(took)*99/100]
			b.ReportMetric(float64(p99.Microseconds())/1000, "ms-p99")
			if len(took) >= 100 && p99 > frame {
				b.Errorf("the 99th percentile is %v, above %v", p99, frame)
			}
		})
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	b.Logf("%d MiB of memory, %d of them in use", m.Sys>>20, m.HeapInuse>>20)
	if m.Sys > 200<<20 {
		b.Errorf("%d MiB of memory", m.Sys>>20)
	}
	b.Run("round", func(b *testing.B) {
		for range b.N {
			a.Update(roundMsg{watcher: w, status: status})
		}
	})
	b.Run("edit", func(b *testing.B) {
		for range b.N {
			if msg, ok := makeChange(p, change{make: func(p *work.Project) error { return p.Doc.Set("bfd", "true") }})().(projectMsg); !ok || msg.saveErr != nil {
				b.Fatal(msg)
			}
		}
	})
}
