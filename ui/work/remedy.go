package work

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"closup/model"
	"closup/provision"
	"closup/provision/diagnose"
	"closup/provision/push"
)

// settles is how long a fabric has to show that a remedy helped: sessions that
// were down want their timers, and a session that is young proves little.
const settles = 45 * time.Second

// Remedy is what closup itself can do about some findings. It is done in the
// order of the fields: what does not run cannot be configured, and what is not
// configured need not be cleared.
type Remedy struct {
	Findings []diagnose.Finding // what it is for
	First    []diagnose.Command // run as root
	Push     []string           // devices that get their planned configuration
	Last     []diagnose.Command // run as root
	Changes  []push.DeviceReport
	Rest     []diagnose.Finding // left as they are: not wanted, or for somebody's hands
}

// RemedyFor collects what can be done about those findings that are wanted; nil:
// all. A device is pushed once, and a command runs once, whatever asks for it.
// Changes is what Preview fills in.
func RemedyFor(found []diagnose.Finding, wanted func(diagnose.Finding) bool) Remedy {
	var r Remedy
	for _, f := range found {
		if !f.Remedy.Applicable() || wanted != nil && !wanted(f) {
			r.Rest = append(r.Rest, f)
			continue
		}
		r.Findings = append(r.Findings, f)
		for _, device := range f.Remedy.Push {
			if !slices.Contains(r.Push, device) {
				r.Push = append(r.Push, device)
			}
		}
		for _, c := range f.Remedy.Commands {
			list := &r.First
			if c.Kind == diagnose.Clear {
				list = &r.Last
			}
			if (c.Kind == diagnose.Run || c.Kind == diagnose.Clear) && !slices.Contains(*list, c) {
				*list = append(*list, c)
			}
		}
	}
	return r
}

// Empty says that there is nothing to do.
func (r Remedy) Empty() bool { return len(r.First)+len(r.Push)+len(r.Last) == 0 }

// About names what the remedy is for: the one finding, or how many there are.
func (r Remedy) About() string {
	if len(r.Findings) == 1 {
		return r.Findings[0].Place() + " (" + r.Findings[0].Cause + ")"
	}
	return fmt.Sprintf("%d findings", len(r.Findings))
}

// Ran is one command of a remedy and what came of it.
type Ran struct {
	diagnose.Command
	Output string `json:"output"`
	Error  string `json:"error"` // empty: it ended well
}

// Applied is what came of a remedy.
type Applied struct {
	Ran    []Ran
	Pushed []push.DeviceReport
	Found  []diagnose.Finding // by the diagnosis after it
	Left   []diagnose.Finding // of those that the remedy was for, as they stand now
}

// Steps is how whoever applies a remedy is told what happens meanwhile. Both
// may be nil.
type Steps struct {
	Say  func(device, what string)
	Push func(<-chan push.Event) []push.DeviceReport // follows the push to its end
}

// Preview asks the devices what the push of the remedy would change, and
// writes nothing. The options say how they are reached.
func (p *Project) Preview(ctx context.Context, r Remedy, o PushOptions) (Remedy, error) {
	if len(r.Push) == 0 {
		return r, nil
	}
	o.Only, o.DryRun = r.Push, true
	events, err := p.Push(ctx, o)
	if err != nil {
		return r, err
	}
	r.Changes = collected(events)
	return r, ctx.Err()
}

// Apply does what the remedy says, one step after the other, and diagnoses
// until what it was for is gone and nothing else is claimed, or it is clear
// that it does not go. The pushes are one push, with all its care; what was
// changed by hand on its devices is overwritten, so whoever calls has shown
// it. The error says why it stopped; what was done until then is answered too.
func (p *Project) Apply(ctx context.Context, r Remedy, o PushOptions, s Steps) (Applied, error) {
	if err := p.Writable(); err != nil {
		return Applied{}, err
	}
	var a Applied
	if s.Say == nil {
		s.Say = func(string, string) {}
	}
	if s.Push == nil {
		s.Push = collected
	}
	endpoints, err := p.Endpoints(o.Lab)
	if err != nil {
		return a, err
	}
	t := traced(p.reach(o), p.Trace)
	run := func(list []diagnose.Command) {
		for _, c := range list {
			s.Say(c.Device, c.Command)
			a.Ran = append(a.Ran, ran(ctx, t, endpoints, c))
		}
	}
	run(r.First)
	if len(r.Push) > 0 && ctx.Err() == nil {
		o.Only, o.DryRun, o.OverwriteDrift, o.Resume, o.Confirm = r.Push, false, true, false, 0
		events, err := p.Push(ctx, o)
		if err != nil {
			return a, err
		}
		a.Pushed = s.Push(events)
	}
	run(r.Last)
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	return a, p.verify(ctx, r, o.Lab, &a)
}

// ran runs one command. A device that cannot be reached is its error.
func ran(ctx context.Context, t provision.Transport, endpoints map[string]model.Endpoint, c diagnose.Command) Ran {
	out := Ran{Command: c}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	e, known := endpoints[c.Device]
	if !known {
		out.Error = "it is not known how to reach it: give it a management address as mgmt"
		return out
	}
	session, err := t.Dial(ctx, e)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	defer session.Close()
	said, err := provision.RunRoot(ctx, session, c.Command)
	out.Output = provision.Plain(strings.TrimSpace(string(said)))
	var exit *provision.ExitError
	switch {
	case errors.As(err, &exit) && exit.Stderr != "":
		out.Error = strings.TrimSpace(exit.Stderr)
	case err != nil:
		out.Error = err.Error()
	}
	return out
}

// verify diagnoses until nothing is found but what was left as it is.
func (p *Project) verify(ctx context.Context, r Remedy, inLab bool, a *Applied) error {
	w, err := p.watcher(inLab)
	if err != nil {
		return err
	}
	defer w.Close()
	for end := time.Now().Add(settles); ; {
		a.Found = diagnose.Find(p.Plan, w.observer.Examine(ctx))
		a.Left = Still(r.Findings, a.Found)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(Still(r.Rest, a.Found)) == len(a.Found) || time.Now().After(end) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// Still are those of now that say what one of then said: the same cause at the
// same place.
func Still(then, now []diagnose.Finding) []diagnose.Finding {
	var out []diagnose.Finding
	for _, f := range now {
		if slices.ContainsFunc(then, func(was diagnose.Finding) bool {
			return was.Cause == f.Cause && was.Device == f.Device && was.Port == f.Port
		}) {
			out = append(out, f)
		}
	}
	return out
}

// collected follows a push to its end, in silence.
func collected(events <-chan push.Event) []push.DeviceReport {
	var reports []push.DeviceReport
	for ev := range events {
		if ev.Kind == push.Done && ev.Report != nil {
			reports = append(reports, *ev.Report)
		}
	}
	return reports
}
