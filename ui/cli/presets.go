package cli

import (
	"github.com/spf13/cobra"

	"closup/ui/work"
)

func presetsCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "presets",
		Short: "List the built-in fabrics",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			presets, err := work.Presets()
			if err != nil {
				return err
			}
			if e.output == jsonText {
				return e.json(map[string]any{"presets": presets})
			}
			t := &table{head: []string{"NAME", "WHAT IT IS"}}
			for _, p := range presets {
				t.add(p.Name, p.About)
			}
			return e.showTable(t)
		},
	}
}
