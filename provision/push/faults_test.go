package push

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"closup/model"
	"closup/provision/fake"
	"closup/render"
)

// Faults of docs/push.md that need no real device. Their numbers stand there.

// 8: confirm races the timeout. Whoever wins, it is one of them, and both sides
// say the same.
func TestConfirmRacesTheTimeout(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	wins := map[Result]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 8 {
		b := s.box(fmt.Sprint("leaf", i+1))
		standing(b, "old\n")
		w := b.watch(8, b.target("new\n"))
		all.Go(func() {
			units, id := []render.Unit{b.unit()}, NewID()
			if r := s.push(context.Background(), Options{Units: units, ID: id, Confirm: 3 * time.Second}, b.target("new\n")).reports[b.name]; r.Result != Pending {
				t.Errorf("%q %s", r.Result, r.Error)
				return
			}
			time.Sleep(time.Duration(2000+120*i) * time.Millisecond) // some before, some after, some just then
			open := []Open{{Device: b.name, Endpoint: model.Endpoint{Device: b.name}, Push: id}}
			for e := range settle(context.Background(), s, open, Options{Units: units}, s.at) {
				if e.Kind != Done {
					continue
				}
				want := map[Result]string{Changed: "new\n", RolledBack: "old\n"}[e.Report.Result]
				if want == "" || b.read("etc/app.conf") != want || b.read("run/app") != want {
					t.Errorf("%s is %q: %s; it has %q and runs %q", b.name, e.Report.Result, e.Report.Error, b.read("etc/app.conf"), b.read("run/app"))
				}
				w.ended(e.Report.Result)
				mu.Lock()
				wins[e.Report.Result]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	t.Logf("%v", wins)
}

// 9: the wall clock jumps an hour, forward or back. The device's part asks no
// wall clock, and no file's time decides.
func TestWallClockJumps(t *testing.T) {
	t.Parallel()
	for _, jump := range []time.Duration{time.Hour, -time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			b.tool("date", "echo x >>"+b.path("run/asked")+"; exec /bin/date -d '"+fmt.Sprint(int(jump.Seconds()))+" seconds' \"$@\"")
			w := b.watch(9, b.target("new\n"))
			o := Options{Units: []render.Unit{b.unit()}, ID: NewID(), Confirm: 4 * time.Second}
			if r := s.push(t.Context(), o, b.target("new\n")).reports["leaf1"]; r.Result != Pending {
				t.Fatalf("%q %s", r.Result, r.Error)
			}
			pending := time.Now()
			files, err := os.ReadDir(b.path("closup/push/" + o.ID))
			must(t, err)
			for _, f := range files {
				at := time.Now().Add(jump)
				_ = os.Chtimes(b.path("closup/push/"+o.ID+"/"+f.Name()), at, at) // one may be gone by now
			}
			await(t, "the device took the old file back", func() bool { return b.read("closup/push/"+o.ID+"/state") == "rolled-back\n" })
			if waited := time.Since(pending); waited < 2*time.Second { // not at once, as it would an hour later
				t.Errorf("it waited %v of 4s", waited)
			}
			if b.read("run/asked") != "-" {
				t.Error("the wall clock was asked")
			}
			w.ended(RolledBack)
		})
	}
}

// 11: an upload that stops in the middle, at any place, is not run, and what
// arrived is not used.
func TestTruncatedUpload(t *testing.T) {
	t.Parallel()
	for _, part := range []int{1, 30, 60, 90, 99} {
		t.Run(fmt.Sprint(part, " %"), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			w := b.watch(11, b.target("new\n"))
			inner, n := b.shell(), 0
			s.Set("leaf1", func(c fake.Command) int {
				text, _ := io.ReadAll(c.Stdin)
				if n++; n == 2 { // the stage
					c.Stdin = bytes.NewReader(text[:len(text)*part/100])
					inner(c)
					return -1
				}
				c.Stdin = bytes.NewReader(text)
				return inner(c)
			})
			r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]
			if r.Result != Failed || b.read("etc/app.conf") != "old\n" || b.read("run/app") != "old\n" || b.applied() != 0 {
				t.Errorf("%q %s: it has %q and runs %q", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
			}
			w.ended(r.Result)
			s.Set("leaf1", b.shell())
			r = s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]
			if r.Result != Changed {
				t.Errorf("and afterwards: %q %s", r.Result, r.Error)
			}
			w.ended(r.Result)
		})
	}
}

// 16: what takes the old configuration back fails too. The old files are there,
// it is told that they do not run, and the next push to it mends that.
func TestRollbackFails(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	sound := unit.Apply
	w := b.watch(16, b.target("new\n"))
	unit.Apply = "[ ! -e " + b.path("run/jammed") + " ] || exit 1; " + sound + "; touch " + b.path("run/jammed") + "; exit 1"
	r := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n")).reports["leaf1"]
	if r.Result != Failed || !strings.Contains(r.Error, "the old files are back, but they could not be made live again") ||
		b.read("etc/app.conf") != "old\n" || b.read("run/app") != "new\n" {
		t.Errorf("%q %s: it has %q and runs %q", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
	}
	was := maps.Clone(w.old)
	w.old["what runs"] = "new\n" // as it was told
	for name, text := range b.portrait() {
		if strings.HasSuffix(name, "/state") {
			w.old[name] = text
		}
	}
	w.ended(r.Result)
	must(t, os.Remove(b.path("run/jammed")))
	unit.Apply = sound
	r = s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("old\n")).reports["leaf1"]
	if w.fresh = was; r.Result != Changed {
		t.Errorf("%q %s: it runs %q", r.Result, r.Error, b.read("run/app"))
	}
	await(t, "what the failed one left is swept away", func() bool { return len(b.portrait()) == len(was) }) // which nobody is told of
	w.ended(r.Result)
}

// 15: when all has been seen, a daemon dies and comes back with what is on the
// disk, which is still the old file.
func TestDaemonReturnsBeforeTheCommit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	w := b.watch(15, b.target("new\n"))
	o := Options{Units: []render.Unit{b.unit()}, ID: NewID(), Confirm: time.Minute}
	if r := s.push(t.Context(), o, b.target("new\n")).reports["leaf1"]; r.Result != Pending {
		t.Fatalf("%q %s", r.Result, r.Error)
	}
	b.write("run/app", b.read("etc/app.conf"))
	if was := b.read("run/app"); was != "old\n" {
		if os.Getenv("CLOSUP_NO_SKIP") == "1" {
			t.Fatalf("the disk has the new file before it is confirmed: %q", was)
		}
		t.Skipf("mount namespaces cannot be made here, so the disk has the new file: %q", was)
	}
	must(t, os.Rename(b.path("closup/push/"+o.ID+"/pending"), b.path("closup/push/"+o.ID+"/confirmed")))
	await(t, "it is kept", func() bool { return b.read("closup/push/"+o.ID+"/state") == "done\n" })
	w.ended(Changed)
}

// What keeps the old configuration from being made live goes away, and nobody
// is there any more.
func TestRollbackSucceedsLater(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit, jam := b.unit(), b.path("run/jammed")
	w := b.watch(16, b.target("new\n"))
	unit.Apply = "[ ! -e " + jam + " ] || exit 1; " + unit.Apply + "; if grep -q new " + b.path("etc/app.conf") + "; then touch " + jam + "; exit 1; fi"
	r := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n")).reports["leaf1"]
	if r.Result != Failed || b.read("run/app") != "new\n" {
		t.Fatalf("%q %s: it runs %q", r.Result, r.Error, b.read("run/app"))
	}
	must(t, os.Remove(jam))
	await(t, "it is taken back", func() bool {
		states, _ := filepath.Glob(b.path("closup/push/*/state"))
		return len(states) == 1 && b.read(strings.TrimPrefix(states[0], b.dir+"/")) == "rolled-back\n"
	})
	w.ended(r.Result)
}

// 4 and 5: the job is killed while the change is active, and while it is taken
// back: who mourns it ends that.
func TestJobDiesLater(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"active", "undoing"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			unit := b.unit()
			// The undo waits there for the knife, once.
			unit.Apply += "; if grep -q old " + b.path("etc/app.conf") + " && [ ! -e " + b.path("run/killed") + " ]; then " + b.hang("run/undoing") + "; fi"
			w := b.watch(map[string]int{"active": 4, "undoing": 5}[when], b.target("new\n"))
			o := Options{Units: []render.Unit{unit}, ID: NewID(), Confirm: time.Minute}
			if r := s.push(t.Context(), o, b.target("new\n")).reports["leaf1"]; r.Result != Pending {
				t.Fatalf("%q %s", r.Result, r.Error)
			}
			dir := "closup/push/" + o.ID
			if when == "undoing" {
				must(t, os.Rename(b.path(dir+"/pending"), b.path(dir+"/aborted")))
				await(t, "the undo is under way", func() bool { return exists(b.path("run/undoing")) })
			}
			b.write("run/killed", "")
			out, err := exec.Command("sh", "-c", "for p in $(ps -o pid= -s "+strings.TrimSpace(b.read(dir+"/session"))+"); do kill -9 $p; done").CombinedOutput()
			if err != nil {
				t.Logf("%v %s", err, out)
			}
			defer func() {
				if t.Failed() {
					t.Logf("it is %q, log %q, session %q", b.read(dir+"/state"), b.read(dir+"/log"), b.read(dir+"/session"))
				}
			}()
			await(t, "the old configuration is back", func() bool {
				return strings.HasPrefix(b.read(dir+"/state"), "rolled-back") && b.read("run/app") == "old\n" && b.read("etc/app.conf") == "old\n"
			})
			w.ended(RolledBack)
		})
	}
}

// systemd-run is asked where systemd runs the device, and what it starts lives
// on; where it fails the job is detached by setsid.
func TestSystemdRun(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/run/systemd/system"); err == nil {
		t.Skip("this machine's own systemd would be asked")
	}
	for _, body := range []string{`echo "$@" >>run/asked; while [ "$1" != sh ]; do shift; done; setsid "$@" &`, `echo "$@" >>run/asked; exit 1`} {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		must(t, os.MkdirAll(b.path("hook/systemd/system"), 0o755))
		s.at.hook = "hook"
		b.tool("systemd-run", body)
		// The directory is systemd's own sign (sd_booted(3)); the box has another.
		b.write("run/comm", "systemd\n")
		booted := strings.NewReplacer("/run/systemd/system", b.path("hook/systemd"), "/proc/1/comm", b.path("run/comm")).Replace(library)
		s.Set("leaf1", func(c fake.Command) int {
			text, _ := io.ReadAll(c.Stdin)
			c.Stdin = strings.NewReader(strings.ReplaceAll(string(text), library, booted))
			return b.shell()(c)
		})
		r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]
		asked := b.read("run/asked")
		if r.Result != Changed || !strings.Contains(asked, "--collect -p KillMode=process sh ") || b.read("run/app") != "new\n" {
			t.Errorf("%q %s; asked %q", r.Result, r.Error, asked)
		}
	}
}
