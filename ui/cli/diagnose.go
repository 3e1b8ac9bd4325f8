package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/provision/diagnose"
	"closup/ui/work"
)

func diagnoseCommand(e *env) *cobra.Command {
	var (
		o                  work.PushOptions
		causes, apply, yes bool
		only               []string
	)
	cmd := &cobra.Command{
		Use:   "diagnose [DEVICE[:PORT]]",
		Short: "Say why a session, route or node is not as it should be",
		Long: `diagnose asks every device for what it sees and how it is set, holds both ends of
every cable beside the plan, and names the causes, the likeliest first: where, why,
what says so, and what to do about it. What follows from a cause is not told again.
With DEVICE or DEVICE:PORT it tells only what concerns that. The exit status is 4
where there is a finding.

With --apply it also does what closup can do about what is certain or likely, and
with DEVICE about what is possible there: it shows the commands and the change of
configuration, asks, runs them and pushes, and diagnoses again. The exit status is
4 where something is left.`,
		Example:           "  closup diagnose --lab\n  closup diagnose leaf1:swp1\n  closup diagnose --apply\n  closup diagnose --causes",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: e.completeEnds,
		RunE: func(cmd *cobra.Command, args []string) error {
			if causes {
				return e.causes()
			}
			for _, name := range only {
				if !slices.Contains(causeNames(), name) {
					return usagef("there is no cause %q; `closup diagnose --causes` lists them", name)
				}
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			device, port, err := subject(p, args)
			if err != nil {
				return err
			}
			if apply && !yes && !e.canAsk() {
				return usagef("nobody can be asked here: with --yes --apply does not ask, without --apply diagnose only tells")
			}
			if err := e.meet(cmd.Context(), p, o.Lab, false, nil); err != nil {
				return err
			}
			found, err := p.Diagnose(cmd.Context(), o.Lab)
			if err != nil {
				return err
			}
			if device != "" {
				found = diagnose.Select(p.Plan, found, device, port)
			}
			if len(only) > 0 {
				found = slices.DeleteFunc(found, func(f diagnose.Finding) bool { return !slices.Contains(only, f.Cause) })
			}
			if apply {
				o.Ask, o.Verbose = e.askHostKey(), e.verbose
				return e.remedy(cmd.Context(), p, found, o, device != "", yes)
			}
			return e.findings(found)
		},
	}
	labFlag(cmd, &o.Lab)
	cmd.Flags().BoolVar(&apply, "apply", false, "do what closup can do about it, after asking")
	cmd.Flags().BoolVar(&yes, "yes", false, "with --apply: do not ask")
	cmd.Flags().StringSliceVar(&only, "cause", nil, "only findings of these causes")
	_ = cmd.RegisterFlagCompletionFunc("cause", oneOf(causeNames()...))
	cmd.Flags().BoolVar(&causes, "causes", false, "list every cause that there is a check for")
	return cmd
}

func causeNames() []string {
	var names []string
	for _, c := range diagnose.Checks {
		names = append(names, c.Cause)
	}
	return slices.Compact(names)
}

// subject reads DEVICE[:PORT].
func subject(p *work.Project, args []string) (device, port string, err error) {
	if len(args) == 0 {
		return "", "", nil
	}
	device, port, _ = strings.Cut(args[0], ":")
	d, known := p.Plan.Device(device)
	if !known {
		return "", "", usagef("the fabric has no device %q; `closup plan` lists them", device)
	}
	if port != "" && !slices.ContainsFunc(p.Plan.Sessions, func(s model.Session) bool { return s.Device == device && s.Port == port }) {
		var ports []string
		for _, q := range d.Ports {
			ports = append(ports, q.Name)
		}
		return "", "", usagef("%s has no planned port %q; it has %s", device, port, list(ports))
	}
	return device, port, nil
}

func (e *env) findings(found []diagnose.Finding) error {
	var err error
	if e.output == jsonText {
		err = e.json(map[string]any{"findings": notNil(found)})
	} else {
		out := e.page()
		e.printCauses(out, found)
		err = e.show(out)
	}
	if err == nil && len(found) > 0 {
		err = &exit{status: statusUnexpected}
	}
	return err
}

func (e *env) printCauses(out *page, found []diagnose.Finding) {
	if len(found) == 0 {
		out.printf("%s: every device answers, and nothing is found wrong\n", e.paint.good.Render("healthy"))
		return
	}
	for i, f := range found {
		if i > 0 {
			out.printf("\n")
		}
		out.printf("%s  %s  %s\n", e.confidence(f.Confidence), e.paint.strong.Render(place(f)), f.Cause)
		out.printf("  %s\n", f.Message)
		for _, x := range f.Evidence {
			said := strings.ReplaceAll(strings.TrimSpace(x.Output), "\n", "\n      ")
			out.printf("    %s\n      %s\n", e.paint.faint.Render(x.Device+"$ "+x.Command), said)
		}
		out.printf("  %s %s\n", e.paint.good.Render("->"), f.Remedy.Message)
		for _, c := range f.Remedy.Commands {
			out.printf("     %s\n", e.paint.faint.Render(c.Device+"# "+c.Command))
		}
	}
}

func (e *env) confidence(c diagnose.Confidence) string {
	style := map[diagnose.Confidence]func(...string) string{
		diagnose.Certain: e.paint.bad.Render, diagnose.Likely: e.paint.warn.Render,
	}[c]
	if style == nil {
		style = e.paint.faint.Render
	}
	return style(fmt.Sprintf("%-8s", c))
}

// causes lists the table of checks.
func (e *env) causes() error {
	if e.output == jsonText {
		return e.json(map[string]any{"causes": diagnose.Checks})
	}
	t := &table{head: []string{"CAUSE", "WHAT IT MEANS", "SEEN BY"}}
	for _, c := range diagnose.Checks {
		t.add(c.Cause, c.Sentence, c.Needs)
	}
	return e.showTable(t)
}
