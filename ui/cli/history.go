package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"closup/provision/push"
	"closup/ui/work"
)

func historyCommand(e *env) *cobra.Command {
	var inLab bool
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List the pushes of this fabric from this machine",
		Long: `history lists the pushes of this fabric that were made from this machine, the
latest last: when, who, what, and how each device ended.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			all, err := p.History(inLab)
			if err != nil {
				return err
			}
			if e.output == jsonText {
				if all == nil {
					all = []work.Past{}
				}
				return e.json(map[string]any{"pushes": all})
			}
			t := &table{head: []string{"WHEN", "WHO", "WHAT", "OUTCOME"}}
			for _, past := range all {
				t.add(past.At.Local().Format(time.DateTime), past.Who, past.What, ended(past))
			}
			return e.showTable(t)
		},
	}
	labFlag(cmd, &inLab)
	return cmd
}

// ended is how a push ended, in a few words.
func ended(p work.Past) string {
	n := map[push.Result]int{}
	for _, d := range p.Devices {
		n[d.Result]++
	}
	var parts []string
	for _, r := range []push.Result{push.Changed, push.Unchanged, push.Pending, push.RolledBack, push.Failed, push.Skipped} {
		if n[r] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[r], r))
		}
	}
	if n[""] > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", n[""]))
	}
	if !p.Ended {
		parts = append(parts, "cut off; `closup push --resume` goes on")
	}
	return strings.Join(parts, ", ")
}
