package diagnose

import (
	"os"
	"slices"
	"strings"
	"testing"

	"closup/assets"
	"closup/model"
)

// The layers cut the whole table, in its order: no cause is asked for nowhere
// or twice.
func TestLayers(t *testing.T) {
	var all []string
	for i := range layers {
		rows := checksOf(i)
		if len(rows) == 0 || rows[0].Cause != layers[i].from || layers[i].question == "" || layers[i].topic == "" || layers[i].why == "" {
			t.Errorf("%s: %d rows", layers[i].from, len(rows))
		}
		for _, c := range rows {
			all = append(all, c.Cause)
		}
	}
	var want []string
	for _, c := range Checks {
		want = append(want, c.Cause)
	}
	if !slices.Equal(all, want) {
		t.Errorf("%v, want %v", all, want)
	}
}

// On everything that was captured the walk stops where the cause is looked
// for, and every question says what was seen.
func TestWalkCaptures(t *testing.T) {
	entries, err := os.ReadDir("testdata/captures")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Run(entry.Name(), func(t *testing.T) {
			s := scene(t, entry.Name())
			found := Find(pair(), s)
			w := WalkThrough(pair(), s, found, OfSession(pair(), "x-a", "eth1"))
			if len(w.Elsewhere) > 0 {
				t.Errorf("elsewhere: %+v", w.Elsewhere)
			}
			told := 0
			for i, step := range w.Steps {
				told += len(step.Findings)
				for _, f := range step.Findings {
					if !slices.Contains(step.Causes, f.Cause) {
						t.Errorf("%s is answered with %s", step.Question, f.Cause)
					}
				}
				for _, x := range step.Seen {
					if x.Device == "" || x.Command == "" || x.Output == "" {
						t.Errorf("%s: %+v", step.Question, x)
					}
				}
				if i < 4 && len(step.Seen) == 0 {
					t.Errorf("%s: nothing was looked at", step.Question)
				}
				if len(step.Findings) == 0 && (step.Verdict == Fault || step.Verdict == Doubt) || len(step.Findings) > 0 && step.Verdict != Fault && step.Verdict != Doubt {
					t.Errorf("%s: %s with %d findings", step.Question, step.Verdict, len(step.Findings))
				}
			}
			if told != len(found) {
				t.Errorf("%d findings, %d are told", len(found), told)
			}
			if (w.First() >= 0) != (len(found) > 0) {
				t.Errorf("first %d with %d findings", w.First(), len(found))
			}
			if len(found) > 0 && found[0].Confidence != Possible && !slices.Contains(w.Steps[w.First()].Causes, found[0].Cause) && found[0].Confidence == found[len(found)-1].Confidence {
				t.Errorf("the first step with a fault asks for %v, not for %s", w.Steps[w.First()].Causes, found[0].Cause)
			}
		})
	}
}

// What hangs on a fault is not called fine, and a device that says nothing is
// not either.
func TestWalkVerdicts(t *testing.T) {
	s := scene(t, "link-down")
	w := WalkThrough(pair(), s, Find(pair(), s), OfSession(pair(), "x-b", "swp1"))
	if v := w.Steps[3].Verdict; v != Fault {
		t.Errorf("the port is %s", v)
	}
	for _, step := range w.Steps[4:9] {
		if step.Verdict == Fine {
			t.Errorf("%s is fine over a port that is down", step.Question)
		}
	}
	if w.Steps[0].Verdict != Fine || w.Steps[1].Verdict != Fine {
		t.Errorf("%+v", w.Steps[:2])
	}
	s = scene(t, "ok")
	for i := range s.Devices {
		s.Devices[i].Evidence, s.Devices[i].Reachable = nil, false
	}
	w = WalkThrough(pair(), s, nil, OfSession(pair(), "x-b", "swp1"))
	for _, step := range w.Steps[1:] {
		if step.Verdict != Untold {
			t.Errorf("%s: %s of devices that say nothing", step.Question, step.Verdict)
		}
	}
	s = scene(t, "ok")
	w = WalkThrough(pair(), s, Find(pair(), s), OfSession(pair(), "x-b", "swp1"))
	for _, step := range w.Steps {
		if step.Verdict != Fine && step.Verdict != Nothing {
			t.Errorf("%s: %s where all is well", step.Question, step.Verdict)
		}
	}
}

func planOf(t testing.TB, preset string) *model.Plan {
	t.Helper()
	data, err := assets.Preset(preset)
	if err != nil {
		t.Fatal(err)
	}
	fabric, err := model.ParseDocument(preset, data).Fabric()
	if err != nil {
		t.Fatal(err)
	}
	plan, _ := model.NewPlan(fabric)
	return plan
}

// The way between two nodes has what packets and answers go through, and
// nothing else.
func TestWay(t *testing.T) {
	plan := planOf(t, "article")
	sc := OfWay(plan, []string{"k8s1"}, []string{"k8s2"}, "pods")
	slices.Sort(sc.Devices)
	if got := strings.Join(sc.Devices, " "); got != "k8s1 k8s2 leaf1 leaf2 spine1" {
		t.Errorf("%s", got)
	}
	if len(sc.Ends) != 8 || len(sc.Prefixes) != 1 {
		t.Errorf("%v, %v", sc.Ends, sc.Prefixes)
	}
	far := Finding{Device: "leaf2", Port: "swp2", Peer: "k8s3", Cause: "mtu-mismatch"}
	if sc.concerns(plan, far) {
		t.Error("a port beside the way is on it")
	}
	far.Port, far.Peer = "swp1", "k8s2"
	if !sc.concerns(plan, far) {
		t.Error("a port on the way is not on it")
	}
	if out := OfOutside(planOf(t, "reference"), "server01"); !slices.Contains(out.Devices, "border01") {
		t.Errorf("%v", out.Devices)
	}
}

func TestReadSymptom(t *testing.T) {
	article, reference := planOf(t, "article"), planOf(t, "reference")
	for _, c := range []struct {
		plan  *model.Plan
		words string
		want  string // "symptom from to"; empty: nothing fits
	}{
		{article, "k8s1 cannot reach pods in rack 2", "pods k8s1 rack 2"},
		{article, "node k8s1 can't ping k8s3", "node k8s1 k8s3"},
		{article, "k8s1 does not answer", "device k8s1 "},
		{article, "leaf1 is dead.", "device leaf1 "},
		{article, "the session at leaf1:swp1 is Idle", "session leaf1:swp1 "},
		{article, "large packets from k8s1 to k8s2 hang", "packets k8s1 k8s2"},
		{article, "sessions of spine1 flap", "flaps spine1 "},
		{article, "k8s2 cannot reach the internet", "outside k8s2 "},
		{article, "something is broken", "unknown  "},
		{article, "look at leaf2", "at leaf2 "},
		{article, "k8s1 k8s2", "node k8s1 k8s2"},
		{article, "k8s3 cannot be reached from k8s1", "node k8s1 k8s3"},
		{reference, "pods in rack2 cannot be reached from server01", "pods server01 rack2"},
		{reference, "pods in rack1 cannot reach pods in rack 2", "pods rack1 rack 2"},
	} {
		s, from, to, ok := ReadSymptom(c.plan, c.words)
		if got := s.Name + " " + from + " " + to; !ok || got != c.want {
			t.Errorf("%q is %q, want %q", c.words, got, c.want)
			continue
		}
		if s.Name == "outside" {
			continue
		}
		if sc, err := s.Scope(c.plan, from, to); err != nil || len(sc.Devices) == 0 {
			t.Errorf("%q: %v, %v", c.words, sc.Devices, err)
		}
	}
	for _, s := range Symptoms {
		if _, err := s.Scope(article, "nobody", "nowhere"); (err == nil) != (s.From == NoSlot) {
			t.Errorf("%s: %v", s.Name, err)
		}
		if strings.Contains(s.Sentence("a", "b"), "FROM") || (s.To != NoSlot) != strings.Contains(s.Words, "TO") {
			t.Errorf("%s: %s", s.Name, s.Words)
		}
	}
	if got := placed(article, "rack 2"); strings.Join(got, " ") != "k8s2 k8s3" {
		t.Errorf("rack 2 is %v", got)
	}
	if _, ok := FindSymptom("pods"); !ok {
		t.Error("no pods")
	}
}

// What is handed over has the complaint, the fault, the remedy and what was
// seen, and nothing that a device prints gets out of its block.
func TestWalkMarkdown(t *testing.T) {
	s := scene(t, "link-down")
	found := Find(pair(), s)
	found[0].Evidence[0].Output = "evil ```\n# not a heading"
	w := WalkThrough(pair(), s, found, OfSession(pair(), "x-b", "swp1"))
	text := w.Markdown("pair", "the session at x-b:swp1 is not Established", s.At)
	for _, want := range []string{"# The session at x-b:swp1", "**x-b:swp1** (port-down, certain)", "    x-b# ip link set", "### 4. Is each port up", "A fault.", "x-b$ ip link show swp1"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "evil ```") || strings.Count(text, "```")%2 != 0 {
		t.Errorf("a device ends a block:\n%s", text)
	}
	s = scene(t, "ok")
	if text = WalkThrough(pair(), s, Find(pair(), s), OfSession(pair(), "x-b", "swp1")).Markdown("pair", "x", s.At); !strings.Contains(text, "No fault was found") {
		t.Error(text)
	}
}
