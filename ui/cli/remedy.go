package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"closup/provision/diagnose"
	"closup/provision/push"
	"closup/render"
	"closup/ui/work"
)

// remedy shows what would be done about the findings, asks, does it, and says
// what a diagnosis finds then. Of what is only possible nothing is done, unless
// it was asked for by device.
func (e *env) remedy(ctx context.Context, p *work.Project, found []diagnose.Finding, o work.PushOptions, named, yes bool) error {
	r := work.RemedyFor(found, func(f diagnose.Finding) bool { return named || f.Confidence != diagnose.Possible })
	if r.Empty() {
		if len(found) > 0 {
			fmt.Fprintln(e.err, "closup can do nothing about this from here; the arrow under each finding says what helps")
		}
		return e.findings(found)
	}
	r, err := p.Preview(ctx, r, o)
	if err != nil {
		return err
	}
	if e.output == text {
		if err := e.findings(found); !isUnexpected(err) {
			return err
		}
	}
	for _, c := range r.Changes {
		if c.Error != "" {
			return fmt.Errorf("nothing was done: %s", c.Error)
		}
	}
	fmt.Fprint(coloured(e.err), e.intended(r))
	if !yes {
		if err := e.confirmRemedy(ctx, p.Plan.Name); err != nil {
			return err
		}
	}
	o.ID = push.NewID()
	if len(r.Push) > 0 {
		e.undoLines(p, o)
	}
	done, err := p.Apply(ctx, r, o, work.Steps{
		Say:  func(device, what string) { fmt.Fprintf(e.err, "%s# %s\n", device, what) },
		Push: func(events <-chan push.Event) []push.DeviceReport { return e.watchPush(p, o, events) },
	})
	if err != nil {
		return err
	}
	return e.applied(found, r, done)
}

func isUnexpected(err error) bool {
	known, ok := err.(*exit) //nolint:errorlint // findings wraps nothing
	return ok && known.status == statusUnexpected
}

// intended is what would be done, in its order.
func (e *env) intended(r work.Remedy) *page {
	out := e.page()
	out.printf("\nTo mend %s, this would be done:\n", r.About())
	commands := func(list []diagnose.Command) {
		for _, c := range list {
			out.printf("  run   %s\n", e.paint.strong.Render(c.Device+"# "+c.Command))
		}
	}
	commands(r.First)
	for _, c := range r.Changes {
		what := "its configuration"
		if c.Result == push.Unchanged {
			what = "its configuration, which it has already"
		}
		out.printf("  push  %s: %s\n", e.paint.strong.Render(c.Name), what)
	}
	commands(r.Last)
	if len(r.Rest) > 0 {
		out.printf("%s stay as they are\n", count(len(r.Rest), "finding"))
	}
	e.diffs(out, r.Changes, render.Contexts[0].Lines)
	return out
}

func (e *env) confirmRemedy(ctx context.Context, name string) error {
	answer, err := e.ask(ctx, fmt.Sprintf("Type %s to do it: ", name))
	if err != nil {
		return err
	}
	if answer != name {
		return errDeclined
	}
	return nil
}

// applied says what came of it; the status is 4 while anything is wrong.
func (e *env) applied(found []diagnose.Finding, r work.Remedy, done work.Applied) error {
	var err error
	if e.output == jsonText {
		err = e.json(map[string]any{
			"findings": notNil(found),
			"applied":  map[string]any{"commands": notNil(done.Ran), "push": push.Collect(done.Pushed)},
			"left":     notNil(done.Found),
		})
	} else {
		out := e.page()
		e.printApplied(out, r, done)
		err = e.show(out)
	}
	if err == nil && len(done.Found) > 0 {
		err = &exit{status: statusUnexpected}
	}
	return err
}

func (e *env) printApplied(out *page, r work.Remedy, done work.Applied) {
	out.printf("\n")
	for _, ran := range done.Ran {
		if ran.Error != "" {
			out.printf("%s  %s# %s\n  %s\n", e.paint.bad.Render("failed"), ran.Device, ran.Command.Command, inset(ran.Error))
		}
	}
	for _, d := range done.Pushed {
		if d.Error != "" {
			out.printf("%s  push of %s\n  %s\n", e.paint.bad.Render("failed"), d.Name, inset(d.Error))
		}
	}
	for _, f := range r.Findings {
		word := e.paint.good.Render("mended")
		if len(work.Still([]diagnose.Finding{f}, done.Left)) > 0 {
			word = e.paint.bad.Render("not mended")
		}
		out.printf("%s  %s  %s\n", word, place(f), f.Cause)
	}
	left := slices.DeleteFunc(slices.Clone(done.Found), func(f diagnose.Finding) bool { return len(work.Still(r.Findings, []diagnose.Finding{f})) > 0 })
	if len(left) > 0 || len(done.Found) == 0 {
		out.printf("\n")
		e.printCauses(out, left)
	}
}

func inset(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// place is "leaf1:swp1", or of a whole device its name.
func place(f diagnose.Finding) string {
	return strings.TrimSuffix(f.Device+":"+f.Port, ":")
}
