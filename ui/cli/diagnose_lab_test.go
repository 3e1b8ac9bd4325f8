package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"closup/lab"
	"closup/lab/labtest"
	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
	"closup/ui/work"
)

// withinFault is how soon after a break its cause must stand first.
const withinFault = 15 * time.Second

// diagnose is `closup diagnose --lab -o json`.
func (b *bench) diagnose(args ...string) []diagnose.Finding {
	b.Helper()
	out, errs, code := b.run(append([]string{"diagnose", "--lab", "-o", "json"}, args...)...)
	keeps(b, "diagnose", out)
	var doc struct{ Findings []diagnose.Finding }
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		b.Fatalf("status %d, %v in %s%s", code, err, out, errs)
	}
	if want := map[bool]int{true: statusOK, false: statusUnexpected}[len(doc.Findings) == 0]; code != want {
		b.Errorf("status %d with %d findings", code, len(doc.Findings))
	}
	return doc.Findings
}

// sure are the findings that claim something.
func sure(found []diagnose.Finding) []diagnose.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f diagnose.Finding) bool { return f.Confidence == diagnose.Possible })
}

func brief(found []diagnose.Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s %s:%s %s", f.Confidence, f.Device, f.Port, f.Cause))
	}
	return strings.Join(all, "; ")
}

// broken is where a fault was made, by what break said.
func (b *bench) broken(args ...string) model.End {
	b.Helper()
	_, errs := b.ok(append([]string{"lab", "break"}, args...)...)
	where, _, _ := strings.Cut(errs, ": ")
	device, port, _ := strings.Cut(where, ":")
	return model.End{Device: device, Port: port}
}

// names says that the finding is this fault, at this place. Of what is wrong
// with a cable either end may be named.
func names(p planJSON, f diagnose.Finding, fault lab.Fault, at model.End) bool {
	if f.Cause != fault.Cause {
		return false
	}
	if f.Device == at.Device && (at.Port == "" || f.Port == "" || f.Port == at.Port) {
		return true
	}
	here := model.End{Device: f.Device, Port: f.Port}
	return fault.Cable && slices.ContainsFunc(p.Links, func(l model.Link) bool { return l.A == here && l.B == at || l.B == here && l.A == at })
}

// Five faults at once in five places are all named, and nothing else is
// claimed; before, right after a push, and after mending nothing is.
func TestDiagnoseLab(t *testing.T) {
	labtest.Turn(t)
	b := newBench(t, "article")
	p := b.plan()
	b.labUp()
	if found := b.diagnose(); len(found) == 0 {
		t.Error("bare devices are healthy")
	}
	b.push(statusOK)
	healthy := func(when string) {
		t.Helper()
		for end := time.Now().Add(40 * time.Second); ; {
			found := b.diagnose()
			if claims := sure(found); len(claims) > 0 {
				t.Errorf("%s: %s", when, brief(claims))
			}
			if len(found) == 0 {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: still %s", when, brief(found))
			}
		}
	}
	healthy("right after a push")
	b.converged(30 * time.Second)

	document, _ := b.ok("trace", "--lab", "-o", "json", "10.233.65.7")
	keeps(b, "trace", document)
	var trace observe.Trace
	if err := json.Unmarshal([]byte(document), &trace); err != nil {
		b.Fatal(err)
	}
	if trace.Owner.Device != "k8s2" || len(trace.From) != 5 {
		t.Errorf("%+v", trace)
	}
	for _, row := range trace.From {
		if !row.Predicted || !row.Actual {
			t.Errorf("%+v", row)
		}
	}
	b.ends(statusError, "trace", "--lab", "192.0.2.1")

	made := map[string]model.End{}
	for _, args := range [][]string{{"mtu", "leaf1:swp1"}, {"not-forwarding", "spine1"}, {"route-map-lost", "leaf2"}, {"ipv6-off", "k8s3:eth1"}, {"bgp-filtered", "k8s2:eth1"}} {
		made[args[0]] = b.broken(args...)
	}
	_, again, _ := b.run("lab", "break", "mtu", "leaf1:swp1")
	if !strings.Contains(again, "mend") {
		t.Errorf("a second fault on one device: %s", again)
	}
	found := b.diagnose()
	for name, at := range made {
		fault, _ := lab.FindFault(name)
		if !slices.ContainsFunc(found, func(f diagnose.Finding) bool { return names(p, f, fault, at) && f.Confidence == diagnose.Certain }) {
			t.Errorf("%s at %s is not named: %s", name, at, brief(found))
		}
	}
	if claims := sure(found); len(claims) != len(made) {
		t.Errorf("%d faults, and claimed is %s", len(made), brief(claims))
	}
	if one := b.diagnose("k8s1:eth1"); len(one) != 1 || one[0].Cause != "mtu-mismatch" {
		t.Errorf("k8s1:eth1: %s", brief(one))
	}
	// closup puts them right itself: one by a push, one by two commands.
	document, errs, code := b.run("diagnose", "--lab", "--apply", "--yes", "-o", "json")
	var mended struct {
		Applied struct {
			Commands []work.Ran
			Push     push.Outcome
		}
		Left []diagnose.Finding
	}
	if err := json.Unmarshal([]byte(document), &mended); err != nil {
		b.Fatalf("status %d, %v in %s%s", code, err, document, errs)
	}
	if len(sure(mended.Left)) != 0 || len(mended.Applied.Commands) != 5 || mended.Applied.Push.Summary.Changed != 1 {
		t.Errorf("status %d: left is %s; applied: %+v", code, brief(mended.Left), mended.Applied)
	}
	if found := b.diagnose(); len(sure(found)) > 0 {
		t.Errorf("after the remedies: %s", brief(found))
	}
	_, told := b.ok("lab", "mend")
	for name := range made {
		if !strings.Contains(told, name) {
			t.Errorf("mend does not tell of %s: %s", name, told)
		}
	}
	b.converged(40 * time.Second)
	healthy("after mending")

	_, errs = b.ok("lab", "break", "random")
	for _, f := range lab.Faults {
		if strings.Contains(errs, f.Name) || strings.Contains(errs, f.Cause) {
			t.Errorf("the puzzle tells: %s", errs)
		}
	}
	b.ok("lab", "mend")
	b.ends(statusUsage, "lab", "break", "no-such-fault")
}

// TestDiagnoseMatrix makes every fault of the table, one after the other, on
// two fabrics, and prints how soon its cause stood first. It takes a quarter
// of an hour: `make diagnose-matrix`.
func TestDiagnoseMatrix(t *testing.T) {
	needMatrix(t)
	chosen := regexp.MustCompile(os.Getenv("CLOSUP_FAULTS"))
	for _, preset := range []string{"article", "reference"} {
		t.Run(preset, func(t *testing.T) {
			b := newBench(t, preset)
			p := b.plan()
			b.labUp()
			b.push(statusOK)
			b.converged(60 * time.Second)
			count := map[string]int{}
			for _, fault := range lab.Faults {
				if !chosen.MatchString(fault.Name) {
					continue
				}
				verdict, detail := b.judge(p, fault)
				count[verdict]++
				t.Logf("%-10s %-24s %-20s %-6s %s", preset, fault.Name, fault.Cause, verdict, detail)
				if verdict == "late" || verdict == "wrong" {
					t.Fail()
				}
			}
			t.Logf("%s: %d right, %d late, %d wrong, %d do not fit the fabric", preset, count["right"], count["late"], count["wrong"], count["none"])
		})
	}
}

// judge makes one fault, waits until its cause stands first, and mends it.
func (b *bench) judge(p planJSON, fault lab.Fault) (verdict, detail string) {
	b.Helper()
	if _, errs, code := b.run("lab", "break", fault.Name); code != statusOK {
		if strings.Contains(errs, lab.ErrNoTarget.Error()) {
			return "none", ""
		}
		b.Fatalf("%s: %s", fault.Name, errs)
	}
	all, err := b.brokenNow()
	if err != nil {
		b.Fatal(err)
	}
	at, begin := all[0].Target, time.Now()
	defer func() {
		b.ok("lab", "mend")
		b.converged(3 * time.Minute) // a busy machine takes its time
		b.quiet(time.Minute)
	}()
	var found []diagnose.Finding
	var wrong []string
	for time.Since(begin) < 2*withinFault {
		found = b.diagnose()
		for _, f := range found {
			// While a link flaps it is down at times, and that is true then.
			if f.Confidence == diagnose.Certain && f.Cause != fault.Cause && !fault.Cable {
				wrong = append(wrong, brief([]diagnose.Finding{f}))
			}
		}
		if len(found) > 0 && names(p, found[0], fault, at) {
			break
		}
	}
	took := time.Since(begin)
	detail = fmt.Sprintf("%4.1f s  %s", took.Seconds(), brief(found))
	switch {
	case len(found) == 0 || !names(p, found[0], fault, at) || len(wrong) > 0:
		return "wrong", detail + " " + strings.Join(wrong, "; ")
	case took > withinFault:
		return "late", detail
	}
	return "right", detail
}

// brokenNow reads what is broken as the lab has noted it.
func (b *bench) brokenNow() (all []lab.Broken, err error) {
	data, err := os.ReadFile(b.labDir() + "/broken.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	return all, err
}

// TestDiagnoseGenerations makes the same faults on FRR 7.5, 8.4 and 10.3 in one
// lab, on all three at once: the findings are the same. It is a part of `make
// diagnose-matrix`.
func TestDiagnoseGenerations(t *testing.T) {
	needMatrix(t)
	roots := cmp.Or(os.Getenv("CLOSUP_ROOTS"), "/var/cache/closup/roots")
	for _, suite := range []string{"bullseye", "trixie"} {
		if _, err := os.Stat(roots + "/" + suite); err != nil {
			labtest.Skip(t, err.Error()+"; .ci/roots makes it")
		}
	}
	b := newBench(t, "reference")
	p := b.plan()
	b.labUp("--root", "*01="+roots+"/bullseye", "--root", "*03="+roots+"/trixie")
	b.push(statusOK)
	b.converged(90 * time.Second)
	for end := time.Now().Add(30 * time.Second); ; {
		found := b.diagnose()
		if claims := sure(found); len(claims) > 0 {
			t.Errorf("healthy, and claimed is %s", brief(claims))
		}
		if len(found) == 0 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("still %s", brief(found))
			break
		}
	}
	for _, name := range []string{
		"session-shutdown", "session-removed", "remote-as", "password", "max-prefix", "route-map-lost", "filter-in",
		"not-redistributed", "mtu", "ipv6-off", "link-local-gone", "crossed-cables", "not-forwarding", "loopback-lost",
	} {
		fault, _ := lab.FindFault(name)
		var made []model.End
		begin := time.Now()
		for _, device := range []string{"leaf01", "leaf02", "leaf03"} {
			made = append(made, b.broken(name, device))
		}
		var missed []string
		for time.Since(begin) < 2*withinFault {
			found := b.diagnose()
			missed = nil
			for _, at := range made {
				if !slices.ContainsFunc(found, func(f diagnose.Finding) bool { return names(p, f, fault, at) }) {
					missed = append(missed, at.String())
				}
			}
			if len(missed) == 0 {
				t.Logf("%-20s on all three in %.1f s: %s", name, time.Since(begin).Seconds(), brief(found))
				break
			}
		}
		if len(missed) > 0 {
			t.Errorf("%s is not named at %s: %s", name, missed, brief(b.diagnose()))
		}
		b.ok("lab", "mend")
		b.converged(60 * time.Second)
	}
}
