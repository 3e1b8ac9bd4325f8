package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

func diffCommand(e *env) *cobra.Command {
	var (
		o      work.PushOptions
		around string
	)
	cmd := &cobra.Command{
		Use:   "diff",
		Short: "Show what a push would change, device by device",
		Long: `diff asks every device for its files and holds them beside the generated ones.
The exit status is 3 where they differ. Nothing is changed. The sessions that the
change will take down for a moment come last. --context says how many equal lines
stand around each change: 3, 0, or all of the file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			context, ok := render.ContextNamed(around)
			if !ok {
				return usagef("--context is 0, 3 or all, not %q", around)
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := p.Known(o.Only...); err != nil {
				return err
			}
			if err := e.meet(cmd.Context(), p, o.Lab, o.AcceptNew, o.Only); err != nil {
				return err
			}
			o.DryRun, o.Look, o.Ask = true, true, e.askHostKey()
			reports, err := e.run(cmd.Context(), p, o)
			if err != nil {
				return err
			}
			if e.output == jsonText {
				err = e.json(map[string]any{"devices": differences(reports, context.Lines), "sessions": notNil(work.Flaps(p.Plan, reports))})
			} else {
				err = e.printDiff(p.Plan, reports, context.Lines)
			}
			if err != nil {
				return err
			}
			return differs(reports)
		},
	}
	labFlag(cmd, &o.Lab)
	e.onlyFlag(cmd, &o.Only)
	cmd.Flags().BoolVar(&o.AcceptNew, "accept-new", false, "take the host keys of devices that are not known yet")
	cmd.Flags().StringVar(&around, "context", render.Contexts[0].Word, "equal lines around each change: 0, 3 or all")
	_ = cmd.RegisterFlagCompletionFunc("context", cobra.FixedCompletions([]string{"0", "3", "all"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// difference is one device of the JSON output.
type difference struct {
	Name    string     `json:"name"`
	Differs bool       `json:"differs"`
	Files   []fileDiff `json:"files"`
	Drift   string     `json:"drift"` // what was changed by hand since the last push
	Error   string     `json:"error"`

	Vanish   []string `json:"vanish"`           // live addresses that it takes away
	Rollback float64  `json:"rollback_seconds"` // that it would take to undo it, about
}

type fileDiff struct {
	Path    string `json:"path"`
	Changed bool   `json:"changed"`
	Diff    string `json:"diff"`
}

// differences are what would change, with so many equal lines around.
func differences(reports []push.DeviceReport, context int) []difference {
	list := []difference{}
	for _, r := range reports {
		d := difference{Name: r.Name, Files: []fileDiff{}, Drift: r.Drift, Differs: r.Drift != "", Error: r.Error}
		d.Vanish, d.Rollback = notNil(r.Vanish), r.Estimate.Undo.Seconds()
		for _, f := range r.Files {
			d.Files = append(d.Files, fileDiff{f.Path, f.Changed, f.Change.Diff(context)})
			d.Differs = d.Differs || f.Changed
		}
		list = append(list, d)
	}
	return list
}

func (e *env) printDiff(plan *model.Plan, reports []push.DeviceReport, context int) error {
	out := e.page()
	e.diffs(out, reports, context)
	var same []string
	for _, d := range differences(reports, 0) {
		if !d.Differs && d.Error == "" {
			same = append(same, d.Name)
		}
	}
	if len(same) > 0 {
		out.printf("nothing differs on %s\n", list(same))
	}
	e.flaps(out, plan, reports)
	e.foreseen(out, reports)
	return e.show(out)
}

// flaps composes the sessions that a change takes down.
func (e *env) flaps(out *page, plan *model.Plan, reports []push.DeviceReport) {
	all := work.Flaps(plan, reports)
	if len(all) == 0 {
		return
	}
	out.printf("%s will go down for a moment:\n", e.paint.warn.Render(count(len(all), "session")))
	for _, f := range all {
		peer := f.Peer
		if peer == "" {
			peer = "the outside"
		}
		out.printf("  %s %s to %s: %s\n", f.Device, f.Port, peer, f.Why)
	}
}

// diffs composes every file that would change.
func (e *env) diffs(out *page, reports []push.DeviceReport, context int) {
	for _, r := range reports {
		if r.Drift != "" {
			out.printf("%s was changed by hand since the last push:\n", r.Name)
			out.WriteString(e.paint.diff(r.Drift))
		}
		for _, f := range r.Files {
			if f.Changed {
				out.WriteString(e.paint.diff(f.Change.Diff(context)))
			}
		}
	}
}

// differs is the status of a comparison.
func differs(reports []push.DeviceReport) error {
	var failed []string
	status := statusOK
	for _, d := range differences(reports, 0) {
		if d.Error != "" {
			failed = append(failed, d.Error)
		}
		if d.Differs {
			status = statusDiffers
		}
	}
	switch {
	case len(failed) > 0:
		return &exit{statusError, strings.Join(failed, "\n")}
	case status != statusOK:
		return &exit{status: status}
	}
	return nil
}
