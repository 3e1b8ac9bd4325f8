package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"closup/lab"
	"closup/model"
)

// random is the scenario that nobody is told.
const random = "random"

func labBreak(e *env) *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "break SCENARIO [DEVICE[:PORT]]",
		Short: "Break the lab, to see what that looks like",
		Long: `break makes one fault in the running lab, at DEVICE or DEVICE:PORT or where it shows
best. The scenario random chooses one without telling which: find it with diagnose,
or without. mend takes it out again, and tells.`,
		Example: "  closup lab break --list\n  closup lab break mtu leaf1:swp1\n  closup lab break random",
		Args:    cobra.MaximumNArgs(2),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return e.completeEnds(cmd, args, word)
			}
			names := []string{random}
			for _, f := range lab.Faults {
				names = append(names, f.Name+"\t"+f.Sentence)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return e.faults()
			}
			if len(args) == 0 {
				return usagef("which scenario? `closup lab break --list` lists them")
			}
			target := ""
			if len(args) > 1 {
				target = args[1]
			}
			if _, known := lab.FindFault(args[0]); !known && args[0] != random {
				return usagef("there is no scenario %q; `closup lab break --list` lists them", args[0])
			}
			if target != "" && args[0] == random {
				return usagef("random chooses its place too")
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			fault, at, err := p.LabBreak(cmd.Context(), args[0], target)
			if err != nil {
				return err
			}
			if args[0] == random {
				fmt.Fprintln(e.err, "something is broken now; `closup diagnose --lab` says what, `closup lab mend` mends it")
				return nil
			}
			fmt.Fprintf(e.err, "%s: %s; `closup lab mend` mends it\n", whereAt(at), fault.Sentence)
			return nil
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the scenarios")
	return cmd
}

// whereAt is "leaf1:swp1", or of a whole device its name.
func whereAt(at model.End) string { return strings.TrimSuffix(at.String(), ":") }

func (e *env) faults() error {
	type row struct {
		Name     string `json:"name"`
		Sentence string `json:"sentence"`
		Cause    string `json:"cause"`
	}
	rows := []row{}
	t := &table{head: []string{"SCENARIO", "WHAT HAPPENS", "CAUSE"}}
	for _, f := range lab.Faults {
		rows = append(rows, row{f.Name, f.Sentence, f.Cause})
		t.add(f.Name, f.Sentence, f.Cause)
	}
	if e.output == jsonText {
		return e.json(map[string]any{"scenarios": rows})
	}
	return e.showTable(t)
}

func labMend(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "mend",
		Short: "Take every fault out of the lab again",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			mended, err := p.LabMend(cmd.Context())
			for _, b := range mended {
				f, _ := lab.FindFault(b.Fault)
				fmt.Fprintf(e.err, "mended: %s at %s (%s)\n", b.Fault, whereAt(b.Target), f.Sentence)
			}
			if err == nil && len(mended) == 0 {
				fmt.Fprintln(e.err, "nothing was broken by `closup lab break`")
			}
			return err
		},
	}
}
