package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"closup/ui"
	"closup/ui/work"
)

func demoCommand(e *env) *cobra.Command {
	var preset, save string
	hints := true
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try everything on simulated devices: nothing is needed, nothing is left behind",
		Long: `demo opens the wizard on a fabric of simulated devices inside this process, and
explains each step in a line. The push is the real one, over SSH, and the sessions
come up as they would; what it does not touch is any network. Its folder is a
temporary one and goes at the end, unless --save keeps the fabric.`,
		Example: "  closup demo\n  closup demo --preset reference --save fabric.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if e.noInput || !e.accessible && (!terminal(e.in) || !terminal(e.out)) {
				return usagef("demo needs a terminal; `closup lab up --backend sim` serves the same devices without one")
			}
			d, err := work.StartDemo(cmd.Context(), preset)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, d.Close()) }()
			if e.accessible {
				err = e.linear(cmd.Context(), d.Path, true)
			} else {
				err = e.screens(cmd.Context(), ui.Options{Path: d.Path, Lab: true, Hints: hints, Simulated: true})
			}
			if err == nil && save != "" {
				err = d.Save(save)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&preset, "preset", "article", "the fabric: one that `closup presets` lists")
	cmd.Flags().BoolVar(&hints, "hints", true, "explain each step in a line")
	recordFlag(e, cmd)
	cmd.Flags().StringVar(&save, "save", "", "keep the fabric in this file at the end")
	return cmd
}
