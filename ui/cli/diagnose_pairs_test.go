package cli

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"closup/lab"
	"closup/lab/labtest"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/push"
	"closup/ui/work"
)

// needMatrix skips what takes long: `make diagnose-matrix` runs it.
func needMatrix(t *testing.T) {
	t.Helper()
	if os.Getenv("CLOSUP_MATRIX") == "" {
		t.Skip("`make diagnose-matrix` runs it")
	}
	labtest.Turn(t)
}

// quiet waits until nothing is claimed. What zebra 8.4 left in the kernel after
// a link came and went is put right by the remedy that it is shown with.
func (b *bench) quiet(within time.Duration) {
	b.Helper()
	for end := time.Now().Add(within); ; {
		left := sure(b.diagnose())
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			b.Fatalf("still claimed is %s", brief(left))
		}
		if slices.ContainsFunc(left, func(f diagnose.Finding) bool { return f.Cause == "not-in-kernel" }) {
			b.Logf("mended by its remedy: %s", brief(left))
			b.run("diagnose", "--lab", "--apply", "--yes")
		}
	}
}

// Two faults at once, in different places, are both named, and nothing else is
// claimed; a link that flaps is one finding beside the other fault.
func TestDiagnosePairs(t *testing.T) {
	needMatrix(t)
	b := newBench(t, "reference")
	p := b.plan()
	b.labUp()
	b.push(statusOK)
	if claims := sure(b.diagnose()); len(claims) > 0 {
		t.Errorf("right after a push: %s", brief(claims))
	}
	b.converged(90 * time.Second)
	for _, pair := range [][2][]string{
		{{"power-off", "spine01"}, {"mtu", "leaf01:swp1"}},
		{{"bgpd-killed", "leaf02"}, {"session-shutdown", "leaf03:swp51"}},
		{{"cable-cut", "leaf01:swp51"}, {"ipv6-off", "leaf04:swp1"}},
		{{"flapping-link", "leaf01:swp51"}, {"not-forwarding", "spine02"}},
		{{"bgpd-frozen", "spine02"}, {"remote-as", "leaf03:swp51"}},
		{{"wrong-asn", "server01"}, {"max-prefix", "leaf03"}},
		{{"management-cut", "leaf04"}, {"loopback-lost", "leaf02"}},
	} {
		made := map[string]model.End{}
		begin := time.Now()
		for _, args := range pair {
			made[args[0]] = b.broken(args...)
		}
		var found, claims []diagnose.Finding
		var missed []string
		for time.Since(begin) < 4*withinFault {
			found = b.diagnose()
			missed = nil
			for name, at := range made {
				fault, _ := lab.FindFault(name)
				if !slices.ContainsFunc(found, func(f diagnose.Finding) bool { return names(p, f, fault, at) }) {
					missed = append(missed, name)
				}
			}
			if claims = sure(found); len(missed) == 0 && len(claims) == 2 {
				break
			}
		}
		t.Logf("%s and %s in %.1f s: %s", pair[0], pair[1], time.Since(begin).Seconds(), brief(found))
		if len(missed) > 0 || len(claims) != 2 {
			t.Errorf("%s and %s: %s is not named, and claimed is %s", pair[0], pair[1], missed, brief(claims))
		}
		b.ok("lab", "mend")
		b.converged(90 * time.Second)
		b.quiet(60 * time.Second)
	}
}

// What closup can do about a fault, it does: every fault of the table whose
// finding has a remedy to apply is mended by it, and not by `lab mend`.
func TestDiagnoseRemedies(t *testing.T) {
	needMatrix(t)
	b := newBench(t, "article")
	p := b.plan()
	b.labUp()
	b.push(statusOK)
	b.converged(60 * time.Second)
	mended, hands := 0, 0
	for _, fault := range lab.Faults {
		// A flapping link is set down again and again by whoever breaks it.
		if _, err := fault.Place(b.project(), ""); err != nil || fault.Name == "flapping-link" {
			continue
		}
		at := b.broken(fault.Name)
		named := func(f diagnose.Finding) bool { return names(p, f, fault, at) }
		var found []diagnose.Finding
		for end := time.Now().Add(4 * withinFault); time.Now().Before(end); {
			if found = b.diagnose(); slices.ContainsFunc(found, named) {
				break
			}
		}
		i := slices.IndexFunc(found, named)
		switch {
		case i < 0:
			t.Errorf("%s at %s is not named: %s", fault.Name, at, brief(found))
		case !found[i].Remedy.Applicable():
			hands++
			t.Logf("%-24s for somebody's hands: %s", fault.Name, found[i].Remedy.Message)
		default:
			out, errs, code := b.run("diagnose", "--lab", "--apply", "--yes", "-o", "json")
			var done struct {
				Applied struct {
					Commands []work.Ran
					Push     push.Outcome
				}
				Left []diagnose.Finding
			}
			if err := json.Unmarshal([]byte(out), &done); err != nil {
				t.Fatalf("%s: status %d, %v in %s%s", fault.Name, code, err, out, errs)
			}
			mended++
			t.Logf("%-24s %d commands, %d pushed, left: %s", fault.Name, len(done.Applied.Commands), done.Applied.Push.Summary.Changed, brief(done.Left))
			if claims := sure(done.Left); len(claims) > 0 {
				t.Errorf("%s at %s: after its remedy %s\n%+v\n%s", fault.Name, at, brief(claims), done.Applied, errs)
			}
		}
		b.ok("lab", "mend")
		b.converged(90 * time.Second)
		b.quiet(60 * time.Second)
	}
	t.Logf("%d mended, %d for somebody's hands", mended, hands)
	if mended < 20 {
		t.Errorf("only %d were mended", mended)
	}
}

// project is the plan of the bench's fabric.
func (b *bench) project() *model.Plan {
	b.Helper()
	p, err := work.Open(b.dir + "/fabric.yaml")
	if err != nil {
		b.Fatal(err)
	}
	return p.Plan
}
