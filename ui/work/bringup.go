package work

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision/diagnose"
	"closup/provision/observe"
	"closup/provision/push"
)

// BringUp is what was pushed to a fabric and what is seen of it, for those who
// were not there: `closup report`.
type BringUp struct {
	Fabric   string              `json:"fabric"`
	Lab      bool                `json:"lab"`
	At       time.Time           `json:"at"`
	Who      string              `json:"who"`
	Pushes   []Past              `json:"pushes"` // from this machine, the last ones, oldest first
	Devices  []push.DeviceReport `json:"devices"`
	Refused  string              `json:"refused"` // why the files were not compared; empty: they were
	Status   observe.Status      `json:"status"`
	Findings []diagnose.Finding  `json:"findings"`

	plan *model.Plan
}

// maxPushes is how many pushes a report tells of.
const maxPushes = 10

// BringUp asks every device for its files, its sessions and routes, and why
// something is not as it should be. It writes nothing. The options say how the
// devices are reached.
func (p *Project) BringUp(ctx context.Context, o PushOptions) (*BringUp, error) {
	b := &BringUp{Fabric: p.Plan.Name, Lab: o.Lab, Who: whoAmI(), Pushes: []Past{}, Devices: []push.DeviceReport{}, plan: p.Plan}
	all, err := p.History(o.Lab)
	if err != nil {
		return nil, err
	}
	b.Pushes = append(b.Pushes, all[max(0, len(all)-maxPushes):]...)
	o.DryRun, o.Look = true, true
	if events, err := p.Push(ctx, o); err != nil {
		b.Refused = err.Error()
	} else {
		b.Devices = append(b.Devices, inOrder(p.Plan, collected(events))...)
	}
	w, err := p.watcher(o.Lab)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	exam, err := w.Examine(ctx)
	if err != nil {
		return nil, err
	}
	b.At, b.Findings = exam.Snapshot.At, exam.Findings
	b.Status = w.compare(exam.Snapshot)
	return b, nil
}

// inOrder puts what was told as it came into the plan's order.
func inOrder(plan *model.Plan, reports []push.DeviceReport) []push.DeviceReport {
	by := map[string]push.DeviceReport{}
	for _, r := range reports {
		by[r.Name] = r
	}
	var out []push.DeviceReport
	for i := range plan.Devices {
		if r, ok := by[plan.Devices[i].Name]; ok {
			out = append(out, r)
		}
	}
	return out
}

// AsExpected says whether all that is planned is there, and nothing is found
// wrong.
func (b *BringUp) AsExpected() bool {
	n := b.Status.Summary
	return n.SessionsEstablished == n.SessionsExpected && n.RoutesOK == n.RoutesExpected && n.DevicesUnreachable == 0 && len(b.Findings) == 0
}

// ReportFormats are what a report can be written as.
var ReportFormats = []string{"markdown", "html"}

// ReportFormat is the format of a report: the one that is asked for, or the one
// that a file's name says. A name that says nothing is an error.
func ReportFormat(path, asked string) (string, error) {
	switch {
	case slices.Contains(ReportFormats, asked):
		return asked, nil
	case asked != "":
		return "", fmt.Errorf("there is no format %q; it is %s", asked, strings.Join(ReportFormats, " or "))
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".md", ".markdown":
		return "markdown", nil
	case ".html", ".htm":
		return "html", nil
	}
	if path == "" {
		return "markdown", nil
	}
	return "", fmt.Errorf("%s does not say what it is to be: call it .md or .html", path)
}

// Text is the report in a format.
func (b *BringUp) Text(format string) (string, error) {
	if format == "html" {
		return b.Document().HTML()
	}
	return b.Document().Markdown(), nil
}

// Write writes the report to a file, whole or not at all.
func (b *BringUp) Write(path, format string) error {
	text, err := b.Text(format)
	if err != nil {
		return err
	}
	return WriteText(path, text)
}
