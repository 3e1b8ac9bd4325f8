package push

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"closup/provision"
	"closup/render"
)

// One device with an old configuration, and one push to it: what is there
// afterwards is the old one or the new one, complete, and the result says which.
func TestOnePush(t *testing.T) {
	t.Parallel()
	const old, now = "speed 1\n", "speed 2\n"
	tests := []struct {
		name    string
		row     int                 // of the faults
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
			row: 12, name: "does not pass its check", change: func(b *box, tg *Target) { *tg = b.target("BAD speed\n") },
			result: Failed, file: old, running: old, says: "app.conf does not pass the device's check: 1:BAD speed",
		},
		{
			row: 13, name: "cannot be applied", change: func(b *box, tg *Target) { *tg = b.target("BROKEN\n") },
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
			row: 24, name: "no sudo",
			before: func(b *box) {
				standing(b, old)
				b.tool("id", "echo 1000")
				b.tool("sudo", "echo 'sudo: a password is required' >&2; exit 1")
			},
			result: Failed, file: old, running: old, says: "NOPASSWD",
		},
		{
			row: 10, name: "no room",
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
			var w *watch
			if tt.row > 0 {
				w = b.watch(tt.row, target)
			}
			l := s.push(t.Context(), tt.options, target)

			r := l.reports["leaf1"]
			if w != nil {
				w.ended(r.Result)
			}
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	units := []render.Unit{b.unit()}
	s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	b.write("run/app", "by hand\n")
	w := b.watch(17, b.target("x\n"))

	l := s.push(t.Context(), Options{Units: units, DryRun: true}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Changed || r.Files[0].Changed || !strings.Contains(r.Drift, "-x\n+by hand\n") {
		t.Errorf("the dry run says %+v", r)
	}
	w.ended(Skipped)
	l = s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Failed || !errors.Is(r.Err, ErrDrift) || b.read("run/app") != "by hand\n" {
		t.Errorf("%+v, running %q", r, b.read("run/app"))
	}
	w.ended(Failed)
	l = s.push(t.Context(), Options{Units: units, OverwriteDrift: true}, b.target("x\n"))
	if r := l.reports["leaf1"]; r.Result != Changed {
		t.Errorf("%+v, running %q", r, b.read("run/app"))
	}
	w.ended(Changed)
}

// The connection breaks at every single command of a push in turn. Whatever
// was asked then is asked again, and the device ends old or new, never between.
// A configuration that cuts the device off is undone by the device itself.
// Two pushes at once: one wins whole, the other changes nothing.
// A job that is killed is told from one that is slow.
// One dead device fails, and only it.
// Events of a device come phase by phase, and Done comes last and once.
// What is staged must arrive whole.
// What a device prints is not trusted.
// One that cannot even be undone, because that kills its job too, is given up.
// A device whose flock does not work is told, and not waited for.
