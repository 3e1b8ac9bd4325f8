package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"closup/provision/observe"
	"closup/ui/work"
)

// every is how often status --watch asks.
const every = time.Second

// fewRoutes is how many routes that are not as predicted are listed.
const fewRoutes = 20

func statusCommand(e *env) *cobra.Command {
	var (
		inLab, watch bool
		wait         time.Duration
	)
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show every expected session and route beside the actual ones",
		Long: `status asks every device at once and holds what it says beside the plan. The exit
status is 4 where anything is not as expected. With --wait it asks until all is, or
the time is over. With --watch it asks every second; with -o json that is one
document a line.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := e.meet(cmd.Context(), p, inLab, false, nil); err != nil {
				return err
			}
			switch {
			case watch:
				return e.watch(cmd.Context(), p, inLab)
			case wait > 0:
				return e.await(cmd.Context(), p, inLab, wait)
			}
			s, err := p.StatusOnce(cmd.Context(), inLab)
			if err != nil {
				return err
			}
			return e.verdict(s)
		},
	}
	labFlag(cmd, &inLab)
	cmd.Flags().BoolVar(&watch, "watch", false, "ask again every second")
	cmd.Flags().DurationVar(&wait, "wait", 0, "ask until all is as expected, at most this long (30s, 2m)")
	cmd.MarkFlagsMutuallyExclusive("watch", "wait")
	return cmd
}

func (e *env) watch(ctx context.Context, p *work.Project, inLab bool) error {
	w, err := p.Watch(ctx, inLab, every)
	if err != nil {
		return err
	}
	defer w.Close()
	for s, ok := w.Next(); ok; s, ok = w.Next() {
		if err := e.refresh(s); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// await asks until all is as expected or the time is over, and shows the last
// answer.
func (e *env) await(ctx context.Context, p *work.Project, inLab bool, atMost time.Duration) error {
	bounded, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	w, err := p.Watch(bounded, inLab, every)
	if err != nil {
		return err
	}
	defer w.Close()
	var last observe.Status
	for s, ok := w.Next(); ok; s, ok = w.Next() {
		if last = s; s.AsExpected() {
			break
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return e.verdict(last)
}

func labFlag(cmd *cobra.Command, inLab *bool) {
	cmd.Flags().BoolVar(inLab, "lab", false, "the running lab's devices instead of the real ones")
}

// onlyFlag narrows a command to some devices.
func (e *env) onlyFlag(cmd *cobra.Command, only *[]string) {
	cmd.Flags().StringSliceVar(only, "only", nil, "these devices and no others")
	_ = cmd.RegisterFlagCompletionFunc("only", e.completeDevices)
}

// verdict prints one status and says whether it is as expected.
func (e *env) verdict(s observe.Status) error {
	var err error
	if e.output == jsonText {
		err = e.json(statusDocument(s))
	} else {
		out := e.page()
		e.printStatus(out, s)
		err = e.show(out)
	}
	if err == nil && !s.AsExpected() {
		err = &exit{status: statusUnexpected}
	}
	return err
}

func (e *env) refresh(s observe.Status) error {
	if e.output == jsonText {
		return json.NewEncoder(e.out).Encode(statusDocument(s))
	}
	out := e.page()
	if terminal(e.out) && !e.accessible {
		out.printf("%s%s", ansi.CursorHomePosition, ansi.EraseEntireScreen)
	}
	e.printStatus(out, s)
	out.printf("\n")
	return e.show(out)
}

// statusDocument has every list, also where it is empty.
func statusDocument(s observe.Status) observe.Status {
	s.Devices, s.Sessions, s.Routes = notNil(s.Devices), notNil(s.Sessions), notNil(s.Routes)
	return s
}

func (e *env) printStatus(out *page, s observe.Status) {
	n := s.Summary
	out.printf("%s: %d of %d sessions established, %d of %d routes as predicted",
		s.At.Local().Format(time.TimeOnly), n.SessionsEstablished, n.SessionsExpected, n.RoutesOK, n.RoutesExpected)
	if n.RoutesPending > 0 {
		out.printf(", %d pending", n.RoutesPending)
	}
	if n.RoutesUnexpected > 0 {
		out.printf(", %d unexpected", n.RoutesUnexpected)
	}
	out.printf("\n\n")
	if t := e.deviceStates(s); len(t.rows) > 0 {
		out.table(t)
		out.printf("\n")
	}
	out.table(e.sessionStates(s))
	if t := e.routeStates(s); len(t.rows) > 0 {
		more := max(0, len(t.rows)-fewRoutes)
		t.rows = t.rows[:len(t.rows)-more]
		out.printf("\n")
		out.table(t)
		if more > 0 {
			out.printf("and %s more; -o json has them all\n", count(more, "route"))
		}
	}
}

// deviceStates is the devices that do not answer.
func (e *env) deviceStates(s observe.Status) *table {
	t := &table{head: []string{"DEVICE", "LAST SEEN", "WHY IT DOES NOT ANSWER"}}
	for _, d := range s.Devices {
		if d.Reachable {
			continue
		}
		seen := "never"
		if d.Age >= 0 {
			seen = span(d.Age) + " ago"
		}
		t.add(d.Name, seen, tint(e.paint.bad, d.Error))
	}
	return t
}

func (e *env) sessionStates(s observe.Status) *table {
	t := &table{
		head:  []string{"DEVICE", "PORT", "PEER", "PORT", "STATE", "UP", "RECEIVED", "SENT", "FLAPS", "NOTE"},
		right: map[int]bool{5: true, 6: true, 7: true, 8: true},
		drop:  []int{7, 6, 8, 3, 5},
	}
	for _, x := range s.Sessions {
		up, note := "", ""
		state := e.paint.bad.Render(x.State)
		if x.State == "Established" {
			state, up = e.paint.good.Render(x.State), span(x.Uptime)
		}
		switch {
		case !x.Expected:
			note = "not in the plan"
		case x.LastState != "":
			note = "it was " + x.LastState
		case x.ActualPeer != "" && x.ActualPeer != x.Peer && x.Peer != "external":
			note = "the peer is " + x.ActualPeer
		case x.ActualASN != 0 && x.PeerASN != 0 && x.ActualASN != x.PeerASN:
			note = fmt.Sprintf("the peer has AS %d, expected %d", x.ActualASN, x.PeerASN)
		}
		t.add(x.Device, x.Port, x.Peer, x.PeerPort, state, up,
			strconv.Itoa(x.PrefixesReceived), strconv.Itoa(x.PrefixesSent), strconv.Itoa(x.Flaps), tint(e.paint.warn, note))
	}
	return t
}

// routeStates is the routes that are not as predicted.
func (e *env) routeStates(s observe.Status) *table {
	t := &table{head: []string{"DEVICE", "PREFIX", "ROUTE", "PATHS", "EXPECTED"}, right: map[int]bool{3: true, 4: true}}
	for _, r := range s.Routes {
		if r.State == "ok" {
			continue
		}
		style := e.paint.bad
		switch r.State {
		case "pending":
			style = e.paint.faint
		case "unexpected":
			style = e.paint.warn
		}
		t.add(r.Device, r.Prefix.String(), style.Render(r.State), strconv.Itoa(r.ActualPaths), strconv.Itoa(r.ExpectedPaths))
	}
	return t
}

// span is a time of so many seconds, short: "41s", "1h02m", "3d04h".
func span(seconds float64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%02dh", int(d.Hours())/24, int(d.Hours())%24)
}
