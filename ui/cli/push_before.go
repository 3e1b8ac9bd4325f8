package cli

import (
	"fmt"
	"strings"
	"time"

	"closup/model"
	"closup/provision/preflight"
	"closup/provision/push"
	"closup/ui/work"
)

// What is told of a push before it is confirmed, beside the difference.

// tellBefore puts it on standard error; effects are what the difference, where
// it was printed, has told already.
func (e *env) tellBefore(plan *model.Plan, reports []push.DeviceReport, effects bool) {
	out := e.page()
	if effects {
		e.flaps(out, plan, reports)
		e.foreseen(out, reports)
	}
	e.before(out, reports)
	fmt.Fprint(coloured(e.err), out)
}

// before tells what the preflight found that a push can go on with: together
// for the devices of which it is the same.
func (e *env) before(out *page, reports []push.DeviceReport) {
	for _, check := range preflight.Checks {
		var said []preflight.Result
		devices := map[string][]string{}
		for _, r := range reports {
			for _, c := range r.Warnings {
				if c.Check != check.Name {
					continue
				}
				if devices[c.Message] == nil {
					said = append(said, c)
				}
				devices[c.Message] = append(devices[c.Message], r.Name)
			}
		}
		for _, c := range said {
			out.printf("%s %s: %s\n", e.paint.warn.Render(c.Check), e.paint.strong.Render(some(devices[c.Message])), c.Message)
			if c.Remedy != "" {
				out.printf("  %s %s\n", e.paint.good.Render("->"), c.Remedy)
			}
		}
	}
}

// foreseen tells what the change does beside files and sessions: addresses that
// go, and how long it would take to undo it.
func (e *env) foreseen(out *page, reports []push.DeviceReport) {
	for _, r := range reports {
		if len(r.Vanish) > 0 {
			out.printf("%s %s: %s; live now, and not in the new files\n", e.paint.warn.Render("will vanish"), e.paint.strong.Render(r.Name), some(r.Vanish))
		}
	}
	var slowest push.DeviceReport
	for _, r := range reports {
		if r.Estimate.Undo > slowest.Estimate.Undo {
			slowest = r
		}
	}
	if slowest.Name != "" {
		out.printf("A rollback would need about %s, the longest on %s.\n", about(slowest.Estimate.Undo), slowest.Name)
	}
}

// about is an estimate, in no more digits than it is worth.
func about(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// lifeline says what takes a device back that nobody reaches any more, and
// where that is written down.
func (e *env) lifeline(p *work.Project, o work.PushOptions) error {
	path, err := p.UndoPath(o.ID, o.Lab)
	if err != nil {
		return err
	}
	e.undoLines(p, o)
	fmt.Fprintf(e.err, "Saved in %s\n", path)
	return nil
}

func (e *env) undoLines(p *work.Project, o work.PushOptions) {
	fmt.Fprintf(e.err, "A device that is lost takes its old configuration back by itself. At once, on its console:\n  %s\n",
		strings.Join(p.UndoLines(o.ID, o.Only), "\n  "))
}
