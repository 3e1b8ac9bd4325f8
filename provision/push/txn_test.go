package push

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"closup/model"
	"closup/provision/fake"
	"closup/render"
)

// What waits to be confirmed is not on the disk yet; it gets there by being
// kept, and does not without.
func TestPending(t *testing.T) {
	t.Parallel()
	if exec.Command("unshare", "-m", "true").Run() != nil {
		t.Skip("no mount namespace can be made here")
	}
	for kept, within := range map[bool]time.Duration{true: 30 * time.Second, false: 4 * time.Second} {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		var journal []Entry
		o := Options{Units: []render.Unit{b.unit()}, Confirm: within, ID: NewID(), Journal: func(e Entry) error { journal = append(journal, e); return nil }}
		if r := s.push(t.Context(), o, b.target("new\n")).reports["leaf1"]; r.Result != Pending {
			t.Fatalf("%q %s", r.Result, r.Error)
		}
		if b.read("run/app") != "new\n" || b.read("etc/app.conf") != "old\n" {
			t.Errorf("%q runs, %q is on the disk", b.read("run/app"), b.read("etc/app.conf"))
		}
		want := "old\n"
		open := []Open{{Device: "leaf1", Endpoint: model.Endpoint{Device: "leaf1"}, Push: o.ID}}
		if kept {
			want = "new\n"
		} else {
			await(t, "the device took the old file back", func() bool { return b.read("run/app") == "old\n" })
		}
		for e := range settle(t.Context(), s, open, o, s.at) {
			if e.Kind == Done && (e.Report.Result == Changed) != kept {
				t.Errorf("kept %v: %q %s", kept, e.Report.Result, e.Report.Error)
			}
		}
		if b.read("run/app") != want || b.read("etc/app.conf") != want {
			t.Errorf("kept %v: %q runs, %q is on the disk", kept, b.read("run/app"), b.read("etc/app.conf"))
		}
		litter(t, b)
		var events []string
		for _, e := range journal {
			events = append(events, e.Event)
		}
		if got := strings.Join(events, " "); got != "begin start result end confirm result" {
			t.Errorf("the journal says %s", got)
		}
	}
}

// A rollback brings back what a push replaced, and is undone by another.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for _, was := range []string{"old\n", "-"} {
		s := newShop(t)
		b := s.box("leaf1")
		if was != "-" {
			standing(b, was)
		}
		o := Options{Units: []render.Unit{b.unit()}, ID: NewID()}
		if r := s.push(t.Context(), o, b.target("new\n")).reports["leaf1"]; r.Result != Changed {
			t.Fatalf("%q %s", r.Result, r.Error)
		}
		target, err := replaced(t.Context(), s, model.Device{Name: "leaf1"}, model.Endpoint{Device: "leaf1"}, o.ID, s.at)
		if err != nil {
			t.Fatal(err)
		}
		back := Options{Units: o.Units, ID: NewID()}
		if r := s.push(t.Context(), back, target).reports["leaf1"]; r.Result != Changed || b.read("etc/app.conf") != was || b.read("run/app") != was {
			t.Errorf("%q %s: %q is on the disk and %q runs, want %q", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"), was)
		}
		target, err = replaced(t.Context(), s, model.Device{Name: "leaf1"}, model.Endpoint{Device: "leaf1"}, back.ID, s.at)
		if err != nil {
			t.Fatal(err)
		}
		if r := s.push(t.Context(), Options{Units: o.Units}, target).reports["leaf1"]; r.Result != Changed || b.read("etc/app.conf") != "new\n" {
			t.Errorf("%q %s: %q", r.Result, r.Error, b.read("etc/app.conf"))
		}
		if _, err = replaced(t.Context(), s, model.Device{Name: "leaf1"}, model.Endpoint{Device: "leaf1"}, o.ID, s.at); err == nil {
			t.Error("an older push is still there")
		}
	}
}

// The operator's side is killed while the device waits to be confirmed; what is
// asked afterwards is the same, or something else.
func TestResume(t *testing.T) {
	t.Parallel()
	for _, asks := range []string{"new\n", "newer\n"} {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		units := []render.Unit{b.unit()}
		first := Options{Units: units, ID: NewID(), Undo: 20 * time.Second, Confirm: 20 * time.Second} // it stays as a killed one would leave it
		s.push(t.Context(), first, b.target("new\n"))
		applied := b.applied()
		target := b.target(asks)
		w := b.watch(1, target)
		target.Open = []string{first.ID}
		r := s.push(t.Context(), Options{Units: units}, target).reports["leaf1"]
		if r.Result != Changed || b.read("run/app") != asks || b.read("etc/app.conf") != asks {
			t.Errorf("%q %s: %q runs, %q is on the disk", r.Result, r.Error, b.read("run/app"), b.read("etc/app.conf"))
		}
		w.ended(r.Result)
		if asks == "new\n" && b.applied() != applied {
			t.Error("what was applied already was applied again")
		}
	}
}

// Whoever was cut off had confirmed it, and the device gets to that while the push
// is resumed: after the first look, and while it is verified.
func TestResumeOfAConfirmed(t *testing.T) {
	t.Parallel()
	for after := 1; after <= 4; after++ {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		units := []render.Unit{b.unit()}
		first := Options{Units: units, ID: NewID(), Undo: 20 * time.Second, Confirm: 20 * time.Second}
		s.push(t.Context(), first, b.target("new\n"))
		applied, dir := b.applied(), "closup/push/"+first.ID
		target := b.target("new\n")
		w := b.watch(1, target)
		target.Open = []string{first.ID}
		inner, n := b.shell(), 0
		s.Set("leaf1", func(c fake.Command) int {
			status := inner(c)
			if n++; n == after {
				if err := os.Rename(b.path(dir+"/pending"), b.path(dir+"/confirmed")); err != nil {
					t.Logf("after %d: %v", after, err)
				}
				await(t, "it is kept", func() bool { return b.read(dir+"/state") == "done\n" })
			}
			return status
		})
		r := s.push(t.Context(), Options{Units: units}, target).reports["leaf1"]
		if r.Result != Changed && r.Result != Unchanged {
			t.Errorf("after %d: %q %s: %q runs, %q is on the disk", after, r.Result, r.Error, b.read("run/app"), b.read("etc/app.conf"))
		}
		w.ended(r.Result)
		if b.applied() != applied {
			t.Errorf("after %d: what was applied already was applied again", after)
		}
	}
}

// Two pushes want the same devices at the same time: one gets all, the other
// none, and is told whose they are.
func TestOneWinsWhole(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var units []render.Unit
	targets, watches := map[string][]Target{}, map[string][]*watch{}
	boxes := []*box{s.box("leaf1"), s.box("leaf2"), s.box("leaf3")}
	for _, b := range boxes {
		standing(b, "old\n")
		u := b.unit()
		u.Apply += "; sleep 1.5"
		units = append(units, u)
		for _, who := range []string{"anna", "bert"} {
			targets[who] = append(targets[who], b.target(who+"\n"))
			watches[who] = append(watches[who], b.watch(7, b.target(who+"\n")))
		}
	}
	got := map[string]chan log{"anna": make(chan log, 1), "bert": make(chan log, 1)}
	for who, c := range got {
		go func() { c <- s.push(context.Background(), Options{Units: units, Who: who}, targets[who]...) }()
	}
	won := ""
	for who, c := range got {
		for name, r := range (<-c).reports {
			switch r.Result {
			case Changed:
				if won != "" && won != who {
					t.Errorf("%s got %s, and %s something else", who, name, won)
				}
				won = who
			case Failed, Skipped:
				if !strings.Contains(r.Error, "another push") {
					t.Errorf("%s: %s", who, r.Error)
				}
			default:
				t.Errorf("%s: %s is %q %s", who, name, r.Result, r.Error)
			}
		}
	}
	if won == "" {
		t.Error("nobody won")
	}
	for _, w := range watches[won] {
		w.ended(Changed)
	}
}

// What somebody edits beside our part of a file is his; in our part it is drift.
func TestDriftInAFileOfTwo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	b.write("etc/app.conf", "theirs\n")
	units := []render.Unit{b.unit()}
	units[0].Show, units[0].Verify = "", ""
	target := func(ours string) Target {
		t := b.target("")
		t.Artifacts[0].Merge = func(c []byte) ([]byte, error) {
			head, _, _ := strings.Cut(string(c), "ours ")
			return []byte(head + "ours " + ours + "\n"), nil
		}
		return t
	}
	if r := s.push(t.Context(), Options{Units: units}, target("1")).reports["leaf1"]; r.Result != Changed {
		t.Fatalf("%q %s", r.Result, r.Error)
	}
	b.write("etc/app.conf", "theirs\nand more\nours 1\n")
	if r := s.push(t.Context(), Options{Units: units}, target("2")).reports["leaf1"]; r.Result != Changed || r.Drift != "" || b.read("etc/app.conf") != "theirs\nand more\nours 2\n" {
		t.Errorf("%q %s %s", r.Result, r.Error, r.Drift)
	}
	b.write("etc/app.conf", "theirs\nours by hand\n")
	if r := s.push(t.Context(), Options{Units: units}, target("3")).reports["leaf1"]; r.Result != Failed || !errors.Is(r.Err, ErrDrift) || !strings.Contains(r.Drift, "+ours by hand") {
		t.Errorf("%q %s %s", r.Result, r.Error, r.Drift)
	}
	if r := s.push(t.Context(), Options{Units: units, OverwriteDrift: true}, target("3")).reports["leaf1"]; r.Result != Changed || b.read("etc/app.conf") != "theirs\nours 3\n" {
		t.Errorf("%q %s, %q", r.Result, r.Error, b.read("etc/app.conf"))
	}
}

// The disk fills up between the moment the new configuration runs and the
// moment it is to be kept.
func TestDiskFullAtCommit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	standing(b, "old\n")
	b.tool("cp", `case "$*" in *new*.closup) [ ! -e run/app ] || grep -q old etc/app.conf && { echo "cp: No space left on device" >&2; exit 1; } ;; esac; exec /bin/cp "$@"`)
	w := b.watch(10, b.target("new\n"))
	r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]
	if r.Result != RolledBack || !strings.Contains(r.Error, "No space left on device") || b.read("etc/app.conf") != "old\n" || b.read("run/app") != "old\n" {
		t.Errorf("%q %s: %q is on the disk, %q runs", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
	}
	w.ended(r.Result)
}

// An apply that hangs is ended, and undone.
func TestApplyHangs(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.at.limit = 3 * time.Second
	b := s.box("leaf1")
	standing(b, "old\n")
	unit := b.unit()
	unit.Apply += "; if grep -q new " + b.path("etc/app.conf") + "; then sleep 30; fi"
	w := b.watch(14, b.target("new\n"))
	r := s.push(t.Context(), Options{Units: []render.Unit{unit}}, b.target("new\n")).reports["leaf1"]
	if r.Result != RolledBack || b.read("run/app") != "old\n" || b.read("etc/app.conf") != "old\n" {
		t.Errorf("%q %s: %q runs", r.Result, r.Error, b.read("run/app"))
	}
	w.ended(r.Result)
}

// A device that is as desired is known by one answer.
func TestNothingToDoIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	b := s.box("leaf1")
	units := []render.Unit{b.unit()}
	s.push(t.Context(), Options{Units: units}, b.target("x\n"))
	before, applied := len(s.Lines()), b.applied()
	w := b.watch(18, b.target("x\n"))
	if r := s.push(t.Context(), Options{Units: units}, b.target("x\n")).reports["leaf1"]; r.Result != Unchanged {
		t.Errorf("%q %s", r.Result, r.Error)
	}
	w.ended(Unchanged)
	if !maps.Equal(w.old, w.fresh) || b.applied() != applied {
		t.Error("something was done")
	}
	if n := len(s.Lines()) - before; n != 1 {
		t.Errorf("it took %d commands", n)
	}
}

// A look that did not come to its end is no look, whatever ended it.
func TestLookStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	for tool, does := range map[string]string{
		"tar": "head -c 1000 /dev/zero; exit 2", // it cannot read a file
		"dd":  "head -c 40",
	} {
		s := newShop(t)
		b := s.box("leaf1")
		standing(b, "old\n")
		b.tool(tool, does)
		r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target("new\n")).reports["leaf1"]
		if r.Result != Failed || !strings.Contains(r.Error, "files could not be read") || b.read("etc/app.conf") != "old\n" {
			t.Errorf("%s: %q %s: %q is on the disk", tool, r.Result, r.Error, b.read("etc/app.conf"))
		}
	}
}

// Without mount namespaces the files are put on the disk first; the result is
// the same.
func TestNoMountNamespace(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Result{"new\n": Changed, "DEAF\n": RolledBack} {
		s := newShop(t)
		if want == RolledBack {
			s.at.settle = 300 * time.Millisecond
		}
		b := s.box("leaf1")
		standing(b, "old\n")
		b.tool("unshare", "echo 'unshare: unshare failed: Operation not permitted' >&2; exit 1")
		r := s.push(t.Context(), Options{Units: []render.Unit{b.unit()}}, b.target(body)).reports["leaf1"]
		has := map[Result]string{Changed: "new\n", RolledBack: "old\n"}[want]
		if r.Result != want || b.read("etc/app.conf") != has || b.read("run/app") != has {
			t.Errorf("%q %s: %q is on the disk, %q runs", r.Result, r.Error, b.read("etc/app.conf"), b.read("run/app"))
		}
	}
}
