package cli

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"closup/provision/observe"
)

func traceCommand(e *env) *cobra.Command {
	var inLab bool
	cmd := &cobra.Command{
		Use:   "trace ADDRESS",
		Short: "Show who owns an address, and the AS path to it from everywhere",
		Long: `trace finds the prefix that holds the address, the device that announces it, the
leafs and the rack it hangs on, and every path that the devices use to it, predicted
beside actual: the AS path tells where a container lives.`,
		Example: "  closup trace --lab 10.233.65.7",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := netip.ParseAddr(args[0])
			if err != nil {
				return usagef("%q is no IP address", args[0])
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			if err := e.meet(cmd.Context(), p, inLab, false, nil); err != nil {
				return err
			}
			t, err := p.TraceTo(cmd.Context(), inLab, address)
			if err != nil {
				return err
			}
			if e.output == jsonText {
				return e.json(t)
			}
			out := e.page()
			e.printTrace(out, t)
			return e.show(out)
		},
	}
	labFlag(cmd, &inLab)
	return cmd
}

func (e *env) printTrace(out *page, t observe.Trace) {
	out.printf("%s is in %s of %s", t.Address, t.Prefix, e.paint.strong.Render(t.Owner.Device))
	if len(t.Owner.Leafs) > 0 {
		out.printf(", which hangs on %s", list(t.Owner.Leafs))
	}
	if t.Owner.Rack != "" {
		out.printf(", in %s", t.Owner.Rack)
	}
	out.printf("\n\n")
	rows := &table{head: []string{"FROM", "PORT", "AS PATH", "BY WAY OF", "NOTE"}}
	for _, r := range t.From {
		var as []string
		for _, n := range r.ASPath {
			as = append(as, fmt.Sprint(n))
		}
		note := e.paint.good.Render("as predicted")
		switch {
		case !r.Actual:
			note = e.paint.bad.Render("predicted, not there")
		case !r.Predicted:
			note = e.paint.warn.Render("not predicted")
		}
		rows.add(r.Device, r.Port, strings.Join(as, " "), strings.Join(r.Devices, " "), note)
	}
	out.table(rows)
}
