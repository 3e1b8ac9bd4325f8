package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

func rollbackCommand(e *env) *cobra.Command {
	var (
		o   work.PushOptions
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "rollback",
		Short: "Put back what the last push replaced",
		Long: `rollback brings the devices of the last push back to what they had before it. It
is a push of its own: it shows what would change and asks, a device that is lost
takes it back, and a second rollback undoes the first.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if !yes && !o.DryRun && !e.canAsk() {
				return usagef("nobody can be asked here: --yes rolls back without a question, --dry-run only shows")
			}
			if err := e.meet(cmd.Context(), p, o.Lab, false, o.Only); err != nil {
				return err
			}
			o.Ask, o.Verbose = e.askHostKey(), e.verbose
			return e.rollback(cmd.Context(), p, o, yes)
		},
	}
	e.changeFlags(cmd, &o, &yes)
	return cmd
}

func (e *env) rollback(ctx context.Context, p *work.Project, o work.PushOptions, yes bool) error {
	dry := o
	dry.DryRun = true
	events, err := p.Rollback(ctx, dry)
	if err != nil {
		return err
	}
	reports := e.watchPush(p, dry, events)
	changes := results(reports)[push.Changed]
	switch {
	case o.DryRun:
		if e.output == text {
			if err := e.printDiff(p.Plan, reports, render.Contexts[0].Lines); err != nil {
				return err
			}
		}
		return e.outcome(ctx, reports)
	case results(reports)[push.Failed] > 0:
		return e.outcome(ctx, untouched(reports))
	case changes == 0:
		return e.outcome(ctx, reports)
	case drifted(reports) && !o.OverwriteDrift:
		shown := e.page()
		e.drift(shown, reports)
		fmt.Fprint(coloured(e.err), shown)
		return e.outcome(ctx, byHand(reports))
	case !yes:
		question := e.page()
		e.diffs(question, reports, render.Contexts[0].Lines)
		fmt.Fprint(coloured(e.err), question)
		e.tellBefore(p.Plan, reports, true)
		if err := e.confirm(ctx, p.Plan.Name, changes, o.Lab); err != nil {
			return err
		}
	}
	o.ID = push.NewID()
	if err := e.lifeline(p, o); err != nil {
		return err
	}
	if events, err = p.Rollback(ctx, o); err != nil {
		return err
	}
	return e.outcome(ctx, e.watchPush(p, o, events))
}
