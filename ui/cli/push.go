package cli

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

func pushCommand(e *env) *cobra.Command {
	var (
		o   work.PushOptions
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "push",
		Short: "Bring the devices to their generated files",
		Long: `push shows what would change on every device, asks, and applies it. Nothing is
written before that. A second push changes nothing. The exit status is 3 where it
was applied only in part.

A device keeps its old files on the disk until the push has seen it from a new
connection; one that is lost takes its old configuration back by itself. What was
changed by hand since the last push is shown and stops the push, unless
--overwrite-drift says otherwise.`,
		Example: `  closup push --lab
  closup push --only leaf1,leaf2 --dry-run
  closup push --confirm 120s && closup status && closup confirm
  closup push --yes -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := p.Blocked(); err != nil {
				return err
			}
			if err := p.Writable(); err != nil && !o.DryRun {
				return err
			}
			if err := p.Known(o.Only...); err != nil {
				return err
			}
			if !yes && !o.DryRun && !e.canAsk() {
				return usagef("nobody can be asked here: --yes pushes without a question, --dry-run only shows")
			}
			if cmd.Flags().Changed("confirm") && o.Confirm < time.Second {
				return usagef("--confirm is a time like 120s, at least a second")
			}
			if err := e.meet(cmd.Context(), p, o.Lab, o.AcceptNew, o.Only); err != nil {
				return err
			}
			o.Ask, o.Verbose = e.askHostKey(), e.verbose
			return e.push(cmd.Context(), p, o, yes)
		},
	}
	e.changeFlags(cmd, &o, &yes)
	f := cmd.Flags()
	f.BoolVar(&o.AcceptNew, "accept-new", false, "take the host keys of devices that are not known yet")
	f.DurationVar(&o.Confirm, "confirm", 0, "leave the change pending for so long: `closup confirm` keeps it, and nothing takes it back")
	f.BoolVar(&o.Resume, "resume", false, "end first what the last push, cut off, had begun")
	return cmd
}

// changeFlags are the flags of every command that changes devices.
func (e *env) changeFlags(cmd *cobra.Command, o *work.PushOptions, yes *bool) {
	labFlag(cmd, &o.Lab)
	f := cmd.Flags()
	e.onlyFlag(cmd, &o.Only)
	f.BoolVar(&o.DryRun, "dry-run", false, "show what would change, and stop")
	f.BoolVar(yes, "yes", false, "do not ask")
	f.BoolVar(&o.OverwriteDrift, "overwrite-drift", false, "overwrite what was changed by hand since the last push")
}

// push shows, asks, and applies. A device that cannot be reached or compared
// stops it before anything is changed anywhere.
func (e *env) push(ctx context.Context, p *work.Project, o work.PushOptions, yes bool) error {
	dry := o
	dry.DryRun = true
	reports, err := e.run(ctx, p, dry)
	if err != nil {
		return err
	}
	n := results(reports)
	changes, good := n[push.Changed], n[push.Changed]+n[push.Unchanged] == len(reports)
	switch {
	case o.DryRun:
		if e.output == text {
			if err := e.printDiff(p.Plan, reports, render.Contexts[0].Lines); err != nil {
				return err
			}
		}
		e.tellBefore(p.Plan, reports, false)
		return e.outcome(ctx, reports)
	case !good:
		return e.outcome(ctx, untouched(reports))
	case changes == 0 && !o.Resume:
		return e.outcome(ctx, reports)
	case drifted(reports) && !o.OverwriteDrift && !o.Resume:
		question := e.page()
		e.drift(question, reports)
		fmt.Fprint(coloured(e.err), question)
		return e.outcome(ctx, byHand(reports))
	case yes:
		e.tellBefore(p.Plan, reports, true)
	default:
		question := e.page()
		e.diffs(question, reports, render.Contexts[0].Lines)
		fmt.Fprint(coloured(e.err), question)
		e.tellBefore(p.Plan, reports, true)
		if err := e.confirm(ctx, p.Plan.Name, changes, o.Lab); err != nil {
			return err
		}
	}
	return e.apply(ctx, p, o)
}

// apply pushes, after it has said what undoes it where nothing else can.
func (e *env) apply(ctx context.Context, p *work.Project, o work.PushOptions) error {
	o.ID = push.NewID()
	if err := e.lifeline(p, o); err != nil {
		return err
	}
	reports, err := e.run(ctx, p, o)
	if err != nil {
		return err
	}
	err = e.outcome(ctx, reports)
	if n := results(reports)[push.Pending]; n > 0 {
		fmt.Fprintf(e.err, "%s pending for %v: `closup confirm` keeps the change, without it they take it back.\n", count(n, "device"), o.Confirm)
	}
	return err
}

func drifted(reports []push.DeviceReport) bool {
	return slices.ContainsFunc(reports, func(r push.DeviceReport) bool { return r.Drift != "" })
}

// byHand says of the devices that were changed by hand that the push stops for
// them, and of the others that they were not touched.
func byHand(reports []push.DeviceReport) []push.DeviceReport {
	for i, r := range reports {
		if r.Drift != "" {
			reports[i].Result, reports[i].Err = push.Failed, push.ErrDrift
			reports[i].Error = r.Name + ": " + r.Note + "; look at the difference, then push with --overwrite-drift or take it into fabric.yaml"
			reports[i].Note = ""
			for j := range r.Files {
				reports[i].Files[j].Changed = false
			}
		}
	}
	return untouched(reports)
}

func (e *env) drift(out *page, reports []push.DeviceReport) {
	for _, r := range reports {
		if r.Drift != "" {
			out.WriteString(e.paint.diff(r.Drift))
		}
	}
}

// untouched says of the devices that would have changed that they did not.
func untouched(reports []push.DeviceReport) []push.DeviceReport {
	var failed []string
	for _, r := range reports {
		if r.Result == push.Failed {
			failed = append(failed, r.Name)
		}
	}
	for i, r := range reports {
		if r.Result != push.Changed {
			continue
		}
		reports[i].Result = push.Skipped
		reports[i].Note = "not touched, since " + list(failed) + " failed"
		for j := range r.Files {
			reports[i].Files[j].Changed = false
		}
	}
	return reports
}

// run follows a push to its end, and returns the devices in the plan's order.
func (e *env) run(ctx context.Context, p *work.Project, o work.PushOptions) ([]push.DeviceReport, error) {
	events, err := p.Push(ctx, o)
	if err != nil {
		return nil, err
	}
	return e.watchPush(p, o, events), nil
}

// watchPush shows a push's events, and returns its reports in the plan's order.
func (e *env) watchPush(p *work.Project, o work.PushOptions, events <-chan push.Event) []push.DeviceReport {
	byName := map[string]push.DeviceReport{}
	line := e.statusLine()
	for ev := range events {
		switch {
		case ev.Kind == push.Done && ev.Report != nil:
			byName[ev.Device] = *ev.Report
			if !o.DryRun && ev.Report.Error == "" { // errors come at the end, together
				line.say(e.progress(*ev.Report))
			}
		case ev.Kind == push.Waved && ev.Wave.Of > 1:
			line.say(ev.Wave.String())
		case ev.Kind == push.Log, ev.Kind == push.Retried && o.Verbose:
			for text := range strings.Lines(ev.Text) {
				line.say(ev.Device + ": " + strings.TrimRight(text, "\n"))
			}
		}
		line.follow(ev)
	}
	line.clear()
	var reports []push.DeviceReport
	for _, d := range p.Plan.Devices {
		if r, ok := byName[d.Name]; ok {
			r.Files = notNil(r.Files)
			reports = append(reports, r)
		}
	}
	return reports
}

func (e *env) progress(r push.DeviceReport) string {
	line := fmt.Sprintf("%s: %s in %.1f s", r.Name, e.paint.result(r.Result), r.Seconds)
	if r.Error != "" {
		line = fmt.Sprintf("%s: %s: %s", r.Name, e.paint.result(r.Result), strings.TrimPrefix(r.Error, r.Name+": "))
	}
	return line
}

func results(reports []push.DeviceReport) map[push.Result]int {
	counts := map[push.Result]int{}
	for _, r := range reports {
		counts[r.Result]++
	}
	return counts
}

// outcome prints the result and says with which status the push ends.
func (e *env) outcome(ctx context.Context, reports []push.DeviceReport) error {
	outcome := push.Collect(reports)
	var err error
	if e.output == jsonText {
		err = e.json(outcome)
	} else {
		err = e.showTable(reportTable(e.paint, reports))
	}
	for _, r := range reports {
		if r.Error != "" {
			fmt.Fprintln(coloured(e.err), e.progress(r))
		}
	}
	s := outcome.Summary
	bad := s.Failed + s.RolledBack + s.Skipped
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case bad == 0:
		return nil
	case s.Changed+s.Pending > 0:
		return &exit{statusDiffers, "it was applied only in part"}
	}
	return &exit{statusError, fmt.Sprintf("%s failed; nothing was changed anywhere", count(s.Failed+s.RolledBack, "device"))}
}

func reportTable(paint paint, reports []push.DeviceReport) *table {
	t := &table{head: []string{"DEVICE", "RESULT", "SECONDS", "CHANGED FILES, NOTES"}, right: map[int]bool{2: true}}
	for _, r := range reports {
		var changed []string
		for _, f := range r.Files {
			if f.Changed {
				changed = append(changed, path.Base(f.Path))
			}
		}
		last := strings.Join(changed, " ")
		if r.Note != "" {
			last = strings.TrimSpace(last + "  " + r.Note)
		}
		t.add(r.Name, paint.result(r.Result), fmt.Sprintf("%.1f", r.Seconds), last)
	}
	return t
}

var errDeclined = errors.New("not confirmed, so nothing was changed")

// confirm asks for the fabric's name, so that no single key starts a push.
func (e *env) confirm(ctx context.Context, name string, changes int, inLab bool) error {
	where := "real"
	if inLab {
		where = "lab"
	}
	answer, err := e.ask(ctx, fmt.Sprintf("%s will change. Type %s to push to them: ", count(changes, where+" device"), name))
	if err != nil {
		return err
	}
	if answer != name {
		return errDeclined
	}
	return nil
}
