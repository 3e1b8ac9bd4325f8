package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"closup/ui/work"
)

func labCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Run the fabric as a lab on this machine",
		Long: `lab runs the fabric on this machine to practise on. The backend netns makes real
devices, with FRR, sshd and ifupdown2, in network namespaces; it needs Linux and
root. The backend sim simulates them in this very process, anywhere and for
anybody. They start bare, as from the factory: push --lab configures them.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknown(cmd, args[0])
			}
			return usagef("lab up, down, status, exec, break or mend?")
		},
	}
	cmd.AddCommand(labUp(e), labDown(e), labStatus(e), labExec(e), labBreak(e), labMend(e))
	return cmd
}

func labUp(e *env) *cobra.Command {
	var backend string
	var rootFlags []string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the devices, bare and cabled",
		Long: `lab up starts the devices, bare and cabled. They are made of this machine's own
root directory, FRR and all. With --root some are made of another, as debootstrap
unpacks one: so a lab mixes generations of FRR. It needs the packages frr,
frr-pythontools, ifupdown2, openssh-server, sudo and procps; it stays as it is.

With --backend sim nothing is needed. The devices are simulated, their SSH servers
are on 127.0.0.1, and they live as long as this command runs.`,
		Example: "  closup lab up --root 'leaf*=/var/cache/closup/roots/trixie' --root k8s1=/var/cache/closup/roots/bullseye",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := work.CheckBackend(backend); err != nil {
				return usagef("%v", err)
			}
			roots, err := labRoots(rootFlags)
			if err != nil {
				return err
			}
			p, err := e.load()
			if err != nil {
				return err
			}
			begin := time.Now()
			progress := func(text string) {
				if e.verbose {
					fmt.Fprintln(e.err, text)
				}
			}
			up := func() {
				fmt.Fprintf(e.err, "the lab of %s is up: %s in %.1f s; `closup push --lab` configures them\n",
					p.Plan.Name, count(len(p.Plan.Devices), "device"), time.Since(begin).Seconds())
			}
			if backend == work.Backends[1] {
				if len(roots) > 0 {
					return usagef("--root is for the backend %s: simulated devices are made of nothing", work.Backends[0])
				}
				return p.LabServe(cmd.Context(), progress, func() {
					up()
					fmt.Fprintln(e.err, "its devices are simulated by this process: leave it running, and use another terminal; ctrl+c or `closup lab down` ends it")
				})
			}
			if err := p.LabUp(cmd.Context(), progress, roots...); err != nil {
				return err
			}
			up()
			return nil
		},
	}
	backendFlag(cmd, &backend)
	cmd.Flags().StringArrayVar(&rootFlags, "root", nil, "DEVICE=DIRECTORY: make the device, or all that a shell pattern fits, of that root directory (repeatable; the last counts)")
	return cmd
}

// labRoots reads the values of --root.
func labRoots(values []string) ([]work.LabRoot, error) {
	var out []work.LabRoot
	for _, v := range values {
		devices, dir, ok := strings.Cut(v, "=")
		if !ok || devices == "" || dir == "" {
			return nil, usagef("--root %s: want DEVICE=DIRECTORY", v)
		}
		out = append(out, work.LabRoot{Devices: devices, Dir: dir})
	}
	return out, nil
}

func labDown(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "down [NAME]",
		Short: "End the lab and remove all that it left",
		Long: `down ends the lab of the fabric, or of the fabric NAME where the file has another
name by now or is gone.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := e.labName(args)
			if err != nil {
				return err
			}
			if err := work.LabDown(cmd.Context(), name); err != nil {
				return err
			}
			fmt.Fprintf(e.err, "the lab of %s is down\n", name)
			return nil
		},
	}
}

func labStatus(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show which devices of the lab run, and how to reach them",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := e.labName(args)
			if err != nil {
				return err
			}
			devices, err := work.LabStatus(cmd.Context(), name)
			if err != nil {
				return err
			}
			off := 0
			t := &table{head: []string{"DEVICE", "ADDRESS", "PID", "SSH"}}
			for _, d := range devices {
				ssh := "answers"
				if !d.SSH {
					ssh = "does not answer"
					off++
				}
				t.add(d.Name, d.Host+" port "+strconv.Itoa(d.Port), strconv.Itoa(d.PID), ssh)
			}
			if e.output == jsonText {
				err = e.json(map[string]any{"name": name, "devices": notNil(devices)})
			} else {
				err = e.showTable(t)
			}
			if err == nil && off > 0 {
				err = &exit{statusUnexpected, "no answer from " + count(off, "device") + " of the lab"}
			}
			return err
		},
	}
}

// labName is the name that was given, otherwise the fabric's.
func (e *env) labName(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	p, err := e.load()
	if err != nil {
		return "", err
	}
	return p.Plan.Name, nil
}

func labExec(e *env) *cobra.Command {
	return &cobra.Command{
		Use: "exec DEVICE -- COMMAND [ARGUMENT...]",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return e.completeDevices(cmd, args, word)
		},
		Short:   "Run a command as root in a device of the lab",
		Example: "  closup lab exec leaf1 -- vtysh -c 'show bgp summary'",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.load()
			if err != nil {
				return err
			}
			status, err := work.LabExec(cmd.Context(), p.Plan.Name, args[0], args[1:], e.in, e.out, e.err)
			if err == nil && status != 0 {
				err = &exit{status: status}
			}
			return err
		},
	}
}

func backendFlag(cmd *cobra.Command, backend *string) {
	cmd.Flags().StringVar(backend, "backend", work.Backends[0], "what the devices are made of")
	_ = cmd.RegisterFlagCompletionFunc("backend", cobra.FixedCompletions(work.Backends, cobra.ShellCompDirectiveNoFileComp))
}
