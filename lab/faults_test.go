package lab_test

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"closup/assets"
	"closup/lab"
	"closup/model"
	"closup/provision/diagnose"
)

func plan(t *testing.T, preset string) *model.Plan {
	t.Helper()
	data, err := assets.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := model.ParseDocument(preset, data).Fabric()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := model.NewPlan(fabric)
	return p
}

// Every row is whole, and its cause is one that diagnose can name.
func TestFaults(t *testing.T) {
	reference := plan(t, "reference")
	seen := map[string]bool{}
	for _, f := range lab.Faults {
		if seen[f.Name] || f.Sentence == "" || !f.Power && (f.Break == "" || f.Mend == "") {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		if !diagnose.Known(f.Cause) {
			t.Errorf("%s: diagnose has no cause %q", f.Name, f.Cause)
		}
		all := f.Targets(reference)
		if len(all) == 0 {
			t.Errorf("%s fits nowhere in the reference", f.Name)
			continue
		}
		if at, err := f.Place(reference, all[len(all)-1].Device); err != nil || at.Device != all[len(all)-1].Device {
			t.Errorf("%s: %v, %v", f.Name, at, err)
		}
		if _, err := f.Place(reference, "nobody"); err == nil {
			t.Errorf("%s can be made on a device that is not there", f.Name)
		}
	}
	if len(lab.Faults) < 20 {
		t.Errorf("%d faults", len(lab.Faults))
	}
}

// recorder is a lab that does nothing but tell what it was asked.
type recorder struct {
	log   []string
	stuck bool // what was broken cannot be mended
}

func (r *recorder) Exec(_ context.Context, device string, argv []string, _ io.Reader, _, stderr io.Writer) (int, error) {
	r.log = append(r.log, device+": "+argv[2])
	if strings.Contains(argv[2], "PORT='swp51'") && (strings.Contains(argv[2], "mtu 1500") || r.stuck) {
		_, _ = io.WriteString(stderr, "no")
		return 1, nil
	}
	return 0, nil
}

func (r *recorder) PowerOff(_ context.Context, device string) error {
	r.log = append(r.log, device+" off")
	return nil
}

func (r *recorder) PowerOn(_ context.Context, device string) error {
	r.log = append(r.log, device+" on")
	return nil
}

func TestBreakAndMend(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p := plan(t, "reference")
	makeDir(t, p.Name)
	r := &recorder{}
	make := func(name, target string) error {
		f, ok := lab.FindFault(name)
		if !ok {
			t.Fatal(name)
		}
		at, err := f.Place(p, target)
		if err != nil {
			t.Fatal(err)
		}
		return lab.Break(t.Context(), r, p, f, at, false)
	}
	if err := make("power-off", "spine01"); err != nil {
		t.Fatal(err)
	}
	if err := make("mtu", "leaf01:swp51"); err == nil || !strings.Contains(err.Error(), "nothing of it is left") {
		t.Errorf("a script that failed: %v", err)
	}
	if all, err := lab.BrokenIn(p.Name); err != nil || len(all) != 1 {
		t.Errorf("what was taken out again: %v, %v", all, err)
	}
	r.stuck = true
	if err := make("mtu", "leaf01:swp51"); err == nil || !strings.Contains(err.Error(), "lab mend") {
		t.Errorf("a script that failed, and cannot be undone: %v", err)
	}
	r.stuck = false
	if err := make("not-forwarding", "spine01"); err == nil {
		t.Error("two faults on one device")
	}
	if all, err := lab.BrokenIn(p.Name); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	mended, err := lab.Mend(t.Context(), r, p)
	if err != nil || len(mended) != 2 || mended[0].Fault != "mtu" || mended[1].Fault != "power-off" {
		t.Errorf("%v, %v", mended, err)
	}
	if !slices.Contains(r.log, "spine01 off") || r.log[len(r.log)-1] != "spine01 on" {
		t.Errorf("%q", r.log)
	}
	if again, err := lab.Mend(t.Context(), r, p); err != nil || len(again) != 0 {
		t.Errorf("%v, %v", again, err)
	}
}

// While there is a puzzle nothing more is broken, and no answer depends on
// where it is.
func TestPuzzle(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p := plan(t, "reference")
	makeDir(t, p.Name)
	r := &recorder{}
	mtu, _ := lab.FindFault("mtu")
	if err := lab.Break(t.Context(), r, p, mtu, model.End{Device: "leaf02", Port: "swp1"}, true); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, device := range []string{"leaf02", "leaf03"} {
		err := lab.Break(t.Context(), r, p, mtu, model.End{Device: device, Port: "swp1"}, false)
		if err == nil {
			t.Fatalf("%s was broken beside the puzzle", device)
		}
		said = append(said, err.Error())
	}
	if said[0] != said[1] || strings.Contains(said[0], "leaf0") {
		t.Errorf("%q", said)
	}
	if mended, err := lab.Mend(t.Context(), r, p); err != nil || len(mended) != 1 || mended[0].Target.Device != "leaf02" {
		t.Errorf("%v, %v", mended, err)
	}
	if err := lab.Break(t.Context(), r, p, mtu, model.End{Device: "leaf03", Port: "swp1"}, false); err != nil {
		t.Error(err)
	}
}

// makeDir makes the directory of a lab that would be running.
func makeDir(t *testing.T, name string) {
	t.Helper()
	dir, err := lab.Dir(name)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}
