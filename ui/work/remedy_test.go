package work

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"closup/provision/diagnose"
	"closup/provision/fake"
)

func command(device, text string, kind diagnose.Kind) diagnose.Command {
	return diagnose.Command{Device: device, Command: text, Kind: kind}
}

// What runs comes first, then one push of every device that wants one, then
// what makes it take effect. What only tells, what a push does as well, and
// what may cut the way to the device is never run.
func TestRemedyFor(t *testing.T) {
	restart := command("leaf1", "restart", diagnose.Run)
	clearing := command("leaf2", "clear", diagnose.Clear)
	found := []diagnose.Finding{
		{Device: "leaf1", Cause: "bgpd-down", Remedy: diagnose.Remedy{Commands: []diagnose.Command{command("leaf1", "look", diagnose.Look), restart}}},
		{Device: "leaf1", Cause: "zebra-down", Remedy: diagnose.Remedy{Commands: []diagnose.Command{restart}}},
		{Device: "leaf2", Cause: "max-prefix", Remedy: diagnose.Remedy{Push: []string{"leaf2"}, Commands: []diagnose.Command{clearing}}},
		{Device: "leaf2", Cause: "remote-as", Remedy: diagnose.Remedy{Push: []string{"leaf2", "leaf1"}, Commands: []diagnose.Command{command("leaf2", "vtysh", diagnose.Configure)}}},
		{Device: "k8s1", Cause: "default-overridden", Remedy: diagnose.Remedy{Commands: []diagnose.Command{command("k8s1", "ip route del default", diagnose.Hand)}}},
		{Device: "leaf1", Cause: "wrong-cabling"},
		{Device: "k8s1", Cause: "max-prefix", Remedy: diagnose.Remedy{Commands: []diagnose.Command{clearing}}}, // the leak is still there
		{Device: "k8s2", Cause: "not-in-kernel", Confidence: diagnose.Possible, Remedy: diagnose.Remedy{Push: []string{"k8s2"}}},
	}
	r := RemedyFor(found, func(f diagnose.Finding) bool { return f.Confidence != diagnose.Possible })
	if diff := cmp.Diff([]diagnose.Command{restart}, r.First); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"leaf2", "leaf1"}, r.Push); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]diagnose.Command{clearing}, r.Last); diff != "" {
		t.Error(diff)
	}
	if len(r.Findings) != 4 || len(r.Rest) != 4 || r.Empty() {
		t.Errorf("%d findings, %d left", len(r.Findings), len(r.Rest))
	}
	if all := RemedyFor(found, nil); len(all.Findings) != 5 || len(all.Push) != 3 {
		t.Errorf("unasked, %d findings and %d pushes", len(all.Findings), len(all.Push))
	}
	if none := RemedyFor(found[4:7], nil); !none.Empty() {
		t.Errorf("%+v", none)
	}
}

// Apply runs commands as root, says what failed, and diagnoses afterwards.
func TestApplyCommands(t *testing.T) {
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	var tr fake.Transport
	p.Transport = &tr
	tr.Set("leaf1", fake.Root(func(text string) (stdout, stderr string, status int) {
		switch {
		case strings.Contains(text, "good"):
			return "done\n", "", 0
		case strings.Contains(text, "bad"):
			return "", "no such port\n", 3
		}
		return "", "", 0 // no answer to what a diagnosis asks
	}))
	dead, err := p.Diagnose(t.Context(), false)
	if err != nil || len(dead) != 1 { // none answers
		t.Fatalf("%d findings, %v", len(dead), err)
	}
	r := Remedy{
		First: []diagnose.Command{command("leaf1", "good", diagnose.Run), command("leaf1", "bad", diagnose.Run), command("leaf2", "good", diagnose.Run), command("nobody", "good", diagnose.Run)},
		Rest:  dead,
	}
	var said []string
	done, err := p.Apply(t.Context(), r, PushOptions{}, Steps{Say: func(device, what string) { said = append(said, device+" "+what) }})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(said, ", "); got != "leaf1 good, leaf1 bad, leaf2 good, nobody good" {
		t.Error(got)
	}
	if done.Ran[0].Output != "done" || done.Ran[0].Error != "" || done.Ran[1].Error != "no such port" ||
		!strings.Contains(done.Ran[2].Error, "does not answer") || !strings.Contains(done.Ran[3].Error, "mgmt") {
		t.Errorf("%+v", done.Ran)
	}
	if len(done.Found) != len(dead) || len(done.Left) != 0 {
		t.Errorf("%d found, %d left", len(done.Found), len(done.Left))
	}
}
