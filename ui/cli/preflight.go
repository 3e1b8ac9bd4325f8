package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"closup/provision/preflight"
	"closup/ui/work"
)

func preflightCommand(e *env) *cobra.Command {
	var (
		o      work.PreflightOptions
		do     preflightActions
		checks bool
	)
	cmd := &cobra.Command{
		Use:   "preflight",
		Short: "Look for what would stand in a push's way",
		Long: `preflight asks every device at once, in one round trip, and touches nothing:
whether it answers, its host key, sudo, who it is, its platform and router, what a
push needs there, its disk and its clock, and its cabling by LLDP. The exit status
is 4 where anything is not as it should be. What is failed is refused by push too.

--raise sets planned ports up that are down by their own setting, in what runs
alone, and waits for LLDP to show their neighbors. --packages installs what is
missing from a folder of .deb files on this machine, for sites without internet.`,
		Example: `  closup preflight --lab
  closup preflight --only leaf1,leaf2 -o json
  closup preflight --raise --wait 60s
  closup preflight --packages ./debs
  closup preflight --checks`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if checks {
				return e.checks()
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := e.meet(cmd.Context(), p, o.Lab, o.AcceptNew, o.Only); err != nil {
				return err
			}
			o.Ask = e.askHostKey()
			if err := do.check(e); err != nil {
				return err
			}
			outcome, err := e.preflight(cmd.Context(), p, o)
			if err == nil {
				outcome, err = e.act(cmd.Context(), p, o, do, outcome)
			}
			if err != nil {
				return err
			}
			return e.preflighted(cmd.Context(), outcome)
		},
	}
	labFlag(cmd, &o.Lab)
	f := cmd.Flags()
	e.onlyFlag(cmd, &o.Only)
	f.BoolVar(&o.AcceptNew, "accept-new", false, "take the host keys of devices that are not known yet")
	f.BoolVar(&do.password, "set-password", false, "change passwords that have expired; the old and the new one are asked for")
	f.BoolVar(&do.raise, "raise", false, "set planned ports up that are down, so that LLDP shows their neighbors")
	f.DurationVar(&do.wait, "wait", 40*time.Second, "how long --raise waits for LLDP")
	f.StringVar(&do.packages, "packages", "", "install what is missing from the .deb files of this folder")
	f.BoolVar(&do.yes, "yes", false, "do not ask before packages are installed")
	f.BoolVar(&checks, "checks", false, "list every check")
	_ = cmd.MarkFlagDirname("packages")
	return cmd
}

// preflight asks the devices and shows on standard error how many have answered.
func (e *env) preflight(ctx context.Context, p *work.Project, o work.PreflightOptions) (preflight.Outcome, error) {
	reports, err := p.Preflight(ctx, o)
	if err != nil {
		return preflight.Outcome{}, err
	}
	line := e.statusLine()
	var all []preflight.Report
	for r := range reports {
		all = append(all, r)
		line.show(fmt.Sprintf("%d of %d devices looked at", len(all), len(p.Plan.Devices)))
	}
	line.clear()
	return p.Preflighted(all), nil
}

// preflighted shows the outcome and says with which status it ends.
func (e *env) preflighted(ctx context.Context, o preflight.Outcome) error {
	var err error
	if e.output == jsonText {
		err = e.json(o)
	} else {
		out := e.page()
		e.printPreflight(out, o)
		err = e.show(out)
	}
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case o.Summary.OK < o.Summary.Devices:
		return &exit{status: statusUnexpected}
	}
	return nil
}

func (e *env) printPreflight(out *page, o preflight.Outcome) {
	t := &table{head: []string{"DEVICE", "STATE", "SYSTEM", "ROUTER", "IDENTITY", "CABLING"}}
	for _, r := range o.Devices {
		right := 0
		for _, p := range r.Ports {
			if p.Cabling == "as-planned" {
				right++
			}
		}
		cables := ""
		if len(r.Ports) > 0 {
			cables = fmt.Sprintf("%d of %d seen", right, len(r.Ports))
		}
		t.add(r.Name, e.state(r.State), r.System, r.Router, e.proof(r), cables)
	}
	out.table(t)
	for _, r := range o.Devices {
		for _, c := range r.Bad() {
			out.printf("\n%s  %s  %s\n", e.state(c.State), e.paint.strong.Render(r.Name), c.Check)
			out.printf("  %s\n", c.Message)
			if c.Remedy != "" {
				out.printf("  %s %s\n", e.paint.good.Render("->"), c.Remedy)
			}
		}
	}
	e.printUnseen(out, o)
	s := o.Summary
	out.printf("\n%s: %d ok, %d with a warning, %d failed\n", count(s.Devices, "device"), s.OK, s.Warning, s.Failed)
}

// printUnseen tells what could not be seen, the devices together of which the
// same is to be said.
func (e *env) printUnseen(out *page, o preflight.Outcome) {
	for _, check := range preflight.Checks {
		var said []preflight.Result
		devices := map[string][]string{} // by what is said of them
		for _, r := range o.Devices {
			c := r.Result(check.Name)
			if r.State == preflight.Failed || c.State != preflight.Unknown {
				continue // what follows from a failure is no news
			}
			if devices[c.Message] == nil {
				said = append(said, c)
			}
			devices[c.Message] = append(devices[c.Message], r.Name)
		}
		if len(said) == 0 {
			continue
		}
		out.printf("\n%s  %s\n", e.paint.faint.Render("unknown"), check.Name)
		for _, c := range said {
			out.printf("  %s: %s\n", e.paint.strong.Render(some(devices[c.Message])), c.Message)
		}
		if remedy := said[0].Remedy; remedy != "" {
			out.printf("  %s %s\n", e.paint.good.Render("->"), remedy)
		}
	}
}

// some is a list that does not grow beyond a line.
func some(names []string) string {
	if len(names) <= 6 {
		return list(names)
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
}

// proof is a word about who the device is.
func (e *env) proof(r preflight.Report) string {
	switch r.Result("identity").State {
	case preflight.OK:
		return "proved"
	case preflight.Failed:
		return e.paint.bad.Render("another device")
	}
	return e.paint.faint.Render("not proved")
}

func (e *env) state(s preflight.State) string {
	switch s {
	case preflight.OK:
		return e.paint.good.Render(string(s))
	case preflight.Warning:
		return e.paint.warn.Render(string(s))
	case preflight.Failed:
		return e.paint.bad.Render(string(s))
	}
	return e.paint.faint.Render(string(s))
}

// checks lists the table of checks.
func (e *env) checks() error {
	if e.output == jsonText {
		return e.json(map[string]any{"checks": preflight.Checks})
	}
	t := &table{head: []string{"CHECK", "WHAT IT ASKS"}}
	for _, c := range preflight.Checks {
		t.add(c.Name, c.About)
	}
	return e.showTable(t)
}
