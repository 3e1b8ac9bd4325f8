package push

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"closup/provision"
	"closup/provision/fake"
	"closup/render"
)

// One device with an old configuration, and one push to it: what is there
// afterwards is the old one or the new one, complete, and the result says which.
func TestOnePush(t *testing.T) {
	const old, now = "speed 1\n", "speed 2\n"
	tests := []struct {
		name    string
		before  func(*box)          // the device as it is found; default: old, never pushed to
		change  func(*box, *Target) // what is asked; default: now
		options Options
		result  Result
		file    string // etc/app.conf afterwards
		running string // run/app afterwards
		says    string // the error or the note holds this
	}{
		{name: "new file", before: func(*box) {}, result: Changed, file: now, running: now},
		{name: "other file", result: Changed, file: now, running: now},
		{name: "dry run", options: Options{DryRun: true}, result: Changed, file: old, running: old},
		{
			name: "same file, never confirmed", change: func(b *box, tg *Target) { *tg = b.target(old) },
			result: Changed, file: old, running: old,
		},
		{
			name: "part of a file",
			change: func(_ *box, tg *Target) {
				tg.Artifacts[0].Merge = func(c []byte) ([]byte, error) { return append(c, "more\n"...), nil }
			},
			result: Changed, file: old + "more\n", running: old + "more\n",
		},
		{
			name: "does not pass its check", change: func(b *box, tg *Target) { *tg = b.target("BAD speed\n") },
			result: Failed, file: old, running: old, says: "app.conf does not pass the device's check: 1:BAD speed",
		},
		{
			name: "cannot be applied", change: func(b *box, tg *Target) { *tg = b.target("BROKEN\n") },
			result: RolledBack, file: old, running: old, says: "did not take it (status 1): BROKEN; the old files are back",
		},
		{
			name: "cannot be applied, first install", before: func(*box) {}, change: func(b *box, tg *Target) { *tg = b.target("BROKEN\n") },
			result: RolledBack, file: "-", running: "-", says: "the old files are back",
		},
		{
			name: "is applied without effect", change: func(b *box, tg *Target) { *tg = b.target("DEAF\n") },
			result: RolledBack, file: old, running: old, says: "is not live: ",
		},
		{
			name: "apply fails, restart helps",
			change: func(b *box, tg *Target) {
				*tg = b.target("BROKEN\n")
			},
			options: Options{Units: []render.Unit{{Restart: "the box's own apply, and ok"}}},
			result:  Changed, file: "BROKEN\n", running: "BROKEN\n",
		},
		{
			name:   "a directory is in the way",
			before: func(b *box) { must(b.t, os.Mkdir(b.path("etc/app.conf"), 0o755)) },
			result: Failed, file: "dir", running: "-", says: "is not a file",
		},
		{
			name: "cannot be merged",
			change: func(_ *box, tg *Target) {
				tg.Artifacts[0].Merge = func([]byte) ([]byte, error) { return nil, errors.New("line 3 makes no sense") }
			},
			result: Failed, file: old, running: old, says: "line 3 makes no sense",
		},
		{
			name: "somebody changes it meanwhile",
			change: func(b *box, tg *Target) {
				tg.Artifacts[0].Merge = func([]byte) ([]byte, error) { b.write("etc/app.conf", "theirs\n"); return []byte(now), nil }
			},
			result: Failed, file: "theirs\n", running: old, says: "was changed by somebody",
		},
		{
			name:   "no unit",
			change: func(_ *box, tg *Target) { tg.Artifacts[0].Unit = "nothing" },
			result: Failed, file: old, running: old, says: `unit "nothing"`,
		},
		{
			name: "no sudo",
			before: func(b *box) {
				standing(b, old)
				b.tool("id", "echo 1000")
				b.tool("sudo", "echo 'sudo: a password is required' >&2; exit 1")
			},
			result: Failed, file: old, running: old, says: "NOPASSWD",
		},
		{
			name: "no room",
			before: func(b *box) {
				standing(b, old)
				b.tool("base64", `[ "$1" = -d ] && { echo "No space left on device" >&2; exit 1; }; exec /usr/bin/base64 "$@"`)
			},
			result: Failed, file: old, running: old, says: "No space left on device",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			if tt.before == nil {
				standing(b, old)
			} else {
				tt.before(b)
			}
			target := b.target(now)
			if tt.change != nil {
				tt.change(b, &target)
			}
			unit := b.unit()
			if tt.options.Units != nil {
				unit.Restart = "cp " + provision.Quote(b.path("etc/app.conf")) + " " + provision.Quote(b.path("run/app"))
			}
			tt.options.Units = []render.Unit{unit}
			l := s.push(t.Context(), tt.options, target)

			r := l.reports["leaf1"]
			if r.Result != tt.result {
				t.Errorf("result %q, want %q: %s", r.Result, tt.result, r.Error)
			}
			if tt.says != "" && !strings.Contains(r.Error, tt.says) {
				t.Errorf("error %q does not say %q", r.Error, tt.says)
			}
			if tt.says == "" && r.Error != "" {
				t.Errorf("error %q", r.Error)
			}
			if info, err := os.Stat(b.path("etc/app.conf")); err != nil || !info.IsDir() {
				if got := b.read("etc/app.conf"); got != tt.file {
					t.Errorf("the file is %q, want %q", got, tt.file)
				}
			}
			if got := b.read("run/app"); got != tt.running {
				t.Errorf("%q runs, want %q", got, tt.running)
			}
			litter(t, b)
			if tt.options.DryRun && b.read("closup") != "-" {
				t.Error("a dry run left something on the device")
			}
			if tt.result == Changed && !tt.options.DryRun {
				applied := b.applied()
				target.Artifacts[0].Merge, target.Artifacts[0].Body = nil, []byte(tt.file)
				l = s.push(t.Context(), tt.options, target)
				if r := l.reports["leaf1"]; r.Result != Unchanged || b.applied() != applied {
					t.Errorf("a second push is %q and applied %d times: %s", r.Result, b.applied()-applied, r.Error)
				}
			}
		})
	}
}

// standing puts a configuration on a box as if it had always been there.
func standing(b *box, conf string) {
	b.write("etc/app.conf", conf)
	b.write("run/app", conf)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// litter fails where something lies beside the file.
func litter(t *testing.T, b *box) {
	t.Helper()
	entries, err := os.ReadDir(b.path("etc"))
	must(t, err)
	for _, e := range entries {
		if e.Name() != "app.conf" {
			t.Errorf("etc/%s was left behind", e.Name())
		}
	}
}

func TestModeAndOwner(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "x\n")
	must(t, os.Chmod(b.path("etc/app.conf"), 0o600))
	units := []render.Unit{b.unit()}
	l := s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	r := l.reports["leaf1"]
	info, err := os.Stat(b.path("etc/app.conf"))
	must(t, err)
	if r.Result != Changed || info.Mode().Perm() != 0o640 {
		t.Errorf("%q with mode %v: %s", r.Result, info.Mode(), r.Error)
	}
	if !r.Files[0].Changed || !strings.Contains(r.Files[0].Change.Diff(3), "mode 600") {
		t.Errorf("the difference is not told: %+v", r.Files)
	}
}

// A file that is a link stays one.
func TestLinkedFile(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	b.write("run/real.conf", "old\n")
	must(t, os.Symlink("../run/real.conf", b.path("etc/app.conf")))
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	info, err := os.Lstat(b.path("etc/app.conf"))
	must(t, err)
	if r := l.reports["leaf1"]; r.Result != Changed || info.Mode()&fs.ModeSymlink == 0 || b.read("run/real.conf") != "new\n" {
		t.Errorf("%+v, %v, %q", r, info.Mode(), b.read("run/real.conf"))
	}
}

// What somebody changed by hand in the running state is seen and undone.
func TestDrift(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	units := []render.Unit{b.unit()}
	s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	b.write("run/app", "by hand\n")

	l := s.push(t.Context(), Options{Units: units, DryRun: true}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Changed || r.Files[0].Changed || !strings.Contains(r.Drift, "-x\n+by hand\n") {
		t.Errorf("the dry run says %+v", r)
	}
	l = s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !errors.Is(r.Err, ErrDrift) || b.read("run/app") != "by hand\n" {
		t.Errorf("%+v, running %q", r, b.read("run/app"))
	}
	l = s.push(t.Context(), Options{Units: units, OverwriteDrift: true}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Changed || b.read("run/app") != "x\n" {
		t.Errorf("%+v, running %q", r, b.read("run/app"))
	}
}

// The connection breaks at every single command of a push in turn. Whatever
// was asked then is asked again, and the device ends old or new, never between.
func TestCutConnection(t *testing.T) {
	for n := 1; n <= 12; n++ {
		t.Run(fmt.Sprint("at command ", n), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			b := s.box("leaf1")
			standing(b, "old\n")
			c := &cutting{n: n, inner: b.shell()}
			s.Set("leaf1", c.run)
			l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}, Undo: 30 * time.Second}, b.target("new\n"))
			r := l.reports["leaf1"]
			want := map[Result]string{Changed: "new\n", Failed: "old\n", RolledBack: "old\n"}[r.Result]
			if want == "" || b.read("etc/app.conf") != want || b.read("run/app") != want {
				t.Errorf("%q (%s), but the file is %q and %q runs", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
			}
			if n > 4 && r.Result != Changed {
				t.Errorf("from the install on the push should go on: %q %s", r.Result, r.Error)
			}
			litter(t, b)
		})
	}
}

// A configuration that cuts the device off is undone by the device itself.
func TestLockedOut(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	gone := &provision.DeviceError{Device: "leaf1", Kind: provision.ErrUnreachable}
	done := make(chan log)
	s.at.settle = 100 * time.Millisecond
	go func() {
		done <- s.push(context.Background(), Options{Units: []render.Unit{unit}, Undo: time.Second}, b.target("new\n"))
	}()
	await(t, "the new file is live", func() bool {
		if b.read("run/app") != "new\n" {
			return false
		}
		s.Refuse("leaf1", gone)
		s.Set("leaf1", func(fake.Command) int { return -1 })
		return true
	})
	await(t, "the device took the old file back", func() bool { return b.read("run/app") == "old\n" })
	s.Set("leaf1", b.shell())
	s.Refuse("leaf1", nil)
	r := (<-done).reports["leaf1"]
	if r.Result != RolledBack || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q (%s), the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen that %s", what)
		}
	}
}

// Two pushes at once: one wins whole, the other changes nothing.
func TestSecondPushIsKeptOut(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	must(t, os.MkdirAll(b.path("closup"), 0o700))
	hold := exec.Command("flock", b.path("closup/lock"), "cat")
	in, err := hold.StdinPipe()
	must(t, err)
	must(t, hold.Start())
	await(t, "the lock is taken", func() bool {
		return exec.Command("flock", "-n", b.path("closup/lock"), "true").Run() != nil
	})
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "another push") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q, the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
	// Another operator's push says whose it is.
	must(t, os.MkdirAll(b.path("closup/push/20200101T000000-X"), 0o700))
	b.write("closup/push/20200101T000000-X/state", "applying\n")
	b.write("closup/push/20200101T000000-X/owner", "")
	b.write("closup/holder", "20200101T000000-X\n")
	b.write("closup/owner", "anna@ops1 since noon\n")
	alive := exec.Command("flock", b.path("closup/push/20200101T000000-X/alive"), "cat")
	in2, err := alive.StdinPipe()
	must(t, err)
	must(t, alive.Start())
	l = s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "by anna@ops1 since noon") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q, the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
	must(t, in2.Close())
	must(t, alive.Wait())
	must(t, in.Close())
	must(t, hold.Wait())
}

// A job that is killed is told from one that is slow.
func TestJobDies(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	// The unit runs under timeout, which runs under the job.
	unit.Apply = "if grep -q new " + b.path("etc/app.conf") + "; then kill -9 $(ps -o ppid= -p $PPID); fi; " + unit.Apply
	l := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != RolledBack || !strings.Contains(r.Error, "was ended while the change was applying") || b.read("run/app") != "old\n" {
		t.Errorf("%q %q, %q runs", r.Result, r.Error, b.read("run/app"))
	}
}

func TestStopped(t *testing.T) {
	t.Run("before it began", func(t *testing.T) {
		s := newShop(t)
		b := s.box("leaf1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := s.push(ctx, Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
		if r := l.reports["leaf1"]; r.Result != Skipped || s.Dials("leaf1") != 0 {
			t.Errorf("%q, dialled %d times", r.Result, s.Dials("leaf1"))
		}
	})
	t.Run("while a device checks", func(t *testing.T) {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		unit := b.unit()
		unit.Check = "touch " + b.path("run/checking") + "; exec sleep 60"
		go func() {
			for ctx.Err() == nil && !exists(b.path("run/checking")) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
		}()
		l := s.push(ctx, Options{Units: []render.Unit{unit}}, b.target("new\n"))
		if r := l.reports["leaf1"]; r.Result != Skipped || b.read("etc/app.conf") != "old\n" {
			t.Errorf("%q %q", r.Result, r.Error)
		}
		if left, _ := filepath.Glob(b.path("closup/push/*")); len(left) > 0 {
			t.Errorf("%v was left behind", left)
		}
	})
	t.Run("while a device changes", func(t *testing.T) {
		s := newShop(t)
		boxes := []*box{s.box("leaf1"), s.box("leaf2")}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var units []render.Unit
		var targets []Target
		for _, b := range boxes {
			standing(b, "old\n")
			u := b.unit()
			u.Apply += "; touch " + b.path("run/applying") + "; while [ ! -e " + b.path("run/go") + " ]; do sleep 0.02; done"
			units, targets = append(units, u), append(targets, b.target("new\n"))
		}
		go func() { // the push is stopped while one of them is being changed
			for ctx.Err() == nil && !exists(boxes[0].path("run/applying")) && !exists(boxes[1].path("run/applying")) {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
			for _, b := range boxes {
				_ = os.WriteFile(b.path("run/go"), nil, 0o600)
			}
		}()
		l := s.push(ctx, Options{Units: units, Parallel: 1}, targets...)
		want := map[Result]string{Changed: "new\n", Skipped: "old\n"}
		for _, b := range boxes {
			r := l.reports[b.name]
			if want[r.Result] == "" || b.read("etc/app.conf") != want[r.Result] || b.read("run/app") != want[r.Result] {
				t.Errorf("%s is %q (%s), and %q runs", b.name, r.Result, r.Error, b.read("run/app"))
			}
		}
		if l.reports["leaf1"].Result == l.reports["leaf2"].Result {
			t.Errorf("both are %q", l.reports["leaf1"].Result)
		}
	})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestParallel(t *testing.T) {
	s := newShop(t)
	var now, most atomic.Int32
	var targets []Target
	var units []render.Unit
	for i := range 8 {
		b := s.box(fmt.Sprint("leaf", i))
		inner := b.shell()
		s.Set(b.name, func(c fake.Command) int {
			n := now.Add(1)
			defer now.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			return inner(c)
		})
		targets, units = append(targets, b.target("x\n")), append(units, b.unit())
	}
	l := s.push(t.Context(), Options{Units: units, Parallel: 3}, targets...)
	if m := most.Load(); m > 3 || m < 2 {
		t.Errorf("%d devices were worked on at once, want at most 3", m)
	}
	o := Collect(reportsOf(l))
	if o.Summary.Changed != 8 {
		t.Errorf("%+v", o.Summary)
	}
}

func reportsOf(l log) []DeviceReport {
	var all []DeviceReport
	for _, r := range l.reports {
		all = append(all, r)
	}
	return all
}

// One dead device fails, and only it.
func TestUnreachable(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	dead := Target{Device: b.target("").Device, Endpoint: b.target("").Endpoint, Artifacts: b.target("x\n").Artifacts}
	dead.Device.Name, dead.Endpoint.Device = "leaf2", "leaf2"
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("x\n"), dead)
	if l.reports["leaf1"].Result != Changed || l.reports["leaf2"].Result != Failed {
		t.Errorf("%+v", l.reports)
	}
	if err := l.reports["leaf2"].Err; !errors.Is(err, provision.ErrUnreachable) {
		t.Errorf("the class of %v is lost", err)
	}
}

// Events of a device come phase by phase, and Done comes last and once.
func TestEvents(t *testing.T) {
	s := newShop(t)
	good, bad := s.box("leaf1"), s.box("leaf2")
	l := s.push(t.Context(), Options{Units: []render.Unit{good.unit(), bad.unit()}, Verbose: true}, good.target("x\n"), bad.target("BAD\n"))
	var got [2][]string
	for _, e := range l.events {
		i := map[string]int{"leaf1": 0, "leaf2": 1}[e.Device]
		kind := map[Kind]string{Started: "+", Finished: "-", Fault: "!", Done: "."}[e.Kind]
		if kind != "" {
			got[i] = append(got[i], kind+e.Phase)
		}
	}
	var whole []string
	for _, p := range Phases {
		whole = append(whole, "+"+p.Name, "-"+p.Name)
	}
	want := [2]string{
		strings.Join(whole, " ") + " .",
		"+connect -connect +compare -compare +stage -stage +check !check .",
	}
	for i := range got {
		if strings.Join(got[i], " ") != want[i] {
			t.Errorf("events %v, want %s", got[i], want[i])
		}
	}
	var logged []string
	for _, e := range l.events {
		if e.Kind == Log {
			logged = append(logged, e.Text)
		}
	}
	for _, text := range []string{"! grep -n BAD", "etc/app.conf"} {
		if !strings.Contains(strings.Join(logged, "\n"), text) {
			t.Errorf("the log does not show %q", text)
		}
	}
}

func TestUnitOrder(t *testing.T) {
	var list []*unit
	byName := map[string]*unit{}
	for _, u := range []render.Unit{{Name: "frr", After: []string{"daemons"}}, {Name: "hosts"}, {Name: "daemons", After: []string{"sysctl", "absent"}}, {Name: "sysctl"}} {
		list = append(list, &unit{Unit: u})
		byName[u.Name] = list[len(list)-1]
	}
	var names []string
	for _, u := range ordered(list, byName) {
		names = append(names, u.Name)
	}
	if got := strings.Join(names, " "); got != "sysctl daemons frr hosts" {
		t.Errorf("order %s", got)
	}
}

// What is staged must arrive whole.
func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	s := &script{}
	s.line("T=%s", dir)
	s.WriteString(library)
	body := []byte("a\x00b\n'$x'\nEND_OF_FILE\nno end")
	s.unpack("/new/it's here", body)
	damaged := strings.Replace(s.String(), sumOf(body), sumOf([]byte("else")), 1)
	for _, tt := range []struct {
		name, script string
		good         bool
	}{{"whole", s.String(), true}, {"damaged", damaged, false}} {
		cmd := exec.Command("sh", "-s")
		cmd.Stdin = strings.NewReader(tt.script)
		out, err := cmd.CombinedOutput()
		if (err == nil) != tt.good {
			t.Errorf("%s: %v %s", tt.name, err, out)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "new/it's here")); err != nil || string(got) != string(body) {
		t.Errorf("%q arrived (%v)", got, err)
	}
}

// What a device prints is not trusted.
func TestBlocks(t *testing.T) {
	for text, whole := range map[string]bool{
		"":                           true,
		"state done\n.\n":            true,
		"state done\nQUJD\n.\n":      true,
		"file 640 frr:frr":           false, // it stops in the middle
		"file 640\nQUJ\n.\n":         false, // damaged
		"file 640\n<script>\n.\n":    false,
		"state done\n.\nlog\nQUJD\n": false,
	} {
		_, err := blocks([]byte(text))
		if whole != (err == nil) || err != nil && !errors.Is(err, provision.ErrOutput) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// One that cannot even be undone, because that kills its job too, is given up.
func TestUndoDies(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	unit.Apply = "kill -9 $(ps -o ppid= -p $PPID)"
	l := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "was ended again and again") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q, the file is %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
}

// A device whose flock does not work is told, and not waited for.
func TestFlockBroken(t *testing.T) {
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	b.tool("flock", "echo 'flock: failed to execute true: Permission denied' >&2; exit 69")
	l := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !strings.Contains(r.Error, "could not begin (status 69)") || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %q", r.Result, r.Error)
	}
}
