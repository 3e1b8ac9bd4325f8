package cli

import (
	"github.com/spf13/cobra"

	"closup/ui/work"
)

func confirmCommand(e *env) *cobra.Command {
	var o work.PushOptions
	cmd := &cobra.Command{
		Use:   "confirm",
		Short: "Keep what the last push left pending",
		Long: `confirm keeps a change that was pushed with --confirm: the devices put their new
files on the disk for good. It may be run from another terminal. A device whose
time ran out has its old configuration, and is told as rolled-back.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := e.meet(cmd.Context(), p, o.Lab, false, o.Only); err != nil {
				return err
			}
			o.Ask, o.Verbose = e.askHostKey(), e.verbose
			events, err := p.Keep(cmd.Context(), o)
			if err != nil {
				return err
			}
			return e.outcome(cmd.Context(), e.watchPush(p, o, events))
		},
	}
	labFlag(cmd, &o.Lab)
	e.onlyFlag(cmd, &o.Only)
	return cmd
}
