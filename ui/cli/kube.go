package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"closup/model"
	"closup/provision/kube"
)

func kubeCommand(e *env) *cobra.Command {
	var inLab bool
	cmd := &cobra.Command{
		Use:   "kube [NODE]",
		Short: "Show the Kubernetes side: node addresses, pod CIDRs, the host chain, the smoke app",
		Long: `kube holds what Kubernetes takes each node for beside the plan. It follows the host
chain of every node: the address on lo, the router-id, the node's own name, kubelet's
--node-ip, the way to the API server, the node's InternalIP, its pod CIDR, the CNI's
route in the kernel, BGP's announcement of it, and the routes of the whole fabric.

The cluster is asked by kubectl on the first control plane where that answers; the
rest is read from the nodes' kernels, kubelets and files, so it works before there is
a cluster too. With NODE it shows that node's whole chain. The exit status is 4 where
something is not as expected or could not be asked; what only comes with the first
pod is pending, and is not counted.`,
		Example:           "  closup kube\n  closup kube k8s1\n  closup kube smoke --apply && closup kube",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: e.completeNodes,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			only := ""
			if len(args) > 0 {
				only = args[0]
				if d, known := p.Plan.Device(only); !known || d.Role != model.Node {
					return usagef("the fabric has no node %q; it has %s", only, list(nodeNames(p.Plan)))
				}
			}
			r, err := p.Kube(cmd.Context(), inLab)
			if err != nil {
				return err
			}
			if e.output == jsonText {
				err = e.json(r)
			} else {
				out := e.page()
				e.printKube(out, r, only)
				err = e.show(out)
			}
			if err == nil && !r.AsExpected() {
				err = &exit{status: statusUnexpected}
			}
			return err
		},
	}
	labFlag(cmd, &inLab)
	cmd.AddCommand(kubeSmoke(e))
	return cmd
}

func nodeNames(p *model.Plan) []string {
	var names []string
	for _, d := range p.Devices {
		if d.Role == model.Node {
			names = append(names, d.Name)
		}
	}
	return names
}

// completeNodes offers the names of the fabric's nodes.
func (e *env) completeNodes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	p, err := e.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nodeNames(p.Plan), cobra.ShellCompDirectiveNoFileComp
}

// columns are the links of the chain that the overview has.
var columns = []struct{ head, check string }{
	{"LOOPBACK", "loopback"},
	{"NODE-IP", "node-ip"},
	{"INTERNAL-IP", "internal-ip"},
	{"READY", "ready"},
	{"POD CIDR", "pod-cidr"},
	{"POD ROUTE", "pod-route"},
	{"BGP", "announced"},
	{"FABRIC", "fabric"},
}

func (e *env) printKube(out *page, r kube.Report, only string) {
	if r.Cluster.From == "" {
		out.printf("%s: %s\n\n", e.paint.warn.Render("no cluster"), r.Cluster.Error)
	} else {
		out.printf("Kubernetes %s, asked on %s\n\n", r.Cluster.Version, r.Cluster.From)
	}
	if only != "" {
		i := slices.IndexFunc(r.Nodes, func(n kube.NodeReport) bool { return n.Name == only })
		rows := &table{head: []string{"CHECK", "EXPECTED", "ACTUAL", "STATE"}}
		for _, c := range r.Nodes[i].Chain {
			rows.add(c.Name, c.Expected, c.Actual, e.kubeState(c.State))
		}
		out.table(rows)
		e.printAmiss(out, only, r.Nodes[i].Chain)
		return
	}
	rows := &table{head: []string{"NODE"}, drop: []int{3, 2, 5, 1}}
	for _, c := range columns {
		rows.head = append(rows.head, c.head)
	}
	for _, n := range r.Nodes {
		cells := []string{n.Name}
		for _, c := range columns {
			cells = append(cells, e.cell(n.Check(c.check)))
		}
		rows.add(cells...)
	}
	out.table(rows)
	e.printAmiss(out, "cluster", r.Cluster.Checks)
	for _, n := range r.Nodes {
		e.printAmiss(out, n.Name, n.Chain)
	}
	e.printSmoke(out, r)
	s := r.Summary
	out.printf("\n%d of %s as planned, %d wrong, %d pending, %d unknown\n", s.OK, count(s.Checks, "check"), s.Wrong, s.Pending, s.Unknown)
}

func (e *env) printSmoke(out *page, r kube.Report) {
	if !r.Smoke.Deployed {
		if r.Cluster.From != "" {
			out.printf("\nThe smoke app is not there: `closup kube smoke --apply` puts a pod on every node.\n")
		}
		return
	}
	out.printf("\n")
	rows := &table{head: []string{"SMOKE POD", "NODE", "ADDRESS", "ANSWERS"}}
	for _, p := range r.Smoke.Pods {
		heard := e.paint.good.Render("every node")
		if len(p.Silent) > 0 {
			heard = e.paint.bad.Render("not " + strings.Join(p.Silent, ", "))
		}
		rows.add(p.Name, p.Node, strings.Join(p.IPs, " "), heard)
	}
	out.table(rows)
	e.printAmiss(out, "smoke app", r.Smoke.Checks)
}

// printAmiss tells what is not as planned, and what to do.
func (e *env) printAmiss(out *page, where string, checks []kube.Check) {
	for _, c := range checks {
		if c.State == kube.Wrong || c.State == kube.Unknown {
			out.printf("\n%s  %s  %s\n  expected %s, is %s\n", e.kubeState(c.State), e.paint.strong.Render(where), c.Name, c.Expected, c.Actual)
			if c.Remedy != "" {
				out.printf("  %s %s\n", e.paint.good.Render("->"), c.Remedy)
			}
		}
	}
}

// cell is a check in the overview: its value where it is short, marked where
// it is not as planned.
func (e *env) cell(c kube.Check) string {
	value := c.Actual
	switch c.Name {
	case "pod-route", "announced", "fabric", "ready":
		value = map[kube.State]string{kube.OK: "yes", kube.Wrong: "no", kube.Pending: "pending", kube.Unknown: "unknown"}[c.State]
	case "node-ip":
		value, _, _ = strings.Cut(value, " (")
	}
	switch {
	case c.State == kube.Pending:
		return e.paint.faint.Render("pending")
	case c.State != kube.OK:
		return e.paint.bad.Render(value)
	}
	return value
}

func (e *env) kubeState(s kube.State) string {
	switch s {
	case kube.OK:
		return e.paint.good.Render(string(s))
	case kube.Pending:
		return e.paint.faint.Render(string(s))
	}
	return e.paint.bad.Render(string(s))
}

func kubeSmoke(e *env) *cobra.Command {
	var (
		inLab, apply, remove, yes bool
		image                     string
	)
	cmd := &cobra.Command{
		Use:   "smoke",
		Short: "Print the smoke app, or put it into the cluster or take it out",
		Long: `smoke prints the manifest of the smoke app: a small web server on every node, in the
namespace ` + kube.Namespace + `. With --apply it gives it to kubectl on the first control plane
where that answers, after asking; with --delete it takes the namespace away. While it
is there, closup kube asks every pod from every node.`,
		Example: "  closup kube smoke | kubectl apply -f -\n  closup kube smoke --apply\n  closup kube smoke --image registry.example/agnhost:2.56 --apply",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			manifest, err := kube.Manifest(image)
			if err != nil {
				return usagef("%v", err)
			}
			if !apply && !remove {
				_, err := fmt.Fprint(e.out, manifest)
				return err
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			what, args := "This is put into the cluster:\n\n"+manifest+"\n", []string{"apply", "-f", "-"}
			if remove {
				what, args, manifest = "The namespace "+kube.Namespace+" and all in it goes.\n", []string{"delete", "namespace", kube.Namespace, "--ignore-not-found"}, ""
			}
			if !yes {
				if !e.canAsk() {
					return usagef("nobody can be asked here: --yes does it without a question")
				}
				fmt.Fprint(e.err, what)
				if err := e.confirmRemedy(cmd.Context(), p.Plan.Name); err != nil {
					return err
				}
			}
			from, said, err := p.Kubectl(cmd.Context(), inLab, manifest, args...)
			if err != nil {
				return err
			}
			fmt.Fprintf(e.err, "%s says:\n%s\n", from, said)
			return nil
		},
	}
	labFlag(cmd, &inLab)
	f := cmd.Flags()
	f.BoolVar(&apply, "apply", false, "put it into the cluster")
	f.BoolVar(&remove, "delete", false, "take it out again")
	f.BoolVar(&yes, "yes", false, "do not ask")
	f.StringVar(&image, "image", kube.Image, "the image of its pods; it answers /hostname on port 8080")
	cmd.MarkFlagsMutuallyExclusive("apply", "delete")
	return cmd
}
