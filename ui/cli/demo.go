package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"closup/ui"
	"closup/ui/work"
)

func demoCommand(e *env) *cobra.Command {
	var preset, save string
	o := ui.Options{Lab: true}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try everything on simulated devices: nothing is needed, nothing is left behind",
		Long: `demo opens the wizard on a fabric of simulated devices inside this process, and
explains each step; H takes the explanations away. The push is the real one, over
SSH, and the sessions come up as they would. Then p on the live screen breaks
something for you to find, and mends it again. What it does not touch is any
network: no process is started, and no port is opened but on 127.0.0.1. Its folder
is a temporary one and goes at the end, unless --save keeps the fabric.`,
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
				err = e.linear(cmd.Context(), d.Path, true, d.Follow)
			} else {
				o.Path, o.Simulated = d.Path, d.Follow
				err = e.screens(cmd.Context(), o)
			}
			switch {
			case err != nil:
			case save != "":
				if err = d.Save(save); err == nil {
					fmt.Fprintf(e.err, "the fabric is kept in %s: `closup -f %[1]s` opens it\n", save)
				}
			default:
				fmt.Fprintf(e.err, "nothing is left of the demo; `closup new --preset %s > fabric.yaml` begins with the same fabric\n", preset)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&preset, "preset", "article", "the `name` of the fabric, as closup presets lists them")
	_ = cmd.RegisterFlagCompletionFunc("preset", oneOf(work.PresetNames()...))
	cmd.Flags().BoolVar(&o.Hints, "hints", true, "explain each step")
	wizardFlags(e, cmd, &o)
	cmd.Flags().StringVar(&save, "save", "", "keep the fabric in this file at the end")
	return cmd
}
