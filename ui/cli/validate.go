package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/ui/work"
)

func validateCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Say what is wrong with the fabric, and where",
		Long: `validate reads the fabric and holds every rule against it. A file that does not
load, or a rule's error, is exit status 2; warnings are not.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := work.Open(e.file)
			if err != nil {
				return err
			}
			if e.output == jsonText {
				err = e.json(map[string]any{"findings": findings(p)})
			} else {
				err = e.printFindings(p)
			}
			if err == nil && p.Blocked() != nil {
				err = &exit{status: statusUsage}
			}
			return err
		},
	}
}

// findings is what the rules say; of a file that does not load, why not.
func findings(p *work.Project) []model.Finding {
	var problems model.Errors
	if !errors.As(p.Err, &problems) {
		return notNil(p.Findings)
	}
	list := make([]model.Finding, len(problems))
	for i, problem := range problems {
		list[i] = model.Finding{
			Severity: model.Error, Rule: "load", Path: problem.Path, Line: problem.Line,
			Message: problem.Message, Remedy: problem.Hint,
		}
	}
	return list
}

func (e *env) printFindings(p *work.Project) error {
	out := e.page()
	counts := map[model.Severity]int{}
	for _, f := range findings(p) {
		counts[f.Severity]++
		out.printf("%s\n", e.paint.finding(p.Path, f))
	}
	if p.Err == nil {
		out.printf("%s: %s, %s, %s, %s\n", p.Path, p.Fabric.Name,
			count(len(p.Plan.Devices), "device"), count(len(p.Plan.Links), "link"), verdict(counts))
	}
	return e.show(out)
}

func verdict(counts map[model.Severity]int) string {
	switch {
	case counts[model.Error] > 0:
		return count(counts[model.Error], "error") + ": it cannot be pushed"
	case counts[model.Warning] > 0:
		return count(counts[model.Warning], "warning")
	}
	return "no errors"
}
