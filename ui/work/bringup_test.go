package work

import (
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
)

// told is a report of a fabric where a device printed what it should not have.
func told(t *testing.T) *BringUp {
	t.Helper()
	p, err := New("fabric.yaml", "article")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	evil := "</td><script>alert(1)</script> | x `y` *z*\n# heading"
	b := &BringUp{
		Fabric: "article", Lab: true, At: at, Who: "a@b", plan: p.Plan,
		Pushes: []Past{{ID: "1", At: at.Add(-time.Minute), End: at.Add(-50 * time.Second), Who: "a@b", What: "push", Ended: true, Devices: []PastDevice{
			{Name: "leaf1", Started: true, Result: push.Changed, Seconds: 7.5}, {Name: "leaf2", Started: true, Result: push.RolledBack, Error: "x"},
		}}},
		Devices: []push.DeviceReport{
			{Name: "leaf1", Files: []push.File{{Path: "/etc/hosts"}, {Path: "/etc/frr/frr.conf", Changed: true}}, Drift: "-a\n+```b\n"},
			{Name: "leaf2", Error: "login refused"},
		},
		Findings: []diagnose.Finding{{
			Device: "leaf1", Port: "swp1", Cause: "mtu-mismatch", Confidence: diagnose.Certain, Message: evil,
			Evidence: []diagnose.Evidence{{Device: "leaf1", Command: "ip link", Output: evil + "\n```\nout"}}, Remedy: diagnose.Remedy{Message: "set it"},
		}},
	}
	b.Status.Devices = []observe.DeviceStatus{{Name: "leaf1", Reachable: true, RouterVersion: evil}, {Name: "leaf2", Error: "does not answer"}}
	b.Status.Sessions = []observe.SessionStatus{
		{Device: "leaf1", Port: "swp32", Peer: "spine1", PeerPort: "swp1", PeerASN: 65501, Expected: true, State: "Established", Uptime: 30, ActualPeer: evil},
		{Device: "leaf1", Port: "swp1", Peer: "k8s1", PeerPort: "eth1", PeerASN: 65801, Expected: true, State: "Idle"},
	}
	b.Status.Routes = []observe.RouteStatus{{Device: "leaf1", Prefix: netip.MustParsePrefix("10.1.3.1/32"), State: "missing", ExpectedPaths: 1}}
	b.Status.Summary = observe.Summary{SessionsExpected: 2, SessionsEstablished: 1, RoutesExpected: 1, DevicesUnreachable: 1}
	return b
}

// What a device printed is text in both formats, and everything that was pushed
// and seen stands there.
func TestBringUpDocument(t *testing.T) {
	b := told(t)
	markdown, err := b.Text("markdown")
	if err != nil {
		t.Fatal(err)
	}
	page, err := b.Text("html")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{markdown, page} {
		for _, want := range []string{
			"Not as planned: 1 of 2 sessions, 0 of 1 routes, 1 finding, 1 device not reached", "mtu-mismatch", "set it", "7.5 s", "10.0 s", "1 changed, 1 rolled-back",
			"1 of 2", "frr.conf", "login refused", "Idle", "2026-05-04 11:59:30", "10.1.3.1/32", "missing", "does not answer", "changed by hand",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
	if strings.Contains(page, "<script>alert") || !strings.Contains(page, "&lt;script&gt;") || !strings.Contains(page, "<svg") {
		t.Error("the page takes what a device printed for HTML, or has no drawing")
	}
	inside := 0
	for line := range strings.Lines(markdown) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside++
		case inside%2 == 0 && (strings.HasPrefix(line, "# heading") || strings.Contains(line, "<script>")):
			t.Errorf("a device writes Markdown: %s", line)
		case inside%2 == 0 && strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") < 4:
			t.Errorf("a row is broken: %s", line)
		}
	}
	if inside%2 != 0 {
		t.Error("a block does not end")
	}
	// Every element of the page ends, in order.
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, []string{"meta"}, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the page: %v", err)
		}
	}
	b.Findings, b.Status.Summary = nil, observe.Summary{SessionsExpected: 2, SessionsEstablished: 2}
	if d := b.Document(); d.Tone != "good" || !strings.HasPrefix(d.Verdict, "All is as planned") {
		t.Errorf("%s: %s", d.Tone, d.Verdict)
	}
}

func TestReportFormat(t *testing.T) {
	for _, c := range []struct{ path, asked, want string }{
		{"", "", "markdown"}, {"a.md", "", "markdown"}, {"A.HTML", "", "html"}, {"a", "html", "html"}, {"a.md", "html", "html"}, {"a.pdf", "", ""}, {"a", "", ""}, {"a.md", "pdf", ""},
	} {
		got, err := ReportFormat(c.path, c.asked)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	to := filepath.Join(t.TempDir(), "no", "such", "folder.md")
	if err := told(t).Write(to, "markdown"); err == nil {
		t.Error("written into nowhere")
	}
	to = filepath.Join(t.TempDir(), "r.md")
	if err := told(t).Write(to, "markdown"); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(to); err != nil || !strings.HasPrefix(string(data), "# Bring-up of article") {
		t.Errorf("%v: %.80s", err, data)
	}
}
