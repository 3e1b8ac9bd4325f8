package cli

import (
	"github.com/spf13/cobra"

	"closup/ui/work"
)

func newCommand(e *env) *cobra.Command {
	var preset string
	cmd := &cobra.Command{
		Use:     "new --preset NAME",
		Short:   "Print a built-in fabric as fabric.yaml",
		Example: "  closup new --preset article > fabric.yaml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if preset == "" {
				return usagef("which fabric? `closup presets` lists them; --preset NAME takes one")
			}
			p, err := work.New(e.file, preset)
			if err != nil {
				return err
			}
			_, err = e.out.Write(p.Doc.Bytes())
			return err
		},
	}
	cmd.Flags().StringVar(&preset, "preset", "", "a `name` that closup presets lists")
	_ = cmd.RegisterFlagCompletionFunc("preset", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return work.PresetNames(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}
